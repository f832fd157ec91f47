"""The symbols of sequences in files: proteins, reads with groups such as [DE], rows."""

import re
from enum import Enum

from pepseq.errors import found
from pepseq.io.files import decode_text
from pepseq.sequences.residues import AMINO_ACIDS, GAPS, HIDDEN_SYMBOLS, UNKNOWN, label_symbol

_PROTEIN = bytes.maketrans(
    (AMINO_ACIDS + UNKNOWN).lower().encode(), (AMINO_ACIDS + UNKNOWN).encode()
)
_READ = bytes.maketrans(
    (AMINO_ACIDS.lower() + HIDDEN_SYMBOLS + UNKNOWN + UNKNOWN.lower()).encode(),
    (AMINO_ACIDS + "X" * (len(HIDDEN_SYMBOLS) + 2 * len(UNKNOWN))).encode(),
)
_GROUPS = AMINO_ACIDS.lower()  # in what has been read, a letter in lower case stands for a group
_NO_PROTEIN = re.compile(f"[^{AMINO_ACIDS}{UNKNOWN}{_GROUPS}]".encode())
_NO_READ = re.compile(f"[^{AMINO_ACIDS}X{_GROUPS}]".encode())
_NO_ROW = re.compile(f"[^{GAPS}{AMINO_ACIDS}{UNKNOWN}{(AMINO_ACIDS + UNKNOWN).lower()}]".encode())
_BRACKET = re.compile(rb"\[[^]]*\]?")
_GROUP = re.compile(f"\\[[{AMINO_ACIDS}]+\\]".encode())


class Alphabet(Enum):
    """Symbols that a record may hold: their name, how they are rewritten, what is none of them."""

    PROTEIN = ("amino acids", _PROTEIN, _NO_PROTEIN)
    READ = ("amino acids or hidden symbols", _READ, _NO_READ)
    ROW = ("amino acids or gaps", None, _NO_ROW)

    def __init__(self, names: str, table: bytes | None, wrong: re.Pattern):
        self.names, self.table, self.wrong = names, table, wrong


def fold_groups(sequence: bytes, groups: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """Put one character for each `[DE]`, and return the groups that are not in `groups` yet.

    Brackets stay where they are no group, or one that differs from an earlier one of its character.
    """
    new: dict[str, str] = {}

    def fold(match: re.Match) -> bytes:
        if not _GROUP.fullmatch(match[0]):
            return match[0]
        members = "".join(sorted(set(match[0][1:-1].decode("ascii"))))
        symbol = label_symbol(members)
        known = groups.get(symbol) or new.get(symbol)
        if known is None and len(members) > 1:
            new[symbol] = members
        return match[0] if known not in (None, members) else symbol.encode("ascii")

    return _BRACKET.sub(fold, sequence), new


def describe_wrong_symbol(sequence: bytes, at: int, expected: Alphabet, groups: dict | None) -> str:
    """Say what is wrong with the symbol at index `at` of a record."""
    kinds = expected.names
    symbol, hint = sequence[at : at + 1], ""
    if symbol == b"-":
        hint = " (an alignment? remove its gaps)"
    elif symbol == b"[" and groups is not None:
        kinds = "a group of amino acids such as [DE]"
        symbol = sequence[at : sequence.find(b"]", at) + 1 or None]
        if _GROUP.fullmatch(symbol):
            kinds = f"the group [{groups[chr(min(symbol[1:-1])).lower()]}] of this readout"
    shown = decode_text(symbol) if symbol[1:] else decode_text(sequence[at : at + 4])[:1]
    return f"expected {kinds}, found {found(shown)} at residue {at + 1}{hint}"
