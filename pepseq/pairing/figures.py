"""The figure of a pairing: the loss of each run, and the confidence of the pairs."""

import io
from collections.abc import Sequence

import numpy as np

from pepseq.pairing.method_interface import MethodResult
from pepseq.pairing.pairs import RowPair

FORMATS = ("png", "svg", "pdf")
_LOSSES = {
    "information": "Minus mutual information (nats)",
    "mirrortree": "Loss (no unit)",
    "diffpalm": "Cross-entropy of hidden residues (nats)",
}
_BINS = 20
_BLUE, _ORANGE, _GREY = "#2166ac", "#d6604d", "#8c8c8c"
_UNDATED = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def draw_pairing(
    result: MethodResult, pairs: Sequence[RowPair], picture_format: str, method: str = ""
) -> bytes:
    """Draw the loss of each run against its steps, and a histogram of the pairs' confidence.

    The loss is named as that of `method`. A method without steps has the histogram alone. Returns a
    picture in one of FORMATS.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(
        {
            "font.size": 7,
            "axes.labelsize": 8,
            "axes.linewidth": 0.6,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
            "svg.hashsalt": "pepseq",
        }
    ):
        panels = 2 if result.losses.size else 1
        figure = Figure(figsize=(2.8 * panels, 2.6), layout="constrained")
        axes = figure.subplots(1, panels, squeeze=False)[0]
        _draw_confidences(axes[-1], pairs)
        if panels == 2:
            _draw_losses(axes[0], result.losses, result.round_ends)
            axes[0].set_ylabel(_LOSSES.get(method, "Loss"))
        picture = io.BytesIO()
        figure.savefig(picture, format=picture_format, dpi=300, metadata=_UNDATED[picture_format])
    return picture.getvalue()


def _draw_losses(axes, losses: np.ndarray, round_ends: tuple[int, ...]) -> None:
    steps = np.arange(1, losses.shape[1] + 1)
    marker = "o" if len(steps) == 1 else None
    for number, run in enumerate(losses):
        label = "Runs" if number == 0 else None
        axes.plot(steps, run, color=_GREY, lw=0.5, alpha=0.6, marker=marker, label=label)
    mean = losses.mean(axis=0)
    axes.plot(steps, mean, color=_BLUE, lw=1.2, marker=marker, label="Their mean")
    for number, end in enumerate(round_ends):
        label = "Next round" if number == 0 else None
        axes.axvline(end + 0.5, color=_ORANGE, lw=0.8, ls=":", label=label)
    axes.set_xlabel("Step")
    axes.legend()


def _draw_confidences(axes, pairs: Sequence[RowPair]) -> None:
    groups = [[p.confidence for p in pairs if p.known == known] for known in (False, True)]
    edges = np.linspace(0, 1, _BINS + 1)
    edges[:-1] -= 1e-9  # a share of the runs may lie on an edge, and be rounded either way
    axes.hist(
        groups,
        bins=edges,
        stacked=True,
        color=[_BLUE, _ORANGE],
        label=["Pairs", "Known pairs"],
    )
    axes.set_xlim(0, 1)
    axes.set_xlabel("Confidence")
    axes.set_ylabel("Pairs")
    if groups[1]:
        axes.legend()
