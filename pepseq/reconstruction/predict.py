"""Complete readouts with a network: FASTA in, FASTA and a table of confidences out."""

import logging
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from pepseq.errors import InputError, SettingsError
from pepseq.files import STDIO, Outputs, check_free, open_input, write_run_record
from pepseq.models.checkpoints import Checkpoint, find_checkpoint
from pepseq.models.protbert import ResidueModel
from pepseq.progress import Progress
from pepseq.readout.masking import HIDDEN, MaskedSequence
from pepseq.readout.readout import Readout
from pepseq.reconstruction.config import PredictConfig
from pepseq.reconstruction.reconstruct import (
    TABLE_COLUMNS,
    Reconstruction,
    candidates_of,
    reconstruct,
    table_rows,
)
from pepseq.reconstruction.windows import blend, cut_windows
from pepseq.sequences.fasta import (
    BadRecord,
    Record,
    format_fasta,
    read_fasta,
    refuse_bad,
    write_failed,
)

log = logging.getLogger(__name__)
BATCH_TOKENS = {"cuda": 65536, "mps": 8192}
CPU_BATCH_ACTIVATIONS = 1 << 18
"""Tokens x width of a batch on a CPU: more falls out of its cache and is slower."""
BATCHES_AT_ONCE = 32
FITTING_SHARE = 0.99
DEFAULT_WINDOW = 1022
DEFAULT_OVERLAP = 128


@dataclass(frozen=True)
class Predicted:
    """What `predict` did; `confidence` is the mean over all hidden residues."""

    proteins: int
    residues: int
    hidden: int
    confidence: float
    readout: Readout
    bad: list[BadRecord]


def predict(
    readouts: str | Path,
    output: str | Path,
    *,
    model: str | Path | None = None,
    readout: str | Readout | None = None,
    table: str | Path | None = None,
    config: PredictConfig = PredictConfig(),  # noqa: B008 - frozen
    force: bool = False,
    keep_going: bool = False,
) -> Predicted:
    """Complete the readouts of a FASTA file and write whole proteins, same ids, order, lengths.

    Observed residues stay; each hidden one becomes the likeliest candidate. `model` is a folder, a
    Hugging Face id, or None for the bundled default. `readout` says what the experiment
    identifies; None takes the one of the model's readouts that fits the file. `table` gets a row
    for each residue. Records that cannot be read, or that do not fit the readout, are left out and
    listed in `<output>.failed.tsv`.

    Raises SettingsError, InputError (bad input or model; after writing the good records, unless
    `keep_going`), OutputError and TryAgainError.
    """
    started = time.time()
    wanted = [output] if table is None else [output, table]
    check_free(wanted, [readouts], force)
    if model is not None and any(_inside(path, model) for path in wanted):
        raise SettingsError(f"{output}: an output must not lie in the model's folder")
    if config.threads:
        torch.set_num_threads(config.threads)
    with _rereadable(readouts) as source:
        checkpoint = find_checkpoint(model)
        used, total = choose_readout(source, checkpoint, readout)
        network = ResidueModel(checkpoint, config.device, config.precision)
        bad: list[BadRecord] = []
        with Outputs(force) as outputs, Progress("predicting", total, "residues") as progress:
            fasta = outputs.open(output)
            rows = None if table is None else outputs.open(table)
            if rows:
                rows.write(("\t".join(TABLE_COLUMNS) + "\n").encode())
            proteins = residues = hidden = 0
            confidence = 0.0
            groups = used.group_symbols
            records = read_fasta(source, readouts=True, bad=bad, groups=groups)
            records = fitting(records, used, config.candidates, source, bad, groups)
            for record, result in complete(records, network, checkpoint, used, config, progress):
                header = f"{record.header} confidence={result.confidence:.4f}"
                fasta.write(format_fasta(header, result.sequence))
                if rows:
                    rows.write(table_rows(record.id, result).encode())
                proteins, residues = proteins + 1, residues + len(result.sequence)
                hidden += len(result.hidden)
                confidence += result.confidence * len(result.hidden)
            write_failed(outputs, output, bad, proteins)
            settings = {**asdict(config), "model": checkpoint.name, "readout": str(used)}
            settings["precision"], settings["device"] = network.precision, str(network.device)
            write_run_record(outputs, output, "predict", settings, [readouts], started)
    refuse_bad(bad, proteins, output, keep_going)
    return Predicted(proteins, residues, hidden, confidence / max(hidden, 1), used, bad)


def _inside(path: str | Path, folder: str | Path) -> bool:
    return Path(os.path.realpath(folder)) in Path(os.path.realpath(path)).parents


@contextmanager
def _rereadable(path: str | Path) -> Iterator[str | Path]:
    """Yield a path that can be read twice: stdin or a pipe is first copied to a temporary file."""
    if str(path) != STDIO and not _is_pipe(path):
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="pepseq-") as copy:
        with open_input(path) as stream:
            shutil.copyfileobj(stream, copy)
        copy.flush()
        yield _Copy(copy.name, "stdin" if str(path) == STDIO else str(path))


def _is_pipe(path: str | Path) -> bool:
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


class _Copy(os.PathLike):
    """A copied stream that goes by the stream's name in messages."""

    def __init__(self, path: str, name: str):
        self._path, self._name = path, name

    def __fspath__(self) -> str:
        return self._path

    def __str__(self) -> str:
        return self._name


