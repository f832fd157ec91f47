"""Evaluation of a table of amounts against a table of true ones: tables and figures in a folder."""

import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pepseq.errors import InputError, SettingsError
from pepseq.evaluation.config import (
    PNG,
    QuantityEvaluationConfig,
    check_figure_formats,
    figure_files,
)
from pepseq.evaluation.quantities import (
    GROUP_COLUMNS,
    QuantityEvaluation,
    evaluate_quantities,
)
from pepseq.evaluation.tables import write_rows
from pepseq.io.atomic_files import disk_errors
from pepseq.io.dataframes import is_parquet
from pepseq.io.files import check_inputs
from pepseq.io.output_folder import check_output_folder
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.run_record import run_record, to_json
from pepseq.io.tables import read_columns

QUANTITY_EVALUATION_FILES = (
    "summary.json",
    "groups.tsv",
    "by_reads.tsv",
    *figure_files(("scatter", "error_by_reads")),
)
"""Every file of an evaluation of amounts; those by reads only if the truth has numbers of reads."""

_SHARES = ("share_found", "false_discovery_rate", "coverage")


def evaluate_quantity_tables(
    truth: str | Path,
    table: str | Path,
    output: str | Path,
    *,
    max_q: float = QuantityEvaluationConfig.max_q,
    figures: Sequence[str] = PNG,
    force: bool = False,
) -> QuantityEvaluation:
    """Compare a table that `quantify` wrote with the true amounts, TSV or Parquet both.

    Columns and settings are those of `evaluate_quantities`. `output` becomes a folder of tables and
    figures, in these formats: png, svg, pdf; `<output>.run.json` lies beside it.

    Raises SettingsError, InputError, OutputError and TryAgainError.
    """
    started = time.time()
    QuantityEvaluationConfig(max_q)
    formats = check_figure_formats(figures)
    inputs = [truth, table]
    if STDIO in map(str, inputs):
        raise SettingsError("truth and table: expected files, found - (stdin)")
    output = check_output_folder(
        output, inputs, force, QUANTITY_EVALUATION_FILES, "an evaluation of amounts"
    )
    check_inputs(inputs)
    _refuse_swapped(truth, table, output)
    evaluation = evaluate_quantities(Path(truth), Path(table), max_q=max_q)
    with Outputs() as outputs, disk_errors(output):
        _write(outputs.folder(output, "evaluation of amounts", force), evaluation, formats)
        settings = {"truth": truth, "table": table, "max_q": max_q}
        outputs.record(output, run_record("evaluate-quantities", settings, inputs, started))
    return evaluation


def _refuse_swapped(truth: str | Path, table: str | Path, output: Path) -> None:
    """Raise InputError if TRUTH has the columns of TABLE, and TABLE those of TRUTH."""
    if is_parquet(truth) or is_parquet(table):
        return
    of_truth, of_table = ({name.strip() for name in read_columns(path)} for path in (truth, table))
    if "protein" in of_table - of_truth and "proteins" in of_truth - of_table:
        words = shlex.join([str(table), str(truth), "-o", str(output)])
        raise InputError(
            f"{truth}: expected the true amounts, found a table of groups. TRUTH comes before "
            f"TABLE: pepseq evaluate-quantities {words}"
        )


def _write(folder: Path, evaluation: QuantityEvaluation, formats: Sequence[str]) -> None:
    """Write the files of an evaluation into an empty folder."""
    from pepseq.evaluation import quantity_figures
    from pepseq.evaluation.figure_style import save_figures

    rows = evaluation.summary["by_reads"]
    (folder / "summary.json").write_bytes(to_json(_rounded(evaluation.summary)))
    write_rows(folder / "groups.tsv", map(_cells, evaluation.group_rows()), GROUP_COLUMNS)
    figures = {"scatter": quantity_figures.draw_scatter}
    if rows is not None:
        write_rows(folder / "by_reads.tsv", map(_cells, rows))
        figures["error_by_reads"] = quantity_figures.draw_error_by_reads
    for name, draw in figures.items():
        save_figures(folder / name, formats, draw, evaluation)


def _cells(row: Mapping[str, object]) -> dict[str, object]:
    """Return the cells of a row: shares with 2 decimals, other numbers with 6 digits."""
    return {
        name: f"{value:.6g}" if isinstance(value, float) and name not in _SHARES else value
        for name, value in row.items()
    }


def _rounded(value: Any) -> Any:
    """Round every float to 6 significant digits."""
    if isinstance(value, Mapping):
        return {name: _rounded(inner) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_rounded(inner) for inner in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
