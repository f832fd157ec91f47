"""Comparison of evaluations: accuracy by training set, test set and readout."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any, NamedTuple

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.evaluation.config import PNG, check_figure_formats, figure_files
from pepseq.io.atomic_files import disk_errors
from pepseq.io.files import check_path
from pepseq.io.json_files import found_json, read_json
from pepseq.io.output_folder import check_output_folder
from pepseq.io.outputs import Outputs
from pepseq.io.run_record import run_record
from pepseq.io.tables import read_rows
from pepseq.sequences.residues import AMINO_ACIDS

COMPARISON_FILES = (
    "compared.tsv",
    "cross.tsv",
    "lengths.tsv",
    "amino_acids.tsv",
    *figure_files(("cross", "lengths", "amino_acids")),
)
"""Every file of a comparison."""

_MAX_NUMBER = 1e15
_NUMBER_OR_NOTHING = re.compile(r"([0-9]{1,15}(\.[0-9]+)?)?")
_COMPARED = {
    "proteins": "proteins.scored",
    "hidden": "residues.hidden",
    "macro": "hidden_residue_accuracy.macro",
    "sd": "hidden_residue_accuracy.sd",
    "micro": "hidden_residue_accuracy.micro",
    "identity_macro": "identity.macro",
    "identity_micro": "identity.micro",
    "fully_right": "fully_right",
    "commonest_macro": "baselines.commonest",
    "neighbours_macro": "baselines.neighbours",
    "expected_calibration_error": "calibration.expected_calibration_error",
}
"""Columns of compared.tsv after the key, and where a summary has their cells."""
_CELLS = {"length": re.compile(".+", re.S), "amino_acid": re.compile(f"[{AMINO_ACIDS}]")}
"""Cells of columns that are no number or nothing."""
_LENGTH_COLUMNS = ("length", "proteins", "macro", "micro")
_AMINO_ACID_COLUMNS = ("amino_acid", "n", "recall")
_TABLES = {"lengths_fine.tsv": _LENGTH_COLUMNS, "amino_acids.tsv": _AMINO_ACID_COLUMNS}


class EvaluationKey(NamedTuple):
    """What distinguishes evaluations: the first columns of every table."""

    readout: str
    trained_on: str
    tested_on: str


KEY = EvaluationKey._fields


@dataclass(frozen=True)
class ComparedEvaluation:
    """One evaluation: training and test set, and what its folder holds.

    row: the cells of compared.tsv after the key, shares in percent, None for undefined; lengths and
    amino_acids: rows of the tables of these names, cells as text.
    """

    key: EvaluationKey
    row: dict[str, float | None]
    lengths: list[dict[str, str]]
    amino_acids: list[dict[str, str]]


def compare_evaluations(
    evaluations: Sequence[tuple[str, str, str | Path]],
    output: str | Path,
    *,
    figures: Sequence[str] = PNG,
    force: bool = False,
) -> list[ComparedEvaluation]:
    """Put evaluations side by side in one folder of tables and figures.

    `evaluations` are triples: name of what the network was trained on, name of what it was tested
    on, folder that `evaluate` wrote. `compared.tsv` has a row for each, `cross.tsv` the macro
    hidden-residue accuracy in percent with a column for each training set (as Pham et al. 2024
    show it), `lengths.tsv` and `amino_acids.tsv` what their names say. `figures` are
    formats: png, svg, pdf.

    Raises SettingsError for none, for the same three of readout and names twice, for a name of no
    or unprintable characters, and for a training set called as another column of `cross.tsv`;
    InputError for a folder that is no evaluation, OutputError and TryAgainError.
    """
    started = time.time()
    formats = check_figure_formats(figures)
    if isinstance(evaluations, str | bytes) or not isinstance(evaluations, Sequence):
        raise SettingsError(f"evaluations: expected a list, found {quoted(repr(evaluations))}")
    for names in evaluations:
        if not isinstance(names, tuple | list) or len(names) != 3:
            raise SettingsError(
                "evaluations: expected names of training and test set, and a folder, found "
                f"{quoted(repr(names))}"
            )
        check_path(names[2], "evaluations")
    if not evaluations:
        raise SettingsError("expected an evaluation or more, found none")
    files: list[str | Path] = [
        Path(folder) / name for *_, folder in evaluations for name in ("summary.json", *_TABLES)
    ]
    output = check_output_folder(output, files, force, COMPARISON_FILES, "a comparison")
    compared: dict[EvaluationKey, ComparedEvaluation] = {}
    for trained_on, tested_on, folder in evaluations:
        evaluation = _read_evaluation(trained_on, tested_on, Path(folder))
        if evaluation.key in compared:
            raise SettingsError(
                f"{folder}: expected each readout, training and test set once, found "
                f"{', '.join(evaluation.key)} again"
            )
        compared[evaluation.key] = evaluation
    with Outputs() as outputs, disk_errors(output):
        folder = outputs.folder(output, "comparison", force)
        _write_comparison(folder, list(compared.values()), formats)
        settings = {"evaluations": [list(map(str, words)) for words in evaluations]}
        outputs.record(output, run_record("compare", settings, files, started))
    return list(compared.values())


def _read_evaluation(trained_on: str, tested_on: str, folder: Path) -> ComparedEvaluation:
    for name in (trained_on, tested_on):
        if not name or not name.isprintable():
            raise SettingsError(f"evaluation: expected a name to print, found {quoted(name)}")
    if trained_on in (KEY[0], KEY[2]):
        raise SettingsError(
            f"evaluation: expected another name than that of a column of cross.tsv, found "
            f"{quoted(trained_on)}"
        )
    path = folder / "summary.json"
    if folder.is_dir() and not path.exists():
        raise InputError(
            f"{folder}: expected a folder that pepseq evaluate wrote, found no summary.json"
        )
    summary: Any = read_json(path)
    try:
        row = _compared_row(summary)
        readout = summary["readout"]
        if not isinstance(readout, str) or not readout.isprintable():
            raise TypeError(f"readout {found_json(readout)}")
    except (KeyError, TypeError, AttributeError) as error:
        fault = f"found none of its {error}" if isinstance(error, KeyError) else f"found: {error}"
        raise InputError(f"{path}: expected the summary of pepseq evaluate, {fault}") from error
    tables = [_read_table(folder / name, columns) for name, columns in _TABLES.items()]
    return ComparedEvaluation(EvaluationKey(readout, trained_on, tested_on), row, *tables)


def _compared_row(summary: Any) -> dict[str, int | float | None]:
    """Return the cells of compared.tsv; KeyError or TypeError for one that is missing or odd."""
    baselines = {row["baseline"]: row["macro"] for row in summary["baselines"]}
    calibration = summary["calibration"] or {"expected_calibration_error": None}
    cells: Any = {**summary, "baselines": baselines, "calibration": calibration}
    row: dict[str, int | float | None] = {}
    for name, path in _COMPARED.items():
        value = row[name] = reduce(getitem, path.split("."), cells)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (is_number and abs(value) <= _MAX_NUMBER):
            raise TypeError(f"{name} {found_json(value)}")
    return row


def _read_table(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Return these columns of a table, as texts; InputError for a cell of another kind."""
    rows = read_rows(path)
    for line, row in enumerate(rows, 2):
        for name in columns:
            if name not in row or not _CELLS.get(name, _NUMBER_OR_NOTHING).fullmatch(row[name]):
                raise InputError(
                    f"{path}:{line}: expected a cell in column {name} as pepseq evaluate writes "
                    f"it, found {quoted(str(row.get(name)))}"
                )
    return [{name: row[name] for name in columns} for row in rows]


