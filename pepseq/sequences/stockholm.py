"""Alignments in Stockholm format, as Pfam and HMMER write them, with the line of each row.

Biopython reads the format too, but takes an id that comes twice for more of the same row and names
neither line nor row when something is wrong.
"""

from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from pepseq.errors import InputError, found
from pepseq.io.files import decode_text, numbered_lines

STOCKHOLM = b"# STOCKHOLM"
_SPECIES, _DESCRIPTION = b"OS", b"DE"


def stockholm_records(
    path: str | Path, stream: BufferedReader, first: int
) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield (line, id with description and species, row) of the alignment in a stream.

    The stream is at the line after the first one, whose number is `first`. A `#=GS` description
    and species (`OS=`) are put behind the id as in a UniProt header. A row may be cut into blocks,
    which blank lines divide; an id that comes twice in one block yields two records.

    Raises InputError for lines that are no rows, an end that is missing, a second alignment.
    """
    rows: dict[tuple[bytes, int], tuple[int, list[bytes]]] = {}
    notes: dict[bytes, list[bytes]] = {}
    in_block: dict[bytes, int] = {}
    ended = False
    for number, line in numbered_lines(path, stream, first + 1):
        words = line.split()
        if not words or line.startswith(b"#"):
            in_block = in_block if words else {}
            if words[:1] == [b"#=GS"] and words[2:3] in ([_SPECIES], [_DESCRIPTION]):
                text = b" ".join(words[3:])
                notes.setdefault(words[1], []).append(
                    b"OS=" + text if words[2] == _SPECIES else text
                )
            if not ended or not line.startswith(STOCKHOLM):
                continue
        if ended:
            raise InputError(f"{path}:{number}: expected one alignment, found more after its end")
        if words == [b"//"]:
            ended = True
        elif len(words) == 2:
            copy = in_block[words[0]] = in_block.get(words[0], -1) + 1
            rows.setdefault((words[0], copy), (number, []))[1].append(words[1])
        else:
            shown = found(decode_text(line).strip())
            raise InputError(f"{path}:{number}: expected an id and a row, found {shown}")
    if not ended:
        raise InputError(f"{path}: expected // at the end of the alignment, found none: cut short?")
    for (name, _), (number, parts) in rows.items():
        yield number, b" ".join([name, *notes.get(name, ())]), b"".join(parts)
