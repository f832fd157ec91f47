"""Reads of a FASTA file to whole proteins: FASTA and a table of confidences."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from pepseq.errors import SettingsError
from pepseq.io.dataframes import check_parquet, is_parquet
from pepseq.io.failures import FailedRecord, format_failed, refuse_failed, write_failed
from pepseq.io.files import check_inputs, check_outputs, encode_text
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.progress import Progress
from pepseq.io.run_record import run_record
from pepseq.io.temporary_files import temporary_copy
from pepseq.models.checkpoints import find_checkpoint
from pepseq.prediction.config import PredictConfig
from pepseq.prediction.found_searches import find_search_files, found_searches
from pepseq.prediction.organism_advice import log_organisms
from pepseq.prediction.predictor import CHUNKS, Predictor
from pepseq.prediction.read_warnings import warn_of_changed_lengths
from pepseq.prediction.readout_choice import groups_of, survey_reads
from pepseq.prediction.reconstruction import Reconstruction
from pepseq.prediction.references import References, choose_references
from pepseq.prediction.residue_parquet import ResidueParquet, refuse_parquet
from pepseq.prediction.residue_table import TABLE_HEADER, table_rows
from pepseq.prediction.shards import HashingWriter, Shard, ShardSelector
from pepseq.prediction.soft_records import soft_records
from pepseq.readout.confusion import ConfusionTable
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record, format_fasta, read_fasta
from pepseq.templates.template_organisms import ORGANISMS_OF_TEMPLATES, SampleOrganisms


@dataclass(frozen=True)
class Predicted:
    """What `predict` did.

    `confidence` is the mean over all hidden residues; `unsure` residues are written as X; `bad`
    are the records left out; `organisms` are those of the templates, None without templates.
    """

    proteins: int
    residues: int
    hidden: int
    unsure: int
    confidence: float
    readout: Readout
    bad: list[FailedRecord]
    organisms: SampleOrganisms | None = None


def predict(
    reads: str | Path,
    output: str | Path,
    *,
    reference: References = None,
    model: str | Path | None = None,
    readout: str | Readout | None = None,
    table: str | Path | None = None,
    config: PredictConfig = PredictConfig(),  # noqa: B008 - frozen
    confusion: ConfusionTable = None,
    force: bool = False,
    keep_going: bool = False,
    offline: bool = False,
    shard: str | Shard | None = None,
    searches: str | Path | Sequence[str | Path] | None = None,
) -> Predicted:
    """Predict the hidden residues of a file of reads, FASTA, and write whole proteins.

    With `config.probabilities` the file is a table as of `read_label_probabilities`: residues of
    which no label is certain are hidden.

    Ids, order, lengths and observed residues are kept; each hidden residue becomes the most likely
    candidate. For reads in memory see `pepseq.reconstruct`.

    `reference`: FASTA files of known proteins to use as templates; None for the bundled proteome,
    unless a `model` is given. `model`: a folder, a known model's name, a Hugging Face id, or None
    for the bundled default; with `offline` it must be on this machine. `readout`: the labels that
    the experiment identifies; None for whichever of the model's readouts fits the file.
    `confusion`, see `read_confusion`, replaces the error rates of `config`.
    `table`: gets a row for each residue; Parquet if its name ends in .parquet. `shard`, such as
    `3/8`: only the part of that job is predicted, for `merge`; its list of failed records still
    covers the whole file. `searches`: files that `search` wrote for all parts of the reference, or
    folders of them, in place of a search. Records that cannot be read, or that do not fit the
    readout, are left out and listed in `<output>.failed.tsv`.

    Raises SettingsError, InputError (bad input or model; after writing the good records, unless
    `keep_going`), OutputError and TryAgainError.
    """
    started = time.time()
    if shard is not None and not isinstance(shard, Shard):
        shard = Shard.parse(shard)
    paths = [output] if table is None else [output, table]
    if shard is not None:
        refuse_parquet(table)
        check_shareable(reads, paths)
    elif table is not None:
        check_parquet(table)
    references = choose_references(reference, model, config)
    matrices = [confusion] if isinstance(confusion, str | Path) else []
    found = [] if searches is None else find_search_files(searches)
    if found and not references:
        raise SettingsError("--searches: no reference is used; give --reference or none of them")
    check_outputs(paths, [reads, *references, *matrices, *found], force)
    check_inputs(matrices)
    if model is not None and any(_is_inside(path, model) for path in paths):
        raise SettingsError(f"{output}: an output must not lie in the model's folder")
    bad: list[FailedRecord] = []
    opened = nullcontext(reads) if config.probabilities else _rereadable(reads)
    with opened as source, Outputs(force) as outputs:
        writer = _ResultWriter(outputs, output, table, config.min_confidence)
        checkpoint = find_checkpoint(model, offline)
        groups = groups_of(checkpoint.readouts)
        records = records_of(source, readout, config)
        survey = survey_reads(records([], groups), groups)
        predictor = Predictor.load(
            survey, str(source), checkpoint, references, readout, config, confusion
        )
        warn_of_changed_lengths(reads)
        results = found_searches(found, predictor, source, shard) if found else None
        selector = None if shard is None else ShardSelector(shard, survey.residues)
        _write_reconstructions(
            predictor, str(source), records, survey.residues, selector, writer, bad
        )
        if writer.parquet:
            writer.parquet.close()
        good = writer.proteins if selector is None else selector.whole.proteins
        if results is not None:
            results.log_missing()
        write_failed(outputs, output, bad, good)
        settings = predictor.settings()
        if selector is not None:
            settings["shard"] = _describe_shard(selector, writer, bad)
        record = run_record("predict", settings, [reads, *matrices], started)
        organisms = log_organisms(predictor, str(source))
        if organisms is not None:
            record[ORGANISMS_OF_TEMPLATES] = organisms.describe()
        outputs.record(output, record)
    refuse_failed(bad, good, output, keep_going)
    return replace(writer.predicted(predictor.readout, bad), organisms=organisms)


ReadRecords = Callable[[list[FailedRecord], dict[str, str]], Iterator[Record]]
"""Yield the reads from the first on, given a list for bad ones and the members of groups."""


def records_of(
    source: str | Path, readout: str | Readout | None, config: PredictConfig
) -> ReadRecords:
    """Return the function that yields the reads of a file, as often as it is called."""
    if config.probabilities:
        soft = soft_records(source, readout)
        return lambda bad, groups: iter(soft)
    return lambda bad, groups: read_fasta(source, reads=True, bad=bad, groups=groups)


def _write_reconstructions(
    predictor: Predictor,
    source: str,
    read_records: ReadRecords,
    residues: int,
    selector: ShardSelector | None,
    writer: "_ResultWriter",
    bad: list[FailedRecord],
) -> None:
    """Predict the reads of a file, of this many residues, and write them; bad ones go to `bad`."""
    groups = predictor.readout.group_symbols
    if predictor.network and predictor.needs_calibration:
        sampled = read_records([], dict(groups))
        predictor.network.calibrate(sampled, predictor.readout, source)
    predictor.measure_share(read_records([], dict(groups)), source)
    if selector is not None:
        residues = min(residues, residues // selector.shard.of + CHUNKS.residues)
    with Progress("predicting", residues, "residues") as progress:
        records = read_records(bad, groups)
        records = predictor.fitting_reads(records, source, bad, groups)
        for record, reconstruction in predictor.reconstruct(records, progress, selector):
            writer.write(record, reconstruction)


class _ResultWriter:
    """Writes reconstructions as FASTA and rows of a table, and counts them."""

    def __init__(
        self,
        outputs: Outputs,
        output: str | Path,
        table: str | Path | None,
        min_confidence: float,
    ):
        self.output, self.table = output, table
        self.fasta = HashingWriter(outputs.open(output, "proteins"))
        self.rows: HashingWriter | None = None
        self.parquet: ResidueParquet | None = None
        if table is not None:
            stream = outputs.open(table, "residues")
            if is_parquet(table):
                self.parquet = ResidueParquet(table, stream)
            else:
                self.rows = HashingWriter(stream)
        self._min_confidence = min_confidence
        self.proteins = self.residues = self.hidden = self.unsure = 0
        self._confidence = 0.0
        if self.rows:
            self.rows.write(TABLE_HEADER)

    def write(self, record: Record, reconstruction: Reconstruction) -> None:
        """Write a read's reconstruction."""
        confidence, hidden = reconstruction.mean_confidence, len(reconstruction.hidden)
        header = f"{record.header} confidence={confidence:.4f}"
        if reconstruction.templates is not None and reconstruction.templates.best:
            header += f" template={reconstruction.templates.best}"
        sequence = reconstruction.hide_below(self._min_confidence)
        self.fasta.write(format_fasta(header, sequence))
        if self.rows:
            for rows in table_rows(reconstruction):
                self.rows.write(encode_text(rows))
        if self.parquet:
            self.parquet.write(reconstruction)
        self.proteins, self.residues = self.proteins + 1, self.residues + len(sequence)
        self.hidden, self.unsure = self.hidden + hidden, self.unsure + sequence.count(HIDDEN)
        self._confidence += confidence * hidden

    def predicted(self, readout: Readout, bad: list[FailedRecord]) -> Predicted:
        """Return the counts of all that was written."""
        confidence = self._confidence / max(self.hidden, 1)
        return Predicted(
            self.proteins, self.residues, self.hidden, self.unsure, confidence, readout, bad
        )


