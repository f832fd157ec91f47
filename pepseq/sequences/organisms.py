"""The organism of a protein, read from its header."""

import re
from dataclasses import dataclass

from pepseq.sequences.headers import SEVERAL, read_form

_NAMES = (
    re.compile(r"\bOS=(?P<name>.+?)(?= (?:OX|GN|PE|SV)=|$)"),
    re.compile(r"\bTax=(?P<name>.+?)(?= (?:TaxID|RepID|n)=|$)"),
)
_PREFIXES = ("Candidatus", "uncultured", "unclassified")


@dataclass(frozen=True)
class Organism:
    """An organism: its taxonomy number, if the header has one, and its name, which may be empty."""

    taxon: int | None
    name: str

    @property
    def species(self) -> str:
        """The first two words of the name, without the strain.

        >>> Organism(83333, "Escherichia coli (strain K12)").species
        'Escherichia coli'
        """
        return " ".join(self._words()[:2])

    @property
    def genus(self) -> str:
        """The first word of the name."""
        return " ".join(self._words()[:1])

    def _words(self) -> list[str]:
        return [word for word in self.name.strip("[]").split() if word not in _PREFIXES]


def read_organism(header: str) -> Organism | None:
    """Return the organism that a header names by OX=, TaxID=, OS=, Tax= or [name]; else None.

    >>> read_organism("UniRef90_P0A Thiamin n=2 Tax=Escherichia TaxID=561 RepID=TPA_ECOLI")
    Organism(taxon=561, name='Escherichia')
    """
    number = read_form("ox", header) or read_form("taxid", header)
    matches = (pattern.search(header) for pattern in _NAMES)
    name = next((match["name"] for match in matches if match), None)
    if name is None:
        bracket = read_form("bracket", header)
        name = bracket if bracket not in (None, SEVERAL) else ""
    if not number and not name:
        return None
    return Organism(int(number) if number else None, " ".join(name.split()))
