import json
import random
import shutil

import numpy as np
import pandas as pd
import pytest
from transformers import AutoModelForMaskedLM, AutoTokenizer, pipeline

from pepseq import PredictConfig, predict
from pepseq.errors import InputError, SettingsError
from pepseq.models.checkpoints import write_manifest
from pepseq.prediction.reconstruction import Reconstruction
from pepseq.readout.masking import MaskedSequence, mask_sequence
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta
from pepseq.sequences.residues import AMINO_ACIDS

CPU = PredictConfig(device="cpu")


@pytest.fixture
def readouts(fasta, small_proteins):
    """FASTA of the small proteins' KCYM readouts."""
    return fasta(
        "r.fasta", [(i, mask_sequence(s, Readout("K1")).residues) for i, s in small_proteins]
    )


def sequences(path):
    return {r.id: r.sequence for r in read_fasta(path)}


def test_observed_residues_ids_order_and_lengths_survive(protbert, readouts, tmp_path):
    done = predict(readouts, tmp_path / "o", model=protbert, readout="K1", config=CPU)
    before = list(read_fasta(readouts, reads=True))
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
    name, request, readouts, tmp_path
):
    folder = as_trained(request.getfixturevalue(name), tmp_path)  # a base model's are tempered
    predict(
        readouts, tmp_path / "o", model=folder, readout="K1", table=tmp_path / "t.tsv", config=CPU
    )
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
    for record in list(read_fasta(readouts, reads=True))[:8]:
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


def test_order_and_batch_size_change_no_residue(
    protbert, readouts, small_proteins, fasta, tmp_path
):
    masked = [(r.id, r.sequence) for r in read_fasta(readouts, reads=True)]
    random.Random(1).shuffle(masked)
    other = fasta("shuffled", masked)
    results = []
    for number, (source, budget) in enumerate([(readouts, 1), (readouts, 9999), (other, 300)]):
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


def test_any_window_that_holds_the_protein_gives_the_same(protbert, readouts, tmp_path):
    for window in (80, 200, 1022):
        config = PredictConfig(device="cpu", window=window, overlap=20)
        predict(readouts, tmp_path / f"{window}", model=protbert, readout="K1", config=config)
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


def test_every_way_to_write_a_readout_gives_the_same(protbert, run, fasta, tmp_path, monkeypatch):
    answers = set()
    for text in ("MXXKXXC", "M??K..C", "M__Kxxc", "mxxkxxc*", "MUBKZXC"):
        source = fasta("r", [("a", text)])
        out = run("predict", source, "-o", "-", "--model", protbert, "--readout", "K1").out
        answers.add(out)
    assert len(answers) == 1


def test_stdin_and_gzip(protbert, readouts, run, tmp_path):
    command = ["predict", "-", "-o", "-", "--model", protbert, "--readout", "K1"]
    piped = run(*command, stdin=readouts.read_bytes())
    assert piped.code == 0
    predict(readouts, tmp_path / "o.gz", model=protbert, readout="K1", config=CPU)
    (tmp_path / "piped").write_text(piped.out)
    assert sequences(tmp_path / "piped") == sequences(tmp_path / "o.gz") != {}
    failed = run(*command, stdin=b"")
    assert failed.code == 65 and "stdin:1: expected FASTA" in failed.err


def test_a_named_pipe_is_read_once(protbert, readouts, run, tmp_path):
    import os
    import threading

    os.mkfifo(tmp_path / "pipe")
    threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(readouts.read_bytes())).start()
    common = ["--model", protbert, "--readout", "K1"]
    piped = run("predict", tmp_path / "pipe", "-o", "-", *common).out
    assert piped == run("predict", readouts, "-o", "-", *common).out != ""


def test_nothing_hidden_and_everything_hidden(protbert, fasta, tmp_path):
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


@pytest.fixture
def trained(protbert, tmp_path):
    """A model folder that says it completes KCYM and K2."""
    return as_trained(protbert, tmp_path)


def as_trained(base, tmp_path):
    folder = shutil.copytree(base, tmp_path / "trained")
    (folder / "pepseq.json").write_text(
        json.dumps({"readouts": ["KCYM", "KCYMRHWST"], "window": 200})
    )
    write_manifest(folder)
    return folder


