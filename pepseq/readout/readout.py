"""What an experiment identifies: a set of amino acids."""

from dataclasses import dataclass

from pepseq.errors import SettingsError, found
from pepseq.sequences.residues import AMINO_ACIDS

PRESETS = {"K1": "KCYM", "K2": "KCYMRHWST"}
"""The two readouts of Pham et al. 2024 (arXiv 2408.00892)."""

_ORDER = PRESETS["K2"] + "".join(a for a in AMINO_ACIDS if a not in PRESETS["K2"])


@dataclass(frozen=True)
class Readout:
    """The amino acids that an experiment identifies; all others stay hidden.

    Takes one-letter codes in any order and case, or the name of a preset (`K1`, `K2`).
    Two readouts of the same amino acids are equal: `observed` is put in one fixed order.

    >>> Readout("mykc")
    Readout(observed='KCYM')
    >>> Readout("K2").hidden
    'ADEFGILNPQV'

    Raises SettingsError for a letter that is no amino acid, or for no letter at all.
    """

    observed: str

    def __post_init__(self):
        letters = PRESETS.get(self.observed.strip().upper(), self.observed.strip().upper())
        wrong = [a for a in letters if a not in AMINO_ACIDS]
        if wrong or not letters:
            raise SettingsError(
                f"readout {found(self.observed)}: expected one-letter codes of amino acids "
                f"({AMINO_ACIDS}) or a preset ({', '.join(PRESETS)}), "
                f"found {found(wrong[0]) if wrong else 'nothing'}"
            )
        object.__setattr__(self, "observed", "".join(a for a in _ORDER if a in letters))

    @property
    def hidden(self) -> str:
        """The candidates of a hidden position: amino acids outside the readout, alphabetical."""
        return "".join(a for a in AMINO_ACIDS if a not in self.observed)

    def __str__(self) -> str:
        return self.observed
