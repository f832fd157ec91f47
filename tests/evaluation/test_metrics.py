"""Metrics and baselines: properties first, then sums done by hand."""

import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pepseq.evaluation import metrics
from pepseq.evaluation.baselines import fit_baselines
from pepseq.evaluation.metrics import encode, hidden_mask
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS, UNKNOWN

READOUTS = st.sets(st.sampled_from(AMINO_ACIDS), min_size=1).map(lambda s: Readout("".join(s)))
PROTEIN = st.text(AMINO_ACIDS + UNKNOWN, min_size=1, max_size=40)


@st.composite
def pairs(draw):
    """Draw a readout and proteins with a guess for each."""
    readout = draw(READOUTS)
    truths = draw(st.lists(PROTEIN, min_size=1, max_size=6))
    rng = random.Random(draw(st.integers(0, 2**32)))
    guess = [
        "".join(a if rng.random() < 0.5 else rng.choice(AMINO_ACIDS) for a in t) for t in truths
    ]
    guess = ["".join(a if a in AMINO_ACIDS else "A" for a in g) for g in guess]
    return readout, list(zip(truths, guess, strict=True))


def count(readout, proteins):
    """Return the four counts of each protein, and the confusion counts of all."""
    rows, confusion = [], np.zeros((20, 20), dtype=int)
    for truth, guess in proteins:
        codes, guessed = encode(truth), encode(guess)
        hidden = hidden_mask(codes, readout)
        rows.append(metrics.count_residues(codes, guessed, hidden))
        confusion += metrics.confusion_counts(codes, guessed, hidden)
    return np.array(rows).T, confusion


def hidden_pairs(readout, truth, guess):
    """Return (true, guessed) of each hidden residue."""
    return [(t, g) for t, g in zip(truth, guess, strict=True) if t in readout.hidden]


@given(pairs())
def test_counts_are_those_of_plain_loops(drawn):
    readout, proteins = drawn
    (hidden, correct, known, identical), confusion = count(readout, proteins)
    for i, (truth, guess) in enumerate(proteins):
        scored = hidden_pairs(readout, truth, guess)
        assert (hidden[i], correct[i]) == (len(scored), sum(t == g for t, g in scored))
        assert known[i] == sum(t in AMINO_ACIDS for t in truth)
        assert identical[i] == sum(t == g for t, g in zip(truth, guess, strict=True))
        for t, g in scored:
            confusion[AMINO_ACIDS.index(t), AMINO_ACIDS.index(g)] -= 1
    assert not confusion.any()


@given(pairs())
def test_shares_are_those_of_plain_means(drawn):
    readout, proteins = drawn
    (hidden, correct, *_), _ = count(readout, proteins)
    scored = [hidden_pairs(readout, truth, guess) for truth, guess in proteins]
    shares = [100 * np.mean([t == g for t, g in residues]) for residues in scored if residues]
    if not shares:
        assert metrics.macro(correct, hidden) is metrics.micro(correct, hidden) is None
        assert metrics.fully_right(correct, hidden) is None
        return
    right = [t == g for residues in scored for t, g in residues]
    assert metrics.macro(correct, hidden) == pytest.approx(sum(shares) / len(shares))
    assert metrics.micro(correct, hidden) == pytest.approx(100 * sum(right) / len(right))
    assert metrics.fully_right(correct, hidden) == pytest.approx(
        100 * np.mean(np.equal(shares, 100))
    )
    spread = pytest.approx(np.std(shares, ddof=1)) if len(shares) > 1 else None
    assert metrics.spread(correct, hidden) == spread


@given(pairs())
def test_a_perfect_prediction_is_100_percent(drawn):
    readout, proteins = drawn
    (hidden, correct, known, identical), confusion = count(
        readout, [(t, t) for t, _ in proteins if set(t) <= set(AMINO_ACIDS)] or [("L", "L")]
    )
    for part, whole in ((correct, hidden), (identical, known)):
        for share in (metrics.macro, metrics.micro, metrics.fully_right):
            assert share(part, whole) in (100, None)
    for row in metrics.amino_acid_rows(confusion, readout):
        assert row["recall"] in (100, None)
        assert row["precision"] in (100, None)


@given(pairs(), st.randoms())
def test_order_of_proteins_changes_nothing(drawn, rng):
    readout, proteins = drawn
    (hidden, correct, *_), confusion = count(readout, proteins)
    shuffled = rng.sample(proteins, len(proteins))
    (other_hidden, other_correct, *_), other = count(readout, shuffled)
    for share in (metrics.macro, metrics.micro, metrics.spread):
        assert share(correct, hidden) == share(other_correct, other_hidden)
    assert (confusion == other).all()


def test_macro_and_micro_are_those_by_hand():
    readout = Readout("KCYM")
    proteins = [("MALK", "MAVK"), ("GGGG", "GGGA"), ("KCYM", "KCYM"), ("MXUK", "MAAK")]
    (hidden, correct, known, identical), _ = count(readout, proteins)
    assert hidden.tolist() == [2, 4, 0, 0]
    assert correct.tolist() == [1, 3, 0, 0]
    assert known.tolist() == [4, 4, 4, 2]
    assert identical.tolist() == [3, 3, 4, 2]
    assert metrics.macro(correct, hidden) == 62.5
    assert metrics.micro(correct, hidden) == pytest.approx(400 / 6)
    assert metrics.spread(correct, hidden) == pytest.approx(17.67766953)
    assert metrics.fully_right(correct, hidden) == 0


