"""The figures of an evaluation: PNG at 300 dpi, drawn without a display."""

from contextlib import contextmanager
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from pepseq.evaluation.match import Scores
from pepseq.evaluation.metrics import FINE_LENGTH_BINS, in_bin
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS

CHEMISTRY = {
    "aliphatic": "GAVLIMP",
    "aromatic": "FYW",
    "polar": "STCNQ",
    "positive": "KRH",
    "negative": "DE",
}
"""The order of amino acids in the confusion figure."""

_STYLE = {
    "font.family": "sans-serif",
    "font.size": 7,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "text.parse_math": False,  # a name may have any characters, $ too
}
INK, BLUE, _ORANGE, GREY, _PALE = "#222222", "#2166ac", "#d6604d", "#8c8c8c", "#d1e5f0"


@contextmanager
def figure_file(path: Path, width: float, height: float):
    """Yield a figure of this size in inches, and save it to `path`."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        figure.savefig(path, dpi=300, metadata={"Software": None})


def _nothing(axes) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, "no hidden residues", ha="center", va="center", color=GREY)


def accuracy_by_length(path: Path, scores: Scores, rows: list[dict]) -> None:
    """Draw the spread of the hidden-residue accuracy over proteins, by length.

    `rows` are `length_rows` of FINE_LENGTH_BINS: the macro accuracies of the reconstruction and
    of both baselines, in percent.
    """
    groups = [in_bin(scores["length"], bounds) for bounds in FINE_LENGTH_BINS.values()]
    names = [row["length"] for row in rows]
    lines = {"neighbours": "Baseline: neighbours", "commonest": "Baseline: commonest"}
    what = "Protein length in residues (number of proteins)"
    _accuracy_by(path, scores, groups, names, rows, lines, what)


def accuracy_by_identity(path: Path, scores: Scores, rows: list[dict], bands: list[str]) -> None:
    """Draw the spread of the hidden-residue accuracy over proteins, by band of identity.

    `rows` are the bands of `summarise_identity`, `bands` has the band of each protein of `scores`.
    """
    rows = rows[::-1]
    names = [row["band"] for row in rows]
    groups = [np.array(bands, dtype=object) == name for name in names]
    lines = {"copy": "Copy of the nearest", "commonest": "Baseline: commonest"}
    what = "Identity to the nearest reference protein in % (number of proteins)"
    _accuracy_by(path, scores, groups, names, rows, lines, what)


def _accuracy_by(
    path: Path,
    scores: Scores,
    groups: list[np.ndarray],
    names: list[str],
    rows: list[dict],
    lines: dict[str, str],
    what: str,
) -> None:
    """Draw a box for each group of proteins, and macro accuracies over them.

    `groups` say which proteins are in it, bool (proteins,); `rows` hold its number of proteins,
    `macro`, and the macro accuracies that `lines` (first part of the key: label) names.
    """
    with figure_file(path, 5.2, 3.0) as figure:
        axes = figure.add_subplot()
        if not any(row["proteins"] for row in rows):
            return _nothing(axes)
        hidden, correct = scores["hidden"], scores["correct"]
        for at, group in enumerate(groups):
            inside = group & (hidden > 0)
            if inside.any():
                _box(axes, at, 100 * correct[inside] / hidden[inside])
        _line(axes, rows, "macro", "Reconstruction (macro)", BLUE, "o", "-")
        styles = ((_ORANGE, "s", "--"), (GREY, "^", ":"))
        for (column, label), style in zip(lines.items(), styles, strict=True):
            _line(axes, rows, f"{column}_macro", f"{label} (macro)", *style)
        names = [name.replace("-", "–") for name in names]
        labels = [f"{n}\n({row['proteins']:,})" for n, row in zip(names, rows, strict=True)]
        axes.set_xticks(range(len(rows)), labels)
        axes.set_xlim(-0.6, len(rows) - 0.4)
        axes.set_ylim(0, 100)
        axes.set_xlabel(what)
        axes.set_ylabel("Hidden-residue accuracy (%)")
        box = Patch(facecolor=_PALE, edgecolor=INK, linewidth=0.6)
        handles, names = axes.get_legend_handles_labels()
        figure.legend(
            [*handles, box],
            [*names, "Median, quartiles, 5–95 % of proteins"],
            loc="outside upper center",
            ncols=2,
        )


def _box(axes, at: int, accuracies: np.ndarray) -> None:
    """Draw a box from quartile to quartile, its median, and whiskers from 5 to 95 %."""
    axes.boxplot(
        [accuracies],
        positions=[at],
        widths=0.55,
        whis=(5, 95),
        showfliers=False,
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": _PALE, "edgecolor": INK, "linewidth": 0.6},
        medianprops={"color": INK, "linewidth": 1.0},
        whiskerprops={"color": INK, "linewidth": 0.6},
        capprops={"color": INK, "linewidth": 0.6},
    )


def _line(axes, rows: list[dict], column: str, label: str, color: str, marker: str, style: str):
    means = [np.nan if row[column] is None else row[column] for row in rows]
    axes.plot(
        range(len(rows)),
        means,
        label=label,
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


def confusion(path: Path, counts: np.ndarray, readout: Readout) -> None:
    """Draw the confusion counts, (20, 20), each row in percent of its true amino acid.

    Rows are the hidden amino acids, columns these and any other that was predicted.
    """
    order = [AMINO_ACIDS.index(a) for group in CHEMISTRY.values() for a in group]
    hidden = {AMINO_ACIDS.index(a) for a in readout.unobserved}
    rows = [code for code in order if code in hidden]
    columns = [code for code in order if code in hidden or counts[:, code].any()]
    with figure_file(path, 4.2, 3.7) as figure:
        axes = figure.add_subplot()
        if not counts.any():
            return _nothing(axes)
        part = counts[np.ix_(rows, columns)].astype(float)
        whole = part.sum(axis=1, keepdims=True)
        share = np.divide(100 * part, whole, out=np.full_like(part, np.nan), where=whole > 0)
        image = axes.imshow(share, cmap="Blues", norm=PowerNorm(0.5, 0, 100), aspect="equal")
        axes.set_facecolor("#eeeeee")
        for row, column in zip(*np.nonzero(share >= 4.5), strict=True):
            value = share[row, column]
            color = "white" if value > 30 else INK
            text = f"{value:.0f}"
            axes.text(column, row, text, ha="center", va="center", color=color, fontsize=5)
        axes.set_xticks(range(len(columns)), [AMINO_ACIDS[code] for code in columns])
        axes.set_yticks(range(len(rows)), [AMINO_ACIDS[code] for code in rows])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        _divide(axes, rows, columns)
        axes.set_xlabel("Predicted amino acid")
        axes.set_ylabel("True amino acid")
        bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=25, pad=0.02)
        bar.set_ticks([0, 1, 5, 10, 25, 50, 75, 100])
        bar.set_label("Share of the true amino acid (%)")
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=2)


def _divide(axes, rows: list[int], columns: list[int]) -> None:
    """Draw a thin line between the groups of amino acids, and name those of the columns."""
    group = {a: name for name, members in CHEMISTRY.items() for a in members}
    for codes, draw in ((rows, axes.axhline), (columns, axes.axvline)):
        names = [group[AMINO_ACIDS[code]] for code in codes]
        for at in range(1, len(names)):
            if names[at] != names[at - 1]:
                draw(at - 0.5, color=GREY, linewidth=0.5)
    for name in dict.fromkeys(names):
        middle = names.index(name) + (names.count(name) - 1) / 2
        axes.text(
            middle,
            1.01,
            name,
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="bottom",
            color=INK,
            fontsize=5,
        )


def _wilson(shares: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the lower and upper ends, (2, shares), of 95 % intervals (Wilson 1927)."""
    z = 1.96
    middle = shares + z**2 / (2 * counts)
    half = z * np.sqrt(shares * (1 - shares) / counts + z**2 / (4 * counts**2))
    return np.stack([middle - half, middle + half]) / (1 + z**2 / counts)


