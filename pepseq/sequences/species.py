"""Which species proteins are of, read from their headers by a rule that is given or found.

Rules are those of `pepseq.sequences.headers`, and `auto`: `find_species_form` finds the rule of one
set of proteins, `read_species` that of two families.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pepseq.errors import InputError, found
from pepseq.sequences.headers import (
    AUTO,
    FIELD,
    FORMS,
    GROUP_CODE,
    SEVERAL,
    read_field,
    read_form,
    species_reader,
)

MIN_READ_SHARE = 0.9
"""A rule that is found reads at least this share of the headers of each set of proteins."""

MIN_SHARED_SHARE = 0.5
"""With a field that `auto` takes, this share of the proteins of a family has a species in both."""

_SEPARATORS = ("|", ";", ",", " ", "/", "#", ":", "_", "-", ".")
_PLACES = (1, -1, 2, -2, 3, -3, 4, -4)


@dataclass(frozen=True)
class FamilySpecies:
    """The species of each protein of families A and B, None where unread; `rule` that was used.

    `others` are rules that `auto` could as well have taken, and that read something else.
    """

    rule: str
    a: tuple[str | None, ...]
    b: tuple[str | None, ...]
    others: tuple[str, ...] = ()


def read_species(
    rule: str,
    ids: tuple[Sequence[str], Sequence[str]],
    headers: tuple[Sequence[str], Sequence[str]],
) -> FamilySpecies:
    """Read the species of the proteins of two families; `ids` and `headers` are A's and B's.

    `auto` takes the first of ox, taxid, bracket and mnemonic that reads nearly all headers of both
    families and finds a species in both. Else it tries fields: of the separators, the first one
    with a field that reads nearly all and puts half of the proteins of one family in species that
    are in both, of which two or more have paralogs; of its fields, the one with most such species.

    Raises SettingsError for a rule that is none, InputError if `auto` finds none, and for a table
    that cannot be read or gives a protein two species.
    """
    rule, *others = _find_rules(headers) if rule == AUTO else (rule,)
    reader = species_reader(rule)
    a, b = (
        tuple(reader(name, header) or None for name, header in zip(*family, strict=True))
        for family in zip(ids, headers, strict=True)
    )
    return FamilySpecies(rule, a, b, tuple(others))


def find_species_form(headers: Iterable[str]) -> str:
    """Return the first of ox, taxid, bracket and mnemonic that reads nearly all of the headers.

    A header that names several species counts as unread. Raises InputError if there is none.
    """
    counts = {form: 0 for form in FORMS}
    total, example = 0, ""
    for header in headers:
        total, example = total + 1, example or header
        for form in FORMS:
            counts[form] += bool(read_form(form, header))
    for form, count in counts.items():
        if total and count >= MIN_READ_SHARE * total:
            return form
    raise InputError(
        f"species: expected headers that name their species in a known way, found "
        f"{found(example, 80)}; say how to read it, such as --by 'field:|:1'"
    )


def _find_rules(headers: tuple[Sequence[str], Sequence[str]]) -> list[str]:
    """Return the rule that `auto` takes, see `read_species`, then those that would do as well."""
    tried = []
    for form in FORMS:
        a, b = ([read_form(form, header) for header in family] for family in headers)
        shares = [sum(name is not None for name in names) / len(names) for names in (a, b)]
        if min(shares) >= MIN_READ_SHARE and (set(a) & set(b)) - {None, SEVERAL}:
            return [form]
        tried.append(f"{form} {' and '.join(f'{share:.0%}' for share in shares)}")
    for separator in _SEPARATORS:
        scores = {place: _score_field(headers, separator, place) for place in _PLACES}
        fit = sorted(
            (place for place in _PLACES if scores[place] > 1),
            key=lambda place: scores[place],
            reverse=True,
        )
        if fit:
            readings = {
                tuple(read_field(header, separator, place) for header in headers[0]): place
                for place in fit[::-1]
            }
            return [f"{FIELD}{separator}:{place}" for place in fit if place in readings.values()]
    examples = " and ".join(found(family[0], 80) for family in headers)
    raise InputError(
        f"species: expected headers that name their species in a known way, found {examples} "
        f"(read in A and in B: {', '.join(tried)}); say how to read it, such as "
        "--species 'field:|:2', 'regex:_(?P<species>[^_]+)$' or table:FILE.tsv"
    )


def _score_field(headers: tuple[Sequence[str], Sequence[str]], separator: str, place: int) -> int:
    """Return how many species with paralogs a field gives in both families, 0 if it will not do."""
    counts = []
    for family in headers:
        read = [read_field(header, separator, place) for header in family]
        named = (name for name in read if name and not GROUP_CODE.fullmatch(name))
        count = Counter(name for name in named if len(name) > 1)
        if count.total() < MIN_READ_SHARE * len(family):
            return 0
        counts.append(count)
    a, b = counts
    both = a.keys() & b.keys()
    if max(sum(c[name] for name in both) / c.total() for c in counts) < MIN_SHARED_SHARE:
        return 0
    return sum(max(a[name], b[name]) > 1 for name in both)
