"""Dye sequences of peptides against a digested reference: probabilities, order, and bad input."""

import csv

import numpy as np
import pytest

from pepseq import LookupConfig, Readout, lookup
from pepseq.digestion.config import DigestConfig
from pepseq.errors import SettingsError
from pepseq.fluorosequencing.config import EqualChannelRates
from pepseq.fluorosequencing.dye_codes import dye_codes
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.fluorosequencing.read_probabilities import DyeSequences, read_probabilities

LABELS = Readout.from_labels("DE,C,Y")
RATES = EqualChannelRates(edman_failure=0.05, detach=0.02, bleach=0.03, dud=0.1)
CONFIG = LookupConfig(dye_sequences=True, best=20, threads=1)
PEPTIDES = {  # dye sequence: protein, first and last residue
    ".0.1": [("a", "1", "5"), ("b", "12", "16")],
    "..02": [("a", "6", "12")],
    "1.0.2": [("b", "1", "11")],
    "0000.....11": [("c", "1", "12")],
}
DECOYS = ("1.0", "1.0", "...20", "......2.0.1", "11.....0000")


@pytest.fixture
def proteins(tmp_path):
    """Return the path of four proteins, one without a label."""
    path = tmp_path / "p.fa"
    path.write_text(
        ">a first\nADGCKWWEYLLKGGGGR\n>b\nCAEAYLLLLGKADGCK\n>c\nEEEEGGGGGCCK\n>d\nGGLLGGK\n"
    )
    return path


def fits(proteins, texts, config=CONFIG, **more):
    """Return the rows of the table of fits as dictionaries."""
    reads, out = proteins.parent / "d.tsv", proteins.parent / "o.tsv"
    rows = "".join(f"{text}\t1\tr{n}\n" for n, text in enumerate(texts, 1))
    reads.write_text(f"3\n{len(texts)}\n{rows}")
    lookup(reads, out, proteins, LABELS, config=config, force=True, **more)
    with open(out) as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def probabilities(texts, read, cycles):
    """Return P(read | dye sequence) of each text."""
    width = max(map(len, texts))
    symbols = np.array(
        [[-1 if c == "." else int(c) for c in t.ljust(width, ".")] for t in texts], np.int8
    )
    tails = np.stack([(symbols[:, cycles:] == c).sum(1) for c in range(3)], axis=1)
    codes = dye_codes(np.array([read], "S"), 3, cycles)
    rates = SequencingErrors.of_equal_channels(RATES, 3).rates(cycles)
    sequences = DyeSequences(np.ascontiguousarray(symbols[:, :cycles]), tails)
    found = read_probabilities(sequences, codes, rates, np.full(len(texts), 1e-13), 1)
    values = np.zeros(len(texts))
    values[np.repeat(np.arange(len(texts)), np.diff(found.starts))] = found.values
    return values


@pytest.mark.parametrize("read", [".0.1", "..02", "1.0", "....2", "0000", "0.0......1"])
def test_scores_and_probabilities_are_those_of_the_error_model(proteins, read):
    config = LookupConfig(dye_sequences=True, best=20, cycles=11, threads=1)
    rows = fits(proteins, [read], config, errors=RATES)
    texts = list(PEPTIDES)
    expected = probabilities(texts, read, 11)
    frequencies = {"0": 8 / 52, "1": 5 / 52, "2": 2 / 52, ".": 37 / 52}
    chance = np.prod([frequencies[c] for c in read]) / (11 * 15 / 52)
    total = expected @ [len(PEPTIDES[text]) for text in texts] + chance * (1 + 5)
    known = {place: p for text, p in zip(texts, expected, strict=True) for place in PEPTIDES[text]}
    assert rows[0]["rank"] == "1"
    for row in rows:
        p = known[row["protein"], row["begin"], row["end"]]
        assert float(row["score"]) == pytest.approx(np.log2(p / chance), abs=0.02)
        assert float(row["probability"]) == pytest.approx(p / total, rel=0.05)  # some are left out
        assert float(row["e_value"]) == pytest.approx(5 * chance / p, rel=0.02)
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    found = {(row["protein"], row["begin"], row["end"]) for row in rows}
    best_of_all = max(expected.max(), probabilities(DECOYS, read, 11).max())
    assert {place for place, p in known.items() if p > best_of_all / 50} <= found
    best = sum(p > expected.max() * 2**-0.5 for p in known.values())
    assert rows[0]["equal_fits"] == str(best)


