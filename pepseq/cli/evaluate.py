"""`pepseq evaluate`."""

import click

from pepseq.cli import options

_SHARES = ("macro", "micro")


@click.command("evaluate")
@click.argument("truth", type=options.INPUT)
@click.argument("predicted", type=options.INPUT)
@click.option(
    "--readout",
    type=options.READOUT,
    help=f"{options.READOUT_HELP}  [default: as the run record of PREDICTED says]",
)
@options.output(metavar="FOLDER", text="Folder of tables and figures.")
@click.option(
    "--table",
    metavar="TSV",
    type=options.INPUT,
    help="Table of confidences that predict wrote beside PREDICTED: adds the calibration.",
)
@click.option(
    "--background",
    metavar="FASTA",
    type=options.INPUT,
    help="Proteins to fit the two baselines on.  [default: TRUTH, which flatters them]",
)
@options.reference(
    text=": adds the accuracy by identity to the nearest one, and what copying it would get right"
)
@options.keep_going
@options.force
def command(truth, predicted, readout, output, table, background, reference, keep_going, force):
    """Compare predicted with true proteins: tables and figures of the accuracy.

    TRUTH and PREDICTED are FASTA files, compressed or not, whose proteins are matched by id; one of
    them may be -, stdin. Only hidden residues are scored: those of TRUTH outside the readout,
    unknown ones (X U B Z O J) never. Macro is the mean over proteins, micro is over residues.
    """
    from pepseq.evaluation.evaluate import evaluate

    summary = evaluate(
        truth,
        predicted,
        output,
        readout,
        table=table,
        background=background,
        reference=reference,
        keep_going=keep_going,
        force=force,
    )
    click.echo("\n".join(_lines(summary, output)))


def _lines(summary: dict, output: str) -> list[str]:
    """Return the summary as aligned lines."""
    proteins, accuracy = summary["proteins"], summary["hidden_residue_accuracy"]
    lines = [
        f"Readout {summary['readout']}: {proteins['scored']:,} proteins with "
        f"{summary['residues']['hidden']:,} hidden residues; "
        f"{proteins['nothing_hidden']:,} proteins with nothing hidden",
        "",
        f"{'Percent':34}{'macro':>8}{'micro':>8}{'fully right':>13}",
        _row("hidden-residue accuracy", accuracy, summary["fully_right"]),
        _row("identity of the whole sequence", summary["identity"]),
        *(_row(f"baseline: {r['baseline']}", r, r["fully_right"]) for r in summary["baselines"]),
        "",
        f"{'Accuracy by length':34}{'macro':>8}{'micro':>8}{'proteins':>13}",
    ]
    for row in summary["by_length"]:
        lines.append(_row(f"{row['length']} residues", row) + f"{row['proteins']:13,}")
    if by_identity := summary["by_identity"]:
        lines += _identity_lines(by_identity)
    if calibration := summary["calibration"]:
        error, three = calibration["expected_calibration_error"], calibration["among_top_three"]
        if error is not None:
            lines.append(f"\nCalibration error (ECE) {error:.4f}; truth in top three {three:.2f} %")
            lines.append(f"\n{'Surest residues':34}{'of all':>8}{'right':>8}{'residues':>13}")
        for row in calibration["surest"]:
            if row["residues"]:
                said = f"  confidence at least {row['at_least']:g}"
                shares = f"{row['share']:8.2f}{row['accuracy']:8.2f}"
                lines.append(f"{said:34}{shares}{row['residues']:13,}")
    lines += ["", "macro: mean over proteins; micro: over residues"]
    if wrong := summary["residues"]["observed_and_wrong"]:
        observed = summary["residues"]["observed"]
        lines.append(
            f"observed residues that differ from the truth: {wrong:,} of {observed:,} "
            f"({100 * wrong / observed:.2f} %: misread or missed labels, or another readout)"
        )
    if summary["baselines"][0]["fitted_on"] == "truth":
        lines.append("baselines: fitted on TRUTH itself, which flatters them (see --background)")
    return [*lines, f"written: {output}"]


def _identity_lines(by_identity: dict) -> list[str]:
    """Return a line for each band, the last for all but the identical proteins."""
    names = ("macro", "micro", "copy_macro", "copy_micro", "expected_calibration_error")
    heads = ("macro", "micro", "copy macro", "copy micro", "ECE")
    lines = [
        "",
        "Accuracy by identity (%) to the nearest of "
        f"{by_identity['reference_proteins']:,} reference proteins",
        f"{'':20}" + "".join(f"{head:>11}" for head in heads) + f"{'proteins':>11}",
    ]
    for row in [*by_identity["bands"], by_identity["without_identical"]]:
        formats = [".4f" if name == names[-1] else ".2f" for name in names]
        cells = [
            "-" if row[name] is None else format(row[name], how)
            for name, how in zip(names, formats, strict=True)
        ]
        cells.append(format(row["proteins"], ","))
        lines.append(f"  {row['band']:18}" + "".join(f"{cell:>11}" for cell in cells))
    return [*lines, "copy: the nearest reference protein in its place"]


def _row(name: str, shares: dict, right: float | None = None) -> str:
    cells = [f"{'-' if v is None else format(v, '.2f'):>8}" for v in map(shares.get, _SHARES)]
    return f"  {name:32}{''.join(cells)}" + ("" if right is None else f"{right:13.2f}")
