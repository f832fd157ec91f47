"""Custom content for MultiQC."""

import json
import shutil
import subprocess

import pytest

from pepseq.errors import SettingsError
from pepseq.io.multiqc import Statistic, check_multiqc_name, format_multiqc, sample_name

STATISTICS = {
    "accuracy": Statistic(81.25, "Accuracy", "Mean over proteins", " %", 100),
    "reads": Statistic(2000, "Reads", "Reads of molecules"),
    "ece": Statistic(None, "ECE", "Not known"),
}


def test_content_has_columns_and_values_of_what_is_known():
    content = json.loads(format_multiqc("pepseq_x", "sample_1", STATISTICS))
    assert content["data"] == {"sample_1": {"accuracy": 81.25, "reads": 2000}}
    columns = {name: column for entry in content["pconfig"] for name, column in entry.items()}
    assert columns["accuracy"]["max"] == 100 and columns["accuracy"]["suffix"] == " %"
    assert columns["reads"]["format"] == "{:,d}" and list(columns) == ["accuracy", "reads"]


def test_samples_are_named_after_files():
    assert sample_name("a/b.faa.gz") == "b" and sample_name("-") == "stdin"


@pytest.mark.parametrize("name", ["x.json", "-", "mqc.json", "x_mqc.json.gz"])
def test_names_that_multiqc_does_not_find_are_refused(name):
    with pytest.raises(SettingsError, match="_mqc.json only"):
        check_multiqc_name(name)
    check_multiqc_name("folder/sample_mqc.json")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("multiqc"), reason="needs multiqc on PATH")
def test_multiqc_shows_the_numbers(tmp_path):
    (tmp_path / "a_mqc.json").write_bytes(format_multiqc("pepseq_x", "sample_1", STATISTICS))
    done = subprocess.run(
        ["multiqc", "--quiet", "-o", tmp_path / "out", tmp_path], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out" / "multiqc_report.html").read_text()
    assert "sample_1" in page and "Accuracy" in page
    header, row = (tmp_path / "out/multiqc_data/multiqc_general_stats.txt").read_text().splitlines()
    assert row.split("\t") == ["sample_1", "81.25", "2000"] and "pepseq_x-reads" in header


def test_quantify_and_evaluate_write_their_numbers(run, fasta, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    known = fasta("known.fasta", [("a", "MAKCCAK"), ("b", "MYYAKGGGCK")])
    fasta("sample_1.fasta", [(f"r{i}", "CCXK") for i in range(3)])
    quantify = ("quantify", "sample_1.fasta", "--readout", "KCYM", "--reference", known)
    outputs = ("-o", "sample_1.tsv", "--max-q", "1", "--min-length", "3")
    result = run(*quantify, *outputs, "--multiqc", "sample_1_mqc.json")
    assert result.code == 0, result.err
    assert (
        json.loads((tmp_path / "sample_1_mqc.json").read_text())["data"]["sample_1"]["reads"] == 3
    )
    result = run(*quantify, "-o", "other.tsv", "--multiqc", "numbers.json")
    assert result.code == 2 and "named *_mqc.json only" in result.err

    reads = fasta("reads.fasta", [("a", "MXKCCXK")])
    assert run("predict", reads, "--reference", known, "-o", "proteins.fasta").code == 0
    assert run("evaluate", known, "proteins.fasta", "-o", "accuracy", "--keep-going").code == 0
    numbers = json.loads((tmp_path / "accuracy" / "evaluation_mqc.json").read_text())["data"]
    assert numbers == {"proteins": {"macro": 100, "proteins": 1}}
