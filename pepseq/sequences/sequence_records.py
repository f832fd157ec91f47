"""Sequences in memory as records: texts, Biopython's SeqRecords, and pandas DataFrames."""

import os
from collections.abc import Iterable, Iterator, Mapping
from io import IOBase
from numbers import Real
from typing import Any

from pepseq.errors import InputError, quoted
from pepseq.io.failures import FailedRecord
from pepseq.io.files import encode_text
from pepseq.sequences.fasta import Record, new_parser
from pepseq.sequences.raw_records import RawRecord

Sequences = Mapping[str, Any] | Iterable[Any]
"""Sequences in memory, as `sequence_records` takes them."""


def sequence_records(
    sequences: Sequences,
    source: str = "sequences",
    *,
    reads: bool = False,
    groups: dict[str, str] | None = None,
    rows: bool = False,
) -> list[Record]:
    """Return the records of sequences in memory, cleaned and checked as `read_fasta` does.

    `sequences` is one of: a mapping of ids to sequences; a pandas DataFrame with columns `id` and
    `sequence`; a list of Biopython SeqRecords, or of other objects with an `id` and a `sequence`; a
    list of (id, sequence) pairs; a list of sequences, whose ids are 1, 2, 3 and so on. A sequence
    is a text or a Biopython Seq. `reads`, `groups` and `rows` are those of `read_fasta`; the line
    of a record is its place, from 1.

    Raises InputError, in which `source` names the argument, for a sequence that is not a protein
    (or read), an id that occurs twice, and a DataFrame without these columns.

    >>> sequence_records({"P1": "MKV"})
    [Record(id='P1', description='', sequence='MKV', line=1)]
    >>> [(record.id, record.sequence) for record in sequence_records(["mkv*", "MKL"])]
    [('1', 'MKV'), ('2', 'MKL')]
    """
    parser, records = new_parser(reads=reads, rows=rows, groups=groups), []
    for place, (header, sequence) in enumerate(_headers_and_sequences(sequences, source), 1):
        try:
            raw = RawRecord(place, encode_text(header), encode_text(sequence))
        except UnicodeEncodeError as error:
            raise InputError(
                f"{source}: id or sequence {place} has a character that is no text: "
                f"{quoted(repr(error.object[error.start]))}"
            ) from error
        record, fault = parser.parse(raw)
        if fault:
            raise InputError(str(FailedRecord(source, place, record.id, fault)))
        records.append(record)
    return records


def check_several(sequences: object, source: str) -> None:
    """Raise InputError unless the argument is a list, a dict, a DataFrame or the like.

    A set has no order, and the letters of a text or the lines of an open file are not sequences.
    """
    kind = type(sequences).__name__
    if _is_text(sequences) or isinstance(sequences, bytes | bytearray | os.PathLike):
        raise InputError(
            f"{source}: expected several sequences, found one {kind}; put it in a list"
        )
    if (
        isinstance(sequences, set | frozenset | IOBase)
        or not isinstance(sequences, Iterable)
        or getattr(sequences, "shape", None) == ()
    ):
        raise InputError(
            f"{source}: expected a list, a dict or a DataFrame of sequences, found {kind}"
        )


def _headers_and_sequences(sequences: Sequences, source: str) -> Iterator[tuple[str, str]]:
    check_several(sequences, source)
    for place, (header, sequence) in enumerate(_pairs(sequences, source), 1):
        if not _is_header(header):
            raise InputError(f"{source}: id {place} is no text: found {quoted(repr(header))}")
        try:
            text = str(sequence) if _is_text(sequence) else None
        except (TypeError, ValueError):  # of a Seq without letters
            text = None
        if text is None:
            raise InputError(
                f"{source}: sequence {place} is no text: found {quoted(repr(sequence))}"
            )
        yield str(header), text


def _is_text(value: object) -> bool:
    """Return whether this is a text, also one of numpy or Biopython, no subclass of str."""
    return hasattr(value, "upper") and not isinstance(value, bytes | bytearray)


def _is_header(value: object) -> bool:
    """Return whether this is an id: a text or a number of one line, not a missing value."""
    is_number = isinstance(value, Real) and value == value
    return is_number or (_is_text(value) and not {"\n", "\r"} & set(str(value)))


def _pairs(sequences: Sequences, source: str) -> Iterator[tuple[Any, Any]]:
    """Yield header and sequence of each, as they are given."""
    if hasattr(sequences, "columns"):
        yield from _rows_of_frame(sequences, source)
    elif isinstance(sequences, Mapping):
        for header, item in sequences.items():
            yield header, _sequence_of(item)
    else:
        for place, item in enumerate(sequences, 1):
            if hasattr(item, "seq"):
                description = str(getattr(item, "description", ""))
                has_id = description.startswith(str(item.id))
                yield description if has_id else item.id, item.seq
            elif hasattr(item, "sequence"):
                yield item.id, item.sequence
            elif isinstance(item, tuple) and len(item) == 2:
                yield item[0], _sequence_of(item[1])
            else:
                yield place, item


def _sequence_of(item: Any) -> Any:
    """Return the sequence of a SeqRecord, or of another object with one; a text unchanged."""
    return getattr(item, "seq", getattr(item, "sequence", item))


def _rows_of_frame(frame: Any, source: str) -> Iterator[tuple[Any, Any]]:
    for column in ("id", "sequence"):
        if list(frame.columns).count(column) != 1:
            raise InputError(
                f"{source}: expected a DataFrame with the columns id and sequence, once each, "
                f"found the columns {', '.join(map(str, frame.columns))}"
            )
    for header, item in zip(frame["id"], frame["sequence"], strict=True):
        yield header, _sequence_of(item)
