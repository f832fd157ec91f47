"""A large file beside an organism's own proteins must not lower the accuracy."""

from itertools import pairwise

import numpy as np
import pytest
from known import masked

import pepseq
from pepseq.sequences.fasta import read_fasta

LETTERS = list("ACDEFGHIKLMNPQRSTVWY")


def weights(enriched):
    """Frequencies of amino acids, these three times as high as the others."""
    values = np.array([3.0 if a in enriched else 1.0 for a in LETTERS])
    return values / values.sum()


def letters(rng, number, enriched):
    return "".join(rng.choice(LETTERS, number, p=weights(enriched)))


def drawn(rng, number, lengths, enriched):
    """Random proteins."""
    ends = np.cumsum([0, *rng.integers(*lengths, size=number)]).tolist()
    text = letters(rng, ends[-1], enriched)
    return [text[start:end] for start, end in pairwise(ends)]


@pytest.fixture(scope="module")
def own():
    return drawn(np.random.default_rng(1), 60, (60, 120), "KY")


@pytest.fixture(scope="module")
def relatives(own):
    """Relatives so far that their templates weigh little more than chance."""
    rng = np.random.default_rng(3)
    return [
        "".join(
            new if u < 0.7 else old
            for new, old, u in zip(
                letters(rng, len(protein), "KY"), protein, rng.random(len(protein)), strict=True
            )
        )
        for protein in own
    ]


@pytest.fixture(scope="module")
def others():
    return drawn(np.random.default_rng(2), 2500, (50, 400), "AL")


def accuracy(folder, relatives, *references):
    """Hidden-residue accuracy, mean over proteins, templates alone."""
    (folder / "readouts").write_text(
        "".join(f">p{n}\n{masked(protein)}\n" for n, protein in enumerate(relatives))
    )
    paths = []
    for number, proteins in enumerate(references):
        paths.append(folder / f"reference{number}.fasta")
        paths[-1].write_text("".join(f">r{number}_{n}\n{s}\n" for n, s in enumerate(proteins)))
    config = pepseq.PredictConfig(mode="templates")
    pepseq.predict(
        folder / "readouts",
        folder / "completed",
        reference=paths,
        readout="KCYM",
        config=config,
        force=True,
    )
    right = []
    for record, truth in zip(read_fasta(folder / "completed"), relatives, strict=True):
        hidden = [i for i, a in enumerate(truth) if a not in "KCYM"]
        right.append(np.mean([record.sequence[i] == truth[i] for i in hidden]))
    return np.mean(right)


@pytest.mark.slow
def test_a_large_file_beside_the_own_proteins_takes_nothing_away(tmp_path, own, relatives, others):
    alone = accuracy(tmp_path, relatives, own)
    assert alone > 0.25
    assert accuracy(tmp_path, relatives, others + own[::2], own) > alone - 0.005
