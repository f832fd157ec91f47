"""Results in folders and files, each recognised by its columns or its run record."""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from pepseq.errors import InputError
from pepseq.evaluation.tables import EVALUATION_FILES
from pepseq.io.files import open_input
from pepseq.io.json_files import read_json
from pepseq.io.outputs import STDIO
from pepseq.io.tables import Row, read_columns, read_rows
from pepseq.reporting.predicted_proteins import PredictedProtein
from pepseq.reporting.result_kinds import KINDS
from pepseq.reporting.values import as_list, distinct_names, nested, number

PAGE = "report"
"""The command whose own run records are no results."""
RECORD = ".run.json"
_INDEX = ".pepseq-index"
"""The folder of an index of templates ends in this."""
_OF_SUMMARY = {"readout", "hidden_residue_accuracy", "proteins", "residues"}
_MAX_UNKNOWN_LOGGED = 20
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RecordedRun:
    """A run record, and the output that it lies beside."""

    output: Path
    record: dict

    def setting(self, path: str) -> object:
        """Return a setting; None if it is not recorded."""
        return nested(self.record, f"settings.{path}")

    @cached_property
    def inputs(self) -> dict[str, str]:
        """The paths of the inputs by SHA-256."""
        return _by_sha256(self.record.get("inputs"))

    @cached_property
    def outputs(self) -> set[str]:
        """The SHA-256 of the outputs, none if they are not recorded."""
        return set(_by_sha256(self.record.get("outputs")))


def _by_sha256(files: object) -> dict[str, str]:
    hashed = [file for file in as_list(files) if isinstance(file, dict) and "sha256" in file]
    return {str(file["sha256"]): str(file.get("path")) for file in hashed}


@dataclass
class EvaluationFolder:
    """A folder that `evaluate` wrote: its summary and its run record.

    `name` on the page and the run that predicted its proteins are set by `links.link`.
    """

    folder: Path
    summary: dict
    run: RecordedRun | None
    name: str = ""
    predicted_by: RecordedRun | None = None

    @cached_property
    def tables(self) -> dict[str, list[Row]]:
        """The rows of its tables by name without suffix, none of a table that is not there."""
        paths = [self.folder / name for name in EVALUATION_FILES if name.endswith(".tsv")]
        return {path.stem: read_rows(path) if path.is_file() else [] for path in paths}

    @property
    def inputs(self) -> dict[str, str]:
        """The paths of its inputs by SHA-256, none if they are not recorded."""
        return self.run.inputs if self.run else {}

    def input(self, setting: str) -> tuple[Path | None, str]:
        """Return the path of the input that a setting names, None if none, and its SHA-256."""
        path = self.run.setting(setting) if self.run else None
        if not isinstance(path, str) or path in ("", STDIO):
            return None, ""
        return Path(path), {path: digest for digest, path in self.inputs.items()}.get(path, "")


class NamedTable(NamedTuple):
    """A table that is shown: its name on the page, its run if known, and its rows."""

    name: str
    path: Path
    run: RecordedRun | None
    rows: list[dict[str, Any]]


@dataclass
class PredictedTable:
    """The proteins of one table of confidences, with its run and its evaluation if known.

    `sha256s` are those of the table and, as far as they are known, of the FASTA file beside it.
    """

    name: str
    proteins: list[PredictedProtein]
    run: RecordedRun | None
    evaluation: EvaluationFolder | None
    sha256s: set[str]

    def is_input_of(self, run: RecordedRun | None) -> bool:
        """Return whether a run is known to have read these predictions."""
        return run is not None and not self.sha256s.isdisjoint(run.inputs)

    @cached_property
    def evaluated(self) -> dict[str, Row]:
        """The rows of the evaluation's proteins by id, none without an evaluation."""
        rows = self.evaluation.tables["proteins"] if self.evaluation else []
        return {row.get("id", ""): row for row in rows}

    def accuracy(self, protein: PredictedProtein) -> float | None:
        """Return a protein's accuracy in percent: that of the evaluation before one of its own."""
        accuracy = number(self.evaluated.get(protein.id, {}).get("accuracy"))
        return protein.accuracy if accuracy is None else accuracy


