"""`pepseq predict`."""

import logging
from typing import Any

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command
from pepseq.io.plurals import plural
from pepseq.prediction.config import PREDICT_PRECISIONS, PredictConfig

log = logging.getLogger(__name__)


@click.command(
    "predict",
    cls=Command,
    example="pepseq predict reads.fasta --reference proteome.fasta -o proteins.fasta",
    main=("output", "reference", "table"),
)
@click.argument("reads", type=options.INPUT)
@options.output(
    text="FASTA of whole proteins; compressed by suffix (.gz, .bz2, .xz, .zst).",
    stdout=True,
)
@options.reference(default="E. coli K-12 and EC590")
@options.model
@options.offline
@options.setting(
    PredictConfig,
    "mode",
    "Source of predicted residues: reference proteins only (templates), the network only (model), "
    "or both (auto).",
)
@options.read_settings(PredictConfig)
@options.confusion
@options.setting(
    PredictConfig,
    "probabilities",
    "READS is a table (TSV, Parquet) of the probability of each label at each residue, with the "
    "columns read, position, label (_ for none) and probability; needs --readout.",
)
@click.option(
    "--readout",
    type=options.READOUT,
    help=f"{options.READOUT_HELP}  [default: whichever of the model's readouts fits the reads]",
)
@options.table_or_parquet(
    "Table with a row for each residue: its confidence and the two next-best candidates. TSV, or "
    "Parquet (.parquet)."
)
@options.setting(
    PredictConfig,
    "candidates",
    "Amino acids that a hidden residue may be: those outside the readout (hidden), or all.",
)
@options.part_residues(PredictConfig)
@click.option(
    "--searches",
    multiple=True,
    metavar="FILE_OR_FOLDER",
    type=options.INPUT,
    help="Files that pepseq search wrote for all parts of the reference, or a folder of them, in "
    "place of a search; may be given several times.",
)
@options.setting(
    PredictConfig,
    "min_confidence",
    "Probability below which a predicted residue is written as X in the FASTA (0 to 1).",
)
@options.setting(
    PredictConfig,
    "window",
    "Residues that the network sees at once.  [default: as in training]",
)
@options.setting(
    PredictConfig,
    "overlap",
    "Residues that neighbouring windows share.  [default: 128, or half a smaller window]",
)
@options.setting(
    PredictConfig,
    "batch_residues",
    "Batch size in residues.  [default: depends on the device]",
)
@options.device
@options.precision(PREDICT_PRECISIONS)
@options.threads
@click.option(
    "--shard",
    metavar="I/N",
    help="Process part I of N of the reads (for job arrays), for example 3/8; pepseq merge joins "
    "the outputs.",
)
@options.keep_going
@options.force
def command(
    reads: str,
    output: str,
    reference: tuple[str, ...],
    model: str | None,
    confusion: str | None,
    min_confidence: float,
    shard: str | None,
    searches: tuple[str, ...],
    readout: Any,
    table: str | None,
    keep_going: bool,
    force: bool,
    offline: bool,
    **settings: Any,
) -> None:
    """Predict the hidden residues of reads, with a confidence for each.

    READS is a FASTA file in which X ? . _ or x stand for hidden residues; - is standard input.
    Known proteins that fit a read are its templates: give those of your organism or its relatives
    as --reference (default: E. coli K-12). A network predicts the residues that templates leave
    open; by default this is a small network that comes with pepseq.
    """
    config = PredictConfig(min_confidence=min_confidence, **settings)
    from pepseq.prediction.predict import predict

    done = predict(
        reads,
        output,
        reference=reference or None,
        model=model,
        readout=readout,
        table=table,
        config=config,
        confusion=confusion,
        force=force,
        keep_going=keep_going,
        offline=offline,
        shard=shard,
        searches=searches or None,
    )
    without_templates = model and not reference and config.mode == "auto"
    log.info(
        "%s%d %s, %d of %d residues predicted from %s%s%s%s",
        f"shard {shard}: " if shard else "",
        done.proteins,
        plural(done.proteins, "protein"),
        done.hidden,
        done.residues,
        done.readout,
        f", mean confidence {done.confidence:.3f}" if done.hidden else "",
        ", no templates (give --reference)" if without_templates else "",
        f"; {done.unsure} with a confidence below {min_confidence:g}, written as X"
        if done.unsure
        else "",
    )
    if done.organisms is not None:
        log.info("%s", done.organisms.text())