def reliability(path: Path, calibration: dict) -> None:
    """Draw accuracy against confidence, with the residues of each bin below.

    `calibration` is what `Calibration.summary` returns.
    """
    bins = [row for row in calibration["bins"] if row["residues"]]
    with figure_file(path, 3.4, 3.9) as figure:
        if not bins:
            return _nothing(figure.add_subplot())
        rows, total = calibration["bins"], calibration["residues"]
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1])
        top.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=0.8, label="Ideal")
        right = np.array([row["accuracy"] / 100 for row in bins])
        top.errorbar(
            [row["mean_confidence"] for row in bins],
            right,
            yerr=np.abs(_wilson(right, np.array([row["residues"] for row in bins])) - right),
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
        error = calibration["expected_calibration_error"]
        top.text(
            0.97,
            0.05,
            f"ECE = {error:.3f}\n{total:,} residues",
            ha="right",
            transform=top.transAxes,
        )
        top.legend(loc="upper left")
        bottom.bar(
            [row["from"] for row in rows],
            [100 * row["residues"] / total for row in rows],
            width=rows[0]["to"] - rows[0]["from"],
            align="edge",
            color="#92c5de",
            edgecolor="white",
            linewidth=0.5,
        )
        bottom.set_xlim(0, 1)
        bottom.set_xlabel("Confidence")
        bottom.set_ylabel("Residues (%)")
        figure.align_ylabels()
