"""Warnings of reads that look like those of another readout, or of other lengths."""

import json
import logging

import pytest

from pepseq import Noise, Readout, mask
from pepseq.prediction.read_warnings import warn_of_changed_lengths, warn_of_missing_labels
from pepseq.sequences.residues import AMINO_ACIDS, FREQUENCIES


@pytest.fixture(autouse=True)
def log(caplog):
    caplog.set_level(logging.WARNING, "pepseq")
    return caplog


def test_frequencies_are_of_all_amino_acids_and_sum_to_1():
    assert "".join(FREQUENCIES) == AMINO_ACIDS
    assert sum(FREQUENCIES.values()) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("residues", "doubted"),
    [
        (100, ""),
        (240, "S"),
        (300, "R or S or T"),
        (837, "R or H or S or T"),
        (1300, "R or H or W or S or T"),
        (2995, "R or H or W or S or T"),
    ],
)
def test_labels_that_never_occur_are_doubted_by_their_frequency(residues, doubted, log):
    warn_of_missing_labels("r.fasta", Readout("K2"), set("KCYMX"), residues)
    messages = [record.getMessage() for record in log.records]
    assert len(messages) == bool(doubted)
    assert not doubted or f"among {residues} residues, none is {doubted} (about" in messages[0]


def test_missed_labels_and_groups_count_too(log):
    warn_of_missing_labels("r.fasta", Readout("K"), {"X"}, 300, missed_label=0.5)
    warn_of_missing_labels("r.fasta", Readout("C[DE]"), set("dXC"), 1000)
    assert not log.records
    warn_of_missing_labels("r.fasta", Readout("K"), {"X"}, 300)
    warn_of_missing_labels("r.fasta", Readout("C[DE]"), {"X"}, 120)
    assert [r.getMessage().split(" (about ")[0].split(" is ")[1] for r in log.records] == [
        "K",
        "[DE]",
    ]


@pytest.mark.parametrize("command", ["predict", "lookup"])
def test_predict_and_lookup_doubt_the_readout(command, run, fasta, tmp_path):
    readouts = fasta("r.fasta", [("a", ("M" + "XXKXXCXXYX" * 84)[:837])])
    known = fasta("known.fasta", [("k", AMINO_ACIDS * 10)])
    more = ["--mode", "templates"] if command == "predict" else []
    call = (command, readouts, "--reference", known, *more, "-o", tmp_path / "o", "--force")
    assert "among 837 residues, none is R or H" in run(*call, "--readout", "K2").err
    assert "none of" not in run(*call, "--readout", "KCYM").err


@pytest.mark.parametrize(
    ("noise", "said"),
    [
        (None, ""),
        (Noise(missed_label=0.1), ""),
        (Noise(lost_cycle=0.2), "lost_cycle 0.2,"),
        (Noise(lost_cycle=0.2, extra_cycle=0.06), "lost_cycle 0.2, extra_cycle 0.06,"),
    ],
)
def test_readouts_of_other_lengths_are_known_by_their_run_record(noise, said, log, fasta, tmp_path):
    mask(fasta("p.fasta", [("a", "MAGICK" * 9)]), tmp_path / "r.fasta", "KCYM", noise=noise)
    warn_of_changed_lengths(tmp_path / "r.fasta")
    assert [f"simulated with {said} so" in r.getMessage() for r in log.records] == [True][
        : bool(said)
    ]


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"command": "mask"}', '{"command": 1}'])
def test_other_run_records_give_no_warning(record, log, tmp_path):
    (tmp_path / "r.fasta.run.json").write_text(record)
    warn_of_changed_lengths(tmp_path / "r.fasta")
    about = {"command": "mask", "settings": {"noise": {"lost_cycle": "many"}}}
    (tmp_path / "r.fasta.run.json").write_text(json.dumps(about))
    warn_of_changed_lengths(tmp_path / "r.fasta")
    assert not log.records
