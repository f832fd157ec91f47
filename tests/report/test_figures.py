"""Figures: marks lie where their numbers are."""

import re

import pytest

from pepseq.report.curves import histogram, losses
from pepseq.report.figures import by_amino_acid, by_identity, by_length, confusion, reliability
from pepseq.report.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Chart, ticks

LENGTHS = [
    {"length": "<50", "proteins": "3", "macro": "20.0", "sd": "5", "micro": "60.0"},
    {"length": "50-99", "proteins": "0", "macro": "", "sd": "", "micro": ""},
    {"length": ">1024", "proteins": "4", "macro": "80.0", "sd": "", "micro": "90.0"},
]


def dots(html, kind):
    """Return (x, y) of the marks of a kind in the drawing, without its legend."""
    drawing = html[html.index('role="img"') :]
    found = re.findall(rf'<circle class="{kind}" cx="([\d.]+)" cy="([\d.]+)"', drawing)
    return [(float(x), float(y)) for x, y in found]


def height(value, top=100):
    return pytest.approx(TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM), abs=0.06)


def across(value):
    return pytest.approx(LEFT + value / 100 * (WIDTH - LEFT - RIGHT), abs=0.06)


def test_lengths_show_macro_and_micro_of_classes_that_have_proteins():
    html = by_length("k", LENGTHS)
    assert [y for _, y in dots(html, "main")] == [height(20), height(80)]
    assert [y for _, y in dots(html, "hollow")] == [height(60), height(90)]
    assert html.count('class="spread"') == 1
    assert by_length("k", LENGTHS[1:2]) is None


def test_identity_goes_from_far_to_near_without_the_sum():
    rows = [
        {"band": band, "proteins": "2", "hidden": "9", "macro": macro, "copy_macro": copy}
        for band, macro, copy in (
            ("identical", "100", "100"),
            ("<30", "10", "30"),
            ("without identical", "55", "66"),
        )
    ]
    html = by_identity("k", rows)
    assert [y for _, y in dots(html, "main")] == [height(10), height(100)]
    assert [y for _, y in dots(html, "hollow")] == [height(30), height(100)]
    assert "without identical" in html


def test_reliability_shows_confidence_against_accuracy():
    rows = [
        {"from": "0.2", "to": "0.4", "residues": "30", "mean_confidence": "0.25", "accuracy": "40"},
        {"from": "0.8", "to": "1.0", "residues": "10", "mean_confidence": "0.95", "accuracy": "90"},
        {"from": "0.4", "to": "0.5", "residues": "0", "mean_confidence": "", "accuracy": ""},
    ]
    html = reliability("k", rows, {"expected_calibration_error": 0.125})
    assert dots(html, "main") == [(across(25), height(40)), (across(95), height(90))]
    shares = re.findall(r'<rect class="faint"[^>]*height="([\d.]+)"/>', html[html.index("role=") :])
    whole = HEIGHT - TOP - BOTTOM
    assert [float(s) for s in shares] == pytest.approx([0.75 * whole, 0.25 * whole], abs=0.2)
    assert "error 0.1250" in html


def test_amino_acids_are_sorted_by_recall():
    rows = [
        {
            "amino_acid": a,
            "n": "5",
            "correct": "1",
            "recall": r,
            "predicted": "2",
            "precision": "50",
        }
        for a, r in (("A", "20"), ("G", "60"), ("W", ""))
    ]
    html = by_amino_acid("k", rows)
    widths = re.findall(r'<rect class="bar"[^>]*width="([\d.]+)"', html[html.index("role=") :])
    assert [float(w) for w in widths] == sorted(map(float, widths), reverse=True)
    assert re.findall(r'<th scope="row">(\w)</th>', html) == ["G", "A", "W"]


def test_confusion_is_in_percent_of_the_true_one():
    counts = [
        {"true": "A", "A": "3", "G": "1", "W": "0"},
        {"true": "G", "A": "0", "G": "0", "W": "0"},
    ]
    html = confusion(counts, [{"amino_acid": "A", "n": "4"}, {"amino_acid": "G", "n": "0"}])
    assert re.findall(r"<td[^>]*>(\d*)</td>", html) == ["75", "25"]
    assert re.search(r'style="--p:75" class="n same"', html)
    assert confusion(counts, []) is None


def test_a_histogram_is_in_percent_of_all():
    html = histogram("k", "Title", "What.", [0] * 9 + [40], "residues")
    assert re.search(r"<td[^>]*>40</td><td[^>]*>100.00</td>", html)
    assert histogram("k", "Title", "What.", [0] * 10, "residues") is None


def test_losses_of_a_run_that_has_none_are_said():
    rows = [
        {"step": "5", "train_loss": "3", "validation_loss": "", "validation_accuracy": ""},
        {"step": "10", "train_loss": "2", "validation_loss": "2.5", "validation_accuracy": "0.25"},
    ]
    html = losses("k", "net", rows)
    assert len(dots(html, "main")) == 1 and "25.00" in html
    assert "no losses" in losses("k", "net", [])


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 3e6), (2.1, 2.95), (-1, 1), (5, 5)])
def test_ticks_lie_between_the_ends(low, high):
    values = ticks(low, high)
    assert 1 <= len(values) <= 6
    assert all(low - 1e-9 <= value <= high + 1e-9 for value in values)


def test_a_chart_puts_its_ends_at_its_corners():
    chart = Chart((0, 10), (5, 7), "", "")
    assert chart.at(0, 5) == (LEFT, HEIGHT - BOTTOM) and chart.at(10, 7) == (WIDTH - RIGHT, TOP)
