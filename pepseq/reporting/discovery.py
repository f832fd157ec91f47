"""Results in folders and files, each recognised by its columns or its run record."""

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pepseq.errors import InputError, SettingsError
from pepseq.evaluation.tables import EVALUATION_FILES
from pepseq.io.dataframes import is_parquet, read_parquet_columns
from pepseq.io.files import open_input
from pepseq.io.json_files import read_json
from pepseq.io.outputs import STDIO
from pepseq.io.plurals import plural
from pepseq.io.tables import read_columns
from pepseq.reporting.results import KINDS, RECORD, EvaluationFolder, RecordedRun, Results

PAGE = "report"
"""The command whose own run records are no results."""
_NOT_SHOWN = ("mask", "simulate", "merge-amounts")
"""Commands with outputs that the page does not show: reads, true amounts, tables for MSstats."""
_INDEX = ".pepseq-index"
"""The folder of an index of templates ends in this."""
_OF_SUMMARY = {"readout", "hidden_residue_accuracy", "proteins", "residues"}
_MAX_UNKNOWN_LOGGED = 20
log = logging.getLogger(__name__)


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
            "of evaluate, evaluate-quantities, evaluate-pairs, compare, finetune or split, or a "
            "table of predict (--table), quantify, lookup, design, score or pair."
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
    counted = ((len(results.runs), "run record"), (len(results.fastas), "FASTA file"))
    log.info(", ".join(f"{number} {plural(number, noun)}" for number, noun in counted))
    drawn = ("training", "split", "folded", "true_pairs", "compared", "amounts_compared")
    folders = {path.parent for kind in drawn for path in results.tables[kind]}
    runs = [run for run in results.runs.values() if run.record["command"] in _NOT_SHOWN]
    known = {path for run in runs for path in run.written}
    unknown = [p for p in results.unknown if p.parent not in folders and p not in known]
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
        columns = _columns(path, lenient)
        kind = _kind(path, columns)
        fasta = "".join(columns).startswith(">")
        listed = results.tables[kind] if kind else results.fastas if fasta else results.unknown
        listed.append(path)
        output = path.parent if kind and KINDS[kind].of_folder else path
        read_run(Path(f"{output}{RECORD}"), results)


def _columns(path: Path, lenient: bool) -> tuple[str, ...]:
    """Return the columns of a table; if `lenient`, none for a file that cannot be read."""
    try:
        return read_parquet_columns(path) if is_parquet(path) else read_columns(path)
    except (InputError, SettingsError) as error:
        if not lenient:
            raise
        if isinstance(error, SettingsError):  # pyarrow is missing
            log.warning("%s", error)
        return ()


def _kind(path: Path, columns: tuple[str, ...]) -> str | None:
    """Return the kind of a table with these columns; None if it is of no kind."""
    fitting = (kind for kind in KINDS if KINDS[kind].fits(columns))
    return next((k for k in fitting if KINDS[k].in_parquet or not is_parquet(path)), None)


def read_object(path: Path) -> dict:
    """Return the object in a JSON file; an empty one for anything else."""
    try:
        value = read_json(path) if path.is_file() else None
    except InputError:
        return {}
    return value if isinstance(value, dict) else {}


def read_run(path: Path, results: Results) -> bool:
    """Add a run record; return whether the file is one."""
    record = read_object(path) if path.name.endswith(RECORD) else {}
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
        summary = read_object(path)
        if not summary.keys() >= _OF_SUMMARY:
            return False
        read_run(Path(f"{folder}{RECORD}"), results)
        results.evaluations[folder] = EvaluationFolder(folder, summary, results.runs.get(folder))
    return True
