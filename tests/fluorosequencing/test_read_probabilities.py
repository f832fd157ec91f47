"""Probabilities of called dye sequences: against all events, and against simulated molecules."""

from itertools import product

import numpy as np
import pytest

import pepseq.fluorosequencing.read_probabilities as engine
from pepseq.fluorosequencing.dye_codes import dye_codes
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.fluorosequencing.molecules import LabelledPeptides, simulate_molecules
from pepseq.fluorosequencing.observed_reads import group_reads
from pepseq.fluorosequencing.read_probabilities import (
    DyeSequences,
    ReadProbabilities,
    observed_read_probabilities,
    read_probabilities,
)

ERRORS = SequencingErrors(
    edman_failure=0.1,
    detach=0.05,
    initial_detach=0.1,
    initial_detach_decay=0.5,
    initial_block=0.08,
    cyclic_block=0.04,
    bleach=(0.1, 0.15),
    dud=(0.1, 0.05),
)
NO_ERRORS = SequencingErrors(bleach=(0.0, 0.0), dud=(0.0, 0.0))


def dye_sequences(*texts, cycles, channels=2):
    """Return dye sequences from texts such as `.0.1`; what follows `cycles` are tails."""
    heads = [text.ljust(cycles, ".")[:cycles] for text in texts]
    symbols = [[-1 if c == "." else int(c) for c in head] for head in heads]
    tails = [[text[cycles:].count(str(c)) for c in range(channels)] for text in texts]
    return DyeSequences(np.array(symbols, np.int8), np.array(tails))


def follow(texts, reads, cutoff, *, errors=ERRORS, cycles=4, threads=1) -> ReadProbabilities:
    """Return the probabilities of reads, all with one cutoff."""
    sequences = dye_sequences(*texts, cycles=cycles, channels=errors.channels)
    cutoffs = np.full(len(texts), cutoff)
    return read_probabilities(sequences, reads, errors.rates(cycles), cutoffs, threads)


def every_read(cycles, channels=2):
    """Return the codes of all reads that an experiment can give."""
    return np.arange(1, (channels + 1) ** cycles)


def by_all_events(text, cycles, errors):
    """Return the probability of each code by a sum over all that can happen to each dye."""
    dyes = [(e, int(c)) for e, c in enumerate(text) if c != "."]
    result = {}

    def go(t, working, blocked, removed, code, p):
        if p == 0:
            return
        if t == cycles:
            result[code] = result.get(code, 0.0) + p
            return
        counts = [sum(c == channel for _, c in working) for channel in range(errors.channels)]

        def called(left):
            after = [sum(c == channel for _, c in left) for channel in range(errors.channels)]
            drops = [b - a for b, a in zip(counts, after, strict=True)]
            if (not left and sum(drops) > 1) or not any(drops):
                return 0
            return drops.index(max(drops)) + 1

        base, detach = code * (errors.channels + 1), float(errors.detach_rate(t))
        for block in (False, True):
            chance = errors.cyclic_block if block else 1 - errors.cyclic_block
            if blocked and block:
                continue
            q = p if blocked else p * chance
            now = blocked or block
            go(t + 1, (), now, removed, base + called(()), q * detach)
            for lost in (False, True):
                if now and lost:
                    continue
                ways = 1.0 if now else 1 - errors.edman_failure if lost else errors.edman_failure
                after = removed + lost
                left = tuple(dye for dye in working if dye[0] >= after)
                for bleached in product((False, True), repeat=len(left)):
                    chance = 1.0
                    for (_, c), gone in zip(left, bleached, strict=True):
                        chance *= errors.bleach[c] if gone else 1 - errors.bleach[c]
                    kept = tuple(d for d, gone in zip(left, bleached, strict=True) if not gone)
                    share = q * (1 - detach) * ways * chance
                    go(t + 1, kept, now, after, base + called(kept), share)

    for duds in product((False, True), repeat=len(dyes)):
        chance = 1.0
        for (_, c), dud in zip(dyes, duds, strict=True):
            chance *= errors.dud[c] if dud else 1 - errors.dud[c]
        working = tuple(d for d, dud in zip(dyes, duds, strict=True) if not dud)
        for blocked in (False, True):
            at_start = errors.initial_block if blocked else 1 - errors.initial_block
            go(0, working, blocked, 0, 0, chance * at_start)
    return result


