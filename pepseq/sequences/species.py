"""Which species the proteins of two families are of, read from their headers by a rule.

Rules are those of `pepseq.sequences.headers`, and `auto`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pepseq.errors import InputError, found
from pepseq.sequences.headers import (
    AUTO,
    FIELD,
    FORMS,
    GROUP_CODE,
    SEVERAL,
    parse_rule,
    read_field,
    read_form,
    read_species_table,
    table_of,
)

NEARLY_ALL = 0.9
"""A rule that `auto` takes reads so many of the headers of either family."""

SHARED = 0.5
"""With a field that `auto` takes, so many proteins of one family have a species in both."""

_SEPARATORS = ("|", ";", ",", " ", "/", "#", ":", "_", "-", ".")
_PLACES = (1, -1, 2, -2, 3, -3, 4, -4)


@dataclass(frozen=True)
class SpeciesRead:
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
) -> SpeciesRead:
    """Read the species of the proteins of two families; `ids` and `headers` are A's and B's.

    `auto` takes the first of ox, taxid, bracket and mnemonic that reads nearly all headers of both
    families and finds a species in both. Else it tries fields: of the separators, the first one
    with a field that reads nearly all and puts half of the proteins of one family in species that
    are in both, of which two or more have paralogs; of its fields, the one with most such species.

    Raises SettingsError for a rule that is none, InputError if `auto` finds none, and for a table
    that cannot be read or gives a protein two species.
    """
    others = ()
    if (path := table_of(rule)) is not None:
        table = read_species_table(path)
        a, b = ([table.get(name) for name in names] for names in ids)
    else:
        rule, *others = _find(headers) if rule == AUTO else (rule,)
        reader = parse_rule(rule)
        a, b = ([reader(header) or None for header in some] for some in headers)
    return SpeciesRead(rule, tuple(a), tuple(b), tuple(others))


def _find(headers: tuple[Sequence[str], Sequence[str]]) -> list[str]:
    """Return the rule that `auto` takes, see `read_species`, then those that would do as well."""
    tried = []
    for name in FORMS:
        a, b = ([read_form(name, header) for header in some] for some in headers)
        shares = [sum(s is not None for s in some) / len(some) for some in (a, b)]
        if min(shares) >= NEARLY_ALL and (set(a) & set(b)) - {None, SEVERAL}:
            return [name]
        tried.append(f"{name} {' and '.join(f'{share:.0%}' for share in shares)}")
    for separator in _SEPARATORS:
        scores = {place: _score(headers, separator, place) for place in _PLACES}
        fit = [place for place in sorted(scores, key=scores.get, reverse=True) if scores[place] > 1]
        if fit:
            reading = {
                tuple(read_field(h, separator, at) for h in headers[0]): at for at in fit[::-1]
            }
            return [f"{FIELD}{separator}:{at}" for at in fit if at in reading.values()]
    examples = " and ".join(found(some[0], 80) for some in headers)
    raise InputError(
        f"species: expected headers that name their species in a known way, found {examples} "
        f"(read in A and in B: {', '.join(tried)}); say how to read it, such as "
        "--species 'field:|:2', 'regex:_(?P<species>[^_]+)$' or table:FILE.tsv"
    )


def _score(headers: tuple[Sequence[str], Sequence[str]], separator: str, place: int) -> int:
    """Return how many species with paralogs a field gives in both families, 0 if it will not do."""
    counts = []
    for some in headers:
        read = [read_field(header, separator, place) for header in some]
        named = (name for name in read if name and not GROUP_CODE.fullmatch(name))
        count = Counter(name for name in named if len(name) > 1)
        if count.total() < NEARLY_ALL * len(some):
            return 0
        counts.append(count)
    a, b = counts
    both = a.keys() & b.keys()
    if max(sum(c[name] for name in both) / c.total() for c in counts) < SHARED:
        return 0
    return sum(max(a[name], b[name]) > 1 for name in both)
