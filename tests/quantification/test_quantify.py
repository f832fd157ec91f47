"""Amounts of proteins from reads."""

import json
import random

import pandas as pd
import pytest

import pepseq
from pepseq.errors import InputError, SettingsError
from pepseq.quantification.known_proteins import known_proteins
from pepseq.quantification.quantities import COPIES_COLUMNS, QUANTIFY_COLUMNS
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record

LABELS = Readout.from_labels("DE,C,Y")
DYES = ("--labels", "DE,C,Y", "--dye-sequences")
RATES = pepseq.SequencingErrors(edman_failure=0.02, bleach=(0.01,) * 3, dud=(0.02,) * 3)
RATE_OPTIONS = ("--edman-failure", "0.02", "--bleach", "0.01", "--dud", "0.02")


def random_proteins(count, seed=1):
    generator = random.Random(seed)
    letters = "ACDEFGHIKLMNPQRSTVWY"
    return {
        f"p{number}": "M" + "".join(generator.choices(letters, k=120)) + "DCK"
        for number in range(count)
    }


PROTEINS = random_proteins(12)
COPIES = {"p0": 50, "p1": 20, "p2": 10, "p3": 5}
COPIES |= {"twin": 5}


@pytest.fixture(scope="module")
def sample():
    """Reads of five proteins, two of them equal, of a reference of thirteen."""
    proteins = {**PROTEINS, "twin": PROTEINS["p1"]}
    config = pepseq.SimulateConfig(dye_sequences=True, cycles=12)
    drawn = pepseq.simulate_reads(
        proteins, LABELS, 20_000, copies=COPIES, config=config, errors=RATES
    )
    return proteins, drawn.reads, drawn.truth.set_index("protein")


@pytest.fixture(scope="module")
def amounts(sample):
    return quantify(sample[1], sample[0])


@pytest.fixture
def files(sample, fasta, tmp_path):
    proteins, reads, _ = sample
    rows = zip(reads["sequence"], reads["count"], reads["id"], strict=True)
    lines = "".join(f"{text}\t{count}\t{name}\n" for text, count, name in rows)
    (tmp_path / "reads.tsv").write_text(f"3\n{len(reads)}\n{lines}")
    described = [(f"{name} protein {name}", text) for name, text in proteins.items()]
    return tmp_path / "reads.tsv", fasta("reference", described)


def quantify(reads, proteins, config=None, **more):
    config = config or pepseq.QuantifyConfig(dye_sequences=True)
    return pepseq.quantify_reads(reads, proteins, LABELS, config=config, errors=RATES, **more)


def test_amounts_are_near_the_truth(sample, amounts):
    truth = sample[2]
    table = amounts.to_dataframe()
    assert tuple(table) == QUANTIFY_COLUMNS and amounts.reads == 20_000
    found = table[table["q_value"] <= 0.01]
    assert found["proteins"].tolist() == ["p0", "p1;twin", "p2", "p3"]
    expected = [
        truth.loc[row.proteins.split(";"), "molar_fraction"].sum() for row in found.itertuples()
    ]
    assert found["molar_fraction"].tolist() == pytest.approx(expected, abs=0.02)
    assert (found["low"] < found["molar_fraction"]).all()
    assert (found["high"] > found["molar_fraction"]).all()
    reads_of = [truth.loc[row.proteins.split(";"), "reads"].sum() for row in found.itertuples()]
    assert found["expected_reads"].tolist() == pytest.approx(reads_of, rel=0.1)
    assert (found["unique_reads"] <= 1.05 * found["expected_reads"]).all()
    assert found["unique_reads"].min() > 0


def test_the_command_writes_what_the_function_returns(amounts, files, run, tmp_path):
    reads, reference = files
    out = tmp_path / "amounts.tsv"
    args = ("quantify", reads, "--reference", reference, *DYES, *RATE_OPTIONS)
    result = run(*args, "-o", out)
    assert result.code == 0 and "4 of 12 groups of proteins found at q <= 0.01" in result.err
    assert "20,000 reads" in result.err and "cycles: 12, the symbols of" in result.err
    table = pd.read_csv(out, sep="\t", dtype={"q_value": float})
    expected = amounts.table
    assert table["group"].tolist() == expected["group"].tolist()
    assert table["low"].tolist() == pytest.approx(expected["low"].tolist(), rel=1e-5)
    assert table["description"].tolist()[0] == "protein p0"
    record = json.loads((tmp_path / "amounts.tsv.run.json").read_text())
    assert record["settings"]["reference"]["proteins"] == 13
    assert record["settings"]["reference"]["decoys"] == 12 * 84


