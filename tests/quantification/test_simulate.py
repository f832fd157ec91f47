import gzip
import json
from collections import Counter

import numpy as np
import pytest
from Bio.SeqUtils import molecular_weight

import pepseq
from pepseq.errors import SettingsError
from pepseq.fluorosequencing.config import EqualChannelRates
from pepseq.readout.dye_sequences import read_dye_sequences
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta

A, B, C = "MDAGCKEEAYK", "YYKAAC", "GGGK"
PROTEINS = [("a", A), ("b x y", B), ("c", C)]
DYES = ("--labels", "DE,C,Y", "--dye-sequences")


@pytest.fixture
def proteins(fasta):
    return fasta("proteins", PROTEINS)


@pytest.fixture
def abundance(tmp_path):
    (tmp_path / "ab.tsv").write_text("protein\tcopies\na\t3\nb\t1\nc\t4\n")
    return tmp_path / "ab.tsv"


def table(path):
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def reads_of(path):
    return list(read_fasta(path, reads=True))


def test_dye_sequences_without_errors_are_those_of_the_peptides(run, proteins, abundance, tmp_path):
    out = tmp_path / "r.tsv"
    args = (*DYES, "--reads", "8000", "--abundance", abundance)
    assert run("simulate", proteins, "-o", out, *args).code == 0
    reads = list(read_dye_sequences(out, Readout.from_labels("DE,C,Y")))
    assert [read.id for read in reads] == ["1", "2", "3", "4"]
    counts = {read.sequence: read.count for read in reads}
    assert sum(counts.values()) == 8000 and list(counts.values()) == sorted(counts.values())[::-1]
    expected = {"XdXXC": 3, "ddXY": 3, "YY": 1, "XXC": 1}
    assert set(counts) == set(expected)
    for read, weight in expected.items():
        assert counts[read] == pytest.approx(weight * 1000, abs=5 * (weight * 1000) ** 0.5)


def test_the_truth_has_copies_fractions_and_reads(run, proteins, abundance, tmp_path):
    out = tmp_path / "r.tsv"
    run("simulate", proteins, "-o", out, *DYES, "--reads", "800", "--abundance", abundance)
    rows = table(tmp_path / "r.tsv.truth.tsv")
    assert [row["protein"] for row in rows] == ["a", "b", "c"]
    assert [float(row["copies"]) for row in rows] == [3, 1, 4]
    assert [float(row["molar_fraction"]) for row in rows] == [0.375, 0.125, 0.5]
    masses = [n * molecular_weight(s, "protein") for n, s in zip((3, 1, 4), (A, B, C), strict=True)]
    expected = [mass / sum(masses) for mass in masses]
    assert [float(row["mass_fraction"]) for row in rows] == pytest.approx(expected, rel=1e-4)
    assert [float(row["labelled_peptides"]) for row in rows] == [2, 2, 0]
    reads = [int(row["reads"]) for row in rows]
    assert sum(reads) == 800 and reads[2] == 0 and reads[0] > 2 * reads[1] > 0


def test_a_protein_without_labels_gives_a_warning(run, proteins, tmp_path):
    result = run("simulate", proteins, "-o", tmp_path / "r.tsv", *DYES, "--reads", "5")
    assert "channels: 0 DE, 1 C, 2 Y\n" in result.err
    assert "1 of these proteins has no peptide with a label" in result.err


def test_whole_peptides_in_random_order(run, proteins, abundance, tmp_path):
    out = tmp_path / "r.fasta.gz"
    args = ("--readout", "CY[DE]", "--reads", "4000", "--abundance", abundance)
    assert run("simulate", proteins, "-o", out, *args).code == 0
    reads = reads_of(out)
    assert [read.id for read in reads] == [str(n) for n in range(1, 4001)]
    counts = Counter(read.sequence for read in reads)
    assert set(counts) == {"XdXXCX", "ddXYX", "YYX", "XXC"}
    assert counts["XdXXCX"] == pytest.approx(1500, abs=200)
    assert sum(read.sequence == "YYX" for read in reads[:2000]) > 150
    assert b"[DE][DE]XYX\n" in gzip.decompress(out.read_bytes())


