"""Files of soft reads: what can be read, and faults, which all commands tell in the same words."""

import gzip
import os
import threading

import pandas as pd
import pytest
from places import DATA

PROTEINS = ">a\nMAGICKLLWYCHAINMKVLCYK\n>b\nMKYLCQWERTYIPASDFGHKLR\n"
READS = ">r\nMXXXCKXXXYCXXXXMKXXCYK\n"
HEADER = "read\tposition\tlabel\tprobability\n"
SOFT = HEADER + "r\t1\tM\t0.9\nr\t1\tK\t0.1\nr\t2\t_\t1\nr\t3\tC\t0.5\nr\t3\tY\t0.5\n"
PATTERNS = "id\tpattern\na\tM-x(3)-C-K\n"
MATRIX = (DATA / "confusion_KCYM.tsv").read_text()
GOOD = {"probabilities": SOFT, "patterns": PATTERNS, "confusion": MATRIX}
COMMANDS = {
    "probabilities": ("lookup", "quantify", "predict"),
    "patterns": ("lookup", "quantify"),
    "confusion": ("lookup", "quantify", "predict"),
}
CASES = [(kind, command) for kind, commands in COMMANDS.items() for command in commands]


@pytest.fixture
def call(tmp_path, monkeypatch, run):
    """Call a command with a file of one kind; returns what `run` does."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.fasta").write_text(PROTEINS)
    (tmp_path / "reads.fasta").write_text(READS)

    def call(command, kind, path, output="out.tsv", stdin=b""):
        reads = ["reads.fasta"] if kind == "confusion" else [path]
        given = ["--confusion", path] if kind == "confusion" else [f"--{kind}"]
        kinds = ["--min-length", "1"] if command == "quantify" else ["--kind", "prefix"]
        mode = ["--mode", "templates"] if command == "predict" else []
        more = ["-o", output, "--reference", "p.fasta", "--readout", "KCYM", "--threads", "1"]
        return run(command, *reads, *given, *kinds, *mode, *more, stdin=stdin)

    return call


def fill(pipe, content):
    """Write to a named pipe from a thread."""
    os.mkfifo(pipe)
    thread = threading.Thread(target=pipe.write_bytes, args=(content,))
    thread.start()
    return thread


@pytest.mark.parametrize(("kind", "command"), CASES)
def test_streams_give_what_a_file_gives(call, tmp_path, kind, command):
    content = GOOD[kind].encode()
    (tmp_path / "given.tsv").write_bytes(content)
    assert call(command, kind, "given.tsv", "of_file.tsv").code == 0
    expected = (tmp_path / "of_file.tsv").read_bytes()
    for name, path in (("dash", "-"), ("dev", "/dev/stdin")):
        assert call(command, kind, path, f"{name}.tsv", stdin=content).code == 0
        assert (tmp_path / f"{name}.tsv").read_bytes() == expected
    thread = fill(tmp_path / "pipe", gzip.compress(content))
    assert call(command, kind, "pipe", "of_pipe.tsv").code == 0
    thread.join()
    assert (tmp_path / "of_pipe.tsv").read_bytes() == expected


@pytest.mark.parametrize("kind", GOOD)
def test_format_encoding_and_order_of_columns_make_no_difference(call, tmp_path, kind):
    pytest.importorskip("pyarrow")
    text = GOOD[kind]
    rows = [line.split("\t") for line in text.splitlines()]
    order = (
        [0, *range(len(rows[0]) - 1, 0, -1)] if kind == "confusion" else range(len(rows[0]))[::-1]
    )
    pd.DataFrame(rows[1:], columns=rows[0]).to_parquet(tmp_path / "parquet.tsv")
    (tmp_path / "parquet.parquet.gz").write_bytes(
        gzip.compress((tmp_path / "parquet.tsv").read_bytes())
    )
    files = {
        "text.parquet": text.encode(),
        "mark.tsv": b"\xef\xbb\xbf" + text.encode(),
        "utf16.tsv": text.encode("utf-16"),
        "crlf.tsv": text.replace("\n", "\r\n").encode(),
        "comma.csv": text.replace("\t", ",").encode(),
        "order.tsv": "".join("\t".join(row[n] for n in order) + "\n" for row in rows).encode(),
        "text.tsv.gz": gzip.compress(text.encode()),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "given.tsv").write_text(text)
    assert call("lookup", kind, "given.tsv", "expected.tsv").code == 0
    for name in (*files, "parquet.tsv", "parquet.parquet.gz"):
        done = call("lookup", kind, name, f"{name}.out.tsv")
        assert done.code == 0, (name, done.err)
        expected = (tmp_path / "expected.tsv").read_text()
        assert (tmp_path / f"{name}.out.tsv").read_text() == expected, name


SUM = "expected probabilities that sum to 1, found"
NUMBER = "expected a number from 0 to 1, found"
COLUMN = "expected one column"
NEEDS = "; --probabilities needs the columns read, position, label, probability"
FAULTS = {
    "probabilities": [
        ("", "", f"f:1: {COLUMN} read in the header of the table, found ''{NEEDS}"),
        (SOFT, HEADER, "f: expected rows below the header, found none"),
        ("label", "name", f"f:1: {COLUMN} label in the header of the table, found "
         f"'read position name probability'{NEEDS}"),
        ("position", "label", f"f:1: {COLUMN} position in the header of the table, found "
         f"'read label label probability'{NEEDS}"),
        ("M\t0.9", "M\t1.9", f"f:2: probability: {NUMBER} '1.9'"),
        ("M\t0.9", "M\t-0.9", f"f:2: probability: {NUMBER} '-0.9'"),
        ("M\t0.9", "M\tnan", f"f:2: probability: {NUMBER} 'nan'"),
        ("M\t0.9", "M\t0.8", f"f:2: read 'r', position 1: {SUM} a sum of 0.9"),
        ("r\t2\t_\t1\n", "", f"f:2: read 'r', position 2: {SUM} no row; if nothing is known of "
         "it, give all labels and _ the same probability"),
        ("\tY\t", "\tC\t", "f:6: read 'r' has the label C twice at position 3"),
        ("\tY\t", "\tW\t", "f:6: label 'W': expected a label of the readout KCYM, or _ for no "
         "label"),
        ("\t2\t", "\t0\t", "f:4: position: expected a number from 1, found 0"),
    ],
    "patterns": [
        ("", "", f"f:1: {COLUMN} id in the header of the table, found ''; --patterns needs the "
         "columns id, pattern"),
        ("a\tM-x(3)-C-K\n", "", "f: expected rows below the header, found none"),
        ("-C", "C", "f:2: 'a': pattern 'M-x(3)C-K': expected elements such as K, x(2), x(2,4), "
         "[DE] or {P} with - between them, found 'x(3)C'"),
        ("-C", "-W", "f:2: 'a': pattern 'M-x(3)-W-K': 'W' in W is no label of the readout KCYM"),
        ("M-x(3)-C-K", "x(4)", "f:2: 'a': pattern 'x(4)': expected a label, found only gaps"),
        (PATTERNS, "id,pattern\na,x(3,4)-C\n", "f:2: expected 2 cells as in the header, found 3: "
         "'a x(3 4)-C'; put quotes around a cell with a separator in it"),
    ],
    "confusion": [
        ("", "", "f: expected a table with a row for each true label and a column for each "
         "reported one"),
        ("0.90", "0.8", f"f:2: K: {SUM} a sum of 0.9; rows are true labels, columns reported ones"),
        ("0.90", "1.9", f"f:2: K: {NUMBER} '1.9'"),
        ("0.90", "nan", f"f:2: K: {NUMBER} 'nan'"),
        ("\nC\t", "\nW\t", "f:3: row 'W': expected a label of the readout KCYM, or _ for no label"),
        ("\nC\t", "\nK\t", "f:3: the row 'K' occurs twice"),
        ("\nC\t", "\n_\t", "f:6: the row '_' occurs twice"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "part", "other", "message"),
    [(kind, *fault) for kind, faults in FAULTS.items() for fault in faults],
)
def test_a_fault_is_told_in_one_line_by_all_commands(call, tmp_path, kind, part, other, message):
    (tmp_path / "f").write_text(GOOD[kind].replace(part, other, 1) if part else "")
    for command in COMMANDS[kind]:
        done = call(command, kind, "f")
        assert (done.code, done.err.splitlines()[-1]) == (65, f"Error: {message}"), command
    assert not list(tmp_path.glob("out*"))


def test_a_label_that_a_matrix_lacks_is_named_by_all_commands(call, tmp_path):
    without = "".join(line for line in MATRIX.splitlines(True) if not line.startswith("C"))
    (tmp_path / "f").write_text(without)
    for command in COMMANDS["confusion"]:
        done = call(command, "confusion", "f")
        message = "f: expected a row for each label of the readout KCYM, found none for C"
        assert (done.code, done.err) == (65, f"Error: {message}\n"), command


@pytest.mark.parametrize("kind", GOOD)
def test_a_folder_is_refused_in_all_commands(call, tmp_path, kind):
    (tmp_path / "folder").mkdir()
    for command in COMMANDS[kind]:
        done = call(command, kind, "folder")
        assert (done.code, done.err) == (65, "Error: folder: expected a file, found a folder\n")
