"""A readout network ready for use: onnxruntime on a CPU, torch on a GPU, the same weights."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pepseq.errors import InputError, SettingsError, TryAgainError
from pepseq.io.json_files import decode_json
from pepseq.io.progress import Progress
from pepseq.models.checkpoints import READOUT_NETWORK
from pepseq.network.inputs import NAMES, Reading, pack, parts
from pepseq.network.temperature import Temperatures
from pepseq.sequences.residues import AMINO_ACIDS

CONFIG, WEIGHTS, GRAPH = "config.json", "model.safetensors", "graph.onnx"
SMALLEST = 1e-5
CPU_BATCH, GPU_BATCH = 4096, 65536
MOST_PROTEINS = 128
LONG = 8192
"""A protein of more residues goes through the network in parts on a CPU."""
_DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


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
        self.device = _pick(device)
        if self.device == "cpu":
            if precision not in ("auto", "fp32"):
                raise SettingsError(
                    f"--precision {precision}: on a CPU the readout network runs at fp32"
                )
            self.precision = "fp32"
            self._forward = _by_onnxruntime(folder, weights, threads)
        else:
            self._forward, self.precision = _by_torch(settings, weights, self.device, precision)
        self.budget = batch_residues or (CPU_BATCH if self.device == "cpu" else GPU_BATCH)

    def log_probabilities(
        self, readings: Sequence[Reading], progress: Progress | None = None
    ) -> list[np.ndarray]:
        """Return for each reading calibrated log-probabilities, float64 of shape (length, 20).

        What cannot be has -inf. Readings go through the network in batches of a bounded size; a
        long protein is a batch of its own.
        """
        results: list[np.ndarray] = [None] * len(readings)
        for group in _groups(readings, self.budget):
            chosen = [readings[i] for i in group]
            odds = self._forward(pack(chosen))
            ends = np.cumsum([len(reading) for reading in chosen])
            for i, part in zip(group, np.split(odds, ends[:-1]), strict=True):
                results[i] = self._calibrated(readings[i], part)
                if progress is not None:
                    progress.add(len(part))
        return results

    def _calibrated(self, reading: Reading, odds: np.ndarray) -> np.ndarray:
        temperatures, logs = self._temperatures.of(reading)[:, None], np.empty(odds.shape)
        for part in parts(len(odds)):
            logs[part] = normalised(add_odds(odds[part], reading.prior[part]) / temperatures[part])
        return logs


def add_odds(odds: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return log-probabilities, (residues, 20), not normalised; as `net.probabilities`."""
    expected = np.log(np.maximum(prior, SMALLEST))
    return np.where(prior > 0, odds + expected, -np.inf)


def normalised(logs: np.ndarray) -> np.ndarray:
    """Return log-probabilities whose exponentials sum to 1 in each row."""
    logs = logs - logs.max(1, keepdims=True)
    return logs - np.log(np.exp(logs).sum(1, keepdims=True))


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
        _check(weights, settings["settings"])
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise InputError(
            f"{folder}: expected a readout network, found {type(error).__name__}: {error}"
        ) from error
    return settings, {name: values.astype(np.float32) for name, values in weights.items()}


def _check(weights: dict[str, np.ndarray], settings: dict) -> None:
    """Raise ValueError unless weights are finite and have the shape that the settings say."""
    numbers = {
        name: 1
        + max((int(key.split(".")[1]) for key in weights if key.startswith(f"{name}.")), default=-1)
        for name in ("blocks", "row_blocks")
    }
    found = {
        "width": len(weights["reads.weight"]),
        "row_width": weights["row.weight"].shape[-1],
        **numbers,
    }
    if found != settings:
        raise ValueError(f"weights of a network with {found}, settings of one with {settings}")
    for name, values in weights.items():
        if values.dtype.kind != "f" or not np.isfinite(values).all():
            raise ValueError(f"{name}: weights that are no finite numbers")


def _groups(readings: Sequence[Reading], budget: int) -> list[list[int]]:
    """Return which readings go together, those with as many templates beside each other."""
    order = sorted(range(len(readings)), key=lambda i: (len(readings[i].rows), len(readings[i])))
    groups, size = [[]], 0
    for i in order:
        cost = len(readings[i]) * (1 + len(readings[i].rows) // 4)
        if groups[-1] and (size + cost > budget or len(groups[-1]) >= MOST_PROTEINS):
            groups.append([])
            size = 0
        groups[-1].append(i)
        size += cost
    return [group for group in groups if group]


def _pick(device: str) -> str:
    """Return where to run; torch is asked only where a GPU's driver is, or a device is named."""
    if device == "cpu" or (device == "auto" and not any(map(os.path.exists, _DRIVERS))):
        return "cpu"
    from pepseq.models.devices import pick_device

    found = pick_device(device).type
    return "cpu" if device == "auto" and found == "mps" else found


def _by_onnxruntime(folder: Path, weights: dict[str, np.ndarray], threads: int | None):
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # it looks when it is loaded
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or len(os.sched_getaffinity(0))
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            (folder / GRAPH).read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        wanted = {given.name: given.shape for given in session.get_inputs()}
        fed = {name: weights[name] for name in wanted if name not in NAMES}
        if wrong := [name for name in fed if list(fed[name].shape) != wanted[name]]:
            raise ValueError(f"{min(wrong)} of another shape")
    except (OSError, KeyError, ValueError, *_session_errors()) as error:
        raise InputError(
            f"{folder}: expected the network's {GRAPH} with weights for it, found "
            f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"
        ) from error
    fed = {name: onnxruntime.OrtValue.ortvalue_from_numpy(v) for name, v in fed.items()}

    def forward(inputs: dict[str, np.ndarray]) -> np.ndarray:
        if len(inputs["share"]) == 1 and len(inputs["reads"]) > LONG:
            from threadpoolctl import threadpool_limits

            from pepseq.network.long_protein import LongProtein

            with threadpool_limits(options.intra_op_num_threads, "blas"):
                return LongProtein(weights).odds(inputs)
        values = {n: onnxruntime.OrtValue.ortvalue_from_numpy(v) for n, v in inputs.items()}
        return session.run_with_ort_values(["odds"], {**values, **fed})[0].numpy()

    return forward


def _session_errors() -> tuple:
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf


def _by_torch(settings: dict, weights: dict[str, np.ndarray], device: str, precision: str):
    """Return a function from packed inputs to odds, and the precision."""
    import torch

    from pepseq.models.devices import pick_precision
    from pepseq.network.net import ReadoutNet

    precision = pick_precision(precision, torch.device(device))
    net = ReadoutNet(settings["settings"])
    net.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
    net.to(device).eval()
    dtype = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]

    def forward(inputs: dict[str, np.ndarray]) -> np.ndarray:
        tensors = {name: torch.from_numpy(values).to(device) for name, values in inputs.items()}
        with torch.inference_mode(), torch.autocast(device, dtype, enabled=dtype is not None):
            try:
                return net.odds(net(**tensors)).float().cpu().numpy()
            except torch.OutOfMemoryError as error:
                raise TryAgainError(
                    f"out of memory with {len(tensors['reads'])} residues at once: give a smaller "
                    "--batch-residues, or --device cpu"
                ) from error

    return forward, precision
