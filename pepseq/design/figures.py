"""The figure of label sets: what sets of each number of labels identify."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pepseq.evaluation.figure_style import BLUE, GREY, LIGHT_BLUE, ORANGE, figure_bytes

if TYPE_CHECKING:
    import pandas as pd

_MOST_NAMED = 12
"""Of the bars, so many label sets are shown."""
_PER_LINE = 3
"""Labels in a line below the axis."""
_SHARES = (
    ("proteins_identified", "Proteins identified", BLUE, "o"),
    ("peptides_identified", "Peptides identified", ORANGE, "s"),
    ("completion_accuracy", "Residues completed correctly", GREY, "^"),
)
"""Column, label, colour and marker."""


def draw_design(table: "pd.DataFrame", picture_format: str) -> bytes:
    """Return the figure of a table of label sets, as PNG or SVG.

    Left: proteins identified by all sets, and lines of the best set of each number of labels.
    Right: the best sets.
    """
    return figure_bytes(picture_format, _draw, table)


def _draw(figure: Figure, table: "pd.DataFrame") -> None:
    figure.set_size_inches(6.6, 3.0)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    draw_by_count(left, table)
    _draw_best(right, table)
    handles, names = left.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=len(handles))


def draw_by_count(axes: Axes, table: "pd.DataFrame") -> None:
    """Draw shares in percent against the number of labels; the best sets are named."""
    best = table[table["rank_of_count"] == 1].sort_values("label_count")
    counts = best["label_count"].to_numpy()
    offsets = np.random.default_rng(1).uniform(-0.15, 0.15, len(table))
    axes.plot(
        table["label_count"] + offsets,
        100 * table["proteins_identified"],
        "o",
        markersize=2,
        color=LIGHT_BLUE,
        label="Proteins, each set",
        zorder=1,
    )
    for column, label, color, marker in _SHARES:
        shares = 100 * best[column].to_numpy()
        axes.plot(
            counts, shares, marker + "-", color=color, markersize=3.5, linewidth=1, label=label
        )
    axes.set(xlabel="Number of labels, and the best set", ylabel="Share, %", ylim=(0, 102))
    axes.set_xlim(counts.min() - 0.4, counts.max() + 0.4)
    names = [f"{n}\n{_wrapped(text)}" for n, text in zip(counts, best["labels"], strict=True)]
    axes.set_xticks(counts, names)


def _wrapped(labels: str) -> str:
    r"""Return labels in lines of _PER_LINE.

    >>> _wrapped("DE,K,C,Y,W")
    'DE,K,C\nY,W'
    """
    parts = labels.split(",")
    lines = (parts[first : first + _PER_LINE] for first in range(0, len(parts), _PER_LINE))
    return "\n".join(map(",".join, lines))


def _draw_best(axes: Axes, table: "pd.DataFrame") -> None:
    """Draw the proteins and peptides that the best sets identify as bars."""
    shown = table.head(_MOST_NAMED)
    places = np.arange(len(shown))
    for shift, (column, _, color, _) in zip((-0.19, 0.19), _SHARES[:2], strict=True):
        axes.barh(places + shift, 100 * shown[column], 0.36, color=color)
    axes.set_yticks(places, shown["labels"])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set(xlabel="Share, %", xlim=(0, 100))
    axes.set_title(f"The best {len(shown)} of {len(table):,} sets", fontsize=8, loc="left")
