"""Confusion matrices: what tables of them say, and every fault of such a table."""

import numpy as np
import pandas as pd
import pytest
from places import DATA

from pepseq.errors import InputError, SettingsError
from pepseq.readout.confusion import choose_confusion, read_confusion
from pepseq.readout.readout import Readout

KC = Readout("KC")
GOOD = "label\tK\tC\t_\nK\t0.8\t0.1\t0.1\nC\t0\t1\t0\n_\t0.01\t0.02\t0.97\n"


@pytest.fixture
def write(tmp_path):
    def write(text):
        (tmp_path / "c.tsv").write_text(text)
        return tmp_path / "c.tsv"

    return write


def test_rows_are_true_labels_and_columns_reported_ones(write):
    confusion = read_confusion(write(GOOD), KC)
    assert confusion.names == ("K", "C", "_")
    assert confusion.probabilities.tolist() == [[0.8, 0.1, 0.1], [0, 1, 0], [0.01, 0.02, 0.97]]
    assert confusion.misses_labels
    assert confusion.describe()["K"] == {"K": 0.8, "C": 0.1, "_": 0.1}


def test_the_order_of_rows_and_columns_makes_no_difference(write):
    shuffled = "\t_\tC\tK\nC\t0\t1\t0\n_\t0.97\t0.02\t0.01\nK\t0.1\t0.1\t0.8\n"
    assert np.array_equal(
        read_confusion(write(shuffled), KC).probabilities,
        read_confusion(write(GOOD), KC).probabilities,
    )


def test_without_a_row_and_column_of_no_label_none_is_missed_or_made_up(write):
    confusion = read_confusion(write("true,K,C\nK,0.9,0.1\nC,0.2,0.8\n"), KC)
    assert confusion.probabilities.tolist() == [[0.9, 0.1, 0], [0.2, 0.8, 0], [0, 0, 1]]
    assert not confusion.misses_labels


@pytest.mark.parametrize("group", ["DE", "[DE]", "[ED]", "de"])
def test_groups_may_be_in_brackets(write, group):
    table = write(f"label\t{group}\tC\n{group}\t0.9\t0.1\nC\t0.3\t0.7\n")
    confusion = read_confusion(table, Readout("[DE]C"))
    assert confusion.names == ("C", "DE", "_")
    assert confusion.probabilities[:2, :2].tolist() == [[0.7, 0.3], [0.1, 0.9]]


def test_rounded_rows_are_scaled_to_1(write):
    confusion = read_confusion(write("label\tK\tC\nK\t0.667\t0.332\nC\t0\t1\n"), KC)
    assert confusion.probabilities.sum(1) == pytest.approx(1)
    assert confusion.probabilities[0, 0] == pytest.approx(0.667 / 0.999)


def test_dataframes_have_labels_in_the_index_or_in_a_column(write):
    of_file = read_confusion(write(GOOD), KC).probabilities
    frame = pd.read_csv(write(GOOD), sep="\t")
    assert np.array_equal(read_confusion(frame, KC).probabilities, of_file)
    assert np.array_equal(read_confusion(frame.set_index("label"), KC).probabilities, of_file)


def test_a_matrix_in_parquet_is_found_by_its_content(write, tmp_path):
    pytest.importorskip("pyarrow")
    frame = pd.read_csv(write(GOOD), sep="\t")
    for number, table in enumerate((frame, frame.set_index("label"))):
        path = tmp_path / f"{number}.tsv"
        table.to_parquet(path)
        assert np.array_equal(
            read_confusion(path, KC).probabilities, read_confusion(frame, KC).probabilities
        )
    frame.loc[1, "K"] = 0.5
    frame.to_parquet(tmp_path / "c.parquet")
    with pytest.raises(InputError, match=r"c\.parquet: row 2: C: expected probabilities that sum"):
        read_confusion(tmp_path / "c.parquet", KC)


