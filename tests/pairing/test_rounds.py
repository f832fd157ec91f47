"""Pairing in rounds, with methods whose answers are made up."""

from dataclasses import replace

import numpy as np
from places import DATA

from pepseq import PairConfig, pair
from pepseq.pairing.method_choice import pair_at_random
from pepseq.pairing.method_interface import Families, MethodResult, Species
from pepseq.pairing.pairs import best_pairs
from pepseq.pairing.rounds import pair_in_rounds

A, B = DATA / "pairs_a.fasta", DATA / "pairs_b.fasta"


def families_of(sizes, known=()):
    """Families of random proteins; `known` are pairs of the first species."""
    random = np.random.default_rng(0)
    starts = np.cumsum([0, *sizes])
    species = [
        Species(str(n), np.arange(s, s + z), np.arange(s, s + z), np.zeros((0, 2), np.int64))
        for n, (s, z) in enumerate(zip(starts, sizes, strict=False))
    ]
    species[0] = replace(species[0], known=np.array(known, np.int64).reshape(-1, 2))
    codes = random.integers(20, size=(2, sum(sizes), 6)).astype(np.uint8)
    return Families(*codes, tuple(species))


class LearningMethod:
    """A method that is surer of each next pair (i, i) of a species the more are known."""

    def __init__(self):
        self.known = []

    def __call__(self, families):
        self.known.append([species.known.tolist() for species in families.species])
        frequencies = []
        for species in families.species:
            size, known = len(species.rows_a), len(species.known)
            frequency = np.full((size, size), 0.1 / size)
            for at in range(size):
                frequency[at, at] = 0.97 if at == known else 0.6
            for a, b in species.known:
                frequency[a, b] = 1
            frequencies.append(frequency)
        return MethodResult(tuple(frequencies), np.full((2, 3), float(len(self.known))))


def test_a_single_round_is_the_method_alone():
    families, config = families_of([4, 3]), PairConfig(method="random", runs=3)
    chosen = pair_at_random(families, config)
    same = pair_in_rounds(families, config, lambda _: chosen)
    for frequency, other in zip(chosen.frequencies, same.frequencies, strict=True):
        np.testing.assert_array_equal(frequency, other)
    np.testing.assert_array_equal(chosen.losses, same.losses)


def test_confident_pairs_become_known_and_keep_their_confidence():
    method = LearningMethod()
    families = families_of([3, 2])
    config = PairConfig(rounds=3)
    chosen = pair_in_rounds(families, config, method)
    assert method.known == [
        [[], []],
        [[[0, 0]], [[0, 0]]],
        [[[0, 0], [1, 1]], [[0, 0], [1, 1]]],
    ]
    assert np.diag(chosen.frequencies[0]).tolist() == [0.97, 0.97, 0.97]
    assert chosen.frequencies[0][0].sum() == chosen.frequencies[0][:, 1].sum() == 0.97
    np.testing.assert_array_equal(chosen.losses, [[1] * 3 + [2] * 3 + [3] * 3] * 2)
    assert chosen.round_ends == (3, 6)
    assert not any(pair.known for pair in best_pairs(families, chosen, 1))


def test_given_pairs_stay_known_in_all_rounds():
    method = LearningMethod()
    families = families_of([3, 2], [[2, 1]])
    chosen = pair_in_rounds(families, PairConfig(rounds=4, known_confidence=0.5), method)
    assert all([2, 1] in known[0] for known in method.known)
    assert chosen.frequencies[0][2, 1] == 1
    made = {(p.row_a, p.row_b): p for p in best_pairs(families, chosen, 1)}
    assert [rows for rows, pair in made.items() if pair.known] == [(2, 1)]


def test_rounds_end_when_no_pair_is_new():
    method = LearningMethod()
    pair_in_rounds(families_of([3]), PairConfig(rounds=50), method)
    assert len(method.known) == 4
    method = LearningMethod()
    pair_in_rounds(families_of([3]), PairConfig(rounds=50, known_confidence=0.98), method)
    assert len(method.known) == 1


def test_order_and_names_do_not_matter_in_rounds(tmp_path):
    config = PairConfig(method="random", runs=3, rounds=3, known_confidence=0.6)
    plain = PairConfig(method="random", runs=3)
    order = np.random.default_rng(1)
    files = []
    for path in (A, B):
        records = path.read_text().split(">")[1:]
        records = [records[at] for at in order.permutation(len(records))]
        text = "".join(">" + record for record in records)
        files.append(tmp_path / path.name)
        files[-1].write_text(text.replace("[species_", "[x").replace("[x1", "[a1"))
    pair(A, B, tmp_path / "1", config=config)
    pair(*files, tmp_path / "2", config=config)
    pair(A, B, tmp_path / "3", config=plain)
    made = []
    for name in "123":
        lines = (tmp_path / name).read_text().splitlines()[1:]
        made.append([line.split("\t")[1:] for line in lines])
    assert made[0] == made[1] != made[2]
    assert {row[-1] for row in made[0]} == {"no"}
