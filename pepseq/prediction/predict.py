"""Complete readouts with a network: FASTA in, FASTA and a table of confidences out."""

import hashlib
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pepseq import templates
from pepseq.errors import SettingsError
from pepseq.io.failures import FailedRecord, format_failed, refuse_failed, write_failed
from pepseq.io.files import check_outputs, encode_text
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.progress import Progress
from pepseq.io.run_record import run_record
from pepseq.io.temporary_files import temporary_copy
from pepseq.models.checkpoints import find_checkpoint, weights_sha256
from pepseq.prediction.config import PredictConfig
from pepseq.prediction.networks import load_network
from pepseq.prediction.pipeline import CHUNK_RESIDUES, complete
from pepseq.prediction.readout_choice import (
    choose_readout,
    fitting,
    noticing_peptides,
    warn_of_cycles,
)
from pepseq.prediction.reconstruction import TABLE_COLUMNS, table_rows
from pepseq.prediction.shards import Hashed, Shard, Share
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import format_fasta, read_fasta

log = logging.getLogger(__name__)
BUNDLED_REFERENCE = Path(templates.__file__).parent / "bundled" / "ecoli_W3110_EC590.fasta.gz"
"""Proteins of E. coli K-12 W3110 and EC590: the templates if none are given."""

NOT_CALIBRATED = "none: confidence is not a probability"


@dataclass(frozen=True)
class Predicted:
    """What `predict` did; `confidence` is the mean over all hidden residues, `unsure` have an X."""

    proteins: int
    residues: int
    hidden: int
    unsure: int
    confidence: float
    readout: Readout
    bad: list[FailedRecord]