def test_without_errors_reads_fit_the_peptides_that_give_them(proteins):
    rows = fits(proteins, [*PEPTIDES, "2.2"])
    of_read = {}
    for row in rows:
        of_read.setdefault(row["id"], []).append((row["protein"], row["begin"], row["end"]))
    expected = [*PEPTIDES.values(), [("", "", "")]]
    assert list(of_read.values()) == expected
    first = [row for row in rows if row["rank"] == "1"]
    assert all(row["labels_matched"] == row["labels"] for row in first)
    assert [row["coverage"] for row in first] == ["1.0000"] * 4


def test_leads_are_over_decoys(proteins):
    rows = fits(proteins, ["0000.....11", "1.0", *DECOYS[2:]])
    assert rows[0]["q_value"] == "1"  # one read, but three decoys are as good
    assert [row["protein"] for row in rows[1:]] == [""] * 4


def test_a_label_that_was_missed_is_no_match(proteins):
    row = fits(proteins, ["0.0......11"], errors=RATES)[0]
    assert (row["protein"], row["labels_matched"], row["labels"]) == ("c", "4", "4")


def test_missed_cleavages_are_as_frequent_as_their_rate(proteins):
    digestion = DigestConfig(missed_cleavages=1, missed_cleavage_rate=0.2)
    rows = fits(proteins, [".0.1", ".0.1...02"], digestion=digestion)
    ends = [(row["id"], row["protein"], row["begin"], row["end"]) for row in rows]
    assert ends == [("r1", "a", "1", "5"), ("r1", "b", "12", "16"), ("r2", "a", "1", "12")]
    scores = [float(row["score"]) for row in rows]
    assert scores[0] == pytest.approx(scores[1])  # both have one end that is a site
    frequency = {"0": 8 / 52, "1": 5 / 52, "2": 2 / 52, ".": 37 / 52}
    chance = np.prod([frequency[c] for c in ".0.1...02"]) / (9 * 15 / 52)
    assert scores[2] == pytest.approx(np.log2(0.2 * 0.8 / chance), abs=0.01)


def test_reads_longer_than_codes_are_compared_as_far_as_codes_go(tmp_path, caplog):
    caplog.set_level("INFO")
    path = tmp_path / "p.fa"
    path.write_text(f">a\nD{'G' * 30}C{'G' * 10}D\n>b\nD{'G' * 31}C{'G' * 9}D\n>c\nCYC\n")
    texts = ["0" + "." * 30 + "1" + "." * 10 + "0", "0" + "." * 31 + "1" + "." * 9 + "0"]
    rows = fits(path, texts)
    assert "2 reads are longer: only their first 31 symbols are compared" in caplog.text
    assert [row["labels"] for row in rows if row["labels"]] == ["1"] * len(rows)


def test_a_read_with_more_symbols_than_cycles_is_left_out(proteins, run):
    fits(proteins, ["..02"])  # writes the file of reads
    reads = proteins.parent / "d.tsv"
    reads.write_text("3\n2\n..02.........\t1\tr1\n1...2...1\t3\tr2\n")
    done = run(
        *("lookup", reads, "--dye-sequences", "--labels", "DE,C,Y", "--reference", proteins),
        *("-o", proteins.parent / "o.tsv", "--cycles", "8", "--force"),
    )
    assert "1 record left out" in done.err
    assert "channels: 0 DE, 1 C, 2 Y\n" in done.err
    assert "no error rates given: reads are taken as free of errors\n" in done.err
    assert done.code == 65 and "d.tsv:4: 'r2': 9 symbols are more than the 8 cycles" in done.err


@pytest.mark.parametrize(
    "settings",
    [
        {"misread": 0.1, "dye_sequences": True},
        {"cycles": 5},
        {"cycles": 5, "dye_sequences": True, "kind": "protein"},
    ],
)
def test_settings_that_do_not_fit_the_reads_are_refused(settings):
    with pytest.raises(SettingsError, match="dye sequences of peptides"):
        LookupConfig(**settings)


def test_error_rates_are_of_dye_sequences(proteins):
    with pytest.raises(SettingsError, match="errors: give them for dye sequences of peptides"):
        lookup(proteins, proteins.parent / "o.tsv", proteins, LABELS, errors=RATES)
    with pytest.raises(SettingsError, match="expected rates of 3 channels"):
        wrong = SequencingErrors.of_equal_channels(RATES, 2)
        fits(proteins, ["1"], errors=wrong)
    with pytest.raises(SettingsError, match="cycles: expected 1 to 31"):
        fits(proteins, ["1"], LookupConfig(dye_sequences=True, cycles=40))
