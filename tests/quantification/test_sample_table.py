"""Amounts of several samples in one table."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from amounts import amounts

import pepseq
from pepseq.errors import InputError, SettingsError
from pepseq.quantification.amounts_table import COPIES_COLUMNS
from pepseq.quantification.sample_table import (
    GROUP_COLUMNS,
    MSSTATS_COLUMNS,
    NUMBER_COLUMNS,
    format_msstats,
)


@pytest.fixture
def samples():
    return {"a": amounts([0.7, 0.2, 0.1]), "b": amounts([0.4, 0.6], ("P1", "P2;P3"))}


def merge(samples, conditions=None, replicates=None, **settings):
    config = pepseq.MergeAmountsConfig(**{"max_q": 1, **settings})
    return pepseq.merge_amounts(
        samples, conditions=conditions, replicates=replicates, config=config
    )


def test_samples_are_columns(samples):
    table = merge(samples)
    assert list(table) == ["group", "proteins", "description", "a", "b"]
    assert table.proteins.to_list() == ["P1", "P2;P3", "P4"]  # in one order in all samples
    assert table.a.to_list() == [0.7, 0.2, 0.1]
    assert table.b.to_list()[:2] == [0.4, 0.6] and np.isnan(table.b[2])
    assert table.description.to_list() == ["one, the first", "", "rare"]


def test_another_value_may_be_in_the_columns(samples):
    assert merge(samples, value="expected_reads").a.to_list() == [700, 200, 100]
    with pytest.raises(InputError, match="sample a: expected one column mass_fraction, found none"):
        merge(samples, value="mass_fraction")
    with pytest.raises(InputError, match="found none; copies need quantify --known"):
        merge(samples, value="copies")
    with pytest.raises(SettingsError, match="value: expected one of molar_fraction, mass_fraction"):
        merge(samples, value="low")


def test_a_group_accepted_in_one_sample_keeps_the_values_of_all(samples):
    samples["b"] = amounts([0.5, 0.2, 0.3], q_values=(0.2, 0.001, 0.5))
    table = merge(samples, max_q=0.01)
    assert table.proteins.to_list() == ["P1", "P2;P3"] and table.b.to_list() == [0.5, 0.2]
    assert len(merge(samples, max_q=0.01, format="long")) == 4
    assert len(merge(samples, max_q=0.01, format="msstats")) == 4
    assert merge(samples, max_q=0.001).equals(table)  # the bound is included
    assert merge(samples, max_q=0.0001).proteins.to_list() == ["P1"]


def test_a_group_may_be_required_in_several_samples(samples):
    samples["b"] = amounts([0.5, 0.2, 0.3], q_values=(0.2, 0.001, 0.5))
    assert merge(samples, max_q=0.01, min_samples=2).proteins.to_list() == ["P2;P3"]
    with pytest.raises(SettingsError, match="at most 2, the number of samples, found 3"):
        merge(samples, min_samples=3)


def test_without_q_values_a_group_counts_if_its_amount_is_above_0():
    table = pd.DataFrame({"proteins": ["P1", "P2"], "molar_fraction": [1.0, 0.0]})
    assert merge({"a": table}).proteins.to_list() == ["P1"]


def test_the_long_form_has_a_row_for_each_sample_and_group(samples):
    table = merge(samples, format="long")
    assert list(table) == ["sample", *GROUP_COLUMNS, *NUMBER_COLUMNS]
    assert list(zip(table["sample"], table.group, table.molar_fraction, strict=True)) == [
        *(("a", "G1", 0.7), ("a", "G2", 0.2), ("a", "G3", 0.1), ("b", "G1", 0.4), ("b", "G2", 0.6))
    ]
    assert table.mass_fraction.isna().all() and table.q_value[2] == 0.5


def test_the_long_form_has_conditions_and_replicates_that_are_given(samples):
    table = merge(samples, {"a": "control", "b": "drug"}, {"a": 1, "b": 2}, format="long")
    assert list(table)[:4] == ["sample", "condition", "replicate", "group"]
    assert table.condition.to_list() == ["control"] * 3 + ["drug"] * 2
    assert table.replicate.to_list() == ["1"] * 3 + ["2"] * 2


def test_absolute_copies_are_kept(samples):
    samples["b"] = samples["b"].assign(copies=[40, 60], copies_low=[30, 50], copies_high=[50, 70])
    table = merge(samples, format="long")
    assert list(table)[-3:] == list(COPIES_COLUMNS)
    assert table.copies.isna().to_list() == [True] * 3 + [False] * 2
    only = merge({"b": samples["b"]}, value="copies", format="msstats")
    assert only.Intensity.to_list() == [40, 60]  # no fractions, so not scaled


def test_msstats_has_every_group_in_every_run(samples):
    labels = ({"a": "control", "b": "drug"}, {"a": "1", "b": "2"})
    table = merge(samples, *labels, format="msstats")
    assert list(table) == list(MSSTATS_COLUMNS)
    assert table.Run.to_list() == ["a"] * 3 + ["b"] * 3
    assert table.Condition.to_list() == ["control"] * 3 + ["drug"] * 3
    assert table.BioReplicate.to_list() == ["1"] * 3 + ["2"] * 3
    assert table.Intensity.to_list()[:2] == pytest.approx([7e8, 2e8])
    assert np.isnan(table.Intensity[5])  # b lacks P4


def test_intensities_below_1_are_missing():
    table = merge({"a": amounts([1e-8, 1e-10, 0])}, format="msstats")
    assert table.Intensity[0] == pytest.approx(10)
    assert table.Intensity[1:].isna().all()


def test_msstats_is_written_as_csv(samples):
    name = 'caf\udce9,"1"'
    for sample, others in (("a", ["P2;P3", "P4"]), ("b", ["P2;P3"])):
        samples[sample]["proteins"] = pd.Series([name, *others], dtype=object)
    content = format_msstats(merge(samples, format="msstats"))
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8", "surrogateescape"))))
    assert rows[0]["ProteinName"] == name and rows[0]["Intensity"] == "7e+08"
    assert rows[5]["Intensity"] == rows[0]["PrecursorCharge"] == "NA"


def test_groups_that_differ_between_samples_are_an_error(samples):
    samples["b"] = amounts([0.4, 0.3, 0.3], ("P1", "P2", "P3"))
    with pytest.raises(InputError, match="sample b: 'P2' is in the group 'P2', but in sample a"):
        merge(samples)


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
        merge(samples)


def test_names_of_samples_and_their_labels_are_checked(samples):
    for name, message in (("group", "a column of this name"), ("", "expected a name")):
        with pytest.raises(SettingsError, match=message):
            merge({name: samples["a"]})
    assert len(merge({"group": samples["a"]}, format="long")) == 3
    with pytest.raises(SettingsError, match="conditions: expected one for sample 'b', found none"):
        merge(samples, {"a": "control"})
    with pytest.raises(SettingsError, match="replicates: expected one for sample 'a', found none"):
        merge(samples, None, {"a": " ", "b": 1})
