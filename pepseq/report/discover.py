"""What lies in folders of results: each file recognised by its columns or its run record."""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pepseq.errors import InputError
from pepseq.evaluation.tables import EVALUATION_FILES
from pepseq.io.files import open_input
from pepseq.io.json_files import read_json
from pepseq.io.outputs import STDIO
from pepseq.report.tables import Row, read_columns, read_table

KINDS = {
    "residues": ("id", "position", "residue", "source", "confidence", "second", "third"),
    "fits": ("id", "rank", "protein", "score", "q_value", "equal_fits"),
    "structures": ("id", "model", "reference", "tm_score", "correspondence"),
    "pairs": ("species", "protein_a", "protein_b", "confidence", "rank"),
    "unpaired": ("family", "species", "protein", "reason"),
    "folded": ("id", "state", "file", "residues", "mean_plddt", "reason"),
    "left_out": ("file", "line", "id", "reason"),
    "training": ("step", "epoch", "train_loss", "validation_loss"),
    "split": ("split", "proteins", "share", "residues", "median_identity"),
    "compared": ("readout", "trained_on", "tested_on", "macro", "micro", "fully_right"),
    "true_pairs": ("pairs", "method", "true_pairs", "correct", "accuracy", "chance"),
    "pair_confidence": ("pairs", "from", "to", "made", "correct", "accuracy"),
}
"""Kinds of tables, and columns by which each is known."""

SAID = {
    "residues": "confidences of residues (predict)",
    "fits": "fits of readouts (lookup)",
    "structures": "scores of structures (score)",
    "folded": "structures (fold, fetch-structures)",
    "pairs": "pairs (pair)",
    "unpaired": "proteins without a pair (pair)",
    "compared": "evaluations side by side (compare)",
    "true_pairs": "true pairs found (evaluate-pairs)",
    "pair_confidence": "right pairs by confidence (evaluate-pairs)",
    "left_out": "records left out",
    "training": "losses (finetune)",
    "split": "a split (split)",
}
_OF_EVALUATION = [name for name in EVALUATION_FILES if name.endswith(".tsv")]
INDEX = ".pepseq-index"
"""The folder of an index of templates ends in this."""
PAGE = "report"
"""The command whose own run records are no results."""
_SAID_AT_MOST = 20
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """A run record, and the output that it lies beside."""

    output: Path
    record: dict


@dataclass(frozen=True)
class Evaluation:
    """A folder that `evaluate` wrote: its summary, its tables by name, its run record."""

    folder: Path
    summary: dict
    tables: dict[str, list[Row]]
    run: Run | None


@dataclass
class Found:
    """Everything that was recognised.

    `tables` has paths by kind (see KINDS), `evaluations` by folder, `runs` by output; `seen` are
    all files looked at, `beside` those that were read because results name them.
    """

    tables: dict[str, list[Path]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    evaluations: dict[Path, Evaluation] = field(default_factory=dict)
    runs: dict[Path, Run] = field(default_factory=dict)
    fastas: list[Path] = field(default_factory=list)
    unknown: list[Path] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)
    beside: list[Path] = field(default_factory=list)

    @property
    def results(self) -> int:
        """How many evaluations and tables there are."""
        shown = (len(paths) for kind, paths in self.tables.items() if kind != "left_out")
        return len(self.evaluations) + sum(shown)

    @property
    def files(self) -> list[Path]:
        """The files that are read."""
        tables = [path for paths in self.tables.values() for path in paths]
        named = [folder / name for folder in self.evaluations for name in EVALUATION_FILES]
        records = [path.with_name(f"{path.name}.run.json") for path in self.runs]
        return [
            path
            for path in (*tables, *named, *records, *self.fastas, *self.beside)
            if path.is_file()
        ]


def find_results(sources: Sequence[str | Path], without: str | Path | None = None) -> Found:
    """Recognise what lies in folders and files, and log a line for each; see `KINDS`.

    The file `without` is let be: an older page in a folder of results.

    Raises InputError for a source that is not there, and if none holds a result.
    """
    results = Found()
    own = None if without is None else Path(os.path.realpath(without))
    for source in sources:
        path = Path(source)
        if str(source) == STDIO or not path.exists():
            raise InputError(f"{source}: expected a folder or a file of results, found none")
        real = Path(os.path.realpath(path))
        for one in _files(real) if real.is_dir() else [real]:
            if one != own or not _is_page(one):
                _take(one, results, real.is_dir())
        read_run(Path(f"{real}.run.json"), results)
    _say(results)
    if not results.results:
        alone = " but FASTA, which has no confidences of residues" if results.fastas else ""
        raise InputError(
            f"{', '.join(map(str, sources))}: expected results: a folder of evaluate, a table of "
            "predict (--table), lookup, score or pair, or a folder of evaluate-pairs, compare, "
            "finetune or split; found none" + alone
        )
    return results


