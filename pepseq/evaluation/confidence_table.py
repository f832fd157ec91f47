"""The table of confidences that `pepseq predict` writes beside a reconstruction, read and checked.

The table has one row for each residue, and the rows of a protein are together. A file is read in
blocks of a few megabytes.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pepseq.errors import InputError, quoted
from pepseq.evaluation.metrics import UNKNOWN_CODE
from pepseq.io.dataframes import holds_parquet, plain_texts, read_parquet_from
from pepseq.io.files import decode_text, encode_text, open_input
from pepseq.io.tables import TsvBlocks
from pepseq.sequences.residues import AMINO_ACIDS

COLUMNS = ("id", "position", "residue", "source", "confidence", "second", "third")
"""The columns of the table that are read."""

_SOURCES = {"observed": 0, "predicted": 1}
_CODES = {name: code for code, name in enumerate(AMINO_ACIDS)}
_EMPTY, _INVALID = 254, 255
_BLOCK_BYTES = 8 << 20
_CATEGORIES = ("id", "residue", "source", "second", "third")


@dataclass(frozen=True)
class ConfidenceRows:
    """Rows of one protein that follow each other in the table.

    `line` is the first row's, the n-th row stands n lines further down. Arrays of one length:
    `position` 1-based; `residue`, `second`, `third` amino acid codes (254 for an empty cell, 255
    for anything else); `source` 0 observed, 1 predicted, 255 anything else; `confidence` 0-1.
    `extra` has the texts of further columns that were chosen.
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
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)

    def check(self, wrong: np.ndarray, message: Callable[[int], str]) -> None:
        """Raise InputError naming the first row where `wrong`, with what `message(row)` says."""
        if wrong.any():
            row = int(wrong.argmax())
            raise InputError(f"{self.file}:{self.line + row}: {quoted(self.id)}: {message(row)}")

    def check_residues(self, wrong: np.ndarray, message: Callable[[int], str]) -> None:
        """Raise InputError as `check` does, which names the residue as well."""
        self.check(wrong, lambda row: f"residue {self.position[row]:g}: {message(row)}")

    def check_first(self, right: bool, message: str) -> None:
        """Raise InputError naming the first row unless `right`."""
        self.check(np.array([not right]), lambda row: message)


def read_confidences(
    table: str | Path, extra: Sequence[str] = (), only: str | None = None
) -> Iterator[ConfidenceRows]:
    """Yield the rows of a table of confidences, protein by protein; a protein may come in parts.

    Of further columns those of `extra` that the table has are read. With `only`, the rows of that
    id alone are parsed, which is quick.

    Raises InputError for a missing or empty file, missing columns, and lines that are no rows.
    """
    with _open_text(table) as stream:
        blocks = TsvBlocks(table, stream)
        names = _columns(table, blocks)
        line, id_column = 2, names.index("id")
        extra = [name for name in extra if names.count(name) == 1]
        while lines := blocks.read(_BLOCK_BYTES):
            first, end = (0, len(lines)) if only is None else _lines_of(lines, id_column, only)
            if end > first:
                frame = _parse(table, line + first, lines[first:end], names, extra)
                yield from _rows_by_protein(table, line + first, frame, extra)
            line += len(lines)


def confidences_of_frame(frame: pd.DataFrame, source: str) -> Iterator[ConfidenceRows]:
    """Yield the rows of a table of confidences in memory; the line of a row is its place, from 1.

    Raises InputError for missing columns; `source` names the argument.
    """
    if missing := [name for name in COLUMNS if name not in frame.columns]:
        raise InputError(
            f"{source}: expected a DataFrame with the columns of predict's table, found none named "
            f"{missing[0]}"
        )
    texts = {
        name: frame[name].astype(object).where(frame[name].notna(), "").astype(str)
        for name in _CATEGORIES
    }
    table = frame[["position", "confidence"]].assign(**texts)
    return _rows_by_protein(source, 1, table.astype(dict.fromkeys(_CATEGORIES, "category")), [])


def check_columns(table: str | Path) -> None:
    """Raise InputError if a file is no table of confidences by its header."""
    with _open_text(table) as stream:
        _columns(table, TsvBlocks(table, stream))


@contextmanager
def _open_text(table: str | Path) -> Iterator[io.BufferedReader]:
    """Open a table of confidences; one in Parquet format is made text, all of it in memory."""
    with open_input(table) as stream:
        if not holds_parquet(stream):
            yield stream
            return
        frame = read_parquet_from(table, stream)
        text = frame.to_csv(sep="\t", index=False, float_format="%.6f", quoting=csv.QUOTE_NONE)
        yield io.BufferedReader(io.BytesIO(text.encode()))


