"""What label sets identify: counted one by one, and by the exact error model."""

import random
import re
from collections import Counter, defaultdict
from itertools import combinations

import numpy as np
import pytest

from pepseq.design.config import DesignConfig
from pepseq.design.distinct_peptides import SHARED, distinct_peptides
from pepseq.design.label_sets import Experiment
from pepseq.digestion.config import DigestConfig
from pepseq.digestion.digest import digest
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.fluorosequencing.read_probabilities import read_probabilities
from pepseq.quantification.digested_reference import encode_records
from pepseq.quantification.evidence import labelled_patterns
from pepseq.quantification.patterns import pattern_keys
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record

CANDIDATES = Readout.from_labels("DE,K,C,Y")
RATES = ("edman_failure", "detach", "initial_detach", "initial_block", "cyclic_block")


def random_proteins(count, seed=1, letters="DEKCYRGAAGL", length=30):
    draw = random.Random(seed)
    return ["".join(draw.choices(letters, k=length)) for _ in range(count)]


def experiment(proteins, errors=None, candidates=CANDIDATES, digestion=DigestConfig(), **settings):  # noqa: B008
    records = [Record(str(n), "", text, 0) for n, text in enumerate(proteins)]
    peptides = distinct_peptides(*encode_records(records), digestion)
    channels = len(candidates.labels)
    errors = errors or SequencingErrors(bleach=(0.0,) * channels, dud=(0.0,) * channels)
    return Experiment(peptides, candidates, errors, DesignConfig(**settings))


def tryptic(protein):
    return re.findall(r"[^KR]*[KR]|[^KR]+", protein)  # there is no P


def read_of(peptide, labels, cycles):
    """The labels of the first residues, as a text without unlabelled ends."""
    channel = {a: str(n) for n, label in enumerate(labels) for a in label}
    return "".join(channel.get(a, ".") for a in peptide[:cycles]).rstrip(".")


def count_one_by_one(proteins, labels, cycles, min_peptides):
    """Proteins, peptides and residues that a set identifies, and readable peptides, as shares."""
    of_proteins = {frozenset(tryptic(p)) for p in proteins}
    numbers = Counter(peptide for p in proteins for peptide in tryptic(p))
    reads, owners = defaultdict(set), defaultdict(set)
    for peptide in numbers:
        if read := read_of(peptide, labels, cycles):
            reads[read].add(peptide)
            owners[read] |= {group for group in of_proteins if peptide in group}
    of_protein = Counter(next(iter(groups)) for groups in owners.values() if len(groups) == 1)
    single = {label for label in labels if len(label) == 1}
    right, hidden = 0, 0
    for alike in reads.values():
        for place in range(max(map(len, alike))):
            votes = Counter()
            for peptide in alike:
                if place < len(peptide) and peptide[place] not in single:
                    votes[peptide[place]] += numbers[peptide]
            right += max(votes.values(), default=0)
            hidden += sum(votes.values())
    return (
        sum(count >= min_peptides for count in of_protein.values()) / len(of_proteins),
        sum(len(alike) == 1 for alike in reads.values()) / len(numbers),
        right / hidden if hidden else pytest.approx(float("nan"), nan_ok=True),
        sum(map(len, reads.values())) / len(numbers),
    )


@pytest.mark.parametrize(("cycles", "min_peptides"), [(15, 1), (3, 1), (5, 2)])
def test_shares_without_errors_are_those_counted_one_by_one(cycles, min_peptides):
    proteins = random_proteins(40)
    proteins += [proteins[0], proteins[1][:10] + proteins[2]]
    tested = experiment(proteins, cycles=cycles, min_peptides=min_peptides)
    for count in range(1, 5):
        for chosen in combinations(range(4), count):
            found = tested.identify(chosen)
            labels = tested.labels(chosen).split(",")
            expected = count_one_by_one(proteins, labels, cycles, min_peptides)
            shares = (found.proteins, found.peptides, found.completion, found.readable_peptides)
            assert shares == pytest.approx(expected), labels
            assert found.error_free_reads == pytest.approx(1.0)


def test_proteins_with_the_same_peptides_are_one_and_shared_peptides_name_none():
    tested = experiment(["MCAK", "MCAK", "GGCK", "MCAKGYK"])
    assert tested.peptides.protein_count == 3
    owners = dict(zip("MG", tested.peptides.proteins[:2], strict=True))
    assert owners["M"] == SHARED and owners["G"] >= 0
    found = tested.identify((2, 3))  # C and Y: GGCK and GYK name proteins
    assert found.proteins == pytest.approx(2 / 3)
    assert found.peptides == 1.0


