"""Pairing of two alignments in memory; `pair` does the same with files."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pepseq.errors import InputError, SettingsError, TryAgainError, quoted
from pepseq.io.dataframes import plain_texts
from pepseq.io.progress import Progress
from pepseq.pairing.config import PairConfig
from pepseq.pairing.families import GroupedFamilies, UnpairedProtein, group_by_species
from pepseq.pairing.known_pairs import KnownPair, known_pairs_by_species
from pepseq.pairing.method_choice import METHODS, MethodChoice, choose_method
from pepseq.pairing.method_interface import MethodResult
from pepseq.pairing.msa import Alignment, alignment_in_memory
from pepseq.pairing.pairs import (
    PAIR_COLUMNS,
    Pair,
    best_pairs,
    unpaired_proteins,
    with_protein_ids,
)
from pepseq.pairing.rounds import pair_in_rounds
from pepseq.sequences.headers import AUTO
from pepseq.sequences.sequence_records import Sequences
from pepseq.sequences.species import FamilySpecies, read_species
from pepseq.settings import check_config

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Pairing:
    """The pairs of two families, and how they were made.

    `pairs` have species, protein_a, protein_b, confidence and known, most confident pair first;
    `result` has the frequencies of all possible pairs and the losses of the runs; `choice` is the
    method and its reason.
    """

    grouped: GroupedFamilies
    choice: MethodChoice
    result: MethodResult
    pairs: list[Pair]

    def __repr__(self) -> str:
        return f"Pairing({len(self.pairs)} pairs, method={self.choice.method!r})"

    @cached_property
    def unpaired(self) -> list[UnpairedProtein]:
        """The proteins without a pair, each with family, species, protein and reason."""
        return unpaired_proteins(self.grouped, self.pairs)

    @plain_texts()
    def to_dataframe(self) -> "pandas.DataFrame":
        """Return the pairs with the columns that `pair` writes, `known` as a boolean."""
        import pandas

        rows = [
            (p.species, p.protein_a, p.protein_b, p.confidence, rank, p.known)
            for rank, p in enumerate(self.pairs, 1)
        ]
        return pandas.DataFrame(rows, columns=list(PAIR_COLUMNS))


def pair_alignments(
    family_a: Sequences,
    family_b: Sequences,
    *,
    species: str | Mapping[str, str] | None = None,
    known: Iterable[tuple[str, str]] = (),
    config: PairConfig = PairConfig(),  # noqa: B008 - frozen
    offline: bool = False,
) -> Pairing:
    """Return the interacting proteins of two families.

    A family is an alignment of Biopython (Alignment or MultipleSeqAlignment), a dict of headers to
    aligned sequences, or a list of (header, sequence); the first word of a header is the id of a
    protein. Pairs are made within each species, one-to-one. `species` is a rule for reading the
    species from headers (see `pepseq pair --help`), or a dict of ids to species; by default the
    rule is `config.species`. `known` are given pairs (id in A, id in B), which are kept. With
    `offline` no weights are downloaded.

    Raises InputError for rows, species and known pairs that do not fit, SettingsError, and
    TryAgainError if memory runs out.

    >>> family_a = {"a1 [E. coli]": "MKWW", "a2 [E. coli]": "MRCC", "a3 [B. subtilis]": "MKWW"}
    >>> family_b = {"b1 [E. coli]": "LLDD", "b2 [E. coli]": "LVHH", "b3 [B. subtilis]": "LLDD"}
    >>> config = PairConfig(method="information", species="bracket")
    >>> pairing = pair_alignments(family_a, family_b, known=[("a1", "b1")], config=config)
    >>> [(pair.protein_a, pair.protein_b, pair.confidence) for pair in pairing.pairs]
    [('a3', 'b3', 1.0), ('a1', 'b1', 1.0), ('a2', 'b2', 1.0)]
    >>> pairing.to_dataframe().query("not known").protein_a.to_list()
    ['a3', 'a2']
    """
    check_config(config, PairConfig)
    a, b = (
        alignment_in_memory(rows, name, align=config.align, threads=config.threads)
        for rows, name in ((family_a, "family_a"), (family_b, "family_b"))
    )
    known_pairs = _known_pairs(known)
    grouped, _ = group_alignments(a, b, config.species if species is None else species, known_pairs)
    return pair_families(grouped, config, offline)


def _known_pairs(known: Iterable[tuple[str, str]]) -> list[KnownPair]:
    """Return the given pairs with their places; InputError for anything else."""
    if not isinstance(known, Iterable) or isinstance(known, str | Mapping) or hasattr(known, "loc"):
        raise InputError(f"known: expected a list of pairs of ids, found {type(known).__name__}")
    pairs = []
    for number, pair in enumerate(known, 1):
        ids = pair if isinstance(pair, tuple | list) else ()
        if len(ids) != 2 or not all(isinstance(id, str) for id in ids):
            raise InputError(
                f"known: pair {number}: expected (id in A, id in B), found {quoted(repr(pair))}"
            )
        pairs.append(KnownPair(f"known: pair {number}", *ids))
    return pairs


def group_alignments(
    a: Alignment,
    b: Alignment,
    species: str | Mapping[str, str],
    known: Sequence[KnownPair],
    names: str = "AB",
) -> tuple[GroupedFamilies, FamilySpecies]:
    """Return two families grouped by species, and how the species were read; log a summary.

    `names` are the letters of the two families in the log.
    """
    if isinstance(species, str):
        read = read_species(species, (a.ids, b.ids), (a.headers, b.headers))
    elif not isinstance(species, Mapping):
        raise SettingsError(
            f"species: expected a rule or a dict of ids to species, found {quoted(repr(species))}"
        )
    elif wrong := [name for name in species.values() if not isinstance(name, str | None)]:
        raise InputError(f"species: expected texts in the dict, found {quoted(repr(wrong[0]))}")
    else:
        of_a, of_b = (tuple(species.get(id) or None for id in family.ids) for family in (a, b))
        read = FamilySpecies("a mapping of ids", of_a, of_b)
    species_a, species_b = (
        dict(zip(family.ids, names, strict=True)) for family, names in ((a, read.a), (b, read.b))
    )
    known_of_species = known_pairs_by_species(known, species_a, species_b)
    grouped = group_by_species(a, b, read, known_of_species)
    _log_species(grouped, read, names, found_by_auto=species == AUTO)
    return grouped, read


def _log_species(
    grouped: GroupedFamilies, read: FamilySpecies, names: str, found_by_auto: bool
) -> None:
    log.info(
        "species by %(rule)s, such as %(example)s; no species for %(unread_a)d of %(proteins_a)d "
        "proteins of %(a)s and %(unread_b)d of %(proteins_b)d proteins of %(b)s; "
        "%(species_in_both)d species in both families (%(species_with_paralogs)d with paralogs), "
        "%(species_in_a_only)d only in %(a)s, %(species_in_b_only)d only in %(b)s",
        {
            "a": names[0],
            "b": names[1],
            **asdict(grouped.counts),
            "rule": read.rule + (" (found by auto)" if found_by_auto else ""),
            "example": quoted(grouped.families.species[0].name),
        },
    )
    if read.alternatives:
        log.warning(
            "species: if this rule is wrong, use another one that fits as well: %s",
            ", ".join(read.alternatives),
        )


def pair_families(grouped: GroupedFamilies, config: PairConfig, offline: bool) -> Pairing:
    """Return the pairing of two grouped families by the method of `config`.

    Raises TryAgainError if memory runs out, and the errors of `choose_method` and of the method.
    """
    families = grouped.families
    choice = choose_method(families, config, offline)
    method = METHODS[choice.method]
    try:
        with Progress("pairing", *choice.work) as progress:
            result = pair_in_rounds(
                families, choice.config, lambda current: method(current, choice.config, progress)
            )
    except MemoryError as error:
        raise TryAgainError(
            f"pair: out of memory with {len(families.codes_a)} and {len(families.codes_b)} "
            "proteins. Use fewer threads (--threads 1) or a smaller --max-depth"
        ) from error
    pairs = with_protein_ids(best_pairs(families, result, config.seed), grouped)
    return Pairing(grouped, choice, result, pairs)
