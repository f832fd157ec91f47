"""Amounts from probabilities of labels and from patterns: likelihoods by brute force, and truth."""

import re

import numpy as np
import pandas as pd
import pytest
from places import DATA

import pepseq
from pepseq.errors import InputError, SettingsError
from pepseq.quantification.symbol_sequences import SymbolSequences, distinct_sequences
from pepseq.quantification.weighted_evidence import MIN_RATIO, weighted_evidence
from pepseq.readout.label_probabilities import WeightedRead
from pepseq.readout.readout import Readout
from pepseq.readout.residue_patterns import read_patterns
from pepseq.sequences.fasta import read_fasta
from pepseq.sequences.residues import FREQUENCIES
from pepseq.templates.read_symbols import read_symbols

READOUT = Readout("KC")
PROTEINS = {record.id: record.sequence for record in read_fasta(DATA / "ecoli_536.fasta")}
COLUMNS = ["read", "position", "label", "probability"]
LABELS = "KCYM_"


class Reference:
    """A reference whose patterns are peptides, texts of digits."""

    def __init__(self, texts):
        ends = np.cumsum([0, *map(len, texts)])
        symbols = np.frombuffer("".join(texts).encode(), np.uint8) - ord("0")
        self.sequences, _ = distinct_sequences(SymbolSequences(symbols, ends[:-1], ends[1:]))
        self.patterns = self


def likelihoods(reads, texts, symbols):
    """Return the evidence, the peptides in order, and the likelihoods as a table."""
    evidence = weighted_evidence(reads, symbols, 1)
    reference = Reference(texts)
    _, follow = evidence.fit(reference)
    ordered = sorted(texts, key=lambda text: (len(text), text))
    found = follow(np.arange(len(texts)), np.zeros(len(texts)))
    table = np.zeros((len(texts), len(evidence.observed.counts)))
    for d in range(len(texts)):
        part = slice(found.starts[d], found.starts[d + 1])
        table[d, found.reads[part]] = found.values[part]
    return evidence, ordered, table, found


def test_likelihoods_of_probabilities_are_products_up_to_a_factor():
    random = np.random.default_rng(2)
    reads = [
        WeightedRead(str(n), n, [random.dirichlet(np.ones(3), length)])
        for n, length in enumerate([3, 4, 3])
    ]
    texts = ["022", "012", "212", "2020", "0000", "02"]
    symbols = read_symbols(READOUT)
    evidence, ordered, table, _ = likelihoods(reads, texts, symbols)
    shares = np.array([FREQUENCIES["K"], FREQUENCIES["C"], 0])
    shares[2] = sum(FREQUENCIES.values()) - shares.sum()
    shares /= shares.sum()
    for r, read in enumerate(reads):
        (weights,) = read.variants
        factor = np.prod(weights.max(1))
        expected = [
            np.prod([row[int(s)] for row, s in zip(weights, text, strict=True)]) / factor
            if len(text) == len(weights)
            else 0
            for text in ordered
        ]
        assert table[:, r] == pytest.approx(expected, rel=1e-5)
        of_length = (2 if len(weights) == 3 else 1) / 3
        by_chance = of_length * np.prod(weights @ shares) / factor
        assert evidence.observed.background[r] == pytest.approx(by_chance)


def test_likelihoods_of_patterns_add_up_over_their_gaps_and_have_errors():
    symbols = read_symbols(READOUT, 0.1, 0.2)
    reads = read_patterns(["K-x(1,2)-C", "{C}-[KC]-x", "K-x(1,2)-C"], READOUT)
    texts = ["021", "020", "0221", "2021", "0011", "222"]
    evidence, ordered, table, found = likelihoods(reads, texts, symbols)
    assert evidence.observed.counts.tolist() == [2, 1]
    p = symbols.confusion
    for d, text in enumerate(ordered):
        peptide = list(map(int, text))
        first = 0.5 * p[peptide[0], 0] * p[peptide[-1], 1]
        assert table[d, 0] == pytest.approx(first, rel=1e-5)
        second = (1 - p[peptide[0], 1]) * (1 - p[peptide[1], 2]) if len(text) == 3 else 0
        assert table[d, 1] == pytest.approx(second, rel=1e-5)
        assert found.visible[d] == pytest.approx(1 - np.prod(p[peptide, 2]), abs=1e-9)


def test_peptides_far_below_the_best_are_left_out():
    weights = np.array([[1 - 2e-7, 2e-7, 0], [0.5, 0.5, 0]])
    read = WeightedRead("a", 1, [weights])
    _, ordered, table, _ = likelihoods([read], ["00", "01", "10"], read_symbols(READOUT))
    assert ordered == ["00", "01", "10"] and MIN_RATIO > 2e-7
    assert table[:, 0].tolist() == [1, 1, 0]


@pytest.fixture(scope="module")
def sample():
    """Errorless reads of whole peptides of 15 proteins, and their molar fractions."""
    chosen = np.random.default_rng(8).choice([*PROTEINS], 15, replace=False).tolist()
    copies = dict(zip(chosen, np.logspace(0, 1.5, 15).tolist(), strict=True))
    config = pepseq.SimulateConfig(seed=3)
    sample = pepseq.simulate_reads(PROTEINS, "KCYM", 3000, copies=copies, config=config)
    truth = dict(zip(sample.truth["protein"], sample.truth["molar_fraction"], strict=True))
    return sample.reads["sequence"].tolist(), truth


