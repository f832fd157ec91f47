"""A readout that is not the prediction's, and files in the wrong place."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from evaluation_folder import PREDICTED, TRUTH, draw_nothing, write

from pepseq.cli.evaluate import command
from pepseq.errors import InputError, SettingsError
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draw_nothing(monkeypatch)
    write("truth.fasta", TRUTH)
    write("predicted.fasta", PREDICTED)

    def call(*words, files=("truth.fasta", "predicted.fasta")):
        return CliRunner().invoke(command, [*files, "-o", "out", *words])

    return call


def record(readout, path="predicted.fasta", name="predict"):
    run = {"command": name, "settings": {"readout": readout}}
    Path(f"{path}.run.json").write_text(json.dumps(run))


def guessed(proteins, readout):
    """Return proteins in which every fifth residue that is not observed is wrong."""
    readout, predicted = Readout(readout), {}
    for name, protein in proteins:
        hidden = mask_sequence(protein, readout).hidden_positions[::5]
        letters = list(protein)
        for at in hidden:
            letters[at] = next(a for a in "LA" if a != protein[at])
        predicted[name] = "".join(letters)
    return predicted


def test_the_readout_is_that_of_the_run_record(run, tmp_path):
    assert isinstance(run().exception, SettingsError)
    assert "Specify it with --readout, for example: pepseq evaluate" in str(run().exception)
    record("KCYM")
    done = run()
    assert done.exit_code == 0 and done.output.startswith("Readout KCYM: ")
    assert run("--readout", "MYCK", "--force").exit_code == 0
    refused = run("--readout", "K2", "--force").exception
    assert isinstance(refused, SettingsError) and refused.exit_code == 2
    assert str(refused) == (
        "--readout KCYMRHWST: predicted.fasta was predicted from KCYM, as its run record says. Use "
        "that: pepseq evaluate truth.fasta predicted.fasta -o out --readout KCYM"
    )


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"command": "predict"}', '{"command": "mask"}']
)
def test_a_record_that_says_nothing_leaves_it_to_the_option(run, content):
    Path("predicted.fasta.run.json").write_text(content)
    assert isinstance(run().exception, SettingsError)
    assert run("--readout", "KCYM").exit_code == 0


@pytest.mark.parametrize(("true", "said"), [("KCYM", "KCYMRHWST"), ("KCYMRHWST", "KCYM")])
def test_residues_tell_another_readout(run, proteins, true, said):
    write("truth.fasta", dict(proteins))
    write("predicted.fasta", guessed(proteins, true))
    refused = run("--readout", said).exception
    assert isinstance(refused, InputError) and not Path("out").exists()
    assert f"predicted from {true}, it seems, not {said}" in str(refused)
    assert f"--readout {true}; if labels" in str(refused)
    assert run("--readout", true).exit_code == 0


def test_labels_that_are_missed_alike_are_no_other_readout(run, proteins):
    """A hundredth of all labels is missed, whichever: no amino acid is always right."""
    write("truth.fasta", dict(proteins))
    write(
        "predicted.fasta",
        {
            name: "".join("L" if a in "KCYM" and i % 100 == 7 else a for i, a in enumerate(protein))
            for name, protein in guessed(proteins, "KCYM").items()
        },
    )
    assert run("--readout", "KCYM").exit_code == 0


@pytest.mark.parametrize("sign", ["record", "header"])
def test_swapped_files_are_refused_with_the_call(run, sign):
    if sign == "record":
        record("KCYM")
    else:
        text = Path("predicted.fasta").read_text().replace(" about", " about confidence=0.5000")
        Path("predicted.fasta").write_text(text)
    done = run("--readout", "KCYM", files=("predicted.fasta", "truth.fasta"))
    assert isinstance(done.exception, InputError) and not Path("out").exists()
    assert str(done.exception) == (
        "predicted.fasta: expected true proteins, found a prediction. TRUTH comes before "
        "PREDICTED: pepseq evaluate truth.fasta predicted.fasta -o out --readout KCYM"
    )


def test_reads_are_no_truth_and_no_prediction(run):
    write(
        "reads.fasta",
        {name: mask_sequence(s, Readout("K1")).residues for name, s in TRUTH.items()},
    )
    done = run("--readout", "KCYM", files=("reads.fasta", "predicted.fasta"))
    assert "found reads, in which most residues are hidden" in str(done.exception)
    assert "pepseq evaluate truth.fasta predicted.fasta" in str(done.exception)
    done = run("--readout", "KCYM", files=("truth.fasta", "reads.fasta"))
    assert "(a read? complete it first: pepseq predict)" in str(done.exception)


def test_a_truth_without_anything_to_score_is_refused(run):
    write("truth.fasta", {"p1": "KCYMKXX"})
    write("predicted.fasta", {"p1": "KCYMKAL"})
    done = run("--readout", "KCYM")
    assert isinstance(done.exception, InputError) and "nothing to score" in str(done.exception)
