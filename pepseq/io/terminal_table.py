"""Tables for a terminal: aligned, as many columns as its width has room for."""

import shutil
import sys
from collections.abc import Sequence

MAX_CELL = 40
"""Longer cells of a result are cut, with … at the end."""
_GAP = "  "
_WIDE = 24


def is_terminal() -> bool:
    """Return whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def format_for_terminal(
    rows: Sequence[Sequence[object]], width: int | None = None
) -> tuple[str, list[str]]:
    r"""Return rows, the header first, as aligned lines, and the columns that have no room.

    `width`: characters of a line, by default those of the terminal. The first column always has
    room; wide ones, such as paths, are left out first, then the last ones.

    >>> format_for_terminal([("name", "proteins", "source"), ("ecoli", 4300, "x.fasta")], 16)
    ('name   proteins\necoli  4300\n', ['source'])
    """
    width = shutil.get_terminal_size().columns if width is None else width
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    shown = list(range(len(widths)))
    while len(shown) > 1 and sum(widths[c] + len(_GAP) for c in shown) - len(_GAP) > width:
        wide = [c for c in shown[1:] if widths[c] > _WIDE]
        shown.remove(wide[-1] if wide else shown[-1])
    lines = [_GAP.join(row[c].ljust(widths[c]) for c in shown).rstrip() + "\n" for row in texts]
    return "".join(lines), [str(rows[0][c]) for c in range(len(widths)) if c not in shown]


def format_tsv_for_terminal(content: bytes) -> tuple[str, list[str]]:
    """Return `format_for_terminal` of a table that is written as TSV, or other text as it is."""
    text = content.decode("utf-8", "replace")
    rows = [line.split("\t") for line in text.splitlines()]
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        return text, []
    return format_for_terminal([[_shortened(cell) for cell in row] for row in rows])


def _shortened(cell: str) -> str:
    return cell if len(cell) <= MAX_CELL else cell[: MAX_CELL - 1] + "…"
