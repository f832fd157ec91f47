"""Templates and network together: one distribution over the amino acids at every residue."""

from dataclasses import dataclass, replace

import numpy as np

from pepseq.network.architecture import MAX_TEMPLATES, NO_RESIDUE
from pepseq.network.inputs import NetworkInput
from pepseq.prediction.prior import Expectation
from pepseq.prediction.reconstruction import Origins, Reconstruction, reconstruct
from pepseq.readout.masking import MaskedSequence
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.copying_model import NOT_ALIGNED, copy_probabilities
from pepseq.templates.finder import KEPT, TemplateFinder, Templates
from pepseq.templates.stratified import StratifiedFinder
from pepseq.templates.substitution import UNKNOWN_CODE, exchanges

DISTANCES = (0.003, 0.03, 0.12, 0.35, 0.65)
"""Shares of residues in which the protein may differ from a template it copies."""
DISTANCE_PRIOR = (0.3, 0.2, 0.2, 0.15, 0.15)
PEPTIDE_DISTANCE_PRIOR = (0.75, 0.12, 0.05, 0.04, 0.04)
SWITCH = 1e-3
"""Probability of going over to another template, distance or none, at each residue."""
PRIOR_BITS, MOST_PRIOR = -6.0, 0.01
"""A template's prior probability is 2 ** (these bits + its bonus) / places that its
stratum has for it, at most."""
PEPTIDE_NONE = 0.125
"""Peptides come from any place equally likely, or this likely, compared with all places, from none:
they can be compared with every place, and no chance fit is left out of account."""
OPEN = 0.1
"""If templates leave more than this, on average, they are looked for more thoroughly."""
_TINY = 1e-12


def distance_prior(kind: str) -> np.ndarray:
    """Return how likely a readout of this kind is to be copied at each of DISTANCES."""
    return np.array(DISTANCE_PRIOR if kind == "protein" else PEPTIDE_DISTANCE_PRIOR)


@dataclass(frozen=True)
class Evidence:
    """What the templates say of one readout, given all its observed residues.

    `copied`, (length, 20): probability of each amino acid by copying, added up over templates;
    `none`, (length,): probability that no template is copied there; each row of `copied` and its
    `none` add up to 1. `weights`, (length, templates): probability of copying each.
    """

    templates: Templates
    copied: np.ndarray
    none: np.ndarray
    weights: np.ndarray


class _Chances:
    """How likely what is read is, by copying and without, with one stratum's frequencies."""

    def __init__(self, finder: TemplateFinder, readout: Readout, candidates: str):
        self.expectation = Expectation(
            finder.symbols, finder.background, finder.kind, readout, candidates
        )
        changes = np.stack([exchanges(finder.background, d) for d in DISTANCES])
        # (distances, symbols, 21, 20)
        read = changes[:, None] * self.expectation.reads[None, :, None]
        total = read.sum(3, keepdims=True)  # 0 for hidden residues if all twenty are labels
        self.amino_acids = np.divide(read, total, out=np.zeros_like(read), where=total > 0)
        self.emission = np.ascontiguousarray([finder.emission(d) for d in DISTANCES])


