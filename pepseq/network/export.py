"""A readout network as a folder: weights, config, and the graph that onnxruntime runs.

The graph has no weights: they are inputs of it, so that networks of one shape share it.
"""

import warnings
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from pepseq.io.run_record import to_json
from pepseq.models.checkpoints import READOUT_NETWORK
from pepseq.network.inputs import NAMES, Reading, pack
from pepseq.network.model import CONFIG, WEIGHTS
from pepseq.network.net import ReadoutNet
from pepseq.network.temperature import Temperatures

_SIZES = {"share": {0: "proteins"}} | {
    name: {0: "templates", 1: "residues"} for name in ("rows", "weights", "scores")
}


class _Odds(nn.Module):
    def __init__(self, net: ReadoutNet):
        super().__init__()
        for name, child in net.named_children():
            self.add_module(name, child)
        self._net = [net]

    def forward(self, *inputs):
        (net,) = self._net
        return net.odds(net(*inputs))


def write_graph(settings: dict, path: Path) -> None:
    """Write the graph of networks with these settings; needs the package onnx."""
    net = ReadoutNet(settings)
    with torch.no_grad():
        for values in net.parameters():
            values.normal_()  # equal weights would become one input of the graph
    length = 9
    reading = Reading(
        np.ones((length, 20)),
        np.full((length, 20), 0.05),
        np.ones(length),
        np.zeros((2, length), int),
        np.full((2, length), 0.5),
        np.ones(2),
    )
    inputs = {name: torch.from_numpy(v) for name, v in pack([reading, reading]).items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Odds(net),
            tuple(inputs[name] for name in NAMES),
            path,
            input_names=list(NAMES),
            output_names=["odds"],
            dynamic_axes={name: _SIZES.get(name, {0: "residues"}) for name in NAMES},
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
        "settings": net.settings,
        "background": [round(float(share), 6) for share in background],
        "temperatures": (temperatures or Temperatures.none()).values.tolist(),
    }
    (folder / CONFIG).write_bytes(to_json(settings))
