"""Proteins to the readouts that an experiment would give: FASTA in, FASTA or dye sequences out."""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from pepseq.errors import SettingsError, found
from pepseq.io.failures import FailedRecord, refuse_failed, write_failed
from pepseq.io.files import check_outputs
from pepseq.io.outputs import Outputs
from pepseq.io.run_record import run_record
from pepseq.readout.dye_sequences import check_channels, format_dye_sequences
from pepseq.readout.fluorosequencing import read_fluorosequencing
from pepseq.readout.masking import HIDDEN, MaskedSequence, mask_table
from pepseq.readout.noise import ErrorModel, add_noise, record_generator
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record, format_fasta, read_fasta
from pepseq.sequences.residues import HIDDEN_SYMBOLS

log = logging.getLogger(__name__)


def mask(
    proteins: str | Path | Sequence[str | Path],
    output: str | Path,
    readout: str | Readout,
    *,
    hidden_symbol: str = HIDDEN,
    noise: ErrorModel | str | Path | None = None,
    seed: int = 1,
    dye_sequences: bool = False,
    force: bool = False,
    keep_going: bool = False,
) -> list[FailedRecord]:
    """Write the readouts of proteins: every residue outside `readout` becomes `hidden_symbol`.

    `proteins` are FASTA files (compressed or not, `-` for stdin), read as one stream; headers and
    order stay; readouts are taken too, to hide more of them. `output` is a FASTA file (compressed
    by its suffix, `-` for stdout), in which a residue known only to be in a group stands as `[DE]`;
    with `dye_sequences` it is whatprot's file of dye sequences. `noise` is what sequencing gets
    wrong: a `Noise`, a `Fluorosequencing`, or the path of whatprot's sequencing parameters; what
    happens to a protein depends on `seed`, its id and its sequence alone. Records that cannot be
    read are left out, listed in `<output>.failed.tsv` and returned.

    Raises SettingsError, InputError (after writing the good records, unless `keep_going`),
    OutputError and TryAgainError.
    """
    started = time.time()
    readout = readout if isinstance(readout, Readout) else Readout(readout)
    _check_format(readout, hidden_symbol, dye_sequences)
    inputs = [proteins] if isinstance(proteins, str | Path) else list(proteins)
    files = [noise] if isinstance(noise, str | Path) else []
    check_outputs([output], [*inputs, *files], force)
    model = read_fluorosequencing(noise) if files else noise
    if model is not None:
        model.check(readout)
    bad: list[FailedRecord] = []
    with Outputs(force) as outputs:
        stream = outputs.open(output, "dye sequences" if dye_sequences else "reads")
        records = read_fasta(inputs, bad=bad, groups=readout.group_symbols)
        pairs = _masked(records, readout)
        if model is not None:
            pairs = _with_noise(pairs, readout, model, seed)
        if dye_sequences:
            count = _write_dye_sequences(stream, pairs, readout)
        else:
            count = _write_fasta(stream, pairs, readout, hidden_symbol)
        settings = {"readout": str(readout), "labels": ",".join(readout.labels)}
        settings |= {"hidden_symbol": hidden_symbol, "dye_sequences": dye_sequences, "seed": seed}
        settings["noise"] = None if model is None else asdict(model)
        write_failed(outputs, output, bad, count)
        outputs.record(output, run_record("mask", settings, [*inputs, *files], started))
    refuse_failed(bad, count, output, keep_going)
    left_out = f" ({len(bad):,} left out)" if bad else ""
    log.info("masked %s protein%s%s: %s", f"{count:,}", "s" * (count != 1), left_out, output)
    return bad


def _check_format(readout: Readout, hidden_symbol: str, dye_sequences: bool) -> None:
    if hidden_symbol not in HIDDEN_SYMBOLS or len(hidden_symbol) != 1:
        raise SettingsError(
            f"hidden symbol: expected one of {' '.join(HIDDEN_SYMBOLS)}, "
            f"found {found(hidden_symbol)}"
        )
    if dye_sequences:
        check_channels(readout)


def _masked(records: Iterable[Record], readout: Readout) -> Iterator[tuple[Record, str]]:
    """Yield each protein and its readout."""
    table = mask_table(readout)
    for record in records:
        yield record, record.sequence.translate(table)


def _with_noise(
    pairs: Iterable[tuple[Record, str]], readout: Readout, model: ErrorModel, seed: int
) -> Iterator[tuple[Record, str]]:
    """Yield each protein and what a run with errors gives of its readout."""
    for record, residues in pairs:
        generator = record_generator(record.id, record.sequence, seed)
        yield record, add_noise(MaskedSequence(residues), readout, model, generator).residues


def _write_fasta(stream, pairs, readout: Readout, hidden_symbol: str) -> int:
    """Write readouts as FASTA; returns how many there are."""
    count, groups = 0, readout.group_symbols
    for record, residues in pairs:
        if hidden_symbol != HIDDEN:
            residues = residues.replace(HIDDEN, hidden_symbol)
        stream.write(format_fasta(record.header, residues, groups))
        count += 1
    return count


def _write_dye_sequences(stream, pairs, readout: Readout) -> int:
    """Write readouts as dye sequences; returns how many there are, those without a label too."""
    count = dark = 0

    def rows() -> Iterator[tuple[str, str, int]]:
        nonlocal count, dark
        for record, residues in pairs:
            count, dark = count + 1, dark + (not residues.strip(HIDDEN))
            yield residues, record.id, 1

    stream.write(format_dye_sequences(rows(), readout))
    if dark:
        log.info("left out %d of %d readouts, which have no label", dark, count)
    return count
