"""Proteins predicted from reads with confused labels: against Bayes' rule, and equal rates."""

import json

import numpy as np
import pandas as pd
import pytest
from places import DATA

from pepseq import PredictConfig, Readout, merge, predict, reconstruct
from pepseq.errors import SettingsError
from pepseq.prediction.prior import ResiduePrior
from pepseq.readout.confusion import read_confusion
from pepseq.sequences.fasta import read_fasta
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.read_symbols import read_symbols

READOUT = Readout("KCYM")
TABLE = DATA / "confusion_KCYM.tsv"
MATRIX = pd.read_csv(TABLE, sep="\t", index_col="label")
REFERENCE = DATA / "ecoli_W3110_validation.fasta.gz"
CPU = PredictConfig(device="cpu", threads=1)


def label_of(amino_acid):
    return amino_acid if amino_acid in "KCYM" else "_"


def equal_rates(missed, misread):
    matrix = np.full((5, 5), misread * (1 - missed) / 3)
    np.fill_diagonal(matrix, (1 - missed) * (1 - misread))
    matrix[:, 4], matrix[4] = missed, [0, 0, 0, 0, 1]
    return pd.DataFrame(matrix, index=MATRIX.index, columns=MATRIX.columns)


@pytest.fixture(scope="module")
def reads():
    """Reads of ten known proteins without errors."""
    masked = str.maketrans({a: label_of(a).replace("_", "X") for a in AMINO_ACIDS})
    records = list(read_fasta(REFERENCE))[:10]
    return [(record.id, record.sequence[:150].translate(masked)) for record in records]


@pytest.mark.parametrize("candidates", ["hidden", "all"])
def test_the_prior_is_that_of_bayes_rule(candidates):
    symbols = read_symbols(READOUT, confusion=read_confusion(MATRIX, READOUT))
    background = np.random.default_rng(1).dirichlet(np.ones(20))
    prior = ResiduePrior(symbols, background, "fragment", READOUT, candidates)
    assert prior.candidates == AMINO_ACIDS
    for symbol, row in zip("KCYMX", prior.probabilities("KCYMX"), strict=True):
        reported = "_" if symbol == "X" else symbol
        of_amino_acid = [MATRIX.loc[label_of(a), reported] for a in AMINO_ACIDS]
        if symbol == "X" and candidates == "all":
            of_amino_acid = np.ones(20)
        expected = background * of_amino_acid
        assert row == pytest.approx(expected / expected.sum())


def test_the_matrix_of_equal_rates_gives_the_same_proteins(reads):
    rates = {"missed_label": 0.1, "misread": 0.03}
    config = PredictConfig(device="cpu", threads=1, **rates)
    by_rates = reconstruct(reads, "KCYM", reference=REFERENCE, config=config)
    matrix = equal_rates(*rates.values())
    by_matrix = reconstruct(reads, "KCYM", reference=REFERENCE, config=CPU, confusion=matrix)
    for one, other in zip(by_rates, by_matrix, strict=True):
        assert one.sequence == other.sequence and one.candidates == other.candidates
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-6)


def test_labels_that_may_be_missed_are_candidates_of_hidden_residues(reads):
    found = reconstruct(reads[:2], "KCYM", reference=REFERENCE, config=CPU, confusion=MATRIX)
    assert set(found[0].candidates) == set(AMINO_ACIDS)
    columns = ["K", "C", "Y", "M"]
    never = MATRIX.loc[columns, columns]
    never = never.div(never.sum(1), axis=0)
    found = reconstruct(reads[:2], "KCYM", reference=REFERENCE, config=CPU, confusion=never)
    assert set(found[0].candidates) == set(READOUT.hidden)


def test_a_missed_label_is_found_again(reads):
    (name, read), true = reads[0], next(read_fasta(REFERENCE)).sequence[:150]
    place = read.index("Y", 20)
    broken = read[:place] + "X" + read[place + 1 :]
    config = PredictConfig(device="cpu", threads=1, kind="prefix")
    shared = {"reference": REFERENCE, "config": config}
    (found,) = reconstruct([(name, broken)], "KCYM", **shared, confusion=MATRIX)
    assert found.sequence == true
    (without,) = reconstruct([(name, broken)], "KCYM", **shared)
    assert without.sequence[place] != "Y"


@pytest.mark.parametrize("shards", [1, 2])
def test_the_command_takes_the_matrix_and_records_it(reads, fasta, tmp_path, run, shards):
    path = fasta("r.fa", reads)
    options = ("--reference", REFERENCE, "--readout", "KCYM", "--confusion", TABLE)
    parts = [tmp_path / f"{n}.fa" for n in range(1, shards + 1)]
    for number, part in enumerate(parts, 1):
        shard = ("--shard", f"{number}/{shards}") if shards > 1 else ()
        assert run("predict", path, "-o", part, *options, *shard, "--device", "cpu").code == 0
    whole = parts[0]
    if shards > 1:
        whole = tmp_path / "o.fa"
        merge(parts, whole)
    record = json.loads((tmp_path / f"{whole.name}.run.json").read_text())
    assert record["settings"]["confusion"]["C"]["M"] == pytest.approx(0.04)
    assert str(TABLE) in str(record["inputs"])
    frame = reconstruct(reads, "KCYM", reference=REFERENCE, config=CPU, confusion=MATRIX)
    assert [r.sequence for r in read_fasta(whole)] == [r.sequence for r in frame]


def test_a_matrix_and_rates_exclude_each_other(reads, fasta, tmp_path):
    config = PredictConfig(misread=0.1)
    with pytest.raises(SettingsError, match="a confusion matrix or missed_label and misread"):
        predict(
            fasta("r.fa", reads),
            tmp_path / "o",
            readout="KCYM",
            reference=REFERENCE,
            config=config,
            confusion=MATRIX,
        )
