"""Proteases and their cleavage rules."""

import re
from dataclasses import dataclass

import numpy as np

from pepseq.errors import SettingsError, found
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
        self.site_table()

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
                f"found {found(text)}"
            )
        return cls(rule, rule)

    def site_table(self) -> np.ndarray:
        """Return whether the protease cleaves between two residues, bool of shape (21, 21).

        Row and column are the codes of the residues before and after: places in AMINO_ACIDS, and 20
        for an unknown residue, which fits `[X]` and `{...}` only.
        """
        table = np.zeros((len(AMINO_ACIDS) + 1,) * 2, bool)
        for alternative in self.rule.split(","):
            site = _SITE.fullmatch(alternative)
            if site is None:
                raise SettingsError(
                    f"protease: expected a rule such as [KR]|{{P}}, found {found(alternative)} in "
                    f"{found(self.rule)}"
                )
            before, after = map(self._fitting_residues, site.groups())
            table |= before[:, None] & after[None, :]
        return table

    def _fitting_residues(self, side: str) -> np.ndarray:
        """Return which of the 21 residue codes fit one side of a site."""
        letters = side[1:-1]
        if wrong := [a for a in letters if a not in AMINO_ACIDS + ANY]:
            raise SettingsError(
                f"protease: {found(wrong[0])} in the rule {found(self.rule)} is no amino acid"
            )
        named = np.array([a in letters or ANY in letters for a in AMINO_ACIDS + ANY])
        return ~named if side.startswith("{") else named
