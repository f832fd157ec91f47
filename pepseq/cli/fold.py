"""`pepseq fold`."""

import logging
from typing import Any

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command
from pepseq.io.plurals import plural
from pepseq.structure.folding.config import (
    FOLD_PRECISIONS,
    MAX_ESMFOLD_RESIDUES,
    MAX_PDB_RESIDUES,
    FoldConfig,
)
from pepseq.structure.folding.program_names import PROGRAMS

log = logging.getLogger(__name__)


@click.command(
    "fold",
    cls=Command,
    example="pepseq fold proteins.fasta -o structures",
    main=("output", "engine"),
)
@click.argument("proteins", type=options.INPUT)
@options.output(metavar="FOLDER", text="Folder of the structures and of structures.tsv.")
@options.setting(
    FoldConfig,
    "engine",
    "esmfold; colabfold, or 'colabfold:OPTIONS' for colabfold_batch; or 'command:TEMPLATE', a "
    "program that reads {fasta}, {a3m}, {alphafold3}, {boltz} or {chai} and writes {pdb}, {cif} or "
    "{folder}.",
    metavar="ENGINE",
)
@options.setting(
    FoldConfig,
    "pair_mode",
    "Rows of the alignment of a complex: paired rows only, each chain's rows on their own "
    "(unpaired), or both.",
)
@click.option(
    "--write-inputs",
    type=click.Choice(PROGRAMS),
    help="Fold nothing: write the input files of this program, with the alignments, into FOLDER.",
)
@options.setting(
    FoldConfig,
    "model",
    "esmfold engine only: model folder or Hugging Face id.  [default: esmfold, which is "
    "facebook/esmfold_v1]",
    metavar="NAME_OR_FOLDER",
)
@options.device
@options.precision(FOLD_PRECISIONS)
@options.setting(
    FoldConfig,
    "chunk_size",
    "esmfold engine only: rows that the triangular attention processes at once; fewer rows need "
    "less memory and more time. Halved whenever memory runs out.  [default: what fits into 1 GiB]",
)
@options.setting(
    FoldConfig,
    "max_residues",
    f"Leave out longer proteins.  [default: {MAX_ESMFOLD_RESIDUES} for esmfold, else "
    f"{MAX_PDB_RESIDUES}]",
)
@options.setting(
    FoldConfig,
    "timeout",
    "colabfold and command engines only: seconds for one protein.  [default: no limit]",
)
@options.offline
@options.threads
@options.keep_going
@options.force
def command(
    proteins: str,
    output: str,
    write_inputs: str | None,
    keep_going: bool,
    force: bool,
    **settings: Any,
) -> None:
    """Predict the structures of proteins and complexes, one file each.

    PROTEINS is a FASTA file, in which : joins the chains of a complex (- is standard input), a
    table with columns complex, chain and sequence (.tsv), or the paired alignment of pepseq pair
    (.a3m). If the same command is run again, it makes only
    structures that are missing, have failed, or belong to a sequence that has changed.
    """
    config = FoldConfig(**settings)
    if write_inputs:
        from pepseq.structure.folding.write_inputs import write_program_inputs

        written = write_program_inputs(
            proteins, write_inputs, output, config=config, force=force, keep_going=keep_going
        )
        log.info("%d %s of %s", written, plural(written, "input"), write_inputs)
        return
    from pepseq.structure.folding.fold import fold

    summary = fold(proteins, output, config=config, force=force, keep_going=keep_going)
    log.info(
        "%d %s (%d new), mean pLDDT %s",
        summary.done,
        plural(summary.done, "structure"),
        summary.new,
        "unknown (the B-factors of CA atoms are all the same, or not from 0 to 100)"
        if summary.mean_plddt is None
        else f"{summary.mean_plddt:.1f}",
    )
