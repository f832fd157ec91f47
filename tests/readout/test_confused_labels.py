"""Reads whose labels are reported by a confusion matrix."""

import json

import numpy as np
import pandas as pd
import pytest
from places import DATA

from pepseq import LookupConfig, Noise, Readout, find_proteins, mask
from pepseq.errors import SettingsError
from pepseq.readout.confusion import read_confusion
from pepseq.readout.label_probabilities import read_label_probabilities
from pepseq.readout.masking import mask_sequence
from pepseq.readout.noise import ConfusedLabels, add_noise, record_generator
from pepseq.sequences.fasta import read_fasta

MATRIX = DATA / "confusion_KCYM.tsv"
READOUT = Readout("YC[DE]")
FRAME = pd.DataFrame(
    [[0.6, 0.2, 0.1, 0.1], [0, 0.7, 0, 0.3], [0.2, 0.2, 0.6, 0], [0, 0.05, 0.15, 0.8]],
    index=["DE", "Y", "C", "_"],
    columns=["DE", "Y", "C", "_"],
)


def reported(protein, matrix, seed=1):
    generator = record_generator("a", protein, seed)
    noise = ConfusedLabels(read_confusion(matrix, READOUT))
    return add_noise(mask_sequence(protein, READOUT), READOUT, noise, generator).residues


def test_labels_are_reported_as_often_as_the_matrix_says():
    number = 20_000
    for true, protein in (("DE", "DE"), ("Y", "YY"), ("C", "CC"), ("_", "AX")):
        read = reported(protein * (number // 2), FRAME)
        found = [read.count(symbol) / number for symbol in "dYCX"]
        assert found == pytest.approx(FRAME.loc[true].tolist(), abs=0.015)
        assert all(share == 0 for share, p in zip(found, FRAME.loc[true], strict=True) if p == 0)


def test_a_matrix_without_errors_changes_nothing_and_the_seed_gives_the_same_read():
    protein = "MAYCDEKX" * 20
    sure = pd.DataFrame(np.eye(3), index=["Y", "C", "DE"], columns=["Y", "C", "DE"])
    assert reported(protein, sure) == mask_sequence(protein, READOUT).residues
    assert reported(protein, FRAME) == reported(protein, FRAME) != reported(protein, FRAME, 2)


def test_lost_and_empty_cycles_are_those_of_the_rates(fasta, tmp_path):
    source = fasta("p", [("a", "MKCY" * 500)])
    noise = Noise(lost_cycle=0.2)
    mask(source, tmp_path / "r", "KCYM", noise=noise, confusion=MATRIX)
    (read,) = read_fasta(tmp_path / "r", reads=True)
    assert len(read.sequence) == pytest.approx(1600, abs=80)
    settings = json.loads((tmp_path / "r.run.json").read_text())["settings"]
    assert settings["noise"]["lost_cycle"] == 0.2 and settings["confusion"]["K"]["K"] == 0.9


def test_the_table_of_probabilities_says_what_reads_and_matrix_say(run, tmp_path):
    pairs = [(r.id, r.sequence) for r in read_fasta(DATA / "ecoli_536.fasta")][:12]
    (tmp_path / "p.fasta").write_text("".join(f">{name}\n{text[:40]}\n" for name, text in pairs))
    common = ("mask", tmp_path / "p.fasta", "--readout", "KCYM", "--confusion", MATRIX)
    assert run(*common, "-o", tmp_path / "r.fasta").code == 0
    assert run(*common, "-o", tmp_path / "r.tsv", "--probabilities").code == 0
    reads = {r.id: r.sequence for r in read_fasta(tmp_path / "r.fasta", reads=True)}
    weighted = read_label_probabilities(tmp_path / "r.tsv", Readout("KCYM"))
    assert [(w.id, len(w.variants[0])) for w in weighted] == [(n, 40) for n in reads]
    reference, config = DATA / "ecoli_536.fasta", LookupConfig(kind="prefix", threads=1)
    hard = find_proteins(reads, "KCYM", reference, config=config, confusion=MATRIX)
    config = LookupConfig(kind="prefix", threads=1, probabilities=True)
    soft = find_proteins(
        pd.read_csv(tmp_path / "r.tsv", sep="\t"), "KCYM", reference, config=config
    )
    found, expected = soft.to_dataframe(), hard.to_dataframe()
    assert found["protein"].tolist() == expected["protein"].tolist() and len(found) >= 12
    assert found["score"].to_numpy() == pytest.approx(expected["score"].to_numpy(), abs=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--misread", "0.1"], "a confusion matrix or missed_label and misread, not both"),
        (["--noise", DATA / "sequencing.json"], "matrix or whatprot's sequencing parameters"),
        (["--probabilities", "--dye-sequences"], "need a confusion matrix, and are not for dye"),
        (["--probabilities", "-o", "r.parquet"], "this name is that of Parquet; use r.tsv"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(run, tmp_path, options, message):
    common = ("mask", DATA / "ecoli_536.fasta", "-o", tmp_path / "o", "--readout", "KCYM")
    done = run(*common, "--confusion", MATRIX, *options)
    assert done.code == 2 and message in done.err and not list(tmp_path.iterdir())


def test_probabilities_need_a_matrix_and_a_matrix_its_readout(run, tmp_path):
    done = run("mask", MATRIX, "-o", tmp_path / "o", "--readout", "K1", "--probabilities")
    assert done.code == 2 and "they need a confusion matrix" in done.err
    with pytest.raises(SettingsError, match=r"a matrix of the readout KC, found one of CY\[DE\]"):
        ConfusedLabels(read_confusion(FRAME, READOUT)).check_readout(Readout("KC"))
