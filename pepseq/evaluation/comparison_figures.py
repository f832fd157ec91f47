"""The figures of evaluations side by side and of pairings: PNG at 300 dpi, without a display."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps

from pepseq.evaluation.compare import Evaluated
from pepseq.evaluation.figures import BLUE, CHEMISTRY, GREY, INK, figure_file

_ORDER = "".join(CHEMISTRY.values())


def _by_readout(rows: Sequence[Evaluated]) -> dict[str, list[Evaluated]]:
    return {
        readout: [one for one in rows if one.key[0] == readout]
        for readout in dict.fromkeys(one.key[0] for one in rows)
    }


def _grid(path: Path, panels: int, width: float, height: float, draw: Callable) -> None:
    """Draw panels of this size in inches, up to three in a row; `draw` gets axes and number."""
    columns = min(panels, 3)
    lines = -(-panels // columns)
    with figure_file(path, width * columns, height * lines) as figure:
        axes = figure.subplots(lines, columns, squeeze=False).flat
        for at, one in enumerate(axes):
            one.set_visible(at < panels)
            if at < panels:
                draw(one, at)


def _image(axes, values: np.ndarray, across: Sequence[str], down: Sequence[str], form: str):
    """Draw percentages (down, across) as colours with their numbers; NaN stays empty."""
    axes.imshow(values, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    axes.set_facecolor("#eeeeee")
    for row, column in zip(*np.nonzero(~np.isnan(values)), strict=True):
        value = values[row, column]
        axes.text(
            column,
            row,
            format(value, form),
            ha="center",
            va="center",
            color="white" if value > 60 else INK,
            fontsize=7 if len(across) < 10 else 5,
        )
    axes.set_xticks(range(len(across)), across)
    axes.set_yticks(range(len(down)), down)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def cross(path: Path, rows: Sequence[Evaluated]) -> None:
    """Draw the macro accuracy in percent by training and test set, one panel a readout."""
    groups = _by_readout(rows)
    trained = list(dict.fromkeys(one.key[1] for one in rows))
    tested = list(dict.fromkeys(one.key[2] for one in rows))

    def draw(axes, at: int) -> None:
        readout, group = list(groups.items())[at]
        across = [name for name in trained if any(one.key[1] == name for one in group)]
        down = [name for name in tested if any(one.key[2] == name for one in group)]
        values = np.full((len(down), len(across)), np.nan)
        for one in group:
            if one.row["macro"] is not None:
                values[down.index(one.key[2]), across.index(one.key[1])] = one.row["macro"]
        _image(axes, values, across, down, ".1f")
        axes.set_title(readout, fontsize=8)
        axes.set_xlabel("Trained on")
        axes.set_ylabel("Tested on")

    longest = max(map(len, (*trained, *tested)))
    wide = 1.0 + 0.07 * longest + max(0.7, 0.07 * longest) * len(trained)
    _grid(path, len(groups), wide, 0.8 + 0.35 * len(tested), draw)


def lengths(path: Path, rows: Sequence[Evaluated]) -> None:
    """Draw the macro accuracy by protein length, one panel a readout, one line an evaluation."""
    groups = _by_readout(rows)
    colours = {
        name: colormaps["tab10"](at % 10)
        for at, name in enumerate(dict.fromkeys(one.key[1] for one in rows))
    }
    styles = {
        name: ("-", "--", ":", "-.")[at % 4]
        for at, name in enumerate(dict.fromkeys(one.key[2] for one in rows))
    }

    def draw(axes, at: int) -> None:
        readout, group = list(groups.items())[at]
        for one in group:
            _, trained, tested = one.key
            axes.plot(
                range(len(one.lengths)),
                [float(row["macro"] or "nan") for row in one.lengths],
                color=colours[trained],
                linestyle=styles[tested],
                linewidth=0.9,
                marker="o",
                markersize=2,
                label=f"{trained} on {tested}",
            )
        names = [row["length"].replace("-", "–") for row in group[0].lengths]
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
        axes.set_ylim(0, 100)
        axes.set_title(readout, fontsize=8)
        axes.set_xlabel("Protein length in residues")
        axes.set_ylabel("Hidden-residue accuracy,\nmacro (%)")
        axes.legend(title="Trained on … on …", title_fontsize=6, fontsize=5)

    _grid(path, len(groups), 3.0, 2.7, draw)


def amino_acids(path: Path, rows: Sequence[Evaluated]) -> None:
    """Draw the recall of each hidden amino acid in percent, one line an evaluation."""
    names = [
        f"{readout}: {trained} on {tested}"
        for readout, trained, tested in (one.key for one in rows)
    ]
    values = np.full((len(rows), len(_ORDER)), np.nan)
    for at, one in enumerate(rows):
        for row in one.amino_acids:
            values[at, _ORDER.index(row["amino_acid"])] = float(row["recall"] or "nan")

    def draw(axes, _: int) -> None:
        _image(axes, values, _ORDER, names, ".0f")
        for at in np.cumsum([len(group) for group in CHEMISTRY.values()])[:-1]:
            axes.axvline(at - 0.5, color=GREY, linewidth=0.5)
        axes.set_xlabel("Hidden amino acid")
        axes.set_title("Recall (%)", fontsize=8)

    wide = 4.6 + 0.055 * max(map(len, names))
    _grid(path, 1, wide, 0.8 + 0.18 * len(rows), draw)


def pairing(path: Path, rows: Sequence[dict]) -> None:
    """Draw the share of true pairs found in percent, one bar a table of pairs, beside chance.

    `rows` are those of `accuracy_rows`.
    """
    names = [row["method"] or Path(row["pairs"]).name for row in rows]

    def draw(axes, _: int) -> None:
        at = np.arange(len(rows))
        found, chance = (
            [np.nan if row[name] is None else row[name] for row in rows]
            for name in ("accuracy", "chance")
        )
        axes.bar(at, found, 0.6, color=BLUE, label="Pairs found")
        axes.hlines(chance, at - 0.4, at + 0.4, color=INK, linestyle="--", label="Chance")
        axes.set_xticks(at, names, rotation=20, ha="right")
        axes.set_xlim(-0.6, len(rows) - 0.4)
        axes.set_ylim(0, 100)
        axes.set_ylabel("Correct pairs (%)")
        axes.legend()

    _grid(path, 1, 1.6 + 0.6 * len(rows), 2.8, draw)