class Combiner:
    """Weighs templates against each other and against what the network expects.

    `candidates` is `hidden` or `all`, see PredictConfig; the settings of the noise are in the
    finder's symbols. Chance has the amino acid frequencies of the stratum that the readout looks
    most like. Safe in several threads.
    """

    def __init__(self, finder: StratifiedFinder, readout: Readout, candidates: str = "hidden"):
        self.finder = finder
        self._groups = readout.groups
        self._chances = [_Chances(one, readout, candidates) for one in finder.strata]

    def _chances_of(self, residues: str) -> _Chances:
        return self._chances[self.finder.likeliest(residues)]

    def weigh(self, residues: str) -> Evidence:
        """Find templates of a readout and return what they say of each residue.

        If they leave most of it open, they are looked for again, thoroughly.
        """
        evidence = self.reweigh(residues, self.finder.find(residues))
        if evidence.none.mean() < OPEN:
            return evidence
        return self.reweigh(residues, self.finder.find(residues, thorough=True))

    def reweigh(self, residues: str, templates: Templates) -> Evidence:
        """Return what these templates say of each residue."""
        length, number = len(residues), len(templates.proteins)
        if not number:
            return Evidence(
                templates, np.zeros((length, 20)), np.ones(length), np.zeros((length, 0))
            )
        prior, none = self._prior(templates)
        chances = self._chances_of(residues)
        symbols = self.finder.symbols.encode(residues)
        mixture = np.empty((length, len(DISTANCES), UNKNOWN_CODE + 1))
        weights = np.empty((length, number))
        copy_probabilities(
            symbols,
            templates.aligned,
            chances.emission,
            np.outer(prior, distance_prior(self.finder.kind)),
            none,
            SWITCH,
            mixture,
            weights,
        )
        copied = np.empty((length, 20))
        for symbol in range(self.finder.symbols.hidden + 1):
            at = symbols == symbol
            copied[at] = np.einsum("lda,dab->lb", mixture[at], chances.amino_acids[:, symbol])
        return Evidence(templates, copied, np.clip(1 - weights.sum(1), 0, 1), weights)

    def _prior(self, templates: Templates) -> tuple[np.ndarray, float]:
        """Return the probabilities of each template and of none before anything is read."""
        bits = templates.bonuses - np.log2(np.maximum(templates.places, 1))
        if self.finder.kind == "protein":
            prior = np.minimum(2.0 ** (PRIOR_BITS + bits), MOST_PRIOR)
            return prior, 1 - prior.sum()
        prior = 2.0**bits
        total = prior.sum() + PEPTIDE_NONE
        return prior / total, PEPTIDE_NONE / total

    def reading(self, residues: str, evidence: Evidence) -> NetworkInput:
        """Return what the readout network is told of a readout and its templates."""
        best = np.argsort(-evidence.weights.sum(0), kind="stable")[:MAX_TEMPLATES]
        aligned = evidence.templates.aligned[best]
        return replace(
            self._chances_of(residues).expectation.reading(residues),
            prior=self.mix(residues, evidence),
            none=evidence.none,
            rows=np.where(aligned == NOT_ALIGNED, NO_RESIDUE, aligned),
            weights=evidence.weights.T[best],
            scores=evidence.templates.scores[best],
        )

    def mix(
        self, residues: str, evidence: Evidence, logits: np.ndarray | None = None
    ) -> np.ndarray:
        """Return probabilities, (length, 20): copies, and where there is none what is expected.

        `logits`, (length, 20), are a network's that was not told of templates.
        """
        expected = self._chances_of(residues).expectation.probabilities(residues, logits)
        expected *= evidence.none[:, None]
        expected += evidence.copied
        return expected

    def decide(
        self, residues: str, evidence: Evidence, probabilities: np.ndarray | None = None
    ) -> Reconstruction:
        """Return the likeliest protein; `probabilities`, (length, 20), are else those of `mix`."""
        if probabilities is None:
            probabilities = self.mix(residues, evidence)
        logs = np.maximum(probabilities, _TINY)
        result = reconstruct(
            MaskedSequence(residues),
            np.log(logs, out=logs),
            self._chances[0].expectation.candidates,
            self._groups,
        )
        return replace(result, origins=self._origins(result, evidence))

    def _origins(self, result: Reconstruction, evidence: Evidence) -> Origins:
        weights, templates = evidence.weights, evidence.templates
        chosen = np.array([AMINO_ACIDS.index(a) for a in result.sequence], np.uint8)
        carried = (weights * (templates.aligned == chosen).T).sum(1)
        total = weights.sum(1)
        agreement = np.divide(carried, total, out=np.zeros(len(total)), where=total > 0)
        most = np.argsort(-weights.sum(0), kind="stable")[: 2 * KEPT]  # of many, few weigh much
        names = [self.finder.reference.name(protein) for protein in templates.proteins[most]]
        return Origins(tuple(names), weights[:, most], total, agreement)
