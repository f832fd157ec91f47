"""Sequences in memory are evaluated as files of them are."""

import numpy as np
import pandas as pd
import pytest
from Bio.Seq import Seq
from Bio.SeqRecord import SeqRecord
from evaluation_folder import PREDICTED, TRUTH, draw_nothing, write

import pepseq
from pepseq.errors import InputError, SettingsError
from pepseq.evaluation.evaluate import evaluate
from pepseq.evaluation.evaluate_sequences import evaluate_sequences

TABLE = """id\tposition\tresidue\tsource\tconfidence\tsecond\tthird
p1\t2\tA\tpredicted\t0.9\tL\tV
p1\t3\tV\tpredicted\t0.5\tL\tI
p1\t4\tK\tobserved\t1\t\t
p2\t1\tG\tpredicted\t0.8\tA\tS
p2\t2\tG\tpredicted\t0.8\tA\tS
p2\t3\tG\tpredicted\t0.8\tA\tS
p2\t4\tA\tpredicted\t0.3\tG\tS
p4\t5\tL\tpredicted\t0.7\tI\tV
"""
CONFIDENCES = {
    "p1": [1, 0.9, 0.5, 1],
    "p2": [0.8, 0.8, 0.8, 0.3],
    "p3": [1, 1, 1, 1],
    "p4": [1, np.nan, np.nan, 1, 0.7],
}
"""Those of TABLE, as arrays; confidences of residues that are not scored may be missing."""


@pytest.fixture
def of_files(tmp_path, monkeypatch):
    """The summary that `evaluate` gives for files with TRUTH, PREDICTED and TABLE."""
    draw_nothing(monkeypatch)
    (tmp_path / "table.tsv").write_text(TABLE)
    truth, predicted = write(tmp_path / "t", TRUTH), write(tmp_path / "p", PREDICTED)
    return evaluate(truth, predicted, tmp_path / "o", "KCYM", table=tmp_path / "table.tsv")


def as_frame(proteins):
    return pd.DataFrame({"id": proteins.keys(), "sequence": proteins.values()})


def as_records(proteins):
    return [SeqRecord(Seq(sequence), id=name) for name, sequence in proteins.items()]


@pytest.mark.parametrize("convert", [dict, as_frame, as_records])
def test_sequences_in_memory_have_the_summary_of_their_files(convert, of_files):
    table = pd.DataFrame(
        [line.split("\t") for line in TABLE.splitlines()[1:]], columns=TABLE.split("\n")[0].split()
    )
    evaluation = evaluate_sequences(convert(TRUTH), convert(PREDICTED), "KCYM", table)
    assert evaluation.summary == of_files


def test_arrays_of_confidences_lack_only_the_top_three(of_files):
    as_list = [CONFIDENCES[name] for name in PREDICTED]
    for confidences in (CONFIDENCES, as_list):
        calibration = evaluate_sequences(TRUTH, PREDICTED, "KCYM", confidences).calibration
        assert calibration == {**of_files["calibration"], "among_top_three": None}


def test_a_table_of_pandas_is_read_with_its_empty_cells(tmp_path, of_files):
    table = pd.read_csv(tmp_path / "table.tsv", sep="\t")
    evaluation = evaluate_sequences(TRUTH, PREDICTED, "KCYM", table)
    assert evaluation.calibration == of_files["calibration"]


def test_lists_are_matched_by_place():
    evaluation = evaluate_sequences(list(TRUTH.values()), list(PREDICTED.values()), "KCYM")
    assert evaluation.scores.ids == ["1", "2", "3", "4"]
    assert evaluation.hidden_residue_accuracy["micro"] == pytest.approx(100 * 5 / 7)
    assert evaluation.calibration is None


def test_the_data_frame_has_a_row_for_each_protein():
    frame = evaluate_sequences(TRUTH, PREDICTED, "KCYM").to_dataframe()
    assert list(frame.columns) == [
        *("id", "length", "hidden", "correct", "accuracy", "identity", "fully_right")
    ]
    assert frame["id"].tolist() == list(TRUTH)
    assert frame["correct"].tolist() == [1, 3, 0, 1]
    assert np.isnan(frame["accuracy"][2])  # nothing is hidden


@pytest.mark.parametrize(
    ("predicted", "words"),
    [
        ({**PREDICTED, "p1": "MA"}, "predicted:1: 'p1': expected 4 residues as in the truth"),
        ({**PREDICTED, "p1": "MAXK"}, "'p1': expected an amino acid at residue 3, found 'X'"),
        ({"p1": "MAVK"}, "truth:2: 'p2': expected a record of this id in predicted, found none"),
        ({"q": "MAVK"}, "predicted: no protein has an id of the truth"),
        ({}, "predicted: expected sequences, found none"),
    ],
)
def test_sequences_that_cannot_be_compared_are_an_input_error(predicted, words):
    with pytest.raises(InputError, match=words):
        evaluate_sequences(TRUTH, predicted, "KCYM")


@pytest.mark.parametrize(
    ("confidences", "words"),
    [
        ([[1]], "expected an array for each of 4 predicted proteins, found 1"),
        ({"p1": CONFIDENCES["p1"]}, "expected an array for 'p2', found none"),
        ({**CONFIDENCES, "p2": [0.8]}, "'p2': expected shape \\(4,\\), found \\(1,\\)"),
        ({**CONFIDENCES, "p2": [8, 8, 8, 3]}, "'p2': expected confidences between 0 and 1"),
        ({**CONFIDENCES, "p2": ["a"] * 4}, "'p2': expected numbers: could not convert"),
        (5, "expected a DataFrame, or an array for each protein, found '5'"),
        (pd.DataFrame({"id": ["p1"]}), "columns of predict's table, found none named position"),
    ],
)
def test_confidences_of_other_proteins_are_an_input_error(confidences, words):
    with pytest.raises(InputError, match=words):
        evaluate_sequences(TRUTH, PREDICTED, "KCYM", confidences)


@pytest.mark.parametrize("readout", ["K8", 5, None, b"KCYM"])
def test_a_faulty_readout_is_a_settings_error(readout):
    with pytest.raises(SettingsError):
        evaluate_sequences(TRUTH, PREDICTED, readout)


@pytest.mark.parametrize(
    "call",
    [
        lambda folder: pepseq.evaluate_pairs("truth.tsv", 5, folder),
        lambda folder: pepseq.compare_evaluations(5, folder),
        lambda folder: pepseq.compare_evaluations([5], folder),
        lambda folder: pepseq.report(5, folder),
        lambda folder: pepseq.report([], folder),
    ],
)
def test_an_argument_of_another_type_is_a_settings_error(call, tmp_path):
    with pytest.raises(SettingsError, match=": expected .*, found"):
        call(tmp_path / "out")


def test_the_package_exports_the_function():
    assert pepseq.evaluate_sequences is evaluate_sequences


def test_confidences_of_reconstructions_are_used():
    read = "MXYYXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXYXXXXXXXXXXYXXXXXXXXXXXXXXCXMXXYC"
    proteins = pepseq.reconstruct([read], "KCYM", config=pepseq.PredictConfig(kind="prefix"))
    truth = {protein.id: protein.sequence for protein in proteins}
    evaluation = pepseq.evaluate_sequences(truth, proteins, "KCYM")
    mean = evaluation.calibration["mean_confidence"]
    assert mean == pytest.approx(proteins[0].mean_confidence, abs=1e-6)
