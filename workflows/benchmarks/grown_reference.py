"""References of any size: proteins of FASTA files, changed copies of them, and shuffled ones."""

from collections.abc import Iterator
from itertools import chain, cycle
from pathlib import Path

import numpy as np

from pepseq.sequences.fasta import format_fasta, read_fasta
from pepseq.templates.substitution import AMINO_ACIDS, UNKNOWN_CODE, encode, exchanges

CHANGED = (0.1, 0.3, 0.5, 0.7, 1.0)
"""Share of residues that differ in the copies of one round; in the last, all are shuffled."""
_LETTERS = np.frombuffer(f"{AMINO_ACIDS}X".encode(), np.uint8)
_DRAWS = 4096


def write_reference(paths: list[str], residues: int, target: Path, seed: int) -> int:
    """Write proteins with about this many residues in all to a FASTA file; return their number.

    They are the proteins of the files in random order and, if these are too few, copies of all of
    them: 10 % of residues changed by BLOSUM62 and one of 1 to 10 residues lost, then 30, 50 and
    70 %, then shuffled, and so on.
    """
    rng = np.random.default_rng(seed)
    pool = [encode(record.sequence) for record in read_fasta(paths, repeated_ids=True)]
    order = rng.permutation(len(pool))
    number = total = 0
    with open(target, "wb") as stream:
        rounds = chain(((0.0, pool[n]) for n in order), _copies(pool, order, rng))
        for changed, protein in rounds:
            if total >= residues:
                break
            text = _LETTERS[protein].tobytes().decode()
            stream.write(format_fasta(f"p{number} changed {changed}", text))
            number, total = number + 1, total + len(protein)
    return number


def _copies(
    pool: list[np.ndarray], order: np.ndarray, rng: np.random.Generator
) -> Iterator[tuple[float, np.ndarray]]:
    """Yield the share of changed residues and the protein, without end."""
    counts = np.bincount(np.concatenate(pool), minlength=UNKNOWN_CODE + 1)[:UNKNOWN_CODE]
    other = exchanges(counts / counts.sum(), 1.0)
    drawn = np.stack([rng.choice(UNKNOWN_CODE, _DRAWS, p=row) for row in other]).astype(np.uint8)
    for changed in cycle(CHANGED):
        for n in order:
            protein = pool[n]
            if changed == 1:
                yield changed, rng.permutation(protein)
                continue
            copies = drawn[protein, rng.integers(0, _DRAWS, len(protein))]
            protein = np.where(rng.random(len(protein)) < changed, copies, protein)
            first = rng.integers(len(protein))
            yield changed, np.delete(protein, slice(first, first + rng.integers(1, 11)))
