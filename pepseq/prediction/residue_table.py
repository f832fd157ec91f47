"""The table of predict: a row for each residue, as text and as a DataFrame."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pepseq.io.dataframes import plain_texts
from pepseq.io.files import decode_text, encode_text
from pepseq.prediction.reconstruction import Reconstruction
from pepseq.prediction.residue_columns import DECIMALS, EMPTY, ResidueColumns, residue_columns

if TYPE_CHECKING:
    import pandas as pd

TABLE_COLUMNS = (
    "id",
    "position",
    "residue",
    "source",
    "confidence",
    "second",
    "second_confidence",
    "third",
    "third_confidence",
    "templates",
    "template_weight",
    "agreement",
    "flag",
)
TABLE_HEADER = ("\t".join(TABLE_COLUMNS) + "\n").encode()
SOURCES = ("observed", "predicted")
FLAGS = ("", "misread?")
_ZERO, _DOT = ord("0"), ord(".")

_Cells = tuple[np.ndarray, np.ndarray]
"""Bytes of some cells of each row, (rows, width), uint8, and which of them are written, bool."""


def table_rows(reconstruction: Reconstruction) -> Iterator[str]:
    """Yield the rows of a protein, one for each residue, as texts of many rows at a time."""
    identifier = encode_text(reconstruction.id)
    for columns in residue_columns(reconstruction):
        yield decode_text(_format(identifier, columns))


@plain_texts()
def to_dataframe(reconstructions: Iterable[Reconstruction]) -> "pd.DataFrame":
    """Return the table of several proteins, with TABLE_COLUMNS; numbers as the file has them."""
    import pandas as pd

    parts: list[list[np.ndarray]] = [
        table_arrays(protein.id, columns)
        for protein in reconstructions
        for columns in residue_columns(protein)
    ]
    if not parts:
        return pd.DataFrame(columns=list(TABLE_COLUMNS))
    arrays = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return pd.DataFrame(dict(zip(TABLE_COLUMNS, arrays, strict=True)))


def table_arrays(identifier: str, columns: ResidueColumns) -> list[np.ndarray]:
    """Return the cells of TABLE_COLUMNS: numbers, NaN where there is none, and texts as objects."""
    number = len(columns.position)
    letters = np.array(["", *map(chr, range(1, 128))], object)
    shown = letters[np.where(columns.confidences == EMPTY, 0, columns.letters)]
    best, second, third = _numbers(columns.confidences).T
    return [
        np.full(number, identifier, object),
        columns.position,
        shown[:, 0],
        np.array(SOURCES, object)[columns.is_predicted.astype(int)],
        best,
        shown[:, 1],
        second,
        shown[:, 2],
        third,
        np.array(columns.templates, object)[columns.template],
        _numbers(columns.weight),
        _numbers(columns.agreement),
        np.array(FLAGS, object)[columns.is_doubted.astype(int)],
    ]


def _numbers(values: np.ndarray) -> np.ndarray:
    """Return millionths as float64."""
    return np.where(values == EMPTY, np.nan, values / 10**DECIMALS)


def _format(identifier: bytes, columns: ResidueColumns) -> bytes:
    """Return rows: all cells are laid out in one matrix, and the written bytes taken from it."""
    number = len(columns.position)
    tab, letters = _text(b"\t", number), columns.letters
    is_shown = columns.confidences != EMPTY
    cells = [
        _text(identifier + b"\t", number),
        _whole_numbers(columns.position),
        tab,
        (letters[:, :1], is_shown[:, :1]),
        _choose([f"\t{source}\t".encode() for source in SOURCES], columns.is_predicted),
        _decimals(columns.confidences[:, 0]),
    ]
    for k in (1, 2):
        cells += [tab, (letters[:, k : k + 1], is_shown[:, k : k + 1]), tab]
        cells += [_decimals(columns.confidences[:, k])]
    templates = [encode_text(f"\t{ids}\t") for ids in columns.templates]
    cells += [_choose(templates, columns.template), _decimals(columns.weight), tab]
    cells += [_decimals(columns.agreement)]
    cells += [_choose([f"\t{flag}\n".encode() for flag in FLAGS], columns.is_doubted)]
    matrix = np.concatenate([content for content, _ in cells], axis=1)
    is_written = np.concatenate([written for _, written in cells], axis=1)
    return matrix[is_written].tobytes()


def _text(text: bytes, number: int) -> _Cells:
    """Return the same text in each row."""
    return _choose([text], np.zeros(number, np.int64))


def _choose(texts: Sequence[bytes], index: np.ndarray) -> _Cells:
    """Return one of the texts in each row."""
    lengths = np.array([len(text) for text in texts])
    width = int(lengths.max())
    content = np.frombuffer(b"".join(text.ljust(width) for text in texts), np.uint8)
    rows = index.astype(np.int64)
    return content.reshape(len(texts), width)[rows], np.arange(width) < lengths[rows, None]


def _whole_numbers(values: np.ndarray) -> _Cells:
    """Return positive whole numbers in decimal digits."""
    powers = 10 ** np.arange(len(str(int(values.max()))) - 1, -1, -1)
    digits = values[:, None] // powers % 10 + _ZERO
    return digits.astype(np.uint8), values[:, None] >= powers


def _decimals(values: np.ndarray) -> _Cells:
    """Return millionths with DECIMALS decimals, nothing where there is no number."""
    content = np.full((len(values), DECIMALS + 2), _DOT, np.uint8)
    powers = (10 ** np.arange(DECIMALS, -1, -1)).astype(np.uint32)
    digits = np.maximum(values, 0).astype(np.uint32)[:, None] // powers % 10 + _ZERO
    content[:, 0], content[:, 2:] = digits[:, 0], digits[:, 1:]
    return content, np.broadcast_to((values != EMPTY)[:, None], content.shape)
