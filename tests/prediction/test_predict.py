"""`predict` with a masked language model: reads of a FASTA file to whole proteins."""

import os
import random
import threading

import numpy as np
import pandas as pd
import pytest
from prediction_files import sequences, trained_for
from transformers import AutoModelForMaskedLM, AutoTokenizer, pipeline

from pepseq import PredictConfig, predict
from pepseq.errors import InputError, SettingsError
from pepseq.models.masked_lm import ResidueModel
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta
from pepseq.sequences.residues import AMINO_ACIDS

CPU = PredictConfig(device="cpu")


@pytest.fixture
def reads(fasta, small_proteins):
    """FASTA of the small proteins' KCYM readouts."""
    return fasta(
        "r.fasta", [(i, mask_sequence(s, Readout("K1")).residues) for i, s in small_proteins]
    )


def test_observed_residues_ids_order_and_lengths_survive(protbert, reads, tmp_path):
    done = predict(reads, tmp_path / "o", model=protbert, readout="K1", config=CPU)
    before = list(read_fasta(reads, reads=True))
    after = list(read_fasta(tmp_path / "o"))
    assert [r.id for r in before] == [r.id for r in after]
    hidden = 0
    for old, new in zip(before, after, strict=True):
        assert len(old.sequence) == len(new.sequence)
        for a, b in zip(old.sequence, new.sequence, strict=True):
            assert a == b if a != "X" else b in Readout("K1").hidden
            hidden += a == "X"
    assert done.hidden == hidden and done.proteins == len(before)


@pytest.mark.parametrize("name", ["protbert", "esm2"])
def test_residues_and_probabilities_are_those_of_the_fill_mask_pipeline(
    name, request, reads, tmp_path
):
    folder = trained_for(  # a base model is calibrated
        ["KCYM"], request.getfixturevalue(name), tmp_path / "trained"
    )
    predict(reads, tmp_path / "o", model=folder, readout="K1", table=tmp_path / "t.tsv", config=CPU)
    table = pd.read_csv(tmp_path / "t.tsv", sep="\t", keep_default_na=False)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    published = pipeline(
        "fill-mask",
        model=AutoModelForMaskedLM.from_pretrained(folder),
        tokenizer=tokenizer,
        targets=list(Readout("K1").hidden),
        top_k=16,
    )
    spaced = " " if name == "protbert" else ""
    for record in list(read_fasta(reads, reads=True))[:8]:
        text = spaced.join(tokenizer.mask_token if r == "X" else r for r in record.sequence)
        answers = published(text)
        answers = [answers] if isinstance(answers[0], dict) else answers
        ours = table[(table.id == record.id) & (table.source == "predicted")]
        assert len(ours) == len(answers)
        for (_, row), answer in zip(ours.iterrows(), answers, strict=True):
            total = sum(a["score"] for a in answer)
            expected = [(a["token_str"].strip(), a["score"] / total) for a in answer[:3]]
            found = [
                (row.residue, row.confidence),
                (row.second, row.second_confidence),
                (row.third, row.third_confidence),
            ]
            assert [f[0] for f in found] == [e[0] for e in expected]
            assert np.allclose([float(f[1]) for f in found], [e[1] for e in expected], atol=2e-6)


def test_order_and_batch_size_change_no_residue(protbert, reads, small_proteins, fasta, tmp_path):
    masked = [(r.id, r.sequence) for r in read_fasta(reads, reads=True)]
    random.Random(1).shuffle(masked)
    other = fasta("shuffled", masked)
    results = []
    for number, (source, budget) in enumerate([(reads, 1), (reads, 9999), (other, 300)]):
        config = PredictConfig(device="cpu", batch_residues=budget)
        predict(
            source,
            tmp_path / f"{number}",
            model=protbert,
            readout="K1",
            config=config,
            table=tmp_path / f"{number}.tsv.gz",
        )
        table = pd.read_csv(tmp_path / f"{number}.tsv.gz", sep="\t", keep_default_na=False)
        results.append(
            (
                sequences(tmp_path / f"{number}"),
                table.set_index(["id", "position"]).confidence.sort_index(),
            )
        )
    for residues, confidence in results[1:]:
        assert residues == results[0][0]
        assert np.allclose(confidence, results[0][1], atol=2e-6)


def test_any_window_that_holds_the_protein_gives_the_same(protbert, reads, tmp_path):
    for window in (80, 200, 1022):
        config = PredictConfig(device="cpu", window=window, overlap=20)
        predict(reads, tmp_path / f"{window}", model=protbert, readout="K1", config=config)
    assert (tmp_path / "80").read_text() == (tmp_path / "200").read_text()
    assert (tmp_path / "80").read_text() == (tmp_path / "1022").read_text()


def test_a_protein_as_long_as_titin_is_done_whole(protbert, fasta, proteins, tmp_path):
    titin = "".join(s for _, s in proteins)[:35_213]
    source = fasta("titin", [("titin", mask_sequence(titin, Readout("K1")).residues)])
    predict(
        source,
        tmp_path / "o",
        model=protbert,
        readout="K1",
        config=PredictConfig(device="cpu", window=400),
    )
    result = sequences(tmp_path / "o")["titin"]
    assert len(result) == 35_213
    assert mask_sequence(result, Readout("K1")) == mask_sequence(titin, Readout("K1"))


