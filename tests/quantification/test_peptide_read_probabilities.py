"""Probabilities of reads of whole peptides: against all events, and against simulated reads."""

from itertools import product

import numpy as np
import pytest

from pepseq.quantification.peptide_read_probabilities import (
    LENGTH_CLASSES,
    label_chances,
    peptide_read_probabilities,
)
from pepseq.quantification.symbol_sequences import SymbolSequences, distinct_sequences
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.read_symbols import read_symbols

READOUT = Readout("KC[DE]")


def sequences(texts):
    """Return the distinct sequences of texts of digits."""
    ends = np.cumsum([0, *map(len, texts)])
    symbols = np.frombuffer("".join(texts).encode(), np.uint8) - ord("0")
    return distinct_sequences(SymbolSequences(symbols, ends[:-1], ends[1:]))


def texts_of(found):
    return [
        "".join(map(str, found.symbols[a:b])) for a, b in zip(found.begin, found.end, strict=True)
    ]


def every_read(length, hidden=3):
    """Return all reads of a length that have a label."""
    words = ("".join(map(str, word)) for word in product(range(hidden + 1), repeat=length))
    return sequences([word for word in words if set(word) != {str(hidden)}])[0]


def follow(peptides, reads, cutoff, missed=0.0, misread=0.0, readout=READOUT, threads=1):
    symbols = read_symbols(readout, missed, misread)
    cutoffs = np.full(len(peptides), cutoff)
    return peptide_read_probabilities(peptides, reads, symbols, cutoffs, threads)


@pytest.mark.parametrize(("missed", "misread"), [(0.1, 0.05), (0.3, 0.0), (0.0, 0.2), (0, 0)])
@pytest.mark.parametrize("peptide", ["K", "AK", "EAC", "GGDKC", "KCCEAA"])
def test_probabilities_are_products_of_emissions(peptide, missed, misread):
    symbols = read_symbols(READOUT, missed, misread)
    shown = "".join(map(str, symbols.encode("".join("d" if a in "DE" else a for a in peptide))))
    reads = every_read(len(peptide))
    found = follow(sequences([shown])[0], reads, 1e-9, missed, misread)
    rows = symbols.emission[[AMINO_ACIDS.index(a) for a in peptide]]
    values = np.zeros(len(reads))
    values[found.reads] = found.values
    for text, value in zip(texts_of(reads), values, strict=True):
        expected = np.prod([row[int(symbol)] for row, symbol in zip(rows, text, strict=True)])
        assert value == pytest.approx(expected, rel=1e-6)
    assert found.visible[0] == pytest.approx(values.sum(), rel=1e-6)
    assert found.residual.sum() == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("cutoff", [0.05, 0.011, 1e-3])
def test_what_is_left_out_is_in_the_residual_of_the_length(cutoff):
    peptides = sequences(["30123", "0012331"])[0]
    for d, length in enumerate((5, 7)):
        found = follow(peptides[np.array([d])], every_read(length), cutoff, 0.15, 0.1)
        assert (found.values >= np.float32(cutoff)).all()
        whole = found.values.sum() + found.residual[0, length - 1]
        assert whole == pytest.approx(found.visible[0], rel=1e-5)
        assert found.residual[0].sum() == found.residual[0, length - 1] > 0


def test_the_residual_does_not_depend_on_what_was_observed():
    peptides = sequences(["30123"])[0]
    few = follow(peptides, sequences(["30123", "33333330"])[0], 0.01, 0.1, 0.1)
    every = follow(peptides, every_read(5), 0.01, 0.1, 0.1)
    assert few.residual.tolist() == every.residual.tolist()
    assert few.reads.tolist() == [0] and few.values[0] == every.values.max()


def test_without_errors_only_equal_reads_match():
    peptides, _ = sequences(["03", "30", "003", "0" * 300])
    reads, _ = sequences(["30", "33330", "00", "0" * 300])
    found = follow(peptides, reads, 1e-8)
    assert np.diff(found.starts).tolist() == [0, 1, 0, 1]
    matched = reads[found.reads]
    assert texts_of(matched) == ["30", "0" * 300] and found.values.tolist() == [1, 1]
    assert found.visible.tolist() == [1] * 4 and not found.residual.any()


def test_peptides_without_a_label_give_no_read():
    found = follow(sequences(["333", "3"])[0], every_read(3), 1e-8, 0.1, 0.1)
    assert not len(found.reads) and not found.visible.any() and not found.residual.any()


def test_no_observed_read_and_no_peptide():
    none = sequences([])[0]
    found = follow(sequences(["303"])[0], none, 1e-8, 0.1)
    assert found.starts.tolist() == [0, 0] and found.visible[0] == pytest.approx(0.9)
    assert follow(none, every_read(2), 0.1).starts.tolist() == [0]


def test_long_peptides_stay_finite():
    peptides = sequences(["0123" * 500, "3" * 3000 + "0"])[0]
    reads = sequences(["0123" * 500, "0123" * 499 + "0323"])[0]
    found = follow(peptides, reads, 1e-300, 0.01, 0.001)
    assert np.diff(found.starts).tolist() == [2, 0] and np.isfinite(found.values).all()
    deep = follow(peptides, reads, 1e-8, 0.5, 0.2)
    assert deep.residual[0, LENGTH_CLASSES - 1] == pytest.approx(1)
    assert np.isfinite(deep.residual).all() and deep.visible.tolist() == [1, 0.5]


def test_one_label_is_never_misread():
    assert label_chances(read_symbols(Readout("K"), 0.1, 0.5)) == pytest.approx((0.9, 0.1, 0))
    found = follow(sequences(["0101"])[0], every_read(4, 1), 1e-9, 0.1, 0.5, Readout("K"))
    assert found.values.tolist() == pytest.approx([0.81, 0.09, 0.09])


def test_the_result_does_not_depend_on_threads_and_tasks_of_many_reads():
    random = np.random.default_rng(3)
    texts = ["".join(map(str, random.integers(0, 4, 7))) for _ in range(3000)]
    peptides, reads = sequences(texts)[0], every_read(7)
    one, two = (follow(peptides, reads, 1e-4, 0.2, 0.1, threads=n) for n in (1, 2))
    assert len(one.reads) > 1 << 17
    for name in ("starts", "reads", "values", "visible", "residual"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    sums = np.add.reduceat(one.values, one.starts[:-1][np.diff(one.starts) > 0])
    whole = sums + one.residual.sum(1)[np.diff(one.starts) > 0]
    assert whole == pytest.approx(one.visible[np.diff(one.starts) > 0], rel=1e-4)
