"""Distinct dye sequences of a sample, counted: from a file in blocks, or from memory."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np

from pepseq.errors import InputError, quoted
from pepseq.fluorosequencing.dye_codes import dye_codes, max_cycles
from pepseq.io.failures import FailedRecord, no_usable_record
from pepseq.io.files import MAX_LINE_BYTES, decode_text, encode_text, open_input
from pepseq.kernels import read_only
from pepseq.quantification.distinct import sum_counts
from pepseq.quantification.dye_lines import LINE_END, parse_usual_lines
from pepseq.readout.dye_sequences import (
    MAX_COUNT,
    UNLABELLED,
    check_channels,
    check_row_count,
    parse_line,
    read_header,
)
from pepseq.readout.readout import Readout
from pepseq.sequences.sequence_records import check_several

log = logging.getLogger(__name__)
_BLOCK_BYTES = 1 << 24


@dataclass(frozen=True)
class DyeCounts:
    """Distinct dye sequences as codes of so many `cycles` (see `dye_codes`), sorted, and counts.

    Both arrays are int64 of shape (distinct,).
    """

    codes: np.ndarray
    counts: np.ndarray
    cycles: int


@dataclass(frozen=True)
class DyeLimits:
    """What reads may hold: the labels of channels, which of them the reference has, and cycles."""

    readout: Readout
    is_given: np.ndarray
    cycles: int | None

    @property
    def channels(self) -> int:
        """The number of channels."""
        return len(self.readout.labels)

    @property
    def max_symbols(self) -> int:
        """The largest number of symbols of a read."""
        return self.cycles or max_cycles(self.channels)

    def fault(self, dyes: str) -> str:
        """Return why a dye sequence cannot be used, empty if it can."""
        dyes = dyes.rstrip(UNLABELLED)
        if not dyes:
            return "expected a dye sequence with a label, found none"
        for channel, label in enumerate(self.readout.labels):
            if not self.is_given[channel] and str(channel) in dyes:
                return f"channel {channel}: no peptide of the reference has the label {label}"
        if len(dyes) > self.max_symbols:
            limit = "cycles" if self.cycles else f"that codes of {self.channels} labels can hold"
            return f"{len(dyes)} symbols are more than the {self.max_symbols} {limit}"
        return ""


def read_dye_counts(path: str | Path, limits: DyeLimits, bad: list[FailedRecord]) -> DyeCounts:
    """Return the dye sequences of a file as whatprot's, `-` is standard input.

    Equal ones are merged. Bad lines are added to `bad`. Raises InputError for a file with other
    channels, one that is cut short, and one without a usable line.
    """
    check_channels(limits.readout)
    with open_input(path) as stream:
        line, expected = read_header(path, stream, limits.readout)
        return _read_rows(path, stream, line, expected, limits, bad)


def dye_counts_in_memory(
    reads: Any, limits: DyeLimits, bad: list[FailedRecord], source: str = "reads"
) -> DyeCounts:
    """Return the dye sequences of a list of texts, of a mapping of texts to counts, or of a table.

    The DataFrame has the column sequence and may have count. Raises InputError.
    """
    check_channels(limits.readout)
    rows = [
        f"{text}\t{count}\t{place}\n"
        for place, (text, count) in enumerate(_texts_and_counts(reads, source), 1)
    ]
    if not rows:
        raise InputError(f"{source}: expected reads, found none")
    stream = BytesIO(encode_text("".join(rows)))
    return _read_rows(source, stream, 0, len(rows), limits, bad)


def _texts_and_counts(reads: Any, source: str) -> Iterator[tuple[str, str]]:
    check_several(reads, source)
    pairs: Any
    if hasattr(reads, "columns"):
        if "sequence" not in reads.columns:
            raise InputError(f"{source}: the DataFrame has no column sequence")
        counts = reads["count"] if "count" in reads.columns else [1] * len(reads)
        pairs = zip(reads["sequence"], counts, strict=True)
    else:
        pairs = reads.items() if isinstance(reads, Mapping) else ((text, 1) for text in reads)
    for place, (text, count) in enumerate(pairs, 1):
        if not isinstance(text, str) or not text.isprintable():
            raise InputError(
                f"{source}:{place}: expected a dye sequence, found {quoted(repr(text))}"
            )
        number = count.item() if hasattr(count, "item") else count
        if isinstance(number, float) and number.is_integer():
            number = int(number)  # whole numbers beside a missing value are floats in DataFrames
        yield text, " ".join(str(number).split())


def _read_rows(
    path: str | Path,
    stream: IO[bytes],
    line: int,
    expected: int,
    limits: DyeLimits,
    bad: list[FailedRecord],
) -> DyeCounts:
    """Return the counts of the lines after line `line`."""
    capacity = max_cycles(limits.channels)
    codes, counts = np.zeros((2, 0), np.int64)
    rows, longest, pending, total = 0, 1, 0, 0.0
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    for block in _blocks(path, stream):
        found = _parse_block(block, line, capacity, limits)
        rows += found.rows + len(found.odd)
        parts.append((found.codes, found.counts))
        pending += len(found.codes)
        longest = max(longest, found.longest)
        odd_rows, length = _parse_odd(found.odd, limits, str(path), bad)
        rows -= sum(row is None for row in odd_rows)
        good = [row for row in odd_rows if row]
        if good:
            parts.append((np.array([c for c, _ in good]), np.array([n for _, n in good])))
            longest = max(longest, length)
        line = found.line
        total += found.counts.sum(dtype=float) + sum(float(n) for _, n in good)
        if total > MAX_COUNT:
            raise InputError(f"{path}:{line}: the counts add up to more than {MAX_COUNT:,} reads")
        if rows > expected:
            raise InputError(
                f"{path}:{line}: expected {expected} dye sequences as line 2 says, found more"
            )
        if pending > len(codes):  # so that merging takes time in proportion to the reads
            codes, counts = sum_counts([(codes, counts), *parts])
            parts, pending = [], 0
    check_row_count(f"{path}:{line}", rows, expected)
    codes, counts = sum_counts([(codes, counts), *parts])
    if not len(codes):
        raise no_usable_record(bad)
    cycles = limits.cycles or longest
    return DyeCounts(codes // (limits.channels + 1) ** (capacity - cycles), counts, cycles)


def _blocks(path: str | Path, stream: IO[bytes]) -> Iterator[bytes]:
    """Yield whole lines, about _BLOCK_BYTES at a time; the last one ends with a line end too."""
    rest = b""
    while block := stream.read(_BLOCK_BYTES):
        block = rest + block
        end = block.rfind(b"\n") + 1
        rest = block[end:]
        if len(rest) > MAX_LINE_BYTES:
            raise InputError(f"{path}: a line is longer than {MAX_LINE_BYTES:,} bytes")
        if end:
            yield block[:end]
    if rest:
        yield rest + b"\n"


@dataclass(frozen=True)
class _Block:
    """Codes and counts of the usual lines of a block, and (line, content) of the odd ones.

    `rows`: number of usual lines; `longest`: most symbols; `line`: number of the last line.
    """

    codes: np.ndarray
    counts: np.ndarray
    odd: list[tuple[int, bytes]]
    rows: int
    longest: int
    line: int


def _parse_block(block: bytes, line: int, capacity: int, limits: DyeLimits) -> _Block:
    lines = block.count(b"\n")
    codes, counts, odd = np.empty((3, lines), np.int64)
    content = read_only(np.frombuffer(block, np.uint8))
    is_given = np.asarray(limits.is_given, bool)
    usual, n_odd, longest = parse_usual_lines(
        content, capacity, limits.max_symbols, is_given, codes, counts, odd
    )
    odd_lines = []
    if n_odd:
        ends = np.flatnonzero(content == LINE_END)
        for start in odd[:n_odd].tolist():
            number = int(np.searchsorted(ends, start))
            odd_lines.append((line + number + 1, block[start : ends[number]]))
    return _Block(codes[:usual], counts[:usual], odd_lines, usual, longest, line + lines)


def _parse_odd(
    odd: list[tuple[int, bytes]], limits: DyeLimits, source: str, bad: list[FailedRecord]
) -> tuple[list[tuple[int, int] | tuple[()] | None], int]:
    """Return code and count of each odd line, () of a bad one and None of an empty one.

    The second value is the most symbols of the good ones.
    """
    symbols = {ord(UNLABELLED): UNLABELLED}
    symbols |= {ord(str(n)): str(n) for n in range(limits.channels)}
    rows: list[tuple[int, int] | tuple[()] | None] = []
    longest, capacity = 0, max_cycles(limits.channels)
    for line, content in odd:
        text = decode_text(content.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n"))
        if not text.strip():
            rows.append(None)
            continue
        record, reason = parse_line(line, text, symbols)
        reason = reason or limits.fault(record.sequence)
        if reason:
            bad.append(FailedRecord(source, line, record.id, reason))
            rows.append(())
            continue
        dyes = record.sequence.rstrip(UNLABELLED)
        longest = max(longest, len(dyes))
        code = int(dye_codes(np.array([dyes.encode()]), limits.channels, capacity)[0])
        rows.append((code, record.count))
    return rows, longest
