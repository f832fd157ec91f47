"""Proteases and their cleavage rules."""

import re
from dataclasses import dataclass

from pepseq.errors import SettingsError, quoted
from pepseq.sequences.residues import AMINO_ACIDS

_SIDE = r"(?:\[[A-Z]+\]|\{[A-Z]+\})"
_SITE = re.compile(rf"({_SIDE})\|({_SIDE})")
ANY = "X"
"""In a rule, any residue, unknown ones too."""

PRESETS = {
    "trypsin": "[KR]|{P}",
    "trypsin/p": "[KR]|[X]",
    "lys-c": "[K]|[X]",
    "arg-c": "[R]|{P}",
    "glu-c": "[E]|{P}",
    "asp-n": "[X]|[D]",
}
"""Rules by name. Lys-C cleaves before P too; Glu-C is V8 protease in a buffer without phosphate, in
which it does not cleave after D (`[DE]|{P}`)."""


@dataclass(frozen=True)
class Protease:
    """A protease: it cleaves a protein between two residues that fit its rule.

    The rule is in X!Tandem's notation: before `|` the residue whose end is cleaved, after it the
    next one; `[KR]` is one of these, `{P}` none of these, `[X]` any. Alternatives are separated by
    commas. Raises SettingsError for another rule.

    >>> Protease.parse("trypsin")
    Protease(name='trypsin', rule='[KR]|{P}')
    >>> Protease.parse("[KR]|{P}, [X]|[D]").rule
    '[KR]|{P},[X]|[D]'
    """

    name: str
    rule: str

    def __post_init__(self) -> None:
        self.sites()

    @classmethod
    def parse(cls, text: str) -> "Protease":
        """Return the protease of a name in PRESETS or of a rule; SettingsError for another text."""
        name = text.strip().lower()
        if name in PRESETS:
            return cls(name, PRESETS[name])
        rule = re.sub(r"\s", "", text).upper()
        if "|" not in rule:
            raise SettingsError(
                f"protease: expected {', '.join(PRESETS)} or a rule such as [KR]|{{P}}, "
                f"found {quoted(text)}"
            )
        return cls(rule, rule)

    def sites(self) -> list[tuple[str, str]]:
        """Return the residues that fit before and after a site, for each alternative of the rule.

        An unknown residue, X, fits `[X]` and `{...}` only.

        >>> Protease.parse("[KR]|{ACDEFGHIKLMNQRSTVWY}").sites()
        [('KR', 'PX')]
        """
        sites = []
        for alternative in self.rule.split(","):
            site = _SITE.fullmatch(alternative)
            if site is None:
                raise SettingsError(
                    f"protease: expected a rule such as [KR]|{{P}}, found {quoted(alternative)} in "
                    f"{quoted(self.rule)}"
                )
            sites.append((self._fitting(site[1]), self._fitting(site[2])))
        return sites

    def _fitting(self, side: str) -> str:
        """Return the residues that fit one side of a site."""
        letters = side[1:-1]
        if wrong := [a for a in letters if a not in AMINO_ACIDS + ANY]:
            raise SettingsError(
                f"protease: {quoted(wrong[0])} in the rule {quoted(self.rule)} is no amino acid"
            )
        is_exclusion = side.startswith("{")
        return "".join(
            a for a in AMINO_ACIDS + ANY if (a in letters or ANY in letters) != is_exclusion
        )


TRYPSIN = Protease.parse("trypsin")
