"""Predicted proteins of a table of confidences, held small: a few bytes for each residue."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pepseq.errors import InputError, quoted
from pepseq.sequences.residues import AMINO_ACIDS

if TYPE_CHECKING:
    from pepseq.evaluation.confidence_table import ConfidenceRows

OBSERVED = "*"
"""Stands among the digits of confidence for an observed residue."""
MIN_TEMPLATE_WEIGHT = 0.5
"""A residue is taken from its likeliest template if that has at least this weight."""
BLOCK = 10
"""Residues of a block."""
BANDS = {"c0": "below 0.3", "c1": "0.3 to 0.6", "c2": "0.6 to 0.9", "c3": "0.9 or more"}
"""Confidences that have one colour, by class of the page's style."""
_BAND_OF_DIGIT = dict.fromkeys("012", "c0") | dict.fromkeys("345", "c1")
_BAND_OF_DIGIT |= dict.fromkeys("678", "c2") | {"9": "c3", OBSERVED: "o"}
_MAX_IDS_COMPARED = 20_000
"""An unknown id is compared with so many at most, which takes half a second."""
_LETTERS = np.frombuffer((AMINO_ACIDS + "X").encode(), np.uint8)
_OPTIONAL_COLUMNS = ("templates", "template_weight", "flag")


class TemplateShare(NamedTuple):
    """Number of predicted residues from one template, and the first and last (1-based)."""

    template: str
    residues: int
    first: int
    last: int


class Block(NamedTuple):
    """Ten residues as they are shown.

    `start` is the position of the first (1-based); `stretches` are (class, residues) that look the
    same; `truth` has the true residue below each wrong one, and is empty if none is wrong.
    """

    start: int
    stretches: list[tuple[str, str]]
    digits: str
    truth: str


@dataclass(frozen=True)
class PredictedProtein:
    """A predicted protein.

    `digits` has for each residue the tenth of its confidence, 0 to 9 (0.97 is 9), or OBSERVED;
    `confidence` is the mean over `hidden` residues, None if none is hidden; `misread` counts
    observed residues flagged as misread; `truth` has the true residues, of the same length, if
    they are known.
    """

    id: str
    residues: str
    digits: str
    hidden: int
    confidence: float | None
    templates: tuple[TemplateShare, ...]
    misread: int
    truth: str | None = None

    @property
    def wrong(self) -> list[int]:
        """The positions, from 0, at which the truth is another amino acid."""
        pairs = zip(self.residues, self.truth or "", strict=False)
        return [i for i, (a, b) in enumerate(pairs) if a != b and b in AMINO_ACIDS]

    @property
    def correct(self) -> tuple[int, int] | None:
        """Number of correct hidden residues, and of those of which the truth is known."""
        if self.truth is None:
            return None
        known = [
            a == b
            for a, b, digit in zip(self.residues, self.truth, self.digits, strict=True)
            if digit != OBSERVED and b in AMINO_ACIDS
        ]
        return sum(known), len(known)

    @property
    def accuracy(self) -> float | None:
        """Percentage of the hidden residues that are correct; None if that is not known."""
        correct = self.correct
        return 100 * correct[0] / correct[1] if correct and correct[1] else None

    def against(self, truth: str | None) -> "PredictedProtein":
        """Return the protein with its truth; a truth of another length is not compared."""
        same = truth is not None and len(truth) == len(self.residues)
        return replace(self, truth=truth if same else None)

    def blocks(self) -> Iterator[Block]:
        """Yield the residues in blocks of ten."""
        wrong = set(self.wrong)
        kinds = [_BAND_OF_DIGIT[d] + " w" * (i in wrong) for i, d in enumerate(self.digits)]
        for start in range(0, len(self.residues), BLOCK):
            places = range(start, min(start + BLOCK, len(self.residues)))
            runs = groupby(places, key=kinds.__getitem__)
            stretches = [(kind, "".join(self.residues[i] for i in run)) for kind, run in runs]
            true = "".join(self.truth[i] if self.truth and i in wrong else " " for i in places)
            yield Block(start + 1, stretches, self.digits[start : start + BLOCK], true.rstrip())

    def errors_code(self) -> str | None:
        """Return the errors as text: residues without error, the true residue, and so on.

        >>> PredictedProtein("p", "MAKLV", "*9*12", 3, 0.4, (), 0, "MGKLI").errors_code()
        '1G2I'
        """
        if self.truth is None:
            return None
        wrong = self.wrong
        gaps = [index - before - 1 for before, index in zip([-1, *wrong], wrong, strict=False)]
        return "".join(f"{gap}{self.truth[i]}" for gap, i in zip(gaps, wrong, strict=True))


