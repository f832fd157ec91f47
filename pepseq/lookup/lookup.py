"""Which known proteins a readout fits, how well, and how likely such a fit is by chance."""

import logging
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from pepseq.errors import SettingsError, is_text
from pepseq.io.failures import FailedRecord, refuse_failed, write_failed
from pepseq.io.files import check_inputs, check_outputs, encode_text
from pepseq.io.outputs import Outputs
from pepseq.io.progress import Progress
from pepseq.io.run_record import run_record
from pepseq.lookup.config import LookupConfig
from pepseq.lookup.decoys import decoys_of, q_values
from pepseq.prediction.read_filter import keep_fitting_reads
from pepseq.prediction.read_warnings import warn_of_missing_labels, warn_of_peptides
from pepseq.prediction.template_model import COPYING
from pepseq.readout.dye_sequences import DyeSequence, read_dye_sequences
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record, read_fasta
from pepseq.templates.copying_model import NOT_ALIGNED
from pepseq.templates.finder import TemplateFinder
from pepseq.templates.reference import Reference, open_reference
from pepseq.templates.substitution import UNKNOWN_CODE
from pepseq.templates.symbols import symbols_of

log = logging.getLogger(__name__)
LOOKUP_COLUMNS = (
    "id",
    "rank",
    "protein",
    "begin",
    "end",
    "score",
    "coverage",
    "labels_matched",
    "labels",
    "equal_fits",
    "probability",
    "e_value",
    "q_value",
    "description",
    "count",
)
LONGEST_TAIL = 50
"""A dye sequence's peptide may have so many residues after its last label."""
SAME_SCORE = 0.5
"""Fits whose scores differ by fewer bits are equally good."""


@dataclass(frozen=True)
class Fit:
    """A known protein that a readout fits.

    `protein` is its number in the reference; the readout begins at its residue `begin` and ends at
    `end` (1-based); `score` in bits: log2 of how much likelier the readout is if it is this
    protein's than by chance, of which `bonus` is for ends and gaps; `coverage`: aligned share of
    the readout; `matched`: labels that the protein has at the same residue, of `labels`.
    """

    protein: int
    begin: int
    end: int
    score: float
    bonus: float
    coverage: float
    matched: int
    labels: int


@dataclass(frozen=True)
class Answer:
    """What one readout fits: the best `fits`; `equal`, how many are as good as the first.

    `places`: how many places of the reference it was compared with; `total`: log2 of the sum of
    2 ** score over all fits found; `lead` and `decoy_lead`: by how many bits the best fit exceeds
    the sum over decoys, and the best decoy the sum over fits.
    """

    fits: list[Fit]
    equal: int
    places: int
    total: float
    lead: float
    decoy_lead: float


@dataclass(frozen=True)
class LookedUp:
    """What `lookup` did.

    Of all `readouts`, those `assigned` have a best fit with a q-value up to max_q, and of these
    `single` ones fit nothing else as well; `lowest_q`: of all q-values, 1 if there are none.
    `reads`: the sums of the counts of the three.
    """

    readouts: int
    assigned: int
    single: int
    lowest_q: float
    bad: list[FailedRecord]
    reads: tuple[int, int, int]


class Fitter:
    """Ranks the proteins of one reference for readouts; safe in several threads."""

    def __init__(self, reference: Reference, readout: Readout, config: LookupConfig):
        symbols = symbols_of(readout, config.missed_label, config.misread)
        self.finder = TemplateFinder(reference, symbols, config.kind)
        emission = np.stack([self.finder.emission(d) for d in COPYING.distances])
        unaligned = np.zeros((*emission.shape[:2], NOT_ALIGNED - UNKNOWN_CODE))
        self._bits = np.concatenate([np.log2(emission), unaligned], axis=2)
        self._tail = LONGEST_TAIL if config.dye_sequences else 0

    def fits(self, residues: str, most: int) -> tuple[list[Fit], np.ndarray, int]:
        """Return at most this many fits of a readout, best first.

        Also returned are the scores of all fits, sorted, and the number of places compared. The
        unknown tail of a dye sequence is tried at every length; where one protein fits from the
        same residue on with several, the best of them counts.
        """
        parts, places = [], 0
        for tail in range(self._tail + 1):
            longer = residues + HIDDEN * tail
            parts.append(self._columns(longer, len(residues)))
            places += self.finder.places(len(longer))
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        proteins, begins, _, scores, *_ = columns
        order = np.lexsort((begins, proteins, -scores))
        if self._tail:
            keys = (proteins << 32 | begins)[order]
            order = order[np.sort(np.unique(keys, return_index=True)[1])]
        labels = sum(symbol != HIDDEN for symbol in residues)
        best = zip(*(column[order[:most]].tolist() for column in columns), strict=True)
        return [Fit(*row, labels) for row in best], scores[order], places

    def _columns(self, residues: str, length: int) -> tuple[np.ndarray, ...]:
        """Return the fields of Fit but the last one, for all fits of one readout."""
        templates = self.finder.find(residues)
        symbols, lines = self.finder.symbols.encode(residues), templates.aligned
        labelled = symbols != self.finder.symbols.hidden
        bits = np.stack([of_distance[symbols, lines].sum(1) for of_distance in self._bits])
        prior = np.log2(COPYING.distance_prior(self.finder.kind))[:, None]
        on = lines != NOT_ALIGNED
        same = self.finder.symbols.of_code[np.minimum(lines, UNKNOWN_CODE)] == symbols
        return (
            templates.proteins.astype(np.int64),
            *(templates.spans + 1).T,
            np.logaddexp2.reduce(bits + prior, axis=0) + templates.bonuses,
            templates.bonuses,
            on[:, :length].mean(1),
            (same & on & labelled).sum(1),
        )