def _columns(table: str | Path, blocks: TsvBlocks) -> list[str]:
    names = blocks.names
    if missing := [name for name in COLUMNS if names.count(name) != 1]:
        raise InputError(
            f"{table}:1: expected a table of confidences with one column {missing[0]}, "
            f"found {quoted(' '.join(names))}"
        )
    return names


def _lines_of(lines: list[bytes], id_column: int, name: str) -> tuple[int, int]:
    """Return the first of the lines that have this id, and the end of them."""
    cell = [encode_text(name)]
    numbers = [
        number
        for number, line in enumerate(lines)
        if line.split(b"\t", id_column + 1)[id_column : id_column + 1] == cell
    ]
    return (numbers[0], numbers[-1] + 1) if numbers else (0, 0)


@plain_texts()
def _parse(
    table: str | Path, line: int, lines: list[bytes], names: list[str], extra: Sequence[str]
) -> pd.DataFrame:
    tabs, columns = len(names) - 1, [*COLUMNS, *extra]
    for row, text in enumerate(lines):
        if text.count(b"\t") != tabs or b"\0" in text or b"\r" in text[:-2]:
            raise InputError(
                f"{table}:{line + row}: expected {len(names)} columns of text, "
                f"found {quoted(decode_text(text).rstrip())}"
            )
    return pd.read_csv(
        io.BytesIO(b"".join(lines)),
        sep="\t",
        header=None,
        names=[name if name in columns else f"other {i}" for i, name in enumerate(names)],
        usecols=columns,
        dtype=dict.fromkeys([*_CATEGORIES, *extra], "category"),
        quoting=csv.QUOTE_NONE,
        na_filter=False,
        skip_blank_lines=False,
        encoding_errors="surrogateescape",
        low_memory=False,
    )


def _rows_by_protein(
    table: str | Path, line: int, frame: pd.DataFrame, extra: Sequence[str]
) -> Iterator[ConfidenceRows]:
    """Cut a block into runs of rows with one id."""
    ids = frame["id"].cat
    codes, names = ids.codes.to_numpy(), ids.categories.tolist()
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    columns = {name: _numbers(frame[name]) for name in ("position", "confidence")}
    columns |= {name: _coded(frame[name], _CODES) for name in ("residue", "second", "third")}
    columns["source"] = _coded(frame["source"], _SOURCES)
    texts = {column: np.asarray(frame[column], object) for column in extra}
    for start, end in zip(starts, [*starts[1:], len(frame)], strict=True):
        name = str(names[codes[start]])
        part = {column: values[start:end] for column, values in columns.items()}
        rest = {column: values[start:end] for column, values in texts.items()}
        yield ConfidenceRows(str(table), name, line + int(start), **part, extra=rest)


def _numbers(column: "pd.Series[Any]") -> np.ndarray:
    """Return a column as float64, NaN for what is no number."""
    try:
        return np.asarray(pd.to_numeric(column, errors="coerce"), np.float64)
    except (OverflowError, ValueError):  # for whole numbers beyond any float
        return np.array([_float(cell) for cell in column.tolist()])


def _float(cell: str | float) -> float:
    try:
        return float(cell)
    except (OverflowError, ValueError):
        return np.nan


def _coded(column: "pd.Series[Any]", codes: Mapping[str, int]) -> np.ndarray:
    """Return a column of categories as codes: 254 for an empty cell, 255 for anything else."""
    known = {**codes, "": _EMPTY}
    table = np.array([known.get(str(name), _INVALID) for name in column.cat.categories], np.uint8)
    coded: np.ndarray = table[column.cat.codes.to_numpy()]
    return coded


def check_rows(rows: ConfidenceRows, predicted: np.ndarray, last_position: int) -> int:
    """Check rows against the protein they belong to, and return their last position.

    `predicted` are the codes (length,) of the predicted protein; `last_position` is that of its
    rows so far, 0 at first. Raises InputError.
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
        np.diff(position, prepend=last_position) <= 0,
        lambda row: f"expected a position after the row before, found {position[row]:g}",
    )
    rows.check_residues(
        rows.source > 1, lambda row: "source: expected observed or predicted, found something else"
    )
    in_fasta = predicted[position.astype(np.int64) - 1]
    rows.check_residues(
        (rows.residue != in_fasta) & (in_fasta < UNKNOWN_CODE),
        lambda row: (
            f"expected {AMINO_ACIDS[in_fasta[row]]} as in the predicted FASTA, found "
            f"{dict(enumerate(AMINO_ACIDS)).get(rows.residue[row], 'no amino acid')}"
        ),
    )
    rows.check_residues(
        (rows.second == _INVALID) | (rows.third == _INVALID),
        lambda row: "second and third: expected amino acids or nothing, found something else",
    )
    return int(position[-1])
