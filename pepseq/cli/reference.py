"""`pepseq reference` and its commands."""

import logging
import re
import shlex
from typing import TYPE_CHECKING

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Group
from pepseq.cli.printed_table import echo_table
from pepseq.errors import InputError
from pepseq.identification.suggest_config import SuggestConfig
from pepseq.io.plurals import plural
from pepseq.io.tables import format_tsv
from pepseq.uniprot.config import IDENTITIES, UNIPROTKB, UNIREF, DownloadConfig

if TYPE_CHECKING:
    from pepseq.identification.suggest_reference import ReferenceSuggestion
    from pepseq.library.entries import LibraryReference

log = logging.getLogger(__name__)
LIST_COLUMNS = ("name", "proteins", "residues", "organisms", "release", "updated", "source")
SUGGEST_COLUMNS = ("reference", "proteins", "completed", "correct", "label_identity", "organisms")
VERIFY_COLUMNS = ("name", "file", "state")


@click.group("reference", cls=Group)
def command():
    """Keep references under a name, and find those that reads fit.

    References are stored in PEPSEQ_HOME (default: the user's data folder, ~/.local/share/pepseq),
    with their index. The name is given as --reference NAME to predict, lookup, quantify, design and
    evaluate.
    """


@command.command(
    "add",
    example='pepseq reference add ecoli --taxon "Escherichia coli"',
    main=("taxon", "proteomes", "reviewed"),
)
@click.argument("name")
@click.argument("files", nargs=-1, metavar="[FASTA]...", type=options.INPUT)
@click.option(
    "--taxon",
    metavar="NUMBER_OR_NAME",
    help="Proteins of this taxon and the taxa below it, from UniProt.",
)
@click.option(
    "--proteome",
    "proteomes",
    multiple=True,
    metavar="UP_NUMBER",
    help="UniProtKB entries of this proteome, such as UP000000625; may be given several times.",
)
@click.option(
    "--identity",
    type=click.Choice([str(identity) for identity in IDENTITIES]),
    help="With --taxon: sequence identity of UniRef's clusters in percent, one representative "
    "protein for each.  [default: 100]",
)
@click.option(
    "--reviewed",
    is_flag=True,
    help="Reviewed entries of UniProtKB (Swiss-Prot), of all organisms if neither --taxon nor "
    "--proteome is given.",
)
@click.option(
    "--server",
    metavar="URL",
    help="Address of the server.  [default: PEPSEQ_UNIPROT_URL, else UniProt's own]",
)
@click.option("--force", is_flag=True, help="Replace a reference of this name.")
def add(name, files, taxon, proteomes, identity, reviewed, server, force):
    """Add a reference: FASTA files, or proteins of UniProt.

    FASTA files are copied. The reference appears when it is complete, with its index. If a download
    is interrupted, the same command resumes it.
    """
    search = _search(taxon, proteomes, identity, reviewed, server)
    if bool(files) == bool(search):
        raise click.UsageError("give FASTA files, or --taxon, --proteome or --reviewed")
    from pepseq.library.add import add_reference

    _log_added(add_reference(name, files or None, search=search, force=force))


def _search(taxon, proteomes, identity, reviewed, server) -> DownloadConfig | None:
    """Return the search of UniProt that options describe, None if they describe none."""
    if not (taxon or proteomes or reviewed):
        if identity or server:
            raise click.UsageError("--identity and --server: give --taxon too")
        return None
    wrong = [proteome for proteome in proteomes if not re.fullmatch("UP[0-9]{9}", proteome)]
    if wrong:
        expected = "expected a number such as UP000000625"
        raise click.UsageError(f"--proteome: {expected}, found {wrong[0]!r}")
    if identity and not taxon:
        raise click.UsageError("--identity: give --taxon too")
    query = " OR ".join(f"(proteome:{proteome})" for proteome in proteomes)
    is_all = reviewed and not taxon and not query
    return DownloadConfig(
        taxon=taxon,
        database=UNIPROTKB if proteomes or reviewed else UNIREF,
        identity=int(identity) if identity else None,
        query="reviewed:true" if is_all else query or None,
        reviewed=reviewed and not is_all,
        server=server,
    )


@command.command("list", example="pepseq reference list", main=())
def list_command():
    """List the references of the library.

    Prints TSV, aligned on a terminal. If a record is damaged, the others are listed, and the exit
    code is 65.
    """
    from pepseq.library.entries import interrupted_downloads, read_reference, reference_names

    damaged = None
    rows: list[tuple[str, ...]] = [LIST_COLUMNS]
    for name in reference_names():
        try:
            r = read_reference(name)
        except InputError as error:
            damaged = damaged or error
            continue
        counts = (r.proteins, r.residues, r.organism_count)
        rows.append((r.name, *map(str, counts), r.release, r.updated, r.origin))
    echo_table(rows)
    if len(rows) == 1 and damaged is None:
        log.info("no references yet; add one: pepseq reference add NAME proteins.fasta")
    for name in interrupted_downloads():
        log.info("%s: the download is not complete; the same command resumes it", name)
    if damaged:
        raise damaged


