"""`pepseq predict`."""

import logging

import click

from pepseq.cli import options
from pepseq.prediction.config import MODES, PredictConfig

DEFAULTS = PredictConfig()
log = logging.getLogger(__name__)


@click.command("predict")
@click.argument("readouts", type=options.INPUT)
@options.output(
    text="FASTA of whole proteins; compressed by suffix (.gz, .bz2, .xz, .zst), - for stdout."
)
@options.reference(default="E. coli K-12 and EC590")
@options.model
@options.offline
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default=DEFAULTS.mode,
    show_default=True,
    help="Ask known proteins (templates), the network (model), or both (auto).",
)
@options.kind
@options.missed_label
@options.misread
@click.option(
    "--readout",
    type=options.READOUT,
    help=f"{options.READOUT_HELP}  [default: the one of the model's that fits the file]",
)
@options.table("Also write a row for each residue with its confidence and the next best two.")
@click.option(
    "--candidates",
    type=click.Choice(["hidden", "all"]),
    default=DEFAULTS.candidates,
    show_default=True,
    help="What a hidden residue may be: an amino acid outside the readout, or any.",
)
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=DEFAULTS.min_confidence,
    show_default=True,
    help="Write residues that are less sure as X.",
)
@click.option(
    "--window",
    type=click.IntRange(min=1),
    help="Residues the network sees at once.  [default: as it was trained]",
)
@click.option(
    "--overlap",
    type=click.IntRange(min=0),
    help="Residues that neighbouring windows share.  [default: 128, or half a smaller window]",
)
@click.option(
    "--batch-residues",
    type=click.IntRange(min=1),
    help="Residues in one batch.  [default: what suits the device]",
)
@options.device
@options.precision(("auto", "fp32", "bf16", "fp16", "int8"))
@options.threads
@click.option(
    "--shard",
    metavar="I/N",
    help="Do the share of job I of N, such as 3/8; pepseq merge puts their outputs together.",
)
@options.keep_going
@options.force
def command(
    readouts,
    output,
    reference,
    model,
    readout,
    table,
    keep_going,
    force,
    offline,
    shard,
    **settings,
):
    """Predict the hidden residues of reads, each with its confidence.

    READOUTS is a FASTA file in which X ? . _ or x stand for hidden residues; - is stdin. Known
    proteins that fit a readout are its templates: give those of your organism or its relatives as
    --reference (default: E. coli K-12). A network, by default a small one that comes with pepseq,
    fills in what they leave open.
    """
    config = PredictConfig(**settings)
    from pepseq.prediction.predict import predict

    done = predict(
        readouts,
        output,
        reference=reference or None,
        model=model,
        readout=readout,
        table=table,
        config=config,
        force=force,
        keep_going=keep_going,
        offline=offline,
        shard=shard,
    )
    alone = model and not reference and config.mode == "auto"
    log.info(
        "%s%d proteins, %d of %d residues predicted from %s%s%s%s",
        f"shard {shard}: " if shard else "",
        done.proteins,
        done.hidden,
        done.residues,
        done.readout,
        f", mean confidence {done.confidence:.3f}" if done.hidden else "",
        ", no templates (give --reference)" if alone else "",
        f"; {done.unsure} less sure than {config.min_confidence:g}: X" if done.unsure else "",
    )
