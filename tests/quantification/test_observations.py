"""What classes of reads share, counted by making all reads."""

import doctest
from itertools import product

import numpy as np
import pytest

from pepseq.quantification import observations, symbol_sequences
from pepseq.quantification.observations import observe_dye_reads, observe_peptide_reads
from pepseq.quantification.symbol_sequences import SymbolSequences, distinct_sequences


def test_the_examples_run():
    assert doctest.testmod(observations).failed == 0
    assert doctest.testmod(symbol_sequences).failed == 0


def test_dye_reads_with_as_many_labels_are_equally_probable():
    codes = np.arange(1, 3**4)
    observed = observe_dye_reads(codes, np.ones(len(codes), np.int64), 2, 4)
    assert np.bincount(observed.labels, observed.background)[1:] == pytest.approx(1)
    pairs = observed.first * 10 + observed.labels
    sums = np.bincount(pairs, observed.alike)
    assert sums[np.unique(pairs)] == pytest.approx(1)
    assert np.bincount(observed.first).tolist() == [27, 27, 9, 9, 3, 3, 1, 1]


def test_background_of_peptide_reads_sums_to_one_for_each_number_of_labels():
    rows = [row for n in (3, 4) for row in product(range(3), repeat=n) if set(row) != {2}]
    ends = np.cumsum([0, *map(len, rows)])
    symbols = np.array([s for row in rows for s in row], np.uint8)
    reads, _ = distinct_sequences(SymbolSequences(symbols, ends[:-1], ends[1:]))
    observed = observe_peptide_reads(reads, np.ones(len(reads), np.int64), 2)
    assert np.bincount(observed.labels, observed.background)[1:4] == pytest.approx(1)
    pairs = observed.first * 10 + observed.labels
    assert np.bincount(pairs, observed.alike)[np.unique(pairs)] == pytest.approx(1)


def test_long_peptide_reads_keep_a_probability_above_zero():
    symbols = np.concatenate([np.zeros(900, np.uint8), np.full(900, 19, np.uint8)])
    reads = SymbolSequences(symbols, np.array([0]), np.array([1800]))
    observed = observe_peptide_reads(reads, np.array([10**15]), 19)
    assert observed.background[0] == observed.alike[0] > 1e-300
    assert observed.labels.tolist() == [900]
