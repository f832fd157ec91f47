"""Readouts: the labels of an experiment, each an amino acid or a group of amino acids."""

import re
from dataclasses import dataclass, field

from pepseq.errors import SettingsError, quoted
from pepseq.sequences.residues import AMINO_ACIDS, label_symbol

READ_KINDS = ("protein", "prefix", "tryptic", "fragment")
"""Kinds of reads: of whole proteins, their first residues, tryptic peptides, any stretch."""

PRESETS = {"K1": "KCYM", "K2": "KCYMRHWST"}
"""The two readouts of Pham et al. 2024 (arXiv 2408.00892)."""

_LABEL_ORDER = PRESETS["K2"] + "".join(a for a in AMINO_ACIDS if a not in PRESETS["K2"])
_LABEL = re.compile(r"\[([^][]*)\]|(.)", re.S)


@dataclass(frozen=True, repr=False)
class Readout:
    """The amino acids that an experiment identifies; all others stay hidden.

    Made of one-letter codes in any order and case, or of the name of a preset (`K1`, `K2`). Amino
    acids that the experiment cannot tell apart stand in brackets: `CY[DE]`. Readouts with the same
    amino acids and groups are equal, in whatever order they are given.

    observed: amino acids that are identified singly, in a fixed order.
    groups: amino acids that are identified only as one of a group; each group is alphabetical.
    labels: both, in the order of the experiment's channels (see `from_labels`); the order does not
        count for equality.

    >>> Readout("mykc")
    Readout('KCYM')
    >>> Readout("[ED]YC").observed, Readout("[ED]YC").groups
    ('CY', ('DE',))
    >>> Readout("K2").hidden
    'ADEFGILNPQV'

    Raises SettingsError for a letter that is not an amino acid, an empty readout, and an amino acid
    that is in two labels.
    """

    observed: str
    groups: tuple[str, ...] = field(init=False)
    labels: tuple[str, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.observed, str):
            raise SettingsError(
                f"readout: expected a text such as KCYM, found {quoted(repr(self.observed))}"
            )
        labels = _parse_labels(self.observed)
        singles = "".join(a for a in _LABEL_ORDER if a in labels)
        groups = tuple(sorted(label for label in labels if len(label) > 1))
        object.__setattr__(self, "observed", singles)
        object.__setattr__(self, "groups", groups)
        object.__setattr__(self, "labels", (*singles, *groups))

    @classmethod
    def from_labels(cls, labels: str) -> "Readout":
        """Return the readout of labels in the order of their channels 0, 1, 2: `DE,C,Y`.

        >>> str(Readout.from_labels("DE,C,Y")), Readout.from_labels("DE,C,Y").labels
        ('CY[DE]', ('DE', 'C', 'Y'))

        Raises SettingsError for anything but amino acids, each once, and commas between the labels.
        """
        parts = ["".join(sorted(part.strip().upper())) for part in labels.split(",")]
        letters = "".join(parts)
        if not all(parts) or not set(letters) <= set(AMINO_ACIDS):
            wrong = next((a for a in letters if a not in AMINO_ACIDS), "")
            problem = f"{quoted(wrong)} is not an amino acid" if wrong else "a label is empty"
            raise SettingsError(
                f"labels {quoted(labels)}: {problem}; separate labels with commas, such as DE,C,Y"
            )
        if repeated := [a for a in letters if letters.count(a) > 1]:
            raise SettingsError(
                f"labels {quoted(labels)}: {repeated[0]} occurs twice; an amino acid may be in one "
                "label only"
            )
        readout = cls("".join(f"[{part}]" for part in parts))
        object.__setattr__(readout, "labels", tuple(parts))
        return readout

    @property
    def hidden(self) -> str:
        """The candidates of a hidden position: amino acids in no label, alphabetical."""
        labelled = self.observed + "".join(self.groups)
        return "".join(a for a in AMINO_ACIDS if a not in labelled)

    @property
    def unobserved(self) -> str:
        """Amino acids that are not identified singly: hidden ones and members of groups."""
        return "".join(a for a in AMINO_ACIDS if a not in self.observed)

    @property
    def group_symbols(self) -> dict[str, str]:
        """A dict of the character that stands for each group in memory to the group's members."""
        return {label_symbol(group): group for group in self.groups}

    def __str__(self) -> str:
        return self.observed + "".join(f"[{group}]" for group in self.groups)

    def __repr__(self) -> str:
        return f"Readout({str(self)!r})"


def _parse_labels(text: str) -> list[str]:
    """Return the labels of a readout's text, groups sorted; SettingsError for a faulty text."""
    letters = PRESETS.get(text.strip().upper(), text.strip().upper())
    labels = ["".join(sorted(set(group))) or single for group, single in _LABEL.findall(letters)]
    wrong = [a for label in labels for a in label if a not in AMINO_ACIDS]
    if wrong or not all(labels) or not labels:
        if "," in wrong:
            raise SettingsError(
                f"readout {quoted(text)}: ',' is not an amino acid; for labels with commas between "
                "them use Readout.from_labels, or --labels on the command line"
            )
        if wrong:
            is_bracket = wrong[0] in "[]"
            fault = "has no matching bracket" if is_bracket else "is not an amino acid"
            problem = f"{quoted(wrong[0])} {fault}"
        else:
            problem = "a group is empty" if labels else "it is empty"
        raise SettingsError(
            f"readout {quoted(text)}: {problem}; use one-letter codes ({AMINO_ACIDS}), groups "
            f"such as [DE], or a preset ({', '.join(PRESETS)})"
        )
    labels = list(dict.fromkeys(labels))
    for amino_acid in AMINO_ACIDS:
        shared = [f"[{x}]" if len(x) > 1 else x for x in labels if amino_acid in x]
        if len(shared) > 1:
            raise SettingsError(
                f"readout {quoted(text)}: {amino_acid} is in {' and in '.join(shared)}; an amino "
                "acid may be in one label only"
            )
    return labels
