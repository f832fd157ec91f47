"""The symbols that sequences in files may hold: of proteins, reads, and rows of alignments."""

import re
from collections.abc import Mapping
from enum import Enum

from pepseq.errors import quoted
from pepseq.io.files import decode_text
from pepseq.sequences.residues import AMINO_ACIDS, GAPS, HIDDEN_SYMBOLS, UNKNOWN, label_symbol

_PROTEIN_TABLE = bytes.maketrans(
    (AMINO_ACIDS + UNKNOWN).lower().encode(), (AMINO_ACIDS + UNKNOWN).encode()
)
_READ_TABLE = bytes.maketrans(
    (AMINO_ACIDS.lower() + HIDDEN_SYMBOLS + UNKNOWN + UNKNOWN.lower()).encode(),
    (AMINO_ACIDS + "X" * (len(HIDDEN_SYMBOLS) + 2 * len(UNKNOWN))).encode(),
)
_GROUPS = AMINO_ACIDS.lower()  # after translation, a letter in lower case stands for a group
_NO_PROTEIN = re.compile(f"[^{AMINO_ACIDS}{UNKNOWN}{_GROUPS}]".encode())
_NO_READ = re.compile(f"[^{AMINO_ACIDS}X{_GROUPS}]".encode())
_NO_ROW = re.compile(f"[^{GAPS}{AMINO_ACIDS}{UNKNOWN}{(AMINO_ACIDS + UNKNOWN).lower()}]".encode())
_BRACKET = re.compile(rb"\[[^]]*\]?")
_GROUP = re.compile(f"\\[[{AMINO_ACIDS}]+\\]".encode())


class Alphabet(Enum):
    """Kinds of sequences.

    names: what the symbols are, for messages.
    table: how symbols are translated, None if they are kept.
    wrong_symbol: matches a symbol that is not allowed after the translation.
    """

    PROTEIN = ("amino acids", _PROTEIN_TABLE, _NO_PROTEIN)
    READ = ("amino acids or hidden symbols", _READ_TABLE, _NO_READ)
    ROW = ("amino acids or gaps", None, _NO_ROW)

    def __init__(self, names: str, table: bytes | None, wrong_symbol: re.Pattern[bytes]):
        self.names, self.table, self.wrong_symbol = names, table, wrong_symbol


def fold_groups(sequence: bytes, groups: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
    """Return a sequence with one character for each `[DE]`, and the groups not in `groups` yet.

    Brackets are kept if they hold no group, or one that differs from an earlier group of the same
    character.
    """
    new_groups: dict[str, str] = {}

    def fold(match: re.Match[bytes]) -> bytes:
        bracket = match.group()
        if not _GROUP.fullmatch(bracket):
            return bracket
        members = "".join(sorted(set(bracket[1:-1].decode("ascii"))))
        symbol = label_symbol(members)
        known_members = groups.get(symbol) or new_groups.get(symbol)
        if known_members is None and len(members) > 1:
            new_groups[symbol] = members
        return bracket if known_members not in (None, members) else symbol.encode("ascii")

    return _BRACKET.sub(fold, sequence), new_groups


def describe_wrong_symbol(
    sequence: bytes, place: int, alphabet: Alphabet, groups: Mapping[str, str] | None
) -> str:
    """Return what is wrong with the symbol of a record at index `place`."""
    expected = alphabet.names
    symbol, hint = sequence[place : place + 1], ""
    if symbol == b"-":
        hint = " (an alignment? remove its gaps)"
    elif symbol == b"[" and groups is not None:
        expected = "a group of amino acids such as [DE]"
        symbol = sequence[place : sequence.find(b"]", place) + 1 or None]
        if _GROUP.fullmatch(symbol):
            expected = f"the group [{groups[chr(min(symbol[1:-1])).lower()]}] of this readout"
    character = decode_text(sequence[place : place + 4])[:1]  # has up to four bytes
    text = character if len(symbol) == 1 else decode_text(symbol)
    return f"expected {expected}, found {quoted(text)} at residue {place + 1}{hint}"
