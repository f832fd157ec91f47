"""Training examples with templates: simulated reads, aligned to a reference proteome."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from pepseq.network.inputs import NetworkInput
from pepseq.network.training_examples import (
    MAX_RESIDUES,
    MIN_RESIDUES,
    Example,
    random_error_rates,
    random_readout,
    scored_residues,
    simulate_read,
)
from pepseq.prediction.template_model import TemplateModel
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import label_symbol
from pepseq.templates.finder import Templates
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.reference import Reference
from pepseq.templates.stratified_finder import StratifiedFinder
from pepseq.templates.substitution import encode

KIND_PROBABILITIES = {"protein": 0.6, "fragment": 0.2, "tryptic": 0.12, "prefix": 0.08}
MAX_PEPTIDE_RESIDUES = 60


def draw_examples(
    reference: Reference,
    proteins: Sequence[str],
    number: int,
    rng: np.random.Generator,
    readout: Readout | None = None,
) -> list[Example]:
    """Return examples of these proteins with one random readout, error rates and kind of reads.

    Templates with the protein's own residues are left out, and in half of the examples also some of
    the nearest other templates.
    """
    kind = str(rng.choice(list(KIND_PROBABILITIES), p=list(KIND_PROBABILITIES.values())))
    rates = random_error_rates(rng)
    readout = readout or random_readout(rng)
    symbols = read_symbols(readout, rates.missed_label, rates.misread)
    finder = StratifiedFinder(reference, symbols, kind)
    model = TemplateModel(finder, readout, "all" if rates.any_candidate else "hidden")
    letters = _letters(readout)
    examples = []
    for choice in rng.integers(len(proteins), size=number).tolist():
        truth = encode(_cut_stretch(proteins[choice], kind, rng))
        residues = letters[simulate_read(truth, symbols, rates, rng)].tobytes().decode()
        evidence = model.find_evidence(residues)
        kept = _choose_templates(evidence.templates, truth, rng)
        if len(kept) < len(evidence.templates.proteins):
            evidence = model.weigh_templates(residues, evidence.templates.select(kept))
        read = model.network_input(residues, evidence)
        examples.append(Example(read, truth, scored_residues(read.emission, truth)))
    return examples


def _letters(readout: Readout) -> np.ndarray:
    """Return the character of each symbol, hidden residues last, as bytes."""
    labels = [*readout.observed, *map(label_symbol, readout.groups), "X"]
    return np.frombuffer("".join(labels).encode(), np.uint8)


def _cut_stretch(protein: str, kind: str, rng: np.random.Generator) -> str:
    """Return the protein or a random peptide of this kind."""
    if kind == "protein" or len(protein) <= MIN_RESIDUES:
        return protein[:MAX_RESIDUES]
    size = int(np.exp(rng.uniform(np.log(MIN_RESIDUES), np.log(MAX_PEPTIDE_RESIDUES))))
    if kind == "prefix":
        return protein[:size]
    start = int(rng.integers(max(len(protein) - size, 0) + 1))
    if kind == "fragment":
        return protein[start : start + size]
    trypsin_cuts = [
        i + 1 for i, a in enumerate(protein[:-1]) if a in "KR" and protein[i + 1] != "P"
    ]
    peptides = [
        (first, last)
        for first, last in pairwise([0, *trypsin_cuts, len(protein)])
        if last - first >= MIN_RESIDUES
    ]
    if not peptides:
        return protein[start : start + size]
    first, last = peptides[int(rng.integers(len(peptides)))]
    return protein[first : min(last, first + MAX_PEPTIDE_RESIDUES)]


def _choose_templates(
    templates: Templates, truth: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the indices of kept templates, best first; at random, the nearest are left out."""
    identity = (templates.aligned == truth).mean(1)
    kept = np.flatnonzero(identity < 1)
    if len(kept) and rng.random() < 0.5:
        most = len(kept) + 1 if rng.random() < 0.3 else 5
        nearest = np.argsort(-identity[kept], kind="stable")[: int(rng.integers(1, most))]
        kept = np.delete(kept, nearest)
    return kept


_PARTS = ("emission", "prior", "none", "rows", "weights", "scores")


def save_examples(examples: Sequence[Example], path: Path) -> None:
    """Write examples to a file that `StoredExamples` reads."""
    inputs = [example.input for example in examples]
    arrays: dict[str, Any] = {
        "truth": np.concatenate([example.truth for example in examples]),
        "lengths": np.array([len(item) for item in inputs]),
        "numbers": np.array([len(item.rows) for item in inputs]),
        "edges": np.array([[item.begins, item.ends] for item in inputs]),
    }
    types: dict[str, type] = {"rows": np.uint8, "scores": np.float32}
    for name in _PARTS:
        parts = [np.ravel(getattr(item, name)) for item in inputs]
        dtype = types.get(name, np.float16)
        arrays[name] = np.concatenate([part.astype(dtype) for part in parts])
    with open(path, "wb") as stream:
        np.savez(stream, **arrays)


class StoredExamples:
    """Examples that `save_examples` wrote, drawn at random."""

    def __init__(self, paths: Sequence[Path]):
        self._examples = [example for path in paths for example in _load(path)]

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, index: int) -> Example:
        return self._examples[index]

    def draw(self, rng: np.random.Generator) -> Example:
        """Return a random example."""
        return self._examples[int(rng.integers(len(self._examples)))]


def _load(path: Path) -> list[Example]:
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    read_so_far = dict.fromkeys(("truth", *_PARTS), 0)

    def take(name: str, size: int) -> np.ndarray:
        """Return the next `size` numbers of an array."""
        start = read_so_far[name]
        read_so_far[name] += size
        return arrays[name][start : start + size]

    examples = []
    for length, number, (begins, ends) in zip(
        *(arrays[name].tolist() for name in ("lengths", "numbers", "edges")), strict=True
    ):
        truth = take("truth", length)
        emission, prior = (take(name, 20 * length).reshape(length, 20) for name in _PARTS[:2])
        none, size = take("none", length), number * length
        rows, weights = (take(name, size).reshape(number, length) for name in ("rows", "weights"))
        scores = take("scores", number)
        item = NetworkInput(emission, prior, none, rows, weights, scores, begins, ends)
        examples.append(Example(item, truth, scored_residues(emission, truth)))
    return examples
