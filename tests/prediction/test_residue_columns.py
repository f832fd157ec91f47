"""Columns of the table of residues."""

import numpy as np

from pepseq.prediction.residue_columns import millionths


def test_probabilities_are_rounded_as_texts_are():
    rng = np.random.default_rng(1)
    ties = (rng.integers(0, 10**6, 3000) + 0.5) / 10**6  # between two texts, give or take a bit
    values = np.concatenate(
        [[0, 1, 0.5], rng.random(3000), ties, np.nextafter(ties, 0), np.nextafter(ties, 1)]
    )
    assert millionths(values).tolist() == [int(f"{v:.6f}".replace(".", "")) for v in values]
    assert millionths(values.reshape(3, -1)).shape == (3, len(values) // 3)