@pytest.mark.parametrize("text", ["0", ".1", "01", "0.0", "1..0", "....1", "00..1"])
def test_probabilities_are_the_sum_over_all_events(text):
    cycles = 3
    expected = by_all_events(text, cycles, ERRORS)
    found = follow([text], every_read(cycles), 1e-12, cycles=cycles)
    values = dict(zip(every_read(cycles)[found.reads].tolist(), found.values, strict=True))
    for code, p in expected.items():
        if code:
            assert values.get(code, 0.0) == pytest.approx(p, rel=1e-4, abs=1e-9)
    assert found.visible[0] == pytest.approx(1 - expected[0], rel=1e-5)


def test_simulated_molecules_give_the_reads_as_often():
    errors, cycles, count = ERRORS, 6, 200_000
    channels = np.array([0, 1, 0, 0, 1])
    peptides = LabelledPeptides(np.array([1, 2, 4, 7, 9]), channels, np.array([0, 5]))
    codes = simulate_molecules(peptides, errors, cycles, np.zeros(count, np.int64), seed=5)
    reads = every_read(cycles)
    found = follow([".01.0..0.1"], reads, 1e-9, cycles=cycles)
    expected = np.zeros(len(reads))
    expected[found.reads] = found.values * count
    observed = np.bincount(codes, minlength=len(reads) + 1)[1:]
    common = expected > 10
    z = (observed - expected)[common] / np.sqrt(expected[common])
    assert common.sum() > 300 and abs(z.mean()) < 0.2 and 0.8 < z.var() < 1.2
    assert (codes > 0).mean() == pytest.approx(found.visible[0], abs=0.005)


def test_without_errors_there_is_one_read():
    found = follow([".0.1", "1"], np.array([1, 11, 54]), 1e-6, errors=NO_ERRORS)
    assert found.reads.tolist() == [1, 2] and found.values.tolist() == [1.0, 1.0]
    assert found.visible.tolist() == [1.0, 1.0] and not found.residual.any()


@pytest.mark.parametrize("cutoff", [0.02, 1e-3, 1e-5])
def test_what_is_left_out_is_in_the_residual(cutoff):
    found = follow(["0.1.00", ".11"], every_read(6), cutoff, cycles=6)
    for d in range(2):
        kept = found.values[found.starts[d] : found.starts[d + 1]]
        assert kept.min() >= cutoff * 0.999
        whole = kept.sum() + found.residual[d].sum()
        assert whole == pytest.approx(found.visible[d], rel=1e-4)


def test_the_residual_has_the_first_label_of_its_reads():
    reads = every_read(3)
    all_reads, few = (follow(["01"], reads, cutoff, cycles=3) for cutoff in (1e-12, 0.05))
    values, kept = np.zeros(len(reads)), np.zeros(len(reads))
    values[all_reads.reads], kept[few.reads] = all_reads.values, few.values
    digits = reads[:, None] // 3 ** np.arange(2, -1, -1) % 3
    first = (digits > 0).argmax(1)
    column = first * 2 + digits[np.arange(len(reads)), first] - 1
    expected = np.bincount(column, np.where(kept > 0, 0, values), minlength=6)
    assert few.residual[0] == pytest.approx(expected, abs=2e-3)


def test_observed_reads_have_the_probabilities_that_they_have_among_all():
    texts, reads = ["0.1.00", ".11", "1...0.1"], every_read(6)
    every = follow(texts, reads, 1e-9, cycles=6)
    few = reads[[0, 5, 80, 200, 243, 485, 600, 700]]
    cutoffs = np.array([1e-6, 1e-2, 1e-4, 1e-8, 1e-3, 1e-6, 1e-4, 1e-5])
    sequences = dye_sequences(*texts, cycles=6)
    found = observed_read_probabilities(sequences, few, ERRORS.rates(6), cutoffs, 1)
    for d in range(3):
        own, all_ = slice(*found.starts[d : d + 2]), slice(*every.starts[d : d + 2])
        by_code = dict(zip(reads[every.reads[all_]], every.values[all_], strict=True))
        least = dict(zip(few.tolist(), cutoffs.tolist(), strict=True))
        expected = {code: by_code.get(code, 0) for code in least if by_code.get(code, 0) > 0}
        expected = {code: p for code, p in expected.items() if p >= least[code]}
        values = dict(zip(few[found.reads[own]].tolist(), found.values[own].tolist(), strict=True))
        assert values == pytest.approx(expected, rel=0.01) and 0 < len(values) < len(few)


