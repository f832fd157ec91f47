import itertools

import numpy as np
import pytest

from pepseq.digestion.digest import digest
from pepseq.errors import SettingsError
from pepseq.fluorosequencing.dye_codes import dye_codes, dye_texts
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.fluorosequencing.molecules import (
    LabelledPeptides,
    label_peptides,
    simulate_molecules,
    visible_reads,
)
from pepseq.fluorosequencing.sampling import MOLECULES_PER_CHUNK

NO_ERRORS = SequencingErrors(bleach=(0.0,) * 3, dud=(0.0,) * 3)
ERRORS = SequencingErrors(
    edman_failure=0.2,
    detach=0.05,
    initial_detach=0.2,
    initial_detach_decay=0.8,
    initial_block=0.15,
    cyclic_block=0.1,
    bleach=(0.1, 0.3),
    dud=(0.2, 0.05),
)


def peptides_of(*dye_sequences):
    dyes = [[(i, int(c)) for i, c in enumerate(d) if c != "."] for d in dye_sequences]
    flat = np.array([*itertools.chain(*dyes)], np.int64).reshape(-1, 2)
    offsets = np.cumsum([0, *map(len, dyes)])
    return LabelledPeptides(flat[:, 0].copy(), flat[:, 1].copy(), offsets)


def simulate_texts(dye_sequence, errors, cycles, count=1, seed=1):
    molecules = np.zeros(count, np.int64)
    codes = simulate_molecules(peptides_of(dye_sequence), errors, cycles, molecules, seed)
    return dye_texts(codes, errors.channels, cycles)


def probabilities_by_brute_force(dye_sequence, errors, cycles):
    """Follow all events of a molecule: dyes as a set of residues, one event after the other."""
    dyes = [(i, int(c)) for i, c in enumerate(dye_sequence) if c != "."]
    states = {}

    def add(target, key, p):
        if p > 0:
            target[key] = target.get(key, 0.0) + p

    for duds in itertools.product([True, False], repeat=len(dyes)):
        p = np.prod(
            [
                errors.dud[c] if d else 1 - errors.dud[c]
                for d, (_, c) in zip(duds, dyes, strict=True)
            ]
        )
        left = frozenset(x for d, x in zip(duds, dyes, strict=True) if not d)
        add(states, (True, 0, left, ""), p * errors.initial_block)
        add(states, (False, 0, left, ""), p * (1 - errors.initial_block))
    for t in range(cycles):
        detach = errors.detach + errors.initial_detach * np.exp(-errors.initial_detach_decay * t)
        following = {}
        for (was_blocked, removed, before, read), p in states.items():
            for blocked, p_block in ((True, errors.cyclic_block), (False, 1 - errors.cyclic_block)):
                blocked, q = blocked or was_blocked, p * p_block
                add(
                    following,
                    (blocked, removed, frozenset(), read + called(before, ())),
                    q * detach,
                )
                q *= 1 - detach
                fails = 1.0 if blocked else errors.edman_failure
                for step, p_step in ((0, fails), (1, 1 - fails)):
                    kept = [x for x in before if not (step and x[0] == removed)]
                    for bleached in itertools.product([True, False], repeat=len(kept)):
                        after = frozenset(x for b, x in zip(bleached, kept, strict=True) if not b)
                        r = q * p_step
                        for b, (_, c) in zip(bleached, kept, strict=True):
                            r *= errors.bleach[c] if b else 1 - errors.bleach[c]
                        add(
                            following,
                            (blocked, removed + step, after, read + called(before, after)),
                            r,
                        )
        states = following
    reads = {}
    for (*_, read), p in states.items():
        add(reads, read.rstrip("."), p)
    return reads


def called(before, after):
    lost = [sum(c == channel for _, c in set(before) - set(after)) for channel in range(10)]
    if not sum(lost) or (not after and sum(lost) > 1):
        return "."
    return str(lost.index(max(lost)))


@pytest.mark.parametrize("dye_sequence", ["0", "01", ".0.10", "110..0"])
def test_reads_are_as_frequent_as_all_events_add_up_to(dye_sequence):
    cycles, count = 4, 400_000
    expected = probabilities_by_brute_force(dye_sequence, ERRORS, cycles)
    assert sum(expected.values()) == pytest.approx(1)
    texts, counts = np.unique(
        simulate_texts(dye_sequence, ERRORS, cycles, count), return_counts=True
    )
    simulated = dict(zip(texts.astype(str).tolist(), counts.tolist(), strict=True))
    assert set(simulated) <= set(expected)
    for read, p in expected.items():
        sigma = np.sqrt(p * (1 - p) / count)
        assert abs(simulated.get(read, 0) / count - p) <= 5 * sigma + 2 / count, read