def cross_rows(evaluations: Sequence[ComparedEvaluation]) -> list[dict[str, str | float | None]]:
    """Return the rows of cross.tsv: readout, tested_on, then the macro by training set."""
    training_sets = dict.fromkeys(evaluation.key.trained_on for evaluation in evaluations)
    macros = {evaluation.key: evaluation.row["macro"] for evaluation in evaluations}
    rows = dict.fromkeys((key.readout, key.tested_on) for key in macros)
    return [
        {"readout": readout, "tested_on": tested_on}
        | {name: macros.get(EvaluationKey(readout, name, tested_on)) for name in training_sets}
        for readout, tested_on in rows
    ]


def _write_comparison(
    folder: Path, evaluations: Sequence[ComparedEvaluation], formats: Sequence[str]
) -> None:
    from pepseq.evaluation import comparison_figures
    from pepseq.evaluation.figure_style import save_figures
    from pepseq.evaluation.tables import write_rows

    write_rows(folder / "compared.tsv", [{**e.key._asdict(), **e.row} for e in evaluations])
    write_rows(folder / "cross.tsv", cross_rows(evaluations))
    for name, columns in {"lengths": _LENGTH_COLUMNS, "amino_acids": _AMINO_ACID_COLUMNS}.items():
        rows = [{**e.key._asdict(), **row} for e in evaluations for row in getattr(e, name)]
        write_rows(folder / f"{name}.tsv", rows, (*KEY, *columns))
    drawn = {
        "cross": comparison_figures.draw_cross_evaluation,
        "lengths": comparison_figures.draw_accuracies_by_length,
        "amino_acids": comparison_figures.draw_amino_acid_recall,
    }
    for name, draw in drawn.items():
        save_figures(folder / name, formats, draw, evaluations)
