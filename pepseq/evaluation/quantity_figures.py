"""Figures of amounts against the true ones: each function draws one figure."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from matplotlib.transforms import Transform

from pepseq.evaluation.figure_style import BLUE, GREY, INK, LIGHT_BLUE, ORANGE, PALE_BLUE
from pepseq.evaluation.quantities import QuantityEvaluation
from pepseq.evaluation.quantity_measures import FALSE, FOUND, MISSED, READ_CLASSES, ComparedGroups

_MAX_VECTOR_MARKS = 3000
"""More marks are a picture inside the SVG, which a viewer else takes long to show."""

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOST = "lost"
"""Gid of marks of groups that are present, and have no estimate or one below the axis."""

_MAX_ERROR = 2.0
"""Largest |log10(estimated / true)| on the axis of errors."""

MIN_FRACTION = 1e-200
"""Smaller fractions are drawn as this one, so that ticks beyond the axis are no 0."""

_LOG10_OF_E = math.log10(math.e)
_OF_PRESENT = ((FOUND, "Found", BLUE, BLUE), (MISSED, "Present, not found", GREY, "white"))
"""Status, label, colour of the edge and of the face."""


def draw_scatter(figure: Figure, evaluation: QuantityEvaluation) -> dict[str, list[str]]:
    """Draw estimated against true molar fractions of groups, both axes logarithmic.

    Marks of false groups lie on the left axis; those of present ones without an estimate, or with
    one below the axis, on the lower axis. Vertical lines are the intervals of found groups. Numbers
    in the legend are of all groups of a status. Returns the groups of the marks by the gid of the
    marks.
    """
    figure.set_size_inches(3.6, 4.0)
    axes, groups = figure.add_subplot(), evaluation.groups
    status, true, estimated = np.array(evaluation.status), groups.true_molar, groups.molar
    true = np.where(groups.present, np.maximum(true, MIN_FRACTION), true)
    low, high = _decades(true[groups.present], estimated[groups.reported])
    compared = groups.present & (estimated >= low)
    false, lost = status == FALSE, groups.present & ~compared
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        label_decades(axis)
    axes.plot([low, high], [low, high], color=GREY, linewidth=0.6, zorder=1)
    _draw_intervals(axes, groups, compared & (status == FOUND), low, high)
    for name, label, color, face in _OF_PRESENT:
        chosen, text = compared & (status == name), _counted(label, status == name)
        _mark(axes, true[chosen], estimated[chosen], "o", color, face, text, name)
    on_x_axis, on_y_axis = axes.get_xaxis_transform(), axes.get_yaxis_transform()
    zeros = np.zeros(len(true))
    text = _counted("Of all present, lower or none", lost)
    _mark(axes, true[lost], zeros[lost], "v", GREY, "white", text, _LOST, on_x_axis)
    of_false, text = np.maximum(estimated[false], low), _counted("False", false)
    _mark(axes, zeros[false], of_false, "x", ORANGE, ORANGE, text, FALSE, on_y_axis)
    axes.set_xlabel("True molar fraction")
    axes.set_ylabel("Estimated molar fraction")
    _draw_legend(figure, evaluation)
    marked = {name: compared & (status == name) for name, *_ in _OF_PRESENT}
    return _titles(groups, {**marked, _LOST: lost, FALSE: false})


def draw_error_by_reads(figure: Figure, evaluation: QuantityEvaluation) -> dict[str, list[str]]:
    """Draw log10(estimated / true) of groups against their true number of reads.

    Bands are the root mean square error of each class of reads; dotted lines are the standard error
    of counting reads, 1 / sqrt(reads), as log10: 0.43 / sqrt(reads). Errors of more than _MAX_ERROR
    are triangles on the edge. Groups without an estimate or without reads are not drawn, but
    counted in the legend. The truth must have numbers of reads. Returns the groups of the marks by
    the gid of the marks.
    """
    figure.set_size_inches(4.4, 3.2)
    axes, groups = figure.add_subplot(), evaluation.groups
    if groups.reads is None:
        raise ValueError("expected numbers of reads")
    status = np.array(evaluation.status)
    compared = groups.present & (groups.molar > 0) & (groups.reads > 0)
    errors = np.zeros(len(compared))
    errors[compared] = np.log10(groups.molar[compared] / groups.true_molar[compared])
    largest = max(10.0, 1.5 * float(groups.reads[compared].max(initial=0)))
    bound = min(max(0.5, 1.1 * float(np.abs(errors).max(initial=0))), _MAX_ERROR)
    axes.set(xscale="log", xlim=(0.7, largest), ylim=(-1.05 * bound, 1.05 * bound))
    label_decades(axes.xaxis)
    axes.axhline(0, color=GREY, linewidth=0.6, zorder=1)
    _draw_class_errors(axes, evaluation, largest)
    counts = np.geomspace(0.7, largest, 200)
    for sign, label in ((1, "Counting, ±0.43/√reads"), (-1, "_")):
        error = sign * _LOG10_OF_E / np.sqrt(counts)
        axes.plot(counts, error, color=INK, linewidth=0.7, linestyle=":", zorder=3, label=label)
    sides = {"o": np.abs(errors) <= bound, "^": errors > bound, "v": errors < -bound}
    marked = {}
    for name, label, color, face in _OF_PRESENT:
        for marker, is_on_side in sides.items():
            gid = name if marker == "o" else f"{name} {marker}"
            marked[gid] = chosen = compared & is_on_side & (status == name)
            text = _counted(label, status == name) if marker == "o" else "_"
            shown = np.clip(errors[chosen], -bound, bound)
            _mark(axes, groups.reads[chosen], shown, marker, color, face, text, gid)
    beyond, absent = compared & ~sides["o"], groups.present & ~compared
    _name_in_legend(
        axes, "^", _counted("Of all present, beyond the axis", beyond), bool(beyond.any())
    )
    _name_in_legend(
        axes, "", _counted("Of all present, no estimate or read", absent), bool(absent.any())
    )
    axes.set_xlabel("True number of reads")
    axes.set_ylabel("log₁₀(estimated / true)")
    _draw_legend(figure, evaluation)
    return _titles(groups, marked)


def _counted(label: str, chosen: np.ndarray) -> str:
    """Return the text of a legend for the groups that are chosen, bool (groups,)."""
    return f"{label} ({int(chosen.sum()):,})"


def _name_in_legend(axes: Axes, marker: str, label: str, is_needed: bool) -> None:
    """Add an entry to the legend, of marks that other entries count too."""
    if is_needed:
        axes.plot(
            [],
            [],
            marker or "none",
            markersize=3.8,
            color=GREY,
            markerfacecolor="white",
            linestyle="none",
            label=label,
        )


def _draw_legend(figure: Figure, evaluation: QuantityEvaluation) -> None:
    """Draw the legend above the axes; its title says if no group was found."""
    title = None if FOUND in evaluation.status else "No group that is present was found"
    figure.legend(loc="outside upper center", ncols=2, title=title)


def _titles(groups: ComparedGroups, marked: Mapping[str, np.ndarray]) -> dict[str, list[str]]:
    """Return name and amounts of the groups that are marked, bool (groups,), by gid."""
    titles = {}
    for gid, chosen in marked.items():
        listed = np.flatnonzero(chosen)
        estimated = [
            "none" if np.isnan(groups.molar[r]) else f"{groups.molar[r]:.3g}" for r in listed
        ]
        titles[gid] = [
            f"{groups.names[row]}: estimated {text}, true {groups.true_molar[row]:.3g}"
            for row, text in zip(listed, estimated, strict=True)
        ]
    return titles


def _draw_intervals(
    axes: Axes, groups: ComparedGroups, chosen: np.ndarray, low: float, high: float
) -> None:
    """Draw the intervals of the chosen groups, if there are any, cut at the ends of the axis."""
    if groups.low is None or groups.high is None:
        return
    axes.vlines(
        groups.true_molar[chosen],
        np.clip(groups.low[chosen], low, high),
        np.clip(groups.high[chosen], low, high),
        color=LIGHT_BLUE,
        linewidth=0.6,
        zorder=2,
        rasterized=bool(chosen.sum() > _MAX_VECTOR_MARKS),
    )


def _draw_class_errors(axes: Axes, evaluation: QuantityEvaluation, largest: float) -> None:
    """Draw a band from minus to plus the root mean square error of each class of reads."""
    label = "Root mean square of each class"
    for row in evaluation.summary["by_reads"] or ():
        first, last = READ_CLASSES[row["reads"]]
        error = row["log10_rmse"]
        if first and error is not None:
            error = min(error, axes.get_ylim()[1])  # a page does not clip marks at the axes
            ends = [max(first - 0.5, 0.7), min(last + 0.5, largest)]
            axes.fill_between(
                ends, -error, error, color=PALE_BLUE, linewidth=0, zorder=0, label=label
            )
            label = "_"


def _mark(
    axes: Axes,
    x: np.ndarray,
    y: np.ndarray,
    marker: str,
    color: str,
    face: str,
    label: str,
    gid: str,
    on_axis: Transform | None = None,
) -> None:
    """Draw marks, with an entry of this label in the legend; without marks an entry that counts.

    Marks lie within the axes, with the transform `on_axis` on one of them, and are drawn whole.
    """
    if not len(x):
        if not label.endswith(("_", " (0)")):
            _name_in_legend(axes, marker, label, True)
        return
    is_crowd = len(x) > _MAX_VECTOR_MARKS
    size = 1.4 if is_crowd else 2.6
    axes.plot(
        x,
        y,
        marker,
        markersize=size if marker == "o" else 3.8,
        markeredgewidth=0.2 * size if marker == "o" else 0.9,
        markeredgecolor=color,
        markerfacecolor=face,
        zorder=4,
        label=label,
        gid=gid,
        rasterized=is_crowd,
        clip_on=False,
        transform=axes.transData if on_axis is None else on_axis,
    )


def _decades(true: np.ndarray, estimated: np.ndarray) -> tuple[float, float]:
    """Return powers of ten around all values; estimates far below the true ones are outside."""
    low = math.floor(math.log10(max(true.min(), MIN_FRACTION)) - 0.05)
    if (estimated < 10.0**low).any():
        low -= 1
    high = math.ceil(math.log10(max(true.max(), estimated.max(initial=0))))
    return 10.0**low, 10.0 ** max(high, low + 1)


def label_decades(axis: Axis) -> None:
    """Label powers of ten in plain text, such as 10⁻³: names in figures may have any characters."""
    axis.set_major_locator(LogLocator(10, numticks=8))
    axis.set_major_formatter(FuncFormatter(_power_of_ten))
    axis.set_minor_locator(NullLocator())


def _power_of_ten(value: float, _: object = None) -> str:
    """Return the text of a power of ten.

    >>> _power_of_ten(0.001), _power_of_ten(1), _power_of_ten(1e5)
    ('10⁻³', '1', '10⁵')
    """
    exponent = round(math.log10(value))
    if 0 <= exponent <= 3:
        return f"{10**exponent:,}"
    return "10" + str(exponent).translate(_SUPERSCRIPTS)