@command.command("info", example="pepseq reference info ecoli", main=())
@click.argument("name")
def info(name):
    """Print what is known of a reference.

    Prints TSV, a name and a value on each line.
    """
    from pepseq.library.entries import read_reference

    reference = read_reference(name)
    source = reference.source
    taxon = source.get("taxon")
    rows = [("name", reference.name), ("folder", str(reference.folder))]
    rows += [("source", reference.origin)]
    rows += [(key, str(source[key])) for key in ("server", "release", "date") if key in source]
    rows += [("taxon", f"{taxon['id']} {taxon['name']} ({taxon['rank']})")] if taxon else []
    for key in ("proteins", "residues", "records", "left_out"):
        rows.append((key, str(getattr(reference, key))))
    rows.append(("organisms", str(reference.organism_count)))
    rows.append(("without_organism", str(reference.without_organism)))
    for organism in reference.organisms:
        number = f" (taxon {organism['taxon']})" if organism["taxon"] else ""
        rows.append(("organism", f"{organism['proteins']} of {organism['name']}{number}"))
    rows += [("file", f"{f.name}, {f.bytes} bytes, SHA-256 {f.sha256}") for f in reference.files]
    click.echo(format_tsv([*rows, ("updated", reference.updated)]), nl=False)


@command.command("update", example="pepseq reference update ecoli", main=())
@click.argument("names", nargs=-1)
def update(names):
    """Update references.

    Updates NAMES, by default all. A reference of UniProt is downloaded again if the release or the
    number of records changed, one of files is copied again if the files changed.
    """
    from pepseq.library.add import update_reference
    from pepseq.library.entries import read_reference, reference_names

    for name in names or reference_names():
        if update_reference(name):
            _log_added(read_reference(name))
        else:
            log.info("%s: up to date", name)


@command.command("remove", example="pepseq reference remove ecoli", main=())
@click.argument("names", nargs=-1, required=True)
def remove(names):
    """Remove references, with their index."""
    from pepseq.library.maintenance import remove_reference

    for name in names:
        remove_reference(name)
        log.info("%s: removed", name)


@command.command("verify", example="pepseq reference verify ecoli", main=())
@click.argument("names", nargs=-1)
def verify(names):
    """Compare the files of references with their SHA-256.

    Checks NAMES, by default all. Prints one row for each file; its state is "as recorded",
    "changed" or "missing". If a file is not as recorded, the exit code is 65. A damaged index is
    rebuilt with a warning.
    """
    from pepseq.library.entries import reference_names
    from pepseq.library.maintenance import raise_if_changed, verify_reference

    click.echo("\t".join(VERIFY_COLUMNS))
    checked = []
    for name in names or reference_names():
        files = verify_reference(name)
        for file in files:
            click.echo(f"{name}\t{file.path}\t{file.state}")
        checked += files
    raise_if_changed(checked)


@command.command(
    "suggest",
    example="pepseq reference suggest reads.fasta --sample 200",
    main=("reference", "kind"),
)
@click.argument("reads", type=options.INPUT)
@options.reference(default="all references of the library, and bundled")
@click.option(
    "--readout",
    type=options.READOUT,
    help=f"{options.READOUT_HELP}  [default: KCYM or K2, whichever fits the reads]",
)
@options.setting(
    SuggestConfig, "sample", "Maximum number of distinct reads that are compared.", metavar="NUMBER"
)
@options.read_settings(SuggestConfig)
@options.threads
def suggest(reads, reference, readout, **settings):
    """Find the references that reads fit, and taxa to download.

    READS is a FASTA file of reads; a few hundred are enough. Each reference is compared by itself,
    by the share of hidden residues that its templates would complete. Prints one row for each, the
    best first; the log says which to give together.
    """
    from pepseq.identification.suggest_reference import suggest_reference

    found = suggest_reference(
        reads, reference or None, readout=readout, config=SuggestConfig(**settings)
    )
    rows: list[tuple[str, ...]] = [SUGGEST_COLUMNS]
    for one in found.references:
        shares = (one.completed, one.correct, one.label_identity)
        organisms = "; ".join(f"{name} {share:.2f}" for name, share in one.organisms[:3])
        rows.append((one.name, str(one.proteins), *(f"{s:.3f}" for s in shares), organisms))
    echo_table(rows)
    _log_suggestion(found)


def _log_suggestion(found: "ReferenceSuggestion") -> None:
    """Log the references to give together, and the taxa to download."""
    if not found.chosen:
        log.warning(
            "no reference fits: the best would complete %.0f %% of the hidden residues correctly. "
            "Add others, for example Swiss-Prot: pepseq reference add swissprot --reviewed",
            100 * found.correct,
        )
        return
    log.info(
        "give %s: of the hidden residues of %d reads of %s, about %.0f %% would be completed from "
        "templates, %.0f %% correctly",
        " ".join(f"--reference {shlex.quote(name)}" for name in found.chosen),
        *(found.reads, found.readout, 100 * found.completed, 100 * found.correct),
    )
    for taxon in found.taxa:
        relation = "proteins of" if taxon.rank == "species" else "relatives of the genus"
        log.info(
            "%.0f %% from templates that are %s %s (%.1f %% of labels in common): pepseq reference "
            "add %s --taxon %s",
            100 * taxon.share,
            relation,
            taxon.name,
            100 * taxon.label_identity,
            re.sub("[^A-Za-z0-9]+", "_", taxon.name).strip("_").lower(),
            taxon.taxon or shlex.quote(taxon.name),
        )


def _log_added(reference: "LibraryReference") -> None:
    """Log the counts of a reference."""
    log.info(
        "%s: %s %s, %s residues, %s %s%s",
        reference.name,
        f"{reference.proteins:,}",
        plural(reference.proteins, "protein"),
        f"{reference.residues:,}",
        f"{reference.organism_count:,}",
        plural(reference.organism_count, "organism"),
        f", UniProt release {reference.release}" if reference.release else "",
    )
