"""Warnings of reads that look like those of another readout, or of peptides, or too long."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import InputError
from pepseq.io.json_files import read_json
from pepseq.readout.confusion import Confusion
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.sequences.residues import FREQUENCIES, label_symbol

log = logging.getLogger(__name__)
MAX_CHANCE = 1e-6
"""A label that never occurs is doubted if chance explains it with a lower probability."""
CYCLE_RATES = ("lost_cycle", "extra_cycle", "p_edman_failure")
"""Rates of `mask` with which a read's length differs from its protein's."""


@dataclass(frozen=True)
class PeptideWarning:
    """When reads that are taken for whole proteins are said to be short.

    max_residues: a read with more residues counts as long. Higher values warn of small proteins.
    min_reads: fewer reads are no reason to warn.
    """

    max_residues: int = 50
    min_reads: int = 20


PEPTIDE_WARNING = PeptideWarning()


def warn_of_missing_labels(
    source: str | Path,
    readout: Readout,
    symbols: set[str],
    residues: int,
    missed_label: float = 0.0,
    confusion: Confusion | None = None,
) -> None:
    """Warn of labels of the readout that never occur among this many residues of reads.

    `symbols` are those that occur. A label is doubted if the probability that none of the residues
    has it, (1 - (1 - `missed_label`) x its frequency in Swiss-Prot) ** residues, is below
    MAX_CHANCE; with `confusion`, its `reported_shares` take the place of this product.
    """
    doubted, expected = [], 0.0
    for label in readout.labels:
        if confusion is not None:
            share = confusion.reported_shares[label]
        else:
            share = (1 - missed_label) * sum(FREQUENCIES[amino_acid] for amino_acid in label)
        if label_symbol(label) not in symbols and (1 - share) ** residues < MAX_CHANCE:
            doubted.append(label if len(label) == 1 else f"[{label}]")
            expected += share * residues
    if doubted:
        log.warning(
            "%s: among %d residues, none is %s (about %.0f expected), which the readout %s "
            "identifies: check --readout, because hidden residues are assumed to be none of these "
            "amino acids",
            source,
            residues,
            " or ".join(doubted),
            expected,
            readout,
        )


def warn_of_changed_lengths(source: str | Path) -> None:
    """Warn if the run record beside a file says that `mask` simulated lost or extra cycles."""
    try:
        run = read_json(f"{source}.run.json")
        noise = run["settings"]["noise"] if run["command"] == "mask" else {}
        rates = [f"{name} {noise[name]:g}" for name in CYCLE_RATES if noise and noise.get(name)]
    except (InputError, KeyError, TypeError, ValueError, AttributeError):
        return
    if rates:
        log.warning(
            "%s: simulated with %s, so reads may be longer or shorter than their proteins: "
            "predict keeps the length of each read, and evaluate cannot score such "
            "predictions. To identify the proteins: pepseq lookup %s --reference PROTEINS.fasta "
            "--readout READOUT -o fits.tsv",
            source,
            ", ".join(rates),
            source,
        )


def warn_of_peptides(records: Iterable[Record], kind: str, source: str | Path) -> Iterator[Record]:
    """Yield all records; warn at the end if `kind` is protein but most are short."""
    total = short = 0
    for record in records:
        total, short = total + 1, short + (len(record.sequence) <= PEPTIDE_WARNING.max_residues)
        yield record
    if kind == "protein" and total >= PEPTIDE_WARNING.min_reads and 2 * short > total:
        log.warning(
            "%s: %d of %d reads have %d residues or fewer, but are treated as whole proteins: if "
            "they are peptides, give their kind with --kind",
            source,
            short,
            total,
            PEPTIDE_WARNING.max_residues,
        )
