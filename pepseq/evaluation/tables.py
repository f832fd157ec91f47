"""The tables and figures of an evaluation folder."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pepseq.evaluation.config import figure_files
from pepseq.evaluation.metrics import FINE_LENGTH_BINS, amino_acid_rows
from pepseq.evaluation.result import Evaluation, length_rows
from pepseq.evaluation.summary import AminoAcidRow, Summary
from pepseq.io.multiqc import Statistic, format_multiqc
from pepseq.io.run_record import to_json
from pepseq.io.tables import format_tsv
from pepseq.sequences.residues import AMINO_ACIDS

EVALUATION_FILES = (
    "summary.json",
    "evaluation_mqc.json",
    "proteins.tsv",
    "amino_acids.tsv",
    "confusion.tsv",
    "lengths.tsv",
    "lengths_fine.tsv",
    "baselines.tsv",
    "calibration.tsv",
    "surest.tsv",
    "identity.tsv",
    *figure_files(("accuracy_by_length", "confusion", "reliability", "accuracy_by_identity")),
)
"""Every file that an evaluation folder may hold."""

_FORMATS = dict.fromkeys(("from", "to", "mean_confidence", "expected_calibration_error"), ".4f")


def write_evaluation(
    folder: Path, evaluation: Evaluation, sample: str, formats: Sequence[str]
) -> None:
    """Write the files of an evaluation into an empty folder.

    `sample` is its name in MultiQC, and `formats` are those of figures.
    """
    scores, summary = evaluation.scores, evaluation.summary
    (folder / "summary.json").write_bytes(to_json(_rounded(summary)))
    (folder / "evaluation_mqc.json").write_bytes(_for_multiqc(summary, sample))
    write_rows(folder / "proteins.tsv", evaluation.protein_rows())
    amino_acids = amino_acid_rows(scores.confusion, evaluation.readout)
    write_rows(folder / "amino_acids.tsv", amino_acids, AminoAcidRow.__annotations__)
    confusion = zip(AMINO_ACIDS, scores.confusion.tolist(), strict=True)
    rows = [{"true": name, **dict(zip(AMINO_ACIDS, row, strict=True))} for name, row in confusion]
    write_rows(folder / "confusion.tsv", rows)
    write_rows(folder / "lengths.tsv", summary["by_length"])
    write_rows(folder / "lengths_fine.tsv", length_rows(scores, FINE_LENGTH_BINS))
    write_rows(folder / "baselines.tsv", summary["baselines"])
    if calibration := summary["calibration"]:
        write_rows(folder / "calibration.tsv", calibration["bins"])
        write_rows(folder / "surest.tsv", calibration["surest"])
    if by_identity := summary["by_identity"]:
        rows_by_identity = [*by_identity["bands"], by_identity["without_identical"]]
        write_rows(folder / "identity.tsv", rows_by_identity)
    _draw_figures(folder, evaluation, formats)


def _for_multiqc(summary: Summary, sample: str) -> bytes:
    """Return the accuracy and the calibration error for MultiQC."""
    shares, calibration = summary["hidden_residue_accuracy"], summary["calibration"]
    by_identity = summary["by_identity"]
    others = by_identity["without_identical"] if by_identity else None
    mean = "Hidden-residue accuracy, mean over proteins"
    new = f"{mean} that are not in the reference letter for letter"
    error = calibration and calibration["expected_calibration_error"]
    statistics = {
        "macro": Statistic(shares["macro"], "Accuracy", mean, " %", 100),
        "macro_new": Statistic(others and others["macro"], "Accuracy, new", new, " %", 100),
        "ece": Statistic(error, "ECE", "Expected calibration error of the confidences", "", 1),
        "proteins": Statistic(summary["proteins"]["scored"], "Proteins", "Scored proteins"),
    }
    return format_multiqc("pepseq_evaluate", sample, statistics)


def _draw_figures(folder: Path, evaluation: Evaluation, formats: Sequence[str]) -> None:
    from pepseq.evaluation import figures
    from pepseq.evaluation.figure_style import save_figures

    scores, summary = evaluation.scores, evaluation.summary
    accuracy, fine = scores.accuracy, length_rows(scores, FINE_LENGTH_BINS)
    path = folder / "accuracy_by_length"
    save_figures(path, formats, figures.draw_accuracy_by_length, scores["length"], accuracy, fine)
    matrix = scores.confusion, evaluation.readout
    save_figures(folder / "confusion", formats, figures.draw_confusion_matrix, *matrix)
    if calibration := summary["calibration"]:
        bins, error = calibration["bins"], calibration["expected_calibration_error"]
        draw = figures.draw_reliability_diagram
        save_figures(folder / "reliability", formats, draw, bins, error)
    if evaluation.nearest and (by_identity := summary["by_identity"]):
        shown = evaluation.nearest.bands, accuracy, by_identity["bands"]
        draw_bands = figures.draw_accuracy_by_identity
        save_figures(folder / "accuracy_by_identity", formats, draw_bands, *shown)


def write_rows(
    path: Path, rows: Iterable[Mapping[str, object]], columns: Iterable[str] = ()
) -> None:
    """Write rows with the same keys as TSV: shares with 2 decimals, confidences with 4.

    `columns` are those of a table that may have no row.
    """
    cells = [{name: _format_cell(name, cell) for name, cell in row.items()} for row in rows]
    path.write_bytes(format_tsv([list(columns) or list(cells[0]), *(c.values() for c in cells)]))


def _format_cell(column: str, value: object) -> object:
    return format(value, _FORMATS.get(column, ".2f")) if isinstance(value, float) else value


def _rounded(value: Any) -> Any:
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
