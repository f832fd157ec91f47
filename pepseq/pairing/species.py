"""Which species a protein is of, read from its header by a rule.

Rules: `ox` (OX=562, UniProt), `taxid` (TaxID=562, UniRef; taxid|562 and the like), `bracket`
([Escherichia coli] at the end, NCBI), `mnemonic` (AATM_ECOLI, UniProt entry names),
`field:SEP:N` (the N-th field of the header cut at SEP, from 1, or from the end if negative),
`regex:PATTERN` (with a group `species`), `table:TSV` (columns protein and species), and `auto`.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import InputError, SettingsError, found
from pepseq.pairing.table import read_table

AUTO, FIELD, REGEX, TABLE = "auto", "field:", "regex:", "table:"
SEVERAL = ""
"""What a rule reads from a header that has its form but names no single species."""

NEARLY_ALL = 0.9
"""A rule that `auto` takes reads so many of the headers of either family."""

SHARED = 0.5
"""With a field that `auto` takes, so many proteins of one family have a species in both."""

Rule = Callable[[str], str | None]
"""From a header without `>` to the species, SEVERAL, or None if it has another form."""

_FORMS = {
    "ox": re.compile(r"\bOX=(?P<species>\d+)"),
    "taxid": re.compile(r"(?i)\b(?:taxid|tax_id|taxon)[=:|] ?(?P<species>\d+)"),
    "bracket": re.compile(
        r"\[organism=(?P<organism>[^]]+)\]|\[(?P<species>(?:[^][=]|\[[^][=]*\])+)\]$"
    ),
    "mnemonic": re.compile(
        r"(?:\w+\|\w+\|)?[A-Z0-9]{1,11}_(?P<species>(?=\d*[A-Z])[A-Z0-9]{3,5})(?:/\d+-\d+)?(?!\S)"
    ),
}
_GROUP_CODE = re.compile("9[A-Z]+")
_SEPARATORS = ("|", ";", ",", " ", "/", "#", ":", "_", "-", ".")
_PLACES = (1, -1, 2, -2, 3, -3, 4, -4)


@dataclass(frozen=True)
class SpeciesRead:
    """The species of each protein of families A and B, None where unread; `rule` that was used."""

    rule: str
    a: tuple[str | None, ...]
    b: tuple[str | None, ...]


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
    if rule.startswith(TABLE):
        table = _read_table(rule.removeprefix(TABLE))
        a, b = ([table.get(name) for name in names] for names in ids)
    else:
        rule = _find(headers) if rule == AUTO else rule
        reader = parse_rule(rule)
        a, b = ([reader(header) or None for header in some] for some in headers)
    return SpeciesRead(rule, tuple(a), tuple(b))


def parse_rule(rule: str) -> Rule:
    """Return the rule of this name, other than auto and table; SettingsError if there is none."""
    if rule in _FORMS:
        return lambda header: _by_form(rule, header)
    if rule.startswith(REGEX):
        return _regex(rule.removeprefix(REGEX))
    if rule.startswith(FIELD):
        separator, _, place = rule.removeprefix(FIELD).rpartition(":")
        if separator and re.fullmatch("-?[1-9][0-9]{0,3}", place):
            return lambda header: _field(header, separator, int(place))
    names = ", ".join((AUTO, *_FORMS, "field:SEP:N", "regex:PATTERN", "table:TSV"))
    raise SettingsError(f"species: expected one of {names}; found {found(rule)}")


def _by_form(form: str, header: str) -> str | None:
    header = header.partition("\x01")[0].strip()  # NCBI's nr joins the headers of equal proteins
    match = (_FORMS[form].match if form == "mnemonic" else _FORMS[form].search)(header)
    if match is None:
        return None
    if (form == "mnemonic" and _GROUP_CODE.fullmatch(match["species"])) or (
        form == "bracket" and "MULTISPECIES:" in header
    ):
        return SEVERAL
    return _one_line(next(text for text in match.groupdict().values() if text))


def _regex(pattern: str) -> Rule:
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise SettingsError(
            f"species: expected a regular expression, found {found(pattern)}: {error}"
        ) from error
    if "species" not in compiled.groupindex:
        raise SettingsError(
            f"species: expected a group (?P<species>...) in {found(pattern)}, found none"
        )

    def read(header: str) -> str | None:
        match = compiled.search(header)
        return _one_line(match["species"] or "") or None if match else None

    return read


def _field(header: str, separator: str, place: int) -> str | None:
    fields = header.split(separator)
    at = place - 1 if place > 0 else place
    return _one_line(fields[at]) or None if -len(fields) <= at < len(fields) > 1 else None


def _one_line(text: str) -> str:
    """Return a text fit for a cell of a table."""
    return " ".join("".join(s if s.isprintable() else " " for s in text).split())


def _read_table(path: str | Path) -> dict[str, str]:
    species: dict[str, str] = {}
    for line, (protein, name) in read_table(path, ("protein", "species")):
        if species.setdefault(protein, name) != name:
            raise InputError(
                f"{path}:{line}: {found(protein)}: expected one species, found {found(name)} "
                f"and {found(species[protein])}"
            )
    return species


def _find(headers: tuple[Sequence[str], Sequence[str]]) -> str:
    """Return the rule that `auto` takes; see `read_species`."""
    tried = []
    for name in _FORMS:
        a, b = ([_by_form(name, header) for header in some] for some in headers)
        shares = [sum(s is not None for s in some) / len(some) for some in (a, b)]
        if min(shares) >= NEARLY_ALL and (set(a) & set(b)) - {None, SEVERAL}:
            return name
        tried.append(f"{name} {' and '.join(f'{share:.0%}' for share in shares)}")
    for separator in _SEPARATORS:
        scores = {place: _score(headers, separator, place) for place in _PLACES}
        best = max(scores, key=lambda place: scores[place])
        if scores[best] >= 2:
            return f"{FIELD}{separator}:{best}"
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
        read = [_field(header, separator, place) for header in some]
        named = (name for name in read if name and not _GROUP_CODE.fullmatch(name))
        count = Counter(name for name in named if len(name) > 1)
        if count.total() < NEARLY_ALL * len(some):
            return 0
        counts.append(count)
    a, b = counts
    both = a.keys() & b.keys()
    if max(sum(c[name] for name in both) / c.total() for c in counts) < SHARED:
        return 0
    return sum(max(a[name], b[name]) > 1 for name in both)
