"""A3M files of complexes, as `pair --paired-msa` and ColabFold write them."""

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from pepseq.errors import InputError, quoted
from pepseq.io.files import numbered_lines, open_input
from pepseq.sequences.residues import AMINO_ACIDS, UNKNOWN
from pepseq.structure.folding.complex_alignment import (
    AlignedRow,
    ComplexAlignment,
    has_residues,
    without_rows,
)
from pepseq.structure.folding.config import MAX_CHAINS

_MARK = re.compile(r"#(\d{1,6}(?:,\d{1,6})*)\t(\d{1,4}(?:,\d{1,4})*)")
_LOWER = re.compile("[a-z]+")
_TO_X = str.maketrans({**dict.fromkeys(UNKNOWN, "X"), ".": None, "*": None, " ": None, "\0": None})
_WRONG = re.compile(f"[^{AMINO_ACIDS}Xa-z-]")


class _Row(NamedTuple):
    line: int
    header: str
    sequence: str


def read_complex_a3m(path: str | Path) -> ComplexAlignment:
    r"""Return the alignment of a complex from an A3M, compressed or not.

    The first line is `#`, the lengths of the chains, a tab, and the copies of each, such as
    `#120,98\t1,1`; an A3M without it is that of one chain. The first row is the query without gaps.
    A row with residues in at least two chains is paired, as ColabFold takes it.

    Raises InputError naming the line: for a first line, a query or a row that does not fit.
    """
    with open_input(path) as stream:
        lines = (
            (number, line.decode("utf-8", "replace"))
            for number, line in numbered_lines(path, stream)
        )
        first = next(lines, None)
        if first is None:
            raise InputError(f"{path}:1: expected an A3M, found an empty file")
        mark = first[1].rstrip("\r\n")
        if mark.startswith("#") and mark != "#A3M#":
            lengths, copies = _read_mark(path, mark)
            rows = _rows(path, lines)
        else:
            lengths, copies = [], [1]
            rows = _rows(path, _with_first(first, lines))
        query = next(rows, None)
        if query is None:
            raise InputError(f"{path}: expected rows of an A3M, found none")
        lengths = lengths or [len(query.sequence)]
        return _alignment(path, lengths, copies, query, rows)


def _read_mark(path: str | Path, mark: str) -> tuple[list[int], list[int]]:
    """Return lengths and copies of the chains from the first line."""
    match = _MARK.fullmatch(mark)
    groups: tuple[str, ...] = match.groups() if match else ("0", "0")
    lengths, copies = ([int(number) for number in part.split(",")] for part in groups)
    if len(lengths) != len(copies) or 0 in lengths or 0 in copies:
        raise InputError(
            f"{path}:1: expected # with the lengths and copies of the chains, such as "
            f"#120,98<tab>1,1, found {quoted(mark)}"
        )
    if sum(copies) > MAX_CHAINS:
        raise InputError(f"{path}:1: expected at most {MAX_CHAINS} chains, found {sum(copies)}")
    return lengths, copies


def _with_first(
    first: tuple[int, str], lines: Iterable[tuple[int, str]]
) -> Iterator[tuple[int, str]]:
    yield first
    yield from lines


def _rows(path: str | Path, lines: Iterable[tuple[int, str]]) -> Iterator[_Row]:
    """Yield the rows, checked symbol by symbol; residues that are not known are X."""
    header = 0, ""
    parts: list[str] = []
    for number, line in lines:
        text = line.rstrip("\r\n")
        if text.startswith(">"):
            if header[0]:
                yield _row(path, *header, parts)
            header, parts = (number, text[1:]), []
        elif header[0]:
            parts.append(text)
        elif text.strip() and not text.startswith("#"):
            raise InputError(f"{path}:{number}: expected a row with >, found {quoted(text)}")
    if header[0]:
        yield _row(path, *header, parts)


def _row(path: str | Path, line: int, header: str, parts: list[str]) -> _Row:
    sequence = "".join(parts).translate(_TO_X)
    if wrong := _WRONG.search(sequence):
        raise InputError(
            f"{path}:{line}: {quoted(header)}: expected amino acids and gaps, found "
            f"{quoted(wrong[0])}"
        )
    return _Row(line, header.strip(), sequence)


def _alignment(
    path: str | Path, lengths: list[int], copies: list[int], query: _Row, rows: Iterator[_Row]
) -> ComplexAlignment:
    total = sum(lengths)
    if len(query.sequence) != total or not query.sequence.isupper() or "-" in query.sequence:
        raise InputError(
            f"{path}:{query.line}: expected the query in the first row, {total} residues without "
            f"gaps and lower case, found {len(query.sequence)} symbols"
        )
    ends = list(accumulate(lengths))
    chains = [query.sequence[end - size : end] for end, size in zip(ends, lengths, strict=True)]
    paired: list[AlignedRow] = []
    unpaired: list[list[tuple[str, str]]] = [[] for _ in chains]
    for row in rows:
        segments = _split(path, row, lengths)
        used = [place for place, segment in enumerate(segments) if has_residues(segment)]
        if segments == chains or (len(used) == 1 and segments[used[0]] == chains[used[0]]):
            continue
        if len(used) > 1:
            paired.append(AlignedRow(_names(row.header, len(chains)), tuple(segments)))
        elif used:
            unpaired[used[0]].append((row.header, segments[used[0]]))
    alone = without_rows(chains, copies)
    return ComplexAlignment(alone.chains, alone.copies, tuple(paired), tuple(map(tuple, unpaired)))


def _names(header: str, chains: int) -> tuple[str, ...]:
    """Return the name of each chain's protein, which tabs divide; the last name fills up."""
    names = header.split("\t")[:chains]
    return (*names, *names[-1:] * (chains - len(names)))


def _split(path: str | Path, row: _Row, lengths: list[int]) -> list[str]:
    """Return the part of a row that belongs to each chain; insertions stay with the column before.

    InputError if the row has another number of columns.
    """
    columns = len(row.sequence) - sum(map(len, _LOWER.findall(row.sequence)))
    if columns != sum(lengths):
        raise InputError(
            f"{path}:{row.line}: {quoted(row.header)}: expected a row of {sum(lengths)} columns, "
            f"found {columns}"
        )
    if columns == len(row.sequence):
        ends = list(accumulate(lengths))
        pairs = zip(ends, lengths, strict=True)
        return [row.sequence[end - size : end] for end, size in pairs]
    segments, start, count, place = [], 0, 0, 0
    for at, symbol in enumerate(row.sequence):
        if symbol.islower():
            continue
        if count == lengths[place]:
            segments.append(row.sequence[start:at])
            start, count, place = at, 0, place + 1
        count += 1
    return [*segments, row.sequence[start:]]
