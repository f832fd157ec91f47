"""The table of amounts of the proteins that the reads of a file come from."""

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pepseq.digestion.config import DigestConfig
from pepseq.errors import SettingsError
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.io.dataframes import check_frame_name, format_frame
from pepseq.io.failures import FailedRecord, refuse_failed, write_failed
from pepseq.io.files import check_inputs, check_outputs
from pepseq.io.multiqc import Statistic, check_multiqc_name, format_multiqc, sample_name
from pepseq.io.outputs import Outputs
from pepseq.io.plurals import plural
from pepseq.io.run_record import describe_file, run_record
from pepseq.library.entries import reference_paths
from pepseq.quantification.config import QuantifyConfig
from pepseq.quantification.dye_counts import DyeCounts, DyeLimits, read_dye_counts
from pepseq.quantification.error_rates import Errors, warn_without_rates
from pepseq.quantification.known_proteins import KnownProteins, known_proteins
from pepseq.quantification.peptide_counts import PeptideCounts, read_peptide_counts
from pepseq.quantification.quantify_reads import ReadSource, check_quantify, make_evidence
from pepseq.quantification.quantities import Quantities, estimate_quantities
from pepseq.quantification.spike_ins import SpikeIns, read_spike_ins
from pepseq.readout.confusion import Confusion, ConfusionTable
from pepseq.readout.dye_sequences import log_channels
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta
from pepseq.settings import check_config

log = logging.getLogger(__name__)


def quantify(
    reads: str | Path,
    output: str | Path,
    reference: str | Path | Sequence[str | Path],
    readout: str | Readout,
    *,
    score_ids: str | Path | None = None,
    known: str | Path | None = None,
    config: QuantifyConfig = QuantifyConfig(),  # noqa: B008 - frozen
    digestion: DigestConfig = DigestConfig(),  # noqa: B008 - frozen
    errors: Errors | None = None,
    confusion: ConfusionTable = None,
    multiqc: str | Path | None = None,
    force: bool = False,
    keep_going: bool = False,
) -> Quantities:
    """Write the table of amounts of a reference's proteins, as TSV or Parquet by the name's suffix.

    reads: FASTA of whole peptides; with `config.dye_sequences` a file of dye sequences as
        whatprot's; with `config.scores` a table with the columns read, id and score, or those of
        whatprot's classifications; with `config.probabilities` or `config.patterns` tables as of
        `lookup`.
    reference: FASTA files of the proteins that may be in the sample.
    score_ids: file of the dye sequences that reads were scored with.
    known: spike-ins with given copies: FASTA with copies=NUMBER in its headers, or a table with the
        columns protein and copies.
    errors: error rates, or the path of whatprot's sequencing parameters.
    confusion: of whole peptides, see `read_confusion`; it replaces the error rates of `config`.
    multiqc: file named `*_mqc.json` for the numbers of reads and of groups found, for MultiQC.

    The result does not depend on the order of reads, nor on the number of threads. For reads in
    memory: `quantify_reads`. Raises SettingsError, InputError (bad reads; after writing the others'
    table, unless `keep_going`), OutputError and TryAgainError.
    """
    started = time.time()
    check_config(config, QuantifyConfig)
    readout = readout if isinstance(readout, Readout) else Readout(readout)
    references = reference_paths(reference, required=True)
    if score_ids is not None and not config.scores:
        raise SettingsError("score_ids: give them for scores only")
    check_frame_name(output)
    given = (score_ids, known, errors, confusion)
    others = [path for path in given if isinstance(path, str | Path)]
    if multiqc is not None:
        check_multiqc_name(multiqc)
    outputs_given = [output] if multiqc is None else [output, multiqc]
    check_outputs(outputs_given, [reads, *references, *others], force)
    check_inputs([reads, *references, *others])
    rates = check_quantify(readout, config, errors, confusion)
    bad: list[FailedRecord] = []

    def count_dyes(limits: DyeLimits) -> DyeCounts:
        counts = read_dye_counts(reads, limits, bad)
        if config.cycles is None:
            log.info("cycles: %d, the symbols of the longest read", counts.cycles)
        return counts

    def count_peptides(is_given: np.ndarray) -> PeptideCounts:
        return read_peptide_counts(reads, readout, is_given, bad)

    with Outputs(force) as outputs:
        stream = outputs.open(output, "amounts", is_table=True)
        spike_ins = None if known is None else read_spike_ins(known)
        proteins, left_out = _read_reference(references, spike_ins)
        evidence = make_evidence(
            proteins,
            readout,
            config,
            digestion,
            rates,
            ReadSource(count_dyes, count_peptides, (reads, score_ids), bad),
        )
        if bad:
            noun = plural(len(bad), "read")
            log.warning("%d %s left out, the first: %s", len(bad), noun, bad[0])
        if config.dye_sequences or config.scores:
            log_channels(readout)
        if config.dye_sequences:
            warn_without_rates(errors)
        copies = None if spike_ins is None else spike_ins.copies(proteins.ids, proteins.repeated)
        done = estimate_quantities(proteins, evidence, config, digestion, copies)
        stream.write(format_frame(done.table, output))
        if multiqc is not None:
            outputs.add(multiqc, _for_multiqc(done, output, config), "statistics for MultiQC")
        write_failed(outputs, output, bad, done.distinct)
        about: dict[str, Any] = {"files": [describe_file(path) for path in references]}
        about |= {"proteins": len(proteins), "left_out": left_out}
        about |= {"groups": done.groups, "decoys": done.groups * done.decoy_sets}
        settings = {"readout": str(readout), "labels": ",".join(readout.labels), **asdict(config)}
        settings |= {
            "digestion": asdict(digestion),
            "errors": asdict(rates) if isinstance(rates, SequencingErrors) else None,
            "reference": about,
        }
        if isinstance(rates, Confusion):
            settings["confusion"] = rates.describe()
        record = run_record("quantify", settings, [reads, *others], started)
        outputs.record(output, record | {"quantify": done.read_counts()})
    refuse_failed(bad, done.distinct, output, keep_going)
    return done


def _for_multiqc(done: Quantities, output: str | Path, config: QuantifyConfig) -> bytes:
    """Return the numbers of reads and of groups found for MultiQC."""
    share = 100 * done.from_proteins / done.reads if done.reads else None
    found = f"Groups of proteins with a q-value up to {config.max_q:g}"
    statistics = {
        "reads": Statistic(done.reads, "Reads", "Reads of single molecules"),
        "from_proteins": Statistic(
            share, "In reference", "Reads from proteins of the reference", " %", 100
        ),
        "found": Statistic(done.found, "Groups", found),
    }
    return format_multiqc("pepseq_quantify", sample_name(output), statistics)


def _read_reference(
    paths: list[str | Path], spike_ins: SpikeIns | None
) -> tuple[KnownProteins, int]:
    """Return the proteins of FASTA files and of spike-ins, and how many records are left out."""
    bad: list[FailedRecord] = []
    records = list(read_fasta(paths, bad=bad, repeated_ids=True))
    if bad:
        noun = plural(len(bad), "record")
        log.warning("reference: %d %s left out, the first: %s", len(bad), noun, bad[0])
    records += spike_ins.records if spike_ins is not None else []
    return known_proteins(records, str(paths[0])), len(bad)