def test_the_example_is_read():
    confusion = read_confusion(DATA / "confusion_KCYM.tsv", Readout("KCYM"))
    shares = confusion.reported_shares
    assert shares["C"] == pytest.approx(
        0.0138 * 0.88 + 0.058 * 0.01 + 0.0292 * 0.02 + 0.0241 * 0.06 + 0.8749 * 0.001, rel=1e-3
    )


FAULTS = [
    ("K\t0.8\t0.1\t0.1", "K\t0.8\t0.1\t0.05", ":2: K: expected probabilities that sum to 1, "
     "found a sum of 0.95; rows are true labels, columns reported ones"),
    ("0.97", "0.9", ":4: _: expected probabilities that sum to 1, found a sum of 0.93; rows are "
     "true labels, columns reported ones"),
    ("C\t0\t1\t0", "C\t-0.1\t1\t0.1", ":3: K: expected a number from 0 to 1, found '-0.1'"),
    ("C\t0\t1\t0", "C\t0\t1.5\t0", ":3: C: expected a number from 0 to 1, found '1.5'"),
    ("C\t0\t1\t0", "C\tnan\t1\t0", ":3: K: expected a number from 0 to 1, found 'nan'"),
    ("C\t0\t1\t0", "C\tx\t1\t0", ":3: K: expected a number from 0 to 1, found 'x'"),
    ("C\t0\t1\t0", "C\t\t1\t0", ":3: K: expected a number from 0 to 1, found ''"),
    ("C\t0\t1\t0", "C\t0\t1", ":3: expected 4 cells as in the header, found 3: 'C 0 1'"),
    ("C\t0\t1\t0\n", "", ": expected a row for each label of the readout KC, found none for C"),
    ("C\t0\t1\t0", "K\t0\t1\t0", ":3: the row 'K' occurs twice"),
    ("label\tK\tC", "label\tK\tK", ":1: the column 'K' occurs twice"),
    ("label\tK\tC", "label\tK\tM", ":1: column 'M': expected a label of the readout KC, or _ for "
     "no label"),
    ("C\t0\t1\t0", "W\t0\t1\t0", ":3: row 'W': expected a label of the readout KC, or _ for no "
     "label"),
    (GOOD, "", ": expected a table with a row for each true label and a column for each reported "
     "one"),
    (GOOD, "label\tK\tC\n", ": expected a table with a row for each true label and a column for "
     "each reported one"),
    (GOOD, "label\tK\nK\t1\nC\t1\n", ": expected a column for each label of the readout KC, found "
     "none for C"),
    (GOOD, "label\tK\tC\nK\t1\t0\nC\t1\t0\n", ":1: column C: expected a probability above 0, found "
     "only 0"),
]  # fmt: skip


@pytest.mark.parametrize(("part", "other", "message"), FAULTS)
def test_faults_are_named_with_their_line(write, part, other, message):
    path = write(GOOD.replace(part, other))
    with pytest.raises(InputError) as error:
        read_confusion(path, KC)
    assert str(error.value) == f"{path}{message}"


def test_faults_of_dataframes_are_named_with_their_row():
    frame = pd.DataFrame({"K": [0.9, float("nan")], "C": [0.1, 0.8]}, index=["K", "C"])
    with pytest.raises(InputError, match=r"^confusion: row 2: K: expected a number from 0 to 1"):
        read_confusion(frame, KC)
    with pytest.raises(InputError, match="expected a DataFrame or a path, found list"):
        read_confusion([[1]], KC)


def test_a_matrix_and_error_rates_exclude_each_other(write):
    assert choose_confusion(None, KC, 0.1, 0.1) is None
    assert choose_confusion(write(GOOD), KC, 0, 0) is not None
    for rates in ((0.1, 0), (0, 0.1)):
        with pytest.raises(SettingsError, match="a confusion matrix or missed_label and misread"):
            choose_confusion(write(GOOD), KC, *rates)
