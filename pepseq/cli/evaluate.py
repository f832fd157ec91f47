"""`pepseq evaluate`."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command
from pepseq.io.plurals import plural

if TYPE_CHECKING:
    from pepseq.evaluation.summary import CalibrationSummary, IdentitySummary, Summary
    from pepseq.readout.readout import Readout


@click.command(
    "evaluate",
    cls=Command,
    example="pepseq evaluate truth.fasta proteins.fasta --readout KCYM -o evaluation",
    main=("output", "readout", "reference"),
)
@click.argument("truth", type=options.INPUT)
@click.argument("predicted", type=options.INPUT)
@click.option(
    "--readout",
    type=options.READOUT,
    help=f"{options.READOUT_HELP}  [default: the readout in the run record of PREDICTED]",
)
@options.output(metavar="FOLDER", text="Folder of tables and figures.")
@click.option(
    "--table",
    metavar="TSV",
    type=options.INPUT,
    help="Table of confidences that predict wrote together with PREDICTED: adds the calibration.",
)
@click.option(
    "--background",
    metavar="FASTA",
    type=options.INPUT,
    help="Proteins to fit the two baselines on.  [default: TRUTH, which overestimates the "
    "baselines]",
)
@options.reference(
    text=": adds the accuracy by identity to the nearest one, and what copying it would get right"
)
@options.figures
@options.keep_going
@options.force
def command(
    truth: str,
    predicted: str,
    readout: "Readout | None",
    output: str,
    **settings: Any,
) -> None:
    """Compare predicted and true proteins: tables and figures of the accuracy.

    TRUTH and PREDICTED are FASTA files, compressed or not, whose proteins are matched by id; one of
    them may be - for standard input. Only hidden residues are scored: residues of TRUTH outside the
    readout. Unknown residues (X U B Z O J) are never scored. Macro is the mean over proteins, micro
    is over residues.
    """
    from pepseq.evaluation.evaluate import evaluate

    summary = evaluate(truth, predicted, output, readout, **settings)
    click.echo("\n".join([*_summary_lines(summary), f"written: {output}"]))


def _summary_lines(summary: "Summary") -> Iterator[str]:
    """Yield the summary as aligned lines."""
    proteins, residues = summary["proteins"], summary["residues"]
    yield (
        f"Readout {summary['readout']}: {proteins['scored']:,} "
        f"{plural(proteins['scored'], 'protein')} with {residues['hidden']:,} hidden residues; "
        f"{proteins['nothing_hidden']:,} {plural(proteins['nothing_hidden'], 'protein')} with "
        "nothing hidden"
    )
    yield ""
    yield f"{'Percent':34}{'macro':>8}{'micro':>8}{'fully right':>13}"
    accuracy = summary["hidden_residue_accuracy"]
    yield _shares_line("hidden-residue accuracy", accuracy, summary["fully_right"])
    yield _shares_line("identity of the whole sequence", summary["identity"])
    for baseline in summary["baselines"]:
        yield _shares_line(f"baseline: {baseline['baseline']}", baseline, baseline["fully_right"])
    yield ""
    yield f"{'Accuracy by length':34}{'macro':>8}{'micro':>8}{'proteins':>13}"
    for row in summary["by_length"]:
        yield _shares_line(f"{row['length']} residues", row) + f"{row['proteins']:13,}"
    if summary["by_identity"]:
        yield from _identity_lines(summary["by_identity"])
    if summary["calibration"]:
        yield from _calibration_lines(summary["calibration"])
    yield ""
    yield "macro: mean over proteins; micro: over residues"
    if wrong := residues["observed_and_wrong"]:
        yield (
            f"observed residues that differ from the truth: {wrong:,} of "
            f"{residues['observed']:,} ({100 * wrong / residues['observed']:.2f} %: misread or "
            "missed labels, or a wrong readout)"
        )
    if summary["baselines"][0]["fitted_on"] == "truth":
        yield "baselines: fitted on TRUTH itself, which overestimates them (see --background)"


def _shares_line(name: str, shares: Mapping[str, Any], fully_right: float | None = None) -> str:
    cells = "".join(
        f"{'-' if share is None else format(share, '.2f'):>8}"
        for share in (shares["macro"], shares["micro"])
    )
    return f"  {name:32}{cells}" + ("" if fully_right is None else f"{fully_right:13.2f}")


def _identity_lines(by_identity: "IdentitySummary") -> Iterator[str]:
    """Yield a line for each band, the last for all but the identical proteins."""
    heads = ("macro", "micro", "copy macro", "copy micro", "ECE", "proteins")
    yield ""
    yield (
        "Accuracy by identity (%) to the nearest of "
        f"{by_identity['reference_proteins']:,} reference proteins"
    )
    yield f"{'':20}" + "".join(f"{head:>11}" for head in heads)
    for row in [*by_identity["bands"], by_identity["without_identical"]]:
        shares = (row["macro"], row["micro"], row["copy_macro"], row["copy_micro"])
        cells = ["-" if share is None else f"{share:.2f}" for share in shares]
        error = row["expected_calibration_error"]
        cells += ["-" if error is None else f"{error:.4f}", f"{row['proteins']:,}"]
        yield f"  {row['band']:18}" + "".join(f"{cell:>11}" for cell in cells)
    yield "copy: the nearest reference protein instead of the prediction"


def _calibration_lines(calibration: "CalibrationSummary") -> Iterator[str]:
    """Yield the calibration error, and a line for each confidence that residues have at least."""
    error, top_three = calibration["expected_calibration_error"], calibration["among_top_three"]
    if error is not None:
        yield f"\nCalibration error (ECE) {error:.4f}; truth in top three {top_three:.2f} %"
        yield f"\n{'Surest residues':34}{'of all':>8}{'right':>8}{'residues':>13}"
    for row in calibration["surest"]:
        if row["residues"]:
            confidence = f"  confidence at least {row['at_least']:g}"
            shares = f"{row['share']:8.2f}{row['accuracy']:8.2f}"
            yield f"{confidence:34}{shares}{row['residues']:13,}"
