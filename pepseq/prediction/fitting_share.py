"""The share of peptides that fit a reference, estimated from a sample with decoys.

A peptide comes from a place of the reference or of its decoys, at one of the copying model's
distances, or from none of them. The probabilities of these are those under which a sample of the
reads is most likely, by expectation-maximization. The share of the decoys is subtracted, as in
target-decoy competition (Elias and Gygi 2007, Nature Methods 4: 207).
"""

import hashlib
import heapq
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pepseq.prediction.read_filter import file_argument
from pepseq.prediction.soft_records import read_of
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.templates.soft_reads import Read

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FittingSettings:
    """Settings of the estimate.

    Chosen on peptides of E. coli EC590, E. fergusonii ATCC 35469, K. pneumoniae HS11286,
    V. cholerae O395, S. aureus COL and H. pylori G27 with E. coli K-12 as reference, none on a test
    set.

    sample: kinds of reads for which the share is estimated, and from how many distinct reads at
        most. More reads give a more exact share, and take time in proportion.
    max_fragment: residues of a prefix or fragment that are compared, the first ones.
    prior_reads, prior_share: weight and value of the share before any read is seen: a beta prior
        of `prior_reads` reads, of which `prior_share` fit. A higher weight protects single reads
        that fit badly, and notices a stranger's sample later.
    min_reads, stranger: a sample of at least so many reads is not of the reference if a lower share
        fits.
    """

    sample: tuple[tuple[str, int], ...] = (
        ("tryptic", 500),
        ("prefix", 500),
        ("fragment", 125),
    )
    max_fragment: int = 60
    prior_reads: float = 2.0
    prior_share: float = 0.7
    min_reads: int = 20
    stranger: float = 0.2

    def reads(self, kind: str) -> int:
        """Return the number of reads in a sample of this kind; 0 if no share is estimated."""
        return dict(self.sample).get(kind, 0)


FITTING = FittingSettings()
_LEAST = 1e-4
"""Least share of peptides that come from nowhere in the reference."""
_PSEUDOCOUNT = 0.01
_ROUNDS = 100


@dataclass(frozen=True)
class FittingShare:
    """The share of peptides that fit a reference.

    `by_distance`: share of peptides at each distance of the copying model; `reads`: number of
    distinct reads that it was estimated from. Numbers are rounded, so that machines that differ in
    the last digit agree.
    """

    by_distance: tuple[float, ...]
    reads: int

    @property
    def share(self) -> float:
        """The share of peptides that fit, those at the largest distance not counted."""
        return round(sum(self.by_distance[:-1]), 4)

    @property
    def is_stranger(self) -> bool:
        """Whether the sample is not of this reference."""
        return self.reads >= FITTING.min_reads and self.share < FITTING.stranger

    def describe(self) -> dict[str, Any]:
        """Return the entry of run records."""
        of_this_reference = {"of_this_reference": not self.is_stranger}
        return {"share": self.share} | asdict(self) | of_this_reference


def sample_peptides(records: Iterable[Record], readout: Readout, number: int) -> list[Read]:
    """Return at most so many distinct reads: those whose residues have the lowest hashes.

    They depend neither on the order of the records nor on the part of them that is predicted.
    Records that do not fit the readout are passed over.
    """
    allowed = {*readout.observed, *readout.group_symbols, HIDDEN}
    kept: list[tuple[int, str]] = []
    chosen: dict[str, Read] = {}
    for record in records:
        read = read_of(record)
        key = read if isinstance(read, str) else read.key
        if key in chosen or not set(record.sequence) <= allowed:
            continue
        digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
        entry = (-int.from_bytes(digest, "big"), key)
        if len(kept) < number:
            heapq.heappush(kept, entry)
        elif entry > kept[0]:
            del chosen[heapq.heapreplace(kept, entry)[1]]
        else:
            continue
        chosen[key] = read
    return [chosen[key] for _, key in sorted(kept, reverse=True)]


def estimate_share(
    likelihoods: np.ndarray, of_decoys: np.ndarray, distance_prior: np.ndarray
) -> FittingShare:
    """Return the share of reads that fit, by distance.

    `likelihoods` and `of_decoys`, (reads, distances): mean over all places of the reference, and of
    its decoys, of P(read | place, distance) / P(read | none); `distance_prior`, (distances,):
    probability of each distance before any read is seen.
    """
    reads, distances = likelihoods.shape
    columns = np.hstack([likelihoods, of_decoys, np.ones((reads, 1))])
    start = np.append(np.tile(distance_prior, 2), 1.0)  # alike for the reference and its decoys
    weights = start / start.sum()
    for _ in range(_ROUNDS):
        posterior = columns * weights
        posterior /= posterior.sum(1, keepdims=True)
        weights = posterior.sum(0) + _PSEUDOCOUNT * start
        weights /= weights.sum()
    fitting = np.maximum(weights[:distances] - weights[distances : 2 * distances], 0)
    prior = FITTING.prior_reads * FITTING.prior_share * distance_prior
    fitting = (reads * fitting + prior) / (reads + FITTING.prior_reads)
    fitting *= min(1.0, (1 - _LEAST) / fitting.sum())
    by_distance = tuple(round(float(share), 6) for share in fitting)
    return FittingShare(by_distance, reads)


def log_share(share: FittingShare, source: str, kind: str, readout: Readout) -> None:
    """Log the share of peptides that fit, with a warning if the sample is not of the reference.

    `source` names the reads. Fewer than `min_reads` are not worth a message.
    """
    if share.reads < FITTING.min_reads:
        return
    reads = "reads" if kind == "prefix" else "peptides"
    if not share.is_stranger:
        log.info(
            "about %.0f %% of the %s fit the reference (%d compared with it and with decoys)",
            100 * share.share,
            reads,
            share.reads,
        )
        return
    log.warning(
        "%s: the sample is not of this reference: about %.0f %% of the %s fit it (%d "
        "compared with it and with decoys), so most residues are predicted from amino acid "
        "frequencies alone. Give the proteome of the sample's organism: pepseq predict %s --kind "
        "%s --readout %s --reference PROTEOME.fasta -o completed.fasta",
        source,
        100 * share.share,
        reads,
        share.reads,
        file_argument(source),
        kind,
        readout,
    )
