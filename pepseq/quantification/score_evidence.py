"""Scores of reads as evidence: likelihoods of dye sequences, up to a factor for each read.

A score is a posterior probability, for which each dye sequence d had a prior in proportion to its
number of peptides n_d. So the read's likelihood is in proportion to score_d / n_d. What the scores
leave of 1 is shared by all other peptides. In these units a read that comes from any peptide, each
equally often, has the likelihood 1 / sum n_d: the background, of reads that come from none of the
reference's proteins.
"""

import logging
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from pepseq.errors import InputError, quoted
from pepseq.fluorosequencing.dye_codes import max_cycles
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.fluorosequencing.read_probabilities import ReadProbabilities
from pepseq.quantification.depth import Follow
from pepseq.quantification.digested_reference import DigestedReference, without_twins
from pepseq.quantification.estimation import Observations
from pepseq.quantification.evidence import Evidence, labelled_patterns
from pepseq.quantification.patterns import ProteinPatterns, pattern_keys
from pepseq.quantification.score_tables import Scores
from pepseq.quantification.scored_sequences import ScoredSequences, find_keys
from pepseq.readout.readout import Readout

log = logging.getLogger(__name__)
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class _Likelihoods:
    """Likelihoods of distinct reads, by dye sequence: rows (key, read, value), and of the rest.

    key: place of the dye sequence in `ScoredSequences.keys`. counts, rest: of each read; rest is
    the likelihood of each peptide that has no row.
    """

    key: np.ndarray
    read: np.ndarray
    value: np.ndarray
    counts: np.ndarray
    rest: np.ndarray


def score_evidence(
    scores: Scores, known: ScoredSequences, readout: Readout, errors: SequencingErrors, seed: int
) -> Evidence:
    """Return the evidence of scores.

    Of `errors`, only the duds count: a molecule is seen unless all its dyes are. A decoy's dye
    sequence that reads were not scored with is replaced by another one with as many labels, drawn
    by `seed`. Raises InputError for ids that `known` does not have.
    """
    cycles = max_cycles(len(readout.labels))
    likelihoods = _likelihoods(scores, known)
    total = known.peptides.sum()
    zeros = np.zeros(len(likelihoods.counts), np.int64)
    left_out = float(likelihoods.counts @ likelihoods.rest) * total / likelihoods.counts.sum()
    left_out = min(left_out, 0.999)
    observed = Observations(
        likelihoods.counts,
        zeros,
        zeros,
        np.full(len(zeros), 1 / total),
        likelihoods.rest / left_out if left_out else np.zeros(len(zeros)),
    )

    def fit(reference: DigestedReference) -> tuple[DigestedReference, Follow]:
        place = find_keys(pattern_keys(reference.patterns.sequences), known.keys)
        reference = _with_known_decoys(reference, place >= 0, seed)
        probabilities = _probabilities(likelihoods, reference, place, errors, left_out)

        def follow(patterns: np.ndarray, cutoffs: np.ndarray) -> ReadProbabilities:
            return chosen_probabilities(probabilities, patterns)

        return reference, follow

    return Evidence(observed, labelled_patterns(readout, cycles), fit)


def _likelihoods(scores: Scores, known: ScoredSequences) -> _Likelihoods:
    numbers = np.array([known.numbers.get(name, -1) for name in scores.names], np.int64)
    if (numbers[scores.name] < 0).any():
        row = int(np.argmin(numbers[scores.name]))
        raise InputError(
            f"{scores.place(row)}: {quoted(scores.names[scores.name[row]])} is no id of the dye "
            "sequences that reads were scored with"
        )
    peptides = known.peptides
    is_given = scores.score > 0
    key = numbers[scores.name[is_given]]
    value, read = scores.score[is_given], scores.read[is_given]
    order = np.lexsort((key, read))
    key, value, read = _merged(key[order], value[order], read[order])
    first, counts = _distinct_reads(read, key, value)
    number = np.full(scores.reads, -1)
    number[first] = np.arange(len(first))
    kept = number[read] >= 0
    key, value, read = key[kept], value[kept], number[read[kept]]
    sums = np.bincount(read, value, len(first))
    named = np.bincount(read, peptides[key], len(first))
    rest = np.maximum(1 - sums, 0) / np.maximum(peptides.sum() - named, 1)
    return _Likelihoods(key, read, value / peptides[key], counts, rest)


