"""Templates and network together: one distribution over the amino acids at every residue."""

from dataclasses import dataclass

import numpy as np

from pepseq.templates.copying import copy_probabilities
from pepseq.templates.find import TemplateFinder, Templates
from pepseq.templates.substitution import UNKNOWN_CODE, exchanges

DISTANCES = (0.003, 0.03, 0.12, 0.35, 0.65)
"""Shares of residues in which the protein may differ from a template it copies."""
DISTANCE_PRIOR = (0.3, 0.2, 0.2, 0.15, 0.15)
SWITCH = 1e-3
"""Probability of going over to another template, distance or none, at each residue."""
TEMPLATE_BITS = -16.6
"""log2 of the odds, before any residue is compared, that a template is right."""


@dataclass(frozen=True)
class Evidence:
    """What the templates say of one readout.

    `mixture`, (length, 20): probability of each amino acid by copying, summed over templates;
    rows add up to 1 - `none`, the probability, (length,), that no template is copied. `weights`,
    (length, templates): that of copying each. Probabilities are given all observed residues.
    """

    templates: Templates
    mixture: np.ndarray
    none: np.ndarray
    weights: np.ndarray


class Combiner:
    """Weighs the templates of a readout residue by residue."""

    def __init__(self, finder: TemplateFinder):
        self.finder = finder
        self._exchanges = np.stack([exchanges(finder.background, d) for d in DISTANCES])
        self._emission = np.stack([finder.emission(d) for d in DISTANCES])

    def weigh(self, residues: str) -> Evidence:
        """Find templates of a readout and return what they say of each residue."""
        templates = self.finder.find(residues)
        length = len(residues)
        if not len(templates.proteins):
            return Evidence(templates, np.zeros((length, 20)), np.ones(length), np.zeros((length, 0)))
        bits = templates.bonuses - templates.bonuses.max()
        share = 2.0**bits / (2.0**bits).sum()
        right = 2.0**TEMPLATE_BITS
        mixture = np.empty((length, len(DISTANCES), UNKNOWN_CODE + 1))
        weights = np.empty((length, len(templates.proteins)))
        copy_probabilities(
            self.finder.symbols.encode(residues),
            templates.aligned,
            self._emission,
            np.outer(share, DISTANCE_PRIOR) * right,
            1 - right,
            SWITCH,
            mixture,
            weights,
        )
        copied = np.einsum("lda,dab->lb", mixture, self._exchanges)
        return Evidence(templates, copied, np.clip(1 - weights.sum(1), 0, 1), weights)
