import numpy as np
import pytest
from Bio.SeqUtils import molecular_weight

from pepseq.sequences.molecular_weights import molecular_weights
from pepseq.sequences.residues import AMINO_ACIDS


def test_molecular_weights_are_those_of_biopython():
    generator = np.random.default_rng(1)
    proteins = [AMINO_ACIDS, "M", *("".join(generator.choice([*AMINO_ACIDS], 300)) for _ in "abc")]
    codes = np.array([AMINO_ACIDS.index(a) for a in "".join(proteins)], np.uint8)
    weights = molecular_weights(codes, np.cumsum([0, *map(len, proteins)]))
    expected = [molecular_weight(protein, "protein") for protein in proteins]
    assert weights == pytest.approx(expected, rel=1e-5)


def test_an_unknown_residue_has_the_mean_mass():
    codes = np.array([*range(20), *[20] * 20], np.uint8)
    known, unknown = molecular_weights(codes, np.array([0, 20, 40]))
    assert known == pytest.approx(unknown)
