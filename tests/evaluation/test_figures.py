"""The figures of an evaluation, as files and as SVG."""

import re
import struct
from xml.etree import ElementTree

import numpy as np
import pytest

from pepseq.evaluation import comparison_figures, figures
from pepseq.evaluation.figure_style import BLUE, ORANGE, figure_bytes
from pepseq.evaluation.inline_svg import FigureSize, inline_svg
from pepseq.readout.readout import Readout

BIN = {"from": 0.0, "to": 1.0, "residues": 2, "mean_confidence": 0.6, "accuracy": 50.0}
FIGURES = {
    "reliability": (figures.draw_reliability_diagram, [BIN], 0.1),
    "reliability of nothing": (figures.draw_reliability_diagram, [], None),
    "confusion": (figures.draw_confusion_matrix, np.eye(20), Readout("KCYM")),
    "confusion of nothing": (figures.draw_confusion_matrix, np.zeros((20, 20)), Readout("KCYM")),
    "pairs": (comparison_figures.draw_pair_accuracy, ["$a_", "<b>"], [50.0, None], [20.0, 10.0]),
}


@pytest.mark.parametrize("drawing", FIGURES.values(), ids=FIGURES.keys())
def test_a_figure_is_a_png_of_300_dpi(drawing):
    content = figure_bytes("png", *drawing)
    assert content.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", content[16:24])
    assert width > 500 and height > 500


@pytest.mark.parametrize("drawing", FIGURES.values(), ids=FIGURES.keys())
def test_a_figure_is_the_same_svg_each_time(drawing):
    size = FigureSize(4.4, 2.8, left=0.5, right=0.1, bottom=0.4, top=0.3)
    svg = inline_svg("key", size, *drawing)
    assert svg == inline_svg("key", size, *drawing)
    assert svg.view_box == "0 0 316.8 201.6"
    ElementTree.fromstring(f"<svg>{svg.marks}</svg>")


def test_lines_of_one_look_are_one_path_and_nothing_is_a_picture():
    def draw(figure):
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.vlines([1, 2, 3], 0, 1, color=BLUE, rasterized=True)
        axes.vlines([4, 5], 0, 1, color=ORANGE)
        axes.plot([1, 2], [0, 1], "o", color=BLUE, rasterized=True)

    drawn = inline_svg("key", FigureSize(3, 2, 0.1, 0.1, 0.1, 0.1), draw).marks
    lines = re.findall(r'<path d="([^"]*)" style="([^"]*)"/>', drawn)
    assert [path.count("M") for path, _ in lines] == [3, 2]
    assert [style.partition("var(")[2][:8] for _, style in lines] == ["--accent", "--second"]
    assert drawn.count("<use ") == 2 and "image" not in drawn
