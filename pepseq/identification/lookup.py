"""The table of the known proteins that the reads of a file fit."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pepseq.errors import SettingsError
from pepseq.identification.config import LookupConfig
from pepseq.identification.fits import LOOKUP_COLUMNS, FitRow, fit_reads, fit_rows
from pepseq.io.failures import FailedRecord, refuse_failed, write_failed
from pepseq.io.files import check_inputs, check_outputs, list_paths
from pepseq.io.outputs import Outputs
from pepseq.io.run_record import run_record
from pepseq.io.tables import format_tsv
from pepseq.prediction.read_filter import keep_fitting_reads
from pepseq.prediction.read_warnings import warn_of_missing_labels, warn_of_peptides
from pepseq.readout.dye_sequences import DyeSequence, read_dye_sequences
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record, read_fasta
from pepseq.settings import check_config
from pepseq.templates.reference_files import open_reference

log = logging.getLogger(__name__)
_FORMATS = {
    "score": ".2f",
    "coverage": ".4f",
    "probability": ".6f",
    "e_value": ".3g",
    "q_value": ".4g",
}


@dataclass(frozen=True)
class LookedUp:
    """What `lookup` did.

    `reads`: number of reads; `assigned`: number of reads whose best fit has a q-value up to max_q;
    `single`: number of assigned reads that fit nothing else equally well. `lowest_q`: lowest of all
    q-values, 1 if there are none. `counts`: the sums of the counts of these three groups of reads,
    which differ from their numbers for dye sequences.
    """

    reads: int
    assigned: int
    single: int
    lowest_q: float
    bad: list[FailedRecord]
    counts: tuple[int, int, int]


def lookup(
    reads: str | Path,
    output: str | Path,
    reference: str | Path | Sequence[str | Path],
    readout: str | Readout,
    *,
    config: LookupConfig = LookupConfig(),  # noqa: B008 - frozen
    force: bool = False,
    keep_going: bool = False,
) -> LookedUp:
    """Write a table of the known proteins that each read fits, best first.

    `reads` is a FASTA file, or with `config.dye_sequences` one of whatprot's dye sequences;
    `reference` are FASTA files. Scores are log-odds in bits, E-values bound the number of such fits
    expected by chance in this reference, and q-values come from competition with decoys, reversed
    proteins of the same reference (Elias and Gygi 2007). Columns: LOOKUP_COLUMNS. For reads in
    memory: `find_proteins`.

    Raises SettingsError, InputError (bad input; after writing the good records, unless
    `keep_going`), OutputError and TryAgainError.
    """
    started = time.time()
    check_config(config, LookupConfig)
    readout = readout if isinstance(readout, Readout) else Readout(readout)
    paths = list_paths(reference, "reference")
    if not paths:
        raise SettingsError("lookup: give a reference")
    check_outputs([output], [reads, *paths], force)
    check_inputs([reads, *paths])
    bad: list[FailedRecord] = []
    with Outputs(force) as outputs:
        stream = outputs.open(output, "fits")
        records = list(warn_of_peptides(_read(reads, readout, config, bad), config.kind, reads))
        symbols = set().union(*(record.sequence for record in records))
        residues = sum(len(record.sequence) for record in records)
        warn_of_missing_labels(reads, readout, symbols, residues, config.missed_label)
        if bad:
            log.warning("%d records are left out, the first: %s", len(bad), bad[0])
        known = open_reference(paths)
        results, q_values = fit_reads([r.sequence for r in records], known, readout, config)
        counts = [r.count if isinstance(r, DyeSequence) else 1 for r in records]
        stream.write(format_tsv([LOOKUP_COLUMNS]))
        for record, fits, q_value, count in zip(records, results, q_values, counts, strict=True):
            rows = fit_rows(record.id, fits, q_value, count, known)
            stream.write(format_tsv(map(_cells, rows)))
        write_failed(outputs, output, bad, len(records))
        settings = {**asdict(config), "readout": str(readout), "reference": known.described}
        outputs.record(output, run_record("lookup", settings, [reads], started))
    refuse_failed(bad, len(records), output, keep_going)
    assigned = [n for n, value in enumerate(q_values) if value <= config.max_q]
    single = [n for n in assigned if results[n].equal == 1]
    return LookedUp(
        len(records),
        len(assigned),
        len(single),
        q_values.min(initial=1.0),
        bad,
        (sum(counts), sum(counts[n] for n in assigned), sum(counts[n] for n in single)),
    )


def _read(
    path: str | Path, readout: Readout, config: LookupConfig, bad: list[FailedRecord]
) -> Iterator[Record]:
    if config.dye_sequences:
        yield from read_dye_sequences(path, readout, bad)
        return
    groups = readout.group_symbols
    records = read_fasta(path, reads=True, bad=bad, groups=groups)
    yield from keep_fitting_reads(records, readout, "all", str(path), bad, groups)


def _cells(row: FitRow) -> Iterator[object]:
    for column in LOOKUP_COLUMNS:
        value = getattr(row, column)
        yield value if value is None else format(value, _FORMATS.get(column, ""))
