import gzip
import json
import subprocess
import sys

import pytest
from places import DATA, SHARED

from pepseq import Noise, Readout, mask
from pepseq.readout.dye_sequences import read_dye_sequences
from pepseq.readout.masking import mask_sequence
from pepseq.sequences.fasta import read_fasta
from pepseq.sequences.residues import AMINO_ACIDS


@pytest.mark.parametrize("symbol", list("X?._x"))
def test_every_hidden_symbol_is_read_back(symbol, run, fasta, tmp_path):
    source = fasta("p", [("a/../b c", "MAGICKLLUC")])
    assert (
        run("mask", source, "-o", tmp_path / "r", "--readout", "K1", "--hidden-symbol", symbol).code
        == 0
    )
    assert (tmp_path / "r").read_text().splitlines()[1].count(symbol) == 6
    again = [(r.header, r.sequence) for r in read_fasta(tmp_path / "r", reads=True)]
    assert again == [("a/../b c", "MXXXCKXXXC")]


def test_files_gzip_stdout_and_run_record(run, fasta, tmp_path, monkeypatch):
    first, second = fasta("1", [("a", "MAK")]), fasta("2", [("b", "CWW")])
    out = tmp_path / "out.fasta.gz"
    assert run("mask", first, second, "-o", out, "--readout", "KCYM").code == 0
    assert gzip.decompress(out.read_bytes()) == b">a\nMXK\n>b\nCXX\n"
    record = json.loads((tmp_path / "out.fasta.gz.run.json").read_text())
    assert record["settings"]["readout"] == "KCYM" and len(record["inputs"]) == 2
    assert len(record["inputs"][0]["sha256"]) == 64
    assert run("mask", first, "-o", "-", "--readout", "KCYM").out == ">a\nMXK\n"


def test_a_bad_record_does_not_stop_the_others(run, fasta, tmp_path):
    pairs = [(f"p{i}", "MAGICK") for i in range(1000)]
    pairs[500] = ("p500", "MA!K")
    source, out = fasta("p", pairs), tmp_path / "o"
    result = run("mask", source, "-o", out, "--readout", "KCYM")
    assert result.code == 65 and "1 of 1000 records" in result.err and ":1001:" in result.err
    assert out.read_text().count(">") == 999
    failed = (tmp_path / "o.failed.tsv").read_text().splitlines()
    assert len(failed) == 2 and failed[1].split("\t")[1:3] == ["1001", "p500"]
    assert run("mask", source, "-o", out, "--readout", "K1", "--force", "--keep-going").code == 0
    good = fasta("good", pairs[:500])
    assert run("mask", good, "-o", out, "--readout", "K1", "--force").code == 0
    assert not (tmp_path / "o.failed.tsv").exists()


@pytest.mark.parametrize("readout", ["KCYM", AMINO_ACIDS])
def test_reads_may_be_all_observed_or_all_hidden(readout, run, fasta):
    source = fasta("p", [("none", "KCYM"), ("all", "AAAA")])
    out = run("mask", source, "-o", "-", "--readout", readout).out.split()
    assert out == [">none", "KCYM", ">all", "XXXX" if readout == "KCYM" else "AAAA"]


def test_ids_are_never_file_names(fasta, tmp_path):
    source = fasta("p", [("../../etc/passwd", "MAGICK")])
    before = {p.name for p in tmp_path.iterdir()}
    mask(source, tmp_path / "o", "KCYM")
    assert {p.name for p in tmp_path.iterdir()} - before == {"o", "o.run.json"}


def test_every_protein_of_a_proteome_is_masked(tmp_path):
    source = SHARED / "escherichia" / "train_ecoli_K12.faa.gz"
    if not source.exists():
        source = DATA / "ecoli_536.fasta"
    mask(source, tmp_path / "r.gz", "K1")
    for protein, read in zip(
        read_fasta(source), read_fasta(tmp_path / "r.gz", reads=True), strict=True
    ):
        assert protein.header == read.header
        assert mask_sequence(protein.sequence, Readout("K1")).residues == read.sequence


PEPTIDES = [("1", "MAEK"), ("2", "CYDDK"), ("b", "MADK"), ("3", "GGG"), ("5", "WWEC")]
RATES = [
    *("--missed-label", "0.2", "--misread", "0.1"),
    *("--lost-cycle", "0.1", "--extra-cycle", "0.1"),
]


