"""Sequences in memory as records: texts, Biopython's SeqRecords, and pandas DataFrames."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pepseq.errors import InputError, found
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

    Raises InputError, in which `source` names the argument, for a sequence that is no protein (or
    read), an id that occurs twice, and a DataFrame without these columns.

    >>> sequence_records({"P1": "MKV"})
    [Record(id='P1', description='', sequence='MKV', line=1)]
    >>> [(record.id, record.sequence) for record in sequence_records(["mkv*", "MKL"])]
    [('1', 'MKV'), ('2', 'MKL')]
    """
    parser, records = new_parser(reads=reads, rows=rows, groups=groups), []
    for place, (header, sequence) in enumerate(_headers_and_sequences(sequences, source), 1):
        raw = RawRecord(place, encode_text(header), encode_text(sequence))
        record, fault = parser.parse(raw)
        if fault:
            raise InputError(str(FailedRecord(source, place, record.id, fault)))
        records.append(record)
    return records


def _headers_and_sequences(sequences: Sequences, source: str) -> Iterator[tuple[str, str]]:
    if isinstance(sequences, str | bytes):
        raise InputError(f"{source}: expected several sequences, found one text; put it in a list")
    if not isinstance(sequences, Iterable):
        raise InputError(
            f"{source}: expected a list, a dict or a DataFrame of sequences, found "
            f"{type(sequences).__name__}"
        )
    for place, (header, sequence) in enumerate(_pairs(sequences, source), 1):
        # str, and numpy's and Biopython's texts, which are no subclasses of it
        if isinstance(sequence, bytes) or not hasattr(sequence, "upper"):
            raise InputError(
                f"{source}: sequence {place} is no text: found {found(repr(sequence))}"
            )
        yield str(header), str(sequence)


def _pairs(sequences: Sequences, source: str) -> Iterator[tuple[Any, Any]]:
    """Yield header and sequence of each, as they are given."""
    if hasattr(sequences, "columns"):
        yield from _rows_of_frame(sequences, source)
    elif isinstance(sequences, Mapping):
        yield from sequences.items()
    else:
        for place, item in enumerate(sequences, 1):
            if hasattr(item, "seq"):
                description = str(getattr(item, "description", ""))
                yield description if description.startswith(item.id) else item.id, item.seq
            elif hasattr(item, "sequence"):
                yield item.id, item.sequence
            elif isinstance(item, tuple) and len(item) == 2:
                yield item
            else:
                yield place, item


def _rows_of_frame(frame: Any, source: str) -> Iterator[tuple[Any, Any]]:
    for column in ("id", "sequence"):
        if column not in frame.columns:
            raise InputError(
                f"{source}: expected a DataFrame with the columns id and sequence, found the "
                f"columns {', '.join(map(str, frame.columns))}"
            )
    yield from zip(frame["id"], frame["sequence"], strict=True)