def choose_readout(
    source: str | Path, checkpoint: Checkpoint, wanted: str | Readout | None
) -> tuple[Readout, int]:
    """Return the readout to complete `source` with, and how many residues there are.

    The readout is the one wanted, or else the smallest of the model's that holds the observed
    residues of at least 99 % of the records. Raises SettingsError if neither says one, and
    InputError, with the way out, if none of the model's readouts fits.
    """
    kinds: Counter[str] = Counter()
    total = 0
    groups = {s: members for r in checkpoint.readouts for s, members in r.group_symbols.items()}
    for record in read_fasta(source, readouts=True, bad=[], groups=groups):
        kinds["".join(sorted(set(record.sequence) - {HIDDEN}))] += 1
        total += len(record.sequence)
    known = " or ".join(str(r) for r in checkpoint.readouts)
    if wanted is not None:
        wanted = wanted if isinstance(wanted, Readout) else Readout(wanted)
        if checkpoint.readouts and wanted not in checkpoint.readouts:
            raise InputError(
                f"--readout {wanted}: {checkpoint.name} completes {known}; {_way_out(checkpoint)}"
            )
        return wanted, total
    if not checkpoint.readouts:
        raise SettingsError(
            f"{checkpoint.name} does not say what it was trained to complete: give --readout, such "
            "as --readout KCYM"
        )
    for readout in sorted(checkpoint.readouts, key=lambda r: -len(r.hidden)):
        same = {s for s, members in readout.group_symbols.items() if groups[s] == members}
        allowed = same | set(readout.observed)
        fits = sum(n for kind, n in kinds.items() if set(kind) <= allowed)
        if fits >= FITTING_SHARE * kinds.total():
            return readout, total
    seen = "".join(_shown(symbol, groups) for symbol in sorted(set().union(*kinds)))
    raise InputError(
        f"{source}: expected readouts of {known}, which {checkpoint.name} completes, found the "
        f"observed residues {seen}; {_way_out(checkpoint)}"
    )


def _way_out(checkpoint: Checkpoint) -> str:
    largest = max(checkpoint.readouts, key=lambda r: len(r.observed))
    return (
        f"hide the others first with `pepseq mask --readout {largest}`, or train a network for "
        "this readout with `pepseq finetune` and give it as --model"
    )


def fitting(
    records: Iterable[Record],
    readout: Readout,
    candidates: str,
    source: str | Path,
    bad: list[BadRecord],
    groups: Mapping[str, str] | None = None,
) -> Iterator[Record]:
    """Yield the records that hold nothing outside the readout; the others go to `bad`.

    Where the readout leaves no candidates, hidden residues are outside it too. `groups` has the
    members of the groups in the records, to name them.
    """
    allowed = {*readout.observed, *readout.group_symbols}
    allowed |= {HIDDEN} if candidates_of(readout, candidates) else set()
    for record in records:
        if outside := set(record.sequence) - allowed:
            letter = min(outside, key=record.sequence.index)
            reason = (
                f"expected residues of the readout {readout}"
                f"{' or hidden ones' if HIDDEN in allowed else ''}, found "
                f"{_shown(letter, groups or {})!r} at residue {record.sequence.index(letter) + 1}"
            )
            bad.append(BadRecord(str(source), record.line, record.id, reason))
        else:
            yield record


def _shown(symbol: str, groups: Mapping[str, str]) -> str:
    """Return a symbol of a readout as it stands in a file."""
    return f"[{groups[symbol]}]" if symbol in groups else symbol


def complete(
    records: Iterable[Record],
    network: ResidueModel,
    checkpoint: Checkpoint,
    readout: Readout,
    config: PredictConfig,
    progress: Progress | None = None,
) -> Iterator[tuple[Record, Reconstruction]]:
    """Yield each record with its reconstruction, in order, holding a bounded number at a time."""
    window, overlap = _window(network, checkpoint, config)
    budget = config.batch_residues or (
        BATCH_TOKENS.get(network.device.type) or CPU_BATCH_ACTIVATIONS // network.width
    )
    candidates = candidates_of(readout, config.candidates)
    for chunk in _chunks(records, budget * BATCHES_AT_ONCE):
        cuts = [cut_windows(len(record.sequence), window, overlap) for record in chunk]
        parts = [
            record.sequence[start:end]
            for record, cut in zip(chunk, cuts, strict=True)
            for start, end in cut
        ]
        logits = iter(network.logits(parts, budget, progress))
        for record, cut in zip(chunk, cuts, strict=True):
            whole = blend(len(record.sequence), cut, [next(logits) for _ in cut])
            masked = MaskedSequence(record.sequence)
            yield record, reconstruct(masked, whole, candidates, readout.groups)


def _window(network: ResidueModel, checkpoint: Checkpoint, config: PredictConfig):
    window = config.window or min(checkpoint.window or DEFAULT_WINDOW, network.max_window)
    if window > network.max_window:
        raise SettingsError(
            f"window: expected at most {network.max_window} residues for {checkpoint.name}, "
            f"found {window}"
        )
    overlap = min(DEFAULT_OVERLAP, window // 2) if config.overlap is None else config.overlap
    if overlap >= window:
        raise SettingsError(
            f"overlap: expected fewer residues than the window's {window}, found {overlap}"
        )
    return window, overlap


def _chunks(records: Iterable[Record], residues: int) -> Iterator[list[Record]]:
    chunk, size = [], 0
    for record in records:
        chunk.append(record)
        size += len(record.sequence)
        if size >= residues:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
