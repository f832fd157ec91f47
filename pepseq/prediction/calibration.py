"""Calibration of a base model: its probabilities weighed against amino acid frequencies.

A published model was never trained on reads, so it is not known how reliable its probabilities are
where most residues are hidden. The observed residues of the reads show it: each is hidden in turn,
and the network's probabilities are compared with the observed amino acid. Two weights, of
the network and of amino acid frequencies, are chosen so that the truth is most likely; a product of
both, as in logarithmic opinion pools (Heskes 1998), of which temperature scaling (Guo et al. 2017,
arXiv 1706.04599) is the case without frequencies.
"""

import hashlib
import heapq
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pepseq.models.checkpoints import BUNDLED
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.sequences.residues import AMINO_ACIDS

log = logging.getLogger(__name__)
Logits = Callable[[list[str]], list[np.ndarray]]
"""From reads (X = hidden) to logits of shape (length, 20) each."""


@dataclass(frozen=True)
class CalibrationSettings:
    """Settings of the calibration.

    sample_residues, max_read_residues: residues of the reads that weights are fitted on, and of one
        of them, at most. More fit better and take the network's time.
    rounds: observed residues are hidden in this many rounds, every `rounds`-th of a read in each.
        More rounds hide fewer at a time, which resembles the read more closely, and take longer.
    min_observed, enough_observed: observed residues without which weights are not fitted, and
        after which no further round is done.
    useless_weight: below this weight the network adds almost nothing to amino acid frequencies,
        and this is logged.
    frequencies_alone, ridge: weights of amino acid frequencies alone, and how strongly weights
        (network, frequencies) are drawn there, in nats; the second the more, because the
        frequencies of the observed amino acids say little of the others.
    """

    sample_residues: int = 4096
    max_read_residues: int = 1024
    rounds: int = 5
    min_observed: int = 100
    enough_observed: int = 1000
    useless_weight: float = 0.1
    frequencies_alone: tuple[float, float] = (0.0, 1.0)
    ridge: tuple[float, float] = (2.0, 30.0)


CALIBRATION = CalibrationSettings()


@dataclass(frozen=True)
class CalibrationWeights:
    """Weights of a network's logits and of the logarithms of amino acid frequencies.

    `residues`: observed residues that they were fitted on.
    """

    network: float
    frequencies: float
    residues: int

    def apply(self, logits: np.ndarray) -> np.ndarray:
        """Return calibrated logits, float32 of shape (length, 20)."""
        weighed = self.network * logits + self.frequencies * _log_frequencies()
        return weighed.astype(np.float32)


def fit_calibration(
    logits: Logits, records: Iterable[Record], readout: Readout, name: str, source: str
) -> CalibrationWeights | None:
    """Return the weights for a network called `name`, fitted on a sample of reads.

    The sample depends neither on the order of the records nor on the part of them that is done.
    None if there are too few observed residues, or only one amino acid is observed; this is logged,
    and also if the network is no better than amino acid frequencies.
    """
    columns = [AMINO_ACIDS.index(a) for a in readout.observed]
    truth: list[int] = []
    predicted = [np.empty((0, len(columns)))]
    sampled = sample_reads(records, readout) if len(columns) > 1 else []
    for number in range(CALIBRATION.rounds):
        hidden = [(read, _observed_places(read)[number :: CALIBRATION.rounds]) for read in sampled]
        hidden = [(read, places) for read, places in hidden if places]
        if not hidden or len(truth) >= CALIBRATION.enough_observed:
            break
        for (read, places), of_read in zip(
            hidden, logits([_hide(*h) for h in hidden]), strict=True
        ):
            predicted.append(of_read[places][:, columns])
            truth += [readout.observed.index(read[place]) for place in places]
    if len(truth) < CALIBRATION.min_observed:
        log.warning(
            "confidence is not a probability: %s was not trained for reads, and %s has too few "
            "observed residues to calibrate it (%d, needed: %d). Train it: pepseq finetune --model "
            "%s --readout %s",
            name,
            source,
            len(truth),
            CALIBRATION.min_observed,
            name,
            readout,
        )
        return None
    network, frequencies = _fit(
        np.concatenate(predicted).astype(np.float64), _log_frequencies()[columns], np.array(truth)
    )
    weights = CalibrationWeights(network, frequencies, len(truth))
    _log_weights(weights, name, readout)
    return weights