def test_groups_of_observed_reads_have_the_lowest_cutoff_and_the_fewest_labels():
    codes = dye_codes(np.array([b"0.1", b"01", b"1", b"1.10"]), 2, 4)
    order = np.argsort(codes)  # 0.1, 01, 1, 1.10
    groups = group_reads(codes[order], np.array([0.1, 0.2, 0.3, 0.05]), 4, 2)
    assert groups.cutoffs[0, 0] == 0.05 and groups.labels[0, 0].tolist() == [0, 1]
    assert groups.cutoffs[1, [0, 2]].tolist() == [0.1, 0.05]
    assert groups.labels[1, [0, 2]].tolist() == [[0, 1], [0, 0]]
    assert groups.cutoffs[2, [0, 1, 2]].tolist() == [0.1, 0.2, 0.05]
    assert groups.labels[2, [0, 1, 2]].tolist() == [[0, 1], [0, 0], [0, 0]]
    assert groups.cutoffs[4].tolist() == [0.1, 0.2, 0.3, 0.05] and not groups.labels[4].any()


def test_reads_below_the_cutoff_do_not_depend_on_what_was_observed():
    some, every = (
        follow(["0.1.00"], reads, 1e-3, cycles=6) for reads in (np.array([5, 90]), every_read(6))
    )
    assert some.residual.tolist() == every.residual.tolist()


def test_the_result_does_not_depend_on_threads():
    texts = ["".join(word) for word in product(".01", repeat=5) if set(word) != {"."}]
    one, two = (follow(texts, every_read(5), 1e-3, cycles=5, threads=n) for n in (1, 2))
    for name in ("starts", "reads", "values", "visible", "residual"):
        assert np.array_equal(getattr(one, name), getattr(two, name))


def test_dyes_beyond_the_last_cycle_are_seen_when_they_bleach():
    found = follow(["....1", "...." + "1" * 30], every_read(4), 1e-9)
    assert 0.2 < found.visible[0] < found.visible[1] < 1


def test_one_channel_and_many_dyes():
    errors = SequencingErrors(edman_failure=0.06, bleach=(0.05,), dud=(0.07,))
    found = follow(["0" * 15], every_read(10, 1), 1e-4, errors=errors, cycles=10)
    assert found.values.max() == found.values[found.reads == 1022].item()


def test_probabilities_near_the_cutoff_are_those_of_a_deeper_walk():
    reads = every_read(8)
    near, deep = (follow(["0.1.00.1"], reads, cutoff, cycles=8) for cutoff in (1e-3, 1e-8))
    values = np.zeros(len(reads))
    values[deep.reads] = deep.values
    ratios = near.values / values[near.reads]
    assert len(near.reads) > 50
    assert abs(ratios - 1).mean() < 0.01 and abs(ratios - 1).max() < 0.2
    assert near.values.sum() == pytest.approx(values[values >= 1e-3].sum(), rel=0.005)
    assert near.visible[0] == pytest.approx(deep.visible[0], rel=1e-3)


def test_each_dye_sequence_has_its_reads_whatever_the_others_are(monkeypatch):
    monkeypatch.setattr(engine, "_CAPACITY", 1000)  # less than one of them needs
    texts = ["0.1.0.1.1", "..1", "0.1.0.11", "", "1.0.0.11", "0" * 9, "1...0"]
    together = follow(texts, every_read(9), 1e-7, cycles=9)
    for d, text in enumerate(texts):
        alone = follow([text], every_read(9), 1e-7, cycles=9)
        part = slice(together.starts[d], together.starts[d + 1])
        assert np.array_equal(together.reads[part], alone.reads)
        assert np.array_equal(together.values[part], alone.values)
        assert together.visible[d] == alone.visible[0]
        assert np.array_equal(together.residual[d], alone.residual[0])


def test_a_dye_on_each_residue_of_a_long_peptide():
    errors = SequencingErrors(edman_failure=0.01, bleach=(0.01,) * 3, dud=(0.01,) * 3)
    text = "012" * 9
    read = sum((int(symbol) + 1) * 4 ** (26 - t) for t, symbol in enumerate(text[:-1]))
    found = follow([text], np.array([read]), 0.001, errors=errors, cycles=27)
    assert found.reads.tolist() == [0] or found.residual.sum() > 0.9
    assert found.visible[0] == pytest.approx(1, abs=1e-3)


def test_no_dye_sequence_gives_no_probability():
    none = DyeSequences(np.zeros((0, 4), np.int8), np.zeros((0, 2), np.int64))
    found = read_probabilities(none, every_read(4), ERRORS.rates(4), np.zeros(0), 1)
    assert found.starts.tolist() == [0] and found.residual.shape == (0, 8)
