"""Completed proteins of a table of confidences, held small: a few bytes for each residue."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pepseq.errors import InputError, found
from pepseq.sequences.residues import AMINO_ACIDS

if TYPE_CHECKING:
    from pepseq.evaluation.confidence_table import ConfidenceRows

OBSERVED = "*"
"""Stands among the digits of confidence for an observed residue."""
FROM_TEMPLATE = 0.5
"""A residue is taken from its likeliest template if any is copied with at least this weight."""
COMPARED = 20_000
"""An unknown id is compared with so many at most, which takes half a second."""
_LETTERS = np.frombuffer((AMINO_ACIDS + "X").encode(), np.uint8)
_ALSO = ("templates", "template_weight", "flag")


@dataclass(frozen=True)
class Taken:
    """How many predicted residues come from one template, and the first and last (1-based)."""

    template: str
    residues: int
    first: int
    last: int


@dataclass(frozen=True)
class Protein:
    """A completed protein.

    `digits` has for each residue the tenths of its confidence, 0 to 9 (0.97 is 9), or OBSERVED;
    `confidence` is the mean over `hidden` residues, None if none is; `truth` has the true residues,
    of the same length, if it is given; `doubted` counts observed residues flagged as misread.
    """

    id: str
    residues: str
    digits: str
    hidden: int
    confidence: float | None
    templates: tuple[Taken, ...]
    doubted: int
    truth: str | None = None

    @property
    def wrong(self) -> list[int]:
        """The positions, from 0, at which the truth is another amino acid."""
        pairs = zip(self.residues, self.truth or "", strict=False)
        return [i for i, (a, b) in enumerate(pairs) if a != b and b in AMINO_ACIDS]

    @property
    def right(self) -> tuple[int, int] | None:
        """How many hidden residues are right, and of how many the truth is known."""
        if self.truth is None:
            return None
        known = [
            a == b
            for a, b, digit in zip(self.residues, self.truth, self.digits, strict=True)
            if digit != OBSERVED and b in AMINO_ACIDS
        ]
        return sum(known), len(known)

    def against(self, truth: str | None) -> "Protein":
        """Return the protein with its truth, which is let be if its length is another."""
        same = truth is not None and len(truth) == len(self.residues)
        return replace(self, truth=truth if same else None)


def read_proteins(table: str | Path, only: str | None = None) -> Iterator[Protein]:
    """Yield the proteins of a table that `predict` wrote with --table, or the one of id `only`.

    Raises InputError for what is no such table, and for a protein whose rows are not those of all
    residues in order.
    """
    from pepseq.evaluation.confidence_table import read_confidences  # brings pandas

    parts: list[ConfidenceRows] = []
    for rows in read_confidences(table, _ALSO, only):
        if only not in (None, rows.id):
            continue
        if parts and rows.id != parts[0].id:
            yield _protein(parts)
            parts = []
        parts.append(rows)
    if parts:
        yield _protein(parts)


def read_ids(table: str | Path) -> list[str]:
    """Return the ids of a table that `predict` wrote with --table."""
    from pepseq.evaluation.confidence_table import read_confidences

    return list(dict.fromkeys(rows.id for rows in read_confidences(table)))


def _protein(parts: list["ConfidenceRows"]) -> Protein:
    """Put together the parts in which the rows of one protein came."""
    rows = parts[0]
    if len(parts) > 1:
        names = ("position", "residue", "source", "confidence")
        joined = {name: np.concatenate([getattr(p, name) for p in parts]) for name in names}
        extra = {name: np.concatenate([p.extra[name] for p in parts]) for name in rows.extra}
        rows = replace(rows, **joined, extra=extra)
    expected = np.arange(1, len(rows.position) + 1)
    rows.check(
        rows.position != expected, lambda row: f"expected a row of residue {expected[row]} here"
    )
    observed = rows.source == 0
    rows.check(rows.source > 1, lambda row: "source: expected observed or predicted")
    confident = (rows.confidence >= 0) & (rows.confidence <= 1)
    rows.check(~(observed | confident), lambda row: "expected a confidence between 0 and 1")
    tenths = np.minimum(np.where(confident, rows.confidence, 0) * 10 + 1e-9, 9).astype(np.uint8)
    digits = np.where(observed, ord(OBSERVED), tenths + ord("0")).astype(np.uint8)
    hidden = int((~observed).sum())
    flags = rows.extra.get("flag")
    return Protein(
        rows.id,
        _LETTERS[np.minimum(rows.residue, len(AMINO_ACIDS))].tobytes().decode(),
        digits.tobytes().decode(),
        hidden,
        float(rows.confidence[~observed].mean()) if hidden else None,
        _taken(rows, observed),
        0 if flags is None else int((flags == "misread?").sum()),
    )


def _taken(rows: "ConfidenceRows", observed: np.ndarray) -> tuple[Taken, ...]:
    """Return the templates from which predicted residues come, most residues first."""
    also = rows.extra
    if not {"templates", "template_weight"} <= also.keys():
        return ()
    names, weights = also["templates"], also["template_weight"]
    try:
        weight = np.where(weights == "", "0", weights).astype(float)
    except ValueError as error:
        rows.check_first(False, f"template_weight: expected numbers, found something else: {error}")
    copied = ~observed & (names != "") & (weight >= FROM_TEMPLATE)
    places = defaultdict(list)
    for position, text in zip(np.flatnonzero(copied).tolist(), names[copied], strict=True):
        places[text].append(position + 1)
    merged: dict[str, list[int]] = defaultdict(list)
    for text, positions in places.items():
        merged[text.partition(";")[0]] += positions
    taken = [Taken(name, len(at), min(at), max(at)) for name, at in merged.items()]
    return tuple(sorted(taken, key=lambda one: (-one.residues, one.template)))


def read_truth(paths: list[str | Path]) -> dict[str, str]:
    """Return the true sequences of FASTA files by id; of an id that comes again, the first.

    Raises InputError for a file that `predict` wrote.
    """
    from pepseq.evaluation.provenance import is_predicted
    from pepseq.sequences.fasta import read_fasta

    sequences: dict[str, str] = {}
    for path in paths:
        for number, record in enumerate(read_fasta(path, repeated_ids=True)):
            if not number and is_predicted(path, record.description):
                raise InputError(
                    f"--truth {path}: expected true proteins, found a prediction. Give the "
                    "proteins that the readouts are of, for example: --truth proteins.fasta"
                )
            sequences.setdefault(record.id, record.sequence)
    return sequences


def unknown_id(name: str, ids: list[str], where: str) -> InputError:
    """Return the error for an id that is not in the results, naming those most like it."""
    from difflib import get_close_matches

    near = [one for one in ids if name.lower() in one.lower()][:3]
    near = near or get_close_matches(name, ids[:COMPARED], 3, 0.5)
    hint = f"; near it: {', '.join(map(found, near))}" if near else ""
    return InputError(
        f"{where}: expected a protein {found(name)}, found none among {len(ids)}{hint}"
    )
