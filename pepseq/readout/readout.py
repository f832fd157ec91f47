"""What an experiment identifies: a set of amino acids, some perhaps only as one of a group."""

import re
from dataclasses import dataclass, field

from pepseq.errors import SettingsError, found
from pepseq.sequences.residues import AMINO_ACIDS, label_symbol

READ_KINDS = ("protein", "prefix", "tryptic", "fragment")
"""What reads are of: whole proteins, their first residues, tryptic peptides, any stretch."""

PRESETS = {"K1": "KCYM", "K2": "KCYMRHWST"}
"""The two readouts of Pham et al. 2024 (arXiv 2408.00892)."""

_ORDER = PRESETS["K2"] + "".join(a for a in AMINO_ACIDS if a not in PRESETS["K2"])
_LABEL = re.compile(r"\[([^][]*)\]|(.)", re.S)


@dataclass(frozen=True, repr=False)
class Readout:
    """The amino acids that an experiment identifies; all others stay hidden.

    Takes one-letter codes in any order and case, or the name of a preset (`K1`, `K2`). Amino acids
    that the experiment cannot tell apart stand in brackets: `CY[DE]`. Two readouts of the same
    amino acids and groups are equal, whatever the order they are given in.

    `observed` are the amino acids identified singly, in one fixed order; `groups` the others that
    the experiment sees, each group alphabetical; `labels` are both as the experiment's channels
    number them (see `from_labels`), which does not count for equality.

    >>> Readout("mykc")
    Readout('KCYM')
    >>> Readout("[ED]YC").observed, Readout("[ED]YC").groups
    ('CY', ('DE',))
    >>> Readout("K2").hidden
    'ADEFGILNPQV'

    Raises SettingsError for a letter that is no amino acid, for no letter at all, and for an amino
    acid that is in two labels.
    """

    observed: str
    groups: tuple[str, ...] = field(init=False)
    labels: tuple[str, ...] = field(init=False, compare=False)

    def __post_init__(self):
        labels = _parse(self.observed)
        singles = "".join(a for a in _ORDER if a in labels)
        groups = tuple(sorted(label for label in labels if len(label) > 1))
        object.__setattr__(self, "observed", singles)
        object.__setattr__(self, "groups", groups)
        object.__setattr__(self, "labels", (*singles, *groups))

    @classmethod
    def from_labels(cls, labels: str) -> "Readout":
        """Return the readout of labels in the order of their channels: `DE,C,Y` has 0, 1 and 2.

        >>> str(Readout.from_labels("DE,C,Y")), Readout.from_labels("DE,C,Y").labels
        ('CY[DE]', ('DE', 'C', 'Y'))

        Raises SettingsError for anything but amino acids, each once, and commas between the labels.
        """
        parts = ["".join(sorted(part.strip().upper())) for part in labels.split(",")]
        letters = "".join(parts)
        if not all(parts) or not set(letters) <= set(AMINO_ACIDS):
            wrong = next((a for a in letters if a not in AMINO_ACIDS), "")
            raise SettingsError(
                f"labels {found(labels)}: expected amino acids with a comma between two labels, "
                f"such as DE,C,Y, found {found(wrong) if wrong else 'an empty label'}"
            )
        if twice := [a for a in letters if letters.count(a) > 1]:
            raise SettingsError(
                f"labels {found(labels)}: expected each amino acid once, found {twice[0]} twice"
            )
        readout = cls("".join(f"[{part}]" for part in parts))
        object.__setattr__(readout, "labels", tuple(parts))
        return readout

    @property
    def hidden(self) -> str:
        """The candidates of a hidden position: amino acids in no label, alphabetical."""
        seen = self.observed + "".join(self.groups)
        return "".join(a for a in AMINO_ACIDS if a not in seen)

    @property
    def unobserved(self) -> str:
        """Amino acids that are not identified singly: hidden ones and members of groups."""
        return "".join(a for a in AMINO_ACIDS if a not in self.observed)

    @property
    def group_symbols(self) -> dict[str, str]:
        """The character that stands for each group in memory, and the group's members."""
        return {label_symbol(group): group for group in self.groups}

    def __str__(self) -> str:
        return self.observed + "".join(f"[{group}]" for group in self.groups)

    def __repr__(self) -> str:
        return f"Readout({str(self)!r})"


def _parse(text: str) -> list[str]:
    """Return the labels that a readout names, groups sorted; SettingsError if there is a fault."""
    letters = PRESETS.get(text.strip().upper(), text.strip().upper())
    labels = ["".join(sorted(set(group))) or one for group, one in _LABEL.findall(letters)]
    wrong = [a for label in labels for a in label if a not in AMINO_ACIDS]
    if wrong or not all(labels) or not labels:
        raise SettingsError(
            f"readout {found(text)}: expected one-letter codes of amino acids ({AMINO_ACIDS}), "
            f"groups of them such as [DE], or a preset ({', '.join(PRESETS)}), "
            f"found {found(wrong[0]) if wrong else 'an empty group' if labels else 'nothing'}"
        )
    labels = list(dict.fromkeys(labels))
    everything = "".join(labels)
    for amino_acid in everything:
        if everything.count(amino_acid) > 1:
            both = [f"[{x}]" if len(x) > 1 else x for x in labels if amino_acid in x]
            raise SettingsError(
                f"readout {found(text)}: expected each amino acid in one label, "
                f"found {amino_acid} in {' and '.join(both)}"
            )
    return labels