def lookup(
    readouts: str | Path,
    output: str | Path,
    reference: str | Path | Sequence[str | Path],
    readout: str | Readout,
    *,
    config: LookupConfig = LookupConfig(),  # noqa: B008 - frozen
    force: bool = False,
    keep_going: bool = False,
) -> LookedUp:
    """Write a table of the known proteins that each readout fits, best first.

    `reference` are FASTA files. Scores are log-odds in bits, E-values bound how many such fits to
    expect by chance in this reference, and q-values come from competition with decoys, reversed
    proteins of the same reference (Elias and Gygi 2007). Columns: LOOKUP_COLUMNS.

    Raises SettingsError, InputError (bad input; after writing the good records, unless
    `keep_going`), OutputError and TryAgainError.
    """
    started = time.time()
    readout = readout if isinstance(readout, Readout) else Readout(readout)
    paths = [reference] if isinstance(reference, str | Path) else list(reference)
    if not paths:
        raise SettingsError("lookup: expected a reference, found none")
    check_outputs([output], [readouts, *paths], force)
    check_inputs([readouts, *paths])
    bad: list[FailedRecord] = []
    with Outputs(force) as outputs:
        stream = outputs.open(output, "fits")
        records = _read(readouts, readout, config, bad)
        records = list(warn_of_peptides(records, config.kind, readouts))
        times = Counter(record.sequence for record in records)  # equal readouts are asked once
        total = sum(len(record.sequence) for record in records)
        warn_of_missing_labels(readouts, readout, set().union(*times), total, config.missed_label)
        if bad:
            log.warning("%d records are left out, the first: %s", len(bad), bad[0])
        known = open_reference(paths)
        targets = Fitter(known, readout, config)
        decoys = Fitter(decoys_of(known, config.kind), readout, config)

        def answer(residues: str) -> Answer:
            return _answer(residues, targets, decoys, config.best)

        found: dict[str, Answer] = {}
        with (
            ThreadPoolExecutor(config.threads or os.cpu_count()) as pool,
            Progress("looking up", len(records), "readouts") as progress,
        ):
            for residues, one in zip(times, pool.map(answer, times), strict=True):
                found[residues] = one
                progress.add(times[residues])
        answers = [found[record.sequence] for record in records]
        q = q_values([one.lead for one in answers], [one.decoy_lead for one in answers])
        stream.write(("\t".join(LOOKUP_COLUMNS) + "\n").encode())
        for record, one, value in zip(records, answers, q, strict=True):
            stream.write(encode_text(_rows(record, one, value, known)))
        write_failed(outputs, output, bad, len(records))
        settings = {**asdict(config), "readout": str(readout), "reference": known.described}
        outputs.record(output, run_record("lookup", settings, [readouts], started))
    refuse_failed(bad, len(records), output, keep_going)
    counts = [_count(record) for record in records]
    taken = [n for n, value in enumerate(q) if value <= config.max_q]
    single = [n for n in taken if answers[n].equal == 1]
    reads = sum(counts), sum(counts[n] for n in taken), sum(counts[n] for n in single)
    return LookedUp(len(records), len(taken), len(single), q.min(initial=1.0), bad, reads)


def _read(
    path: str | Path, readout: Readout, config: LookupConfig, bad: list[FailedRecord]
) -> Iterator[Record]:
    if config.dye_sequences:
        yield from read_dye_sequences(path, readout, bad)
        return
    groups = readout.group_symbols
    records = read_fasta(path, reads=True, bad=bad, groups=groups)
    yield from keep_fitting_reads(records, readout, "all", str(path), bad, groups)


def _count(record: Record) -> int:
    """Return how many reads a record stands for."""
    return record.count if isinstance(record, DyeSequence) else 1


def _answer(residues: str, targets: Fitter, decoys: Fitter, best: int) -> Answer:
    fits, scores, places = targets.fits(residues, best)
    _, against, _ = decoys.fits(residues, 0)
    scores, against = (np.append(0.0, some) for some in (scores, against))
    total, decoy_total = np.logaddexp2.reduce(scores), np.logaddexp2.reduce(against)
    return Answer(
        fits,
        int((scores[1:] > scores[1:].max(initial=-np.inf) - SAME_SCORE).sum()),
        places,
        float(total),
        float(scores.max() - decoy_total),
        float(against.max() - total),
    )


def _rows(record: Record, answer: Answer, q: float, known: Reference) -> str:
    """Return the rows of one readout, its count in the first; one row if it fits nothing."""
    if not answer.fits:
        return f"{record.id}" + "\t" * (len(LOOKUP_COLUMNS) - 1) + f"{_count(record)}\n"
    total = np.logaddexp2(answer.total, np.log2(max(answer.places, 1)))
    rows = []
    for rank, fit in enumerate(answer.fits, 1):
        name, _, description = known.header(fit.protein).partition(" ")
        cells = (
            record.id,
            rank,
            name,
            fit.begin,
            fit.end,
            f"{fit.score:.2f}",
            f"{fit.coverage:.4f}",
            fit.matched,
            fit.labels,
            answer.equal if rank == 1 else "",
            f"{2.0 ** (fit.score - total):.6f}",
            f"{answer.places * 2.0 ** min(fit.bonus - fit.score, 60):.3g}",
            f"{q:.4g}" if rank == 1 else "",
            _one_cell(description),
            _count(record) if rank == 1 else "",
        )
        rows.append("\t".join(map(str, cells)) + "\n")
    return "".join(rows)


def _one_cell(text: str) -> str:
    """Return a text with a space for each tab and anything else that a table would be cut at."""
    return "".join(symbol if is_text(symbol) else " " for symbol in text).strip()