def test_a_limited_number_of_reads_finds_what_poisson_says():
    # one label: peptides of A, of B twice as often
    proteins = ["MCAK", "GYKGYK"]
    found = experiment(proteins, reads=3).identify((2, 3))
    seen = [1 - np.exp(-3 * share) for share in (1 / 3, 2 / 3)]
    assert found.peptides == pytest.approx(sum(seen) / 2)
    assert found.proteins == pytest.approx(sum(seen) / 2)
    twice = experiment(["MCAKGYK", "GGCK"], reads=3, min_peptides=2).identify((2, 3))
    assert twice.proteins == pytest.approx((1 - np.exp(-1)) ** 2 / 2)


def exact_reads(tested, proteins, chosen, errors, cycles):
    """Expected numbers of reads that look like one without errors, and of all, by the engine."""
    records = [Record(str(n), "", text, 0) for n, text in enumerate(proteins)]
    residues, offsets = encode_records(records)
    peptides = digest(residues, offsets, DigestConfig())
    readout = Readout.from_labels(tested.labels(chosen))
    found = labelled_patterns(readout, cycles)(residues, peptides, len(proteins))
    numbers = found.weights.sum(0)
    heads = pattern_keys(found.sequences)[:, 0]
    codes = np.unique(heads[heads > 0])
    cutoffs = np.full(len(heads), 1e-12)
    exact = read_probabilities(found.sequences, codes, errors.rates(cycles), cutoffs, 1)
    sequence = np.repeat(np.arange(len(heads)), np.diff(exact.starts))
    clean = codes[exact.reads] == heads[sequence]
    amounts = numbers[sequence] * exact.values
    by_read = [np.bincount(exact.reads[c], amounts[c], len(codes)) for c in (clean, ~clean)]
    return *by_read, float((numbers * exact.visible).sum())


@pytest.mark.parametrize("rate", [*RATES, "bleach", "dud", "all"])
def test_reads_with_one_error_are_those_of_the_exact_model(rate):
    proteins = random_proteins(60, seed=3, letters="DEKCYRGAAGLGAVL", length=45)
    size, cycles, chosen = 2e-4, 8, (0, 1, 2)
    rates = dict.fromkeys(RATES if rate == "all" else {rate} & {*RATES}, size)
    dyes = {name: (size if rate in (name, "all") else 0.0,) * 4 for name in ("bleach", "dud")}
    errors = SequencingErrors(**rates, **dyes)
    tested = experiment(proteins, errors, cycles=cycles)
    found = tested.expect_reads(chosen)
    reads, total = found.reads, found.total
    of_three = SequencingErrors(**rates, **{name: dye[:3] for name, dye in dyes.items()})
    clean, wrong, visible = exact_reads(tested, proteins, chosen, of_three, cycles)
    assert total == pytest.approx(visible, rel=2e-4)
    assert np.sort(reads.clean) == pytest.approx(np.sort(clean), rel=1e-4)
    ours = reads.same + reads.other
    assert np.sort(ours) == pytest.approx(np.sort(wrong), rel=0.01, abs=1e-5)
    assert ours.sum() == pytest.approx(wrong.sum(), rel=0.01, abs=1e-5)
    assert (wrong.sum() > 0.01) == (rate != "initial_block")


def test_reads_that_others_may_give_by_error_identify_nothing():
    # without the first C, or its dye, the second peptide gives the read of the first
    proteins = ["GGYK", "CGYK"]
    errors = SequencingErrors(bleach=(0.0, 0.0), dud=(0.02, 0.02))
    candidates = Readout.from_labels("C,Y")
    found = experiment(proteins, errors, candidates).identify((0, 1))
    assert found.peptides == 0.5
    found = experiment(proteins, errors, candidates, min_share=0.98).identify((0, 1))
    assert found.peptides == 1.0
    # if both are of one protein, its reads identify it
    found = experiment(["GGYKCGYK", "GGGG"], errors, candidates).identify((0, 1))
    assert (found.proteins, found.peptides) == (0.5, pytest.approx(1 / 3))


@pytest.mark.parametrize("rate", ["initial_block", "detach"])
def test_molecules_that_are_never_seen_identify_nothing(rate):
    errors = SequencingErrors(**{rate: 1.0}, bleach=(0.0,), dud=(0.0,))
    found = experiment(["MCACK"], errors, Readout.from_labels("C")).identify((0,))
    assert (found.proteins, found.peptides, found.error_free_reads) == (0, 0, 0)