def misplaced(amounts, truth):
    """Return the share of molecules that are given to a wrong protein."""
    given = dict(zip(amounts.table["proteins"], amounts.table["molar_fraction"], strict=True))
    return sum(abs(given.get(name, 0) - truth.get(name, 0)) for name in given | truth) / 2


def soft_table(reads, seed=1):
    """Return uncertain reads: the calls are right as often as they say."""
    generator, rows = np.random.default_rng(seed), []
    for number, read in enumerate(reads):
        for position, residue in enumerate(read, 1):
            true = LABELS.index(residue.replace("X", "_"))
            shares = np.sort(generator.dirichlet(np.full(5, 0.08)))[::-1]
            others = generator.permutation([n for n in range(5) if n != true])
            place = generator.choice(5, p=shares)
            order = np.insert(others, place, true)
            rows += [
                (str(number), position, LABELS[label], share)
                for label, share in zip(order, shares, strict=True)
                if share > 0
            ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_probabilities_give_the_amounts(sample):
    reads, truth = sample
    config = pepseq.QuantifyConfig(probabilities=True, max_q=1.0, threads=1)
    table = soft_table(reads[:1500])
    soft = pepseq.quantify_reads(table, PROTEINS, "KCYM", config=config)
    assert soft.reads == 1500 and misplaced(soft, truth) < 0.1
    best = table.loc[table.groupby(["read", "position"])["probability"].idxmax()]
    texts = best.groupby("read")["label"].agg("".join).str.replace("_", "X")
    hard = [text for text in texts if text.strip("X")]
    wrong = np.mean(texts.loc[list(map(str, range(1500)))].to_numpy() != np.array(reads[:1500]))
    assert wrong > 0.3
    config = pepseq.QuantifyConfig(max_q=1.0, threads=1, missed_label=0.05, misread=0.05)
    by_calls = pepseq.quantify_reads(hard, PROTEINS, "KCYM", config=config)
    assert misplaced(soft, truth) < 0.7 * misplaced(by_calls, truth)


def pattern_of(read):
    """Return a read of KCYM as the pattern that says the same."""
    parts = [
        found[0] if found[0] != "X" else f"{{KCYM}}({len(found)})"
        for found in re.findall("X+|.", read)
    ]
    return "-".join(parts)


def test_patterns_of_hard_reads_give_the_amounts_of_hard_reads(sample, tmp_path, run):
    reads, truth = sample
    patterns = list(map(pattern_of, reads))
    config = pepseq.QuantifyConfig(patterns=True, max_q=1.0, threads=1)
    amounts = pepseq.quantify_reads(patterns, PROTEINS, "KCYM", config=config)
    hard = pepseq.quantify_reads(
        reads, PROTEINS, "KCYM", config=pepseq.QuantifyConfig(max_q=1.0, threads=1)
    )
    assert amounts.distinct == hard.distinct
    assert misplaced(amounts, truth) == pytest.approx(misplaced(hard, truth), abs=0.02)
    rows = "".join(f"{n}\t{pattern}\n" for n, pattern in enumerate(patterns))
    (tmp_path / "p.tsv").write_text(f"id\tpattern\n{rows}x\tK-W\n")
    call = (tmp_path / "p.tsv", "-o", tmp_path / "o.tsv", "--reference", DATA / "ecoli_536.fasta")
    done = run("quantify", *call, "--readout", "KCYM", "--patterns", "--max-q", "1", "--keep-going")
    assert done.code == 0 and f"{tmp_path}/p.tsv:3002: 'x'" in done.err
    written = pd.read_csv(tmp_path / "o.tsv", sep="\t")
    expected = amounts.table.set_index("proteins")["molar_fraction"]
    found = written.set_index("proteins")["molar_fraction"]
    assert found.to_dict() == pytest.approx(expected.to_dict(), rel=1e-3, abs=1e-5)


def test_faults_are_named(tmp_path):
    config = pepseq.QuantifyConfig(patterns=True)
    with pytest.raises(InputError, match=r"^reads:1: '1': pattern 'KC': expected elements"):
        pepseq.quantify_reads(["KC"], PROTEINS, "KCYM", config=config)
    (tmp_path / "p.tsv").write_text("id\tpattern\nx\tK-W\n")
    call = (tmp_path / "p.tsv", tmp_path / "o.tsv", DATA / "ecoli_536.fasta", "KCYM")
    with pytest.raises(InputError, match=r"p\.tsv:2: 'x': pattern 'K-W'"):
        pepseq.quantify(*call, config=config)
    assert not (tmp_path / "o.tsv").exists()
    for settings in ({"scores": True}, {"dye_sequences": True}, {"probabilities": True}):
        with pytest.raises(SettingsError, match="give one of them"):
            pepseq.QuantifyConfig(patterns=True, **settings)
    with pytest.raises(SettingsError, match="probabilities of labels contain the errors"):
        pepseq.QuantifyConfig(probabilities=True, missed_label=0.1)
