"""A readout network as a folder: weights, config, and the graph that onnxruntime runs.

The graph takes the weights as inputs, so that networks of the same sizes share it.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from pepseq.io.run_record import to_json
from pepseq.models.checkpoints import READOUT_NETWORK
from pepseq.network.architecture import GRAPH_INPUTS
from pepseq.network.inputs import NetworkInput, pack
from pepseq.network.model import CONFIG, WEIGHTS
from pepseq.network.net import ReadoutNet
from pepseq.network.temperature import Temperatures

_DYNAMIC_AXES = {"share": {0: "proteins"}} | {
    name: {0: "templates", 1: "residues"} for name in ("rows", "weights", "scores")
}


class _OddsNet(nn.Module):
    """A network whose `forward` returns odds, with weights under their own names."""

    def __init__(self, net: ReadoutNet):
        super().__init__()
        for name, child in net.named_children():
            self.add_module(name, child)
        self._net = [net]  # in a list, so that its weights are not registered twice

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        (net,) = self._net
        return net.odds(net(*inputs))


def write_graph(sizes: Mapping[str, int], path: Path) -> None:
    """Write the graph of networks of these sizes; needs the package onnx."""
    net = ReadoutNet(sizes)
    with torch.no_grad():
        for values in net.parameters():
            values.normal_()  # equal weights would become one input of the graph
    length = 9
    example = NetworkInput(
        np.ones((length, 20)),
        np.full((length, 20), 0.05),
        np.ones(length),
        np.zeros((2, length), int),
        np.full((2, length), 0.5),
        np.ones(2),
    )
    inputs = {name: torch.from_numpy(v) for name, v in pack([example, example]).items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _OddsNet(net),
            tuple(inputs[name] for name in GRAPH_INPUTS),
            path,
            input_names=list(GRAPH_INPUTS),
            output_names=["odds"],
            dynamic_axes={name: _DYNAMIC_AXES.get(name, {0: "residues"}) for name in GRAPH_INPUTS},
            export_params=False,
            do_constant_folding=False,
            keep_initializers_as_inputs=True,
            opset_version=17,
            dynamo=False,
        )


def write_network(
    net: ReadoutNet, folder: Path, background: np.ndarray, temperatures: Temperatures | None = None
) -> None:
    """Write weights at half precision and config; the graph is `write_graph`'s, or the base's."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: v.detach().cpu().half().contiguous() for name, v in net.state_dict().items()}
    save_file(weights, folder / WEIGHTS, {"format": "pt"})
    settings = {
        "model_type": READOUT_NETWORK,
        "settings": net.sizes,
        "background": [round(float(share), 6) for share in background],
        "temperatures": (temperatures or Temperatures.none()).values.tolist(),
    }
    (folder / CONFIG).write_bytes(to_json(settings))
