"""`pepseq evaluate`."""

import click

from pepseq.cli import options


@click.command("evaluate")
@click.argument("truth", type=click.Path())
@click.argument("predicted", type=click.Path())
@click.option("--readout", required=True, type=options.READOUT, help=options.READOUT_HELP)
@options.output(metavar="FOLDER", text="Folder of tables and figures.")
@click.option(
    "--table",
    metavar="TSV",
    type=click.Path(),
    help="Table of confidences that predict wrote beside PREDICTED: adds the calibration.",
)
@click.option(
    "--background",
    metavar="FASTA",
    type=click.Path(),
    help="Proteins to fit the two baselines on.  [default: TRUTH, which flatters them]",
)
@options.keep_going
@options.force
def command(truth, predicted, readout, output, table, background, keep_going, force):
    """Compare completed proteins with the truth: tables and figures.

    TRUTH and PREDICTED are FASTA files, gzip or not, whose proteins are matched by id; one of them
    may be -, stdin. Only hidden residues are scored: those of TRUTH outside the readout, unknown
    ones (X U B Z O J) never. Macro is the mean over proteins, micro is over residues.
    """
    from pepseq.evaluation.evaluate import evaluate

    summary = evaluate(
        truth,
        predicted,
        output,
        readout,
        table=table,
        background=background,
        keep_going=keep_going,
        force=force,
    )
    click.echo("\n".join(_lines(summary, output)))


def _lines(summary: dict, output: str) -> list[str]:
    """Return the summary as aligned lines."""
    proteins, residues = summary["proteins"], summary["residues"]
    lines = [
        f"Readout {summary['readout']}: {proteins['scored']:,} proteins with "
        f"{residues['hidden']:,} hidden residues"
        + (f"; {proteins['nothing_hidden']:,} with none" if proteins["nothing_hidden"] else ""),
        "",
        f"{'Percent':34}{'macro':>8}{'micro':>8}{'fully right':>13}",
        _row("hidden-residue accuracy", summary["hidden_residue_accuracy"], summary["fully_right"]),
        _row("identity of the whole sequence", summary["identity"]),
    ]
    for row in summary["baselines"]:
        lines.append(_row(f"baseline: {row['baseline']}", row, row["fully_right"]))
    lines += ["", f"{'Accuracy by length':24}{'proteins':>10}{'macro':>8}{'micro':>8}"]
    for row in summary["by_length"]:
        name = f"  {row['length']} residues"
        lines.append(f"{name:24}{row['proteins']:10,}{_share(row['macro'])}{_share(row['micro'])}")
    if calibration := summary["calibration"]:
        error = calibration["expected_calibration_error"]
        lines += [
            "",
            f"Expected calibration error {'undefined' if error is None else format(error, '.4f')}; "
            f"truth among the top three {_share(calibration['among_top_three']).strip()} %",
        ]
    if summary["baselines"][0]["fitted_on"] == "truth":
        lines += ["", "The baselines were fitted on TRUTH, which flatters them (--background)."]
    return [*lines, "", f"macro: mean over proteins; micro: over residues. Written: {output}"]


def _row(name: str, shares: dict, right: float | None = None) -> str:
    end = "" if right is None else f"{right:13.2f}"
    return f"  {name:32}{_share(shares['macro'])}{_share(shares['micro'])}{end}"


def _share(value: float | None) -> str:
    return f"{'-':>8}" if value is None else f"{value:8.2f}"
