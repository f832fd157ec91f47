"""One predicted protein as lines for a terminal."""

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from pepseq.errors import InputError, printable
from pepseq.reporting.discovery import find_tables
from pepseq.reporting.predicted_proteins import (
    BLOCK,
    Block,
    PredictedProtein,
    read_ids,
    read_proteins,
    read_truth,
    unknown_id,
)
from pepseq.structure.model_names import short_id

_MAX_BLOCKS = 6
"""Blocks of ten in a line at most."""
_SGR_CODES = {"o": "1", "c3": "", "c2": "38;5;110", "c1": "38;5;179", "c0": "38;5;173", "w": "4"}
"""Codes that set a residue's look by its classes: see `Block`."""
_MAX_TEMPLATES = 5


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
    confidence or `*` if it is observed; and the true residue below each wrong one. Lines of
    residues have at most `width` characters, if that is enough for a block of ten.

    `name` is an id of the tables, or one as file names have it (`short_id`) that fits one alone.
    Raises InputError, also for an id that no table has.
    """
    tables = find_tables(results)
    proteins = _read(tables, name)
    if not proteins:
        ids = list(dict.fromkeys(id for table in tables for id in read_ids(table)))
        alike = [id for id in ids if short_id(id) == name]
        if len(alike) != 1:
            raise unknown_id(name, ids, ", ".join(map(str, results)))
        name = alike[0]
        proteins = _read(tables, name)
    true = read_truth(list(truth)).get(name) if truth else None
    if truth and true is None:
        raise InputError(f"--truth: there is no protein of id {name}")
    for table, protein in proteins:
        yield f"{printable(protein.id)}  ({printable(str(table))})"
        yield from _lines(protein, true, coloured, width)


def _read(tables: Sequence[Path], name: str) -> list[tuple[Path, PredictedProtein]]:
    return [(table, protein) for table in tables for protein in read_proteins(table, name)]


def _lines(
    protein: PredictedProtein, truth: str | None, coloured: bool, width: int
) -> Iterator[str]:
    """Yield the numbers of one protein, and its residues in rows."""
    compared = protein.against(truth)
    length, hidden = len(protein.residues), protein.hidden
    mean = "" if protein.confidence is None else f", mean confidence {protein.confidence:.4f}"
    yield f"{length} residues, {length - hidden} observed (*), {hidden} predicted{mean}"
    if truth is not None and compared.truth is None:
        yield f"the truth has {len(truth)} residues, so nothing is compared"
    elif correct := compared.correct:
        share = f" ({100 * correct[0] / correct[1]:.2f} %)" if correct[1] else ""
        yield f"{correct[0]} of {correct[1]} predicted residues are correct{share}"
    yield from _templates(protein)
    yield ""
    margin = len(str(length)) + 2
    blocks_per_row = max(1, min(_MAX_BLOCKS, (width - margin + 1) // (BLOCK + 1)))
    blocks = list(compared.blocks())
    for start in range(0, len(blocks), blocks_per_row):
        yield from _row(blocks[start : start + blocks_per_row], margin, coloured)
    below = "; then the true residue where it is wrong" if compared.truth else ""
    words = (
        f"Below each residue: the tenth of its confidence (9: 0.9 or more), * if observed{below}."
    )
    yield "\n".join(textwrap.wrap(words, max(width, BLOCK + margin)))


def _templates(protein: PredictedProtein) -> Iterator[str]:
    for share in protein.templates[:_MAX_TEMPLATES]:
        places = f"between {share.first} and {share.last}"
        template = printable(share.template)
        yield f"{share.residues} predicted residues taken from {template}, {places}"
    if rest := protein.templates[_MAX_TEMPLATES:]:
        yield f"{sum(share.residues for share in rest)} from {len(rest)} more templates"
    if predicted := protein.hidden - sum(share.residues for share in protein.templates):
        yield f"{predicted} predicted residues taken from no template (all weights are below 0.5)"


def _row(blocks: Sequence[Block], margin: int, coloured: bool) -> Iterator[str]:
    """Yield the two or three lines of some blocks, and an empty one."""
    residues = [
        "".join(_painted(kind, r, coloured) for kind, stretch in block.stretches for r in stretch)
        for block in blocks
    ]
    yield f"{blocks[0].start:>{margin - 2}}  {' '.join(residues)}"
    yield " " * margin + " ".join(block.digits for block in blocks)
    if any(block.truth for block in blocks):
        yield (" " * margin + " ".join(f"{block.truth:{BLOCK}}" for block in blocks)).rstrip()
    yield ""


def _painted(kind: str, residue: str, coloured: bool) -> str:
    code = ";".join(code for name in kind.split() if (code := _SGR_CODES[name]))
    return f"\x1b[{code}m{residue}\x1b[0m" if coloured and code else residue