def read_proteins(table: str | Path, only: str | None = None) -> Iterator[PredictedProtein]:
    """Yield the proteins of a table that `predict` wrote with --table, or the one of id `only`.

    Raises InputError for a file that is no such table, and for a protein whose rows are not those
    of all residues in order.
    """
    from pepseq.evaluation.confidence_table import read_confidences  # imports pandas

    parts: list[ConfidenceRows] = []
    for rows in read_confidences(table, _OPTIONAL_COLUMNS, only):
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


def _protein(parts: list["ConfidenceRows"]) -> PredictedProtein:
    """Return the protein whose rows came in these parts."""
    rows = parts[0]
    if len(parts) > 1:
        names = ("position", "residue", "source", "confidence")
        joined: dict[str, Any] = {n: np.concatenate([getattr(p, n) for p in parts]) for n in names}
        joined["extra"] = {n: np.concatenate([p.extra[n] for p in parts]) for n in rows.extra}
        rows = replace(rows, **joined)
    expected = np.arange(1, len(rows.position) + 1)
    rows.check(
        rows.position != expected, lambda row: f"expected a row of residue {expected[row]} here"
    )
    observed = rows.source == 0
    rows.check(rows.source > 1, lambda row: "source: expected observed or predicted")
    valid = (rows.confidence >= 0) & (rows.confidence <= 1)
    rows.check(~(observed | valid), lambda row: "expected a confidence between 0 and 1")
    tenths = np.minimum(np.where(valid, rows.confidence, 0) * 10 + 1e-9, 9).astype(np.uint8)
    digits = np.where(observed, ord(OBSERVED), tenths + ord("0")).astype(np.uint8)
    hidden = int((~observed).sum())
    flags = rows.extra.get("flag")
    return PredictedProtein(
        rows.id,
        _LETTERS[np.minimum(rows.residue, len(AMINO_ACIDS))].tobytes().decode(),
        digits.tobytes().decode(),
        hidden,
        float(rows.confidence[~observed].mean()) if hidden else None,
        _template_shares(rows, observed),
        0 if flags is None else int((flags == "misread?").sum()),
    )


def _template_shares(rows: "ConfidenceRows", observed: np.ndarray) -> tuple[TemplateShare, ...]:
    """Return the templates from which predicted residues come, most residues first."""
    extra = rows.extra
    if not {"templates", "template_weight"} <= extra.keys():
        return ()
    names, weights = extra["templates"], extra["template_weight"]
    try:
        weight = np.where(weights == "", "0", weights).astype(float)
    except ValueError as error:
        rows.check_first(False, f"template_weight: expected numbers, found something else: {error}")
    copied = ~observed & (names != "") & (weight >= MIN_TEMPLATE_WEIGHT)
    positions: dict[str, list[int]] = defaultdict(list)
    for index, listed in zip(np.flatnonzero(copied).tolist(), names[copied], strict=True):
        positions[listed.partition(";")[0]].append(index + 1)
    shares = [TemplateShare(name, len(p), p[0], p[-1]) for name, p in positions.items()]
    return tuple(sorted(shares, key=lambda share: (-share.residues, share.template)))


def read_truth(paths: list[str | Path]) -> dict[str, str]:
    """Return the true sequences of FASTA files by id; of an id that comes again, the first.

    Raises InputError for a file that `predict` wrote.
    """
    from pepseq.evaluation.provenance import is_predicted
    from pepseq.sequences.fasta import read_fasta

    sequences: dict[str, str] = {}
    for path in paths:
        for index, record in enumerate(read_fasta(path, repeated_ids=True)):
            if index == 0 and is_predicted(path, record.description):
                raise InputError(
                    f"--truth {path}: these are predicted proteins. Give the true proteins of the "
                    "reads, for example: --truth proteins.fasta"
                )
            sequences.setdefault(record.id, record.sequence)
    return sequences


def unknown_id(name: str, ids: list[str], where: str) -> InputError:
    """Return the error for an id that is not in the results, with those most like it."""
    near = [id for id in ids if name.lower() in id.lower()][:3]
    near = near or get_close_matches(name, ids[:_MAX_IDS_COMPARED], 3, 0.5)
    hint = f". The most similar ids: {', '.join(map(quoted, near))}" if near else ""
    return InputError(f"{where}: none of the {len(ids)} proteins is {quoted(name)}{hint}")
