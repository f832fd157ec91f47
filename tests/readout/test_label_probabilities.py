"""Reads with probabilities of labels: what tables of them say, and every fault of such a table."""

import numpy as np
import pandas as pd
import pytest

from pepseq.errors import InputError
from pepseq.readout.label_probabilities import read_label_probabilities
from pepseq.readout.readout import Readout

READOUT = Readout("KC[DE]")  # symbols K, C, DE, none
ROWS = [
    ("a", 2, "C", 0.25),
    ("a", 2, "[DE]", 0.75),
    ("b", 1, "_", 1),
    ("a", 1, "K", 0.9),
    ("a", 1, "_", 0.1),
]


def frame(rows=ROWS):
    return pd.DataFrame(rows, columns=["read", "position", "label", "probability"])


@pytest.fixture
def write(tmp_path):
    def write(rows, suffix="tsv"):
        path = tmp_path / f"p.{suffix}"
        if suffix == "tsv":
            frame(rows).to_csv(path, sep="\t", index=False)
        else:
            frame(rows).to_parquet(path)
        return path

    return write


@pytest.mark.parametrize("suffix", [None, "tsv", "parquet"])
def test_reads_have_a_row_for_each_position(write, suffix):
    a, b = read_label_probabilities(frame() if suffix is None else write(ROWS, suffix), READOUT)
    assert (a.id, b.id) == ("a", "b") and len(a.variants) == 1
    assert a.variants[0].tolist() == [[0.9, 0, 0, 0.1], [0, 0.25, 0.75, 0]]
    assert b.variants[0].tolist() == [[0, 0, 0, 1]]


def test_rounded_probabilities_are_scaled_to_1():
    rows = [("a", 1, "K", 0.333), ("a", 1, "C", 0.333), ("a", 1, "_", 0.333)]
    (read,) = read_label_probabilities(frame(rows), READOUT)
    assert read.variants[0].sum() == pytest.approx(1)
    assert np.unique(read.variants[0][0, [0, 1, 3]]).tolist() == [pytest.approx(1 / 3)]


NO_ROW = "no row; if nothing is known of it, give all labels and _ the same probability"
SUM = "expected probabilities that sum to 1, found "


@pytest.mark.parametrize(
    ("row", "other", "message"),
    [
        (3, ("a", 1, "K", 0.5), f":5: read 'a', position 1: {SUM}a sum of 0.6"),
        (2, ("b", 2, "_", 1), f":4: read 'b', position 1: {SUM}{NO_ROW}"),
        (0, ("a", 4, "C", 1), f":3: read 'a', position 2: {SUM}a sum of 0.75"),
        (2, ("a", 4, "_", 1), f":2: read 'a', position 3: {SUM}{NO_ROW}"),
        (4, ("a", 1, "K", 0.1), ":6: read 'a' has the label K twice at position 1"),
        (4, ("a", 1, "_", 1.1), ":6: probability: expected a number from 0 to 1, found '1.1'"),
        (4, ("a", 1, "_", -0.1), ":6: probability: expected a number from 0 to 1, found '-0.1'"),
        (4, ("a", 1, "_", "NaN"), ":6: probability: expected a number from 0 to 1, found 'NaN'"),
        (4, ("a", 0, "_", 0.1), ":6: position: expected a number from 1, found 0"),
        (
            4,
            ("a", 1.5, "_", 0.1),
            ":6: position: expected a whole number from 0 to 50000, found '1.5'",
        ),
        (
            4,
            ("a", 1, "W", 0.1),
            ":6: label 'W': expected a label of the readout KC[DE], or _ for no label",
        ),
    ],
)
def test_faults_are_named_with_their_line(write, row, other, message):
    rows = [*ROWS[:row], other, *ROWS[row + 1 :]]
    path = write([tuple(map(str, cells)) for cells in rows])
    with pytest.raises(InputError) as error:
        read_label_probabilities(path, READOUT)
    assert str(error.value) == f"{path}{message}"


def test_a_missing_column_is_named(tmp_path):
    (tmp_path / "p.tsv").write_text("read\tposition\tprobability\na\t1\t1\n")
    with pytest.raises(InputError, match=r"p\.tsv:1: expected one column label in the header"):
        read_label_probabilities(tmp_path / "p.tsv", READOUT)
