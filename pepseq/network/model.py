"""A readout network ready for use: onnxruntime on a CPU, torch on a GPU, the same weights."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from pepseq.errors import InputError, SettingsError, TryAgainError
from pepseq.io.json_files import decode_json
from pepseq.io.progress import Progress
from pepseq.models.checkpoints import READOUT_NETWORK
from pepseq.network.architecture import ARCHITECTURE, GRAPH_INPUTS
from pepseq.network.inputs import NetworkInput, pack, residue_slices
from pepseq.network.temperature import Temperatures, normalise
from pepseq.processes.cores import available_cores
from pepseq.sequences.residues import AMINO_ACIDS

CONFIG, WEIGHTS, GRAPH = "config.json", "model.safetensors", "graph.onnx"
CPU_BATCH_RESIDUES, GPU_BATCH_RESIDUES = 4096, 65536
MAX_BATCH_PROTEINS = 128
LONG_PROTEIN = 8192
"""A protein of more residues goes through the network in slices on a CPU."""
_GPU_DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
Forward = Callable[[Mapping[str, np.ndarray]], np.ndarray]
"""From packed inputs to odds, (residues, 20)."""


class ReadoutModel:
    """A readout network that gives probabilities of the twenty amino acids at each residue.

    `background`: amino acid frequencies, (20,), of the proteins it learnt from. Raises InputError
    for a folder that holds none, and SettingsError for a device or precision it cannot have.
    """

    def __init__(
        self,
        folder: str | Path,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        batch_residues: int | None = None,
    ):
        folder = Path(folder)
        settings, weights = read_folder(folder)
        self.background = np.array(settings["background"], float)
        self._temperatures = Temperatures.from_rows(settings["temperatures"])
        self.device = _choose_device(device)
        if self.device == "cpu":
            if precision not in ("auto", "fp32"):
                raise SettingsError(
                    f"--precision {precision}: on a CPU the readout network runs at fp32"
                )
            self.precision = "fp32"
            self._forward = _onnxruntime_forward(folder, weights, threads)
        else:
            self._forward, self.precision = _torch_forward(
                settings, weights, self.device, precision
            )
        usual = CPU_BATCH_RESIDUES if self.device == "cpu" else GPU_BATCH_RESIDUES
        self.budget = batch_residues or usual

    def log_probabilities(
        self, inputs: Sequence[NetworkInput], progress: Progress | None = None
    ) -> list[np.ndarray]:
        """Return for each read calibrated log-probabilities, float64 of shape (length, 20).

        An impossible amino acid has -inf. Reads go through the network in batches of a bounded
        size; a long one is a batch of its own.
        """
        results: dict[int, np.ndarray] = {}
        for numbers in _batches(inputs, self.budget):
            batch = [inputs[i] for i in numbers]
            odds = self._forward(pack(batch))
            ends = np.cumsum([len(read) for read in batch])
            for i, read_odds in zip(numbers, np.split(odds, ends[:-1]), strict=True):
                results[i] = self._calibrate(inputs[i], read_odds)
            if progress is not None:
                progress.add(len(odds))
        return [results[i] for i in range(len(inputs))]

    def _calibrate(self, read: NetworkInput, odds: np.ndarray) -> np.ndarray:
        temperatures, logs = self._temperatures.of_residues(read)[:, None], np.empty(odds.shape)
        for part in residue_slices(len(odds)):
            logs[part] = normalise(add_odds(odds[part], read.prior[part]) / temperatures[part])
        return logs


def add_odds(odds: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return log-probabilities, (residues, 20), not normalised; as `net.add_log_odds`."""
    expected = np.log(np.maximum(prior, ARCHITECTURE.min_prior))
    return np.where(prior > 0, odds + expected, -np.inf)