def test_reads_are_wrapped_as_other_files_are(run, fasta, tmp_path):
    source = fasta("long", [("a", "CAD" * 50)])
    out = tmp_path / "r.fasta"
    assert run("simulate", source, "-o", out, "--readout", "C[DE]", "--reads", "2").code == 0
    line = "CX[DE]" * 20
    assert out.read_text() == f">1\n{line}\n{line}\n{line[:60]}\n>2\n{line}\n{line}\n{line[:60]}\n"


def test_labels_are_missed_and_misread_at_their_rates(run, fasta, tmp_path):
    source, out = fasta("p", [("a", "CDEYCG")]), tmp_path / "r.fasta"
    args = ("--labels", "DE,C,Y", "--missed-label", "0.2", "--misread", "0.3", "--reads", "20000")
    assert run("simulate", source, "-o", out, *args).code == 0
    reads = [read.sequence for read in reads_of(out)]
    assert all(read.endswith("X") and read != "XXXXXX" for read in reads)
    visible = 1 - 0.2**5
    first = Counter(read[0] for read in reads)
    shares = [first[symbol] / 20000 for symbol in "CdYX"]
    hidden = 1 - 0.8 / visible
    expected = [0.8 * 0.7 / visible, 0.12 / visible, 0.12 / visible, hidden]
    assert shares == pytest.approx(expected, abs=0.015)
    pairs = Counter(read[:2] for read in reads)
    assert pairs["XX"] / 20000 == pytest.approx((0.04 - 0.2**5) / visible, abs=0.007)


def test_the_same_seed_gives_the_same_files(run, proteins, tmp_path):
    for labels in (DYES, ("--readout", "CY")):
        contents = []
        for number, more in enumerate((["--threads", "1"], ["--threads", "3"], ["--seed", "2"])):
            out = tmp_path / f"{labels[0]}{number}"
            args = ("--reads", "70000", "--abundance", "lognormal:1", *labels, *more)
            assert run("simulate", proteins, "-o", out, *args).code == 0
            truth = out.with_name(f"{out.name}.truth.tsv")
            contents.append((out.read_bytes(), truth.read_bytes()))
        assert contents[0] == contents[1]
        assert contents[0][0] != contents[2][0] and contents[0][1] != contents[2][1]


def test_missed_cleavages_join_peptides(run, fasta, tmp_path):
    source, out = fasta("p", [("a", "ACKADK")]), tmp_path / "r.fasta"
    args = ("--readout", "CD", "--missed-cleavages", "1", "--missed-cleavage-rate", "0.25")
    assert run("simulate", source, "-o", out, *args, "--reads", "10000").code == 0
    counts = Counter(read.sequence for read in reads_of(out))
    assert set(counts) == {"XCX", "XDX", "XCXXDX"}
    assert counts["XCXXDX"] / 10000 == pytest.approx(0.25 / 1.75, abs=0.02)


def test_error_rates_may_come_from_options_or_from_a_file(run, proteins, tmp_path):
    channel = {"p_bleach": 0.1, "p_dud": 0.2}
    names = ("edman_failure", "detach", "initial_detach", "initial_block", "cyclic_block")
    rates = {f"p_{name}": 0.02 for name in names} | {"p_initial_detach_decay": 0.5}
    (tmp_path / "e.json").write_text(json.dumps(rates | {"channel_models": [channel] * 3}))
    options = [x for name in names for x in (f"--{name.replace('_', '-')}", "0.01")]
    options += ["--initial-detach-decay", "0.5", "--bleach", "0.05", "--dud", "0.1"]
    args = ("simulate", proteins, *DYES, "--reads", "2000", "--cycles", "6")
    first = run(
        *args, "-o", tmp_path / "1", "--errors", tmp_path / "e.json", "--error-scale", "0.5"
    )
    assert first.code == run(*args, "-o", tmp_path / "2", *options).code == 0
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    record = json.loads((tmp_path / "1.run.json").read_text())
    assert record["settings"]["errors"]["bleach"] == [0.05] * 3 and len(record["inputs"]) == 2
    assert [output["kind"] for output in record["outputs"]] == ["dye sequences", "truth"]


def test_records_that_are_no_proteins_are_left_out(run, fasta, tmp_path):
    source = fasta("p", [("a", "MCK"), ("b", "M1K")])
    args = ("simulate", source, "-o", tmp_path / "r", "--readout", "C", "--reads", "3")
    result = run(*args)
    assert result.code == 65 and "1 of 2 records were left out" in result.err
    assert [row["protein"] for row in table(tmp_path / "r.truth.tsv")] == ["a"]
    assert (tmp_path / "r.failed.tsv").exists()
    assert run(*args, "--force", "--keep-going").code == 0


