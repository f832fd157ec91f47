"""Reads that fit a readout, and complete proteins in the place of reads."""

import shlex
from collections.abc import Iterable, Iterator, Mapping

from pepseq.errors import InputError
from pepseq.io.failures import FailedRecord
from pepseq.io.outputs import STDIO
from pepseq.prediction.reconstruction import candidates_of
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record

FITTING_SHARE = 0.99
"""Share of reads that decides for all."""
MAX_UNKNOWN_SHARE = 0.01
"""Largest share of unknown residues, which count as hidden in a read, of a complete protein."""


def keep_fitting_reads(
    records: Iterable[Record],
    readout: Readout,
    candidates: str,
    source: str,
    bad: list[FailedRecord],
    groups: Mapping[str, str] | None = None,
) -> Iterator[Record]:
    """Yield the reads that hold nothing outside the readout; the others go to `bad`.

    Where the readout leaves no candidates, hidden residues are outside it too. `groups` has the
    members of the groups in the records, to name them. Raises InputError at the end if no read
    fits and all are complete proteins.
    """
    first, fits, complete = len(bad), 0, 0
    allowed = {*readout.observed, *readout.group_symbols}
    allowed |= {HIDDEN} if candidates_of(readout, candidates) else set()
    for record in records:
        if outside := set(record.sequence) - allowed:
            place = min(map(record.sequence.index, outside))
            symbol = format_symbol(record.sequence[place], groups or {})
            hidden = " or hidden ones" if HIDDEN in allowed else ""
            reason = (
                f"expected residues of the readout {readout}{hidden}, found {symbol!r} at residue "
                f"{place + 1}"
            )
            bad.append(FailedRecord(source, record.line, record.id, reason))
            complete += HIDDEN in allowed and is_complete_protein(record.sequence)
        else:
            fits += 1
            yield record
    if complete and not fits and complete >= FITTING_SHARE * (len(bad) - first):
        raise InputError(complete_proteins_message(source, readout))


def is_complete_protein(residues: str) -> bool:
    """Return whether nearly all residues of a record are amino acids, none hidden or of a group."""
    unknown = residues.count(HIDDEN)
    return residues.isupper() and unknown <= MAX_UNKNOWN_SHARE * len(residues)


def complete_proteins_message(source: str, readout: Readout) -> str:
    """Return the message for complete proteins in the place of reads."""
    return (
        f"{source}: these look like complete proteins, not reads (no hidden residues). Hide "
        f"residues first: pepseq mask {file_argument(source)} --readout "
        f"{shlex.quote(str(readout))} -o reads.fasta"
    )


def file_argument(source: str) -> str:
    """Return a file as it is given on the command line; an example of one for a stream."""
    return shlex.quote(source) if source not in (STDIO, "stdin", "reads") else "proteins.fasta"


def format_read(read: str, groups: Mapping[str, str]) -> str:
    """Return a read as it stands in a file.

    >>> format_read("XaK", {"a": "DE"})
    'X[DE]K'
    """
    return "".join(format_symbol(symbol, groups) for symbol in read)


def format_symbol(symbol: str, groups: Mapping[str, str]) -> str:
    """Return a symbol of a read as it stands in a file."""
    return f"[{groups[symbol]}]" if symbol in groups else symbol
