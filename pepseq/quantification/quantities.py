"""From what reads say of a reference to the table of amounts."""

import logging
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from pepseq.digestion.config import DigestConfig
from pepseq.io.dataframes import plain_texts
from pepseq.processes.cores import available_cores
from pepseq.quantification.amounts_table import COPIES_COLUMNS, PROTEIN_SEPARATOR
from pepseq.quantification.config import QuantifyConfig
from pepseq.quantification.digested_reference import DigestedReference, digest_reference
from pepseq.quantification.evidence import Evidence
from pepseq.quantification.inference import Inference, infer
from pepseq.quantification.intervals import intervals
from pepseq.quantification.known_proteins import KnownProteins
from pepseq.quantification.spike_ins import find_scale, known_of_groups
from pepseq.quantification.unique_reads import count_unique_reads

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)
QUANTIFY_COLUMNS = (
    *("group", "proteins", "description", "expected_reads", "unique_reads"),
    *("molar_fraction", "mass_fraction", "low", "high", "q_value"),
)
_SMALL_FRACTION = 1e-9


@dataclass(frozen=True)
class Quantities:
    """Amounts of the proteins of a sample.

    table: QUANTIFY_COLUMNS, with spike-ins also COPIES_COLUMNS; a row for each group with a q-value
        up to `max_q`, the most abundant first. Fractions are of all molecules, those of other
        groups too.
    reads, distinct: number of reads, and of different ones.
    from_proteins, from_background: expected numbers of reads from the reference's proteins, and
        from none of them.
    improbable: those of `from_proteins` that are too improbable to be told apart.
    found: number of groups in the table.
    groups, invisible: groups of the reference, and proteins that give no read.
    decoy_sets: sets of decoys, each with one for each group.
    lowest_q: lowest q-value of all groups, 1 if there is none.
    """

    table: "pd.DataFrame"
    reads: int
    distinct: int
    from_proteins: float
    from_background: float
    improbable: float
    found: int
    groups: int
    invisible: int
    decoy_sets: int
    lowest_q: float

    def read_counts(self) -> dict[str, float]:
        """Return the numbers of reads."""
        names = ("reads", "distinct", "from_proteins", "from_background", "improbable")
        return {name: getattr(self, name) for name in names}

    def to_dataframe(self) -> "pd.DataFrame":
        """Return the table."""
        return self.table


def estimate_quantities(
    proteins: KnownProteins,
    evidence: Evidence,
    config: QuantifyConfig,
    digestion: DigestConfig,
    known: np.ndarray | None = None,
) -> Quantities:
    """Return the amounts of the proteins in the sample that the reads come from.

    `known`: copies of each protein, float64 (proteins,), 0 for those that are not known. Raises
    InputError if no read comes from one of these.
    """
    started = perf_counter()
    digested = digest_reference(
        *(proteins.residues, proteins.offsets, evidence.patterns, digestion, config.seed)
    )
    digested, follow = evidence.fit(digested)
    started = _log_time("digested", started)
    threads = thread_count(config)
    weights = digested.patterns.weights
    observed = evidence.observed
    inference = infer(weights, len(digested.groups), observed, follow, threads)
    started = _log_time("estimated", started)
    total = int(observed.counts.sum())
    table = _table(proteins, digested, inference, observed.counts, known)
    _log_time("made the table", started)
    is_found = table["q_value"] <= config.max_q
    kept = table[is_found]
    kept = kept.sort_values("molar_fraction", ascending=False, kind="stable", ignore_index=True)
    return Quantities(
        kept,
        total,
        len(observed.counts),
        float(inference.expected_reads.sum()),
        float(inference.amounts.background.sum()),
        float((inference.amounts.copies @ inference.model.improbable).sum()),
        int(is_found.sum()),
        len(digested.groups),
        digested.invisible,
        digested.sets,
        float(table["q_value"].min()) if len(table) else 1.0,
    )


def thread_count(config: QuantifyConfig) -> int:
    """Return the number of threads of the settings, default: one for each core."""
    return config.threads or available_cores()


def _log_time(what: str, started: float) -> float:
    now = perf_counter()
    log.debug("%s in %.1f s", what, now - started)
    return now


@plain_texts()
def _table(
    proteins: KnownProteins,
    digested: DigestedReference,
    inference: Inference,
    counts: np.ndarray,
    known: np.ndarray | None,
) -> "pd.DataFrame":
    """Return the rows of all groups that are present."""
    import pandas as pd

    present = np.flatnonzero(inference.copies > 0)
    if not len(present):
        log.warning(
            "no protein of the reference explains the reads; check labels, protease, cycles, error "
            "rates and reference"
        )
    groups = [digested.groups[group] for group in present]
    copies = inference.copies[present]
    molar = copies / copies.sum()
    masses = copies * np.array([proteins.weights[group].mean() for group in groups], float)
    low, high = intervals(molar, inference.variances[present])
    unique = np.zeros(len(inference.copies), np.int64)
    unique[inference.likely] = count_unique_reads(inference.model, inference.amounts, counts)
    columns = {
        "group": [proteins.ids[group[0]] for group in groups],
        "proteins": [PROTEIN_SEPARATOR.join(proteins.ids[p] for p in group) for group in groups],
        "description": [proteins.descriptions[group[0]] for group in groups],
        "expected_reads": inference.expected_reads[present],
        "unique_reads": unique[present],
        "molar_fraction": molar,
        "mass_fraction": masses / masses.sum(),
        "low": low,
        "high": high,
        "q_value": inference.q_values[present],
    }
    if known is not None:
        columns |= _copies(digested, inference, present, known)
    return pd.DataFrame(columns)


def _copies(
    digested: DigestedReference, inference: Inference, present: np.ndarray, known: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the columns of absolute copies."""
    known_copies, mixed = known_of_groups(known, digested.groups)
    if mixed:
        log.warning("groups with known and other proteins, which do not set the scale: %d", mixed)
    peptides = digested.patterns.weights[: len(digested.groups)].sum(1)
    scale = find_scale(known_copies, inference.copies, inference.expected_reads, peptides)
    copies = inference.copies[present] * scale.factor
    small = np.full(len(present), _SMALL_FRACTION)
    low, high = intervals(small, inference.variances[present] + scale.variance)
    values = (copies, copies * low / _SMALL_FRACTION, copies * high / _SMALL_FRACTION)
    return dict(zip(COPIES_COLUMNS, values, strict=True))
