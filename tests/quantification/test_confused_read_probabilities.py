"""Probabilities of reads by a confusion matrix: against all events, and against equal rates."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from pepseq.quantification.peptide_read_probabilities import peptide_read_probabilities
from pepseq.quantification.symbol_sequences import SymbolSequences, distinct_sequences
from pepseq.readout.readout import Readout
from pepseq.templates.read_symbols import ReadSymbols, read_symbols

CLEAN = np.array([[0.7, 0.1, 0.05, 0.15], [0.2, 0.6, 0.1, 0.1], [0, 0.15, 0.8, 0.05], [0, 0, 0, 1]])
FALSE = np.array([*CLEAN[:3], [0.02, 0.05, 0.01, 0.92]])
NEVER_MISSED = np.array([[0.9, 0.1, 0, 0], [0.2, 0.8, 0, 0], [0, 0.3, 0.7, 0], [0, 0, 0, 1]])
MATRICES = [CLEAN, FALSE, NEVER_MISSED]


def symbols_of(matrix) -> ReadSymbols:
    return replace(read_symbols(Readout("KC[DE]")), confusion=np.array(matrix, float))


def sequences(texts):
    """Return the distinct sequences of texts of digits."""
    ends = np.cumsum([0, *map(len, texts)])
    symbols = np.frombuffer("".join(texts).encode(), np.uint8) - ord("0")
    return distinct_sequences(SymbolSequences(symbols, ends[:-1], ends[1:]))[0]


def every_read(length):
    """Return all reads of a length that have a label."""
    words = ("".join(map(str, word)) for word in product(range(4), repeat=length))
    return sequences([word for word in words if set(word) != {"3"}])


def follow(peptides, reads, matrix, cutoff, threads=1):
    cutoffs = np.full(len(peptides), cutoff)
    return peptide_read_probabilities(peptides, reads, symbols_of(matrix), cutoffs, threads)


def brute_force(peptide, reads, matrix):
    """Return the probability of each read of one peptide, a text of digits."""
    texts = [reads.symbols[a:b] for a, b in zip(reads.begin, reads.end, strict=True)]
    return np.array(
        [np.prod([matrix[int(s), r] for s, r in zip(peptide, t, strict=True)]) for t in texts]
    )


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("peptide", ["0", "30", "2313", "33021", "011233"])
@pytest.mark.parametrize("cutoff", [1e-12, 1e-3, 0.0123])
def test_probabilities_are_products_of_the_matrix(matrix, peptide, cutoff):
    assert not symbols_of(matrix).has_equal_rates
    reads = every_read(len(peptide))
    expected = brute_force(peptide, reads, matrix)
    found = follow(sequences([peptide]), reads, matrix, cutoff)
    values = np.zeros(len(reads))
    values[found.reads] = found.values
    kept = expected >= cutoff
    assert values == pytest.approx(np.where(kept, expected, 0), rel=1e-6)
    assert found.visible[0] == pytest.approx(expected.sum())
    left_out = expected[~kept].sum()
    assert found.residual[0, len(peptide) - 1] == pytest.approx(left_out, abs=1e-7)
    assert found.residual.sum() == found.residual[0, len(peptide) - 1]


@pytest.mark.parametrize("rates", [(0.1, 0.05), (0.3, 0.0), (0.0, 0.2)])
@pytest.mark.parametrize("cutoff", [1e-9, 0.011])
def test_nearly_equal_rates_give_nearly_what_equal_rates_give(rates, cutoff):
    equal = read_symbols(Readout("KC[DE]"), *rates)
    assert equal.has_equal_rates
    almost = equal.confusion.copy()
    almost[0, [0, 1]] += [1e-12, -1e-12] if rates[1] else [1e-12, 0]
    peptides, reads = sequences(["30123", "00123", "33330", "33333"]), every_read(5)
    one = peptide_read_probabilities(peptides, reads, equal, np.full(4, cutoff), 1)
    other = follow(peptides, reads, almost, cutoff)
    assert not symbols_of(almost).has_equal_rates
    assert one.starts.tolist() == other.starts.tolist()
    assert one.reads.tolist() == other.reads.tolist()
    for name in ("values", "visible", "residual"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-6)


def test_a_peptide_without_a_label_is_read_where_labels_are_made_up():
    reads = every_read(3)
    found = follow(sequences(["333"]), reads, FALSE, 1e-9)
    assert found.visible[0] == pytest.approx(1 - 0.92**3) and len(found.reads) == len(reads)
    assert not follow(sequences(["333"]), reads, CLEAN, 1e-9).visible[0]


def test_the_residual_does_not_depend_on_what_was_observed():
    peptides = sequences(["30123"])
    few = follow(peptides, sequences(["30123", "33333330"]), FALSE, 0.002)
    every = follow(peptides, every_read(5), FALSE, 0.002)
    assert few.residual.tolist() == every.residual.tolist()
    assert few.reads.tolist() == [0] and few.values[0] == every.values.max()


def test_long_peptides_stay_finite():
    peptides = sequences(["0123" * 500, "3" * 3000 + "0"])
    found = follow(peptides, sequences(["0123" * 500]), CLEAN, 1e-8)
    assert np.isfinite(found.residual).all() and found.residual[0, 63] == pytest.approx(1)
    assert found.visible.tolist() == [pytest.approx(1), pytest.approx(0.85)]


def test_the_result_does_not_depend_on_threads():
    random = np.random.default_rng(3)
    peptides = sequences(["".join(map(str, random.integers(0, 4, 6))) for _ in range(2000)])
    one, two = (follow(peptides, every_read(6), FALSE, 1e-4, n) for n in (1, 2))
    assert len(one.reads) > 1 << 15
    for name in ("starts", "reads", "values", "visible", "residual"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
