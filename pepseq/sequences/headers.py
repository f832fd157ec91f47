"""Which species or strain a protein is of, read from its header by a rule.

Rules: `ox` (OX=562, UniProt), `taxid` (TaxID=562, UniRef; taxid|562 and the like), `bracket`
([Escherichia coli] at the end, NCBI), `mnemonic` (AATM_ECOLI, UniProt entry names), `strain`
(strain=K12, [strain=K12], or (strain K12) after the organism's name, UniProt), `field:SEP:N` (the
N-th field of the header cut at SEP, from 1, or from the end if negative), `regex:PATTERN` (with a
group `species`), and `table:TSV` (columns protein and species).
"""

import re
from collections.abc import Callable
from pathlib import Path

from pepseq.errors import InputError, SettingsError, found, is_text
from pepseq.io.tables import read_table

AUTO, FIELD, REGEX, TABLE = "auto", "field:", "regex:", "table:"
SEVERAL = ""
"""What a rule reads from a header that has its form but names no single species."""

Rule = Callable[[str], str | None]
"""From a header without `>` to the species, SEVERAL, or None if it has another form."""

FORMS = {
    "ox": re.compile(r"\bOX=(?P<species>\d+)"),
    "taxid": re.compile(r"(?i)\b(?:taxid|tax_id|taxon)[=:|] ?(?P<species>\d+)"),
    "bracket": re.compile(
        r"\[organism=(?P<organism>[^]]+)\]|\[(?P<species>(?:[^][=]|\[[^][=]*\])+)\]$"
    ),
    "mnemonic": re.compile(
        r"(?:\w+\|\w+\|)?[A-Z0-9]{1,11}_(?P<species>(?=\d*[A-Z])[A-Z0-9]{3,5})(?:/\d+-\d+)?(?!\S)"
    ),
}
"""Rules for the species, by name."""

STRAIN = "strain"
_RULES = FORMS | {
    STRAIN: re.compile(
        r"\[strain=(?P<listed>[^]]+)\]|\bstrain=(?P<species>\S+)|\(strain (?P<organism>[^()]+)\)"
    )
}
GROUP_CODE = re.compile("9[A-Z]+")
"""UniProt's mnemonics that stand for many species."""


def parse_rule(rule: str) -> Rule:
    """Return the rule of this name, other than auto and table; SettingsError if there is none."""
    if rule in _RULES:
        return lambda header: read_form(rule, header)
    if rule.startswith(REGEX):
        return _regex(rule.removeprefix(REGEX))
    if rule.startswith(FIELD):
        separator, _, place = rule.removeprefix(FIELD).rpartition(":")
        if separator and re.fullmatch("-?[1-9][0-9]{0,3}", place):
            return lambda header: read_field(header, separator, int(place))
    names = ", ".join((AUTO, *_RULES, "field:SEP:N", "regex:PATTERN", "table:TSV"))
    raise SettingsError(f"species: expected one of {names}; found {found(rule)}")


def read_form(form: str, header: str) -> str | None:
    """Read a header by a rule that has a name: see `Rule`."""
    header = header.partition("\x01")[0].strip()  # NCBI's nr joins the headers of equal proteins
    match = (_RULES[form].match if form == "mnemonic" else _RULES[form].search)(header)
    if match is None:
        return None
    if (form == "mnemonic" and GROUP_CODE.fullmatch(match["species"])) or (
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


def read_field(header: str, separator: str, place: int) -> str | None:
    """Return a field of a header, from 1, or from the end if negative; None if it has none."""
    fields = header.split(separator)
    at = place - 1 if place > 0 else place
    return _one_line(fields[at]) or None if -len(fields) <= at < len(fields) > 1 else None


def _one_line(text: str) -> str:
    """Return a text fit for a cell of a table."""
    return " ".join("".join(s if is_text(s) else " " for s in text).split())


def species_reader(rule: str) -> Callable[[str, str], str | None]:
    """Return a function of id and header of a protein: its species by a rule other than auto.

    Raises SettingsError if there is no such rule, InputError for a faulty table.
    """
    if (path := table_of(rule)) is not None:
        table = read_species_table(path)
        return lambda protein, header: table.get(protein)
    read = parse_rule(rule)
    return lambda protein, header: read(header)


def table_of(rule: str) -> str | None:
    """Return the path that a rule `table:PATH` names, None for another rule."""
    if rule == TABLE:
        raise SettingsError(f"species: expected a file after {TABLE}, found none")
    return rule.removeprefix(TABLE) if rule.startswith(TABLE) else None


def read_species_table(path: str | Path) -> dict[str, str]:
    """Read the species of proteins by their ids; InputError if one has two."""
    species: dict[str, str] = {}
    for line, (protein, name) in read_table(path, ("protein", "species")):
        if species.setdefault(protein, name) != name:
            raise InputError(
                f"{path}:{line}: {found(protein)}: expected one species, found {found(name)} "
                f"and {found(species[protein])}"
            )
    return species
