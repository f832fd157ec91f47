"""Templates of a read, and the probabilities of its residues by copying them."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np

from pepseq.network.architecture import MAX_TEMPLATES, NO_RESIDUE
from pepseq.network.inputs import NetworkInput
from pepseq.prediction.chance import chance_odds
from pepseq.prediction.family_copies import copy_families
from pepseq.prediction.fitting_share import FITTING, FittingShare, estimate_share
from pepseq.prediction.reconstruction import CopiedTemplates, Reconstruction, choose_residues
from pepseq.prediction.soft_records import SoftRecord, read_of
from pepseq.prediction.stratum import Stratum
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.copying_model import NOT_ALIGNED, copy_probabilities
from pepseq.templates.families import FAMILIES
from pepseq.templates.finder import THOROUGH_KINDS, Templates
from pepseq.templates.organism_tally import OrganismTally
from pepseq.templates.search_settings import RANKING
from pepseq.templates.soft_reads import Read
from pepseq.templates.stratified_finder import StratifiedFinder
from pepseq.templates.substitution import UNKNOWN_CODE, encode
from pepseq.templates.template_organisms import ORGANISMS

_TINY = 1e-12


@dataclass(frozen=True)
class CopyingSettings:
    """Settings of the copying model.

    Chosen on E. coli EC590 (from five other strains), E. albertii KF1 and E. fergusonii ATCC 35469
    (from six E. coli), none on a test set; how well each worked is in docs/methods.md.

    distances: shares of residues in which the protein may differ from a template it copies; more
        of them fit relatives better and take time in proportion.
    protein_distances, peptide_distances: probability of each distance. A peptide says too little
        to tell the distance, so near relatives get more.
    switch: probability of a change to another template, distance or none at each residue. Higher
        values follow mosaics faster, and let chance fits in.
    prior_bits, max_prior: a template's prior probability is 2 ** (`prior_bits` + its bonus) over
        the places that its stratum has for it, at most `max_prior`. Higher values copy distant
        relatives more often, and unrelated proteins too.
    peptide_none: peptides come from each place equally likely, and from none this likely,
        relative to all places, unless the share that fits is estimated. They are compared with
        every place, so that no chance fit is left out of account.
    thorough_above: if the templates leave a larger share of the read open, they are looked for
        again, thoroughly, which takes longer.
    """

    distances: tuple[float, ...] = (0.003, 0.03, 0.12, 0.35, 0.65)
    protein_distances: tuple[float, ...] = (0.3, 0.2, 0.2, 0.15, 0.15)
    peptide_distances: tuple[float, ...] = (0.75, 0.12, 0.05, 0.04, 0.04)
    switch: float = 1e-3
    prior_bits: float = -6.0
    max_prior: float = 0.01
    peptide_none: float = 0.125
    thorough_above: float = 0.1

    def distance_prior(self, kind: str) -> np.ndarray:
        """Return the probability of each of `distances` for a read of this kind."""
        return np.array(self.protein_distances if kind == "protein" else self.peptide_distances)


COPYING = CopyingSettings()


@dataclass(frozen=True)
class CopyEvidence:
    """Probabilities of one read's residues by copying templates, given all observed residues.

    `copied`, (length, 20): probability of each amino acid by copying, added up over templates;
    `none`, (length,): probability that no template is copied there; each row of `copied` and its
    `none` add up to 1. `weights`, (length, templates): probability of copying each.
    """

    templates: Templates
    copied: np.ndarray
    none: np.ndarray
    weights: np.ndarray


class TemplateModel:
    """Finds templates of reads and weighs them against each other and against chance.

    `candidates` is `hidden` or `all`, see PredictConfig; the error rates are in the finder's
    symbols. Chance has the amino acid frequencies of the stratum that explains the read best.
    `share`, set by `measure_share`, is the share of peptides that fit the reference; `organisms`
    counts those of the templates in `reconstruct`. Safe in several threads, but for `reconstruct`.
    """

    share: FittingShare | None = None

    def __init__(self, finder: StratifiedFinder, readout: Readout, candidates: str = "hidden"):
        self.finder = finder
        self._groups = readout.groups
        self.organisms = OrganismTally(finder.reference)
        self._strata = [
            Stratum(stratum, readout, candidates, COPYING.distances) for stratum in finder.strata
        ]

    def _stratum_of(self, read: Read) -> Stratum:
        return self._strata[self.finder.likeliest_stratum(read)]

    def measure_share(self, reads: Sequence[Read], pool: Executor) -> FittingShare:
        """Estimate the share of peptides that fit the reference from a sample of reads, and use it.

        The reads are compared with every place of the reference and of its decoys.
        """
        kind, strata = self.finder.kind, len(self.finder.strata)

        def likelihoods(read: Read) -> np.ndarray:
            if kind in ("prefix", "fragment"):
                read = read[: FITTING.max_fragment]
            tables = self._stratum_of(read).tables(read)
            found = self.finder.mean_likelihoods(read, tables.by_place)
            return found / (tables.end_odds * strata)

        found = np.array(list(pool.map(likelihoods, reads)))
        found = found.reshape(len(reads), 2, len(COPYING.distances))
        prior = COPYING.distance_prior(kind)
        self.share = estimate_share(found[:, 0], found[:, 1], prior)
        return self.share

    def find_evidence(self, read: Read) -> CopyEvidence:
        """Find the templates of a read, thoroughly if they leave much open, and weigh them.

        If the templates of a protein are distant, or none is, it is weighed by their families.
        """
        evidence = self.weigh_templates(read, self.finder.find(read))
        more = self.finder.kind in THOROUGH_KINDS
        if more and evidence.none.mean() >= COPYING.thorough_above:
            evidence = self.weigh_templates(read, self.finder.find(read, thorough=True))
        surest = evidence.copied.max(1, initial=0).mean() if len(read) else 1
        if self.finder.kind != "protein" or surest >= FAMILIES.settled:
            return evidence
        return self.weigh_templates(read, evidence.templates, families=True)

    def weigh_templates(
        self, read: Read, templates: Templates, families: bool = False
    ) -> CopyEvidence:
        """Return the evidence of these templates for each residue of a read.

        With `families`, a residue that differs from its template is likely a relative's.
        """
        length, number = len(read), len(templates.proteins)
        if not number:
            return CopyEvidence(
                templates, np.zeros((length, 20)), np.ones(length), np.zeros((length, 0))
            )
        stratum = self._stratum_of(read)
        tables = stratum.tables(read)
        if self.finder.kind == "protein":
            tables = tables.against_chance(chance_odds(*stratum.labels(read)))
        of_templates, none = self._template_priors(templates, tables.end_odds)
        prior = np.outer(of_templates, self._distance_prior())
        if families:
            copied, weights = copy_families(
                stratum, read, tables, templates, prior, none, COPYING.switch
            )
            return CopyEvidence(templates, copied, np.clip(1 - weights.sum(1), 0, 1), weights)
        mixture = np.empty((length, len(COPYING.distances), UNKNOWN_CODE + 1))
        weights = np.empty((length, number))
        copy_probabilities(
            tables.rows,
            templates.aligned,
            tables.emission,
            prior,
            none,
            COPYING.switch,
            mixture,
            weights,
        )
        copied = stratum.copied(read, mixture)
        return CopyEvidence(templates, copied, np.clip(1 - weights.sum(1), 0, 1), weights)

    def _distance_prior(self) -> np.ndarray:
        """Return the probability of each distance before anything is read."""
        if self.share is None:
            return COPYING.distance_prior(self.finder.kind)
        by_distance = np.array(self.share.by_distance)
        return by_distance / by_distance.sum()

    def _template_priors(self, templates: Templates, end_odds: float) -> tuple[np.ndarray, float]:
        """Return the probabilities of each template and of none before anything is read.

        `end_odds`: of the read's known end, see `ResiduePrior.end_odds`.
        """
        bits = templates.bonuses - np.log2(np.maximum(templates.places, 1))
        if self.finder.kind == "protein":
            prior = np.minimum(2.0 ** (COPYING.prior_bits + bits), COPYING.max_prior)
            return prior, 1 - prior.sum()
        prior, none = 2.0**bits, COPYING.peptide_none
        if self.share is not None:
            fitting = sum(self.share.by_distance)
            none = (1 - fitting) / fitting * end_odds * len(self._strata)
        total = prior.sum() + none
        return prior / total, none / total

    def network_input(self, read: Read, evidence: CopyEvidence) -> NetworkInput:
        """Return the readout network's input for a read and its most likely templates."""
        best = np.argsort(-evidence.weights.sum(0), kind="stable")[:MAX_TEMPLATES]
        aligned = evidence.templates.aligned[best]
        return replace(
            self._stratum_of(read).prior.network_input(read),
            prior=self.probabilities(read, evidence),
            none=evidence.none,
            rows=np.where(aligned == NOT_ALIGNED, NO_RESIDUE, aligned),
            weights=evidence.weights.T[best],
            scores=evidence.templates.scores[best],
        )

    def probabilities(
        self, read: Read, evidence: CopyEvidence, logits: np.ndarray | None = None
    ) -> np.ndarray:
        """Return probabilities, (length, 20): copies, and the prior where no template is copied.

        `logits`, (length, 20), of a network without templates, replace amino acid frequencies.
        """
        prior = self._stratum_of(read).prior.probabilities(read, logits)
        return add_copies(prior, evidence)

    def reconstruct(
        self, record: Record, evidence: CopyEvidence, probabilities: np.ndarray | None = None
    ) -> Reconstruction:
        """Return the most likely protein of a read.

        `probabilities`, (length, 20), are by default those of the templates.
        """
        if probabilities is None:
            probabilities = self.probabilities(read_of(record), evidence)
        logs = np.maximum(probabilities, _TINY)
        is_soft = isinstance(record, SoftRecord)
        candidates = AMINO_ACIDS if is_soft else self._strata[0].prior.candidates
        result = choose_residues(record, np.log(logs, out=logs), candidates, self._groups)
        self._count_organism(read_of(record), evidence)
        return replace(result, templates=self._copied_templates(result, evidence))

    def _count_organism(self, read: Read, evidence: CopyEvidence) -> None:
        """Add the organism of a read's templates to `organisms`, if they explain enough of it."""
        total = evidence.weights.sum(0)
        if not len(total) or 1 - evidence.none.mean() < ORGANISMS.min_explained:
            self.organisms.add([], len(read))
            return
        order = np.argsort(-total, kind="stable")
        tied = order[total[order] >= ORGANISMS.tie * total[order[0]]]
        symbols = self.finder.symbols
        observed = symbols.encode(read if isinstance(read, str) else read.residues)
        aligned = evidence.templates.aligned[tied[0]]
        is_aligned = aligned != NOT_ALIGNED
        of_template = symbols.symbol_of_code[np.where(is_aligned, aligned, UNKNOWN_CODE)]
        own, its = observed[is_aligned], of_template[is_aligned]
        labels = ((own != symbols.hidden).sum() + (its != symbols.hidden).sum()) / 2
        matching = ((own == its) & (own != symbols.hidden)).sum()
        proteins = evidence.templates.proteins[tied].tolist()
        self.organisms.add(proteins, len(read), float(matching / max(labels, 1)))

    def _copied_templates(self, result: Reconstruction, evidence: CopyEvidence) -> CopiedTemplates:
        weights, templates = evidence.weights, evidence.templates
        chosen = encode(result.sequence)
        agreeing = (weights * (templates.aligned == chosen).T).sum(1)
        total = weights.sum(1)
        agreement = np.divide(agreeing, total, out=np.zeros(len(total)), where=total > 0)
        most = np.argsort(-weights.sum(0), kind="stable")[
            : 2 * RANKING.max_templates
        ]  # of many, few weigh much
        ids = [self.finder.reference.name(protein) for protein in templates.proteins[most]]
        return CopiedTemplates(tuple(ids), weights[:, most], total, agreement)


def add_copies(probabilities: np.ndarray, evidence: CopyEvidence) -> np.ndarray:
    """Return copies, and `probabilities`, (length, 20), where no template is copied, in place."""
    probabilities *= evidence.none[:, None]
    probabilities += evidence.copied
    return probabilities
