"""Figures of amounts."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import pepseq
from pepseq.evaluation.figure_style import save_png, save_svg
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


def test_fractions_near_the_smallest_float_are_drawn(tmp_path):
    truth = pd.DataFrame({"protein": ["a", "b"], "molar_fraction": [1e-320, 1.0], "reads": [5, 9]})
    table = pd.DataFrame({"proteins": ["a", "b"], "molar_fraction": [1e-320, 0.5]})
    for draw in (draw_scatter, draw_error_by_reads):
        save_svg(tmp_path / "a.svg", draw, pepseq.evaluate_quantities(truth, table))


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
    assert drawn["Present, lower or none (2)"][:, 0].tolist() == [0.009, 0.001]


def test_errors_are_drawn_by_reads_within_the_axis(evaluation):
    figure = Figure()
    draw_error_by_reads(figure, evaluation)
    (axes,) = figure.axes
    drawn = marks(axes)
    assert drawn["Found (2)"][:, 0].tolist() == [9000, 900]
    assert drawn["Present, not found (1)"].tolist() == [[90, -2]]  # of an error of -7
    assert axes.get_ylim() == pytest.approx((-2.1, 2.1))


@pytest.mark.parametrize("draw", [draw_scatter, draw_error_by_reads])
def test_figures_are_the_same_bytes_each_time(tmp_path, evaluation, draw):
    for save, name in ((save_png, "a.png"), (save_svg, "a.svg")):
        contents = set()
        for _ in range(2):
            save(tmp_path / name, draw, evaluation)
            contents.add((tmp_path / name).read_bytes())
        assert len(contents) == 1
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
