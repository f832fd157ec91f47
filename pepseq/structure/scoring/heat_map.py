"""The clustered heat map of TM-scores of all pairs; importing this module imports matplotlib."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import dendrogram, linkage
from scipy.spatial.distance import squareform

from pepseq.evaluation.figure_style import GREY, INK, figure_bytes
from pepseq.structure.scoring.complex_rows import ComplexRow
from pepseq.structure.scoring.rows import ScoreRow

_MAX_NAMED = 100
"""Structures whose ids are written beside the map."""
_INCHES = 0.16
_MAX_INCHES = 9.0
_COLOURS = "viridis"


def score_matrix(
    ids: Sequence[str], rows: Mapping[str, ScoreRow | ComplexRow], normalise: str
) -> np.ndarray:
    """Return TM-scores, float64 (ids, ids): models in rows, references in columns.

    `rows` are the scores of pairs by the id `A:B`. A score that `rows` lacks is NaN; those of a
    structure with itself are 1.
    """
    matrix = np.full((len(ids), len(ids)), np.nan)
    np.fill_diagonal(matrix, 1)
    for (i, one), (j, other) in combinations(enumerate(ids), 2):
        row = rows.get(f"{one}:{other}")
        if row is None:
            continue
        both = row.tm_score_by_model, row.tm_score_by_reference
        if normalise == "shorter":
            matrix[i, j] = matrix[j, i] = row.tm_score
        else:
            matrix[i, j], matrix[j, i] = both if normalise == "model" else both[::-1]
    return matrix


def cluster(matrix: np.ndarray) -> np.ndarray:
    """Return the tree of structures, as scipy's `linkage` does (average linkage, UPGMA).

    The distance of two is 1 less the mean of their two scores; an unknown score counts as 0.
    """
    known = np.nan_to_num(matrix)
    distances = np.clip(1 - (known + known.T) / 2, 0, 1)
    np.fill_diagonal(distances, 0)
    return linkage(squareform(distances), "average", optimal_ordering=True)


def draw_heat_map(ids: Sequence[str], matrix: np.ndarray, picture_format: str) -> bytes:
    """Return the clustered heat map of a matrix of TM-scores, as PNG or SVG."""
    return figure_bytes(picture_format, _draw, ids, matrix)


def _draw(figure: Figure, ids: Sequence[str], matrix: np.ndarray) -> None:
    side = min(max(_INCHES * len(ids), 2.0), _MAX_INCHES)
    figure.set_size_inches(side + 2.6, side + 1.2)
    tree_axes, map_axes = figure.subplots(1, 2, width_ratios=(1, max(side / 0.9, 2)))
    tree = dendrogram(
        cluster(matrix),
        ax=tree_axes,
        orientation="left",
        no_labels=True,
        color_threshold=0,
        above_threshold_color=INK,
    )
    tree_axes.axis("off")
    order = tree["leaves"][::-1]
    map_axes.set_facecolor(GREY)  # of unknown scores
    image = map_axes.imshow(
        matrix[np.ix_(order, order)], cmap=_COLOURS, vmin=0, vmax=1, aspect="auto"
    )
    map_axes.yaxis.tick_right()
    named = range(len(ids)) if len(ids) <= _MAX_NAMED else []
    names = [ids[k] for k in order] if named else []
    map_axes.set_xticks(named, names, rotation=90)
    map_axes.set_yticks(named, names)
    map_axes.set_xlabel("Reference")
    map_axes.set_ylabel("Model")
    figure.colorbar(image, ax=map_axes, label="TM-score", location="top", shrink=0.6, aspect=30)
