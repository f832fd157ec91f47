"""The figures of evaluations side by side and of pairings: each function draws one figure."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pepseq.evaluation.figure_style import BLUE, GREY, INK, ORANGE
from pepseq.evaluation.figures import CHEMISTRY, Shares, label_heat_map

if TYPE_CHECKING:
    from pepseq.evaluation.compare import ComparedEvaluation

_AMINO_ACIDS = "".join(CHEMISTRY.values())
_MAX_PANELS_IN_A_ROW = 3


def _draw_panels(
    figure: Figure,
    evaluations: Sequence["ComparedEvaluation"],
    width: float,
    height: float,
    draw_panel: Callable[[Axes, "list[ComparedEvaluation]"], None],
) -> None:
    """Draw a panel of this size in inches for each readout, by its evaluations."""
    groups: dict[str, list[ComparedEvaluation]] = {}
    for evaluation in evaluations:
        groups.setdefault(evaluation.key.readout, []).append(evaluation)
    columns = min(len(groups), _MAX_PANELS_IN_A_ROW)
    rows = -(-len(groups) // columns)
    figure.set_size_inches(width * columns, height * rows)
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in panels[len(groups) :]:
        axes.set_visible(False)
    for axes, (readout, group) in zip(panels, groups.items(), strict=False):
        draw_panel(axes, group)
        axes.set_title(readout, fontsize=8)


def _draw_heat_map(
    axes: Axes, values: np.ndarray, columns: Sequence[str], rows: Sequence[str], number_format: str
) -> None:
    """Draw percentages (rows, columns) as colours with their numbers; NaN stays empty."""
    axes.imshow(values, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    font_size = 7 if len(columns) < 10 else 5
    label_heat_map(axes, values, columns, rows, number_format, font_size, white_above=60)


def draw_cross_evaluation(figure: Figure, evaluations: Sequence["ComparedEvaluation"]) -> None:
    """Draw the macro accuracy in percent by training and test set, one panel a readout."""
    training_sets = list(dict.fromkeys(evaluation.key.trained_on for evaluation in evaluations))
    test_sets = list(dict.fromkeys(evaluation.key.tested_on for evaluation in evaluations))

    def draw_readout(axes: Axes, group: "list[ComparedEvaluation]") -> None:
        accuracy = {(e.key.tested_on, e.key.trained_on): e.row["macro"] for e in group}
        columns = [n for n in training_sets if any(n == trained for _, trained in accuracy)]
        rows = [n for n in test_sets if any(n == tested for tested, _ in accuracy)]
        cells = [[accuracy.get((row, column)) for column in columns] for row in rows]
        _draw_heat_map(axes, np.array(cells, np.float64), columns, rows, ".1f")
        axes.set_xlabel("Trained on")
        axes.set_ylabel("Tested on")

    longest = max(map(len, (*training_sets, *test_sets)))
    width = 1.0 + 0.07 * longest + max(0.7, 0.07 * longest) * len(training_sets)
    _draw_panels(figure, evaluations, width, 0.8 + 0.35 * len(test_sets), draw_readout)
    figure.supxlabel("Hidden-residue accuracy, macro (%)", fontsize=7, color=GREY)


def draw_accuracies_by_length(figure: Figure, evaluations: Sequence["ComparedEvaluation"]) -> None:
    """Draw the macro accuracy by protein length, one panel a readout, one line an evaluation."""
    training_sets = dict.fromkeys(evaluation.key.trained_on for evaluation in evaluations)
    test_sets = dict.fromkeys(evaluation.key.tested_on for evaluation in evaluations)
    colours = {name: colormaps["tab10"](n % 10) for n, name in enumerate(training_sets)}
    styles = {name: ("-", "--", ":", "-.")[n % 4] for n, name in enumerate(test_sets)}

    def draw_readout(axes: Axes, group: "list[ComparedEvaluation]") -> None:
        for evaluation in group:
            _, trained_on, tested_on = evaluation.key
            axes.plot(
                range(len(evaluation.lengths)),
                [float(row["macro"] or "nan") for row in evaluation.lengths],
                color=colours[trained_on],
                linestyle=styles[tested_on],
                linewidth=0.9,
                marker="o",
                markersize=2,
                label=f"trained on {trained_on}, tested on {tested_on}",
            )
        names = [row["length"].replace("-", "–") for row in group[0].lengths]
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
        axes.set_ylim(0, 100)
        axes.set_xlabel("Protein length in residues")
        axes.set_ylabel("Hidden-residue accuracy,\nmacro (%)")
        axes.legend(fontsize=5)

    _draw_panels(figure, evaluations, 3.0, 2.7, draw_readout)


def draw_amino_acid_recall(figure: Figure, evaluations: Sequence["ComparedEvaluation"]) -> None:
    """Draw the recall of each hidden amino acid in percent, one line an evaluation."""
    names = ["{}: {} on {}".format(*evaluation.key) for evaluation in evaluations]
    recall = np.full((len(evaluations), len(_AMINO_ACIDS)), np.nan)
    for number, evaluation in enumerate(evaluations):
        for row in evaluation.amino_acids:
            recall[number, _AMINO_ACIDS.index(row["amino_acid"])] = float(row["recall"] or "nan")
    width = 4.6 + 0.055 * max(map(len, names))
    figure.set_size_inches(width, 0.8 + 0.18 * len(evaluations))
    axes = figure.add_subplot()
    _draw_heat_map(axes, recall, _AMINO_ACIDS, names, ".0f")
    for end in np.cumsum([len(group) for group in CHEMISTRY.values()])[:-1]:
        axes.axvline(end - 0.5, color=GREY, linewidth=0.5)
    axes.set_xlabel("Hidden amino acid")
    axes.set_title("Recall (%)", fontsize=8)


def draw_pair_accuracy(
    figure: Figure, names: Sequence[str], accuracy: Shares, chance: Shares
) -> None:
    """Draw the percentage of true pairs found, one bar a table of pairs, and that of chance."""
    figure.set_size_inches(4.2, 1.1 + 0.3 * len(names))
    axes = figure.add_subplot()
    places = np.arange(len(names))[::-1]
    shares, chances = (np.array(values, np.float64) for values in (accuracy, chance))
    axes.barh(places, shares, 0.6, color=BLUE, label="Pairs found")
    style: dict[str, Any] = {"color": ORANGE, "linestyle": "--", "label": "Chance"}
    axes.vlines(chances, places - 0.4, places + 0.4, **style)
    for place, share in zip(places, shares, strict=True):
        if not np.isnan(share):
            axes.text(share, place, f" {share:.1f}", va="center", color=INK, fontsize=6)
    axes.set_yticks(places, names)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlim(0, 100)
    axes.set_xlabel("True pairs found (%)")
    figure.legend(loc="outside upper center", ncols=2)
