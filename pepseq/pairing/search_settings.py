"""Settings of the search for the best pairing."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PairingSearchSettings:
    """How the best pairing is searched.

    Chosen on half of the species of HK-RR and of MALG-MALK; docs/benchmarks/pairing.md reports
    the other half. Temperatures are in standard deviations of the gain of a random swap.

    shrinkage: of the correlations inside a family, in mean eigenvalues of its covariance. More
        makes `information` more like `mirrortree`.
    column_share: share of the columns of each family that a run sees. Less makes the runs differ
        more, so that confidence falls, and leaves each run less to go by.
    field_steps, field_from, field_to: steps and temperatures of the mean field.
    anneal_steps, anneal_from, anneal_to: steps and temperatures of simulated annealing.
    sweeps: moves of simulated annealing for each row, over all steps. More find better pairings;
        time grows in proportion.
    ortholog_share: share of the moves that swap orthologs too.
    max_size_with_all_steps, min_field_steps: a step of the mean field takes the cube of the
        paralogs in a species, so above this size the steps fall in proportion, to this minimum.
    """

    shrinkage: float = 3.0
    column_share: float = 0.8
    field_steps: int = 60
    field_from: float = 1.5
    field_to: float = 0.03
    anneal_steps: int = 60
    anneal_from: float = 0.15
    anneal_to: float = 0.03
    sweeps: int = 1000
    ortholog_share: float = 0.2
    max_size_with_all_steps: int = 1000
    min_field_steps: int = 10

    def field_steps_for(self, sizes: np.ndarray) -> int:
        """Return the steps of the mean field for species of these numbers of paralogs."""
        share = min(1.0, self.max_size_with_all_steps / sizes.max())
        return max(round(self.field_steps * share), self.min_field_steps)