def predict(
    readouts: str | Path,
    output: str | Path,
    *,
    reference: str | Path | Sequence[str | Path] | None = None,
    model: str | Path | None = None,
    readout: str | Readout | None = None,
    table: str | Path | None = None,
    config: PredictConfig = PredictConfig(),  # noqa: B008 - frozen
    force: bool = False,
    keep_going: bool = False,
    offline: bool = False,
    shard: str | Shard | None = None,
) -> Predicted:
    """Complete the readouts of a FASTA file and write whole proteins, same ids, order, lengths.

    Observed residues stay; each hidden one becomes the likeliest candidate. `reference` are FASTA
    files of known proteins to use as templates; None is the bundled proteome, unless a `model` is
    given. `model` is a folder, a known model's name, a Hugging Face id, or None for the bundled
    default; with `offline` it must be on this machine. `readout` says what the experiment
    identifies; None takes the one of the model's readouts that fits the file. `table` gets a row
    for each residue. Records that cannot be read, or that do not fit the readout, are left out and
    listed in `<output>.failed.tsv`. With `shard`, such as `3/8`, only that job's share is done, for
    `merge`; its list of failed records is still the whole file's.

    Raises SettingsError, InputError (bad input or model; after writing the good records, unless
    `keep_going`), OutputError and TryAgainError.
    """
    started = time.time()
    shard = Shard.parse(shard) if isinstance(shard, str) else shard
    wanted = [output] if table is None else [output, table]
    if shard is not None:
        _check_files(readouts, wanted)
    references = _references(reference, model, config)
    check_outputs(wanted, [readouts, *references], force)
    if model is not None and any(_inside(path, model) for path in wanted):
        raise SettingsError(f"{output}: an output must not lie in the model's folder")
    with _rereadable(readouts) as source, Outputs(force) as outputs:
        kinds = ("proteins", "residues")
        streams = [
            Hashed(outputs.open(path, kind)) for path, kind in zip(wanted, kinds, strict=False)
        ]
        checkpoint = find_checkpoint(model, offline)
        anything = checkpoint.any_readout or (bool(references) and model is None)
        used, total = choose_readout(source, checkpoint, readout, anything, config.missed_label)
        warn_of_cycles(readouts)
        combiner = _combiner(references, used, config)
        network = None if config.mode == "templates" else load_network(checkpoint, config, used)
        if network and not checkpoint.readouts:  # of a base model nothing says how sure it may be
            network.temper(source, used)
        bad: list[FailedRecord] = []
        share = None if shard is None else Share(shard, total)
        todo = total if shard is None else min(total, total // shard.of + CHUNK_RESIDUES)
        with Progress("predicting", todo, "residues") as progress:
            groups = used.group_symbols
            records = read_fasta(source, reads=True, bad=bad, groups=groups)
            records = noticing_peptides(records, config.kind, source)
            missed = combiner is not None and config.missed_label > 0
            candidates = "all" if missed else config.candidates
            records = fitting(records, used, candidates, source, bad, groups)
            results = complete(records, used, config, network, combiner, progress, share)
            counts, hashes = _write(results, config.min_confidence, *streams)
            good = share.whole.proteins if share else counts["proteins"]
            write_failed(outputs, output, bad, good)
            settings = _settings(config, used, checkpoint, network, combiner)
            if share:
                settings["shard"] = _described(share, counts, hashes, bad, output, table)
            outputs.record(output, run_record("predict", settings, [readouts], started))
    refuse_failed(bad, good, output, keep_going)
    return Predicted(**counts, readout=used, bad=bad)


def _check_files(readouts: str | Path, outputs: Sequence[str | Path]) -> None:
    """Refuse what several jobs cannot share, or `merge` cannot read."""
    if str(readouts) == STDIO or _is_pipe(readouts):
        raise SettingsError("--shard: expected a file that every job can read, found a stream")
    if STDIO in map(str, outputs):
        raise SettingsError("--shard: expected files as outputs, which merge reads, found stdout")


def _settings(config: PredictConfig, readout: Readout, checkpoint, network, combiner) -> dict:
    """Return all that decides the result."""
    settings = {**asdict(config), "readout": str(readout)}
    settings["model"] = checkpoint.name if network else None
    settings["reference"] = combiner.finder.reference.described if combiner else None
    if network:
        settings["precision"] = network.model.precision
        settings["device"] = str(network.model.device)
        if checkpoint.published is None and os.path.isdir(checkpoint.source):
            settings["model_sha256"] = weights_sha256(Path(checkpoint.source))
        if not checkpoint.readouts:
            found = network.tempering
            settings["calibration"] = asdict(found) if found else NOT_CALIBRATED
    return settings


def _described(share: Share, counts: dict, hashes: list[str], bad: list, output, table) -> dict:
    """Return what `merge` has to know of a shard; SHA-256 are of the decompressed content."""
    fasta, rows = [*hashes, None][:2]
    return {
        "number": share.shard.number,
        "of": share.shard.of,
        "proteins": counts["proteins"],
        "fasta_sha256": fasta,
        "table": table and os.path.relpath(table, Path(output).parent),
        "table_sha256": rows,
        "failed_sha256": hashlib.sha256(format_failed(bad)).hexdigest() if bad else None,
        "whole": share.whole.described(),
    }


def _references(reference, model, config: PredictConfig) -> list[str | Path]:
    """Return the FASTA files of templates: those given, the bundled one, or none."""
    if config.mode == "templates" and model is not None:
        raise SettingsError("--model: mode templates uses no network; choose auto or model")
    if reference is None:
        bundled = config.mode == "templates" or (config.mode == "auto" and model is None)
        return [BUNDLED_REFERENCE] if bundled else []
    if config.mode == "model":
        raise SettingsError("--reference: mode model uses no templates; choose auto or templates")
    paths = [reference] if isinstance(reference, str | os.PathLike) else list(reference)
    return paths or _references(None, model, config)


def _combiner(references: list, readout: Readout, config: PredictConfig):
    """Return the Combiner of these references, or None if there are none."""
    if not references:
        return None
    from pepseq.prediction.combiner import Combiner
    from pepseq.templates.reference import open_reference
    from pepseq.templates.stratified import StratifiedFinder
    from pepseq.templates.symbols import symbols_of

    symbols = symbols_of(readout, config.missed_label, config.misread)
    finder = StratifiedFinder(open_reference(references), symbols, config.kind)
    return Combiner(finder, readout, config.candidates)


def _write(
    results, min_confidence: float, fasta: Hashed, rows: Hashed | None = None
) -> tuple[dict, list[str]]:
    """Write reconstructions as FASTA and rows; return their counts and each output's SHA-256."""
    if rows:
        rows.write(("\t".join(TABLE_COLUMNS) + "\n").encode())
    proteins = residues = hidden = unsure = 0
    confidence = 0.0
    for record, result in results:
        header = f"{record.header} confidence={result.confidence:.4f}"
        if result.origins is not None and result.origins.names and result.origins.best:
            header += f" template={result.origins.best}"
        sequence = result.surer_than(min_confidence)
        fasta.write(format_fasta(header, sequence))
        if rows:
            for some in table_rows(record.id, result):
                rows.write(encode_text(some))
        proteins, residues = proteins + 1, residues + len(result.sequence)
        hidden += len(result.hidden)
        unsure += sequence.count(HIDDEN)
        confidence += result.confidence * len(result.hidden)
    counts = {
        "proteins": proteins,
        "residues": residues,
        "hidden": hidden,
        "unsure": unsure,
        "confidence": confidence / max(hidden, 1),
    }
    return counts, [stream.sha256 for stream in (fasta, rows) if stream]


def _inside(path: str | Path, folder: str | Path) -> bool:
    return Path(os.path.realpath(folder)) in Path(os.path.realpath(path)).parents


@contextmanager
def _rereadable(path: str | Path) -> Iterator[str | Path]:
    """Yield a path that can be read twice: stdin or a pipe is first copied to a temporary file."""
    if str(path) != STDIO and not _is_pipe(path):
        yield path
        return
    with temporary_copy(path) as copy:
        yield _Copy(copy, "stdin" if str(path) == STDIO else str(path))


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
