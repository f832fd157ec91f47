"""The probability of a whole read by chance, from what precedes each of its residues.

A protein with few labels, or with repeats, fits proteins of the same kind to which it is not
related, and the more of them there are in a reference, the better the best one fits. So a template
must explain a read better than the read itself does: chance is a mixture of predictors that learn
the composition of the read and its repeats while they go through it, with switches from one to
another (Herbster and Warmuth 1998, Machine Learning 32: 151).
"""

from dataclasses import dataclass

import numpy as np

from pepseq.kernels import fast_kernel


@dataclass(frozen=True)
class ChanceSettings:
    """Settings of the model of chance, for whole proteins.

    Chosen on proteins without a relative in a reference of 200,000, on reversed ones, and on those
    of V. cholerae O395, S. aureus COL and H. pylori G27, none on a test set.

    composition: residues that the usual composition weighs against that of the read.
    max_period: longest period of a repeat, in residues; time grows in proportion.
    repeats: probability, at first, of a repeat of any period.
    after_label: residues that the composition weighs against those seen at the same phase.
    memory: share of what was seen at a phase that is kept each time.
    switch: probability of a switch between predictors at each residue.
    """

    composition: float = 100.0
    max_period: int = 40
    repeats: float = 0.25
    after_label: float = 1.0
    memory: float = 0.98
    switch: float = 0.02


CHANCE = ChanceSettings()


def chance_odds(likelihoods: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Return P(what is read | what is read before it) / P(what is read), float64 (length,).

    `likelihoods`: P(what is read of a residue | label), up to a factor for each residue, float64
    (length, labels), where residues without a label are a label too; `background`: P(label),
    (labels,). A residue that no label explains says nothing: 1.

    >>> background = np.array([0.1, 0.9])
    >>> repeat = np.eye(2)[[0, 1, 1, 1, 1] * 20]
    >>> chance_odds(repeat, background)[-5:].round(1).tolist()
    [8.9, 1.1, 1.1, 1.1, 1.1]
    """
    return _chance_odds(
        likelihoods,
        background,
        CHANCE.composition,
        CHANCE.max_period,
        CHANCE.repeats,
        CHANCE.after_label,
        CHANCE.memory,
        CHANCE.switch,
    )


@fast_kernel
def _chance_odds(
    likelihoods, background, composition, max_period, repeats, after_label, memory, switch
):
    """Predict each residue by all predictors and weigh these by how well they did so far.

    Predictor 0 is the composition; predictor p, from 1 on, looks at what followed the label p
    residues before at this distance. Of uncertain labels each counts by its probability.
    """
    length, labels = likelihoods.shape
    odds = np.ones(length)
    probable = np.zeros((length, labels))  # probability of each label, given what is read
    counts, usual = np.zeros(labels), np.empty(labels)
    followed = np.zeros((max_period + 1, labels, labels))  # by period, label before, label
    seen = np.zeros((max_period + 1, labels))
    weights, predicted = np.full(max_period + 1, repeats / max_period), np.empty(max_period + 1)
    weights[0] = 1 - repeats
    constants = after_label, memory
    for i in range(length):
        by_chance = (background * likelihoods[i]).sum()
        if by_chance <= 0:
            continue
        usual[:] = (counts + composition * background) / (counts.sum() + composition)
        predicted[0] = (usual * likelihoods[i]).sum()
        probable[i] = usual * likelihoods[i] / predicted[0]
        total = weights[0] * predicted[0]
        for period in range(1, max_period + 1):
            predicted[period] = predicted[0]
            if period <= i:
                predicted[period] += _look_back(
                    likelihoods, probable, followed, seen, i, period, predicted[0], constants
                )
            total += weights[period] * predicted[period]
        odds[i] = total / by_chance
        for period in range(max_period + 1):
            start = repeats / max_period if period else 1 - repeats
            weights[period] *= (1 - switch) * predicted[period] / total
            weights[period] += switch * start
        counts += probable[i]
    return odds


@fast_kernel
def _look_back(likelihoods, probable, followed, seen, i, period, usual, constants):
    """Return how much likelier residue i is than `usual` by a repeat of this period; learn of it.

    `constants`: `after_label` and `memory`, see ChanceSettings.
    """
    after_label, memory = constants
    labels = likelihoods.shape[1]
    gain = 0.0
    for b in range(labels):
        share = probable[i - period, b]
        if share == 0:
            continue
        expected, kept = after_label * usual, 1 - share * (1 - memory)
        for k in range(labels):
            expected += followed[period, b, k] * likelihoods[i, k]
            followed[period, b, k] = kept * followed[period, b, k] + share * probable[i, k]
        gain += share * (expected / (seen[period, b] + after_label) - usual)
        seen[period, b] = kept * seen[period, b] + share
    return gain
