"""Amounts of several samples in one table."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from pepseq.errors import InputError, SettingsError
from pepseq.io.dataframes import format_frame
from pepseq.quantification.sample_table import (
    LONG_COLUMNS,
    MSSTATS_COLUMNS,
    format_msstats,
    long_sample_table,
    msstats_table,
    samples_as_columns,
)


def amounts(fractions, groups=("P1", "P3;P2", "P4")):
    """A table of quantify: q-values 0, 0.001 and 0.5."""
    frame = pd.DataFrame({"group": [f"G{n}" for n, _ in enumerate(groups, 1)]})
    frame["proteins"] = list(groups)
    frame["description"] = ["one, the first", "", "rare"][: len(groups)]
    frame["expected_reads"] = 1000 * np.array(fractions)
    frame["molar_fraction"] = fractions
    frame["q_value"] = [0, 0.001, 0.5][: len(groups)]
    return frame


@pytest.fixture
def samples():
    return {"a": amounts([0.7, 0.2, 0.1]), "b": amounts([0.4, 0.6], ("P1", "P2;P3"))}


def test_samples_are_columns(samples):
    table = samples_as_columns(samples)
    assert list(table) == ["group", "proteins", "description", "a", "b"]
    assert table.proteins.to_list() == ["P1", "P2;P3", "P4"]  # in one order in all samples
    assert table.a.to_list() == [0.7, 0.2, 0.1]
    assert table.b.to_list()[:2] == [0.4, 0.6] and np.isnan(table.b[2])
    assert table.description.to_list() == ["one, the first", "", "rare"]


def test_another_value_may_be_in_the_columns(samples):
    assert samples_as_columns(samples, "expected_reads").a.to_list() == [700, 200, 100]
    with pytest.raises(InputError, match="sample a: expected one column mass_fraction, found none"):
        samples_as_columns(samples, "mass_fraction")
    with pytest.raises(SettingsError, match="value: expected one of molar_fraction, mass_fraction"):
        samples_as_columns(samples, "low")


def test_groups_that_are_too_uncertain_in_all_samples_are_left_out(samples):
    assert samples_as_columns(samples, max_q=0.01).proteins.to_list() == ["P1", "P2;P3"]
    assert samples_as_columns(samples, max_q=0).b.to_list() == [0.4]


def test_the_long_form_has_a_row_for_each_sample_and_group(samples):
    table = long_sample_table(samples)
    assert list(table) == list(LONG_COLUMNS)
    assert list(zip(table["sample"], table.group, table.molar_fraction, strict=True)) == [
        *(("a", "G1", 0.7), ("a", "G2", 0.2), ("a", "G3", 0.1), ("b", "G1", 0.4), ("b", "G2", 0.6))
    ]
    assert table.mass_fraction.isna().all() and table.q_value[2] == 0.5
    assert len(long_sample_table(samples, max_q=0.01)) == 4


def test_msstats_has_every_group_in_every_run(samples):
    table = msstats_table(samples, {"a": "control", "b": "drug"}, {"a": "1", "b": "2"})
    assert list(table) == list(MSSTATS_COLUMNS)
    assert table.Run.to_list() == ["a"] * 3 + ["b"] * 3
    assert table.Condition.to_list() == ["control"] * 3 + ["drug"] * 3
    assert table.BioReplicate.to_list() == ["1"] * 3 + ["2"] * 3
    assert table.Intensity.to_list()[:2] == pytest.approx([7e8, 2e8])
    assert np.isnan(table.Intensity[5])  # b lacks P4


def test_intensities_below_1_are_missing():
    table = msstats_table({"a": amounts([1e-8, 1e-10, 0])})
    assert table.Intensity[0] == pytest.approx(10)
    assert table.Intensity[1:].isna().all()


def test_msstats_is_written_as_csv(samples):
    name = 'caf\udce9,"1"'
    for sample, others in (("a", ["P2;P3", "P4"]), ("b", ["P2;P3"])):
        samples[sample]["proteins"] = pd.Series([name, *others], dtype=object)
    content = format_msstats(msstats_table(samples))
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8", "surrogateescape"))))
    assert rows[0]["ProteinName"] == name and rows[0]["Intensity"] == "7e+08"
    assert rows[5]["Intensity"] == rows[0]["PrecursorCharge"] == "NA"


def test_samples_may_be_files(samples, tmp_path):
    paths = {name: tmp_path / f"{name}.tsv" for name in samples}
    for name, path in paths.items():
        path.write_bytes(format_frame(samples[name], path))
    pd.testing.assert_frame_equal(samples_as_columns(paths), samples_as_columns(samples))


def test_groups_that_differ_between_samples_are_an_error(samples):
    samples["b"] = amounts([0.4, 0.3, 0.3], ("P1", "P2", "P3"))
    with pytest.raises(InputError, match="sample b: 'P2' is in the group 'P2', but in sample a"):
        samples_as_columns(samples)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ({}, "samples: expected tables by the names of samples"),
        ([1], "samples: expected tables by the names of samples"),
        ({"a": 1}, "sample a: expected a DataFrame, found int"),
        ({"a": amounts([0.7, 0.2, -0.1])}, "sample a: row 3: expected_reads: expected a number"),
    ],
)
def test_faulty_samples_are_input_errors(samples, message):
    with pytest.raises(InputError, match=message):
        samples_as_columns(samples)


def test_names_of_samples_and_conditions_are_checked(samples):
    for name, message in (("group", "a column of this name"), ("", "expected a name")):
        with pytest.raises(SettingsError, match=message):
            samples_as_columns({name: samples["a"]})
    with pytest.raises(SettingsError, match="conditions: expected one for sample 'b', found none"):
        msstats_table(samples, {"a": "control"})