def test_the_lowest_q_value_is_told_if_none_is_low(run, fasta, tmp_path):
    reference = fasta("p.fa", [("A", "MAGICKEEC"), ("B", "CLEYK")])
    reads = tmp_path / "r.tsv"
    reads.write_text("3\n2\n....1\t300\t1\n1.02\t100\t2\n")
    call = ("quantify", reads, "--reference", reference, "--dye-sequences", "--labels", "DE,C,Y")
    said = run(*call, "-o", tmp_path / "a.tsv", "--max-q", "0").err
    assert "0 of 2 groups of proteins found" in said and "the lowest q-value is" in said
    assert "--max-q 1 lists all groups with an estimate above 0" in said
    said = run(*call, "-o", tmp_path / "b.tsv", "--max-q", "1").err
    assert f"2 of 2 groups of proteins listed: {tmp_path / 'b.tsv'}\n" in said
    q_values = pd.read_csv(tmp_path / "b.tsv", sep="\t")["q_value"]
    found = (q_values <= 0.01).sum()
    assert f"{found} of these at q <= 0.01, lowest q-value {q_values.min():.2g}\n" in said
    assert "the lowest q-value" not in said


def test_channels_missing_error_rates_and_reads_of_no_protein_are_told(files, run, tmp_path):
    reads, reference = files
    end = ("--reference", reference, "--dye-sequences", "-o", tmp_path / "a.tsv")
    said = run("quantify", reads, "--labels", "DE,C,Y", *RATE_OPTIONS, *end).err
    assert "channels: 0 DE, 1 C, 2 Y\n" in said
    assert "no error rates" not in said and "come from none of the reference" not in said
    said = run("quantify", reads, "--readout", "CY[DE]", *end, "--force").err
    assert "channels: 0 C, 1 Y, 2 DE\n" in said
    assert "no error rates given: reads are taken as free of errors\n" in said
    assert "10 % of the reads come from none of the reference: check labels and their order" in said


def test_order_of_reads_and_threads_change_nothing(files, run, tmp_path, monkeypatch):
    monkeypatch.setattr("pepseq.quantification.estimation._FEW_PROBABILITIES", 0)
    reads, reference = files
    lines = reads.read_text().splitlines(keepends=True)
    rows = lines[2:]
    random.Random(2).shuffle(rows)
    (tmp_path / "shuffled.tsv").write_text("".join([*lines[:2], *rows]))
    args = ("--reference", reference, *DYES, *RATE_OPTIONS)
    contents = []
    for name, threads in (("reads.tsv", 1), ("shuffled.tsv", 3)):
        out = tmp_path / f"{threads}.tsv"
        given = ("quantify", tmp_path / name, "-o", out, *args, "--threads", threads)
        assert run(*given).code == 0
        contents.append(out.read_bytes())
    assert contents[0] == contents[1]


def test_a_table_may_be_parquet(files, run, tmp_path):
    pytest.importorskip("pyarrow")
    reads, reference = files
    args = ("quantify", reads, "--reference", reference, *DYES, *RATE_OPTIONS)
    assert run(*args, "-o", tmp_path / "a.parquet").code == 0
    assert tuple(pd.read_parquet(tmp_path / "a.parquet")) == QUANTIFY_COLUMNS
    assert "use" in run(*args, "-o", tmp_path / "a.csv").err


