"""Alignments in Stockholm format, as Pfam and HMMER write them, with the line of each row.

Biopython reads the format too, but joins rows with the same id, and its errors name neither line
nor row.
"""

from collections.abc import Iterator
from pathlib import Path

from pepseq.errors import InputError, quoted
from pepseq.io.files import LineSource, decode_text, numbered_lines

STOCKHOLM = b"# STOCKHOLM"
_SPECIES, _DESCRIPTION = b"OS", b"DE"


def stockholm_rows(
    path: str | Path, lines: LineSource[bytes], first: int
) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield (line, id with description and species, row) of the alignment in a stream.

    The stream is behind the alignment's first line, whose number is `first`. Description and
    species (`OS=`) are those of `#=GS` lines, put behind the id as in a UniProt header. A row may
    be cut into blocks, separated by blank lines; an id that occurs twice in a block has two rows.

    Raises InputError for a line that is not a row, a missing end, and a second alignment.
    """
    rows: dict[tuple[bytes, int], tuple[int, list[bytes]]] = {}
    annotations: dict[bytes, list[bytes]] = {}
    copies_in_block: dict[bytes, int] = {}
    ended = False
    for number, line in numbered_lines(path, lines, first + 1):
        words = line.split()
        if not words or line.startswith(b"#"):
            copies_in_block = copies_in_block if words else {}
            if words[:1] == [b"#=GS"] and words[2:3] in ([_SPECIES], [_DESCRIPTION]):
                text = b" ".join(words[3:])
                annotations.setdefault(words[1], []).append(
                    b"OS=" + text if words[2] == _SPECIES else text
                )
            if not ended or not line.startswith(STOCKHOLM):
                continue
        if ended:
            raise InputError(f"{path}:{number}: expected one alignment, found more after its end")
        if words == [b"//"]:
            ended = True
        elif len(words) == 2:
            name, residues = words
            copy = copies_in_block[name] = copies_in_block.get(name, -1) + 1
            rows.setdefault((name, copy), (number, []))[1].append(residues)
        else:
            line_text = quoted(decode_text(line).strip())
            raise InputError(f"{path}:{number}: expected an id and a row, found {line_text}")
    if not ended:
        raise InputError(f"{path}: the alignment has no end (//); the file may be cut short")
    for (name, _), (number, parts) in rows.items():
        yield number, b" ".join([name, *annotations.get(name, ())]), b"".join(parts)
