"""`pepseq search`."""

import logging
from typing import Any

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command
from pepseq.io.plurals import plural
from pepseq.prediction.config import PredictConfig

log = logging.getLogger(__name__)


@click.command(
    "search",
    cls=Command,
    example="pepseq search reads.fasta --reference wide.fasta --part 1/8 -o 1.searches",
    main=("output", "part", "reference", "readout"),
)
@click.argument("reads", type=options.INPUT)
@options.output(metavar="FILE", text="Output file, whose name ends in .searches.")
@click.option(
    "--part",
    metavar="I/N",
    required=True,
    help="Search the parts of the reference of job I of N, for example 3/8.",
)
@options.reference(default="E. coli K-12 and EC590")
@click.option(
    "--readout",
    type=options.READOUT,
    help=f"{options.READOUT_HELP}  [default: KCYM or K2, whichever fits the reads]",
)
@options.read_settings(PredictConfig)
@options.confusion
@options.setting(
    PredictConfig,
    "probabilities",
    "READS is a table (TSV, Parquet) of the probability of each label at each residue, as for "
    "predict; needs --readout.",
)
@options.part_residues(PredictConfig)
@click.option(
    "--shard",
    metavar="I/N",
    help="Search for part I of N of the reads only, for predict with the same --shard.",
)
@options.threads
@options.force
def command(
    reads: str,
    output: str,
    part: str,
    reference: tuple[str, ...],
    readout: Any,
    confusion: str | None,
    shard: str | None,
    force: bool,
    **settings: Any,
) -> None:
    """Search one part of a wide reference, as one of several jobs of a prediction.

    READS is the file that predict takes. Each job searches other parts of the reference and writes
    the templates that it finds. Then predict --searches chooses among the templates of all jobs;
    its outputs are those of a run without them. Reference, readout, kind, error rates and
    --part-residues must be the same in all calls.
    """
    config = PredictConfig(**settings)
    from pepseq.prediction.search import search

    done = search(
        reads,
        output,
        part=part,
        reference=reference or None,
        readout=readout,
        config=config,
        confusion=confusion,
        shard=shard,
        force=force,
    )
    if not done.own:
        log.warning(
            "nothing to search: the reference has %d %s; use fewer jobs, or smaller parts with "
            "--part-residues",
            done.parts,
            plural(done.parts, "part"),
        )
        return
    log.info(
        "%d %s, %s: %d of %d %s of the reference searched",
        done.reads,
        plural(done.reads, "read"),
        done.readout,
        done.own,
        done.parts,
        plural(done.parts, "part"),
    )
