"""The command that joins the amounts of several samples, its sample sheets and its outputs."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest
from amounts import amounts

import pepseq
from pepseq.errors import InputError
from pepseq.io.dataframes import format_frame, read_parquet


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the tables day1.tsv.gz and day2.tsv, and day1.tsv in the folder old."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").mkdir()
    tables = {"day1.tsv": [0.7, 0.2, 0.1], "day2.tsv": [0.4, 0.6], "old/day1.tsv": [0.9, 0.1]}
    for name, fractions in tables.items():
        groups = ("P1", "P3;P2", "P4")[: len(fractions)]
        (tmp_path / name).write_bytes(format_frame(amounts(fractions, groups), name))
    return tmp_path


@pytest.fixture
def sheet(folder):
    def sheet(*rows, columns="sample condition replicate"):
        lines = [columns, *rows]
        (folder / "sheet.tsv").write_text("".join("\t".join(x.split()) + "\n" for x in lines))
        return "sheet.tsv"

    return sheet


def test_samples_have_the_names_of_files(folder, run):
    done = run("merge-amounts", "day1.tsv", "day2.tsv", "-o", "out.tsv")
    assert done.code == 0 and (folder / "out.tsv").read_text().splitlines() == [
        "group\tproteins\tdescription\tday1\tday2",
        "G1\tP1\tone, the first\t0.7\t0.4",
        "G2\tP2;P3\t\t0.2\t0.6",
    ]
    assert done.err == (
        "2 groups of 2 samples: out.tsv\ngroups left out: 1 (q <= 0.01 in no sample)\n"
    )
    record = json.loads((folder / "out.tsv.run.json").read_text())
    assert record["command"] == "merge-amounts" and record["settings"]["max_q"] == 0.01
    assert record["settings"]["samples"] == {"day1": "day1.tsv", "day2": "day2.tsv"}
    assert [one["path"] for one in record["inputs"]] == ["day1.tsv", "day2.tsv"]
    assert run("merge-amounts", "day1.tsv", "-o", "out.tsv").code == 74
    assert run("merge-amounts", "day1.tsv", "-o", "out.tsv", "--force").code == 0


def test_missing_values_are_counted_and_explained(folder, run):
    for table in ("day1.tsv", "day2.tsv"):
        rows = (folder / table).read_text().splitlines(keepends=True)
        (folder / table).write_text("".join(row for row in rows if "0.5" not in row))
    (folder / "day2.tsv").write_text("".join(rows[:2]))
    told = "values missing: 1 of 4 (the sample's table lacks the group"
    hint = "; tables of quantify --max-q 1 have all groups with an estimate above 0)"
    call = ("merge-amounts", "day1.tsv", "day2.tsv", "-o", "-")
    assert run(*call).err.splitlines()[-1] == told + hint
    (folder / "day2.tsv").write_text("".join([rows[0], rows[1].replace("\t0\n", "\t0.5\n")]))
    assert run(*call).err.splitlines()[-1] == (  # a table with other groups too
        f"{told}; in a table of quantify --max-q 1 its estimate is 0)"
    )


def test_outputs_are_of_the_format_that_their_suffix_names(folder, run):
    pytest.importorskip("pyarrow")
    call = ("merge-amounts", "day1.tsv", "day2.tsv", "--max-q", 1)
    for name in ("out.tsv", "out.tsv.gz", "out.parquet"):
        assert run(*call, "-o", name).code == 0
    text = pd.read_csv("out.tsv", sep="\t")
    assert pd.read_csv("out.tsv.gz", sep="\t").equals(text)
    assert read_parquet("out.parquet").day1.to_list() == text.day1.to_list() == [0.7, 0.2, 0.1]
    assert run("merge-amounts", "out.parquet", "-o", "no.tsv").code == 65
    assert run(*call, "-o", "out.csv.gz", "--format", "msstats").code == 0
    csv = pd.read_csv("out.csv.gz")
    assert csv.Intensity.to_list()[:5] == [7e8, 2e8, 1e8, 4e8, 6e8] and csv.Intensity.isna()[5]
    assert run("merge-amounts", "day1.tsv", "-o", "-", "--format", "long").out.startswith(
        "sample\t"
    )


def test_a_sheet_gives_order_conditions_and_replicates(sheet, run):
    rows = ("day2 drug r2", "day1 control r1")
    call = ("merge-amounts", "day1.tsv", "day2.tsv", "-o", "-", "--format")
    done = run(*call, "msstats", "--samples", sheet(*rows))
    assert done.out.splitlines()[1] == "P1,G1,NA,NA,NA,L,drug,r2,day2,4e+08"
    done = run(*call, "long", "--samples", sheet(*rows, columns="condition sample ignored"))
    assert done.code == 65 and "expected a row with the sample 'day1' (of day1.tsv)" in done.err
    done = run(*call, "columns", "--samples", sheet("day2 x", "day1 y", columns="sample reads"))
    assert done.out.splitlines()[0] == "group\tproteins\tdescription\tday2\tday1"


def test_a_sheet_may_name_the_tables(folder, sheet, run, monkeypatch):
    path = folder / sheet("now day1.tsv", "then old/day1.tsv", columns="sample table")
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")  # tables are found from the sheet
    done = run("merge-amounts", "--samples", path, "-o", "-")
    assert [line.split("\t")[3:] for line in done.out.splitlines()] == [
        *(["now", "then"], ["0.7", "0.9"], ["0.2", "0.1"])
    ]


def test_samples_without_a_table_are_named(sheet, run):
    rows = ("day1 x 1", "day3 x 3")
    done = run("merge-amounts", "day1.tsv", "-o", "-", "--samples", sheet(*rows))
    assert done.code == 0
    assert done.err.startswith("sheet.tsv: samples without a table, left out: day3\n")


@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        ("name table", ["a day1.tsv"], "sheet.tsv:1: expected one column sample"),
        ("sample table", [], "expected rows below the header, found none"),
        ("sample table", ["a day1.tsv", "a day2.tsv"], "sheet.tsv:3: sample 'a' occurs twice"),
        ("sample table", ["a day1.tsv", "b ./day1.tsv"], "sheet.tsv:3: table .* occurs twice"),
        ("sample table", ["a none.tsv"], "none.tsv: no such file"),
        ("sample table", ["a -"], "sheet.tsv:2: table: expected a file, found - .stdin."),
    ],
)
def test_faulty_sheets_are_input_errors_of_one_line(sheet, columns, rows, message):
    path = sheet(*rows, columns=columns)
    with pytest.raises(InputError, match=message):
        pepseq.merge_amount_tables([], "out.tsv", samples=path)


def test_an_empty_cell_of_a_sheet_is_named(folder, run):
    (folder / "sheet.tsv").write_text("sample\tcondition\nday1\t\n")
    done = run("merge-amounts", "day1.tsv", "-o", "-", "--samples", "sheet.tsv")
    assert done.code == 65 and done.err == "Error: sheet.tsv:2: the cell of condition is empty\n"


def test_a_sheet_on_standard_input_is_refused(folder, run):
    done = run("merge-amounts", "day1.tsv", "-o", "-", "--samples", "-", stdin=b"sample\nday1\n")
    assert done.code == 2 and done.err == "Error: samples: expected a file, found - (stdin)\n"


def test_names_of_samples_may_have_any_bytes(folder, run):
    os.rename("day1.tsv", b"d\xe9.tsv")
    assert run("merge-amounts", "d\udce9.tsv", "-o", "out.tsv").code == 0
    header = (folder / "out.tsv").read_bytes().split(b"\n")[0]
    assert header.split(b"\t")[-1] == b"d\xe9"


def test_two_samples_of_one_name_are_refused(folder, run):
    done = run("merge-amounts", "day1.tsv", "old/day1.tsv", "-o", "out.tsv")
    assert done.code == 65 and len(done.err.splitlines()) == 1
    assert done.err.startswith("Error: day1.tsv and old/day1.tsv: both are sample 'day1'; name the")
    assert not (folder / "out.tsv").exists()


def test_results_of_quantify_reads_and_paths_are_samples(folder):
    proteins = {"p": "MAGICK", "q": "MKYLCK"}
    reads = {"....0": 5, "1.0": 5}
    config = pepseq.QuantifyConfig(dye_sequences=True, cycles=5, max_q=1, threads=1)
    labels = pepseq.Readout.from_labels("C,Y")
    done = pepseq.quantify_reads(reads, proteins, labels, config=config)
    assert len(done.table)
    merged = pepseq.MergeAmountsConfig(max_q=1)
    for one in (done, done.table):
        table = pepseq.merge_amounts({"a": one, "b": folder / "day1.tsv"}, config=merged)
        assert list(table)[3:] == ["a", "b"] and len(table) == len(done.table) + 3


RECORDED = {
    "readout": "CY[DE]",
    "labels": "DE,C,Y",
    "dye_sequences": True,
    "cycles": 15,
    "max_q": 1.0,
    "digestion": {"protease": {"name": "trypsin", "rule": "[KR]|{P}"}, "missed_cleavages": 0},
    "errors": {"detach": 0.015, "dud": [0.02, 0.02, 0.02]},
    "reference": {"files": [{"path": "db/ecoli.fasta", "bytes": 9, "sha256": "edf0b7ea70f12f45"}]},
}
OTHER_FILE = {"files": [{"path": "yeast.fasta", "bytes": 9, "sha256": "0123456789abcdef"}]}


@pytest.fixture
def recorded(folder):
    """Write run records of quantify beside day1.tsv and, with other settings, day2.tsv."""

    def recorded(**other):
        for name, settings in (("day1", RECORDED), ("day2", RECORDED | other)):
            record = {"command": "quantify", "settings": settings}
            (folder / f"{name}.tsv.run.json").write_text(json.dumps(record))

    return recorded


@pytest.mark.parametrize(
    ("other", "differing"),
    [
        ({"labels": "C,DE,Y"}, "labels C,DE,Y, not DE,C,Y"),
        ({"cycles": None}, "cycles none, not 15"),
        (
            {"digestion": RECORDED["digestion"] | {"missed_cleavages": 2}, "cycles": 14},
            "digestion missed cleavages 2, not 0; cycles 14, not 15",
        ),
        ({"dye_sequences": False, "scores": True}, "reads scores, not dye sequences"),
        ({"dye_sequences": False}, "reads whole peptides, not dye sequences"),
        (
            {"reference": OTHER_FILE},
            "reference yeast.fasta (SHA-256 0123456789ab), not ecoli.fasta (SHA-256 edf0b7ea70f1)",
        ),
    ],
)
def test_tables_of_other_settings_are_refused(folder, run, recorded, other, differing):
    recorded(**other)
    done = run("merge-amounts", "day1.tsv", "day2.tsv", "-o", "out.tsv")
    assert done.code == 65 and not (folder / "out.tsv").exists()
    assert done.err == (
        "Error: day2.tsv: quantified with other settings than day1.tsv (run records): "
        f"{differing}; run quantify on all samples with the same reference and settings\n"
    )
    paths = {"a": folder / "day1.tsv", "b": "day2.tsv"}
    with pytest.raises(InputError, match="quantified with other settings"):
        pepseq.merge_amounts(paths)
    frames = {name: pd.read_csv(path, sep="\t") for name, path in paths.items()}
    assert len(pepseq.merge_amounts(frames)) == 2


def test_other_error_rates_are_a_warning(folder, run, recorded):
    recorded(max_q=0.01, errors={"detach": 0.2, "dud": [0.02, 0.02, 0.02]})
    done = run("merge-amounts", "day1.tsv", "day2.tsv", "-o", "out.tsv")
    assert done.code == 0 and done.err.splitlines()[0] == (
        "day2.tsv: quantified with other settings than day1.tsv (run records): "
        "errors detach 0.2, not 0.015; max q 0.01, not 1.0"
    )


def test_tables_are_joined_whose_settings_are_equal_or_unknown(folder, run, recorded):
    recorded(threads=7, reference=RECORDED["reference"] | {"proteins": 3})
    call = ("merge-amounts", "day1.tsv", "day2.tsv", "-o", "-")
    done = run(*call)
    assert done.code == 0 and "settings" not in done.err
    recorded(labels="C,DE,Y", dye_sequences=False)
    (folder / "day1.tsv.run.json").unlink()
    assert run(*call).code == 0
    for content in ("{", "[]", '{"command": "quantify", "settings": []}'):
        (folder / "day1.tsv.run.json").write_text(content)
        assert run(*call).code == 0


def test_the_order_of_labels_is_free_where_reads_name_them(run, recorded):
    for labels, code in (("DE,C,Y", 0), ("C,DE,Y", 65)):
        recorded(labels=labels)
        assert run("merge-amounts", "day1.tsv", "day2.tsv", "-o", "-").code == code
    for name, labels in (("day1", "DE,C,Y"), ("day2", "C,DE,Y")):
        settings = RECORDED | {"dye_sequences": False, "labels": labels}
        record = json.dumps({"command": "quantify", "settings": settings})
        Path(f"{name}.tsv.run.json").write_text(record)
    assert run("merge-amounts", "day1.tsv", "day2.tsv", "-o", "-").code == 0


def test_lists_of_failed_records_are_left_out(folder, run, sheet):
    (folder / "day1.tsv.failed.tsv").write_text("file\tline\tid\treason\n")
    tables = sorted(path.name for path in folder.glob("*.tsv"))
    assert len(tables) == 3
    path = sheet("day1 x 1", "day2 y 1")
    done = run("merge-amounts", *tables, "-o", "-", "--samples", path)
    assert done.code == 0 and done.out.splitlines()[0].split("\t")[3:] == ["day1", "day2"]
    assert done.err.splitlines()[0] == "lists of failed records, left out: day1.tsv.failed.tsv"
    done = run("merge-amounts", "day1.tsv.failed.tsv", "-o", "-")
    assert done.code == 65 and "expected one column proteins" in done.err
