import random

import numpy as np
import pytest

from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.splitting import kmer_screen
from pepseq.splitting.kmer_screen import CANDIDATES, find_candidates


def random_protein(draw, length):
    return "".join(draw.choices(AMINO_ACIDS, k=length))


@pytest.fixture
def others():
    draw = random.Random(1)
    return [random_protein(draw, draw.randint(3, 400)) for _ in range(500)]


@pytest.mark.parametrize("batch", [1, 1000, 10**6])
def test_candidates_share_most_kmers(others, monkeypatch, batch):
    """By a plain count of distinct k-mers in common, however many proteins are read at a time."""
    monkeypatch.setattr(kmer_screen, "_BATCH_RESIDUES", batch)
    draw = random.Random(2)
    sample = [
        "".join(draw.choice(AMINO_ACIDS) if draw.random() < 0.3 else a for a in others[n])
        for n in range(0, 100, 10)
    ]
    expected = set()
    for protein in sample:
        mine = kmers(protein)
        scores = [(-len(mine & kmers(other)), place) for place, other in enumerate(others)]
        expected |= {place for score, place in sorted(scores)[:CANDIDATES] if score}
    assert find_candidates(sample, others).tolist() == sorted(expected)


def kmers(protein):
    parts = {protein[i : i + 5] for i in range(len(protein) - 4)}
    return {part for part in parts if not set(part) - set(AMINO_ACIDS)}


def test_unknown_residues_ends_and_repeats_share_nothing():
    assert find_candidates(["MKXLVA", "MK"], ["MKXLV", "KXLVA", "M"]).tolist() == []
    assert find_candidates(["MKLVAC"], ["MKL", "VAC", "MKLVX"]).tolist() == []
    many = ["A" * 500] * (CANDIDATES + 2)
    assert find_candidates(["AAAAAACDEFGHIK"], [*many, "ACDEFGHIK"]).tolist()[-1] == CANDIDATES + 2
    assert find_candidates(["MKLVA"], []).dtype == np.int64
