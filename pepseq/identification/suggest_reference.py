"""Which reference some reads fit, and the taxa whose proteins would complete them better."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from pepseq.errors import InputError, SettingsError
from pepseq.identification.reference_fit import (
    NO_FIT,
    OrganismFit,
    ReadFits,
    fit_reference,
    share_beyond_chance,
)
from pepseq.identification.suggest_config import SuggestConfig
from pepseq.io.failures import FailedRecord
from pepseq.library.entries import reference_names, reference_paths
from pepseq.models.checkpoints import find_checkpoint
from pepseq.prediction.fitting_share import sample_peptides
from pepseq.prediction.readout_choice import choose_readout, groups_of, survey_reads
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record, read_fasta
from pepseq.sequences.organisms import Organism
from pepseq.settings import check_config
from pepseq.templates import BUNDLED_REFERENCE
from pepseq.templates.reference_files import open_reference

BUNDLED = "bundled"
FIRST_READS = 100_000
"""Reads of a file from which the sample is drawn."""
MIN_GAIN = 0.01
"""Least share of hidden residues by which a further reference must raise what is right."""
MIN_FIT = 0.1
"""A reference that completes a lower share of hidden residues correctly does not fit."""
MIN_ORGANISM = 0.1
"""Organisms with a lower share of the completed residues are not suggested."""
SAME_SPECIES = 0.97
"""Share of labels in common with templates from which on reads are of the templates' species."""


@dataclass(frozen=True)
class FittingReference:
    """How well a reference fits: shares of hidden residues, 0 to 1, without chance fits.

    completed: copied from templates; correct: copied and expected to be right; label_identity: of
    reads and templates; organisms: of the templates, with their shares of the completed residues,
    the commonest first.
    """

    name: str
    proteins: int
    completed: float
    correct: float
    label_identity: float
    organisms: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class SuggestedTaxon:
    """A taxon to download: its number, if known, its name, and its share of completed residues.

    `rank` is `species` if the reads are of this species, or `genus` if they are of a relative.
    """

    taxon: int | None
    name: str
    rank: str
    share: float
    label_identity: float


@dataclass(frozen=True)
class ReferenceSuggestion:
    """References that fit some reads.

    references: all, the best first; chosen: names of those to give together, none if no reference
    fits; completed, correct: with these together; taxa: whose proteins would fit, none if headers
    name no organism; reads: how many were compared.
    """

    references: tuple[FittingReference, ...]
    chosen: tuple[str, ...]
    completed: float
    correct: float
    taxa: tuple[SuggestedTaxon, ...]
    reads: int
    readout: Readout


def suggest_reference(
    reads: str | Path,
    references: str | Path | Sequence[str | Path] | None = None,
    *,
    readout: str | Readout | None = None,
    config: SuggestConfig = SuggestConfig(),  # noqa: B008 - frozen
) -> ReferenceSuggestion:
    """Compare references by what their templates would complete of a sample of reads.

    reads: FASTA. references: FASTA files or names of the library, each compared by itself; None
    for all references of the library and the bundled one. readout: None for KCYM or K2, whichever
    fits the reads. What decoys (reversed proteins) complete as well is subtracted.

    Raises SettingsError, and InputError for bad reads or references.
    """
    check_config(config, SuggestConfig)
    names = _names(references)
    chosen, sample = _sample(reads, readout, config.sample)
    fits: dict[str, ReadFits] = {}
    sizes: dict[str, int] = {}
    for name, paths in names.items():
        known = open_reference(paths)
        sizes[name] = len(known)
        fits[name] = fit_reference(known, sample, chosen, config)
    described = [_describe(name, sizes[name], fit) for name, fit in fits.items()]
    described.sort(key=lambda reference: -reference.correct)
    together = _choose_together([reference.name for reference in described], fits)
    best = _best_of([fits[name] for name in together or [described[0].name]])
    return ReferenceSuggestion(
        references=tuple(described),
        chosen=tuple(together),
        completed=share_beyond_chance(best.completed, best.chance_completed, best.hidden),
        correct=share_beyond_chance(best.correct, best.chance_correct, best.hidden),
        taxa=tuple(_taxa(best)) if together else (),
        reads=len(sample),
        readout=chosen,
    )


def _names(
    references: str | Path | Sequence[str | Path] | None,
) -> dict[str, list[str | Path]]:
    """Return the FASTA files of each reference by its name."""
    if references is None:
        found = {name: reference_paths(name) for name in reference_names()}
        return found | {BUNDLED: [BUNDLED_REFERENCE]}
    given = [references] if isinstance(references, str | os.PathLike) else list(references)
    if not given:
        raise SettingsError("references: give at least one")
    bundled = str(BUNDLED_REFERENCE)
    return {
        BUNDLED if str(one) in (BUNDLED, bundled) else str(one): (
            [BUNDLED_REFERENCE] if str(one) == BUNDLED else reference_paths(one)
        )
        for one in given
    }


def _sample(
    source: str | Path, readout: str | Readout | None, number: int
) -> tuple[Readout, list[str]]:
    """Return the readout of a file of reads, and a sample of them; InputError if none fits it."""
    checkpoint = find_checkpoint(None, offline=True)
    own = () if readout is None else [readout if isinstance(readout, Readout) else Readout(readout)]
    groups = groups_of(own or checkpoint.readouts)
    bad: list[FailedRecord] = []
    reads = read_fasta(source, reads=True, bad=bad, groups=groups)
    records: list[Record] = list(islice(reads, FIRST_READS))
    if not records and bad:
        raise InputError(str(bad[0]))
    chosen = choose_readout(survey_reads(records, groups), checkpoint, readout, str(source))
    sample = [read for read in sample_peptides(records, chosen, number) if isinstance(read, str)]
    if not any("X" in read for read in sample):
        raise InputError(f"{source}: no read with hidden residues fits the readout {chosen}")
    return chosen, sample


