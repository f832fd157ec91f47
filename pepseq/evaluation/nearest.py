"""The nearest protein of a reference, and what copying it would get right."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from pepseq.evaluation.metrics import encode, hidden_mask
from pepseq.io.progress import Progress
from pepseq.processes.cores import available_cores
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.finder import TemplateFinder
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.reference import Reference
from pepseq.templates.reference_files import open_reference


@dataclass(frozen=True)
class SearchConfig:
    """How the template search looks for a protein.

    labels: residues of a seed; the first of these with which a reference of its size is searched
        quickly is taken. candidates: proteins that are aligned. More of either find more distant
        proteins, and take longer.
    """

    labels: tuple[int, ...]
    candidates: int


SEARCHES = (SearchConfig((4, 5), 16), SearchConfig((3, 4, 5), 64))
"""The first search, and the second, for proteins of which it finds none that is close enough."""
MIN_IDENTITY_OF_FIRST_SEARCH = 50
"""Percent identity below which a protein is searched for again."""
IDENTICAL = "identical"
LOWER_EDGES = {"98-100": 98, "90-98": 90, "70-90": 70, "50-70": 50, "30-50": 30, "<30": 0}
"""Bands of identity in percent, with their lower edges; the last has proteins without any."""
BANDS = (IDENTICAL, *LOWER_EDGES)


@dataclass(frozen=True)
class Nearest:
    """The nearest reference protein of each protein, in their order.

    `names`: its id, empty if none was found; `identity`: share of the protein's residues that are
    the same in it, in percent of the protein's length, NaN if none was found, float64; `identical`:
    whether the two are the same letter for letter (unknown residues alike), bool; `copied`: hidden
    residues that copying it gets right, those without an aligned residue being wrong, int64. All
    (proteins,). `distinct` counts the reference's proteins.
    """

    names: tuple[str, ...]
    identity: np.ndarray
    identical: np.ndarray
    copied: np.ndarray
    distinct: int

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.identity) == len(self.identical) == len(self.copied):
            raise ValueError("expected one entry for each protein")
        if not (self.identity[self.identical] == 100).all():
            raise ValueError("expected an identity of 100 % for identical proteins")

    @property
    def bands(self) -> list[str]:
        """The band of each protein."""
        return [
            IDENTICAL
            if identical
            else next((band for band, edge in LOWER_EDGES.items() if share >= edge), "<30")
            for share, identical in zip(self.identity, self.identical, strict=True)
        ]


def find_nearest(
    proteins: Sequence[str],
    reference: Sequence[str | Path],
    readout: Readout,
    threads: int | None = None,
) -> Nearest:
    """Find the nearest protein of the reference, FASTA files, for each of these sequences.

    The whole sequence is searched for, not its readout: of the alignments that the template search
    gives, the one with most identical residues is taken, the best scored of equal ones. Nothing
    depends on the number of threads (None: all cores). Raises InputError for a faulty reference.
    """
    known = open_reference(reference)
    same = _find_identical(proteins, known)
    finders = []
    if None in same:
        symbols = read_symbols(Readout(AMINO_ACIDS))
        finders = [TemplateFinder(known, symbols, **asdict(config)) for config in SEARCHES]
    sizes = [0 if place is not None else len(p) for p, place in zip(proteins, same, strict=True)]
    rows = []
    with (
        ThreadPoolExecutor(threads or available_cores()) as pool,
        Progress("nearest reference proteins", sum(sizes), "residues") as progress,
    ):
        searches = pool.map(partial(_search, finders, readout), proteins, same)
        for size, row in zip(sizes, searches, strict=True):
            rows.append(row)
            if size:
                progress.add(size)
    return Nearest(
        tuple("" if place is None else known.name(place) for place, *_ in rows),
        np.array([identity for _, identity, _ in rows], np.float64),
        np.array([place is not None for place in same], bool),
        np.array([copied for *_, copied in rows], np.int64),
        len(known),
    )


def _search(
    finders: Sequence[TemplateFinder], readout: Readout, protein: str, same: int | None
) -> tuple[int | None, float, int]:
    """Return the nearest reference protein, identity, and hidden residues right if it is copied.

    `same` is the reference protein known to be identical, if any.
    """
    truth = encode(protein)
    hidden = hidden_mask(truth, readout)
    if same is not None:
        return same, 100.0, int(np.count_nonzero(hidden))
    nearest: int | None = None
    identical, copied = 0, 0
    for finder in finders:
        if 100 * identical < MIN_IDENTITY_OF_FIRST_SEARCH * len(truth):
            templates = finder.find(protein)
            for number, row in zip(templates.proteins, templates.aligned == truth, strict=True):
                if nearest is None or np.count_nonzero(row) > identical:
                    nearest, identical = int(number), int(np.count_nonzero(row))
                    copied = int(np.count_nonzero(row & hidden))
    return nearest, np.nan if nearest is None else 100 * identical / len(truth), copied


def _find_identical(proteins: Sequence[str], reference: Reference) -> list[int | None]:
    """Return the number of the reference protein that is the same as each protein, if any."""
    keys = [encode(protein).tobytes() for protein in proteins]
    places: dict[bytes, int | None] = dict.fromkeys(keys)
    lengths = {len(key) for key in keys}
    for number, length in enumerate(np.diff(reference.offsets).tolist()):
        if length in lengths:
            key = reference.protein(number).tobytes()
            if key in places and places[key] is None:
                places[key] = number
    return [places[key] for key in keys]
