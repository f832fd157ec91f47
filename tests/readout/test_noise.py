import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepseq import Readout
from pepseq.errors import SettingsError
from pepseq.readout.masking import MaskedSequence
from pepseq.readout.noise import (
    Noise,
    SimulatedRead,
    add_noise,
    draw_empty_cycles,
    record_generator,
)

READOUT = Readout("CY[DE]")
SYMBOLS = "CYdX"
rates = st.sampled_from([0.0, 0.1, 0.5, 0.9])


def noisy(residues, seed=1, readout=READOUT, name="a", **settings):
    generator = record_generator(name, residues, seed)
    return add_noise(MaskedSequence(residues), readout, Noise(**settings), generator).residues


@given(st.text(SYMBOLS, min_size=1), st.integers(0, 100))
def test_without_rates_nothing_changes(residues, seed):
    assert noisy(residues, seed) == residues


@given(st.text(SYMBOLS, min_size=1), rates, rates)
def test_missed_and_misread_labels_keep_the_length_and_what_is_hidden(residues, missed, misread):
    after = noisy(residues, missed_label=missed, misread=misread)
    assert len(after) == len(residues) and set(after) <= set(SYMBOLS)
    assert all(b == "X" for a, b in zip(residues, after, strict=True) if a == "X")


@given(st.text(SYMBOLS, min_size=1), rates)
def test_empty_cycles_only_insert_and_lost_cycles_only_remove(residues, rate):
    longer = iter(noisy(residues, extra_cycle=rate))
    assert all(a in longer for a in residues)  # a subsequence of it
    shorter = noisy(residues, lost_cycle=rate)
    original = iter(residues)
    assert shorter == "X" or all(a in original for a in shorter)
    inserted = noisy("C" * len(residues), extra_cycle=rate)
    assert inserted.replace("X", "") == "C" * len(residues) and inserted.endswith("C")


def test_rates_of_1_hit_every_residue():
    assert noisy("CXYd", missed_label=1) == "XXXX"
    assert noisy("CXYd", missed_label=1, misread=1) == "XXXX"
    assert noisy("CXYd", lost_cycle=1) == "X"
    assert noisy("CXYC", readout=Readout("CY"), misread=1) == "YXCY"
    after = noisy("CYd" * 500, misread=1)
    assert all(a != b and b in "CYd" for a, b in zip("CYd" * 500, after, strict=True))


@pytest.mark.parametrize("rate", [0.03, 0.3])
def test_errors_are_as_frequent_as_the_rates(rate):
    """100,000 residues: each share within 5 standard deviations of what the rate says."""
    count = 100_000
    sigma = 5 * (rate * (1 - rate) / count) ** 0.5
    assert noisy("C" * count, missed_label=rate).count("X") / count == pytest.approx(
        rate, abs=sigma
    )
    misread = noisy("C" * count, misread=rate)
    assert misread.count("Y") / count == pytest.approx(rate / 2, abs=sigma)
    assert misread.count("d") / count == pytest.approx(rate / 2, abs=sigma)
    assert 1 - len(noisy("X" * count, lost_cycle=rate)) / count == pytest.approx(rate, abs=sigma)
    longer = len(noisy("C" * count, extra_cycle=rate))  # each cycle is empty at this rate
    assert (longer - count) / longer == pytest.approx(rate, abs=sigma)


def test_errors_are_independent_and_equally_frequent_along_a_protein():
    after = noisy("C" * 100_000, missed_label=0.5, misread=0.5)
    seen = np.array(list(after)) != "X"
    assert np.corrcoef(seen[1:], seen[:-1])[0, 1] == pytest.approx(0, abs=0.02)
    assert seen[:1000].mean() == pytest.approx(seen[-1000:].mean(), abs=0.1)
    shown = [a for a in after if a != "X"]
    assert shown.count("C") / len(shown) == pytest.approx(0.5, abs=0.02)


def test_errors_depend_on_the_seed_and_the_record_alone():
    protein = "CXYd" * 50
    first = noisy(protein, missed_label=0.5)
    assert first == noisy(protein, missed_label=0.5)
    others = [noisy(protein, 2, missed_label=0.5), noisy(protein, name="b", missed_label=0.5)]
    others += [noisy(protein[:-1], missed_label=0.5) + protein[-1]]
    assert len({first, *others}) == 4
    a, b = record_generator("a", "bC", 1), record_generator("ab", "C", 1)
    assert a.random() != b.random()


def test_random_numbers_of_a_record_are_fixed():
    expected = [0.8456127404520933, 0.01880379414464939, 0.6255194477835277]
    assert record_generator("a", "MAGICK", 1).random(3).tolist() == expected


@pytest.mark.parametrize("field", ["missed_label", "misread", "lost_cycle", "extra_cycle"])
@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan"), float("inf")])
def test_rates_outside_0_to_1_are_refused(field, rate):
    with pytest.raises(SettingsError, match=f"{field}: expected 0 or more and "):
        Noise(**{field: rate})


def test_impossible_rates_are_refused():
    with pytest.raises(SettingsError, match="below 1"):
        Noise(extra_cycle=1)
    with pytest.raises(SettingsError, match=r"need at least two labels, but the readout is \[DE\]"):
        Noise(misread=0.1).check_readout(Readout("[DE]"))
    Noise(misread=0.1).check_readout(READOUT)
    Noise().check_readout(Readout("C"))


def test_arrays_of_a_simulated_read_have_one_shape():
    with pytest.raises(ValueError, match="for each residue"):
        SimulatedRead(np.zeros(2), np.zeros(2), np.zeros(3))


def test_numbers_of_empty_cycles_are_geometric():
    counts = draw_empty_cycles(np.linspace(0, 1, 100_000, endpoint=False), 0.25)
    for n in range(5):
        assert (counts == n).mean() == pytest.approx(0.75 * 0.25**n, abs=1e-4)
    assert not draw_empty_cycles(np.array([0.0, 0.999999]), 0).any()


def test_rates_too_close_to_1_are_refused():
    with pytest.raises(SettingsError, match="0.9999999999999"):
        noisy("CYX" * 10, extra_cycle=0.9999999999999)
    with pytest.raises(SettingsError, match="empty cycles"):
        draw_empty_cycles(np.full(1000, 0.99), 0.9999999)
