"""`pepseq evaluate-quantities`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command
from pepseq.errors import printable
from pepseq.evaluation.config import QuantityEvaluationConfig
from pepseq.io.plurals import plural

if TYPE_CHECKING:
    from pepseq.evaluation.quantities import QuantitySummary

_MAX_NAMES = 5
"""Most names of false groups that are printed."""


@click.command(
    "evaluate-quantities",
    cls=Command,
    example="pepseq evaluate-quantities truth.tsv amounts.tsv -o evaluation",
    main=("output",),
)
@click.argument("truth", type=options.INPUT)
@click.argument("table", type=options.INPUT)
@options.output(metavar="FOLDER", text="Folder of tables and figures.")
@options.setting(
    QuantityEvaluationConfig, "max_q", "Largest q-value of a group that counts as found (0 to 1)."
)
@options.figures
@options.force
def command(
    truth: str, table: str, output: str, max_q: float, figures: tuple[str, ...], force: bool
) -> None:
    """Compare estimated amounts of proteins with the true amounts.

    TRUTH is a table with the columns protein and molar_fraction, such as simulate writes; TABLE is
    a table that quantify wrote. Both may be Parquet. A group of proteins is compared with the
    summed truth of its members; it is present if one of them is.
    """
    from pepseq.evaluation.quantity_files import evaluate_quantity_tables

    evaluation = evaluate_quantity_tables(
        truth, table, output, max_q=max_q, figures=figures, force=force
    )
    click.echo("\n".join([*_summary_lines(evaluation.summary), f"written: {output}"]))


def _summary_lines(summary: "QuantitySummary") -> Iterator[str]:
    """Yield the summary as lines."""
    yield (
        f"Groups: {summary['found']:,} of {summary['present']:,} present ones found at q <= "
        f"{summary['max_q']:g} ({_text(summary['share_found'], '.1f')} %); {summary['false']:,} "
        f"false (false discovery rate {_text(summary['false_discovery_rate'], '.1f')} %)"
    )
    yield (
        f"log10(estimated / true): root mean square {_text(summary['log10_rmse'])}, median "
        f"{_text(summary['log10_median_error'])} ({summary['compared']:,} "
        f"{plural(summary['compared'], 'group')})"
    )
    yield (
        f"Correlation: Spearman {_text(summary['spearman'])}, Pearson of log10 "
        f"{_text(summary['pearson'])}"
    )
    yield (
        f"Mean absolute error: molar fractions {_text(summary['mean_molar_error'], '.3g')}, mass "
        f"fractions {_text(summary['mean_mass_error'], '.3g')} ({summary['groups']:,} "
        f"{plural(summary['groups'], 'group')})"
    )
    yield (
        f"Intervals with the truth inside: {_text(summary['coverage'], '.1f')} % of "
        f"{summary['reported']:,} {plural(summary['reported'], 'group')}"
    )
    if names := summary["false_groups"]:
        more = f" and {len(names) - _MAX_NAMES:,} more" if len(names) > _MAX_NAMES else ""
        yield f"False: {', '.join(map(printable, names[:_MAX_NAMES]))}{more}"
    if summary["by_reads"]:
        heads = ("groups", "found %", "false", "RMS log10", "intervals %")
        yield ""
        yield f"{'True reads':12}" + "".join(f"{head:>13}" for head in heads)
    for row in summary["by_reads"] or ():
        cells = (
            f"{row['groups']:,}",
            _text(row["share_found"], ".1f"),
            f"{row['false']:,}",
            _text(row["log10_rmse"]),
            _text(row["coverage"], ".1f"),
        )
        yield f"  {row['reads']:10}" + "".join(f"{cell:>13}" for cell in cells)


def _text(value: float | None, number_format: str = ".3f") -> str:
    return "-" if value is None else format(value, number_format)