def test_spike_ins_give_copies(sample, files, run, fasta, tmp_path):
    proteins, reads, _ = sample
    table = quantify(reads, proteins, known={"p0": 500.0}).table.set_index("group")
    assert tuple(table)[-3:] == COPIES_COLUMNS
    assert table.loc["p0", "copies"] == pytest.approx(500)
    assert table.loc["p2", "copies"] == pytest.approx(100, rel=0.15)
    assert (table["copies_low"] < table["copies"]).all()
    # as a file: of a protein that the reference lacks
    path, _ = files
    reference = fasta("rest", [(n, s) for n, s in proteins.items() if n != "p0"])
    known = fasta("known", [("spike copies=500 added", proteins["p0"])])
    out = tmp_path / "k.tsv"
    args = ("quantify", path, "--reference", reference, *DYES, *RATE_OPTIONS, "-o", out)
    assert run(*args, "--known", known).code == 0
    from_file = pd.read_csv(out, sep="\t").set_index("group")
    assert from_file.loc["spike", "copies"] == pytest.approx(500, rel=1e-4)


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"x": 1}, "known:1: 'x' is not in the reference: add its FASTA to --reference, or give"),
        ({"p0": -1}, "known:1: copies of 'p0': expected a number of 0 or more, found '-1'"),
        ({"p7": 5}, "known: no read comes from a protein with known copies"),
        ([5], "known: expected a mapping of ids to copies or a DataFrame"),
    ],
)
def test_faulty_spike_ins(sample, known, message):
    with pytest.raises(InputError, match=message):
        quantify(sample[1], sample[0], known=known)


def test_one_read_of_a_reference_of_one_protein():
    amounts = quantify(["..1"], {"only": "MACK"})
    row = amounts.table.iloc[0]
    assert row["group"] == "only" and row["molar_fraction"] == 1
    assert row["expected_reads"] == pytest.approx(1, abs=0.5)


def test_a_hundred_million_reads_of_one_kind():
    amounts = quantify({"..1": 100_000_000}, {"only": "MACK", "other": "MGYK"})
    assert amounts.reads == 100_000_000 and amounts.table["group"].tolist()[0] == "only"
    assert amounts.table["expected_reads"][0] == pytest.approx(1e8, rel=0.05)


def test_the_largest_number_of_reads():
    proteins = {"a": "MACK", "b": "MACKYEDK", "c": "MGYK"}
    amounts = quantify({"..1": 10**15 - 3, "0": 2}, proteins)
    assert amounts.reads == 10**15 - 1 and amounts.table["low"].between(0, 1).all()


def test_proteins_without_labels_are_counted():
    amounts = quantify(["..1"] * 5, {"a": "MACK", "none": "GGGK"})
    assert amounts.groups == 1 and amounts.invisible == 1


def test_repeated_ids_of_a_reference():
    records = [Record(*fields) for fields in (("a", "", "MACK", 1), ("a", "", "MACK", 3))]
    records.append(Record("a", "", "MYK", 5))
    proteins = known_proteins(records, "reference")
    assert proteins.ids == ["a", "a#2"] and proteins.repeated == {"a"}
    records.append(Record("a#2", "", "MYYK", 7))
    assert known_proteins(records, "reference").ids == ["a", "a#3", "a#2"]


@pytest.mark.parametrize(
    "known", [">p0 copies=5\nMACKYK\n", ">p0 copies=5\nMACK\n>p0#2 copies=1\nMK\n"]
)
def test_spike_ins_with_the_id_of_another_protein(known, fasta, run, files, sample, tmp_path):
    (tmp_path / "known.fasta").write_text(known)
    reference = fasta("reference", list(sample[0].items()))
    args = ("quantify", files[0], "--reference", reference, *DYES, "-o", tmp_path / "out.tsv")
    done = run(*args, "--known", tmp_path / "known.fasta")
    assert done.code == 65
    assert "known.fasta:1: 'p0' is the id of several proteins with other residues" in done.err


def test_spike_ins_on_standard_input_are_refused(files, fasta, sample, run, tmp_path):
    reference = fasta("reference", list(sample[0].items()))
    args = ("quantify", files[0], "--reference", reference, *DYES, "-o", tmp_path / "out.tsv")
    done = run(*args, "--known", "-", stdin=b"protein\tcopies\np0\t5\n")
    assert done.code == 2 and done.err == "Error: known: expected a file, found - (stdin)\n"


