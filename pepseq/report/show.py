"""One completed protein as lines for a terminal."""

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from pepseq.errors import InputError, printable
from pepseq.report.discover import find_tables
from pepseq.report.residues import Protein, read_ids, read_proteins, read_truth, unknown_id
from pepseq.report.sequence import BLOCK, band
from pepseq.structure.model_names import short_id

WIDEST = 6
"""Blocks of ten in a line at most."""
_COLOURS = {"o": "1", "c3": "", "c2": "38;5;110", "c1": "38;5;179", "c0": "38;5;173"}
"""What sets a residue's look (SGR codes) by its class, see `sequence.band`."""
_WRONG = "4"
_RESET = "\x1b[0m"
_TEMPLATES = 5


def show(
    name: str,
    results: Sequence[str | Path],
    *,
    truth: Sequence[str | Path] = (),
    coloured: bool = False,
    width: int = 80,
) -> Iterator[str]:
    """Yield lines that show the protein of this id, from each table that has it.

    `results` are tables that `predict` wrote with --table, or folders with such tables; `truth` are
    FASTA files. Three lines a row: positions and residues; for each residue the tenth of its
    confidence or `*` if it was read; and, where it is wrong, the true one. Lines of residues
    have at most `width` characters, if that is enough for a block of ten.

    `name` is an id of the tables, or one as file names have it (`short_id`) that fits one alone.
    Raises InputError, also for an id that no table has.
    """
    tables = find_tables(results)
    there = _read(tables, name)
    if not there:
        ids = list(dict.fromkeys(one for table in tables for one in read_ids(table)))
        alike = [one for one in ids if short_id(one) == name]
        if len(alike) != 1:
            raise unknown_id(name, ids, ", ".join(map(str, results)))
        name = alike[0]
        there = _read(tables, name)
    true = read_truth(list(truth)).get(name) if truth else None
    if truth and true is None:
        raise InputError(f"--truth: expected a protein of id {name}, found none")
    for table, protein in there:
        yield from lines_of(protein, true, table, coloured, width)


def _read(tables: Sequence[Path], name: str) -> list[tuple[Path, Protein]]:
    return [(table, protein) for table in tables for protein in read_proteins(table, name)]


def lines_of(
    protein: Protein, truth: str | None, table: Path, coloured: bool, width: int
) -> Iterator[str]:
    """Yield the lines of one protein."""
    known = protein.against(truth)
    length, hidden = len(protein.residues), protein.hidden
    mean = "" if protein.confidence is None else f", mean confidence {protein.confidence:.4f}"
    yield f"{printable(protein.id)}  ({printable(str(table))})"
    yield f"{length} residues, {length - hidden} read (*), {hidden} predicted{mean}"
    if truth is not None and known.truth is None:
        yield f"the truth has {len(truth)} residues, so nothing is compared"
    elif right := known.right:
        share = f" ({100 * right[0] / right[1]:.2f} %)" if right[1] else ""
        yield f"{right[0]} of {right[1]} predicted residues are right{share}"
    yield from _templates(protein)
    yield ""
    margin = len(str(length)) + 2
    blocks = max(1, min(WIDEST, (width - margin + 1) // (BLOCK + 1)))
    for start in range(0, length, blocks * BLOCK):
        yield from _row(known, start, min(start + blocks * BLOCK, length), margin, coloured)
    below = "; then the true one where it is wrong" if known.truth else ""
    words = f"Below each residue: the tenth of its confidence (9: 0.9 or more), * if read{below}."
    yield "\n".join(textwrap.wrap(words, max(width, BLOCK + margin)))


def _templates(protein: Protein) -> Iterator[str]:
    for one in protein.templates[:_TEMPLATES]:
        places = f"between {one.first} and {one.last}"
        yield f"{one.residues} predicted residues taken from {printable(one.template)}, {places}"
    others = protein.templates[_TEMPLATES:]
    if others:
        yield f"{sum(one.residues for one in others)} from {len(others)} more templates"
    rest = protein.hidden - sum(one.residues for one in protein.templates)
    if rest:
        yield f"{rest} predicted residues taken from no template (all weights are below 0.5)"


def _row(protein: Protein, start: int, stop: int, margin: int, coloured: bool) -> Iterator[str]:
    """Yield the two or three lines of residues from `start` to before `stop`."""
    places = range(start, stop)
    wrong = {at for at in protein.wrong if at in places} if protein.truth else set()
    residues = [_painted(protein, at, at in wrong, coloured) for at in places]
    yield f"{start + 1:>{margin - 2}}  {_spaced(residues)}"
    empty = " " * margin
    yield empty + _spaced(protein.digits[start:stop])
    if wrong:
        true = [protein.truth[at] if at in wrong else " " for at in places]
        yield (empty + _spaced(true)).rstrip()
    yield ""


def _painted(protein: Protein, at: int, wrong: bool, coloured: bool) -> str:
    residue, digit = protein.residues[at], protein.digits[at]
    codes = [_COLOURS[band(digit)], _WRONG if wrong else ""]
    code = ";".join(code for code in codes if code)
    return f"\x1b[{code}m{residue}{_RESET}" if coloured and code else residue


def _spaced(symbols: Sequence[str]) -> str:
    blocks = ["".join(symbols[i : i + BLOCK]) for i in range(0, len(symbols), BLOCK)]
    return " ".join(blocks)
