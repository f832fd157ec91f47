"""Kinds of results that pepseq writes, and everything that was recognised and read of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from pepseq.evaluation.quantity_files import QUANTITY_EVALUATION_FILES
from pepseq.evaluation.tables import EVALUATION_FILES
from pepseq.io.dataframes import is_parquet, read_parquet
from pepseq.io.outputs import STDIO
from pepseq.io.run_record import sha256
from pepseq.io.tables import Row, read_rows
from pepseq.reporting.predicted_proteins import PredictedProtein
from pepseq.reporting.values import as_list, distinct_names, nested, number

RECORD = ".run.json"


class Kind(NamedTuple):
    """A kind of table: its name, and columns by which it is recognised.

    A table that is one of several files of a folder is called as the folder on the page. Tables of
    amounts may be in Parquet format, and are told apart by columns that they lack.
    """

    name: str
    columns: str
    of_folder: bool = False
    lacks: str = ""
    in_parquet: bool = False

    def fits(self, columns: Sequence[str]) -> bool:
        """Return whether a table with these columns is of this kind."""
        has_all = set(self.columns.split()) <= set(columns)
        return has_all and set(columns).isdisjoint(self.lacks.split())


KINDS = {
    "residues": Kind(
        "confidences of residues (predict)", "id position residue source confidence second third"
    ),
    "fits": Kind("fits of reads (lookup)", "id rank protein score q_value equal_fits"),
    "identified": Kind(
        "proteins found (lookup)", "group proteins description reads unique_reads lead q_value"
    ),
    "designs": Kind(
        "label sets (design)",
        "rank labels label_count rank_of_count proteins_identified peptides_identified",
        in_parquet=True,
    ),
    "structures": Kind(
        "structure scores (score)", "id model reference tm_score correspondence", lacks="dockq"
    ),
    "complexes": Kind(
        "scores of complexes (score --complex)", "id model reference tm_score dockq interfaces"
    ),
    "interfaces": Kind(
        "interfaces of complexes (score --interfaces)",
        "id model reference reference_chain1 reference_chain2 dockq irmsd lrmsd fnat",
    ),
    "folded": Kind(
        "structures (fold, fetch-structures)", "id state file residues mean_plddt reason", True
    ),
    "pairs": Kind("pairs (pair)", "species protein_a protein_b confidence rank"),
    "unpaired": Kind("proteins without a pair (pair)", "family species protein reason"),
    "compared": Kind(
        "evaluations side by side (compare)",
        "readout trained_on tested_on macro micro fully_right",
    ),
    "true_pairs": Kind(
        "true pairs found (evaluate-pairs)", "pairs method true_pairs correct accuracy chance", True
    ),
    "pair_confidence": Kind(
        "correct pairs by confidence (evaluate-pairs)", "pairs from to made correct accuracy", True
    ),
    "amounts": Kind(
        "amounts (quantify)",
        "group proteins expected_reads molar_fraction mass_fraction low high q_value",
        lacks="sample",
        in_parquet=True,
    ),
    "amounts_long": Kind(
        "amounts of several samples (merge-amounts)",
        "sample group proteins description molar_fraction",
        in_parquet=True,
    ),
    "amounts_wide": Kind(
        "amounts of several samples (merge-amounts)",
        "group proteins description",
        lacks="molar_fraction unique_reads",
        in_parquet=True,
    ),
    "amounts_compared": Kind(
        "amounts against the true ones (evaluate-quantities)",
        "group proteins status true_molar_fraction molar_fraction",
        True,
    ),
    "left_out": Kind("records left out", "file line id reason"),
    "training": Kind("losses (finetune)", "step epoch train_loss validation_loss", True),
    "split": Kind("a split (split)", "split proteins share residues median_identity", True),
}


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

    @property
    def written(self) -> set[Path]:
        """The files that the run wrote into one folder, where they lie now."""
        paths = _by_sha256(self.record.get("outputs")).values()
        return {self.output.parent / Path(path).name for path in paths}


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
    """A table that is shown: its name on the page, the run record beside it, and its rows."""

    name: str
    path: Path
    run: RecordedRun | None
    rows: list[dict[str, Any]]

    def has_read(self, predictions: "PredictedTable") -> bool:
        """Return whether the run that wrote this table is known to have read these predictions."""
        if self.run is None or predictions.sha256s.isdisjoint(self.run.inputs):
            return False
        return sha256(self.path) in self.run.outputs


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
        outputs = [path.parent if KINDS[kind].of_folder else path for path in paths]
        runs = map(self.runs.get, outputs)
        return list(map(NamedTable, distinct_names(outputs), paths, runs, map(_read_rows, paths)))

    @cached_property
    def amounts(self) -> list[NamedTable]:
        """The tables of amounts."""
        return self.read_tables("amounts")

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
        compared = [path.parent for path in self.tables["amounts_compared"]]
        named += [folder / name for folder in compared for name in QUANTITY_EVALUATION_FILES]
        records = [Path(f"{path}{RECORD}") for path in self.runs]
        paths = (*tables, *named, *records, *self.fastas, *self.truths)
        return [path for path in paths if path.is_file()]


def _read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a table, TSV or Parquet; a missing value is an empty text."""
    if not is_parquet(path):
        return list(read_rows(path))
    frame = read_parquet(path)
    rows: list[dict[str, Any]] = frame.astype(object).where(frame.notna(), "").to_dict("records")
    return rows
