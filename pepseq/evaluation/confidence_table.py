"""The table of confidences that `pepseq predict` writes beside a reconstruction, read and checked.

The table has one row for each residue and the rows of a protein together; it is read in blocks of a
few megabytes.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from pepseq.errors import InputError, found
from pepseq.evaluation.metrics import UNKNOWN_CODE
from pepseq.io.files import decode_text, encode_text, open_input
from pepseq.io.tables import TsvBlocks
from pepseq.sequences.residues import AMINO_ACIDS

COLUMNS = ("id", "position", "residue", "source", "confidence", "second", "third")
"""The columns of the table that are read."""

_SOURCES = {"observed": 0, "predicted": 1}
_CODES = {name: code for code, name in enumerate(AMINO_ACIDS)}
_NONE, _WRONG = 254, 255
_BLOCK_BYTES = 8 << 20
_CATEGORIES = ("id", "residue", "source", "second", "third")


@dataclass(frozen=True)
class Rows:
    """Rows of one protein that follow each other in the table.

    `line` is the first row's, the n-th row stands n lines further down. Arrays of one length:
    `position` 1-based; `residue`, `second`, `third` amino acid codes (254 for an empty cell, 255
    for anything else); `source` 0 observed, 1 predicted, 255 anything else; `confidence` 0-1.
    `also` has the texts of further columns that were asked for.
    """

    file: str
    id: str
    line: int
    position: np.ndarray
    residue: np.ndarray
    source: np.ndarray
    confidence: np.ndarray
    second: np.ndarray
    third: np.ndarray
    also: Mapping[str, np.ndarray] = field(default_factory=dict)

    def check(self, wrong: np.ndarray, message: Callable[[int], str]) -> None:
        """Raise InputError naming the first row where `wrong`, with what `message(row)` says."""
        if wrong.any():
            row = int(wrong.argmax())
            raise InputError(f"{self.file}:{self.line + row}: {found(self.id)}: {message(row)}")

    def check_first(self, right: bool, message: str) -> None:
        """Raise InputError naming the first row unless `right`."""
        self.check(np.array([not right]), lambda row: message)


def read_rows(
    table: str | Path, also: Sequence[str] = (), only: str | None = None
) -> Iterator[Rows]:
    """Yield the rows of a table of confidences, protein by protein; a protein may come in parts.

    Columns may stand in any order, and further ones are let be, but for those of `also` that are
    there. With `only`, the rows of that id alone are looked at, which is quick.

    Raises InputError for a missing or empty file, missing columns, and lines that are no rows.
    """
    with open_input(table) as stream:
        blocks = TsvBlocks(table, stream)
        names = _columns(table, blocks)
        line, at = 2, names.index("id")
        wanted = [name for name in also if names.count(name) == 1]
        while lines := blocks.read(_BLOCK_BYTES):
            first, last = (0, len(lines)) if only is None else _stretch(lines, at, only)
            if last > first:
                frame = _parse(table, line + first, lines[first:last], names, wanted)
                yield from _runs(table, line + first, frame, wanted)
            line += len(lines)


def check_columns(table: str | Path) -> None:
    """Raise InputError if a file is no table of confidences by its header."""
    with open_input(table) as stream:
        _columns(table, TsvBlocks(table, stream))


def _columns(table: str | Path, blocks: TsvBlocks) -> list[str]:
    names = blocks.names
    if missing := [name for name in COLUMNS if names.count(name) != 1]:
        raise InputError(
            f"{table}:1: expected a table of confidences with one column {missing[0]}, "
            f"found {found(' '.join(names))}"
        )
    return names


def _stretch(lines: list[bytes], column: int, name: str) -> tuple[int, int]:
    """Return the first and the end of the lines whose cell in a column is `name`."""
    wanted = encode_text(name)
    fit = [
        i
        for i, x in enumerate(lines)
        if x.split(b"\t", column + 1)[column : column + 1] == [wanted]
    ]
    return (fit[0], fit[-1] + 1) if fit else (0, 0)


def _parse(table, line, lines: list[bytes], names: list[str], also: list[str]) -> pd.DataFrame:
    tabs, columns = len(names) - 1, [*COLUMNS, *also]
    for row, text in enumerate(lines):
        if text.count(b"\t") != tabs or b"\0" in text or b"\r" in text[:-2]:
            raise InputError(
                f"{table}:{line + row}: expected {len(names)} columns of text, "
                f"found {found(decode_text(text).rstrip())}"
            )
    return pd.read_csv(
        io.BytesIO(b"".join(lines)),
        sep="\t",
        header=None,
        names=[n if n in columns else f"other {i}" for i, n in enumerate(names)],
        usecols=columns,
        dtype=dict.fromkeys([*_CATEGORIES, *also], "category"),
        quoting=csv.QUOTE_NONE,
        na_filter=False,
        skip_blank_lines=False,
        encoding_errors="surrogateescape",
        low_memory=False,
    )


def _runs(table, line: int, frame: pd.DataFrame, also: list[str]) -> Iterator[Rows]:
    """Cut a block into runs of rows with one id."""
    ids = frame["id"].cat
    codes, known = ids.codes.to_numpy(), ids.categories.tolist()
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    columns = {
        "position": _numbers(frame["position"]),
        "residue": _coded(frame["residue"], _CODES),
        "source": _coded(frame["source"], _SOURCES),
        "confidence": _numbers(frame["confidence"]),
        "second": _coded(frame["second"], _CODES),
        "third": _coded(frame["third"], _CODES),
    }
    texts = {column: _texts(frame[column]) for column in also}
    for start, end in zip(starts, [*starts[1:], len(frame)], strict=True):
        name = str(known[codes[start]])
        part = {column: values[start:end] for column, values in columns.items()}
        rest = {column: values[start:end] for column, values in texts.items()}
        yield Rows(str(table), name, line + int(start), **part, also=rest)


def _numbers(column: pd.Series) -> np.ndarray:
    """Return a column as float64, NaN for what is no number."""
    try:
        return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    except (OverflowError, ValueError):  # for whole numbers beyond any float
        return np.array([_float(cell) for cell in column.tolist()])


def _float(cell: str | float) -> float:
    try:
        return float(cell)
    except (OverflowError, ValueError):
        return np.nan


def _texts(column: pd.Series) -> np.ndarray:
    """Return a column of categories as texts, (rows,) of object."""
    return np.array([str(name) for name in column.cat.categories], object)[
        column.cat.codes.to_numpy()
    ]


def _coded(column: pd.Series, codes: Mapping[str, int]) -> np.ndarray:
    known = {**codes, "": _NONE}
    table = np.array([known.get(str(name), _WRONG) for name in column.cat.categories], np.uint8)
    return table[column.cat.codes.to_numpy()]


def check_rows(rows: Rows, predicted: np.ndarray, after: int) -> int:
    """Check rows against the protein they belong to, and return their last position.

    `predicted` are the codes (length,) of the predicted protein; `after` is the last position of
    its rows so far, 0 at first. Raises InputError.
    """
    position, length = rows.position, len(predicted)
    rows.check(
        ~((position >= 1) & (position <= length) & (position % 1 == 0)),
        lambda row: (
            f"expected a position from 1 to {length}, found "
            f"{'no number' if np.isnan(position[row]) else format(position[row], 'g')}"
        ),
    )
    rows.check(
        np.diff(position, prepend=after) <= 0,
        lambda row: f"expected a position after the row before, found {position[row]:g}",
    )
    rows.check(
        rows.source > 1,
        lambda row: (
            f"residue {position[row]:g}: source: expected observed or predicted, "
            "found something else"
        ),
    )
    in_fasta = predicted[position.astype(np.int64) - 1]
    rows.check(
        (rows.residue != in_fasta) & (in_fasta < UNKNOWN_CODE),
        lambda row: (
            f"residue {position[row]:g}: expected {AMINO_ACIDS[in_fasta[row]]} "
            f"as in the predicted FASTA, found {_shown(rows.residue[row])}"
        ),
    )
    rows.check(
        (rows.second == _WRONG) | (rows.third == _WRONG),
        lambda row: (
            f"residue {position[row]:g}: second and third: expected amino acids or "
            "nothing, found something else"
        ),
    )
    return int(position[-1])


def _shown(code: int) -> str:
    return AMINO_ACIDS[code] if code < UNKNOWN_CODE else "no amino acid"