@pytest.mark.parametrize(
    ("dye_sequence", "cycles", "read"),
    [
        ("..0.12", 6, b"..0.12"),
        ("..0.12", 8, b"..0.12"),
        ("..0.12", 5, b"..0.1"),
        ("..0.12", 2, b""),
        ("....", 4, b""),
        ("", 4, b""),
    ],
)
def test_without_errors_a_read_is_the_dye_sequence_of_its_cycles(dye_sequence, cycles, read):
    assert simulate_texts(dye_sequence, NO_ERRORS, cycles).tolist() == [read]


@pytest.mark.parametrize(
    ("rates", "dye_sequence", "read"),
    [
        ({"dud": (1.0, 0.0, 0.0)}, "0102", b".1.2"),
        ({"edman_failure": 1.0}, "0102", b""),
        ({"initial_block": 1.0}, "0102", b""),
        ({"cyclic_block": 1.0}, "0102", b""),
        ({"detach": 1.0}, "0102", b""),
        ({"detach": 1.0}, ".2", b"2"),
        ({"initial_detach": 1.0, "initial_detach_decay": 5.0}, "12", b""),
        ({"bleach": (1.0, 0.0, 0.0)}, "1002", b"0..2"),
        ({"bleach": (1.0, 1.0, 0.0)}, "01112", b"1...2"),
        ({"bleach": (1.0, 1.0, 0.0)}, "..0112", b"1....2"),
        ({"bleach": (1.0, 1.0, 0.0)}, "..01.2", b"0....2"),
        ({"bleach": (1.0, 1.0, 1.0)}, "..01.2", b""),
    ],
)
def test_what_rates_of_1_are_called(rates, dye_sequence, read):
    errors = SequencingErrors(**{"bleach": (0.0,) * 3, "dud": (0.0,) * 3} | rates)
    assert simulate_texts(dye_sequence, errors, 8).tolist() == [read]


def test_a_molecule_depends_on_the_seed():
    first, again, other = (simulate_texts("0101", ERRORS, 8, 100, s).tolist() for s in (1, 1, 2))
    assert first == again != other


def test_peptides_are_labelled_by_residue():
    codes = np.array([3, 0, 2, 9, 19, 3, 20, 3], np.uint8)  # E A C | M Y E X E
    channel_of_code = np.full(21, -1)
    channel_of_code[[3, 2, 19]] = [0, 1, 2]
    peptides = label_peptides(codes, np.array([0, 3, 1]), np.array([3, 8, 2]), channel_of_code)
    assert peptides.offsets.tolist() == [0, 2, 5, 5]
    assert peptides.positions.tolist() == [0, 2, 1, 2, 4]
    assert peptides.channels.tolist() == [0, 1, 2, 0, 0]


def sample(reads, threads, seed=1, weights=(1.0, 0.0, 3.0, 2.0)):
    peptides = peptides_of("0", "1", ".10", "...")
    blocks = visible_reads(peptides, np.array(weights), ERRORS, 4, reads, seed, threads)
    return [np.concatenate(part) for part in zip(*blocks, strict=True)]


def test_reads_do_not_depend_on_threads():
    count = 3 * MOLECULES_PER_CHUNK
    codes, peptides = sample(count, 1)
    assert len(codes) == len(peptides) == count
    for threads in (2, 5):
        assert all(map(np.array_equal, sample(count, threads), (codes, peptides)))


def test_reads_are_visible_molecules_in_their_proportions():
    codes, peptides = sample(200_000, 2)
    assert codes.min() > 0 and set(peptides.tolist()) == {0, 2}
    expected = [probabilities_by_brute_force(d, ERRORS, 4).get("", 0) for d in ("0", ".10")]
    visible = [1 - p for p in expected]
    share = 3 * visible[1] / (visible[0] + 3 * visible[1])
    assert (peptides == 2).mean() == pytest.approx(share, abs=0.006)
    is_read = codes[peptides == 2] == dye_codes(np.array([b".10"]), 2, 4)
    p = probabilities_by_brute_force(".10", ERRORS, 4)[".10"] / visible[1]
    assert is_read.mean() == pytest.approx(p, abs=0.005)


def test_molecules_that_never_give_a_read_are_an_error():
    errors = SequencingErrors(initial_block=1.0, bleach=(0.0,), dud=(1.0,))
    with pytest.raises(SettingsError, match="only 0 of .* molecules give a read"):
        list(visible_reads(peptides_of("0"), np.ones(1), errors, 4, 10))
    with pytest.raises(SettingsError, match="no peptide has a label"):
        list(visible_reads(peptides_of("..", "0"), np.array([1.0, 0.0]), errors, 4, 10))


def test_peptides_of_a_digestion_are_labelled():
    residues = np.array([2, 8, 3, 8, 2], np.uint8)  # CK EK C
    peptides = digest(residues, np.array([0, 5]))
    channel_of_code = np.full(21, -1)
    channel_of_code[2] = 0
    labelled = label_peptides(residues, peptides.begin, peptides.end, channel_of_code)
    assert np.diff(labelled.offsets).tolist() == [1, 0, 1]
