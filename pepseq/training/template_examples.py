"""Training examples with templates: proteins read at random and looked up in known proteomes."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

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
from pepseq.templates.stratified import StratifiedFinder
from pepseq.templates.substitution import encode

KINDS = {"protein": 0.6, "fragment": 0.2, "tryptic": 0.12, "prefix": 0.08}
LONGEST_PEPTIDE = 60


def draw_examples(
    reference: Reference,
    proteins: Sequence[str],
    number: int,
    rng: np.random.Generator,
    readout: Readout | None = None,
) -> list[Example]:
    """Return examples of these proteins by one readout, noise and kind, all three random.

    A template with the protein's own residues is left out, and in half of the cases so are some of
    the nearest others.
    """
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    rates = random_error_rates(rng)
    readout = readout or random_readout(rng)
    symbols = read_symbols(readout, rates.missed_label, rates.misread)
    finder = StratifiedFinder(reference, symbols, kind)
    model = TemplateModel(finder, readout, "all" if rates.any_candidate else "hidden")
    letters = _letters(readout)
    examples = []
    for choice in rng.integers(len(proteins), size=number).tolist():
        truth = encode(_stretch(proteins[choice], kind, rng))
        residues = letters[simulate_read(truth, symbols, rates, rng)].tobytes().decode()
        evidence = model.find_evidence(residues)
        kept = _left(evidence.templates, truth, rng)
        if len(kept) < len(evidence.templates.proteins):
            evidence = model.weigh_templates(residues, evidence.templates.chosen(kept))
        read = model.network_input(residues, evidence)
        examples.append(Example(read, truth, scored_residues(read.emission, truth)))
    return examples


def _letters(readout: Readout) -> np.ndarray:
    """Return the character of each symbol, hidden residues last, as bytes."""
    labels = [*readout.observed, *map(label_symbol, readout.groups), "X"]
    return np.frombuffer("".join(labels).encode(), np.uint8)


def _stretch(protein: str, kind: str, rng: np.random.Generator) -> str:
    """Return the protein or a peptide of it."""
    if kind == "protein" or len(protein) <= MIN_RESIDUES:
        return protein[:MAX_RESIDUES]
    size = int(np.exp(rng.uniform(np.log(MIN_RESIDUES), np.log(LONGEST_PEPTIDE))))
    if kind == "prefix":
        return protein[:size]
    start = int(rng.integers(max(len(protein) - size, 0) + 1))
    if kind == "fragment":
        return protein[start : start + size]
    cuts = [0, *(i + 1 for i, a in enumerate(protein[:-1]) if a in "KR" and protein[i + 1] != "P")]
    cuts.append(len(protein))
    long_enough = [p for p in pairwise(cuts) if p[1] - p[0] >= MIN_RESIDUES]
    if not long_enough:
        return protein[start : start + size]
    first, last = long_enough[int(rng.integers(len(long_enough)))]
    return protein[first : min(last, first + LONGEST_PEPTIDE)]


def _left(templates: Templates, truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return which templates stay, best first; those least unlike the truth go, if any do."""
    same = (templates.aligned == truth).mean(1)
    kept = np.flatnonzero(same < 1)
    if len(kept) and rng.random() < 0.5:
        out = int(rng.integers(1, len(kept) + 1)) if rng.random() < 0.3 else int(rng.integers(1, 5))
        nearest = kept[np.argsort(-same[kept], kind="stable")[:out]]
        kept = np.setdiff1d(kept, nearest)
    return kept


_PARTS = ("emission", "prior", "none", "rows", "weights", "scores")


def save_examples(examples: Sequence[Example], path: Path) -> None:
    """Write examples to a file that `StoredExamples` reads."""
    whole = {"truth": np.concatenate([e.truth for e in examples])}
    readings = [e.input for e in examples]
    whole["lengths"] = np.array([len(r) for r in readings])
    whole["numbers"] = np.array([len(r.rows) for r in readings])
    whole["edges"] = np.array([[r.begins, r.ends] for r in readings])
    kinds = {"rows": np.uint8, "scores": np.float32}
    for name in _PARTS:
        parts = [np.ravel(getattr(r, name)).astype(kinds.get(name, np.float16)) for r in readings]
        whole[name] = np.concatenate(parts)
    with open(path, "wb") as stream:
        np.savez(stream, **whole)


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
        whole = {name: stored[name] for name in stored.files}
    at = dict.fromkeys(("truth", *_PARTS), 0)

    def take(name: str, size: int) -> np.ndarray:
        at[name] += size
        return whole[name][at[name] - size : at[name]]

    examples = []
    for length, number, (begins, ends) in zip(
        whole["lengths"].tolist(), whole["numbers"].tolist(), whole["edges"].tolist(), strict=True
    ):
        truth = take("truth", length)
        emission, prior = (take(name, 20 * length).reshape(length, 20) for name in _PARTS[:2])
        none, size = take("none", length), number * length
        rows, weights = (take(name, size).reshape(number, length) for name in ("rows", "weights"))
        scores = take("scores", number)
        read = NetworkInput(emission, prior, none, rows, weights, scores, begins, ends)
        examples.append(Example(read, truth, scored_residues(emission, truth)))
    return examples