def _is_page(path: Path) -> bool:
    with open_input(path) as stream:
        return stream.readline(100).lower().startswith(b"<!doctype html")


def find_tables(sources: Sequence[str | Path]) -> list[Path]:
    """Return the tables of confidences in folders and files; InputError if there is none."""
    tables = []
    for source in sources:
        path = Path(source)
        if not path.exists():
            raise InputError(f"{source}: expected a folder or a file of results, found none")
        for one in _files(path) if path.is_dir() else [path]:
            if one.is_file() and set(KINDS["residues"]) <= set(_columns(one, path.is_dir())):
                tables.append(one)
    if not tables:
        raise InputError(
            f"{', '.join(map(str, sources))}: expected a table that predict wrote with --table, "
            "found none"
        )
    return tables


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder in the order of their names, without hidden ones."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not name.endswith(INDEX)
        )
        yield from (Path(place) / name for name in sorted(names) if not name.startswith("."))


def _take(path: Path, results: Found, lenient: bool) -> None:
    """Recognise one file and add it; `lenient`: a damaged one is not understood."""
    if path in results.seen:
        return
    results.seen.add(path)
    if not path.is_file():  # nor a pipe, which would be waited for
        results.unknown.append(path)
        return
    if path.name.endswith(".json"):
        if not (read_run(path, results) or _read_evaluation(path, results)):
            results.unknown.append(path)
        return
    summary = path.parent / "summary.json"
    if path.name in EVALUATION_FILES and summary.is_file() and _read_evaluation(summary, results):
        return
    columns = _columns(path, lenient)
    for kind, names in KINDS.items():
        if set(names) <= set(columns):
            results.tables[kind].append(path)
            break
    else:
        fasta = "".join(columns).startswith(">")
        (results.fastas if fasta else results.unknown).append(path)
    read_run(Path(f"{path}.run.json"), results)


def _columns(path: Path, lenient: bool) -> tuple[str, ...]:
    """Return the first line's cells; none of a file that cannot be read, if `lenient`."""
    try:
        return read_columns(path)
    except InputError:
        if not lenient:
            raise
        return ()


def _json(path: Path) -> dict:
    """Return the object in a JSON file; empty for anything else."""
    try:
        value = read_json(path)
    except InputError:
        return {}
    return value if isinstance(value, dict) else {}


def read_run(path: Path, results: Found) -> bool:
    """Add a run record if the file is one."""
    if not path.name.endswith(".run.json") or not path.is_file():
        return False
    record = _json(path)
    if not isinstance(record.get("command"), str) or "pepseq" not in record:
        return False
    if record["command"] == PAGE:  # an older page's
        return True
    output = path.with_name(path.name.removesuffix(".run.json"))
    results.runs[output] = Run(output, record)
    return True


def _read_evaluation(path: Path, results: Found) -> bool:
    """Add an evaluation if the file is the summary of one."""
    if path.parent in results.evaluations:
        return True
    summary = _json(path)
    if not {"readout", "hidden_residue_accuracy", "proteins", "residues"} <= summary.keys():
        return False
    folder = path.parent
    names = [name for name in _OF_EVALUATION if (folder / name).is_file()]
    tables = {name.removesuffix(".tsv"): read_table(folder / name) for name in names}
    read_run(Path(f"{folder}.run.json"), results)
    run = results.runs.get(folder)
    results.evaluations[folder] = Evaluation(folder, summary, tables, run)
    return True


def _say(results: Found) -> None:
    """Log what was taken and what was not understood."""
    for folder in results.evaluations:
        log.info("taken: %s: an evaluation", folder)
    for kind, paths in results.tables.items():
        for path in paths:
            log.info("taken: %s: %s", path, SAID[kind])
    if results.runs:
        log.info("taken: %d run records", len(results.runs))
    drawn = ("training", "split", "folded", "true_pairs", "compared")
    beside = {path.parent for kind in drawn for path in results.tables[kind]}
    if results.fastas:
        log.info("%d FASTA files: of use beside their tables, not shown alone", len(results.fastas))
    strange = [path for path in results.unknown if path.parent not in beside]
    for path in strange[:_SAID_AT_MOST]:
        log.warning("not understood: %s", path)
    if len(strange) > _SAID_AT_MOST:
        log.warning("not understood: %d more files", len(strange) - _SAID_AT_MOST)
