"""Reads of whole peptides with probabilities or patterns of labels, as evidence.

The likelihood of a peptide is the product over its residues of what the read says of the peptide's
symbol there, up to a factor for each read. The background, of reads that come from none of the
reference's peptides, has residues by their frequencies in Swiss-Prot; peptides and background have
the lengths of all reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from pepseq.fluorosequencing.read_probabilities import ReadProbabilities, fill_in_tasks
from pepseq.kernels import kernel, read_only
from pepseq.quantification.depth import Follow
from pepseq.quantification.digested_reference import DigestedReference
from pepseq.quantification.estimation import Observations
from pepseq.quantification.evidence import Evidence
from pepseq.quantification.peptide_evidence import peptide_patterns
from pepseq.quantification.score_evidence import chosen_probabilities
from pepseq.quantification.symbol_sequences import SymbolSequences
from pepseq.readout.label_probabilities import WeightedRead
from pepseq.sequences.residues import AMINO_ACIDS, FREQUENCIES
from pepseq.templates.read_symbols import ReadSymbols

MIN_RATIO = 1e-6
"""A peptide is left out of a read if its likelihood is below this share of the best one's."""
_READS_PER_TASK = 256


@dataclass(frozen=True)
class _Variants:
    """Variants of distinct reads, one after the other; those of read r from `first[r]` on.

    `emission`: float64 (residues, symbols), P(what is said of the residue | true symbol), at most
    1; variant v has the rows from `begin[v]` to `begin[v + 1]`; `share`: its probability in its
    read; `counts`: of the reads.
    """

    emission: np.ndarray
    begin: np.ndarray
    share: np.ndarray
    first: np.ndarray
    counts: np.ndarray


def weighted_evidence(
    reads: Sequence[WeightedRead], symbols: ReadSymbols, threads: int
) -> Evidence:
    """Return the evidence of reads; `symbols` has the errors of labels, none of probabilities."""
    variants = _distinct_variants(reads, symbols)

    def fit(reference: DigestedReference) -> tuple[DigestedReference, Follow]:
        probabilities = _likelihoods(variants, reference.patterns.sequences, symbols, threads)

        def follow(patterns: np.ndarray, cutoffs: np.ndarray) -> ReadProbabilities:
            return chosen_probabilities(probabilities, patterns)

        return reference, follow

    zeros = np.zeros(len(variants.counts), np.int64)
    background = _background(variants, symbols)
    observed = Observations(variants.counts, zeros, zeros, background, np.zeros(len(zeros)))
    return Evidence(observed, peptide_patterns(symbols), fit)


def _distinct_variants(reads: Sequence[WeightedRead], symbols: ReadSymbols) -> _Variants:
    counts: dict[tuple[bytes, ...], int] = {}
    distinct = []
    for read in reads:
        key = tuple(weights.tobytes() for weights in read.variants)
        if key not in counts:
            distinct.append(read.variants)
        counts[key] = counts.get(key, 0) + 1
    emission = []
    for variants in distinct:
        of_read = [weights @ symbols.confusion.T for weights in variants]
        if len(of_read) == 1:  # a factor, so that long reads stay above the smallest number
            of_read[0] /= np.maximum(of_read[0].max(1, keepdims=True), np.finfo(float).tiny)
        emission += of_read
    numbers = np.array([len(variants) for variants in distinct])
    return _Variants(
        np.ascontiguousarray(np.concatenate(emission)),
        np.cumsum([0, *map(len, emission)]),
        np.repeat(1 / numbers, numbers),
        np.concatenate([[0], np.cumsum(numbers)]),
        np.array(list(counts.values()), np.int64),
    )


def _background(variants: _Variants, symbols: ReadSymbols) -> np.ndarray:
    """Return the likelihood of the background, float64 (reads,), above 0."""
    shares = np.zeros(symbols.hidden + 1)
    for code, amino_acid in enumerate(AMINO_ACIDS):
        shares[symbols.symbol_of_code[code]] += FREQUENCIES[amino_acid]
    bits = np.log(np.maximum(variants.emission @ (shares / shares.sum()), np.finfo(float).tiny))
    lengths = np.diff(variants.begin)
    number = np.repeat(np.arange(len(variants.counts)), np.diff(variants.first))
    by_length = np.bincount(lengths, variants.share * variants.counts[number])
    of_length = by_length[lengths] / variants.counts.sum()
    log = np.add.reduceat(bits, variants.begin[:-1]) + np.log(variants.share * of_length)
    result = np.bincount(number, np.exp(log), len(variants.counts))
    return np.maximum(result, np.finfo(float).tiny)


def _likelihoods(
    variants: _Variants, peptides: SymbolSequences, symbols: ReadSymbols, threads: int
) -> ReadProbabilities:
    """Return the likelihoods of all peptides."""
    lengths, sizes = np.diff(variants.begin), peptides.lengths
    low, high = (np.searchsorted(sizes, lengths, side=side) for side in ("left", "right"))
    known = read_only(peptides.symbols), peptides.begin
    given = variants.emission, variants.begin, variants.share, variants.first

    def fill(part: np.ndarray, start: tuple[int, int], *results: np.ndarray) -> tuple[int, int]:
        return _fill(part, start, *given, *known, low, high, len(peptides), *results[:3])

    reads = np.arange(len(variants.counts))
    of_reads = fill_in_tasks(reads, _READS_PER_TASK, 1, fill, threads)
    shape = len(reads), len(peptides)
    by_peptide = csr_array((of_reads.values, of_reads.reads, of_reads.starts), shape).T.tocsr()
    by_peptide.sort_indices()
    hidden = np.concatenate([[0.0], np.cumsum(_log_hidden(symbols)[peptides.symbols])])
    visible = -np.expm1(hidden[peptides.end] - hidden[peptides.begin])
    return ReadProbabilities(
        by_peptide.indptr.astype(np.int64),
        by_peptide.indices.astype(np.int32),
        by_peptide.data,
        visible,
        np.zeros((len(peptides), 1), np.float32),
    )


def _log_hidden(symbols: ReadSymbols) -> np.ndarray:
    """Return the logarithm of P(no label | true symbol), at least -100."""
    return np.log(np.maximum(symbols.confusion[:, symbols.hidden], np.exp(-100)))


@kernel
def _fill(
    part,
    start,
    emission,
    begin,
    share,
    first,
    symbols,
    places,
    low,
    high,
    count,
    lengths,
    found,
    values,
):
    """Fill the three last arrays with the peptides of each read; see `fill_in_tasks`.

    `symbols`, `places`: of `count` peptides and where each begins; `low` to `high`: those as long
    as each variant.
    """
    done, filled = start
    likelihood = np.zeros(count)
    for k in range(done, len(part)):
        variants = range(first[part[k]], first[part[k] + 1])
        best = 0.0
        for v in variants:
            for d in range(low[v], high[v]):
                p = share[v]
                for i in range(begin[v + 1] - begin[v]):
                    p *= emission[begin[v] + i, symbols[places[d] + i]]
                    if p <= MIN_RATIO * best:
                        break
                else:
                    likelihood[d] += p
                    best = max(best, likelihood[d])
        last = filled
        for v in variants:
            for d in range(low[v], high[v]):
                if likelihood[d] > MIN_RATIO * best:
                    if last < len(found):
                        found[last], values[last] = d, likelihood[d]
                    last += 1
                likelihood[d] = 0
        if last > len(found):
            return k, filled
        lengths[k] = last - filled
        filled = last
    return len(part), filled
