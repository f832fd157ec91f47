"""Figures of amounts."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import pepseq
from pepseq.evaluation.figure_style import figure_bytes
from pepseq.evaluation.quantity_figures import draw_error_by_reads, draw_scatter

TRUE = {"P1": 0.9, "P2": 0.09, "P3": 0.009, "P4": 0.001}


@pytest.fixture
def evaluation():
    """P1 and P2 are found, P3 is not, P4 has no estimate, X1 and X2 are false."""
    truth = pd.DataFrame({"protein": list(TRUE), "molar_fraction": list(TRUE.values())})
    truth["reads"] = [9000, 900, 90, 10]
    table = pd.DataFrame({"proteins": ["P1", "P2", "P3", "X1", "X2"]})
    table["molar_fraction"] = [0.8, 0.1, 1e-9, 0.05, 1e-12]
    table["low"], table["high"] = table.molar_fraction / 2, table.molar_fraction * 1.2
    table["q_value"] = [0, 0, 0.5, 0, 0]
    return pepseq.evaluate_quantities(truth, table)


def test_fractions_near_the_smallest_float_are_drawn():
    truth = pd.DataFrame({"protein": ["a", "b"], "molar_fraction": [1e-320, 1.0], "reads": [5, 9]})
    table = pd.DataFrame({"proteins": ["a", "b"], "molar_fraction": [1e-320, 0.5]})
    for draw in (draw_scatter, draw_error_by_reads):
        assert figure_bytes("svg", draw, pepseq.evaluate_quantities(truth, table))


def marks(axes):
    return {
        line.get_label(): np.array(line.get_xydata())
        for line in axes.lines
        if line.get_marker() != "None"
    }


def test_the_scatter_marks_groups_on_logarithmic_axes(evaluation):
    figure = Figure()
    draw_scatter(figure, evaluation)
    (axes,) = figure.axes
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert axes.get_xlim() == axes.get_ylim() == pytest.approx((1e-5, 1))
    drawn = marks(axes)
    assert drawn["Found (2)"].tolist() == [[0.9, 0.8], [0.09, 0.1]]
    assert drawn["False (2)"].tolist() == [[0, 0.05], [0, pytest.approx(1e-5)]]  # on the axis
    assert drawn["Of all present, lower or none (2)"][:, 0].tolist() == [0.009, 0.001]
    (intervals,) = axes.collections  # of the found groups only
    assert [ends[0, 0] for ends in intervals.get_segments()] == [0.9, 0.09]


def test_errors_are_drawn_by_reads_within_the_axis(evaluation):
    figure = Figure()
    draw_error_by_reads(figure, evaluation)
    (axes,) = figure.axes
    drawn = marks(axes)
    assert drawn["Found (2)"][:, 0].tolist() == [9000, 900]
    (edge,) = [line for line in axes.lines if line.get_marker() == "v"]
    assert edge.get_xydata().tolist() == [[90, -2]]  # of an error of -7
    assert axes.get_ylim() == pytest.approx((-2.1, 2.1))
    tops = [band.get_paths()[0].vertices[:, 1].max() for band in axes.collections]
    assert max(tops) == pytest.approx(2.1)  # of a root mean square of 7
    (dotted,) = [line for line in axes.lines if line.get_label().startswith("Counting")]
    reads, error = dotted.get_xydata()[-1]
    assert dotted.get_label() == "Counting, ±0.43/√reads"
    assert error * reads**0.5 == pytest.approx(0.4343, abs=1e-4)


def legend_of(draw, evaluation):
    figure = Figure()
    draw(figure, evaluation)
    (legend,) = figure.legends
    return [text.get_text() for text in legend.get_texts()], legend.get_title().get_text()


def test_both_legends_count_the_same_groups(evaluation):
    scatter, title = legend_of(draw_scatter, evaluation)
    assert title == "" and set(scatter) == {
        *("Found (2)", "Present, not found (2)", "Of all present, lower or none (2)", "False (2)")
    }
    errors, title = legend_of(draw_error_by_reads, evaluation)
    assert title == "" and set(errors[2:]) == {
        *("Found (2)", "Present, not found (2)", "Of all present, beyond the axis (1)"),
        "Of all present, no estimate or read (1)",
    }


@pytest.mark.parametrize("draw", [draw_scatter, draw_error_by_reads])
def test_figures_say_that_nothing_was_found(draw):
    truth = pd.DataFrame({"protein": ["a", "b"], "molar_fraction": [0.75, 0.25], "reads": [5, 0]})
    table = pd.DataFrame({"proteins": ["a"], "molar_fraction": [0.5], "q_value": [1.0]})
    for rows in (table, table[:0]):
        texts, title = legend_of(draw, pepseq.evaluate_quantities(truth, rows))
        assert title == "No group that is present was found"
        assert "Present, not found (2)" in texts and not [t for t in texts if t[:5] == "Found"]


@pytest.mark.parametrize("draw", [draw_scatter, draw_error_by_reads])
def test_figures_are_the_same_bytes_each_time(evaluation, draw):
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    for name, start in starts.items():
        contents = {figure_bytes(name, draw, evaluation) for _ in range(2)}
        assert len(contents) == 1 and contents.pop().startswith(start)