@dataclass
class Results:
    """Everything that was recognised.

    `tables` has paths by kind (see KINDS), `evaluations` by folder, `runs` by output; `visited` are
    all files looked at. `predictions`, the tables of confidences with their proteins, and `truths`,
    files that were read because an evaluation names them, are set by `links.link`.
    """

    tables: dict[str, list[Path]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    evaluations: dict[Path, EvaluationFolder] = field(default_factory=dict)
    runs: dict[Path, RecordedRun] = field(default_factory=dict)
    fastas: list[Path] = field(default_factory=list)
    unknown: list[Path] = field(default_factory=list)
    visited: set[Path] = field(default_factory=set)
    truths: list[Path] = field(default_factory=list)
    predictions: list[PredictedTable] = field(default_factory=list)

    def read_tables(self, kind: str) -> list[NamedTable]:
        """Return the tables of a kind, under names that tell them apart."""
        paths = self.tables[kind]
        names = distinct_names([path.parent if KINDS[kind].of_folder else path for path in paths])
        runs = map(self.runs.get, paths)
        return list(map(NamedTable, names, paths, runs, map(read_rows, paths)))

    @property
    def names(self) -> list[tuple[Path, str]]:
        """The path of each result and its kind in words."""
        evaluations = [(folder, "an evaluation") for folder in self.evaluations]
        tables = [(path, KINDS[kind].name) for kind in KINDS for path in self.tables[kind]]
        return evaluations + tables

    @property
    def count(self) -> int:
        """Number of evaluations and tables."""
        return len(self.names) - len(self.tables["left_out"])

    @property
    def files(self) -> list[Path]:
        """The files that are read."""
        tables = [path for paths in self.tables.values() for path in paths]
        named = [folder / name for folder in self.evaluations for name in EVALUATION_FILES]
        records = [Path(f"{path}{RECORD}") for path in self.runs]
        paths = (*tables, *named, *records, *self.fastas, *self.truths)
        return [path for path in paths if path.is_file()]


def find_results(sources: Sequence[str | Path], page: str | Path | None = None) -> Results:
    """Return the results in folders and files; see `KINDS`.

    If the file `page` is an older page in a folder of results, it is passed over.

    Raises InputError for a source that does not exist, and if none holds a result.
    """
    results = Results()
    older = None if page is None else Path(os.path.realpath(page))
    for source in sources:
        if str(source) == STDIO or not Path(source).exists():
            raise InputError(f"{source}: no such file or folder")
        real = Path(os.path.realpath(source))
        for file in _files(real) if real.is_dir() else [real]:
            if file != older or not _is_page(file):
                _recognise(file, results, lenient=real.is_dir())
        read_run(Path(f"{real}{RECORD}"), results)
    if not results.count:
        fasta = " but FASTA files, which have no confidences of residues" if results.fastas else ""
        raise InputError(
            f"{', '.join(map(str, sources))}: there are no results{fasta}. Give a folder "
            "of evaluate, evaluate-pairs, compare, finetune or split, or a table of predict "
            "(--table), lookup, score or pair."
        )
    return results


def find_tables(sources: Sequence[str | Path]) -> list[Path]:
    """Return the tables of confidences in folders and files; InputError if there is none.

    A path begins with the source as it is given.
    """
    given = {Path(os.path.realpath(source)): Path(source) for source in sources}
    tables = find_results(sources).tables["residues"]
    if not tables:
        names = ", ".join(map(str, sources))
        raise InputError(
            f"{names}: there is no table of confidences. Write one: pepseq predict READS --table "
            "residues.tsv -o proteins.fasta"
        )
    places = [next(p for p in (table, *table.parents) if p in given) for table in tables]
    return [given[p] / table.relative_to(p) for p, table in zip(places, tables, strict=True)]


def log_results(results: Results) -> None:
    """Log each result, and the files that were not recognised."""
    for path, name in results.names:
        log.info("result: %s: %s", path, name)
    log.info("%d run records, %d FASTA files", len(results.runs), len(results.fastas))
    drawn = ("training", "split", "folded", "true_pairs", "compared")
    folders = {path.parent for kind in drawn for path in results.tables[kind]}
    unknown = [path for path in results.unknown if path.parent not in folders]
    for path in unknown[:_MAX_UNKNOWN_LOGGED]:
        log.warning("not recognised: %s", path)
    if len(unknown) > _MAX_UNKNOWN_LOGGED:
        log.warning("not recognised: %d more files", len(unknown) - _MAX_UNKNOWN_LOGGED)


def _is_page(path: Path) -> bool:
    with open_input(path) as stream:
        return stream.readline(100).lower().startswith(b"<!doctype html")


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder in the order of their names, without hidden ones."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(n for n in folders if not n.startswith(".") and not n.endswith(_INDEX))
        yield from (Path(place) / name for name in sorted(names) if not name.startswith("."))


def _recognise(path: Path, results: Results, lenient: bool) -> None:
    """Add one file to the results; if `lenient`, a damaged one is unknown."""
    if path in results.visited:
        return
    results.visited.add(path)
    if not path.is_file():  # a pipe, for example, would block
        results.unknown.append(path)
    elif path.name.endswith(".json"):
        if not (read_run(path, results) or _read_evaluation(path, results)):
            results.unknown.append(path)
    elif not (
        path.name in EVALUATION_FILES and _read_evaluation(path.parent / "summary.json", results)
    ):
        try:
            columns = read_columns(path)
        except InputError:
            if not lenient:
                raise
            columns = ()
        kind = next((kind for kind in KINDS if KINDS[kind].fits(columns)), None)
        fasta = "".join(columns).startswith(">")
        listed = results.tables[kind] if kind else results.fastas if fasta else results.unknown
        listed.append(path)
        read_run(Path(f"{path}{RECORD}"), results)


def _read_object(path: Path) -> dict:
    """Return the object in a JSON file; an empty one for anything else."""
    try:
        value = read_json(path) if path.is_file() else None
    except InputError:
        return {}
    return value if isinstance(value, dict) else {}


def read_run(path: Path, results: Results) -> bool:
    """Add a run record; return whether the file is one."""
    record = _read_object(path) if path.name.endswith(RECORD) else {}
    if not isinstance(record.get("command"), str) or "pepseq" not in record:
        return False
    if record["command"] != PAGE:
        output = path.with_name(path.name.removesuffix(RECORD))
        results.runs[output] = RecordedRun(output, record)
    return True


def _read_evaluation(path: Path, results: Results) -> bool:
    """Add the evaluation of a summary; return whether the file is one."""
    folder = path.parent
    if folder not in results.evaluations:
        summary = _read_object(path)
        if not summary.keys() >= _OF_SUMMARY:
            return False
        read_run(Path(f"{folder}{RECORD}"), results)
        results.evaluations[folder] = EvaluationFolder(folder, summary, results.runs.get(folder))
    return True