def read_folder(folder: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """Return a readout network's config and its weights, float32; InputError for anything else."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        settings = decode_json((folder / CONFIG).read_bytes())
        if settings["model_type"] != READOUT_NETWORK:
            raise ValueError(f"a {settings['model_type']}")
        weights = load_file(folder / WEIGHTS)
        background = np.array(settings["background"], float)
        if background.shape != (len(AMINO_ACIDS),) or not 0 < background.min() < np.inf:
            raise ValueError("background: no twenty frequencies of amino acids")
        Temperatures.from_rows(settings["temperatures"])
        _check_weights(weights, settings["settings"])
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise InputError(
            f"{folder}: expected a readout network, found {type(error).__name__}: {error}"
        ) from error
    return settings, {name: values.astype(np.float32) for name, values in weights.items()}


def _check_weights(weights: dict[str, np.ndarray], sizes: dict) -> None:
    """Raise ValueError unless weights are finite and have the sizes of the config."""
    counts = {
        name: 1
        + max((int(key.split(".")[1]) for key in weights if key.startswith(f"{name}.")), default=-1)
        for name in ("blocks", "row_blocks")
    }
    of_weights = {
        "width": len(weights["reads.weight"]),
        "row_width": weights["row.weight"].shape[-1],
        **counts,
    }
    if of_weights != sizes:
        raise ValueError(f"weights of a network with {of_weights}, settings of one with {sizes}")
    for name, values in weights.items():
        if values.dtype.kind != "f" or not np.isfinite(values).all():
            raise ValueError(f"{name}: weights that are no finite numbers")


def _batches(inputs: Sequence[NetworkInput], budget: int) -> list[list[int]]:
    """Return the numbers of the reads in each batch, those with as many templates together."""
    order = sorted(range(len(inputs)), key=lambda i: (len(inputs[i].rows), len(inputs[i])))
    batches: list[list[int]] = [[]]
    size = 0
    for i in order:
        cost = len(inputs[i]) * (1 + len(inputs[i].rows) // 4)
        if batches[-1] and (size + cost > budget or len(batches[-1]) >= MAX_BATCH_PROTEINS):
            batches.append([])
            size = 0
        batches[-1].append(i)
        size += cost
    return [batch for batch in batches if batch]


def _choose_device(device: str) -> str:
    """Return the device to run on; torch is imported only if a GPU's driver or a name asks."""
    if device == "cpu" or (device == "auto" and not any(map(os.path.exists, _GPU_DRIVERS))):
        return "cpu"
    from pepseq.models.devices import pick_device

    kind = pick_device(device).type
    return "cpu" if device == "auto" and kind == "mps" else kind


def _onnxruntime_forward(
    folder: Path, weights: dict[str, np.ndarray], threads: int | None
) -> Forward:
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # it looks when it is loaded
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or available_cores()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            (folder / GRAPH).read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        shapes = {entry.name: entry.shape for entry in session.get_inputs()}
        fed = {name: weights[name] for name in shapes if name not in GRAPH_INPUTS}
        if wrong := [name for name in fed if list(fed[name].shape) != shapes[name]]:
            raise ValueError(f"{min(wrong)} of another shape")
    except _graph_errors() as error:
        raise InputError(
            f"{folder}: expected the network's {GRAPH} with weights for it, found "
            f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"
        ) from error
    fed = {name: onnxruntime.OrtValue.ortvalue_from_numpy(v) for name, v in fed.items()}

    def forward(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        if len(inputs["share"]) == 1 and len(inputs["reads"]) > LONG_PROTEIN:
            from threadpoolctl import threadpool_limits

            from pepseq.network.long_protein import LongProtein

            with threadpool_limits(options.intra_op_num_threads, "blas"):
                return LongProtein(weights).odds(inputs)
        values = {n: onnxruntime.OrtValue.ortvalue_from_numpy(v) for n, v in inputs.items()}
        return session.run_with_ort_values(["odds"], {**values, **fed})[0].numpy()

    return forward


def _graph_errors() -> tuple[type[Exception], ...]:
    """Return the errors of a graph that is missing, damaged or does not take the weights."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    faults = state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf
    return OSError, KeyError, ValueError, *faults


def _torch_forward(
    settings: dict, weights: dict[str, np.ndarray], device: str, precision: str
) -> tuple[Forward, str]:
    """Return a function from packed inputs to odds, and the precision."""
    import torch

    from pepseq.models.devices import pick_precision
    from pepseq.network.net import ReadoutNet

    precision = pick_precision(precision, torch.device(device))
    net = ReadoutNet(settings["settings"])
    net.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
    net.to(device).eval()
    dtype = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]

    def forward(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        tensors = [torch.from_numpy(inputs[name]).to(device) for name in GRAPH_INPUTS]
        with torch.inference_mode(), torch.autocast(device, dtype, enabled=dtype is not None):
            try:
                return net.odds(net(*tensors)).float().cpu().numpy()
            except torch.OutOfMemoryError as error:
                raise TryAgainError(
                    f"out of memory with {len(inputs['reads'])} residues at once: give a smaller "
                    "--batch-residues, or --device cpu"
                ) from error

    return forward, precision
