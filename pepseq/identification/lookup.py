"""The table of the known proteins that the reads of a file fit."""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from pepseq.digestion.config import DigestConfig
from pepseq.errors import SettingsError
from pepseq.fluorosequencing.dye_codes import check_cycles
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.identification.config import LookupConfig
from pepseq.identification.dye_fits import fit_dye_reads
from pepseq.identification.entrapment import MOST_FITS, EntrapmentTest, pairs_path
from pepseq.identification.fit_table import LOOKUP_COLUMNS, FitRow, fit_rows
from pepseq.identification.fits import ReadFits, fit_reads
from pepseq.identification.found_proteins import FoundProteins, format_proteins
from pepseq.identification.relatives import log_shares
from pepseq.identification.weighted_reads import read_and_check
from pepseq.io.failures import FailedRecord, refuse_failed, write_failed
from pepseq.io.files import check_inputs, check_outputs
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.plurals import plural
from pepseq.io.run_record import run_record
from pepseq.io.tables import format_tsv
from pepseq.library.entries import reference_paths
from pepseq.prediction.organism_advice import log_advice
from pepseq.prediction.read_filter import format_read, keep_fitting_reads
from pepseq.prediction.read_warnings import warn_of_missing_labels, warn_of_peptides
from pepseq.quantification.error_rates import Errors, dye_error_rates, warn_without_rates
from pepseq.readout.confusion import Confusion, ConfusionTable, choose_confusion
from pepseq.readout.dye_sequences import (
    DyeSequence,
    format_dye_sequence,
    log_channels,
    read_dye_sequences,
)
from pepseq.readout.label_probabilities import WeightedRead
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record, read_fasta
from pepseq.settings import check_config, require
from pepseq.templates.organism_tally import OrganismTally
from pepseq.templates.reference_files import open_reference
from pepseq.templates.template_organisms import (
    ORGANISMS_OF_TEMPLATES,
    SampleOrganisms,
)

log = logging.getLogger(__name__)
_FORMATS = {
    "score": ".2f",
    "coverage": ".4f",
    "probability": ".6f",
    "e_value": ".3g",
    "q_value": ".4g",
    "q_value_related": ".4g",
}


@dataclass(frozen=True)
class LookedUp:
    """What `lookup` did.

    `reads`: number of reads; `assigned`: number of reads whose best fit has a q-value up to max_q;
    `single`: number of assigned reads that fit nothing else equally well. `lowest_q`: lowest of all
    q-values, 1 if there are none. `counts`: the sums of the counts of these three groups of reads,
    which differ from their numbers for dye sequences. `tested`: hits of a test by entrapment.
    `organisms`: those of the best fits of assigned reads. `related`: number of reads whose best fit
    has a q-value up to max_q if relatives count as right. `groups`:
    q-values of the groups of proteins, None without a table of them.
    """

    reads: int
    assigned: int
    single: int
    lowest_q: float
    bad: list[FailedRecord]
    counts: tuple[int, int, int]
    tested: EntrapmentTest | None = None
    organisms: SampleOrganisms | None = None
    related: int = 0
    groups: tuple[float, ...] | None = None


