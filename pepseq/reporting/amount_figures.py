"""Figures of amounts on the page; importing this module imports matplotlib."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pepseq.errors import showable
from pepseq.evaluation import quantity_figures
from pepseq.evaluation.figure_style import BLUE, LIGHT_BLUE
from pepseq.evaluation.inline_svg import FigureSize, InlineSvg, inline_svg
from pepseq.evaluation.quantities import QuantityEvaluation
from pepseq.reporting.values import fraction, significant

MAX_RANKS = 400
"""Of more groups, so many are drawn, with equal distances between their ranks."""

_RANKS = FigureSize(4.4, 2.8, left=0.5, right=0.12, bottom=0.42, top=0.1)
_SCATTER = FigureSize(4.0, 4.4, left=0.5, right=0.15, bottom=0.42, top=0.6)
_ERRORS = FigureSize(4.4, 3.4, left=0.5, right=0.12, bottom=0.42, top=0.7)


def rank_abundance(key: str, rows: Sequence[Mapping[str, Any]]) -> InlineSvg | None:
    """Return the molar fraction of groups by rank, with intervals; None without a group.

    `rows` have group, rank, molar_fraction, low and high, the most abundant first.
    """
    known = [row for row in rows if fraction(row["molar_fraction"])]
    chosen = np.unique(np.linspace(0, len(known) - 1, MAX_RANKS).astype(int)) if known else ()
    drawn = [known[place] for place in chosen]

    def draw(figure: Figure) -> dict[str, list[str]]:
        axes = figure.add_subplot()
        ranks = np.array([row["rank"] for row in drawn])
        molar, low, high = (
            np.array([fraction(row[name]) for row in drawn], float)
            for name in ("molar_fraction", "low", "high")
        )
        molar = np.maximum(molar, quantity_figures.MIN_FRACTION)
        first = 10.0 ** math.floor(math.log10(molar.min()) - 0.1)
        last = 10.0 ** math.ceil(math.log10(np.nanmax([molar.max(), *high])))
        axes.set(yscale="log", ylim=(first, max(last, 10 * first)))
        axes.set(xlim=(0, len(known) + 1), xlabel="Rank", ylabel="Molar fraction")
        quantity_figures.label_decades(axes.yaxis)
        has_interval = ~np.isnan(low) & ~np.isnan(high)
        ends = (np.clip(bound[has_interval], first, None) for bound in (low, high))
        axes.vlines(ranks[has_interval], *ends, color=LIGHT_BLUE, linewidth=1)
        size = 3 if len(drawn) <= MAX_RANKS // 4 else 1.6
        axes.plot(ranks, molar, "o", color=BLUE, markersize=size, gid="groups", clip_on=False)
        return {"groups": [_said(row) for row in drawn]}

    return inline_svg(key, _RANKS, draw) if drawn else None


def _said(row: Mapping[str, Any]) -> str:
    low, high = significant(row["low"]), significant(row["high"])
    amount = significant(row["molar_fraction"])
    return showable(f"{row['rank']}. {row['group']}: {amount} ({low} to {high})")


def true_and_estimated(key: str, evaluation: QuantityEvaluation) -> InlineSvg | None:
    """Return estimated against true molar fractions; None if no group is present."""
    if not evaluation.groups.present.any():
        return None
    return inline_svg(key, _SCATTER, quantity_figures.draw_scatter, evaluation)


def error_by_reads(key: str, evaluation: QuantityEvaluation) -> InlineSvg | None:
    """Return log10(estimated / true) by the true number of reads; None if that is not known."""
    if evaluation.groups.reads is None or not evaluation.groups.present.any():
        return None
    return inline_svg(key, _ERRORS, quantity_figures.draw_error_by_reads, evaluation)
