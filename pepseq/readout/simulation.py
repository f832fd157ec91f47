"""Simulated experiments: FASTA files of proteins to reads, as FASTA or dye sequences."""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from numbers import Integral
from pathlib import Path
from typing import IO, Any

from pepseq.errors import SettingsError, quoted
from pepseq.io.failures import FailedRecord, refuse_failed, write_failed
from pepseq.io.files import check_outputs, check_path, list_paths
from pepseq.io.outputs import Outputs
from pepseq.io.run_record import run_record
from pepseq.readout.dye_sequences import check_channels, format_dye_sequences
from pepseq.readout.fluorosequencing import Fluorosequencing, read_fluorosequencing
from pepseq.readout.masking import HIDDEN, MaskedSequence, mask_table
from pepseq.readout.noise import Noise, add_noise, record_generator
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record, format_fasta, read_fasta
from pepseq.sequences.residues import HIDDEN_SYMBOLS
from pepseq.settings import require

log = logging.getLogger(__name__)


def mask(
    proteins: str | Path | Sequence[str | Path],
    output: str | Path,
    readout: str | Readout,
    *,
    hidden_symbol: str = HIDDEN,
    noise: Noise | Fluorosequencing | str | Path | None = None,
    seed: int = 1,
    dye_sequences: bool = False,
    force: bool = False,
    keep_going: bool = False,
) -> list[FailedRecord]:
    """Write simulated reads of proteins, in which residues outside `readout` are hidden.

    proteins: FASTA files (compressed or not, `-` for standard input), read as one stream. Reads
        are accepted too, to hide more of their residues.
    output: FASTA file (compressed by its suffix, `-` for standard output) with the same headers in
        the same order. A residue of a group is written as `[DE]`.
    hidden_symbol: symbol of a hidden residue in the FASTA file, one of `X ? . _ x`.
    noise: errors of the experiment: a `Noise`, a `Fluorosequencing`, or the path of whatprot's
        sequencing parameters. A protein's errors depend on its id, its sequence and `seed` alone.
    dye_sequences: write whatprot's file of dye sequences instead of FASTA.

    Returns the records that could not be read; they are left out and listed in
    `<output>.failed.tsv`. Raises SettingsError, InputError (after writing the good records, unless
    `keep_going`), OutputError and TryAgainError.
    """
    started = time.time()
    readout = readout if isinstance(readout, Readout) else Readout(readout)
    if noise is not None and not isinstance(noise, Noise | Fluorosequencing):
        check_path(noise, "noise")
    require(
        isinstance(seed, Integral) and not isinstance(seed, bool) and seed >= 0,
        f"seed: expected a whole number of 0 or more, found {quoted(repr(seed))}",
    )
    seed = int(seed)
    _check_format(readout, hidden_symbol, dye_sequences)
    inputs = list_paths(proteins, "proteins", required=True)
    noise_files = [noise] if isinstance(noise, str | Path) else []
    check_outputs([output], [*inputs, *noise_files], force)
    model = read_fluorosequencing(noise) if isinstance(noise, str | Path) else noise
    if model is not None:
        model.check_readout(readout)
    bad: list[FailedRecord] = []
    with Outputs(force) as outputs:
        stream = outputs.open(output, "dye sequences" if dye_sequences else "reads")
        records = read_fasta(inputs, bad=bad, groups=readout.group_symbols)
        reads = _simulate_reads(records, readout, model, seed)
        if dye_sequences:
            count = _write_dye_sequences(stream, reads, readout)
        else:
            count = _write_fasta(stream, reads, readout, hidden_symbol)
        write_failed(outputs, output, bad, count)
        settings: dict[str, Any] = {"readout": str(readout), "labels": ",".join(readout.labels)}
        settings |= {"hidden_symbol": hidden_symbol, "dye_sequences": dye_sequences, "seed": seed}
        settings["noise"] = None if model is None else asdict(model)
        outputs.record(output, run_record("mask", settings, [*inputs, *noise_files], started))
    refuse_failed(bad, count, output, keep_going)
    left_out = f" ({len(bad):,} left out)" if bad else ""
    log.info("masked %s protein%s%s: %s", f"{count:,}", "s" * (count != 1), left_out, output)
    return bad


def _check_format(readout: Readout, hidden_symbol: str, dye_sequences: bool) -> None:
    if hidden_symbol not in tuple(HIDDEN_SYMBOLS):
        raise SettingsError(
            f"hidden symbol: expected one of {' '.join(HIDDEN_SYMBOLS)}, "
            f"found {quoted(str(hidden_symbol))}"
        )
    if dye_sequences:
        check_channels(readout)


def _simulate_reads(
    proteins: Iterable[Record], readout: Readout, noise: Noise | Fluorosequencing | None, seed: int
) -> Iterator[tuple[Record, str]]:
    """Yield each protein with the residues of its read."""
    table = mask_table(readout)
    for protein in proteins:
        residues = protein.sequence.translate(table)
        if noise is not None:
            generator = record_generator(protein.id, protein.sequence, seed)
            residues = add_noise(MaskedSequence(residues), readout, noise, generator).residues
        yield protein, residues


def _write_fasta(
    stream: IO[bytes], reads: Iterable[tuple[Record, str]], readout: Readout, hidden_symbol: str
) -> int:
    """Write reads as FASTA; return how many there are."""
    count = 0
    for protein, residues in reads:
        residues = residues.replace(HIDDEN, hidden_symbol)
        stream.write(format_fasta(protein.header, residues, readout.group_symbols))
        count += 1
    return count


def _write_dye_sequences(
    stream: IO[bytes], reads: Iterable[tuple[Record, str]], readout: Readout
) -> int:
    """Write reads as dye sequences; return how many there are, with those that have no label."""
    count = unlabelled = 0

    def rows() -> Iterator[tuple[str, str, int]]:
        nonlocal count, unlabelled
        for protein, residues in reads:
            count += 1
            unlabelled += not residues.strip(HIDDEN)
            yield residues, protein.id, 1

    stream.write(format_dye_sequences(rows(), readout))
    if unlabelled:
        log.info("left out %d of %d reads, which have no label", unlabelled, count)
    return count
