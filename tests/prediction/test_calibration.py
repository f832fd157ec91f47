"""Confidence of networks that were never trained for readouts, weighed by observed residues."""

import json
import logging
import random

import numpy as np
import pytest

from pepseq.prediction.calibration import (
    CALIBRATION,
    CalibrationWeights,
    fit_calibration,
    sample_reads,
)
from pepseq.readout.in_memory_reads import records_of
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS

K1 = Readout("K1")


def softmax(logits):
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


class FakeNetwork:
    """A network that knows how likely each residue was drawn, and is `surer` of it than is true."""

    def __init__(self, proteins, knows, surer):
        generator = np.random.default_rng(1)
        self.proteins, self._logits = [], {}
        background = np.log([sum(s.count(a) for _, s in proteins) for a in AMINO_ACIDS])
        for number in range(60):
            length = 80 + number  # which tells them apart
            signal = generator.normal(0, 2, (length, 20))
            drawn = [generator.choice(20, p=p) for p in softmax(knows * signal + background)]
            self.proteins.append((f"p{number}", "".join(AMINO_ACIDS[i] for i in drawn)))
            self._logits[length] = surer * (signal + background * knows)

    def __call__(self, reads):
        return [self._logits[len(read)] for read in reads]


@pytest.mark.parametrize(("knows", "surer"), [(0, 1), (0, 5), (1, 1), (1, 3), (0.5, 2)])
def test_mean_confidence_is_the_accuracy(proteins, knows, surer):
    network = FakeNetwork(proteins, knows, surer)
    reads = [(i, mask_sequence(s, K1).residues) for i, s in network.proteins]
    weights = fit_calibration(network, records_of(reads), K1, "fake", "reads")
    hidden = [AMINO_ACIDS.index(a) for a in K1.hidden]
    before, after, right = [], [], []
    for _, protein in network.proteins:
        (logits,) = network([protein])
        at = [i for i, a in enumerate(protein) if a in K1.hidden]
        calibrated = softmax(weights.apply(logits)[at][:, hidden].astype(float))
        before += softmax(logits[at][:, hidden]).max(1).tolist()
        after += calibrated.max(1).tolist()
        chosen = calibrated.argmax(1)
        right += [K1.hidden[c] == protein[i] for c, i in zip(chosen, at, strict=True)]
    assert len(right) > 5000
    assert abs(np.mean(after) - np.mean(right)) < 0.05  # 500 residues tell no better
    if surer > 1:
        assert np.mean(before) - np.mean(right) > 0.1
    assert weights.network == pytest.approx(knows / surer, abs=0.15)


def test_the_sample_is_the_same_in_any_order_and_bounded(proteins):
    reads = [(i, mask_sequence(s, K1).residues) for i, s in proteins]
    first = sample_reads(records_of(reads), K1)
    assert CALIBRATION.sample_residues <= sum(map(len, first)) < CALIBRATION.sample_residues + 1024
    random.Random(1).shuffle(reads)
    assert sample_reads(records_of([*reads, ("other", "MWWK")]), K1) == first
    assert len(sample_reads(records_of([("long", "MXXXKXXXX" * 4000)]), K1)[0]) == 1024


@pytest.mark.parametrize(
    ("reads", "readout"),
    [([("a", "MXXKXXYX" * 5)], "KCYM"), ([(f"p{i}", "MXXX" * 50) for i in range(20)], "M")],
)
def test_too_few_observed_residues_are_said(caplog, reads, readout):
    caplog.set_level(logging.INFO, "pepseq")

    def unasked(reads):
        return [np.zeros((len(read), 20)) for read in reads]

    records = records_of(reads)
    assert fit_calibration(unasked, records, Readout(readout), "some/model", "reads") is None
    assert "confidence is not a probability: some/model was not trained for" in caplog.text
    assert f"pepseq finetune --model some/model --readout {readout}" in caplog.text


def test_predict_records_it_but_for_checkpoints(run, protbert, fasta, proteins, tmp_path):
    reads = [(i, mask_sequence(s[:90], Readout("K2")).residues) for i, s in proteins[:8]]
    common = ["--model", protbert, "--readout", "K2", "--device", "cpu", "-o"]
    path = fasta("r.fasta", reads)
    assert run("predict", path, *common, tmp_path / "o").code == 0
    kept = json.loads((tmp_path / "o.run.json").read_text())["settings"]["calibration"]
    assert CalibrationWeights(**kept).residues >= 100
    few = run("predict", fasta("f.fasta", reads[:1]), *common, tmp_path / "f")
    assert few.code == 0 and "confidence is not a probability" in few.err
    kept = json.loads((tmp_path / "f.run.json").read_text())["settings"]["calibration"]
    assert kept == "none: confidence is not a probability"
    done = run("predict", path, "-o", tmp_path / "bundled", "--mode", "model")
    assert done.code == 0
    assert "calibration" not in (tmp_path / "bundled.run.json").read_text()