def test_an_older_truth_is_kept_without_force(run, proteins, tmp_path):
    (tmp_path / "r.truth.tsv").write_text("old")
    args = ("simulate", proteins, "-o", tmp_path / "r", "--readout", "C", "--reads", "3")
    assert run(*args).code == 74 and not (tmp_path / "r").exists()
    assert run(*args, "--force").code == 0


def test_few_reads_of_a_long_protein_need_few_molecules(monkeypatch):
    def reads():
        config = pepseq.SimulateConfig(dye_sequences=True)
        proteins = {"a": "ACDEYG" * 50, "b": "MCK", "c": "GGYGCK"}
        labels = Readout.from_labels("DE,C,Y")
        rates = EqualChannelRates(dud=0.6)
        done = pepseq.simulate_reads(proteins, labels, 300, config=config, errors=rates)
        return done.reads.values.tolist()

    few = reads()
    monkeypatch.setattr("pepseq.fluorosequencing.sampling._MIN_MOLECULES", 1 << 16)
    assert reads() == few


def test_one_read_of_one_protein(run, fasta, tmp_path):
    source = fasta("p", [("a", "MCK")])
    assert run("simulate", source, "-o", tmp_path / "r", *DYES, "--reads", "1").code == 0
    assert (tmp_path / "r").read_text() == "3\n1\n.1\t1\t1\n"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"errors": EqualChannelRates()}, "errors: give them for dye sequences only"),
        ({"readout": "C", "config": pepseq.SimulateConfig(misread=0.1)}, "misread: misreads need"),
        (
            {
                "config": pepseq.SimulateConfig(dye_sequences=True),
                "errors": pepseq.SequencingErrors(bleach=(0.0,), dud=(0.0,)),
            },
            "errors: expected rates of 2 channels, one for each of the labels C,Y, found 1",
        ),
        (
            {"config": pepseq.SimulateConfig(dye_sequences=True, cycles=60)},
            "cycles: expected 1 to 39 with 2 labels, found 60",
        ),
        ({"reads": 0}, "reads: expected a whole number from 1"),
        ({"reads": 2.5}, "reads: expected a whole number from 1"),
        ({"reads": True}, "reads: expected a whole number from 1"),
        ({"readout": "W"}, "no peptide of the sample has one of the labels W"),
    ],
)
def test_settings_that_do_not_fit_are_named(settings, words):
    arguments = {"proteins": dict(PROTEINS), "readout": "CY", "reads": 5} | settings
    with pytest.raises(SettingsError, match=f"^{words}"):
        pepseq.simulate_reads(**arguments)


def test_dye_errors_of_whole_peptides_are_refused():
    with pytest.raises(SettingsError, match="^missed_label, misread: errors of whole peptides"):
        pepseq.SimulateConfig(dye_sequences=True, missed_label=0.1)


@pytest.mark.parametrize("dye_sequences", [True, False])
def test_reads_in_memory_are_those_of_the_files(dye_sequences, proteins, tmp_path):
    config = pepseq.SimulateConfig(dye_sequences=dye_sequences, abundance="lognormal:1", seed=5)
    readout = Readout.from_labels("DE,C,Y")
    pepseq.simulate(proteins, tmp_path / "r", readout, 500, config=config)
    sample = pepseq.simulate_reads(dict(PROTEINS), readout, 500, config=config)
    if dye_sequences:
        file = [r.split("\t") for r in (tmp_path / "r").read_text().splitlines()[2:]]
        assert [
            [*row] for row in sample.reads[["sequence", "count", "id"]].astype(str).values
        ] == file
    else:
        texts = ["".join(r.split("\n")[1:]) for r in (tmp_path / "r").read_text().split(">")[1:]]
        assert sample.reads["sequence"].tolist() == texts and (sample.reads["count"] == 1).all()
    rows = table(tmp_path / "r.truth.tsv")
    assert sample.truth["reads"].tolist() == [int(row["reads"]) for row in rows]
    copies = [float(row["copies"]) for row in rows]
    assert sample.truth["copies"].tolist() == pytest.approx(copies)
    assert np.isclose(sample.truth["molar_fraction"].sum(), 1)
