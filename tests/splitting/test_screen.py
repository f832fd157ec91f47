import random

import numpy as np
import pytest

from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.splitting import screen as module
from pepseq.splitting.screen import KEPT, screen


def new(draw, length):
    return "".join(draw.choices(AMINO_ACIDS, k=length))


@pytest.fixture
def others():
    draw = random.Random(1)
    return [new(draw, draw.randint(3, 400)) for _ in range(500)]


@pytest.mark.parametrize("batch", [1, 1000, 10**6])
def test_those_that_share_most_words_are_found(others, monkeypatch, batch):
    """By a plain count of distinct words in common, however many are read at a time."""
    monkeypatch.setattr(module, "_BATCH", batch)
    draw = random.Random(2)
    sample = [
        "".join(draw.choice(AMINO_ACIDS) if draw.random() < 0.3 else a for a in others[n])
        for n in range(0, 100, 10)
    ]
    expected = set()
    for one in sample:
        mine = words(one)
        scores = [(-len(mine & words(other)), place) for place, other in enumerate(others)]
        expected |= {place for score, place in sorted(scores)[:KEPT] if score}
    assert screen(sample, others).tolist() == sorted(expected)


def words(protein):
    parts = {protein[i : i + 5] for i in range(len(protein) - 4)}
    return {part for part in parts if not set(part) - set(AMINO_ACIDS)}


def test_unknown_residues_ends_and_repeats_share_nothing():
    assert screen(["MKXLVA", "MK"], ["MKXLV", "KXLVA", "M"]).tolist() == []
    assert screen(["MKLVAC"], ["MKL", "VAC", "MKLVX"]).tolist() == []
    many = ["A" * 500] * (KEPT + 2)
    assert screen(["AAAAAACDEFGHIK"], [*many, "ACDEFGHIK"]).tolist()[-1] == KEPT + 2
    assert screen(["MKLVA"], []).dtype == np.int64
