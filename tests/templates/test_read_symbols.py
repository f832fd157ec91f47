import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepseq import Noise, Readout
from pepseq.readout.masking import MaskedSequence, mask_sequence
from pepseq.readout.noise import add_noise
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.substitution import encode

READOUTS = st.sampled_from(["K", "KCYM", "CY[DE]", "[DE][ST]", AMINO_ACIDS]).map(Readout)
RATES = st.floats(0, 0.99)


@given(READOUTS, RATES, RATES)
def test_every_amino_acid_is_read_as_something(readout, missed_label, misread):
    symbols = read_symbols(readout, missed_label, misread)
    assert symbols.emission.shape == (20, len(readout.labels) + 1)
    assert np.allclose(symbols.emission.sum(1), 1) and (symbols.emission >= 0).all()


@given(READOUTS, st.text(AMINO_ACIDS + "UX", min_size=1, max_size=40))
def test_a_readout_without_errors_has_the_symbols_of_its_protein(readout, protein):
    symbols = read_symbols(readout)
    codes = encode(protein)
    seen = symbols.encode(mask_sequence(protein, readout).residues)
    assert seen.tolist() == symbols.symbol_of_code[codes].tolist()
    known = codes < 20
    assert (symbols.emission[codes[known], seen[known]] == 1).all()


def test_hidden_residues_and_groups_have_symbols_of_their_own():
    symbols = read_symbols(Readout("CY[DE]"))
    assert symbols.encode("CYdX").tolist() == [0, 1, 2, 3] and symbols.hidden == 3


def test_a_single_label_cannot_be_misread():
    assert np.array_equal(
        read_symbols(Readout("K"), 0.1, 0.5).emission, read_symbols(Readout("K"), 0.1).emission
    )


@pytest.mark.parametrize("readout", ["KCYM", "CY[DE]"])
def test_errors_come_as_often_as_mask_makes_them(readout):
    readout = Readout(readout)
    symbols = read_symbols(readout, 0.2, 0.3)
    generator = np.random.default_rng(1)
    noise = Noise(missed_label=0.2, misread=0.3)
    for code, amino_acid in enumerate(AMINO_ACIDS):
        clean = MaskedSequence(mask_sequence(amino_acid * 4000, readout).residues)
        read = symbols.encode(add_noise(clean, readout, noise, generator).residues)
        shares = np.bincount(read, minlength=symbols.hidden + 1) / 4000
        assert np.allclose(shares, symbols.emission[code], atol=0.03)
