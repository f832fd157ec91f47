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
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.run_record import run_record
from pepseq.io.tables import check_table_name, format_tsv
from pepseq.readout.config import NoiseRates
from pepseq.readout.confusion import Confusion, ConfusionTable, read_confusion
from pepseq.readout.dye_sequences import check_channels, format_dye_sequences
from pepseq.readout.fluorosequencing import Fluorosequencing, read_fluorosequencing
from pepseq.readout.label_probabilities import PROBABILITY_COLUMNS, format_label_probabilities
from pepseq.readout.masking import HIDDEN, MaskedSequence, mask_table
from pepseq.readout.noise import ConfusedLabels, Noise, add_noise, record_generator
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
    confusion: ConfusionTable = None,
    seed: int = 1,
    dye_sequences: bool = False,
    probabilities: bool = False,
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
    confusion: confusion matrix of the labels, see `read_confusion`; it replaces the missed labels
        and misreads of a `Noise`.
    dye_sequences: write whatprot's file of dye sequences instead of FASTA.
    probabilities: write a table as of `read_label_probabilities` instead of FASTA; needs a
        confusion matrix.

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
    require(
        not probabilities or (confusion is not None and not dye_sequences),
        "probabilities: they need a confusion matrix, and are not for dye sequences",
    )
    if probabilities:
        check_table_name(output)
    inputs = list_paths(proteins, "proteins", required=True)
    model_files = [path for path in (noise, confusion) if isinstance(path, str | Path)]
    check_outputs([output], [*inputs, *model_files], force)
    model = _noise_model(noise, confusion, readout)
    bad: list[FailedRecord] = []
    with Outputs(force) as outputs:
        stream = outputs.open(output, "dye sequences" if dye_sequences else "reads")
        records = read_fasta(inputs, bad=bad, groups=readout.group_symbols)
        reads = _simulate_reads(records, readout, model, seed)
        if dye_sequences:
            count = _write_dye_sequences(stream, reads, readout)
        elif probabilities and isinstance(model, ConfusedLabels):
            count = _write_probabilities(stream, reads, model.confusion)
        else:
            count = _write_fasta(stream, reads, readout, hidden_symbol)
        write_failed(outputs, output, bad, count)
        settings: dict[str, Any] = {"readout": str(readout), "labels": ",".join(readout.labels)}
        settings |= {"hidden_symbol": hidden_symbol, "dye_sequences": dye_sequences}
        settings |= {"probabilities": probabilities, "seed": seed}
        settings |= _describe(model)
        outputs.record(output, run_record("mask", settings, [*inputs, *model_files], started))
    refuse_failed(bad, count, output, keep_going)
    left_out = f" ({len(bad):,} left out)" if bad else ""
    where = "" if str(output) == STDIO else f": {output}"
    log.info("masked %s protein%s%s%s", f"{count:,}", "s" * (count != 1), left_out, where)
    return bad


_Model = Noise | ConfusedLabels | Fluorosequencing | None


def _noise_model(
    noise: Noise | Fluorosequencing | str | Path | None, confusion: ConfusionTable, readout: Readout
) -> _Model:
    """Return the model of an experiment's errors, None for no errors."""
    model: _Model
    if confusion is not None:
        require(
            noise is None or isinstance(noise, Noise),
            "confusion: give a confusion matrix or whatprot's sequencing parameters, not both",
        )
        rates = noise if isinstance(noise, Noise) else NoiseRates()
        model = ConfusedLabels(read_confusion(confusion, readout), rates)
    else:
        model = read_fluorosequencing(noise) if isinstance(noise, str | Path) else noise
    if model is not None:
        model.check_readout(readout)
    return model


def _describe(model: _Model) -> dict[str, Any]:
    """Return the errors of an experiment, for run records."""
    if isinstance(model, ConfusedLabels):
        return {"noise": asdict(model.rates), "confusion": model.confusion.describe()}
    return {"noise": None if model is None else asdict(model)}


def _check_format(readout: Readout, hidden_symbol: str, dye_sequences: bool) -> None:
    if hidden_symbol not in tuple(HIDDEN_SYMBOLS):
        raise SettingsError(
            f"hidden symbol: expected one of {' '.join(HIDDEN_SYMBOLS)}, "
            f"found {quoted(str(hidden_symbol))}"
        )
    if dye_sequences:
        check_channels(readout)


def _simulate_reads(
    proteins: Iterable[Record], readout: Readout, noise: _Model, seed: int
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


def _write_probabilities(
    stream: IO[bytes], reads: Iterable[tuple[Record, str]], confusion: Confusion
) -> int:
    """Write reads as probabilities of labels; return how many there are."""
    pairs = ((protein.id, residues) for protein, residues in reads)
    stream.write(format_tsv([PROBABILITY_COLUMNS]))
    count = 0
    for rows in format_label_probabilities(pairs, confusion):
        stream.write(rows)
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
