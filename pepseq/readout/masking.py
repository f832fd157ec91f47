"""Hide what an experiment does not identify."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import SettingsError, found
from pepseq.files import Outputs, check_free, write_run_record
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import (
    BadRecord,
    format_fasta,
    read_fasta,
    refuse_bad,
    write_failed,
)
from pepseq.sequences.residues import AMINO_ACIDS, HIDDEN_SYMBOLS, UNKNOWN, label_symbol

HIDDEN = "X"


@dataclass(frozen=True)
class MaskedSequence:
    """A protein of which only some residues are identified.

    `residues` has the protein's length; every hidden position is X, one known only to be in a group
    is the group's first amino acid in lower case, every other is one of the twenty amino acids.
    Raises ValueError if it holds anything else.
    """

    residues: str

    def __post_init__(self):
        if wrong := set(self.residues) - set(AMINO_ACIDS + HIDDEN + AMINO_ACIDS.lower()):
            raise ValueError(f"expected amino acids or {HIDDEN}, found {sorted(wrong)}")

    @property
    def hidden_positions(self) -> list[int]:
        """The 0-based positions that are hidden, or known only to be in a group."""
        return [i for i, residue in enumerate(self.residues) if residue not in AMINO_ACIDS]

    def fill(self, hidden_residues: str) -> str:
        """Return the protein with its hidden positions filled, in order.

        Raises ValueError unless there is one residue for each hidden position.

        >>> MaskedSequence("MXXK").fill("AL")
        'MALK'
        """
        wanted = len(self.hidden_positions)
        if len(hidden_residues) != wanted:
            raise ValueError(f"expected {wanted} residues, found {len(hidden_residues)}")
        rest = iter(hidden_residues)
        return "".join(r if r in AMINO_ACIDS else next(rest) for r in self.residues)


def mask_table(readout: Readout) -> dict[int, str]:
    """Return the table that `str.translate` masks a protein, or a readout, with."""
    shown = {a: label_symbol(label) for label in readout.labels for a in label}
    shown |= {symbol: symbol for symbol in readout.group_symbols}
    return {ord(a): shown.get(a, HIDDEN) for a in AMINO_ACIDS + AMINO_ACIDS.lower() + UNKNOWN}


def mask_sequence(sequence: str, readout: Readout) -> MaskedSequence:
    """Hide every residue outside the readout, unknown residues too.

    >>> mask_sequence("MAGICKUP", Readout("KCYM")).residues
    'MXXXCKXX'
    >>> mask_sequence("MEDIC", Readout("C[DE]")).residues
    'XddXC'
    """
    return MaskedSequence(sequence.translate(mask_table(readout)))


def mask(
    proteins: str | Path | Sequence[str | Path],
    output: str | Path,
    readout: str | Readout,
    *,
    hidden_symbol: str = HIDDEN,
    force: bool = False,
    keep_going: bool = False,
) -> list[BadRecord]:
    """Write the readouts of proteins: every residue outside `readout` becomes `hidden_symbol`.

    `proteins` are FASTA files (gzip or not, `-` for stdin), read as one stream; headers and order
    stay; readouts are taken too, to hide more of them. `output` is a FASTA file (gzip for `.gz`,
    `-` for stdout), in which a residue known only to be in a group stands as `[DE]`. Records that
    cannot be read are left out, listed in `<output>.failed.tsv` and returned.

    Raises SettingsError, InputError (after writing the good records, unless `keep_going`),
    OutputError and TryAgainError.
    """
    started = time.time()
    readout = readout if isinstance(readout, Readout) else Readout(readout)
    if hidden_symbol not in HIDDEN_SYMBOLS or len(hidden_symbol) != 1:
        raise SettingsError(
            f"hidden symbol: expected one of {' '.join(HIDDEN_SYMBOLS)}, "
            f"found {found(hidden_symbol)}"
        )
    inputs = [proteins] if isinstance(proteins, str | Path) else list(proteins)
    check_free([output], inputs, force)
    groups, bad, count = readout.group_symbols, [], 0
    shown = mask_table(readout).items()
    table = {code: hidden_symbol if symbol == HIDDEN else symbol for code, symbol in shown}
    with Outputs(force) as outputs:
        stream = outputs.open(output)
        for record in read_fasta(inputs, bad=bad, groups=dict(groups)):
            stream.write(format_fasta(record.header, record.sequence.translate(table), groups))
            count += 1
        settings = {"readout": str(readout), "hidden_symbol": hidden_symbol}
        write_failed(outputs, output, bad, count)
        write_run_record(outputs, output, "mask", settings, inputs, started)
    return refuse_bad(bad, count, output, keep_going)
