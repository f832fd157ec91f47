"""Figures of the page; importing this module imports matplotlib."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pepseq.errors import showable
from pepseq.evaluation import figures
from pepseq.evaluation.figure_style import BLUE, GREY
from pepseq.evaluation.inline_svg import FigureSize, InlineSvg, inline_svg
from pepseq.evaluation.metrics import FINE_LENGTH_BINS
from pepseq.io.tables import Row
from pepseq.reporting.values import number
from pepseq.structure.scoring.config import DOCKQ_CLASSES, FOLD_THRESHOLD

_SIZE = FigureSize(4.4, 2.8, left=0.5, right=0.12, bottom=0.42, top=0.28)
_NAMED_CLASSES = _SIZE._replace(left=0.4, bottom=0.55, top=0.43)
"""Two lines below each class, and two of the legend."""
_MANY_POINTS = 300
"""More points than these are drawn small."""


def by_length(key: str, tables: Mapping[str, list[Row]]) -> InlineSvg | None:
    """Return the accuracy by length; None without a protein."""
    rows = _with_numbers(tables["lengths_fine"], "length")
    names = [row["length"] for row in rows]
    if not any(row["proteins"] for row in rows) or names != list(FINE_LENGTH_BINS):
        return None
    columns = [[number(row.get(c)) for row in tables["proteins"]] for c in ("length", "accuracy")]
    lengths, accuracy = (np.array(column, float) for column in columns)
    draw = figures.draw_accuracy_by_length
    return inline_svg(key, _NAMED_CLASSES, draw, lengths, accuracy, rows)


def by_identity(key: str, bands: Sequence[Row]) -> InlineSvg | None:
    """Return the accuracy by band of identity to the nearest reference protein; None without any.

    The bands of single proteins are in no table, so that the figure has no boxes.
    """
    if not bands:
        return None
    rows = _with_numbers(bands, "band")
    draw = figures.draw_accuracy_by_identity
    return inline_svg(key, _NAMED_CLASSES, draw, [], np.array([]), rows)


def by_amino_acid(key: str, rows: Sequence[Row]) -> InlineSvg | None:
    """Return recall and precision of each hidden amino acid; None without any."""
    if not rows:
        return None
    shares = _with_numbers(rows, "amino_acid")
    size = _SIZE._replace(height=0.8 + 0.14 * len(rows), left=0.25)
    return inline_svg(key, size, figures.draw_recall_and_precision, shares)


def reliability(key: str, rows: Sequence[Row], error: object) -> InlineSvg | None:
    """Return the accuracy by confidence; None without a residue."""
    bins = _with_numbers(rows)
    if not any(row["residues"] for row in bins) or number(error) is None:
        return None
    size = _SIZE._replace(height=_SIZE.width, top=0.1)
    return inline_svg(key, size, figures.draw_reliability_diagram, bins, number(error))


class _Numbers(dict[str, Any]):
    """A row of which a column that is missing is None."""

    def __missing__(self, key: str) -> None:
        return None


def _with_numbers(rows: Sequence[Row], name: str = "") -> list[Any]:
    """Return rows with numbers in all columns but `name`; counts are whole."""
    numbers = [_Numbers({c: number(cell) for c, cell in row.items()}) for row in rows]
    for row, before in zip(numbers, rows, strict=True):
        row |= {c: int(row[c] or 0) for c in ("proteins", "residues")}
        row[name] = showable(before.get(name, ""))  # matplotlib refuses surrogates
    return numbers


def losses(key: str, rows: Sequence[Mapping[str, str]]) -> InlineSvg | None:
    """Return training and validation loss by step; None if no loss is recorded."""
    curves = []
    for column in ("train_loss", "validation_loss"):
        points = [(number(row.get("step")), number(row.get(column))) for row in rows]
        curves.append(np.array([point for point in points if None not in point]).reshape(-1, 2))

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot(*curves[0].T, color=GREY, linestyle="--", linewidth=1, label="Training")
        axes.plot(*curves[1].T, "o-", color=BLUE, markersize=3.5, linewidth=1, label="Validation")
        axes.set_xlim(left=0)
        axes.set(xlabel="Step", ylabel="Loss (nats per residue)")
        figure.legend(loc="outside upper center", ncols=2)

    return inline_svg(key, _SIZE, draw) if any(map(len, curves)) else None


def tm_score_by_accuracy(key: str, rows: Sequence[Mapping[str, Any]]) -> InlineSvg | None:
    """Return the TM-score of each row by its accuracy; None without rows."""
    labels = {False: "Protein", True: "Its model is not of the predicted sequence"}

    def draw(figure: Figure) -> dict[str, list[str]]:
        axes, titles = figure.add_subplot(), {}
        axes.axhline(FOLD_THRESHOLD, color=GREY, linestyle=":", linewidth=1)
        axes.text(99, FOLD_THRESHOLD + 0.02, f"same fold above {FOLD_THRESHOLD}", ha="right")
        for different, label in labels.items():
            drawn = [row for row in rows if bool(row["model_different"]) == different]
            x, y = ([row[name] for row in drawn] for name in ("accuracy", "tm_score"))
            style: dict[str, Any] = {"facecolor": "white" if different else BLUE, "clip_on": False}
            size = 8 if len(rows) > _MANY_POINTS else 22
            axes.scatter(x, y, size, edgecolor=BLUE, gid=label, label=label, **style)
            title = "{id}: {accuracy:.1f} % correct, TM-score {tm_score:.3f}"
            titles[label] = [title.format_map(row) for row in drawn]
        axes.set(xlim=(0, 100), ylim=(0, 1), ylabel="TM-score")
        axes.set_xlabel("Hidden residues that are correct (%)")
        if any(row["model_different"] for row in rows):
            figure.legend(loc="outside upper center", ncols=2)
        return titles

    return inline_svg(key, _SIZE, draw) if rows else None


def dockq_by_model(key: str, rows: Sequence[Mapping[str, Any]]) -> InlineSvg | None:
    """Return the DockQ of each model as a bar, with the classes of quality; None without any."""
    scored = [row for row in rows if row["dockq"] is not None]

    def draw(figure: Figure) -> dict[str, list[str]]:
        axes = figure.add_subplot()
        for value, name in DOCKQ_CLASSES.items():
            axes.axhline(value, color=GREY, linestyle=":", linewidth=0.8)
            axes.text(len(scored) - 0.45, value, name, va="center", color=GREY)
        names = [showable(row["id"])[:24] for row in scored]
        places = np.arange(len(scored))
        axes.bar(places, [row["dockq"] for row in scored], 0.6, color=BLUE)
        axes.set(ylim=(0, 1), xlim=(-0.5, len(scored) - 0.5), ylabel="DockQ")
        axes.set_xticks(places, names, rotation=0 if len(scored) < 6 else 45)
        return {}

    return inline_svg(key, _SIZE._replace(right=0.7), draw) if scored else None
