"""Proteins predicted from probabilities of labels: against hard reads, matrices and the truth."""

import numpy as np
import pandas as pd
import pytest
from places import DATA

from pepseq import PredictConfig, Readout, reconstruct
from pepseq.errors import SettingsError
from pepseq.prediction.prior import ResiduePrior
from pepseq.prediction.template_model import TemplateModel
from pepseq.readout.confusion import read_confusion
from pepseq.sequences.fasta import read_fasta
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.reference_files import open_reference
from pepseq.templates.soft_reads import SoftRead, soft_read
from pepseq.templates.stratified_finder import StratifiedFinder

READOUT = Readout("KCYM")
REFERENCE = DATA / "ecoli_W3110_validation.fasta.gz"
MATRIX = read_confusion(DATA / "confusion_KCYM.tsv", READOUT)
COLUMNS = ["read", "position", "label", "probability"]


def masked(protein):
    return "".join(a if a in "KCYM" else "X" for a in protein)


@pytest.fixture(scope="module")
def reads():
    """Errorless reads of six known proteins."""
    return [(r.id, masked(r.sequence[:120])) for r in list(read_fasta(REFERENCE))[:6]]


def sure_table(reads):
    rows = [
        (name, n, residue.replace("X", "_"), 1.0)
        for name, read in reads
        for n, residue in enumerate(read, 1)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


@pytest.mark.parametrize("mode", ["auto", "templates", "model"])
@pytest.mark.parametrize("kind", ["protein", "prefix", "tryptic", "fragment"])
def test_sure_probabilities_are_a_hard_read(reads, mode, kind):
    reference = None if mode == "model" else REFERENCE
    shared = {"device": "cpu", "threads": 1, "mode": mode, "kind": kind}
    hard = reconstruct(reads, "KCYM", reference=reference, config=PredictConfig(**shared))
    config = PredictConfig(**shared, probabilities=True)
    soft = reconstruct(sure_table(reads), "KCYM", reference=reference, config=config)
    for one, other in zip(hard, soft, strict=True):
        assert (one.id, one.sequence) == (other.id, other.sequence)
        assert other.candidates == AMINO_ACIDS
        columns = [AMINO_ACIDS.index(a) for a in one.candidates]
        assert other.probabilities[:, columns] == pytest.approx(one.probabilities, abs=1e-4)


def test_a_soft_read_of_a_matrixs_rows_is_a_hard_read_with_this_matrix(reads):
    symbols = read_symbols(READOUT, confusion=MATRIX)
    reference = open_reference([REFERENCE, DATA / "ecoli_536.fasta"])
    finder = StratifiedFinder(reference, symbols, "prefix")
    model = TemplateModel(finder, READOUT)
    for _, read in reads:
        soft = SoftRead(read, symbols.emission.T[symbols.encode(read)])
        one, other = model.find_evidence(read), model.find_evidence(soft)
        assert other.copied == pytest.approx(one.copied, abs=1e-9)
        assert other.none == pytest.approx(one.none, abs=1e-9)
        assert other.copied.sum(1) + other.none == pytest.approx(np.ones(len(read)))
        expected = model.network_input(read, one)
        found = model.network_input(soft, other)
        assert found.emission == pytest.approx(expected.emission)
        assert found.prior == pytest.approx(expected.prior, abs=1e-9)


def test_the_prior_is_that_of_bayes_rule():
    symbols = read_symbols(READOUT)
    random = np.random.default_rng(1)
    background, weights = random.dirichlet(np.ones(20)), random.dirichlet(np.ones(5), 6)
    prior = ResiduePrior(symbols, background, "fragment", READOUT, "hidden")
    names = [*READOUT.observed, "_"]
    for row, given in zip(prior.probabilities(soft_read(weights, symbols)), weights, strict=True):
        p = dict(zip(names, given, strict=True))
        expected = background * [p[a] if a in p else p["_"] for a in AMINO_ACIDS]
        assert row == pytest.approx(expected / expected.sum())


def test_uncertain_labels_are_predicted_with_their_probabilities(tmp_path, run):
    truth = {r.id: r.sequence[:60] for r in read_fasta(DATA / "ecoli_536.fasta")}
    options = ("--reference", DATA / "ecoli_536.fasta", "--readout", "KCYM", "--kind", "prefix")
    path, output = DATA / "soft_reads.tsv", tmp_path / "o.fa"
    table = ("--table", tmp_path / "t.tsv")
    done = run("predict", path, "-o", output, *options, *table, "--probabilities")
    assert done.code == 0 and "3 proteins" in done.err
    for record in read_fasta(output):
        true = truth[record.id.removeprefix("soft_")]
        same = sum(a == b for a, b in zip(record.sequence, true, strict=True))
        confidence = float(record.description.split("confidence=")[1].split()[0])
        assert same == 60 if confidence > 0.9 else same > 30
    rows = pd.read_csv(tmp_path / "t.tsv", sep="\t")
    frame = pd.read_csv(path, sep="\t")
    certain = frame[(frame["probability"] == 1) & (frame["label"] != "_")]
    assert (rows["source"] == "observed").sum() == len(certain)
    config = PredictConfig(kind="prefix", probabilities=True, threads=1)
    found = reconstruct(frame, "KCYM", reference=DATA / "ecoli_536.fasta", config=config)
    assert [r.sequence for r in found] == [r.sequence for r in read_fasta(output)]


def test_settings_that_do_not_go_together_are_refused(reads, protbert):
    config = PredictConfig(probabilities=True)
    table = sure_table(reads)
    with pytest.raises(SettingsError, match="probabilities: give the readout"):
        reconstruct(table, config=config)
    with pytest.raises(SettingsError, match="contain the errors; give no matrix"):
        reconstruct(table, "KCYM", config=config, confusion=DATA / "confusion_KCYM.tsv")
    with pytest.raises(SettingsError, match="contain the errors; give none of them"):
        PredictConfig(probabilities=True, misread=0.1)
    with pytest.raises(SettingsError, match="takes reads of symbols only; choose --mode templates"):
        reconstruct(table, "KCYM", model=protbert, config=config)
