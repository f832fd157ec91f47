"""Loss curves of a training run as a table and a figure."""

from pathlib import Path
from typing import Any

import pandas as pd

COLUMNS = {
    "step": "step",
    "epoch": "epoch",
    "loss": "train_loss",
    "eval_loss": "validation_loss",
    "eval_accuracy": "validation_accuracy",
    "learning_rate": "learning_rate",
}


def metrics_table(log_history: list[dict[str, Any]]) -> pd.DataFrame:
    """Return one row per logged step: step, epoch, losses, validation accuracy, learning rate.

    Losses are in nats per scored residue; the accuracy is micro, over hidden residues, 0 to 1.
    """
    rows = [row for row in log_history if "loss" in row or "eval_loss" in row]
    table = pd.DataFrame(rows).reindex(columns=list(COLUMNS)).rename(columns=COLUMNS)
    return table.groupby("step", as_index=False).first()


def plot_losses(table: pd.DataFrame, path: Path) -> None:
    """Plot training loss, validation loss and validation accuracy against the step."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(4.6, 3.2), dpi=200, layout="constrained")
    axes = figure.subplots()
    train = table.dropna(subset="train_loss")
    validation = table.dropna(subset="validation_loss")
    axes.plot(train.step, train.train_loss, color="0.65", lw=1, label="training loss")
    axes.plot(
        validation.step,
        validation.validation_loss,
        "o-",
        ms=3,
        color="#0072B2",
        label="validation loss",
    )
    axes.set_xlabel("step")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_ylabel("cross-entropy (nats per residue)")
    right = axes.twinx()
    right.plot(
        validation.step,
        100 * validation.validation_accuracy,
        "s--",
        ms=3,
        color="#D55E00",
        label="validation accuracy",
    )
    right.set_ylabel("hidden-residue accuracy, micro (%)")
    handles = [*axes.get_lines(), *right.get_lines()]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False, fontsize=7)
    axes.spines["top"].set_visible(False)
    right.spines["top"].set_visible(False)
    figure.savefig(path)
