"""Scores that whatprot or probeam gave reads: a row for each read and dye sequence."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pepseq.errors import InputError, quoted
from pepseq.io.dataframes import holds_parquet, plain_texts, read_parquet_from
from pepseq.io.files import decode_text, open_input
from pepseq.io.tables import check_cell_counts, read_cells_from

if TYPE_CHECKING:
    import pandas as pd

SCORE_COLUMNS = ("read", "id", "score")
WHATPROT_COLUMNS = ("radmat_iz", "best_pep_iz", "best_pep_score")
"""The same columns in the tables of whatprot and probeam."""
MAX_SUM = 1.001
"""Scores of a read that add up to more are no probabilities; room for rounding."""


@dataclass(frozen=True)
class Scores:
    """Scores of `reads` reads; arrays have a value for each row of the table.

    read: number of the read, from 0; name: place of the id in `names`; score: float64, 0 or more.
    place: says where a row is, for messages.
    """

    read: np.ndarray
    name: np.ndarray
    score: np.ndarray
    names: list[str]
    reads: int
    place: Callable[[int], str]


def read_scores(given: Any) -> Scores:
    """Return the scores of a DataFrame, or of a file (TSV, CSV, Parquet; `-` is standard input).

    Columns are SCORE_COLUMNS or WHATPROT_COLUMNS. A score is the probability that the read comes
    from the dye sequence; rows with a score of 0 say nothing. Raises InputError for missing
    columns, a score that is no number from 0 to 1, an id that a read has twice, and a read whose
    scores are all 0, or add up to more than 1.
    """
    import pandas as pd

    frame, columns, place = _load(given)
    if not len(frame):
        raise InputError(f"{_source(given)}: expected rows, found none")
    if pd.api.types.is_bool_dtype(frame[columns[2]]):
        raise InputError(f"{place(0)}: {columns[2]}: expected a score from 0 to 1, found a bool")
    values = pd.to_numeric(frame[columns[2]], errors="coerce").to_numpy(float, na_value=np.nan)
    wrong = ~((values >= 0) & (values <= MAX_SUM))
    if wrong.any():
        row = int(np.argmax(wrong))
        if pd.isna(frame[columns[2]].iloc[row]):
            raise InputError(f"{place(row)}: the cell of {columns[2]} is empty")
        raise InputError(
            f"{place(row)}: {columns[2]}: expected a score from 0 to 1, found "
            f"{quoted(str(frame[columns[2]].iloc[row]))}"
        )
    read, reads = _factorized(frame[columns[0]], place)
    name, names = _factorized(frame[columns[1]], place)
    for column, codes in zip(columns, (read, name), strict=False):
        if (codes < 0).any():
            raise InputError(f"{place(int(np.argmin(codes)))}: the cell of {column} is empty")
    scores = Scores(read, name, values, names, len(reads), place)
    _check(scores)
    return scores


def _source(given: Any) -> str:
    return str(given) if isinstance(given, str | Path) else "scores"


def _factorized(
    column: "pd.Series[Any]", place: Callable[[int], str]
) -> tuple[np.ndarray, list[str]]:
    """Return the number of each cell's text without spaces around it, and the texts.

    The number is -1 for an empty cell. Raises InputError for cells that are no texts or numbers.
    """
    import pandas as pd

    try:
        number, found = pd.factorize(column)
    except TypeError as error:
        shown = quoted(str(column.iloc[0]))
        raise InputError(
            f"{place(0)}: {column.name}: expected texts or numbers, found {shown}"
        ) from error
    texts = [str(text).strip() for text in found]
    numbers: dict[str, int] = {}
    same = [numbers.setdefault(text, len(numbers)) if text else -1 for text in texts]
    return np.array([*same, -1], np.int64)[number], list(numbers)


def _check(scores: Scores) -> None:
    pairs = scores.read * np.int64(len(scores.names)) + scores.name
    order = np.argsort(pairs, kind="stable")
    repeated = pairs[order][1:] == pairs[order][:-1]
    if repeated.any():
        first = int(np.argmax(repeated))
        row, earlier = int(order[first + 1]), int(order[first])
        raise InputError(
            f"{scores.place(row)}: the read has the id {quoted(scores.names[scores.name[row]])} "
            f"twice, first in {scores.place(earlier)}"
        )
    sums = np.bincount(scores.read, scores.score, scores.reads)
    wrong = (sums <= 0) | (sums > MAX_SUM)
    if wrong.any():
        read = int(np.argmax(wrong))
        row = int(np.argmax(scores.read == read))
        raise InputError(
            f"{scores.place(row)}: expected scores of a read that add up to more than 0 and at "
            f"most 1, found {sums[read]:.4g}"
        )


@plain_texts()
def _load(given: Any) -> tuple["pd.DataFrame", tuple[str, ...], Callable[[int], str]]:
    """Return a table, the names of its columns, and a function that says where a row is."""
    import pandas as pd

    if not isinstance(given, str | Path):
        if not hasattr(given, "columns"):
            raise InputError(f"scores: expected a DataFrame, found {type(given).__name__}")
        return given, _columns("scores", given.columns), lambda row: f"scores: row {row + 1}"
    with open_input(given) as stream:
        if holds_parquet(stream):
            frame = read_parquet_from(given, stream)
            return frame, _columns(f"{given}", frame.columns), lambda row: f"{given}: row {row + 1}"
        content = stream.read()
        if _is_unusual(content):
            return _load_checked(given, content)
    header = content.partition(b"\n")[0].decode("utf-8-sig", "replace")
    separator = max("\t,;", key=header.count)
    names = [name.strip(' \r"') for name in header.split(separator)]
    columns = _columns(f"{given}:1", names)
    if content.count(b"\n") + (not content.endswith(b"\n")) < 2:
        raise InputError(f"{given}: expected rows below the header, found none")
    try:
        frame = pd.read_csv(
            BytesIO(content),
            sep=separator,
            header=0,
            names=names,
            index_col=False,
            usecols=list(columns),
            dtype={columns[0]: str, columns[1]: str},
            skipinitialspace=True,
            skip_blank_lines=False,
            keep_default_na=False,
            na_values=[""],
            encoding="utf-8",
            encoding_errors="surrogateescape",
        )
    except (ValueError, OverflowError) as error:  # pandas' errors of parsing are ValueErrors
        reason = str(error).partition("\n")[0].strip()
        raise InputError(f"{given}: cannot be read as a table: {reason}") from error
    _refuse_long_rows(given, content, separator, len(names))
    is_empty = frame.isna().all(axis=1).to_numpy()
    lines = np.flatnonzero(~is_empty) + 2
    return frame[~is_empty], columns, lambda row: f"{given}:{lines[row]}"


def _is_unusual(content: bytes) -> bool:
    """Return whether a table needs `read_table_from`: quotes, UTF-16, or no text."""
    is_utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return is_utf_16 or b'"' in content or b"\0" in content


def _load_checked(
    given: str | Path, content: bytes
) -> tuple["pd.DataFrame", tuple[str, ...], Callable[[int], str]]:
    """Return what `_load` does, row by row, which is slow."""
    import pandas as pd

    rows = read_cells_from(given, BufferedReader(BytesIO(content)))
    names = [name.strip() for name in next(rows)[1]]
    columns = _columns(f"{given}:1", names)
    places = [names.index(column) for column in columns]
    lines, cells = [], []
    for line, row in check_cell_counts(given, rows, len(names)):
        lines.append(line)
        cells.append([row[place].strip() or None for place in places])
    frame = pd.DataFrame(cells, columns=list(columns), dtype=object)
    return frame, columns, lambda row: f"{given}:{lines[row]}"


def _refuse_long_rows(given: str | Path, content: bytes, separator: str, cells: int) -> None:
    """Raise InputError for a row with more cells than the header; pandas cuts such rows."""
    mark = separator.encode()
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    if content.count(mark) == (cells - 1) * lines:
        return
    for line, row in enumerate(content.split(b"\n"), 1):
        if row.strip() and row.count(mark) >= cells:
            raise InputError(
                f"{given}:{line}: expected {cells} cells as in the header, found "
                f"{row.count(mark) + 1}: {quoted(decode_text(row.strip()))}"
            )


def _columns(place: str, header: Iterable[Any]) -> tuple[str, ...]:
    names = list(header)
    for columns in (SCORE_COLUMNS, WHATPROT_COLUMNS):
        if all(names.count(column) == 1 for column in columns):
            return columns
    shown = quoted(" ".join(map(str, names)))
    raise InputError(
        f"{place}: expected the columns {', '.join(SCORE_COLUMNS)}, or those of whatprot, "
        f"{', '.join(WHATPROT_COLUMNS)}, found {shown}"
    )