def test_the_readout_that_fits_the_file_is_taken(trained, fasta, tmp_path):
    for number, (residues, expected) in enumerate(
        [("MXXKC", "KCYM"), ("MXXKR", "KCYMRHWST"), ("XXXXX", "KCYM")]
    ):
        done = predict(
            fasta("r", [("a", residues)]), tmp_path / f"{number}", model=trained, config=CPU
        )
        assert str(done.readout) == expected


def test_one_stray_residue_does_not_change_the_readout(trained, run, fasta, tmp_path):
    source = fasta("r", [(f"p{i}", "MXXK" if i != 70 else "MXRK") for i in range(200)])
    result = run("predict", source, "-o", tmp_path / "o", "--model", trained)
    assert result.code == 65 and "found 'R' at residue 3" in result.err
    assert len(sequences(tmp_path / "o")) == 199
    assert (tmp_path / "o.failed.tsv").read_text().splitlines()[1].split("\t")[2] == "p70"


@pytest.mark.parametrize("more", [[], ["--readout", "KCYMD"]])
def test_a_readout_that_does_not_fit_the_model_is_refused_with_the_fix(
    trained, run, fasta, tmp_path, more
):
    source = fasta("r", [("a", "MXXKD")])
    result = run("predict", source, "-o", tmp_path / "o", "--model", trained, *more)
    assert result.code == 65 and not (tmp_path / "o").exists()
    assert "pepseq mask --readout KCYMRHWST" in result.err and "finetune" in result.err


def test_a_base_model_needs_the_readout(protbert, run, readouts, tmp_path):
    result = run("predict", readouts, "-o", tmp_path / "o", "--model", protbert)
    assert result.code == 2 and "--readout KCYM" in result.err


def test_a_changed_model_is_refused_before_the_first_record(trained, run, readouts, tmp_path):
    with open(trained / "model.safetensors", "r+b") as weights:
        weights.seek(-3, 2)
        weights.write(b"!")
    result = run("predict", readouts, "-o", tmp_path / "o", "--model", trained)
    assert result.code == 65 and "model.safetensors: damaged or changed" in result.err


def test_outputs_are_not_overwritten_and_not_mixed_up(protbert, run, readouts, tmp_path):
    out = tmp_path / "o"
    out.write_text("old")
    common = ["--model", protbert, "--readout", "K1"]
    assert run("predict", readouts, "-o", out, *common).code == 74
    assert run("predict", readouts, "-o", readouts, "--force", *common).code == 2
    assert run("predict", readouts, "-o", "-", "--table", "-", *common).code == 2
    assert out.read_text() == "old"
    assert run("predict", readouts, "-o", out, "--force", *common).code == 0
    record = json.loads((tmp_path / "o.run.json").read_text())
    assert record["settings"]["readout"] == "KCYM" and record["settings"]["precision"] == "fp32"


def test_settings_that_make_no_sense():
    for wrong in ({"window": 0}, {"window": 10, "overlap": 10}, {"candidates": "some"}):
        with pytest.raises(SettingsError):
            PredictConfig(**wrong)


def test_a_window_beyond_the_network_is_refused(protbert, readouts, tmp_path):
    with pytest.raises(SettingsError, match="at most 1022"):
        predict(
            readouts,
            tmp_path / "o",
            model=protbert,
            readout="K1",
            config=PredictConfig(device="cpu", window=2000),
        )


def test_reconstructions_check_themselves():
    masked = MaskedSequence("MX")
    with pytest.raises(ValueError, match="observed residues"):
        Reconstruction("p", masked, "AA", np.array([1]), "AL", np.array([[0.5, 0.5]]))
    with pytest.raises(ValueError, match="sum to 1"):
        Reconstruction("p", masked, "MA", np.array([1]), "AL", np.array([[0.5, 0.6]]))


def test_logits_that_are_not_finite_are_refused(protbert, fasta, tmp_path, monkeypatch):
    from pepseq.models.masked_lm import ResidueModel

    monkeypatch.setattr(
        ResidueModel, "_forward", lambda self, texts: [np.full((len(t), 20), np.nan) for t in texts]
    )
    with pytest.raises(InputError, match="NaN"):
        predict(fasta("r", [("a", "MX")]), tmp_path / "o", model=protbert, readout="K1", config=CPU)
    assert not (tmp_path / "o").exists()