def test_bad_reads_are_left_out_and_listed(files, run, tmp_path):
    reads, reference = files
    lines = reads.read_text().splitlines(keepends=True)
    lines[4] = lines[4].replace("\t", "\tx", 1)
    reads.write_text("".join(lines))
    args = ("quantify", reads, "--reference", reference, *DYES, *RATE_OPTIONS)
    out = tmp_path / "a.tsv"
    result = run(*args, "-o", out)
    assert result.code == 65 and "reads.tsv:5: '3': expected a whole number" in result.err
    assert out.exists() and (tmp_path / "a.tsv.failed.tsv").exists()
    assert run(*args, "-o", out, "--force", "--keep-going").code == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"dye_sequences": True, "scores": True},
            "dye_sequences, scores, probabilities, patterns: give one of them",
        ),
        ({"dye_sequences": True, "misread": 0.1}, "missed_label, misread: errors of whole"),
        ({"scores": True, "cycles": 5}, "cycles: give them for dye sequences only"),
    ],
)
def test_settings_that_do_not_fit_are_named(settings, message):
    with pytest.raises(SettingsError, match=message):
        pepseq.QuantifyConfig(**settings)


def test_a_reference_without_the_labels():
    with pytest.raises(SettingsError, match="no peptide of the reference has one of the labels"):
        quantify(["..1"], {"a": "GGGK"})
    with pytest.raises(InputError, match="channel 2: no peptide of the reference has the label Y"):
        quantify(["..1", "2"], {"a": "MACK"})


def test_reads_that_no_protein_gives(caplog):
    config = pepseq.QuantifyConfig(dye_sequences=True)
    amounts = pepseq.quantify_reads(["11"] * 50, {"a": "MACK"}, LABELS, config=config)
    assert tuple(amounts.table) == QUANTIFY_COLUMNS and amounts.table.empty
    assert amounts.from_background == pytest.approx(50)
    assert "no protein of the reference explains the reads" in caplog.text


def test_an_id_with_the_separator_of_groups():
    with pytest.raises(InputError, match="reference:1: 'a;b': expected an id without ;"):
        quantify(["..1"], {"a;b": "MACK"})


def test_reads_of_whole_peptides(run, fasta, tmp_path):
    config = pepseq.SimulateConfig(missed_label=0.05, misread=0.01)
    drawn = pepseq.simulate_reads(PROTEINS, LABELS, 3000, copies={"p0": 5, "p1": 1}, config=config)
    reads = fasta("reads", list(zip(drawn.reads["id"], drawn.reads["sequence"], strict=True)))
    reference, out = fasta("reference", list(PROTEINS.items())), tmp_path / "amounts.tsv"
    args = ("--labels", "DE,C,Y", "--missed-label", "0.05", "--misread", "0.01")
    assert run("quantify", reads, "--reference", reference, "-o", out, *args).code == 0
    table = pd.read_csv(out, sep="\t")
    assert table["proteins"].tolist() == ["p0", "p1"]
    assert table["molar_fraction"].tolist() == pytest.approx([5 / 6, 1 / 6], abs=0.03)
    config = pepseq.QuantifyConfig(missed_label=0.05, misread=0.01)
    in_memory = pepseq.quantify_reads(drawn.reads, PROTEINS, LABELS, config=config).table
    assert in_memory["low"].tolist() == pytest.approx(table["low"].tolist(), rel=1e-5)


@pytest.mark.parametrize(
    ("read", "message"),
    [
        ("XXXX", "reads:2: '2': expected a read with a label, found none"),
        ("XYXX", "reads:2: '2': no peptide of the reference has the label Y"),
        ("XWXX", "reads:2: '2': expected residues of the readout .*, found 'W' at residue 2"),
    ],
)
def test_faulty_reads_of_whole_peptides(read, message):
    with pytest.raises(InputError, match=message):
        pepseq.quantify_reads(["XXCX", read], {"a": "MACK"}, LABELS)
    with pytest.raises(SettingsError, match="errors: give them for dye sequences and scores only"):
        pepseq.quantify_reads(["XXCX"], {"a": "MACK"}, LABELS, errors=RATES)
