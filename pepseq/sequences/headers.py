"""Rules that read the species or strain of a protein from its header.

- `ox`: OX=562, as in UniProt
- `taxid`: TaxID=562, as in UniRef; taxid|562 and similar
- `bracket`: [Escherichia coli] at the end, as of NCBI
- `mnemonic`: AATM_ECOLI, an entry name of UniProt
- `strain`: strain=K12, [strain=K12], or (strain K12) after the organism's name, as in UniProt
- `field:SEP:N`: the N-th field of the header cut at SEP, from 1, or from the end if negative
- `regex:PATTERN`: a regular expression with a group `species`
- `table:TSV`: a table with the columns protein and species
"""

import re
from collections.abc import Callable
from pathlib import Path

from pepseq.errors import InputError, SettingsError, is_text, quoted
from pepseq.io.tables import read_table

AUTO, FIELD, REGEX, TABLE = "auto", "field:", "regex:", "table:"
SEVERAL = ""
"""The result of a rule for a header that has its form but names several species."""

Rule = Callable[[str], str | None]
"""Function of a header without `>`: the species, SEVERAL, or None for another form of header."""

SPECIES_FORMS = {
    "ox": re.compile(r"\bOX=(?P<species>\d+)"),
    "taxid": re.compile(r"(?i)\b(?:taxid|tax_id|taxon)[=:|] ?(?P<species>\d+)"),
    "bracket": re.compile(
        r"\[organism=(?P<organism>[^]]+)\]|\[(?P<species>(?:[^][=]|\[[^][=]*\])+)\]$"
    ),
    "mnemonic": re.compile(
        r"(?:\w+\|\w+\|)?[A-Z0-9]{1,11}_(?P<species>(?=\d*[A-Z])[A-Z0-9]{3,5})(?:/\d+-\d+)?(?!\S)"
    ),
}
"""Forms of headers that name the species."""

_FORMS = SPECIES_FORMS | {
    "strain": re.compile(
        r"\[strain=(?P<listed>[^]]+)\]|\bstrain=(?P<species>\S+)|\(strain (?P<organism>[^()]+)\)"
    )
}
GROUP_CODE = re.compile("9[A-Z]+")
"""Mnemonics of UniProt that stand for many species."""


def parse_rule(rule: str) -> Rule:
    """Return the function of a rule other than auto and table; SettingsError for a wrong rule."""
    if rule in _FORMS:
        return lambda header: read_form(rule, header)
    if rule.startswith(REGEX):
        return _parse_regex(rule.removeprefix(REGEX))
    if rule.startswith(FIELD):
        separator, _, place = rule.removeprefix(FIELD).rpartition(":")
        if separator and re.fullmatch("-?[1-9][0-9]{0,3}", place):
            return lambda header: read_field(header, separator, int(place))
    names = ", ".join((AUTO, *_FORMS, "field:SEP:N", "regex:PATTERN", "table:TSV"))
    raise SettingsError(f"species: unknown rule {quoted(rule)}; choose one of {names}")


def read_form(form: str, header: str) -> str | None:
    """Return the species of a header of this form, see `Rule`."""
    header = header.partition("\x01")[0].strip()  # NCBI's nr joins the headers of equal proteins
    is_mnemonic = form == "mnemonic"
    match = _FORMS[form].match(header) if is_mnemonic else _FORMS[form].search(header)
    if match is None:
        return None
    if is_mnemonic and GROUP_CODE.fullmatch(match["species"]):
        return SEVERAL
    if form == "bracket" and "MULTISPECIES:" in header:
        return SEVERAL
    return _to_cell(next(text for text in match.groupdict().values() if text))


def _parse_regex(pattern: str) -> Rule:
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise SettingsError(
            f"species: expected a regular expression, found {quoted(pattern)}: {error}"
        ) from error
    if "species" not in compiled.groupindex:
        raise SettingsError(
            f"species: expected a group (?P<species>...) in {quoted(pattern)}, found none"
        )

    def read(header: str) -> str | None:
        match = compiled.search(header)
        return _to_cell(match["species"] or "") or None if match else None

    return read


def read_field(header: str, separator: str, place: int) -> str | None:
    """Return a field of a header, from 1, or from the end if negative; None without this field."""
    fields = header.split(separator)
    index = place - 1 if place > 0 else place
    if len(fields) == 1 or not -len(fields) <= index < len(fields):
        return None
    return _to_cell(fields[index]) or None


def _to_cell(text: str) -> str:
    """Return a text as a cell of a table: without control characters, with single spaces."""
    return " ".join("".join(s if is_text(s) else " " for s in text).split())


def species_reader(rule: str) -> Callable[[str, str], str | None]:
    """Return a function of a protein's id and header that returns its species by a rule.

    Raises SettingsError for a wrong rule and for `auto`, InputError for a faulty table.
    """
    if (path := table_path(rule)) is not None:
        table = read_species_table(path)
        return lambda protein, header: table.get(protein)
    read = parse_rule(rule)
    return lambda protein, header: read(header)


def table_path(rule: str) -> str | None:
    """Return the path of a rule `table:PATH`, None for another rule."""
    if rule == TABLE:
        raise SettingsError(f"species: expected a file after {TABLE}, found none")
    return rule.removeprefix(TABLE) if rule.startswith(TABLE) else None


def read_species_table(path: str | Path) -> dict[str, str]:
    """Return the species of proteins by their ids; InputError if a protein has two species."""
    species: dict[str, str] = {}
    for line, (protein, name) in read_table(path, ("protein", "species")):
        if species.setdefault(protein, name) != name:
            raise InputError(
                f"{path}:{line}: {quoted(protein)}: expected one species, found {quoted(name)} "
                f"and {quoted(species[protein])}"
            )
    return species