@pytest.fixture
def parameters(tmp_path):
    """A file of whatprot's sequencing parameters for three channels."""
    rates = {"p_edman_failure": 0.06, "p_detach": 0.05, "p_initial_block": 0.07}
    channel = {"p_bleach": 0.05, "p_dud": 0.07, "mu": 10000, "interactions": []}
    path = tmp_path / "rates.json"
    path.write_text(json.dumps({**rates, "channel_models": [channel] * 3}))
    return path


def test_groups_stand_in_brackets_in_files(run, fasta, tmp_path):
    source = fasta("p", [("a", "MEDIC" * 13), ("d [d]", "dead")])
    common = ["mask", source, "-o", "-", "--hidden-symbol", "."]
    by_readout = run(*common, "--readout", "[ED]C")
    assert by_readout.out == run(*common, "--labels", "C,ed").out
    lines = by_readout.out.splitlines()
    assert lines[1:4] == [".[DE][DE].C" * 12, ".[DE][DE].C", ">d [d]"]
    assert lines[4] == "[DE][DE].[DE]"
    (tmp_path / "r").write_text(by_readout.out)
    assert [r.sequence for r in read_fasta(tmp_path / "r", reads=True)] == ["XddXC" * 13, "ddXd"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give --readout or --labels"),
        (["--readout", "K1", "--labels", "K,C"], "give --readout or --labels, not both"),
        (["--labels", "K,,C"], "a label is empty"),
        (["--readout", "C[DE"], "'[' has no matching bracket"),
        (["--readout", "C", "--misread", "0.1"], "need at least two labels"),
        (["--readout", "K1", "--misread", "1.1"], "--misread"),
        (["--readout", "K1", "--misread", "nan"], "misread: expected 0 or more and 1 or less"),
        (["--readout", "K1", "--extra-cycle", "1"], "--extra-cycle"),
        (["--readout", "K1", "--seed", "-1"], "--seed"),
        (["--readout", AMINO_ACIDS, "--dye-sequences"], "at most 10 labels, found 20"),
        (["--readout", "K1", "--noise", "rates.json"], "expected 4 channel models"),
        (
            ["--labels", "D,C,Y", "--noise", "rates.json", "--misread", "0"],
            "rates or --noise, not both",
        ),
    ],
)
def test_contradicting_settings_are_usage_errors(
    run, fasta, parameters, tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    result = run("mask", fasta("p", PEPTIDES), "-o", "out", *arguments)
    assert result.code == 2 and words in result.err and not (tmp_path / "out").exists()


def test_a_bad_parameter_file_is_an_input_error(run, fasta, parameters, tmp_path):
    common = ["mask", fasta("p", PEPTIDES), "-o", tmp_path / "o", "--labels", "DE,C,Y", "--noise"]
    parameters.write_text(parameters.read_text().replace("p_dud", "p_dut"))
    result = run(*common, parameters)
    assert (
        result.code == 65 and "unknown key 'p_dut'" in result.err and not (tmp_path / "o").exists()
    )
    assert run(*common, tmp_path / "missing").code == 65
    assert run(*common[:3], parameters, *common[4:], parameters, "--force").code == 2


@pytest.mark.parametrize("noise", ["rates", "file"])
def test_errors_of_a_record_do_not_depend_on_the_other_records(
    run, fasta, parameters, proteins, noise
):
    more = ["--labels", "DE,C,Y", *(RATES if noise == "rates" else ["--noise", parameters])]

    def noisy(name, pairs, *others):
        out = run("mask", fasta(name, pairs), "-o", "-", *more, *others).out
        return dict(entry.split("\n", 1) for entry in out.split(">")[1:])

    pairs = proteins[:30]
    together = noisy("a", pairs)
    assert len(together) == 30
    assert together == noisy("b", pairs[::-1]) == noisy("c", pairs[:7]) | noisy("d", pairs[7:])
    assert noisy("a", pairs, "--seed", "2") != together == noisy("a", pairs, "--seed", "1")
    renamed = noisy("e", [(f"{name}x", residues) for name, residues in pairs])
    assert list(renamed.values()) != list(together.values())


def test_errors_are_in_the_run_record(run, fasta, parameters, tmp_path):
    source = fasta("p", PEPTIDES)
    assert run("mask", source, "-o", tmp_path / "1", "--labels", "DE,C,Y", *RATES).code == 0
    record = json.loads((tmp_path / "1.run.json").read_text())
    rates = {"missed_label": 0.2, "misread": 0.1, "lost_cycle": 0.1, "extra_cycle": 0.1}
    assert record["settings"]["noise"] == rates and record["settings"]["seed"] == 1
    assert record["settings"]["readout"] == "CY[DE]" and record["settings"]["labels"] == "DE,C,Y"
    more = ["--labels", "DE,C,Y", "--noise", parameters, "--seed", "7"]
    assert run("mask", source, "-o", tmp_path / "2", *more).code == 0
    record = json.loads((tmp_path / "2.run.json").read_text())
    assert record["settings"]["noise"]["p_edman_failure"] == 0.06
    assert record["settings"]["noise"]["channels"] == [{"p_dud": 0.07, "p_bleach": 0.05}] * 3
    assert record["settings"]["seed"] == 7 and len(record["inputs"][1]["sha256"]) == 64


def test_rates_of_0_make_no_errors(run, fasta, proteins, tmp_path):
    source = fasta("p", proteins[:20])
    plain = run("mask", source, "-o", "-", "--readout", "K2", "--hidden-symbol", "?").out
    zeros = [part for rate in RATES[::2] for part in (rate, "0")]
    common = ["mask", source, "-o", "-", "--readout", "K2", "--hidden-symbol", "?"]
    assert run(*common, *zeros).out == run(*common, "--seed", "9").out == plain
    mask(source, tmp_path / "o", "K2", hidden_symbol="?", noise=Noise())
    assert (tmp_path / "o").read_text() == plain


def test_every_residue_may_be_lost(run, fasta, tmp_path):
    source = fasta("p", [("a", "MAGICK"), ("b", "K")])
    assert run("mask", source, "-o", "-", "--readout", "K", "--lost-cycle", "1").out == (
        ">a\nX\n>b\nX\n"
    )


def test_dye_sequences_are_merged_and_counted(run, fasta, tmp_path):
    source, out = fasta("p", PEPTIDES), tmp_path / "d.tsv.gz"
    result = run("mask", source, "-o", out, "--labels", "DE,C,Y", "--dye-sequences")
    assert result.code == 0 and "left out 1 of 5 reads" in result.err
    expected = b"3\n3\n..0\t2\t1\n1200\t1\t2\n..01\t1\t5\n"
    assert gzip.decompress(out.read_bytes()) == expected
    labels = Readout.from_labels("DE,C,Y")
    assert [r.sequence for r in read_dye_sequences(out, labels)] == ["XXd", "CYdd", "XXdC"]
    again = run("mask", source, "-o", "-", "--readout", "CY[DE]", "--dye-sequences").out
    assert again.splitlines()[3] == "0122\t1\t2"  # channels in the readout's own order
    settings = json.loads((tmp_path / "d.tsv.gz.run.json").read_text())["settings"]
    assert settings["dye_sequences"] is True and settings["labels"] == "DE,C,Y"


def test_dye_sequences_with_errors_from_stdin(fasta, parameters):
    line = "mask - -o - --labels DE,C,Y --dye-sequences --noise".split()
    done = subprocess.run(
        [sys.executable, "-m", "pepseq", *line, parameters],
        input="".join(f">{i}\nMEDICKY{'DECY' * 9}\n" for i in range(200)),
        capture_output=True,
        text=True,
        check=True,
    )
    channels, count, *rows = done.stdout.splitlines()
    assert channels == "3" and int(count) == len(rows) > 20
    assert all(set(row.split("\t")[0]) <= set(".012") for row in rows)
    assert sum(int(row.split("\t")[1]) for row in rows) <= 200


def test_bad_records_are_left_out_of_dye_sequences_too(run, fasta, tmp_path):
    source = fasta("p", [("a", "MAEK"), ("b", "M!"), ("c", "[DN]C"), ("d", "[DE]C")])
    result = run("mask", source, "-o", tmp_path / "o", "--labels", "DE,C", "--dye-sequences")
    assert result.code == 65 and "2 of 4 records" in result.err
    assert (tmp_path / "o").read_text() == "2\n2\n..0\t1\ta\n01\t1\td\n"
    failed = (tmp_path / "o.failed.tsv").read_text()
    assert "expected the group [DE] of this readout, found '[DN]' at residue 1" in failed