def test_outputs_that_would_destroy_something_are_refused(protbert, run, readouts, tmp_path):
    import os

    common = ["predict", readouts, "--model", protbert, "--readout", "K1", "--force"]
    os.mkfifo(tmp_path / "pipe")
    assert run(*common, "-o", tmp_path / "pipe").code == 74 and (tmp_path / "pipe").is_fifo()
    assert run(*common, "-o", protbert / "model.safetensors").code == 2
    assert run(*common, "-o", tmp_path / "o", "--table", tmp_path / "o.failed.tsv").code == 2
    assert run(*common, "-o", tmp_path).code == 74 and run(*common, "-o", "").code == 2
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert run(*common, "-o", tmp_path / "loop" / "x").code == 74


def test_an_output_that_appears_during_the_run_is_kept(trained, readouts, tmp_path, monkeypatch):
    from pepseq.errors import OutputError
    from pepseq.models.masked_lm import ResidueModel

    forward = ResidueModel._forward

    def slow(self, texts):
        (tmp_path / "o").write_text("precious")
        return forward(self, texts)

    monkeypatch.setattr(ResidueModel, "_forward", slow)
    with pytest.raises(OutputError, match="exists already"):
        predict(readouts, tmp_path / "o", model=trained, readout="K1", config=CPU)
    assert (tmp_path / "o").read_text() == "precious"


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


def test_a_readout_without_candidates_cannot_have_hidden_residues(protbert, run, fasta, tmp_path):
    source = fasta("r", [("a", "MAK"), ("b", "MXK")])
    result = run(
        "predict", source, "-o", tmp_path / "o", "--model", protbert, "--readout", AMINO_ACIDS
    )
    assert result.code == 65 and "'b'" in result.err and sequences(tmp_path / "o") == {"a": "MAK"}


@pytest.mark.parametrize("more", [[], ["--readout", "KCYM"], ["--model", "protbert"]])
def test_complete_proteins_are_said_with_the_next_command(
    run, fasta, small_proteins, tmp_path, more, protbert
):
    path = fasta("p.fasta", small_proteins)
    more = [protbert if word == "protbert" else word for word in more]
    done = run("predict", path, "-o", tmp_path / "o", *more)
    assert done.code == 65 and not (tmp_path / "o").exists()
    assert "these look like complete proteins, not reads (no hidden residues)" in done.err
    assert f"pepseq mask {path} --readout KCYM -o reads.fasta" in done.err


def test_lookup_says_so_too(run, fasta, small_proteins, tmp_path):
    path, known = fasta("p.fasta", small_proteins), fasta("known.fasta", small_proteins)
    done = run("lookup", path, "--reference", known, "--readout", "CY[DE]", "-o", tmp_path / "o")
    assert done.code == 65 and f"pepseq mask {path} --readout 'CY[DE]'" in done.err
    assert not (tmp_path / "o").exists()


def test_a_readout_that_cannot_be_determined_is_named(run, fasta, tmp_path):
    path = fasta("r.fasta", [("a", "XAXXDXX"), ("b", "XXDXX")])
    done = run("predict", path, "-o", tmp_path / "o")
    assert done.code == 2 and "observed residues AD fit neither KCYM nor KCYMRHWST" in done.err
    assert f"pepseq predict {path} --readout AD -o completed.fasta" in done.err


def test_a_network_of_few_positions_is_taken_with_what_it_has(small_network, run, fasta, tmp_path):
    path = fasta("r.fasta", [("a", "MXXKXXYX" * 20)])
    common = ["--model", small_network, "--readout", "K1", "--device", "cpu"]
    assert run("predict", path, *common, "-o", tmp_path / "o").code == 0
    assert len(sequences(tmp_path / "o")["a"]) == 160
    done = run("predict", path, *common, "-o", tmp_path / "p", "--window", "1022")
    assert done.code == 2 and "window: expected at most 62 residues for " in done.err
