"""Confusion matrices of a readout: how often each label is reported as each other one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Union

import numpy as np
from numpy.typing import NDArray

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.checked_tables import CheckedTable
from pepseq.io.dataframes import holds_parquet, read_parquet_from
from pepseq.io.files import open_input
from pepseq.io.tables import check_cell_counts, read_cells_from
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import FREQUENCIES

if TYPE_CHECKING:
    import pandas as pd

NO_LABEL = "_"
"""Name of the row and of the column of residues without a label."""
MAX_ROUNDING = 0.005
"""A row may sum to 1 give or take this, as rounded probabilities do."""

_INDEX = "label"
"""Column of a DataFrame that has the true labels, unless its index has them."""

ConfusionTable = Union["pd.DataFrame", str, Path, None]
"""A confusion matrix as users give it: a DataFrame, or the path of a table; None for none."""


@dataclass(frozen=True, eq=False)
class Confusion:
    """P(reported label | true label) of one readout.

    `probabilities`: float64, (labels + 1, labels + 1), a row for each true label and a column for
    each reported one: the readout's single amino acids, its groups, and last residues without a
    label. Rows sum to 1.
    """

    readout: Readout
    probabilities: NDArray[np.float64]

    @property
    def names(self) -> tuple[str, ...]:
        """The labels in the order of rows and columns, NO_LABEL last."""
        return label_names(self.readout)

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """The rows and columns of the readout's `labels`, in their order, and of no label last."""
        names = (*self.readout.labels, NO_LABEL)
        return np.array([self.names.index(name) for name in names])

    @property
    def misses_labels(self) -> bool:
        """Whether a residue with a label may be reported without one."""
        return bool(self.probabilities[:-1, -1].any())

    @cached_property
    def reported_shares(self) -> dict[str, float]:
        """Share of residues that are reported with each label, by frequencies in Swiss-Prot."""
        labels = self.names[:-1]
        shares = [sum(FREQUENCIES[amino_acid] for amino_acid in label) for label in labels]
        reported = np.array([*shares, max(1 - sum(shares), 0.0)]) @ self.probabilities
        return dict(zip(labels, reported.tolist(), strict=False))

    def reported_labels(self, is_given: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which of the readout's `labels` may be reported if these are given, bool."""
        of_labels = self.places[:-1]
        of_given = self.probabilities[[*of_labels[is_given], -1]]
        reported: NDArray[np.bool_] = of_given[:, of_labels].max(0) > 0
        return reported

    def describe(self) -> dict[str, dict[str, float]]:
        """Return the matrix as rows by true label, for run records."""
        rows = zip(self.names, self.probabilities.tolist(), strict=True)
        return {true: dict(zip(self.names, row, strict=True)) for true, row in rows}


def choose_confusion(
    table: ConfusionTable, readout: Readout, missed_label: float, misread: float
) -> Confusion | None:
    """Return the confusion matrix of a table, None for None, see `read_confusion`.

    Raises SettingsError if error rates are given too.
    """
    if table is None:
        return None
    check_one_confusion(missed_label, misread)
    return read_confusion(table, readout)


def check_one_confusion(missed_label: float, misread: float) -> None:
    """Raise SettingsError for error rates that are given together with a confusion matrix."""
    if missed_label or misread:
        raise SettingsError(
            "confusion: give a confusion matrix or missed_label and misread, not both"
        )


def read_confusion(table: "pd.DataFrame | str | Path", readout: Readout) -> Confusion:
    """Return the confusion matrix of a readout in a file (TSV, Parquet) or a DataFrame.

    The first column has the true labels (in a DataFrame the column `label`, or else the index); the
    others are the reported labels. Groups are written DE or [DE], no label `_`. The column `_` may
    be missing if no label is missed, and the row `_` if no residue without a label is reported with
    one.

    Raises InputError, with the line, for labels that are missing, repeated or not of the readout,
    and for cells that are no numbers from 0 to 1 or do not sum to 1 in a row.

    >>> import pandas as pd
    >>> matrix = pd.DataFrame({"K": [0.9, 0.2], "C": [0.1, 0.8]}, index=["K", "C"])
    >>> read_confusion(matrix, Readout("KC")).probabilities.tolist()
    [[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.0, 0.0, 1.0]]
    """
    cells = _read_cells(table)
    true = _labels(cells.true, readout, "row", cells.place)
    reported = _labels(cells.reported, readout, "column", lambda _: cells.header)
    for labels, kind in ((true, "row"), (reported, "column")):
        if missing := [name for name in label_names(readout)[:-1] if name not in labels]:
            raise InputError(
                f"{cells.source}: expected a {kind} for each label of the readout {readout}, found "
                f"none for {missing[0]}"
            )
    columns: dict[str, Sequence[Any]] = {
        name: [row[number] for row in cells.rows] for number, name in enumerate(reported)
    }
    checked = CheckedTable(cells.source, columns, cells.place)
    names = label_names(readout)
    probabilities = np.zeros((len(names), len(names)))
    probabilities[-1, -1] = 1
    given = np.zeros((len(true), len(names)))
    for name in reported:
        given[:, names.index(name)] = checked.numbers(name, 1)
    for row, (name, total) in enumerate(zip(true, given.sum(1).tolist(), strict=True)):
        if abs(total - 1) > MAX_ROUNDING:
            raise InputError(
                f"{cells.place(row)}: {name}: expected probabilities that sum to 1, found a sum of "
                f"{total:.4g}; rows are true labels, columns reported ones"
            )
        probabilities[names.index(name)] = given[row] / total
    for name, highest in zip(names, probabilities.max(0).tolist(), strict=True):
        if not highest:
            raise InputError(
                f"{cells.header}: column {name}: expected a probability above 0, found only 0"
            )
    return Confusion(readout, probabilities)


def label_names(readout: Readout) -> tuple[str, ...]:
    """Return the labels in the order of symbols: single amino acids, groups, and NO_LABEL."""
    return (*readout.observed, *readout.groups, NO_LABEL)


def parse_label(text: str, readout: Readout) -> str | None:
    """Return a label as in `label_names`, None for a text that is no such label.

    >>> parse_label(" [ED]", Readout("C[DE]")), parse_label("K", Readout("C[DE]"))
    ('DE', None)
    """
    label = text.strip().upper()
    if label.startswith("[") and label.endswith("]"):
        label = label[1:-1]
    label = "".join(sorted(label))
    return label if label in label_names(readout) else None


class _Cells(NamedTuple):
    """Cells of a matrix; `place` says where a row is, `header` where the columns' names are."""

    source: str
    header: str
    true: list[str]
    reported: list[str]
    rows: list[Sequence[Any]]
    place: Callable[[int], str]


def _read_cells(table: "pd.DataFrame | str | Path") -> _Cells:
    source = "confusion"
    if isinstance(table, str | Path):
        source = str(table)
        with open_input(table) as stream:
            if not holds_parquet(stream):
                return _read_text(source, stream)
            table = read_parquet_from(source, stream)
    elif not hasattr(table, "columns"):
        raise InputError(f"confusion: expected a DataFrame or a path, found {type(table).__name__}")
    if _INDEX in table.columns:
        table = table.set_index(_INDEX)
    true, reported = [[str(label) for label in axis] for axis in (table.index, table.columns)]
    place = lambda row: f"{source}: row {row + 1}"  # noqa: E731
    return _Cells(source, source, true, reported, table.values.tolist(), place)


def _read_text(source: str, stream: BufferedReader) -> _Cells:
    lines = read_cells_from(source, stream)
    names = next(lines)[1]
    numbered = list(check_cell_counts(source, lines, len(names)))
    if not numbered or len(names) < 2:
        raise InputError(
            f"{source}: expected a table with a row for each true label and a column for each "
            "reported one"
        )
    true = [cells[0] for _, cells in numbered]
    rows: list[Sequence[Any]] = [cells[1:] for _, cells in numbered]
    place = lambda row: f"{source}:{numbered[row][0]}"  # noqa: E731
    return _Cells(source, f"{source}:1", true, names[1:], rows, place)


def _labels(
    texts: Sequence[str], readout: Readout, kind: str, place: Callable[[int], str]
) -> list[str]:
    """Return the labels of rows or columns, written as in `label_names`."""
    labels: list[str] = []
    for number, text in enumerate(texts):
        label = parse_label(text, readout)
        if label is None:
            raise InputError(
                f"{place(number)}: {kind} {quoted(text.strip())}: expected a label of the readout "
                f"{readout}, or {NO_LABEL} for no label"
            )
        if label in labels:
            raise InputError(f"{place(number)}: the {kind} {quoted(text.strip())} occurs twice")
        labels.append(label)
    return labels
