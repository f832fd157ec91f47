"""From scores to a summary, and from both to the tables of an evaluation folder."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pepseq.evaluation.baselines import BASELINES, Baselines
from pepseq.evaluation.match import Scores, observed_counts
from pepseq.evaluation.metrics import (
    FINE_LENGTH_BINS,
    LENGTH_BINS,
    amino_acid_rows,
    fully_right,
    in_bin,
    macro,
    micro,
    percent,
    spread,
)
from pepseq.io.run_record import to_json
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS

if TYPE_CHECKING:
    from pepseq.evaluation.nearest import Nearest

NAMES = (
    "summary.json",
    "proteins.tsv",
    "amino_acids.tsv",
    "confusion.tsv",
    "lengths.tsv",
    "lengths_fine.tsv",
    "baselines.tsv",
    "calibration.tsv",
    "surest.tsv",
    "identity.tsv",
    "accuracy_by_length.png",
    "confusion.png",
    "reliability.png",
    "accuracy_by_identity.png",
)
"""Every file that an evaluation folder may hold."""

AMINO_ACID = ("amino_acid", "n", "correct", "recall", "predicted", "precision")
"""The columns of amino_acids.tsv, which has no row if the readout hides nothing."""

_FORMATS = dict.fromkeys(("from", "to", "mean_confidence", "expected_calibration_error"), ".4f")


def summarise(
    scores: Scores,
    readout: Readout,
    records: dict[str, int],
    baselines: Baselines | None,
    calibration: dict | None,
    by_identity: dict | None = None,
) -> dict:
    """Return what summary.json holds.

    Shares are in percent, confidences and the calibration error in 0-1, None is undefined. Every
    share, and the number of all and of unknown residues, leave out proteins with nothing hidden.
    `baselines` is None if nothing is hidden at all.
    """
    hidden, correct = scores["hidden"], scores["correct"]
    scored = hidden > 0
    known, identical = scores["known"][scored], scores["identical"][scored]
    observed, wrong = observed_counts(scores)
    return {
        "readout": str(readout),
        "records": records,
        "proteins": {
            "scored": int(scored.sum()),
            "nothing_hidden": int((~scored).sum()),
            "fully_right": int(((hidden == correct) & scored).sum()),
        },
        "residues": {
            "all": int(scores["length"][scored].sum()),
            "unknown": int((scores["length"][scored] - known).sum()),
            "hidden": int(hidden.sum()),
            "hidden_and_right": int(correct.sum()),
            "observed": int(observed.sum()),
            "observed_and_wrong": int(wrong.sum()),
        },
        "hidden_residue_accuracy": _shares(correct, hidden),
        "identity": {"macro": macro(identical, known), "micro": micro(identical, known)},
        "fully_right": fully_right(correct, hidden),
        "baselines": [
            {
                "baseline": name,
                "fitted_on": baselines.fitted_on if baselines else None,
                **_shares(scores[name], hidden),
                "fully_right": fully_right(scores[name], hidden),
            }
            for name in BASELINES
        ],
        "by_length": length_rows(scores, LENGTH_BINS),
        "by_identity": by_identity,
        "calibration": calibration,
    }


def _shares(part: np.ndarray, whole: np.ndarray) -> dict:
    return {"macro": macro(part, whole), "sd": spread(part, whole), "micro": micro(part, whole)}


def length_rows(scores: Scores, bins: dict[str, tuple[float, float]]) -> list[dict]:
    """Return one row for each class of lengths, over its proteins with something hidden.

    macro, sd (between proteins, n - 1) and micro of the hidden-residue accuracy; the macro of each
    baseline; all in percent.
    """
    rows = []
    for name, bounds in bins.items():
        inside = in_bin(scores["length"], bounds) & (scores["hidden"] > 0)
        hidden = scores["hidden"][inside]
        rows.append(
            {
                "length": name,
                "proteins": int(inside.sum()),
                **_shares(scores["correct"][inside], hidden),
                **{f"{base}_macro": macro(scores[base][inside], hidden) for base in BASELINES},
            }
        )
    return rows


def write_report(
    folder: Path,
    scores: Scores,
    readout: Readout,
    summary: dict,
    nearest: "Nearest | None" = None,
) -> None:
    """Write the files of an evaluation into an empty folder."""
    from pepseq.evaluation import figures
    from pepseq.evaluation.figure_style import save_png

    fine = length_rows(scores, FINE_LENGTH_BINS)
    (folder / "summary.json").write_bytes(to_json(_rounded(summary)))
    write_rows(folder / "proteins.tsv", _protein_rows(scores, nearest))
    write_rows(folder / "amino_acids.tsv", amino_acid_rows(scores.confusion, readout), AMINO_ACID)
    write_rows(folder / "confusion.tsv", _confusion_rows(scores.confusion))
    write_rows(folder / "lengths.tsv", summary["by_length"])
    write_rows(folder / "lengths_fine.tsv", fine)
    write_rows(folder / "baselines.tsv", summary["baselines"])
    accuracy = scores.accuracy
    save_png(
        folder / "accuracy_by_length.png",
        figures.draw_accuracy_by_length,
        scores["length"],
        accuracy,
        fine,
    )
    save_png(folder / "confusion.png", figures.draw_confusion_matrix, scores.confusion, readout)
    if calibration := summary["calibration"]:
        write_rows(folder / "calibration.tsv", calibration["bins"])
        write_rows(folder / "surest.tsv", calibration["surest"])
        save_png(
            folder / "reliability.png",
            figures.draw_reliability_diagram,
            calibration["bins"],
            calibration["expected_calibration_error"],
        )
    if by_identity := summary["by_identity"]:
        bands = by_identity["bands"]
        write_rows(folder / "identity.tsv", [*bands, by_identity["without_identical"]])
        save_png(
            folder / "accuracy_by_identity.png",
            figures.draw_accuracy_by_identity,
            nearest.bands,
            accuracy,
            bands,
        )


def _protein_rows(scores: Scores, nearest: "Nearest | None") -> Iterable[dict]:
    for at, (name, row) in enumerate(zip(scores.ids, scores.counts.tolist(), strict=True)):
        length, hidden, correct, known, identical, *_ = row
        cells = {
            "id": name,
            "length": length,
            "hidden": hidden,
            "correct": correct,
            "accuracy": percent(correct, hidden),
            "identity": percent(identical, known),
            "fully_right": int(correct == hidden) if hidden else None,
        }
        if nearest is not None:
            share = float(nearest.identity[at])
            cells["nearest"] = nearest.names[at]
            cells["nearest_identity"] = None if math.isnan(share) else share
            cells["copied"] = int(nearest.copied[at])
        yield cells


def _confusion_rows(counts: np.ndarray) -> Iterable[dict]:
    for name, row in zip(AMINO_ACIDS, counts.tolist(), strict=True):
        yield {"true": name, **dict(zip(AMINO_ACIDS, row, strict=True))}


def write_rows(path: Path, rows: Iterable[dict], columns: Iterable[str] = ()) -> None:
    """Write rows with the same keys as TSV: shares with 2 decimals, confidences with 4.

    `columns` are those of a table that may have no row.
    """
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
        stream.write("\t".join(columns) + "\n" if columns else "")
        for number, row in enumerate(rows):
            if not number and not columns:
                stream.write("\t".join(row) + "\n")
            stream.write("\t".join(_cell(name, value) for name, value in row.items()) + "\n")


def _cell(column: str, value: str | int | float | None) -> str:
    if value is None:
        return ""
    return format(value, _FORMATS.get(column, ".2f")) if isinstance(value, float) else str(value)


def _rounded(value):
    """Round every float to 6 decimals, and refuse what JSON cannot hold."""
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("expected a number or None in a summary")
        return round(value, 6)
    return value