def lookup(
    reads: str | Path,
    output: str | Path,
    reference: str | Path | Sequence[str | Path],
    readout: str | Readout,
    *,
    config: LookupConfig = LookupConfig(),  # noqa: B008 - frozen
    digestion: DigestConfig = DigestConfig(),  # noqa: B008 - frozen
    errors: Errors | None = None,
    confusion: ConfusionTable = None,
    entrapment: str | Path | None = None,
    proteins: str | Path | None = None,
    force: bool = False,
    keep_going: bool = False,
) -> LookedUp:
    """Write a table of the known proteins that each read fits, best first.

    `reads` is a FASTA file, with `config.dye_sequences` one of whatprot's dye sequences, with
    `config.probabilities` a table as of `read_label_probabilities`, with `config.patterns` one as
    of `read_patterns`; `reference` are FASTA files. `digestion` and `errors` (rates, or the path
    of whatprot's sequencing parameters) are those of dye sequences of peptides; for other reads
    `confusion`, see `read_confusion`, replaces the error rates of `config`. Scores are log-odds in
    bits, E-values bound the number of such fits expected by chance in this reference, and q-values
    come from competition with decoys, reversed proteins of the same reference (Elias and Gygi
    2007), for peptides also from the share of relatives, see `estimate_q_values`. Columns:
    LOOKUP_COLUMNS. For reads in memory: `find_proteins`.

    With `entrapment`, q-values are tested: a shuffled protein is added for each known protein, and
    FDRBench's input is written there, for tryptic peptides with `<entrapment>.pairs.tsv`.

    `proteins` is a table of the proteins that accepted reads come from: PROTEIN_COLUMNS, see
    `FoundProteins.groups`. It is refused with `entrapment` and for dye sequences of peptides.

    Raises SettingsError, InputError (bad input; after writing the good records, unless
    `keep_going`), OutputError and TryAgainError.
    """
    started = time.time()
    check_config(config, LookupConfig)
    readout = readout if isinstance(readout, Readout) else Readout(readout)
    paths = reference_paths(reference)
    if not paths:
        raise SettingsError("lookup: give a reference")
    others = [path for path in (errors, confusion) if isinstance(path, str | Path)]
    tables = [*_entrapment_outputs(entrapment), *_protein_outputs(proteins, entrapment, config)]
    check_outputs([output, *tables], [reads, *paths, *others], force)
    check_inputs([reads, *paths, *others])
    rates = _error_rates(readout, config, errors)
    matrix = choose_confusion(confusion, readout, config.missed_label, config.misread)
    require(
        matrix is None or rates is None,
        "confusion: for reads of FASTA files; for dye sequences of peptides give error rates",
    )
    bad: list[FailedRecord] = []
    with Outputs(force) as outputs:
        stream = outputs.open(output, "fits", is_table=True)
        records = _read(reads, readout, config, matrix, bad)
        if bad:
            noun = plural(len(bad), "record")
            log.warning("%d %s left out, the first: %s", len(bad), noun, bad[0])
        if config.dye_sequences:
            log_channels(readout)
        if config.digested:
            warn_without_rates(errors)
        known, used, test = open_reference(paths), config, None
        if entrapment is not None:
            test = EntrapmentTest(known, config, digestion)
            known, used = test.reference, replace(config, best=max(config.best, MOST_FITS))
        results: Iterable[ReadFits]
        given = [r if isinstance(r, WeightedRead) else r.sequence for r in records]
        if rates is None:
            results, q_values = fit_reads(given, known, readout, used, matrix)
        else:
            residues = [record.sequence for record in records if isinstance(record, Record)]
            results, q_values = fit_dye_reads(residues, known, readout, used, digestion, rates)
        log_shares(q_values, len(records))
        if test is not None:
            results = test.add(results, q_values.exact, config.best)
        stream.write(format_tsv([LOOKUP_COLUMNS]))
        sums, tally = np.zeros((2, 3), np.int64), OrganismTally(known)
        evidence = FoundProteins(config.max_q)
        columns = records, results, q_values.exact.tolist(), q_values.related.tolist()
        for record, fits, q_value, related in zip(*columns, strict=True):
            count = record.count if isinstance(record, DyeSequence) else 1
            text = _text(record, readout)
            found = fit_rows(record.id, fits, q_value, related, count, text, known)
            stream.write(format_tsv(map(_cells, found)))
            evidence.add(fits, related, count)
            accepted = q_value <= config.max_q
            _count_organism(tally, record, fits, accepted)
            sums += np.outer((1, count), (True, accepted, accepted and fits.equal == 1))
        if test is not None and entrapment is not None:
            test.write(outputs, entrapment)
        groups = None
        if proteins is not None:
            rows = evidence.groups(known)
            groups = tuple(row.q_value for row in rows)
            outputs.add(proteins, format_proteins(rows), "proteins")
        write_failed(outputs, output, bad, len(records))
        settings = {**asdict(config), "readout": str(readout), "reference": known.described}
        if matrix is not None:
            settings["confusion"] = matrix.describe()
        if rates is not None:
            settings |= {"digestion": asdict(digestion), "errors": asdict(rates)}
        organisms = tally.result()
        log_advice(organisms, str(reads), judges_relatives=False)
        described = {ORGANISMS_OF_TEMPLATES: organisms.describe()}
        run = run_record("lookup", settings, [reads, *others], started)
        outputs.record(output, run | described)
    refuse_failed(bad, len(records), output, keep_going)
    (total, assigned, single), (count, of_assigned, of_single) = sums.tolist()
    lowest = q_values.exact.min(initial=1.0)
    counts = count, of_assigned, of_single
    accepted = int((q_values.related <= config.max_q).sum())
    return LookedUp(total, assigned, single, lowest, bad, counts, test, organisms, accepted, groups)


