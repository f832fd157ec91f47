"""Figures of the page: marks lie where their numbers are, in colours of the page's style."""

import re
from html import unescape
from pathlib import Path

import pytest
from result_files import HOSTILE

from pepseq.evaluation.metrics import FINE_LENGTH_BINS
from pepseq.reporting import figures
from pepseq.reporting.accuracy import accuracy
from pepseq.reporting.page import environment
from pepseq.reporting.results import EvaluationFolder, Results

LENGTHS = [
    {"length": name, "proteins": "0", "macro": "", "neighbours_macro": "", "commonest_macro": ""}
    for name in FINE_LENGTH_BINS
]
LENGTHS[0] |= {"proteins": "3", "macro": "20.0"}
LENGTHS[1] |= {"proteins": "4", "macro": "80.0"}
LENGTHS[2] |= {"proteins": "1", "macro": "50.0"}
BINS = [
    {"from": "0.2", "to": "0.4", "residues": "30", "mean_confidence": "0.25", "accuracy": "40"},
    {"from": "0.8", "to": "1.0", "residues": "10", "mean_confidence": "0.95", "accuracy": "90"},
    {"from": "0.4", "to": "0.5", "residues": "0", "mean_confidence": "", "accuracy": ""},
    {"from": "0.6", "to": "0.8", "residues": "9", "mean_confidence": "0.60", "accuracy": "65"},
]


def marks(svg):
    """Return (title, x, y) of the marks of a drawing that have a title."""
    uses = re.findall(
        r'<use href="[^"]*" x="([-\d.]+)" y="([-\d.]+)"[^>]*><title>(.*?)</title>', svg.marks, re.S
    )
    return [(unescape(title), float(x), float(y)) for x, y, title in uses]


def is_middle(low, middle, high):
    return middle == pytest.approx((low + high) / 2, abs=0.11)


def test_lengths_show_the_macro_accuracy_of_classes_that_have_proteins():
    svg = figures.by_length("k", {"lengths_fine": LENGTHS, "proteins": []})
    low, high, middle = marks(svg)
    assert low[0] == "Reconstruction (macro): 20" and high[0] == "Reconstruction (macro): 80"
    assert (
        low[1] < high[1] < middle[1] and low[2] > high[2] and is_middle(low[2], middle[2], high[2])
    )
    empty = [row | {"proteins": "0"} for row in LENGTHS]
    for rows in ([], empty, LENGTHS[:2]):
        assert figures.by_length("k", {"lengths_fine": rows, "proteins": []}) is None


def test_boxes_of_lengths_are_of_the_proteins():
    boxes = "Median, quartiles"
    proteins = [{"length": "40", "accuracy": "10"}, {"length": "45", "accuracy": ""}]
    with_boxes = figures.by_length("k", {"lengths_fine": LENGTHS, "proteins": proteins})
    without = figures.by_length("k", {"lengths_fine": LENGTHS, "proteins": proteins[1:]})
    assert boxes in with_boxes.marks and boxes not in without.marks


def test_identity_goes_from_far_to_near():
    rows = [
        {"band": band, "proteins": "2", "hidden": "9", "macro": macro, "copy_macro": copy}
        for band, macro, copy in (("identical", "100", "99"), ("<30", "10", "30"))
    ]
    far, near, *copies = marks(figures.by_identity("k", rows))
    assert far[0].endswith("(macro): 10") and near[0].endswith("(macro): 100") and far[1] < near[1]
    assert [title.rpartition(" ")[2] for title, *_ in copies] == ["30", "99"]
    assert figures.by_identity("k", []) is None


def test_reliability_shows_confidence_against_accuracy():
    svg = figures.reliability("k", BINS, 0.125)
    low, high, middle = marks(svg)
    assert [title for title, *_ in (low, high, middle)] == ["0.4", "0.9", "0.65"]
    assert is_middle(low[1], middle[1], high[1]) and is_middle(low[2], middle[2], high[2])
    assert "ECE = 0.125" in svg.marks
    assert (
        figures.reliability("k", BINS[2:3], 0.125) is figures.reliability("k", BINS, None) is None
    )


def evaluated(**tables):
    """Return what the section about accuracy shows of an evaluation with these tables."""
    folder = EvaluationFolder(Path("scores"), {}, None)
    names = ("lengths", "lengths_fine", "identity", "amino_acids", "calibration", "confusion")
    folder.tables = {name: [] for name in (*names, "baselines", "proteins")} | tables
    results = Results(evaluations={folder.folder: folder})
    (evaluation,) = accuracy(results)["evaluations"]
    return evaluation


