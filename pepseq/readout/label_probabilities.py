"""Reads of which an instrument gives probabilities of labels at each residue, as a long table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pepseq.errors import InputError, quoted
from pepseq.io.checked_tables import CheckedTable, read_checked_table
from pepseq.io.tables import format_tsv
from pepseq.readout.confusion import MAX_ROUNDING, NO_LABEL, Confusion, label_names, parse_label
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import label_symbol

if TYPE_CHECKING:
    import pandas as pd

PROBABILITY_COLUMNS = ("read", "position", "label", "probability")
MAX_READ_RESIDUES = 50_000
"""Largest position."""


@dataclass(frozen=True, eq=False)
class WeightedRead:
    """A read of which residues have weights of symbols, float64 (length, labels + 1).

    `variants`: one array, or for a pattern one for each combination of its gaps; symbols are the
    readout's single amino acids, its groups, and last no label.
    """

    id: str
    line: int
    variants: list[NDArray[np.float64]]


def read_label_probabilities(
    table: "pd.DataFrame | str | Path", readout: Readout
) -> list[WeightedRead]:
    """Return the reads of a table, TSV or Parquet, or a DataFrame, with PROBABILITY_COLUMNS.

    A row has the probability of one label, `_` for none, at one position (from 1) of a read; labels
    without a row have 0. Rows may be in any order.

    Raises InputError, with the row, for a label that is not of the readout, a probability outside
    0-1, positions that sum to something else than 1, and positions that are missing or twice.

    >>> import pandas as pd
    >>> columns = {"read": ["a"] * 3, "position": [1, 1, 2], "label": ["K", "_", "_"]}
    >>> table = pd.DataFrame({**columns, "probability": [0.9, 0.1, 1]})
    >>> read_label_probabilities(table, Readout("KC"))[0].variants
    [array([[0.9, 0. , 0.1],
           [0. , 0. , 1. ]])]
    """
    cells = read_checked_table(table, "reads", PROBABILITY_COLUMNS, ())
    ids = cells.texts("read")
    number_of = {name: n for n, name in enumerate(dict.fromkeys(ids))}
    read = np.array([number_of[name] for name in ids])
    symbol = _symbols(cells, readout)
    position = cells.numbers("position", MAX_READ_RESIDUES, whole=True).astype(np.int64)
    if not position.all():
        row = int(np.argmin(position))
        raise InputError(f"{cells.place(row)}: position: expected a number from 1, found 0")
    probability = cells.numbers("probability", 1)
    _refuse_repeated(cells, read, position, symbol)
    lengths = np.zeros(len(number_of), np.int64)
    np.maximum.at(lengths, read, position)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    place = starts[read] + position - 1
    given = np.zeros((starts[-1], len(label_names(readout))))
    given[place, symbol] = probability
    sums = given.sum(1)
    _check_sums(cells, sums, starts, place, list(number_of))
    given /= sums[:, None]
    first = np.full(len(number_of), len(read))
    np.minimum.at(first, read, np.arange(len(read)))
    return [
        WeightedRead(name, int(first[n]) + 1, [given[starts[n] : starts[n + 1]]])
        for name, n in number_of.items()
    ]


def format_label_probabilities(
    reads: Iterable[tuple[str, str]], confusion: Confusion
) -> Iterator[bytes]:
    r"""Yield the rows, TSV with PROBABILITY_COLUMNS, of each read that a confusion matrix reported.

    `reads` are pairs of an id and residues as in `MaskedSequence`. The probability of a label is
    that with which it is reported as the label in the read, divided by the sum over all labels and
    none, so that the table says what the reads and the matrix say.

    >>> from pepseq.readout.confusion import read_confusion
    >>> import pandas as pd
    >>> matrix = pd.DataFrame({"K": [0.75, 0.25], "C": [0.25, 0.75]}, index=["K", "C"])
    >>> confusion = read_confusion(matrix, Readout("KC"))
    >>> list(format_label_probabilities([("a", "KX")], confusion))
    [b'a\t1\tK\t0.75\na\t1\tC\t0.25\na\t2\t_\t1\n']
    """
    shares = (confusion.probabilities / confusion.probabilities.sum(0)).T.tolist()
    symbols = [*map(label_symbol, confusion.names[:-1]), HIDDEN]
    cells = {
        symbol: [
            (label, f"{share:.6g}")
            for label, share in zip(confusion.names, of_symbol, strict=True)
            if share
        ]
        for symbol, of_symbol in zip(symbols, shares, strict=True)
    }
    for name, residues in reads:
        yield format_tsv(
            (name, position, label, share)
            for position, residue in enumerate(residues, 1)
            for label, share in cells[residue]
        )


def _symbols(cells: CheckedTable, readout: Readout) -> NDArray[np.int64]:
    """Return the symbol of the label of each row."""
    texts = cells.texts("label")
    names = label_names(readout)
    parsed = {text: parse_label(text, readout) for text in dict.fromkeys(texts)}
    for row, text in enumerate(texts):
        if parsed[text] is None:
            raise InputError(
                f"{cells.place(row)}: label {quoted(text)}: expected a label of the readout "
                f"{readout}, or {NO_LABEL} for no label"
            )
    return np.array([names.index(parsed[text] or "") for text in texts])


def _refuse_repeated(
    cells: CheckedTable,
    read: NDArray[np.int64],
    position: NDArray[np.int64],
    symbol: NDArray[np.int64],
) -> None:
    """Raise InputError for a row with the read, the position and the label of another one."""
    order = np.lexsort((symbol, position, read))  # stable: of equal rows, the later ones repeat
    key = np.stack([read, position, symbol])[:, order]
    repeated = order[1:][(key[:, 1:] == key[:, :-1]).all(0)]
    if len(repeated):
        row = int(repeated.min())
        name, label = (str(cells.columns[column][row]).strip() for column in ("read", "label"))
        raise InputError(
            f"{cells.place(row)}: read {quoted(name)} has the label {label} twice at position "
            f"{position[row]}"
        )


def _check_sums(
    cells: CheckedTable,
    sums: NDArray[np.float64],
    starts: NDArray[np.int64],
    place: NDArray[np.int64],
    ids: list[str],
) -> None:
    """Raise InputError for a position without a row, and for one that does not sum to 1.

    `sums`: of each position of all reads, which begin at `starts`; `place`: of each row in them.
    """
    is_given = np.zeros(len(sums), bool)
    is_given[place] = True
    wrong = ~is_given | (np.abs(sums - 1) > MAX_ROUNDING)
    if not wrong.any():
        return
    first = int(np.argmax(wrong))
    number = int(np.searchsorted(starts, first, side="right")) - 1
    in_read = (place >= starts[number]) & (place < starts[number + 1])
    row = int(np.argmax(place == first if is_given[first] else in_read))
    found = (
        f"a sum of {sums[first]:.4g}"
        if is_given[first]
        else ("no row; if nothing is known of it, give all labels and _ the same probability")
    )
    raise InputError(
        f"{cells.place(row)}: read {quoted(ids[number])}, position {first - starts[number] + 1}: "
        f"expected probabilities that sum to 1, found {found}"
    )
