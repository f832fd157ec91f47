"""How well a reference fits some reads: what its templates complete, and their organisms."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from pepseq.identification.suggest_config import SuggestConfig
from pepseq.prediction.template_model import CopyEvidence, TemplateModel
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.organisms import Organism, read_organism
from pepseq.templates.copying_model import NOT_ALIGNED
from pepseq.templates.decoys import decoys_of
from pepseq.templates.read_symbols import ReadSymbols, read_symbols
from pepseq.templates.reference import Reference
from pepseq.templates.stratified_finder import StratifiedFinder


@dataclass(frozen=True)
class OrganismFit:
    """What templates of one organism complete.

    residues: hidden residues that are copied from them; matching, labels: pairs of equal labels,
    and mean number of labels, of reads and templates at aligned residues.
    """

    residues: float
    matching: float
    labels: float

    @property
    def identity(self) -> float:
        """The share of labels that reads and templates have in common."""
        return self.matching / self.labels if self.labels else 0.0

    def __add__(self, other: "OrganismFit") -> "OrganismFit":
        return OrganismFit(
            self.residues + other.residues,
            self.matching + other.matching,
            self.labels + other.labels,
        )


NO_FIT = OrganismFit(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class ReadFits:
    """What a reference completes of each read; arrays are float64, (reads,).

    hidden: hidden residues; completed: of these, how many are copied from templates; correct: how
    many of them are expected to be right; chance_completed, chance_correct: the same with decoys
    as the reference. organisms: of each read, by organism, None for templates whose header names
    none.
    """

    hidden: np.ndarray
    completed: np.ndarray
    correct: np.ndarray
    chance_completed: np.ndarray
    chance_correct: np.ndarray
    organisms: tuple[dict[Organism | None, OrganismFit], ...]


def share_beyond_chance(found: np.ndarray, by_chance: np.ndarray, hidden: np.ndarray) -> float:
    """Return the share of hidden residues beyond what decoys complete as well (0 to 1).

    Of the residues that the reference does not have, the same share is completed by chance.

    >>> round(share_beyond_chance(np.array([60.0]), np.array([20.0]), np.array([100.0])), 3)
    0.5
    """
    total = hidden.sum()
    share, chance = found.sum() / total, by_chance.sum() / total
    return float(max(share - chance, 0) / (1 - chance)) if chance < 1 else 0.0


def fit_reference(
    known: Reference, reads: Sequence[str], readout: Readout, config: SuggestConfig
) -> ReadFits:
    """Return what a reference completes of these reads."""
    symbols = read_symbols(readout, config.missed_label, config.misread)
    is_protein = config.kind == "protein"
    models = [TemplateModel(StratifiedFinder(known, symbols, config.kind), readout)]
    if is_protein:
        decoys = decoys_of(known, config.kind)
        models.append(TemplateModel(StratifiedFinder(decoys, symbols, config.kind), readout))
    hidden = [np.frombuffer(read.encode(), np.uint8) == ord(HIDDEN) for read in reads]
    totals = np.array([where.sum() for where in hidden], float)
    found: list[np.ndarray] = []
    organisms: list[dict[Organism | None, OrganismFit]] = []
    with ThreadPoolExecutor(config.threads) as pool:
        for model in models:
            if not is_protein:
                model.measure_share(reads, pool)  # which takes chance fits into account
            evidence = list(pool.map(partial(_find_evidence, model), reads))
            pairs = list(zip(evidence, hidden, strict=True))
            found.append(np.array([float((1 - e.none)[where].sum()) for e, where in pairs]))
            found.append(np.array([float(e.copied[where].max(1).sum()) for e, where in pairs]))
            if not organisms:
                organisms = [
                    _organisms(known, symbols, read, *pair)
                    for read, pair in zip(reads, pairs, strict=True)
                ]
    none = np.zeros(len(reads))
    columns = found if is_protein else [*found, none, none]
    completed, correct, chance_completed, chance_correct = columns
    return ReadFits(totals, completed, correct, chance_completed, chance_correct, tuple(organisms))


def _find_evidence(model: TemplateModel, read: str) -> CopyEvidence:
    """Return the evidence of a read without a thorough search, which takes several times longer."""
    return model.weigh_templates(read, model.finder.find(read))


def _organisms(
    known: Reference, symbols: ReadSymbols, read: str, evidence: CopyEvidence, hidden: np.ndarray
) -> dict[Organism | None, OrganismFit]:
    """Return what the templates of a read complete, by organism."""
    result: dict[Organism | None, OrganismFit] = {}
    has_label = symbols.encode(read) != symbols.hidden
    for protein, aligned, weights in zip(
        evidence.templates.proteins, evidence.templates.aligned, evidence.weights.T, strict=True
    ):
        is_aligned = aligned != NOT_ALIGNED
        codes = np.where(is_aligned, aligned, 0)
        of_template = np.where(is_aligned, symbols.symbol_of_code[codes], symbols.hidden)
        matching = has_label & (of_template == symbols.encode(read))
        labels = (has_label & is_aligned).astype(float) + (of_template != symbols.hidden)
        fit = OrganismFit(
            float(weights[hidden].sum()),
            float(weights[matching].sum()),
            float((weights * labels).sum() / 2),
        )
        organism = read_organism(known.header(int(protein)))
        result[organism] = result.get(organism, NO_FIT) + fit
    return result
