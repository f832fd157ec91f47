"""Draw overview.png: a read, its completed protein, and accuracy against identity.

It needs the files that the tour in README writes:

    pepseq mask data/ecoli_536.fasta -o reads.fasta --readout KCYM
    pepseq predict reads.fasta -o whole.fasta --table whole.tsv.gz
    pepseq evaluate data/ecoli_536.fasta whole.fasta --readout KCYM --table whole.tsv.gz \
        --reference bundled -o evaluation
    python docs/make_overview.py
"""

from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from pepseq.evaluation.figure_style import GREY, INK, ORANGE, styled_figure
from pepseq.sequences.fasta import read_fasta

EXAMPLE = "ecoli_536|00254"
ROW = 41
"""Residues in a row."""

COLOURS = LinearSegmentedColormap.from_list(
    "confidence", ["#fff3c4", "#c7e3d4", "#7fb8d6", "#3a78b8", "#16457f"]
)
"""Colours of confidences from 0 to 1."""


def draw_letters(axes: Axes, row: int, letters: str, **style: object) -> None:
    """Write letters, one in each column; spaces are left out."""
    for column, letter in enumerate(letters):
        if letter != " ":
            axes.text(column, row, letter, ha="center", va="center", family="monospace", **style)


def draw_protein(axes: Axes, read: str, residues: pd.DataFrame, truth: str) -> None:
    """Draw read, completed protein and true residues where it is wrong, in rows."""
    tiles = -(-len(read) // ROW)
    height = 3.6
    for tile in range(tiles):
        here = slice(tile * ROW, (tile + 1) * ROW)
        top = tile * height
        draw_letters(axes, top, read[here].replace("X", "·"), size=6.5, color=INK)
        for column, (_, residue) in enumerate(residues.iloc[here].iterrows()):
            observed = residue.source == "observed"
            colour = INK if observed else COLOURS(residue.confidence)
            corner = (column - 0.5, top + 0.5)
            axes.add_patch(matplotlib.patches.Rectangle(corner, 1, 1, color=colour, lw=0))
            dark = observed or residue.confidence > 0.6
            ink = "white" if dark else INK
            draw_letters(axes, top + 1, " " * column + residue.residue, size=6.5, color=ink)
        pairs = zip(residues.residue[here], truth[here], strict=True)
        wrong = "".join(" " if ours == true else true for ours, true in pairs)
        draw_letters(axes, top + 2, wrong, size=6.5, color=ORANGE, weight="bold")
        axes.text(-1.4, top, f"{here.start + 1}", ha="right", va="center", size=6, color=GREY)
    axes.set(xlim=(-1, ROW), ylim=(tiles * height - 1, -1))
    axes.axis("off")


def draw_accuracy(axes: Axes, proteins: pd.DataFrame, commonest: float) -> None:
    """Draw the accuracy of each protein against its identity to the nearest one."""
    identity = proteins.nearest_identity.fillna(0)
    style = {"cmap": COLOURS, "vmin": 0, "vmax": 1, "s": 16, "edgecolors": INK, "linewidths": 0.4}
    axes.scatter(identity, proteins.accuracy, c=proteins.confidence, clip_on=False, **style)
    axes.axhline(commonest, color=GREY, lw=0.8, ls="--", zorder=0)
    axes.text(100, commonest - 5, "the most common amino acid", size=6.5, color=GREY, ha="right")
    near = f"{(identity >= 90).sum()} proteins\nabove 90 %"
    axes.text(88, 98, near, size=6.5, color=GREY, ha="right", va="center")
    axes.set(xlim=(0, 101), ylim=(0, 101))
    axes.set_xlabel("identity to the nearest reference protein, %")
    axes.set_ylabel("hidden residues that are right, %")


def draw(figure: Figure, residues: pd.DataFrame, evaluation: Path) -> None:
    """Draw all panels from the table of residues and the folder of the evaluation."""
    reads = {record.id: record.sequence for record in read_fasta("reads.fasta")}
    truths = {record.id: record.sequence for record in read_fasta("data/ecoli_536.fasta")}
    proteins = pd.read_csv(evaluation / "proteins.tsv", sep="\t").set_index("id")
    hidden = residues[residues.source == "predicted"]
    proteins["confidence"] = hidden.groupby("id").confidence.mean()
    baselines = pd.read_csv(evaluation / "baselines.tsv", sep="\t").set_index("baseline")
    example = residues[residues.id == EXAMPLE]
    row = proteins.loc[EXAMPLE]

    figure.set_size_inches(7.6, 3.5)
    left, right = figure.subplots(1, 2, width_ratios=[1.6, 1])
    left.set_title(
        f"{EXAMPLE}: read with K, C, Y and M, and completed protein\n"
        f"{row.correct} of {row.hidden} hidden residues are right; orange: true residue if not",
        size=8,
        loc="left",
    )
    draw_protein(left, reads[EXAMPLE], example, truths[EXAMPLE])
    right.set_title(
        f"{len(proteins)} proteins of E. coli 536, KCYM\nreference: E. coli K-12 and EC590",
        size=8,
        loc="left",
    )
    draw_accuracy(right, proteins, baselines.macro["commonest"])
    scale = ScalarMappable(Normalize(0, 1), COLOURS)
    figure.colorbar(scale, ax=right, label="confidence", shrink=0.8, aspect=30)


def main(output: Path) -> None:
    """Draw the figure and save it."""
    residues = pd.read_csv("whole.tsv.gz", sep="\t", keep_default_na=False)
    with styled_figure() as figure:
        draw(figure, residues, Path("evaluation"))
        figure.savefig(output, dpi=200)


if __name__ == "__main__":
    main(Path(__file__).with_name("overview.png"))