def _describe(name: str, proteins: int, fit: ReadFits) -> FittingReference:
    organisms = _add_up(fit.organisms)
    total = sum(organisms.values(), NO_FIT)
    residues: dict[str, float] = {}
    for organism, part in organisms.items():
        text = _text(organism)
        residues[text] = residues.get(text, 0.0) + part.residues
    ordered = sorted(residues.items(), key=lambda pair: -pair[1])
    shares = ((text, number / total.residues) for text, number in ordered if number)
    return FittingReference(
        name,
        proteins,
        share_beyond_chance(fit.completed, fit.chance_completed, fit.hidden),
        share_beyond_chance(fit.correct, fit.chance_correct, fit.hidden),
        total.identity,
        tuple(shares),
    )


def _text(organism: Organism | None) -> str:
    if organism is None:
        return "unknown"
    return organism.name or f"taxon {organism.taxon}"


def _add_up(
    parts: Iterable[dict[Organism | None, OrganismFit]],
) -> dict[Organism | None, OrganismFit]:
    result: dict[Organism | None, OrganismFit] = {}
    for part in parts:
        for organism, fit in part.items():
            result[organism] = result.get(organism, NO_FIT) + fit
    return result


def _best_of(fits: Sequence[ReadFits]) -> ReadFits:
    """Return what the best reference of each read completes of it."""
    reads = np.arange(len(fits[0].hidden))
    best = np.array([fit.correct for fit in fits]).argmax(0)
    chance = np.array([fit.chance_correct for fit in fits]).argmax(0)

    def pick(values: list[np.ndarray], which: np.ndarray) -> np.ndarray:
        return np.array(values)[which, reads]

    return ReadFits(
        fits[0].hidden,
        pick([fit.completed for fit in fits], best),
        pick([fit.correct for fit in fits], best),
        pick([fit.chance_completed for fit in fits], chance),
        pick([fit.chance_correct for fit in fits], chance),
        tuple(fits[b].organisms[read] for read, b in enumerate(best.tolist())),
    )


def _choose_together(ordered: Sequence[str], fits: dict[str, ReadFits]) -> list[str]:
    """Return the references to give together: the best, and each that completes clearly more."""

    def correct(names: Sequence[str]) -> float:
        best = _best_of([fits[name] for name in names])
        return share_beyond_chance(best.correct, best.chance_correct, best.hidden)

    chosen = [ordered[0]]
    if correct(chosen) < MIN_FIT:
        return []
    while rest := [name for name in ordered if name not in chosen]:
        following = max(rest, key=lambda name: correct([*chosen, name]))
        if correct([*chosen, following]) < correct(chosen) + MIN_GAIN:
            break
        chosen.append(following)
    return chosen


def _taxa(best: ReadFits) -> list[SuggestedTaxon]:
    """Return the taxa to download: species of templates that reads agree with, or their genera.

    Of the species whose templates complete a read about as well, the one that completes most reads
    counts alone, for relatives share many proteins.
    """
    reads = [_by_species(organisms) for organisms in best.organisms]
    total = sum(fit.residues for read in reads for _, fit in read.values())
    suggested: dict[str, SuggestedTaxon] = {}
    while any(reads):
        sums: dict[str, tuple[Organism | None, OrganismFit]] = {}
        for read in reads:
            for species, (organism, fit) in read.items():
                sums[species] = organism, sums.get(species, (None, NO_FIT))[1] + fit
        species = max(sums, key=lambda name: sums[name][1].residues)
        explained = [read for read in reads if _has(read, species)]
        residues = sum(fit.residues for read in explained for _, fit in read.values())
        fit = sum((read[species][1] for read in explained), NO_FIT)
        if residues < MIN_ORGANISM * total:
            break
        if organism := sums[species][0]:
            taxon = _taxon(organism, species, residues / total, fit.identity)
            suggested.setdefault(taxon.name, taxon)
        reads = [read for read in reads if not _has(read, species)]
    return list(suggested.values())


def _by_species(
    organisms: dict[Organism | None, OrganismFit],
) -> dict[str, tuple[Organism | None, OrganismFit]]:
    """Return what completes a read by species; the name is empty for headers that have none."""
    result: dict[str, tuple[Organism | None, OrganismFit]] = {}
    for organism, fit in organisms.items():
        species = "" if organism is None else organism.species or _text(organism)
        result[species] = organism, result.get(species, (None, NO_FIT))[1] + fit
    return result


def _has(read: dict[str, tuple[Organism | None, OrganismFit]], species: str) -> bool:
    """Return whether templates of a species complete a clear share of what is completed."""
    if species not in read:
        return False
    return read[species][1].residues >= MIN_ORGANISM * sum(f.residues for _, f in read.values())


def _taxon(organism: Organism, species: str, share: float, label_identity: float) -> SuggestedTaxon:
    """Return the species, or the genus if reads agree less with the species than its own would."""
    if label_identity >= SAME_SPECIES or not organism.genus:
        number = organism.taxon if organism.name in ("", species) else None
        return SuggestedTaxon(number, species, "species", share, label_identity)
    return SuggestedTaxon(None, organism.genus, "genus", share, label_identity)
