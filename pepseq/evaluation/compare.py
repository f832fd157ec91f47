"""Several evaluations side by side: which network does how well on whose proteins."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pepseq.errors import InputError, SettingsError, found
from pepseq.evaluation.evaluate import check_paths
from pepseq.io.atomic_files import disk_errors
from pepseq.io.json_files import found_json, read_json
from pepseq.io.outputs import Outputs
from pepseq.io.run_record import run_record
from pepseq.io.tables import read_rows
from pepseq.sequences.residues import AMINO_ACIDS

NAMES = (
    "compared.tsv",
    "cross.tsv",
    "lengths.tsv",
    "amino_acids.tsv",
    "cross.png",
    "lengths.png",
    "amino_acids.png",
)
"""Every file of a comparison."""

_LARGEST = 1e15
_LENGTHS = ("length", "proteins", "macro", "micro")
_RECALL = ("amino_acid", "n", "recall")
_TABLES = {"lengths_fine.tsv": _LENGTHS, "amino_acids.tsv": _RECALL}


class Key(NamedTuple):
    """What tells evaluations apart: the first columns of every table."""

    readout: str
    trained_on: str
    tested_on: str


KEY = Key._fields


@dataclass(frozen=True)
class Evaluated:
    """One evaluation: what was trained on and tested on, and what its folder holds.

    row: the cells of compared.tsv after KEY, shares in percent, None for undefined; lengths and
    amino_acids: rows of the tables of these names, cells as text.
    """

    key: Key
    row: dict[str, str | int | float | None]
    lengths: list[dict[str, str]]
    amino_acids: list[dict[str, str]]


def compare_evaluations(
    evaluations: Sequence[tuple[str, str, str | Path]],
    output: str | Path,
    *,
    force: bool = False,
) -> list[Evaluated]:
    """Put evaluations side by side in one folder of tables and figures.

    `evaluations` are triples: name of what the network was trained on, name of what it was tested
    on, folder that `evaluate` wrote. `compared.tsv` has a row for each, `cross.tsv` the macro
    hidden-residue accuracy in percent with a column for each training set (as Pham et al. 2024
    show it), `lengths.tsv` and `amino_acids.tsv` what their names say.

    Raises SettingsError for none, for the same three of readout and names twice, for a name of no
    or unprintable characters, and for a training set called as another column of `cross.tsv`;
    InputError for a folder that is no evaluation, OutputError and TryAgainError.
    """
    started = time.time()
    if not evaluations:
        raise SettingsError("expected an evaluation or more, found none")
    files = [
        Path(folder) / name for *_, folder in evaluations for name in ("summary.json", *_TABLES)
    ]
    output = check_paths(output, list(files), force, NAMES, "a comparison")
    read: dict[Key, Evaluated] = {}
    for trained_on, tested_on, folder in evaluations:
        one = _read(trained_on, tested_on, Path(folder))
        if one.key in read:
            raise SettingsError(
                f"{folder}: expected each readout, training and test set once, found "
                f"{', '.join(one.key)} again"
            )
        read[one.key] = one
    rows = list(read.values())
    with Outputs() as outputs, disk_errors(output):
        _write(outputs.folder(output, "comparison", force), rows)
        settings = {"evaluations": [list(map(str, one)) for one in evaluations]}
        outputs.record(output, run_record("compare", settings, list(files), started))
    return rows


def _read(trained_on: str, tested_on: str, folder: Path) -> Evaluated:
    for name in (trained_on, tested_on):
        if not name or not name.isprintable():
            raise SettingsError(f"evaluation: expected a name to print, found {found(name)}")
    if trained_on in (KEY[0], KEY[2]):
        raise SettingsError(
            f"evaluation: expected another name than that of a column of cross.tsv, found "
            f"{found(trained_on)}"
        )
    path = folder / "summary.json"
    if folder.is_dir() and not path.exists():
        raise InputError(
            f"{folder}: expected a folder that pepseq evaluate wrote, found no summary.json"
        )
    summary = read_json(path)
    try:
        row = {name: _number(name, value) for name, value in _row(summary).items()}
        readout = summary["readout"]
        if not isinstance(readout, str) or not readout.isprintable():
            raise TypeError(f"readout {found_json(readout)}")
    except KeyError as error:
        raise InputError(
            f"{path}: expected the summary of pepseq evaluate, found none of its {error}"
        ) from error
    except (TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: expected the summary of pepseq evaluate, found: {error}"
        ) from error
    tables = [_read_rows(folder / name, columns) for name, columns in _TABLES.items()]
    return Evaluated(Key(readout, trained_on, tested_on), row, *tables)


def _number(name: str, value: object) -> int | float | None:
    """Return a number up to _LARGEST or None as it is; TypeError for anything else."""
    wrong = isinstance(value, bool) or not isinstance(value, int | float | None)
    if wrong or (value is not None and not abs(value) <= _LARGEST):
        raise TypeError(f"{name} {found_json(value)}")
    return value


def _row(summary: dict) -> dict[str, str | int | float | None]:
    """Return the cells of compared.tsv; KeyError or TypeError if the summary lacks one."""
    accuracy, identity = summary["hidden_residue_accuracy"], summary["identity"]
    baselines = {row["baseline"]: row["macro"] for row in summary["baselines"]}
    calibration = summary["calibration"] or {"expected_calibration_error": None}
    return {
        "proteins": summary["proteins"]["scored"],
        "hidden": summary["residues"]["hidden"],
        "macro": accuracy["macro"],
        "sd": accuracy["sd"],
        "micro": accuracy["micro"],
        "identity_macro": identity["macro"],
        "identity_micro": identity["micro"],
        "fully_right": summary["fully_right"],
        "commonest_macro": baselines["commonest"],
        "neighbours_macro": baselines["neighbours"],
        "expected_calibration_error": calibration["expected_calibration_error"],
    }


def _read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    rows = read_rows(path)
    for line, row in enumerate(rows, 2):
        for name in columns:
            if not _fits(name, row.get(name)):
                raise InputError(
                    f"{path}:{line}: expected a cell in column {name} as pepseq evaluate writes "
                    f"it, found {found(str(row.get(name)))}"
                )
    return [{name: row[name] for name in columns} for row in rows]


def _fits(column: str, cell: str | None) -> bool:
    """Say whether a cell holds what its column does: a name, an amino acid, a number or nothing."""
    if column == "length":
        return bool(cell)
    if column == "amino_acid":
        return cell in tuple(AMINO_ACIDS)
    return cell is not None and re.fullmatch(r"([0-9]{1,15}(\.[0-9]+)?)?", cell) is not None


def cross_rows(rows: Sequence[Evaluated]) -> list[dict[str, str | float | None]]:
    """Return the rows of cross.tsv: readout, tested_on, then the macro by what was trained on."""
    training = dict.fromkeys(one.key[1] for one in rows)
    cells = {one.key: one.row["macro"] for one in rows}
    return [
        {"readout": readout, "tested_on": tested_on}
        | {name: cells.get((readout, name, tested_on)) for name in training}
        for readout, tested_on in dict.fromkeys((one.key[0], one.key[2]) for one in rows)
    ]


def _write(folder: Path, rows: list[Evaluated]) -> None:
    from pepseq.evaluation import comparison_figures
    from pepseq.evaluation.figure_style import save_png
    from pepseq.evaluation.tables import write_rows

    keys = [dict(zip(KEY, one.key, strict=True)) for one in rows]
    compared = [key | one.row for key, one in zip(keys, rows, strict=True)]
    write_rows(folder / "compared.tsv", compared)
    write_rows(folder / "cross.tsv", cross_rows(rows))
    for name, columns in (("lengths", _LENGTHS), ("amino_acids", _RECALL)):
        table = [
            key | row for key, one in zip(keys, rows, strict=True) for row in getattr(one, name)
        ]
        write_rows(folder / f"{name}.tsv", table, (*KEY, *columns))
    save_png(folder / "cross.png", comparison_figures.draw_cross_evaluation, rows)
    save_png(folder / "lengths.png", comparison_figures.draw_accuracy_by_length, rows)
    save_png(folder / "amino_acids.png", comparison_figures.draw_amino_acid_recall, rows)
