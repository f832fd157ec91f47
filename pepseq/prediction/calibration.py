"""Probabilities of a base model, weighed against amino acid frequencies by what was observed.

A published model was never trained on readouts, and nothing says how far its probabilities hold
where most residues are hidden. The observed residues of the file do: each is hidden in turn, and
the network is asked which of the observed amino acids it is. Two weights, of the network and of
amino acid frequencies, are chosen so that the truth is likeliest; a product of both, as in
logarithmic opinion pools (Heskes 1998), of which temperature scaling (Guo et al. 2017, arXiv
1706.04599) is the case without frequencies.
"""

import hashlib
import heapq
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pepseq.models.checkpoints import BUNDLED
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta
from pepseq.sequences.residues import AMINO_ACIDS

log = logging.getLogger(__name__)
SAMPLE_RESIDUES, LONGEST = 4096, 1024
"""Residues of the readouts that weights are fitted on, and of one of them, at most."""
ROUNDS = 5
"""Observed residues are hidden in so many rounds, every fifth of a readout in each."""
FEWEST, ENOUGH = 100, 1000
"""Observed residues without which weights cannot be fitted, and after which no round follows."""
USELESS = 0.1
"""A network whose weight is lower adds next to nothing to amino acid frequencies."""
_FREQUENCIES_ALONE, _RIDGE = np.array([0.0, 1.0]), np.array([2.0, 30.0])
"""Weights of amino acid frequencies alone, and how strongly weights are drawn there, in nats.

The second the more: how frequent the observed amino acids are says little of the others.
"""

Logits = Callable[[list[str]], list[np.ndarray]]
"""From readouts (X = hidden) to logits of shape (length, 20) each."""


@dataclass(frozen=True)
class Tempering:
    """Weights of a network's logits and of the logarithms of amino acid frequencies.

    `residues`: observed residues that they were fitted on.
    """

    network: float
    frequencies: float
    residues: int

    def apply(self, logits: np.ndarray) -> np.ndarray:
        """Return tempered logits, float32 of shape (length, 20)."""
        tempered = self.network * logits + self.frequencies * _log_frequencies()
        return tempered.astype(np.float32)


def fit_tempering(
    logits: Logits, source: str | Path, readout: Readout, name: str
) -> Tempering | None:
    """Return the weights for a network called `name`, fitted on a sample of a file of readouts.

    The sample depends neither on the order of the records nor on the part of them that is done.
    None if there are too few observed residues, or only one amino acid is observed; the log says
    so, and says if the network knows no more than amino acid frequencies do.
    """
    truth, columns = [], [AMINO_ACIDS.index(a) for a in readout.observed]
    found = [np.empty((0, len(columns)))]
    sampled = sample(source, readout) if len(columns) > 1 else []
    for number in range(ROUNDS):
        asked = [(one, at) for one in sampled if (at := _observed(one)[number::ROUNDS])]
        if not asked or len(truth) >= ENOUGH:
            break
        for (one, at), of_one in zip(asked, logits([_hide(*one) for one in asked]), strict=True):
            found.append(of_one[at][:, columns])
            truth += [readout.observed.index(one[i]) for i in at]
    if len(truth) < FEWEST:
        log.warning(
            "confidence is not a probability: %s was not trained for readouts, and %s has too few "
            "observed residues to calibrate it (%d, needed: %d). Train it: pepseq finetune --model "
            "%s --readout %s",
            name,
            source,
            len(truth),
            FEWEST,
            name,
            readout,
        )
        return None
    network, frequencies = _fit(
        np.concatenate(found).astype(np.float64), _log_frequencies()[columns], np.array(truth)
    )
    tempering = Tempering(network, frequencies, len(truth))
    _tell(tempering, name, readout)
    return tempering


def sample(source: str | Path, readout: Readout) -> list[str]:
    """Return readouts of a file, up to SAMPLE_RESIDUES: those whose ids and residues hash lowest.

    Long ones are cut; records that do not fit the readout are passed over.
    """
    allowed = {*readout.observed, *readout.group_symbols, HIDDEN}
    kept: list[tuple[int, str]] = []
    total = 0
    records = read_fasta(source, reads=True, bad=[], groups=readout.group_symbols)
    for record in records:
        if not set(record.sequence) <= allowed:
            continue
        key = f"{record.id}\n{record.sequence}".encode("utf-8", "surrogateescape")
        digest = hashlib.blake2b(key, digest_size=8)
        part = record.sequence[:LONGEST]
        heapq.heappush(kept, (-int.from_bytes(digest.digest(), "big"), part))
        total += len(part)
        while total - len(kept[0][1]) >= SAMPLE_RESIDUES:
            total -= len(heapq.heappop(kept)[1])
    return [part for _, part in sorted(kept, reverse=True)]


def _observed(residues: str) -> list[int]:
    return [at for at, residue in enumerate(residues) if residue in AMINO_ACIDS]


def _hide(residues: str, at: Sequence[int]) -> str:
    symbols = list(residues)
    for position in at:
        symbols[position] = HIDDEN
    return "".join(symbols)


def _log_frequencies() -> np.ndarray:
    """Return logarithms of the amino acid frequencies that the bundled network learnt, (20,)."""
    settings = json.loads((BUNDLED / "config.json").read_bytes())
    return np.log(np.array(settings["background"], float))


def _fit(logits: np.ndarray, logs: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return the two weights, from 0 to 1 for frequencies, under which the truth is likeliest.

    `logits` (residues, amino acids), `logs` (amino acids,), `truth` (residues,). The loss is convex
    in the weights. They have three decimals, so that machines that differ in the last digit agree.
    """
    from scipy.optimize import minimize

    features = np.stack([logits, np.broadcast_to(logs, logits.shape)])
    features = features - features.mean(2, keepdims=True)
    right = features[:, np.arange(len(truth)), truth].sum(1)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = np.tensordot(weights, features, 1)
        scores -= scores.max(1, keepdims=True)
        total = np.exp(scores).sum(1)
        probabilities = np.exp(scores) / total[:, None]
        away = weights - _FREQUENCIES_ALONE
        chosen = scores[np.arange(len(truth)), truth]
        nats = (np.log(total) - chosen).sum() + (_RIDGE * away) @ away
        return nats, (features * probabilities).sum((1, 2)) - right + 2 * _RIDGE * away

    bounds = [(0, None), (0, 1)]
    best = minimize(loss, np.array([0.5, 0.5]), jac=True, bounds=bounds, tol=1e-12).x
    return round(float(best[0]), 3), round(float(best[1]), 3)


def _tell(tempering: Tempering, name: str, readout: Readout) -> None:
    log.info(
        "%s was not trained for %s: its probabilities are weighed against amino acid frequencies "
        "(weights %.3f and %.3f, from %d observed residues)",
        name,
        readout,
        tempering.network,
        tempering.frequencies,
        tempering.residues,
    )
    if tempering.network < USELESS:
        log.warning(
            "%s tells observed residues apart no better than amino acid frequencies do: most "
            "hidden residues become the commonest amino acid. Train it: pepseq finetune --model %s "
            "--readout %s",
            name,
            name,
            readout,
        )
