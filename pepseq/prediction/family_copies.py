"""The copying model with families: a residue that differs from its template is a relative's."""

import numpy as np

from pepseq.network.inputs import residue_slices
from pepseq.prediction.stratum import ReadTables, Stratum
from pepseq.templates.copying_model import NOT_ALIGNED, copy_probabilities
from pepseq.templates.families import changed_residues, relative_weights
from pepseq.templates.finder import Templates
from pepseq.templates.soft_reads import Read
from pepseq.templates.substitution import UNKNOWN_CODE


def copy_families(
    stratum: Stratum,
    read: Read,
    tables: ReadTables,
    templates: Templates,
    prior: np.ndarray,
    none: float,
    switch: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return P(amino acid by copying), (length, 20), and P(template), (length, templates).

    `tables`: of the stratum for this read; `prior`, (templates, distances), `none` and `switch`: as
    `copy_probabilities` takes them. A state's residue is the template's, or, with the probability
    of its distance, one of `changed_residues`.
    """
    aligned, distances = templates.aligned, stratum.distances
    weights = relative_weights(templates.proteins, aligned)
    number, length = aligned.shape
    evidence, allowed = stratum.likelihoods(read)
    # the same chance as in `tables`, which an unknown residue of a template is not told from
    evidence = evidence * tables.emission[0, tables.rows, UNKNOWN_CODE][:, None]
    emission = np.ones((len(distances), length, number))
    for part in residue_slices(length):
        changed = changed_residues(aligned[:, part], weights, stratum.other)
        emission[:, part] = _of_states(aligned[:, part], changed, evidence[part], distances)
    # each template is a code of its own, and each residue a symbol
    codes = np.where(aligned == NOT_ALIGNED, NOT_ALIGNED, np.arange(number)[:, None])
    mixture = np.empty((length, len(distances), number))
    of_templates = np.empty((length, number))
    copy_probabilities(
        np.arange(length, dtype=np.uint16),
        codes.astype(np.uint8),
        emission,
        prior,
        none,
        switch,
        mixture,
        of_templates,
    )
    copied = np.empty((length, UNKNOWN_CODE))
    for part in residue_slices(length):
        rows = aligned[:, part]
        changed = changed_residues(rows, weights, stratum.other)
        total = _of_states(rows, changed, allowed[part], distances)
        of_states = mixture[part].transpose(1, 0, 2)
        shares = np.divide(of_states, total, out=np.zeros_like(total), where=total > 0)
        differs = np.tensordot(distances, shares, 1)
        summed = np.einsum("lt,tla->la", differs, changed)
        kept = _kept_residues(rows, changed)
        summed += np.einsum("lt,tla->la", shares.sum(0) - differs, kept)
        copied[part] = summed * allowed[part]
    return copied, of_templates


def _kept_residues(aligned: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """Return P(amino acid | template, it is kept), (templates, length, 20).

    An unknown residue of a template says no more than `changed` does.
    """
    kept = np.eye(UNKNOWN_CODE + 1)[np.minimum(aligned, UNKNOWN_CODE)][:, :, :UNKNOWN_CODE]
    return np.where((aligned >= UNKNOWN_CODE)[:, :, None], changed, kept)


def _of_states(
    aligned: np.ndarray, changed: np.ndarray, likelihood: np.ndarray, distances: np.ndarray
) -> np.ndarray:
    """Return the likelihood of each state, (distances, length, templates).

    `likelihood`: of each amino acid, (length, 20).
    """
    kept = np.einsum("tla,la->lt", _kept_residues(aligned, changed), likelihood)
    differs = np.einsum("tla,la->lt", changed, likelihood)
    by_distance = distances[:, None, None]
    return (1 - by_distance) * kept + by_distance * differs
