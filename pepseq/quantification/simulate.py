"""Reads of a simulated sample, with the truth beside them."""

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import numpy as np

from pepseq.digestion.config import DigestConfig
from pepseq.errors import SettingsError
from pepseq.fluorosequencing.dye_codes import check_cycles
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.io.failures import FailedRecord, no_usable_record, refuse_failed, write_failed
from pepseq.io.files import check_inputs, check_outputs
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.progress import Progress
from pepseq.io.run_record import run_record
from pepseq.io.tables import format_tsv
from pepseq.quantification.abundances import lognormal_sigma
from pepseq.quantification.dye_reads import count_dye_reads, format_dye_reads
from pepseq.quantification.error_rates import Errors, dye_error_rates
from pepseq.quantification.peptide_reads import check_misreads, format_reads, peptide_reads
from pepseq.quantification.sample import TRUTH_COLUMNS, Sample, draw_sample
from pepseq.quantification.simulation_config import SimulateConfig
from pepseq.readout.dye_sequences import check_channels, log_channels
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta
from pepseq.settings import check_config

log = logging.getLogger(__name__)
MAX_READS = 10**11


@dataclass(frozen=True)
class SimulatedReads:
    """What `simulate` wrote: reads, distinct ones (all, if they are whole peptides), and truth.

    `present` of all `proteins` are in the sample, `without_reads` of these can give none. `bad`:
    records that were left out.
    """

    reads: int
    distinct: int
    proteins: int
    present: int
    without_reads: int
    bad: list[FailedRecord]


def simulate(
    proteins: str | Path | Sequence[str | Path],
    output: str | Path,
    readout: str | Readout,
    reads: int,
    *,
    config: SimulateConfig = SimulateConfig(),  # noqa: B008 - frozen
    digestion: DigestConfig = DigestConfig(),  # noqa: B008 - frozen
    errors: Errors | None = None,
    force: bool = False,
    keep_going: bool = False,
) -> SimulatedReads:
    """Write simulated reads of a sample, and its truth as `<output>.truth.tsv`.

    proteins: FASTA files of the proteins that may be in the sample.
    output: with `config.dye_sequences` whatprot's dye sequences, equal ones merged, the most
        frequent first, with ids 1, 2, 3; else FASTA of whole peptides in random order.
    reads: number of reads; molecules without a label that is seen give none.
    errors: of dye sequences only.

    The same seed gives the same files, whatever the number of threads. The truth has TRUTH_COLUMNS
    and a row for each protein, those that are absent too.

    Raises SettingsError, InputError (also after writing, for records that were left out, unless
    `keep_going`), OutputError and TryAgainError.
    """
    started = time.time()
    check_config(config, SimulateConfig)
    readout = readout if isinstance(readout, Readout) else Readout(readout)
    inputs = [proteins] if isinstance(proteins, str | Path) else list(proteins)
    tables = [config.abundance] if lognormal_sigma(config.abundance) is None else []
    error_files = [errors] if isinstance(errors, str | Path) else []
    if str(output) == STDIO:
        raise SettingsError(
            "output: expected the name of a file, beside which the truth is written"
        )
    truth = f"{Path(output)}.truth.tsv"
    all_inputs: list[str | Path] = [*inputs, *tables, *error_files]
    check_outputs([output, truth], all_inputs, force)
    check_inputs(all_inputs)
    check_reads(reads)
    rates = resolve_errors(readout, config, errors)
    bad: list[FailedRecord] = []
    with Outputs(force) as outputs:
        stream = outputs.open(output, "dye sequences" if config.dye_sequences else "reads")
        records = list(read_fasta(inputs, bad=bad))
        if not records:
            raise no_usable_record(bad)
        sample = draw_sample(records, config, digestion)
        if config.dye_sequences:
            log_channels(readout)
        if rates is None:
            distinct, reads_of_protein = _write_peptides(stream, sample, readout, reads, config)
        else:
            texts, counts, reads_of_protein = count_dye_reads(sample, readout, reads, rates, config)
            stream.write(format_dye_reads(texts, counts, len(readout.labels)))
            distinct = len(texts)
        columns = sample.truth(readout, reads_of_protein).values()
        rows = (map(_cell, row) for row in zip(*columns, strict=True))
        outputs.add(truth, format_tsv([TRUTH_COLUMNS, *rows]), "truth")
        write_failed(outputs, output, bad, len(records))
        settings = {"readout": str(readout), "labels": ",".join(readout.labels), "reads": reads}
        settings |= {**asdict(config), "digestion": asdict(digestion)}
        settings["errors"] = None if rates is None else asdict(rates)
        outputs.record(output, run_record("simulate", settings, all_inputs, started))
    refuse_failed(bad, len(records), output, keep_going)
    present = int((sample.copies > 0).sum())
    without = int(((sample.copies > 0) & (sample.labelled_per_copy(readout) == 0)).sum())
    return SimulatedReads(reads, distinct, len(records), present, without, bad)


def resolve_errors(
    readout: Readout, config: SimulateConfig, errors: Errors | None
) -> SequencingErrors | None:
    """Return the error rates of dye sequences, scaled, or None for whole peptides.

    Raises SettingsError for settings that do not fit the readout, InputError for a faulty file.
    """
    if not config.dye_sequences:
        if errors is not None:
            raise SettingsError(
                "errors: give them for dye sequences only; else missed_label, misread"
            )
        check_misreads(readout, config.misread)
        return None
    check_channels(readout)
    check_cycles(len(readout.labels), config.cycles)
    return dye_error_rates(readout, errors, config.error_scale)


def check_reads(reads: int) -> None:
    """Raise SettingsError for a number of reads that cannot be simulated."""
    is_whole = isinstance(reads, int | np.integer) and not isinstance(reads, bool)
    if not is_whole or not 1 <= reads <= MAX_READS:
        raise SettingsError(
            f"reads: expected a whole number from 1 to {MAX_READS:,}, found {reads}"
        )


def _cell(value: object) -> object:
    return f"{value:.10g}" if isinstance(value, float) else value


def _write_peptides(
    stream: IO[bytes], sample: Sample, readout: Readout, reads: int, config: SimulateConfig
) -> tuple[int, np.ndarray]:
    """Write reads of whole peptides as FASTA; return how many, and those of each protein."""
    reads_of_protein = np.zeros(len(sample.ids), np.int64)
    done = 0
    with Progress("simulating", reads, "reads") as progress:
        for states, peptides in peptide_reads(sample, readout, reads, config):
            stream.write(format_reads(sample, readout, config, states, peptides, done + 1))
            proteins = sample.peptides.protein[peptides]
            reads_of_protein += np.bincount(proteins, minlength=len(sample.ids))
            done += len(peptides)
            progress.add(len(peptides))
    return done, reads_of_protein