def _count_organism(
    tally: OrganismTally, record: Record | WeightedRead, fits: ReadFits, accepted: bool
) -> None:
    """Add the organisms of a read's equally good fits, if the read is assigned."""
    equal = fits.best[: fits.equal] if accepted else []
    identity = equal[0].matched / max(equal[0].labels, 1) if equal else 0.0
    text = record.variants[0] if isinstance(record, WeightedRead) else record.sequence
    tally.add([fit.protein for fit in equal], len(text), identity)


def _entrapment_outputs(entrapment: str | Path | None) -> list[str | Path]:
    """Return the tables of a test by entrapment; SettingsError if they cannot be files."""
    if entrapment is None:
        return []
    require(str(entrapment) != STDIO, "entrapment: expected the name of a file, not -")
    return [entrapment, pairs_path(entrapment)]


def _protein_outputs(
    proteins: str | Path | None, entrapment: str | Path | None, config: LookupConfig
) -> list[str | Path]:
    """Return the table of proteins; SettingsError if it cannot be written."""
    if proteins is None:
        return []
    require(str(proteins) != STDIO, "proteins: expected the name of a file, not -")
    require(entrapment is None, "proteins, entrapment: give one of them")
    require(
        not config.digested,
        "proteins: not for dye sequences of peptides; for a list of their proteins, run "
        "pepseq quantify",
    )
    return [proteins]


def _error_rates(
    readout: Readout, config: LookupConfig, errors: Errors | None
) -> SequencingErrors | None:
    """Return the error rates of dye sequences of peptides, None for other reads."""
    if config.digested:
        if config.cycles is not None:
            check_cycles(len(readout.labels), config.cycles)
        return dye_error_rates(readout, errors, config.error_scale)
    if errors is not None:
        raise SettingsError("errors: give them for dye sequences of peptides only")
    return None


def _read(
    path: str | Path,
    readout: Readout,
    config: LookupConfig,
    confusion: Confusion | None,
    bad: list[FailedRecord],
) -> Sequence[Record | WeightedRead]:
    """Return the usable reads, after a look at whether they are what is said of them."""
    if config.weighted:
        return read_and_check(path, readout, config, confusion, bad)
    records: Iterator[Record]
    if config.dye_sequences:
        records = read_dye_sequences(path, readout, bad)
    else:
        groups = readout.group_symbols
        records = read_fasta(path, reads=True, bad=bad, groups=groups)
        records = keep_fitting_reads(records, readout, "all", str(path), bad, groups)
    kept = list(warn_of_peptides(records, config.read_kind, path))
    symbols = set().union(*(record.sequence for record in kept))
    residues = sum(len(record.sequence) for record in kept)
    warn_of_missing_labels(path, readout, symbols, residues, config.missed_label, confusion)
    if config.cycles is None:
        return kept
    usable = []
    for record in kept:
        if (symbols_read := len(record.sequence.rstrip(HIDDEN))) <= config.cycles:
            usable.append(record)
        else:
            reason = f"{symbols_read} symbols are more than the {config.cycles} cycles"
            bad.append(FailedRecord(str(path), record.line, record.id, reason))
    return usable


def _text(record: Record | WeightedRead, readout: Readout) -> str | None:
    """Return a read as it stands in the file, None for probabilities of labels and patterns."""
    if isinstance(record, WeightedRead):
        return None
    if isinstance(record, DyeSequence):
        return format_dye_sequence(record, readout)
    return format_read(record.sequence, readout.group_symbols)


def _cells(row: FitRow) -> Iterator[object]:
    for column in LOOKUP_COLUMNS:
        value = getattr(row, column)
        yield value if value is None else format(value, _FORMATS.get(column, ""))