def test_every_way_to_write_a_read_gives_the_same(protbert, run, fasta, tmp_path, monkeypatch):
    answers = set()
    for text in ("MXXKXXC", "M??K..C", "M__Kxxc", "mxxkxxc*", "MUBKZXC"):
        source = fasta("r", [("a", text)])
        out = run("predict", source, "-o", "-", "--model", protbert, "--readout", "K1").out
        answers.add(out)
    assert len(answers) == 1


def test_reads_from_stdin_give_what_a_file_gives(protbert, reads, run, tmp_path):
    command = ["predict", "-", "-o", "-", "--model", protbert, "--readout", "K1"]
    piped = run(*command, stdin=reads.read_bytes())
    assert piped.code == 0
    predict(reads, tmp_path / "o.gz", model=protbert, readout="K1", config=CPU)
    (tmp_path / "piped").write_text(piped.out)
    assert sequences(tmp_path / "piped") == sequences(tmp_path / "o.gz") != {}
    failed = run(*command, stdin=b"")
    assert failed.code == 65 and "stdin:1: expected FASTA" in failed.err


def test_reads_from_a_named_pipe_give_what_a_file_gives(protbert, reads, run, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(reads.read_bytes())).start()
    common = ["--model", protbert, "--readout", "K1"]
    piped = run("predict", tmp_path / "pipe", "-o", "-", *common).out
    assert piped == run("predict", reads, "-o", "-", *common).out != ""


def test_reads_with_nothing_hidden_and_with_everything_hidden_are_done(protbert, fasta, tmp_path):
    source = fasta("r", [("none", "KCYM"), ("all", "X" * 30), ("one", "X")])
    predict(source, tmp_path / "o", model=protbert, readout="K1", table=tmp_path / "t", config=CPU)
    records = {r.id: r for r in read_fasta(tmp_path / "o")}
    assert records["none"].sequence == "KCYM"
    assert records["none"].description == "confidence=1.0000"
    assert len(records["all"].sequence) == 30 and "X" not in records["all"].sequence
    everything = fasta("e", [("a", AMINO_ACIDS)])
    predict(everything, tmp_path / "e.out", model=protbert, readout=AMINO_ACIDS, config=CPU)
    assert sequences(tmp_path / "e.out") == {"a": AMINO_ACIDS}


def test_candidates_all_may_choose_a_residue_of_the_readout(protbert, fasta, tmp_path):
    source = fasta("r", [("a", "MX" * 200)])
    for which in ("hidden", "all"):
        config = PredictConfig(device="cpu", candidates=which)
        predict(
            source, tmp_path / which, model=protbert, readout="ACDEFGHIKLMNPQRSTVW", config=config
        )
    assert set(sequences(tmp_path / "hidden")["a"]) == {"M", "Y"}
    assert set(sequences(tmp_path / "all")["a"]) != {"M", "Y"}


def test_settings_outside_their_bounds_are_refused():
    for wrong in ({"window": 0}, {"window": 10, "overlap": 10}, {"candidates": "some"}):
        with pytest.raises(SettingsError):
            PredictConfig(**wrong)


def test_a_window_beyond_the_network_is_refused(protbert, reads, tmp_path):
    with pytest.raises(SettingsError, match="at most 1022"):
        predict(
            reads,
            tmp_path / "o",
            model=protbert,
            readout="K1",
            config=PredictConfig(device="cpu", window=2000),
        )


def test_logits_that_are_not_finite_are_refused(protbert, fasta, tmp_path, monkeypatch):
    monkeypatch.setattr(
        ResidueModel, "_forward", lambda self, texts: [np.full((len(t), 20), np.nan) for t in texts]
    )
    with pytest.raises(InputError, match="NaN"):
        predict(fasta("r", [("a", "MX")]), tmp_path / "o", model=protbert, readout="K1", config=CPU)
    assert not (tmp_path / "o").exists()


def test_a_small_window_brings_its_own_overlap(protbert, fasta, tmp_path):
    source = fasta("r", [("a", "MXXXK" * 100)])
    for window in (1, 2, 50):
        predict(
            source,
            tmp_path / f"{window}",
            model=protbert,
            readout="K1",
            config=PredictConfig(device="cpu", window=window),
        )
        assert len(sequences(tmp_path / f"{window}")["a"]) == 500


def test_a_network_of_few_positions_is_taken_with_what_it_has(small_network, run, fasta, tmp_path):
    path = fasta("r.fasta", [("a", "MXXKXXYX" * 20)])
    common = ["--model", small_network, "--readout", "K1", "--device", "cpu"]
    assert run("predict", path, *common, "-o", tmp_path / "o").code == 0
    assert len(sequences(tmp_path / "o")["a"]) == 160
    done = run("predict", path, *common, "-o", tmp_path / "p", "--window", "1022")
    assert done.code == 2 and "window: expected at most 62 residues for " in done.err
