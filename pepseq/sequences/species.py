"""The species of proteins, read from their headers by a given rule or one that is found.

Rules are those of `pepseq.sequences.headers`. For one set of proteins `find_species_form` finds the
rule; for two families `read_species` does, with the rule `auto`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pepseq.errors import InputError, quoted
from pepseq.sequences.headers import (
    AUTO,
    FIELD,
    GROUP_CODE,
    SEVERAL,
    SPECIES_FORMS,
    read_field,
    read_form,
    species_reader,
)

MIN_READ_SHARE = 0.9
"""Least share of the headers of each set of proteins that a found rule must read."""

MIN_SHARED_SHARE = 0.5
"""Least share of the proteins of one family whose species, by a field, both families have."""

_SEPARATORS = ("|", ";", ",", " ", "/", "#", ":", "_", "-", ".")
_PLACES = (1, -1, 2, -2, 3, -3, 4, -4)


@dataclass(frozen=True)
class FamilySpecies:
    """The species of each protein of families A and B; None for a header that was not read.

    rule: the rule that was used.
    alternatives: rules that fit as well as the one that `auto` chose, but read other species.
    """

    rule: str
    a: tuple[str | None, ...]
    b: tuple[str | None, ...]
    alternatives: tuple[str, ...] = ()


def read_species(
    rule: str,
    ids: tuple[Sequence[str], Sequence[str]],
    headers: tuple[Sequence[str], Sequence[str]],
) -> FamilySpecies:
    """Return the species of the proteins of two families; `ids` and `headers` are of A and of B.

    `auto` chooses the first of ox, taxid, bracket and mnemonic that reads nearly all headers of
    both families and finds a species that both have. Otherwise it chooses a field: of the first
    separator with a field that reads nearly all headers and gives half of the proteins of one
    family species that both families have, two or more of them with paralogs, the field with most
    such species.

    Raises SettingsError for a wrong rule; InputError if `auto` finds no rule, and for a table that
    cannot be read or gives a protein two species.
    """
    rule, *alternatives = _find_rules(headers) if rule == AUTO else (rule,)
    reader = species_reader(rule)
    a, b = (
        tuple(reader(name, header) or None for name, header in zip(*family, strict=True))
        for family in zip(ids, headers, strict=True)
    )
    return FamilySpecies(rule, a, b, tuple(alternatives))


def find_species_form(headers: Iterable[str]) -> str:
    """Return the first of ox, taxid, bracket and mnemonic that reads nearly all of the headers.

    A header that names several species counts as not read. Raises InputError if no form fits.
    """
    counts = {form: 0 for form in SPECIES_FORMS}
    total, example = 0, ""
    for header in headers:
        total, example = total + 1, example or header
        for form in SPECIES_FORMS:
            counts[form] += bool(read_form(form, header))
    for form, count in counts.items():
        if total and count >= MIN_READ_SHARE * total:
            return form
    raise InputError(
        f"species: could not find the species in the headers, such as {quoted(example, 80)}; "
        "specify a rule that reads it, such as --by 'field:|:1'"
    )


def _find_rules(headers: tuple[Sequence[str], Sequence[str]]) -> list[str]:
    """Return the rule that `auto` chooses, see `read_species`, then its alternatives."""
    tried, unshared = [], ""
    for form in SPECIES_FORMS:
        a, b = ([read_form(form, header) for header in family] for family in headers)
        shares = [sum(name is not None for name in names) / len(names) for names in (a, b)]
        if min(shares) >= MIN_READ_SHARE:
            if (set(a) & set(b)) - {None, SEVERAL}:
                return [form]
            unshared = unshared or f"; by {form}, no species is in both families"
        tried.append(f"{form} {' and '.join(f'{share:.0%}' for share in shares)}")
    for separator in _SEPARATORS:
        scores = {place: _score_field(headers, separator, place) for place in _PLACES}
        best_first = sorted(_PLACES, key=lambda place: scores[place], reverse=True)
        fitting = [place for place in best_first if scores[place] > 1]
        if fitting:
            place_of_reading = {
                tuple(read_field(header, separator, place) for header in headers[0]): place
                for place in reversed(fitting)  # of places with equal fields, the best one stays
            }
            distinct = place_of_reading.values()
            return [f"{FIELD}{separator}:{place}" for place in fitting if place in distinct]
    examples = " and ".join(quoted(family[0], 80) for family in headers)
    raise InputError(
        f"species: could not find the species in the headers, such as {examples} (headers that "
        f"each rule reads in A and in B: {', '.join(tried)}{unshared}); specify a rule, such as "
        "--species 'field:|:2', 'regex:_(?P<species>[^_]+)$' or table:FILE.tsv"
    )


def _score_field(headers: tuple[Sequence[str], Sequence[str]], separator: str, place: int) -> int:
    """Return the number of species with paralogs that a field gives, 0 for an unfit field."""
    counts = []
    for family in headers:
        fields = [read_field(header, separator, place) for header in family]
        names = (field for field in fields if field and not GROUP_CODE.fullmatch(field))
        count = Counter(name for name in names if len(name) > 1)
        if count.total() < MIN_READ_SHARE * len(family):
            return 0
        counts.append(count)
    a, b = counts
    shared = a.keys() & b.keys()
    if max(sum(c[name] for name in shared) / c.total() for c in counts) < MIN_SHARED_SHARE:
        return 0
    return sum(max(a[name], b[name]) > 1 for name in shared)
