"""`pepseq.reconstruct`: reads in memory give what `predict` writes for a file of them."""

import pickle

import numpy as np
import pandas as pd
import pytest
from Bio.Seq import Seq
from Bio.SeqRecord import SeqRecord
from known import masked

import pepseq
from pepseq import PredictConfig, Readout
from pepseq.errors import InputError, SettingsError
from pepseq.prediction.residue_table import TABLE_COLUMNS
from pepseq.sequences.fasta import read_fasta

TEMPLATES = PredictConfig(mode="templates")


@pytest.fixture
def known(fasta, proteins):
    return fasta("known.fasta", proteins[:30])


@pytest.fixture
def reads(proteins):
    return [(i, masked(s)) for i, s in proteins[:6]] + [("unrelated", "KXXXXXMXXXX")]


def assert_same_as_predict(results, source, tmp_path, **options):
    table = tmp_path / "table.tsv"
    pepseq.predict(source, tmp_path / "out.fasta", table=table, **options)
    records = list(read_fasta(tmp_path / "out.fasta"))
    assert [(r.id, r.sequence) for r in records] == [(r.id, r.sequence) for r in results]
    written = pd.read_csv(table, sep="\t", keep_default_na=False, na_values={"confidence": ""})
    frame = results.to_dataframe()
    assert tuple(frame.columns) == tuple(written.columns) == TABLE_COLUMNS
    for column in TABLE_COLUMNS:
        expected = written[column]
        if pd.api.types.is_numeric_dtype(frame[column]):
            expected = pd.to_numeric(expected.mask(expected == ""))
        assert frame[column].equals(expected.astype(frame[column].dtype)), column


@pytest.mark.parametrize("mode", ["auto", "templates", "model"])
def test_reads_in_memory_give_what_predict_writes(mode, known, reads, fasta, tmp_path):
    options = {"readout": "KCYM", "config": PredictConfig(mode=mode, device="cpu")}
    options |= {} if mode == "model" else {"reference": known}
    results = pepseq.reconstruct(reads, **options)
    assert_same_as_predict(results, fasta("reads", reads), tmp_path, **options)


def test_a_base_model_is_calibrated_by_reads_in_memory_too(protbert, reads, fasta, tmp_path):
    options = {"model": protbert, "readout": "KCYM", "config": PredictConfig(device="cpu")}
    results = pepseq.reconstruct(reads, **options)
    assert_same_as_predict(results, fasta("reads", reads), tmp_path, **options)


def test_every_form_of_reads_gives_the_same(known, reads):
    frame = pd.DataFrame(reads, columns=["id", "sequence"])
    records = [SeqRecord(Seq(text), id=name, description="") for name, text in reads]
    expected = pepseq.reconstruct(reads, "KCYM", reference=known, config=TEMPLATES).to_dataframe()
    for form in (dict(reads), frame, records):
        results = pepseq.reconstruct(form, "KCYM", reference=known, config=TEMPLATES)
        assert results.to_dataframe().equals(expected)


def test_confidence_has_a_value_for_each_residue(known, reads):
    (result,) = pepseq.reconstruct(reads[:1], "KCYM", reference=known, config=TEMPLATES)
    observed = np.array([a != "X" for a in reads[0][1]])
    assert result.confidence.shape == (len(result),) and (result.confidence[observed] == 1).all()
    assert result.mean_confidence == pytest.approx(result.confidence[~observed].mean())
    assert result.templates.weights.shape == (len(result), len(result.templates.ids))


def test_results_are_a_sequence(known, reads):
    results = pepseq.reconstruct(reads, "KCYM", reference=known, config=TEMPLATES)
    assert len(results) == len(reads) and results[-1].id == "unrelated"
    assert [r.id for r in results[1:3]] == [reads[1][0], reads[2][0]]
    assert results.readout == results[1:3].readout == Readout("K1")
    assert repr(results) == "Reconstructions(7 reads, readout='KCYM')"


def test_unsure_residues_can_be_hidden(known, reads):
    result = pepseq.reconstruct(reads, "KCYM", reference=known, config=TEMPLATES)[-1]
    assert result.hide_below(0.9) == "KXXXXXMXXXX" and result.hide_below(0) == result.sequence
    for wrong in (float("nan"), "0.5", 2):
        with pytest.raises(SettingsError, match="confidence: expected 0 or more and 1 or less"):
            result.hide_below(wrong)


def test_reconstructions_are_compared_by_identity(known, reads):
    first, second = pepseq.reconstruct(reads, "KCYM", reference=known, config=TEMPLATES)[:2]
    assert first != second and len({first, second, first}) == 2
    assert pickle.loads(pickle.dumps(first)).sequence == first.sequence


def test_groups_are_read_as_in_files(known):
    results = pepseq.reconstruct(["C[DE]XY"], "CY[DE]", reference=known, config=TEMPLATES)
    assert results[0].sequence[1] in "DE" and results.readout == Readout("CY[DE]")


def test_the_readout_is_chosen_among_those_of_the_model(known, reads):
    assert str(pepseq.reconstruct(reads, reference=known, config=TEMPLATES).readout) == "KCYM"


@pytest.mark.parametrize(
    ("reads", "readout", "error", "words"),
    [
        (["MXXD"], "KCYM", InputError, "reads:1: '1': expected residues of the readout KCYM"),
        (["C[KR]X"], "CY", InputError, "found '[KR]'"),
        (["MALDEF"] * 3, "KCYM", InputError, "an earlier record"),
        (["MALWDEF"], "KCYM", InputError, "look like complete proteins"),
        (["MXD"], None, SettingsError, "could not determine the readout"),
        ([], "KCYM", InputError, "at least one read"),
    ],
)
def test_faulty_reads_are_refused(reads, readout, error, words):
    reads = [(read, read) for read in reads] if words == "an earlier record" else reads
    with pytest.raises(error) as raised:
        pepseq.reconstruct(reads, readout, config=TEMPLATES)
    assert words in str(raised.value)


def test_a_minimum_confidence_is_refused(reads):
    with pytest.raises(SettingsError, match="hide_below"):
        pepseq.reconstruct(reads, "KCYM", config=PredictConfig(min_confidence=0.5))