def check_shareable(
    reads: str | Path, outputs: Sequence[str | Path], option: str = "--shard"
) -> None:
    """Raise SettingsError for inputs that several jobs, and outputs that merge, cannot read."""
    if str(reads) == STDIO or _is_pipe(reads):
        raise SettingsError(f"{option}: expected a file that every job can read, found a stream")
    if STDIO in map(str, outputs):
        raise SettingsError(f"{option}: expected files as outputs, which merge reads, found stdout")


def _describe_shard(
    selector: ShardSelector, writer: _ResultWriter, bad: list[FailedRecord]
) -> dict[str, Any]:
    """Return what `merge` needs to know of a shard; SHA-256 are of the decompressed content."""
    folder, table = Path(writer.output).parent, writer.table
    return {
        "number": selector.shard.number,
        "of": selector.shard.of,
        "proteins": writer.proteins,
        "fasta_sha256": writer.fasta.sha256,
        "table": table and os.path.relpath(table, folder),
        "table_sha256": writer.rows.sha256 if writer.rows else None,
        "failed_sha256": hashlib.sha256(format_failed(bad)).hexdigest() if bad else None,
        "whole": selector.whole.describe(),
    }


def _is_inside(path: str | Path, folder: str | Path) -> bool:
    return Path(os.path.realpath(folder)) in Path(os.path.realpath(path)).parents


def _is_pipe(path: str | Path) -> bool:
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


@contextmanager
def _rereadable(path: str | Path) -> Iterator[str | Path]:
    """Yield a path that can be read twice: stdin or a pipe is first copied to a temporary file."""
    if str(path) != STDIO and not _is_pipe(path):
        yield path
        return
    with temporary_copy(path) as copy:
        name = "stdin" if str(path) == STDIO else str(path)
        yield cast(Path, _NamedCopy(copy, name))


class _NamedCopy(os.PathLike[str]):
    """The path of a copied stream, which has the stream's name in messages."""

    def __init__(self, path: str, name: str):
        self._path, self._name = path, name

    def __fspath__(self) -> str:
        return self._path

    def __str__(self) -> str:
        return self._name