def sample_reads(records: Iterable[Record], readout: Readout) -> list[str]:
    """Return reads, up to `sample_residues`: those whose ids and residues have the lowest hashes.

    Long ones are cut; records that do not fit the readout are passed over.
    """
    allowed = {*readout.observed, *readout.group_symbols, HIDDEN}
    kept: list[tuple[int, str]] = []
    total = 0
    for record in records:
        if not set(record.sequence) <= allowed:
            continue
        key = f"{record.id}\n{record.sequence}".encode("utf-8", "surrogateescape")
        digest = hashlib.blake2b(key, digest_size=8)
        part = record.sequence[: CALIBRATION.max_read_residues]
        heapq.heappush(kept, (-int.from_bytes(digest.digest(), "big"), part))
        total += len(part)
        while total - len(kept[0][1]) >= CALIBRATION.sample_residues:
            total -= len(heapq.heappop(kept)[1])
    return [part for _, part in sorted(kept, reverse=True)]


def _observed_places(residues: str) -> list[int]:
    return [place for place, residue in enumerate(residues) if residue in AMINO_ACIDS]


def _hide(residues: str, places: Sequence[int]) -> str:
    symbols = list(residues)
    for place in places:
        symbols[place] = HIDDEN
    return "".join(symbols)


def _log_frequencies() -> np.ndarray:
    """Return logarithms of the amino acid frequencies that the bundled network learnt, (20,)."""
    settings = json.loads((BUNDLED / "config.json").read_bytes())
    return np.log(np.array(settings["background"], float))


def _fit(logits: np.ndarray, logs: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return the two weights, from 0 to 1 for frequencies, under which the truth is most likely.

    `logits` (residues, amino acids), `logs` (amino acids,), `truth` (residues,). The loss is convex
    in the weights. They have three decimals, so that machines that differ in the last digit agree.
    """
    from scipy.optimize import minimize

    features = np.stack([logits, np.broadcast_to(logs, logits.shape)])
    features = features - features.mean(2, keepdims=True)
    right = features[:, np.arange(len(truth)), truth].sum(1)
    ridge = np.array(CALIBRATION.ridge)

    def loss_and_gradient(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = np.tensordot(weights, features, 1)
        scores -= scores.max(1, keepdims=True)
        total = np.exp(scores).sum(1)
        probabilities = np.exp(scores) / total[:, None]
        away = weights - CALIBRATION.frequencies_alone
        chosen = scores[np.arange(len(truth)), truth]
        nats = (np.log(total) - chosen).sum() + (ridge * away) @ away
        return nats, (features * probabilities).sum((1, 2)) - right + 2 * ridge * away

    bounds = [(0, None), (0, 1)]
    best = minimize(loss_and_gradient, np.array([0.5, 0.5]), jac=True, bounds=bounds, tol=1e-12).x
    return round(float(best[0]), 3), round(float(best[1]), 3)


def _log_weights(weights: CalibrationWeights, name: str, readout: Readout) -> None:
    log.info(
        "%s was not trained for %s: its probabilities are weighed against amino acid frequencies "
        "(weights %.3f and %.3f, from %d observed residues)",
        name,
        readout,
        weights.network,
        weights.frequencies,
        weights.residues,
    )
    if weights.network < CALIBRATION.useless_weight:
        log.warning(
            "%s predicts observed residues no better than amino acid frequencies do: most "
            "hidden residues become the commonest amino acid. Train it: pepseq finetune --model %s "
            "--readout %s",
            name,
            name,
            readout,
        )
