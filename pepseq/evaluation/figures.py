"""The figures of an evaluation: each function draws one figure."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from pepseq.evaluation.figure_style import BLUE, GREY, INK, LIGHT_BLUE, ORANGE, PALE_BLUE
from pepseq.evaluation.metrics import FINE_LENGTH_BINS, in_bin
from pepseq.evaluation.summary import IdentityRow, LengthRow, ReliabilityBin
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS

CHEMISTRY = {
    "aliphatic": "GAVLIMP",
    "aromatic": "FYW",
    "polar": "STCNQ",
    "positive": "KRH",
    "negative": "DE",
}
"""Amino acids by the chemistry of their side chain, in the order of the figures."""

Shares = Sequence[float | None]
"""Percentages; None is undefined."""


def draw_accuracy_by_length(
    figure: Figure, lengths: np.ndarray, accuracy: np.ndarray, rows: Sequence[LengthRow]
) -> None:
    """Draw the hidden-residue accuracy by protein length, as boxes over proteins and as means.

    `lengths` in residues and `accuracy` in percent (NaN: nothing hidden) are of each protein;
    `rows` are those of lengths_fine.tsv.
    """
    boxes = [accuracy[in_bin(lengths, bounds)] for bounds in FINE_LENGTH_BINS.values()]
    columns = {
        "macro": "Reconstruction",
        "neighbours_macro": "Baseline: neighbours",
        "commonest_macro": "Baseline: commonest",
    }
    x_label = "Protein length in residues (number of proteins)"
    _draw_boxes_and_means(figure, "length", rows, boxes, columns, x_label)


def draw_accuracy_by_identity(
    figure: Figure, bands: Sequence[str], accuracy: np.ndarray, rows: Sequence[IdentityRow]
) -> None:
    """Draw the hidden-residue accuracy by identity to the nearest reference protein.

    `bands` and `accuracy` in percent (NaN: nothing hidden) are of each protein, without which there
    are no boxes; `rows` are those of identity.tsv for single bands.
    """
    band_of_protein = np.array(bands, dtype=object)
    boxes = [accuracy[band_of_protein == row["band"]] for row in rows[::-1]]
    columns = {
        "macro": "Reconstruction",
        "copy_macro": "Copy of the nearest",
        "commonest_macro": "Baseline: commonest",
    }
    x_label = "Identity to the nearest reference protein in % (number of proteins)"
    _draw_boxes_and_means(figure, "band", rows[::-1], boxes, columns, x_label)


def _draw_boxes_and_means(
    figure: Figure,
    name_column: str,
    rows: Sequence[Mapping[str, Any]],
    boxes: Sequence[np.ndarray],
    columns: Mapping[str, str],
    x_label: str,
) -> None:
    """Draw a box of the accuracies of each row's proteins, if there are any, and lines of columns.

    `columns` are those of macro accuracies, with their labels in the legend.
    """
    figure.set_size_inches(5.2, 3.0)
    axes = figure.add_subplot()
    boxes = [values[~np.isnan(values)] for values in boxes]
    if all(row[column] is None for row in rows for column in columns):
        return _write_nothing_hidden(axes)
    for place, values in enumerate(boxes):
        if values.size:
            _draw_box(axes, place, values)
    styles = ((BLUE, "o", "-"), (ORANGE, "s", "--"), (GREY, "^", ":"))
    for (column, label), (color, marker, style) in zip(columns.items(), styles, strict=True):
        axes.plot(
            range(len(rows)),
            [np.nan if row[column] is None else row[column] for row in rows],
            label=f"{label} (macro)",
            color=color,
            linestyle=style,
            linewidth=0.9,
            marker=marker,
            markersize=3.6,
            markerfacecolor=color if style == "-" else "white",
            markeredgewidth=0.8,
            zorder=4,
            clip_on=False,
        )
    names = [f"{row[name_column].replace('-', '–')}\n({row['proteins']:,})" for row in rows]
    axes.set_xticks(range(len(rows)), names)
    axes.set_xlim(-0.6, len(rows) - 0.4)
    axes.set_ylim(0, 100)
    axes.set_xlabel(x_label)
    axes.set_ylabel("Hidden-residue accuracy (%)")
    handles, labels = axes.get_legend_handles_labels()
    if any(values.size for values in boxes):
        handles.append(Patch(facecolor=PALE_BLUE, edgecolor=INK, linewidth=0.6))
        labels.append("Median, quartiles, 5–95 % of proteins")
    figure.legend(handles, labels, loc="outside upper center", ncols=2)


def _write_nothing_hidden(axes: Axes) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, "no hidden residues", ha="center", va="center", color=GREY)


def _draw_box(axes: Axes, place: int, accuracies: np.ndarray) -> None:
    """Draw a box from quartile to quartile, its median, and whiskers from 5 to 95 %."""
    line = {"color": INK, "linewidth": 0.6}
    axes.boxplot(
        [accuracies],
        positions=[place],
        widths=0.55,
        whis=(5, 95),
        showfliers=False,
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": PALE_BLUE, "edgecolor": INK, "linewidth": 0.6},
        medianprops={"color": INK, "linewidth": 1.0},
        whiskerprops=line,
        capprops=line,
    )


def label_heat_map(
    axes: Axes,
    values: np.ndarray,
    column_names: Sequence[str],
    row_names: Sequence[str],
    number_format: str,
    font_size: int,
    white_above: float,
) -> None:
    """Write percentages (rows, columns) on their colours, and names beside; NaN stays empty."""
    axes.set_facecolor("#eeeeee")
    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": font_size}
    for row, column in zip(*np.nonzero(~np.isnan(values)), strict=True):
        value = values[row, column]
        color = "white" if value > white_above else INK
        axes.text(column, row, format(value, number_format), color=color, **style)
    axes.set_xticks(range(len(column_names)), column_names)
    axes.set_yticks(range(len(row_names)), row_names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def draw_confusion_matrix(figure: Figure, counts: np.ndarray, readout: Readout) -> None:
    """Draw the confusion counts, (20, 20), each row in percent of its true amino acid.

    Rows are the hidden amino acids, columns these and any other that was predicted.
    """
    order = [AMINO_ACIDS.index(a) for group in CHEMISTRY.values() for a in group]
    hidden = {AMINO_ACIDS.index(a) for a in readout.unobserved}
    rows = [code for code in order if code in hidden]
    columns = [code for code in order if code in hidden or counts[:, code].any()]
    figure.set_size_inches(4.2, 3.7)
    axes = figure.add_subplot()
    if not counts.any():
        return _write_nothing_hidden(axes)
    part = counts[np.ix_(rows, columns)].astype(float)
    whole = part.sum(axis=1, keepdims=True)
    share = np.divide(100 * part, whole, out=np.full_like(part, np.nan), where=whole > 0)
    image = axes.imshow(share, cmap="Blues", norm=PowerNorm(0.5, 0, 100), aspect="equal")
    x_names, y_names = ([AMINO_ACIDS[code] for code in codes] for codes in (columns, rows))
    numbers = np.where(share >= 4.5, share, np.nan)
    label_heat_map(axes, numbers, x_names, y_names, ".0f", 5, white_above=30)
    _draw_chemistry(axes, rows, columns)
    axes.set_xlabel("Predicted amino acid")
    axes.set_ylabel("True amino acid")
    bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=25, pad=0.02)
    bar.set_ticks([0, 1, 5, 10, 25, 50, 75, 100])
    bar.set_label("Share of the true amino acid (%),\nscale of square roots")
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=2)


def _draw_chemistry(axes: Axes, rows: list[int], columns: list[int]) -> None:
    """Draw a thin line between the groups of amino acids, and name those of the columns."""
    group = {a: name for name, members in CHEMISTRY.items() for a in members}
    for codes, draw_line in ((rows, axes.axhline), (columns, axes.axvline)):
        names = [group[AMINO_ACIDS[code]] for code in codes]
        for place in range(1, len(names)):
            if names[place] != names[place - 1]:
                draw_line(place - 0.5, color=GREY, linewidth=0.5)
    for name in dict.fromkeys(names):
        middle = names.index(name) + (names.count(name) - 1) / 2
        style: dict[str, Any] = {"ha": "center", "va": "bottom", "color": INK, "fontsize": 5}
        axes.text(middle, 1.01, name, transform=axes.get_xaxis_transform(), **style)


def draw_recall_and_precision(
    figure: Figure, rows: Sequence[Mapping[str, Any]]
) -> dict[str, list[str]]:
    """Draw recall as a bar and precision as a ring for each row of amino_acids.tsv.

    Returns the titles of the rings: see `inline_svg`.
    """
    axes = figure.add_subplot()
    places = range(len(rows))
    axes.barh(places, [row["recall"] or 0 for row in rows], 0.6, color=LIGHT_BLUE, label="Recall")
    known = [place for place, row in enumerate(rows) if row["precision"] is not None]
    precision = [rows[place]["precision"] for place in known]
    ring: dict[str, Any] = {"markerfacecolor": "white", "markersize": 4, "clip_on": False}
    axes.plot(precision, known, "o", color=BLUE, label="Precision", gid="precision", **ring)
    axes.set_yticks(places, [row["amino_acid"] for row in rows])
    axes.set(xlim=(0, 100), ylim=(len(rows) - 0.5, -0.5), xlabel="Recall, precision (%)")
    figure.legend(loc="outside upper center", ncols=2)
    title = "{amino_acid}: precision {precision:.1f} %"
    return {"precision": [title.format_map(rows[place]) for place in known]}


def draw_reliability_diagram(
    figure: Figure, bins: Sequence[ReliabilityBin], calibration_error: float | None
) -> None:
    """Draw accuracy against confidence, with the share of residues in each bin below.

    `bins` are the rows of calibration.tsv; the expected calibration error is 0-1.
    """
    figure.set_size_inches(3.4, 3.9)
    points = [
        (row["mean_confidence"], row["accuracy"] / 100, row["residues"])
        for row in bins
        if row["mean_confidence"] is not None and row["accuracy"] is not None
    ]
    if not points:
        return _write_nothing_hidden(figure.add_subplot())
    confidence, right, residues = map(np.array, zip(*points, strict=True))
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1])
    top.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=0.8, label="Ideal")
    top.errorbar(
        confidence,
        right,
        yerr=np.abs(_wilson_interval(right, residues) - right),
        color=BLUE,
        marker="o",
        markersize=3.2,
        linewidth=0.9,
        elinewidth=0.6,
        label="Reconstruction, 95 % interval",
        clip_on=False,
    )
    top.set_ylim(0, 1)
    top.set_ylabel("Accuracy (fraction right)")
    text = f"ECE = {calibration_error:.3f}\n{residues.sum():,} residues"
    top.text(0.97, 0.05, text, ha="right", transform=top.transAxes)
    top.legend(loc="upper left")
    bottom.bar(
        [row["from"] for row in bins],
        [100 * row["residues"] / residues.sum() for row in bins],
        width=bins[0]["to"] - bins[0]["from"],
        align="edge",
        color=LIGHT_BLUE,
        edgecolor="white",
        linewidth=0.5,
    )
    bottom.set_xlim(0, 1)
    bottom.set_xlabel("Confidence")
    bottom.set_ylabel("Residues (%)")
    figure.align_ylabels()


def _wilson_interval(shares: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the lower and upper ends, (2, shares), of 95 % intervals (Wilson 1927)."""
    z = 1.96
    middle = shares + z**2 / (2 * counts)
    half = z * np.sqrt(shares * (1 - shares) / counts + z**2 / (4 * counts**2))
    return np.stack([middle - half, middle + half]) / (1 + z**2 / counts)