def test_amino_acids_are_sorted_by_recall():
    rows = [
        {"amino_acid": a, "n": "5", "recall": recall, "precision": precision}
        for a, recall, precision in (("A", "20", "50"), ("G", "60", "70"), ("W", "", ""))
    ]
    evaluation = evaluated(amino_acids=rows)
    assert [row["amino_acid"] for row in evaluation["amino_acids"]] == ["G", "A", "W"]
    first, second = marks(evaluation["by_amino_acid"])
    assert [first[0], second[0]] == ["G: precision 70.0 %", "A: precision 50.0 %"]
    assert first[2] < second[2] and first[1] > second[1]


def test_confusion_is_in_percent_of_the_true_amino_acid():
    counts = [
        {"true": "A", "A": "3", "G": "1", "W": "0"},
        {"true": "G", "A": "0", "G": "0", "W": "0"},
    ]
    amino_acids = [{"amino_acid": "A", "n": "4"}, {"amino_acid": "G", "n": "0"}]
    evaluation = evaluated(confusion=counts, amino_acids=amino_acids)
    assert evaluation["confusion"] == {"A": {"A": 75, "G": 25}}
    assert evaluated(confusion=counts)["confusion"] == {}


def test_a_histogram_is_in_percent_of_all():
    call = '{% call histogram("k", "Title", counts, "residues") %}About.{% endcall %}'
    text = '{% from "macros.html.j2" import histogram %}' + call
    template = environment().from_string(text)
    page = template.render(counts=[0] * 8 + [10, 30])
    assert re.search(r"<td[^>]*>30</td><td[^>]*>75.00</td>", page)
    bars = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="27.4" height="([\d.]+)"', page)
    x, y, heights = zip(*(map(float, bar) for bar in bars), strict=True)
    assert x[0] == 34 and x[-1] + 27.4 == pytest.approx(308)
    assert heights[0] == 0 and heights[-1] == pytest.approx(3 * heights[-2]) == 166
    assert [top + height for top, height in zip(y, heights, strict=True)] == [172] * 10
    assert re.findall(r'text-anchor="end">(\d+)<', page) == ["0", "15", "30", "45", "60", "75"]
    assert ">Residues (%)<" in page
    assert template.render(counts=[0] * 10).strip() == ""


def test_losses_of_a_run_that_has_none_are_not_drawn():
    rows = [
        {"step": "5", "train_loss": "3", "validation_loss": "", "validation_accuracy": ""},
        {"step": "10", "train_loss": "2", "validation_loss": "2.5", "validation_accuracy": "0.25"},
    ]
    assert [title for title, *_ in marks(figures.losses("k", rows))] == ["Validation: 2.5"]
    assert figures.losses("k", []) is None


def test_each_protein_of_a_scatter_is_named():
    rows = [
        {"id": name, "accuracy": share, "tm_score": score, "model_different": different}
        for name, share, score, different in (
            (f"{HOSTILE}\0\ud800", 20.0, 0.2, 0.0),
            ("far", 80.0, 0.8, None),
            ("middle", 50.0, 0.5, 3.0),
        )
    ]
    svg = figures.tm_score_by_accuracy("k", rows)
    low, high, middle = marks(svg)
    assert low[0].startswith(HOSTILE) and "<script>" not in svg.marks
    assert middle[0] == "middle: 50.0 % correct, TM-score 0.500"
    assert is_middle(low[1], middle[1], high[1]) and is_middle(low[2], middle[2], high[2])
    assert "not of the predicted sequence" in svg.marks
    assert "not of the predicted sequence" not in figures.tm_score_by_accuracy("k", rows[:2]).marks


@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_name_of_any_characters_is_drawn_as_text():
    name = f"{HOSTILE}$x$\x1b\udcff\u202e\U0001f9ec"
    rows = [{"amino_acid": name, "n": "5", "recall": "1", "precision": "2"}]
    svg = figures.by_amino_acid("k", rows)
    assert HOSTILE in unescape(svg.marks) and "<script>" not in svg.marks
    assert not re.search("[\x1b\ud800-\udfff]", svg.marks)


def test_drawings_have_no_colours_and_no_ids_of_their_own():
    first, second = (figures.reliability(key, BINS, 0.125).marks for key in ("one", "two"))
    assert not re.search("#[0-9a-f]{6}", first) and "var(--accent)" in first
    ids = [set(re.findall(' id="(.*?)"', marks)) for marks in (first, second)]
    assert ids[0] and not ids[0] & ids[1]
    assert first == figures.reliability("one", BINS, 0.125).marks