def test_rows_of_amino_acids_are_those_by_hand():
    _, confusion = count(Readout("KCYM"), [("AALLG", "ALLLL")])
    rows = {row["amino_acid"]: row for row in metrics.amino_acid_rows(confusion, Readout("KCYM"))}
    assert set(rows) == set(AMINO_ACIDS) - set("KCYM")
    assert rows["A"] == {
        "amino_acid": "A",
        "n": 2,
        "correct": 1,
        "recall": 50.0,
        "predicted": 1,
        "precision": 100.0,
    }
    assert (rows["L"]["recall"], rows["L"]["precision"]) == (100.0, 50.0)
    assert (rows["G"]["recall"], rows["G"]["precision"]) == (0.0, None)
    assert (rows["W"]["recall"], rows["W"]["precision"]) == (None, None)


@pytest.mark.parametrize("bins", [metrics.LENGTH_BINS, metrics.FINE_LENGTH_BINS])
def test_every_length_has_one_bin(bins):
    lengths = np.array([1, 49, 50, 99, 100, 199, 200, 599, 600, 1024, 1025, 35_000])
    assert (sum(metrics.in_bin(lengths, b).astype(int) for b in bins.values()) == 1).all()
    assert metrics.in_bin(
        np.array([99, 100, 1024, 1025]), metrics.LENGTH_BINS["100-1024"]
    ).tolist() == [False, True, True, False]


def test_a_calibration_error_is_that_by_hand():
    counts = metrics.calibration_counts(
        np.array([0.0, 0.05, 0.5, 1.0]), np.array([False, True, True, True])
    )
    assert counts[0].tolist() == [2, *[0] * 6, 1, *[0] * 6, 1]
    assert metrics.calibration_error(counts) == pytest.approx((2 * 0.475 + 0.5 + 0) / 4)
    rows = metrics.calibration_rows(counts)
    assert rows[0]["mean_confidence"] == pytest.approx(0.025)
    assert (rows[0]["accuracy"], rows[1]["accuracy"], rows[7]["accuracy"]) == (50, None, 100)


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60), st.integers(0, 60)
)
def test_calibration_counts_of_parts_add_up(residues, cut):
    confidence = np.array([c for c, _ in residues])
    right = np.array([r for _, r in residues])
    whole = metrics.calibration_counts(confidence, right)
    parts = sum(
        metrics.calibration_counts(confidence[p], right[p])
        for p in (slice(0, cut), slice(cut, None))
    )
    assert whole == pytest.approx(parts)
    assert 0 <= metrics.calibration_error(whole) <= 1
    expected = 0.0
    for number in range(15):
        inside = np.minimum(np.floor(confidence * 15), 14) == number
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert metrics.calibration_error(whole) == pytest.approx(expected)


def test_honest_confidences_have_no_calibration_error():
    rng = np.random.default_rng(0)
    confidence = rng.random(200_000)
    counts = metrics.calibration_counts(confidence, rng.random(200_000) < confidence)
    assert metrics.calibration_error(counts) < 0.01


def test_baselines_are_those_by_hand():
    readout = Readout("KCYM")
    fitted = fit_baselines(["KLAG", "KLAG", "KAGG", "LL"], readout, "background")
    assert fitted.commonest == AMINO_ACIDS.index("G")
    end, hidden, k = 21, 20, AMINO_ACIDS.index("K")
    # K LA..: L twice, A once; end L hidden, hidden L end against hidden G end
    assert AMINO_ACIDS[fitted.neighbours[k, hidden]] == "L"
    assert AMINO_ACIDS[fitted.neighbours[end, hidden]] == "L"
    assert AMINO_ACIDS[fitted.neighbours[hidden, end]] == "G"
    assert AMINO_ACIDS[fitted.neighbours[k, k]] == "G"  # never seen: the commonest
    truth = encode("KLGXG")
    assert fitted.correct(truth, hidden_mask(truth, readout)) == (2, 2)


@given(pairs())
def test_baselines_are_those_of_plain_counts(drawn):
    readout, proteins = drawn
    sequences = [truth for truth, _ in proteins]

    def contexts():
        for name in sequences:
            states = ["end", *(a if a in readout.observed else "hidden" for a in name), "end"]
            for i, amino_acid in enumerate(name):
                if amino_acid in readout.hidden:
                    yield (states[i], states[i + 2]), amino_acid

    seen = list(contexts())
    if not seen:
        with pytest.raises(ValueError, match="found none"):
            fit_baselines(sequences, readout, "truth")
        return
    fitted = fit_baselines(sequences, readout, "truth")
    correct = np.sum(
        [fitted.correct(c, hidden_mask(c, readout)) for c in map(encode, sequences)], 0
    )

    def best(amino_acids):
        return max(sorted(set(amino_acids)), key=amino_acids.count)

    guess = best([a for _, a in seen])
    near = {c: best([a for other, a in seen if other == c]) for c, _ in seen}
    assert correct[0] == sum(a == guess for _, a in seen)
    assert correct[1] == sum(a == near[c] for c, a in seen)
    assert correct[1] >= correct[0]


def test_figures_are_drawn_without_torch():
    code = (
        "import sys, pepseq.evaluation.evaluate, pepseq.evaluation.reliability, "
        "pepseq.evaluation.figures; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
