"""Dye sequences of a sample, counted."""

import io

import numpy as np
import pandas as pd
import pytest

from pepseq.errors import InputError
from pepseq.fluorosequencing.dye_codes import dye_texts
from pepseq.quantification import dye_counts
from pepseq.quantification.dye_counts import DyeLimits, dye_counts_in_memory, read_dye_counts
from pepseq.readout.readout import Readout

LABELS = Readout.from_labels("DE,C,Y")


def limits(cycles=None, is_given=(True, True, True)):
    return DyeLimits(LABELS, np.array(is_given), cycles)


def read(tmp_path, rows, channels=3, stated=None, **settings):
    path = tmp_path / "reads.tsv"
    stated = len(rows) if stated is None else stated
    path.write_bytes(f"{channels}\n{stated}\n".encode() + b"".join(rows))
    bad = []
    return read_dye_counts(path, limits(**settings), bad), bad


def texts(counts):
    found = dye_texts(counts.codes, 3, counts.cycles).astype(str)
    return dict(zip(found.tolist(), counts.counts.tolist(), strict=True))


def test_equal_dye_sequences_are_counted_once(tmp_path):
    rows = [b"..1\t5\ta\n", b"0\t2\tb\r\n", b"\n", b"..1.\t1\tc d\n", b"..1\t1\t\xc3\xa9\n"]
    counts, bad = read(tmp_path, rows, stated=4)
    assert texts(counts) == {"..1": 6, "0": 2} and counts.cycles == 3
    assert [(r.line, r.reason) for r in bad] == [(6, "expected an id without spaces, found 'c d'")]


def test_blocks_and_their_order_change_nothing(tmp_path, monkeypatch):
    rows = [b"%b%d\t%d\t%d\n" % (b"." * (n % 9), n % 3, n + 1, n) for n in range(200)]
    whole, _ = read(tmp_path, rows)
    monkeypatch.setattr(dye_counts, "_BLOCK_BYTES", 64)
    for order in (rows, rows[::-1]):
        parts, _ = read(tmp_path, order)
        assert texts(parts) == texts(whole) and parts.cycles == whole.cycles == 9


def test_a_hundred_million_reads_of_one_kind(tmp_path):
    counts, _ = read(tmp_path, [b"0\t100000000\t1\n", b"0\t900000000000\t2\n"])
    assert texts(counts) == {"0": 900_100_000_000}
    with pytest.raises(InputError, match=r"reads.tsv:4: the counts add up to more than 1,000,"):
        read(tmp_path, [b"0\t999999999999999\t1\n", b"1\t2\t2\n"])


@pytest.mark.parametrize(
    ("row", "settings", "reason"),
    [
        (b"0.1\t1.5\ta\n", {}, "expected a whole number of 1 or more as the count, found '1.5'"),
        (
            b"0.1\t1000000000000000000\ta\n",
            {},
            "expected a whole number from 1 to 1,000,000,000,000,000 as the count, found '1000",
        ),
        (b"0.1\t1000000000000001\ta\n", {}, "expected a whole number from 1 to 1,000,000,000"),
        (b"0.1\t-1\ta\n", {}, "expected a whole number of 1 or more as the count, found '-1'"),
        (b"0.1\t1\n", {}, "expected a dye sequence, a count and an id"),
        (b"0.3\t1\ta\n", {}, "expected one of .012, found '3' at residue 3"),
        (b"...\t1\ta\n", {}, "expected a dye sequence with a label, found none"),
        (b"0.1\t1\ta\n", {"cycles": 2}, "3 symbols are more than the 2 cycles"),
        (b"." * 31 + b"1\t1\ta\n", {}, "32 symbols are more than the 31 that codes of 3 labels"),
        (
            b"0.1\t1\ta\n",
            {"is_given": (True, False, True)},
            "channel 1: no peptide of the reference has the label C",
        ),
    ],
)
def test_lines_that_cannot_be_used_are_listed(tmp_path, row, settings, reason):
    counts, bad = read(tmp_path, [b"0\t3\tb\n", row], **settings)
    assert texts(counts) == {"0": 3}
    assert [r.line for r in bad] == [4] and bad[0].reason.startswith(reason)


@pytest.mark.parametrize(
    ("rows", "more", "message"),
    [
        ([], {}, "reads.tsv:2: expected dye sequences, found none"),
        ([b"0\t1\ta\n"], {"stated": 2}, "reads.tsv:3: expected 2 dye sequences as line 2 says"),
        ([b"0\t1\ta\n"] * 2, {"stated": 1}, "reads.tsv:4: expected 1 dye sequences as line 2"),
        ([b"0\t1\ta\n"], {"channels": 4}, "reads.tsv:1: expected 3 channels .labels DE,C,Y."),
        ([b"0\t0\ta\n"], {}, "reads.tsv:3: 'a': expected a whole number of 1 or more"),
    ],
)
def test_files_that_cannot_be_used_are_input_errors(tmp_path, rows, more, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, rows, **more)


@pytest.mark.parametrize(
    "reads",
    [
        ["..1", "0", "..1."],
        {"..1": 2, "0": np.int64(1)},
        pd.DataFrame({"sequence": ["..1", "0"], "count": [2.0, 1.0]}),
        pd.DataFrame({"sequence": ["..1", "0", "..1"]}),
    ],
)
def test_reads_in_memory(reads):
    assert texts(dye_counts_in_memory(reads, limits(), [])) == {"..1": 2, "0": 1}


@pytest.mark.parametrize(
    ("reads", "message"),
    [
        ([], "reads: expected reads, found none"),
        ("..1", "reads: expected several sequences"),
        ([3], "reads:1: expected a dye sequence, found '3'"),
        (["0\t1"], "reads:1: expected a dye sequence"),
        ({"0": 1.5}, "reads:1: '1': expected a whole number"),
        (pd.DataFrame({"id": ["a"]}), "reads: the DataFrame has no column sequence"),
    ],
)
def test_faulty_reads_in_memory(reads, message):
    with pytest.raises(InputError, match=message):
        dye_counts_in_memory(reads, limits(), [])


def test_reads_may_come_from_standard_input(monkeypatch):
    content = io.BytesIO(b"3\n1\n0\t1\ta\n")
    found = list(dye_counts._blocks("-", content))
    assert found == [b"3\n1\n0\t1\ta\n"]