def _merged(
    key: np.ndarray, value: np.ndarray, read: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows, sorted by read and key, with the sum of those of the same read and key."""
    is_new = np.append(True, (key[1:] != key[:-1]) | (read[1:] != read[:-1]))
    if is_new.all():
        return key, value, read
    starts = np.flatnonzero(is_new)
    return key[starts], np.add.reduceat(value, starts), read[starts]


def _distinct_reads(
    read: np.ndarray, key: np.ndarray, value: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first of each set of reads with the same rows, and the sets' sizes.

    The order of the sets does not depend on that of the reads. Rows are sorted by read, then key.
    """
    with np.errstate(over="ignore"):
        row = value.astype(np.float64).view(np.uint64) * _MIX ^ (key.astype(np.uint64) + _MIX)
        row = (row ^ row >> np.uint64(29)) * np.uint64(0xBF58476D1CE4E5B9)
        row ^= row >> np.uint64(32)
        starts = np.flatnonzero(np.diff(read, prepend=-1))
        sums = np.add.reduceat(row, starts)
    _, first, counts = np.unique(sums, return_index=True, return_counts=True)
    return read[starts[first]], counts.astype(np.int64)


def _with_known_decoys(
    reference: DigestedReference, is_known: np.ndarray, seed: int
) -> DigestedReference:
    """Return the reference without unknown patterns; decoys get known ones in place of them.

    A known one is drawn as often as it is in the reference, n times, and kept with probability
    1 - 1 / n: so a decoy shares a pattern with as many proteins as an absent protein would, on
    average. Else no read fits what the decoy has.
    """
    patterns = reference.patterns
    if not is_known.any():
        raise InputError(
            "no dye sequence of the reference is among those that reads were scored with; check "
            "labels, protease and reference"
        )
    unknown = np.flatnonzero(~is_known)
    groups = len(reference.groups)
    lost = patterns.weights[:groups][:, unknown].sum()
    if lost:
        share = 100 * lost / patterns.weights[:groups].sum()
        log.warning(
            "%.2g %% of the reference's labelled peptides have a dye sequence that reads were not "
            "scored with: they are left out",
            share,
        )
    sequences = patterns.sequences
    labels = (sequences.channels >= 0).sum(1) + sequences.tails.sum(1)
    random = np.random.default_rng(seed)
    peptides = patterns.weights[:groups].sum(0) * is_known
    target = np.arange(len(is_known))
    for number in np.unique(labels[unknown]):
        pool = peptides * (labels == number)
        if pool.sum() > 0:
            asked = unknown[labels[unknown] == number]
            drawn = random.choice(len(pool), len(asked), p=pool / pool.sum())
            is_kept = random.random(len(asked)) < 1 - 1 / np.maximum(peptides[drawn], 1)
            target[asked[is_kept]] = drawn[is_kept]
    size = len(target)
    replaced = csr_array((np.ones(size), (np.arange(size), target)), (size, size))
    entries = csr_array(patterns.weights @ replaced).tocoo()
    own = csr_array(patterns.weights * is_known).tocoo()
    is_decoy, is_own = entries.row >= groups, own.row < groups
    weights = csr_array(
        (
            np.concatenate([own.data[is_own], entries.data[is_decoy]]),
            (
                np.concatenate([own.row[is_own], entries.row[is_decoy]]),
                np.concatenate([own.col[is_own], entries.col[is_decoy]]),
            ),
        ),
        patterns.weights.shape,
    )
    weights.eliminate_zeros()
    return DigestedReference(
        reference.groups,
        reference.invisible,
        without_twins(ProteinPatterns(patterns.sequences, weights), groups),
        reference.sets,
    )


def _probabilities(
    likelihoods: _Likelihoods,
    reference: DigestedReference,
    place: np.ndarray,
    errors: SequencingErrors,
    left_out: float,
) -> ReadProbabilities:
    """Return the likelihoods of all patterns; `place`: of each among the dye sequences."""
    sequences = reference.patterns.sequences
    pattern = np.full(max(place.max(), likelihoods.key.max()) + 1, -1)
    pattern[place[place >= 0]] = np.flatnonzero(place >= 0)
    kept = pattern[likelihoods.key] >= 0
    columns = pattern[likelihoods.key[kept]]
    order = np.lexsort((likelihoods.read[kept], columns))
    starts = np.searchsorted(columns[order], np.arange(len(sequences) + 1))
    all_dud = np.ones(len(sequences))
    for channel, dud in enumerate(errors.dud):
        dyes = (sequences.channels == channel).sum(1) + sequences.tails[:, channel]
        all_dud *= dud**dyes
    visible = 1 - all_dud
    residual = (visible * left_out).astype(np.float32)[:, None]
    reads = likelihoods.read[kept][order].astype(np.int32)
    values = likelihoods.value[kept][order].astype(np.float32)
    return ReadProbabilities(starts, reads, values, visible, residual)


def chosen_probabilities(
    all_patterns: ReadProbabilities, patterns: np.ndarray
) -> ReadProbabilities:
    """Return the probabilities of some patterns, in this order."""
    lengths = np.diff(all_patterns.starts)[patterns]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    entries = np.repeat(all_patterns.starts[patterns] - starts[:-1], lengths) + np.arange(
        starts[-1]
    )
    return ReadProbabilities(
        starts,
        all_patterns.reads[entries],
        all_patterns.values[entries],
        all_patterns.visible[patterns],
        all_patterns.residual[patterns],
    )
