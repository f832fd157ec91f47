"""Safe names of the files in a folder of structures, none of them that of another's file."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

from pepseq.errors import OutputError
from pepseq.io.files import encode_text
from pepseq.structure.model_names import safe_name

ENDINGS = (".pdb", ".cif", ".scores.json", ".scores.npz")
MAX_STEM_LENGTH = 100
_DIGITS = (8, 16, 32, 64)


class FileNames:
    """The owner of each file name of a folder, in any case of its letters; None is the user."""

    def __init__(self) -> None:
        self._owners: dict[str, str | None] = {}

    def register(self, file: str, owner: str | None) -> None:
        """Note the owner of a file; a file of several owners belongs to the user."""
        key = file.casefold()
        self._owners[key] = owner if self._owners.get(key, owner) == owner else None

    def claim(self, name: str, owner: str, plain: bool = True) -> str:
        """Return a file name without suffix for `name`, and register it as the owner's.

        It is the first that is free, or the owner's already, of: the `plain_stem`, if `plain` and
        the name is no longer than that, and the `plain_stem` with 8 or more digits of the owner's
        SHA-256.
        """
        stem, digest = plain_stem(name), text_sha256(owner)
        plain = plain and len(name) <= MAX_STEM_LENGTH
        for end in ([""] if plain else []) + [f"-{digest[:digits]}" for digits in _DIGITS]:
            files = [(stem + end + ending).casefold() for ending in ENDINGS]
            if all(self._owners.get(file, owner) == owner for file in files):
                self._owners |= dict.fromkeys(files, owner)
                return stem + end
        raise OutputError(f"{stem}: expected a file name that is free, found all taken")


def plain_stem(name: str) -> str:
    """Return a name with `_` for symbols that a file name should not have, 100 symbols at most.

    Symbols other than A-Z, a-z, 0-9, `_`, `.` and `-` become `_`, so does a `.` or `-` in front.

    >>> plain_stem("../../etc/x")
    '_._.._etc_x'
    """
    return re.sub(r"^[.-]", "_", safe_name(name)[:MAX_STEM_LENGTH])


def file_stems(ids: Sequence[str], names: FileNames | None = None) -> dict[str, str]:
    """Return a file name without suffix for each id: safe, short, and different in any case.

    Where the `plain_stem` of two is the same, or the id is longer than 100 symbols, or the name is
    that of another's file by `names`, digits of the id's SHA-256 follow.

    >>> file_stems(["sp|P12345|AATM_RABIT"])["sp|P12345|AATM_RABIT"]
    'sp_P12345_AATM_RABIT'
    """
    names = names or FileNames()
    counts = Counter(plain_stem(name).casefold() for name in ids)
    is_unique = {name: counts[plain_stem(name).casefold()] == 1 for name in ids}
    unique_first = sorted(ids, key=lambda name: not is_unique[name])
    stems = {name: names.claim(name, name, is_unique[name]) for name in unique_first}
    return {name: stems[name] for name in ids}


def text_sha256(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal."""
    return hashlib.sha256(encode_text(text)).hexdigest()
