"""Seeds against a dictionary of labels and distances; planted templates are found."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known import K1, changed, masked, reference_of, shuffled

from pepseq.readout.readout import Readout
from pepseq.templates import seed_tables, seeds
from pepseq.templates.array_files import ArrayWriter
from pepseq.templates.read_symbols import read_symbols

K1_SYMBOLS = read_symbols(K1)
APART = 40


def by_hand(symbols, blank, labels):
    """(labels and the distances between them, place of the first) of each seed."""
    at = [i for i, s in enumerate(symbols) if s != blank]
    for first in range(len(at) - labels + 1):
        places = at[first : first + labels]
        yield tuple((int(symbols[p]), p - places[0]) for p in places), places[0]


def seeds_of(symbols, blank, labels):
    keys, places = np.zeros(len(symbols), np.uint64), np.zeros(len(symbols), np.int64)
    n = seed_tables.write_seeds(symbols, blank, labels, keys, places)
    return keys[:n], places[:n]


@settings(max_examples=50)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(2, 3))
def test_equal_seeds_have_equal_keys_and_others_differ(symbols, labels):
    symbols = np.array(symbols, np.uint8)
    keys, places = seeds_of(symbols, 3, labels)
    expected = list(by_hand(symbols, 3, labels))
    assert places.tolist() == [place for _, place in expected]
    assert len(set(zip(keys, (seed for seed, _ in expected), strict=True))) == len(set(keys))
    assert len(set(keys)) == len({seed for seed, _ in expected})


@pytest.mark.parametrize("labels", [2, 3])
def test_every_place_of_every_seed_is_listed_once(proteins, labels):
    reference = reference_of(proteins[:12])
    starts, positions = seed_tables.build_seeds(
        reference.residues, reference.offsets, K1_SYMBOLS, labels
    )
    buckets = defaultdict(list)
    for p in range(len(reference)):
        symbols = K1_SYMBOLS.symbol_of_code[reference.protein(p)]
        for key, place in zip(*seeds_of(symbols, K1_SYMBOLS.hidden, labels), strict=True):
            buckets[int(key) & (len(starts) - 2)].append(reference.offsets[p] + place)
    assert starts[0] == 0 and starts[-1] == len(positions) == sum(map(len, buckets.values()))
    for bucket in range(len(starts) - 1):
        assert positions[starts[bucket] : starts[bucket + 1]].tolist() == buckets[bucket]


@pytest.mark.parametrize("spilled", [1, 1 << 26])
def test_parts_and_threads_give_the_same_table(proteins, monkeypatch, spilled, tmp_path):
    reference = reference_of(proteins)
    whole = reference.residues, reference.offsets, K1_SYMBOLS, 3
    expected = seed_tables.build_seeds(*whole)
    monkeypatch.setattr(seed_tables, "_SPILL_BYTES", spilled)
    for part, ranges, threads in ((1, 1 << 20, 1), (999, 1000, 1), (5000, 200, 3)):
        monkeypatch.setattr(seed_tables, "_PART_RESIDUES", part)
        monkeypatch.setattr(seed_tables, "_RANGE_SEEDS", ranges)
        monkeypatch.setattr(seed_tables, "available_cores", lambda n=threads: n)
        columns = [ArrayWriter(tmp_path / f"{part}-{n}", np.uint32, "") for n in range(2)]
        seed_tables.write_table(*whole, columns, tmp_path)
        for column, array in zip(columns, expected, strict=True):
            assert np.array_equal(column.written(), array)
            column.close()
    assert len(list(tmp_path.iterdir())) == 6


class Searcher:
    def __init__(self, pairs, readout=K1, labels=2):
        self.reference, self.labels = reference_of(pairs), labels
        self.symbols = read_symbols(readout)
        self.readout = readout
        self.seeds = seed_tables.build_seeds(
            self.reference.residues, self.reference.offsets, self.symbols, labels
        )
        bins = (len(self.reference.residues) + 50_000 >> seeds.BIN) + 2
        slots = 1 << bins.bit_length()
        self.scratch = seeds.empty_bins(slots, bins, np.uint32)

    def __call__(self, protein, most=5, least=0.0, places=1 << 20):
        found = seeds.find_candidates(
            self.symbols.encode(masked(protein, self.readout)),
            self.symbols.hidden,
            self.labels,
            self.seeds,
            self.reference.offsets,
            self.scratch,
            seeds.CandidateLimits(most, APART, np.float32(least), places),
        )
        assert (self.scratch.bins == -1).all(), "expected the scratch space as it was"
        return [(int(p), int(d)) for p, d in zip(*found, strict=True)]


@pytest.fixture(scope="module")
def search(proteins):
    return Searcher(proteins[:60])


def test_each_protein_finds_itself_first(search, proteins):
    for number, (_, protein) in enumerate(proteins[:60]):
        if sum(a in "KCYM" for a in protein) < 6:
            continue
        best, diagonal = search(protein)[0]
        assert best == number and abs(diagonal) <= 2 << seeds.BIN


def test_planted_stretches_are_found_on_their_diagonals(search, proteins):
    for number in (3, 17, 42):
        protein = proteins[number][1]
        middle = len(protein) // 4
        for copy, diagonal in (
            (protein[middle:], middle),
            (shuffled(protein)[:50] + protein, -50),
            (changed(protein, 0.05), 0),
        ):
            best = search(copy)[0]
            assert best[0] == number and abs(best[1] - diagonal) <= 2 << seeds.BIN


def test_a_protein_comes_again_only_on_a_distant_diagonal(search, proteins):
    found = search(proteins[0][1] * 3, most=40)
    again = [d for p, d in found if p == 0]
    assert len(again) >= 3 and len(found) == len(set(found)) <= 40
    assert all(abs(a - b) > APART for i, a in enumerate(again) for b in again[:i])


@pytest.mark.parametrize("protein", ["", "M", "AAAA", "AAAAK", "GGGG" * 50])
def test_readouts_without_seeds_find_nothing(search, protein):
    assert search(protein) == []


def test_other_labels_other_groups_and_seeds_of_three(proteins):
    for readout, labels in (("[DE]", 3), ("CY[DE]", 2), ("KCYM", 3)):
        search = Searcher(proteins[:30], Readout(readout), labels)
        assert search(proteins[7][1])[0][0] == 7


def test_a_stretch_is_not_lost_to_the_protein_behind_its_template(proteins):
    """The second half of a chimera lies on the first half's diagonal, beyond its template."""
    pairs = proteins[:60]
    search = Searcher(pairs)
    for number in range(0, 58, 3):
        first, second = pairs[number][1], pairs[number + 1][1]
        half = first[len(first) // 2 :]
        if sum(a in "KCYM" for a in half) < 8:
            continue
        found = [p for p, _ in search(half + second, most=8)]
        assert number in found, number


def test_a_reference_with_one_seed_is_found():
    (found,) = Searcher([("a", "AAKAAAAMAA")])("AAKAAAAMAA")
    assert found[0] == 0


def test_candidates_far_below_the_best_are_left_out(search, proteins):
    every = search(proteins[3][1], most=20)
    near = search(proteins[3][1], most=20, least=0.5)
    assert near == every[: len(near)] and near[0][0] == 3 and len(near) < len(every)


def test_a_crowded_hash_table_finds_the_same(search, proteins):
    roomy = search(proteins[5][1], most=3)
    scratch, slots = search.scratch, 1 << 10
    search.scratch = seeds.empty_bins(slots, slots - 1, np.uint32)
    assert search(proteins[5][1], most=3)[0] == roomy[0]
    search.scratch = scratch


def test_of_too_many_places_those_of_rare_seeds_are_counted(search, proteins):
    """A repeat of common seeds beside a protein's own: the protein is found without the repeat."""
    starts = search.seeds.starts.astype(np.int64)
    keys = seeds_of(search.symbols.encode(masked(proteins[3][1])), search.symbols.hidden, 2)[0]
    sizes = np.sort(np.diff(starts)[(keys & np.uint64(len(starts) - 2)).astype(np.int64)])
    for places in (int(sizes[: len(sizes) // 2].sum()), int(sizes[0]), 0):
        assert search(proteins[3][1], places=places)[0][0] == 3
    assert search(proteins[3][1], places=int(sizes.sum())) == search(proteins[3][1])
    assert search(proteins[3][1], most=40, places=0) != search(proteins[3][1], most=40)


def test_mean_places_of_a_sample_are_near_those_of_all(proteins):
    reference = reference_of(proteins)
    whole = reference.residues, reference.offsets, K1_SYMBOLS, 2
    starts, positions = seed_tables.build_seeds(*whole)
    exact = (np.diff(starts.astype(float)) ** 2).sum() / len(positions)
    assert seed_tables.mean_places(*whole) == pytest.approx(exact)
    half = seed_tables.mean_places(*whole, max_residues=len(reference.residues) // 2)
    assert half == pytest.approx(exact, rel=0.3)
