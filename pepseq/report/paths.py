"""Paths as a page to send away may show them: none that tells of the machine they were on."""

import re
from collections.abc import Sequence
from pathlib import Path

from pepseq.report.tables import told_apart

_INSIDE = re.compile(r"(?<![\w.~/\\<-])/(?:[^/\s'\";,:=(){}<>]+/)+[^/\s'\";,:=(){}<>]*")
"""A path from the root, of two parts or more, in the midst of other words."""


def local(word: str) -> str:
    """Return a path from the root as one below the current folder, or as its last name alone.

    What is no path is returned as `local_words` does.

    >>> local("/nowhere/b c/d.fasta"), local("a/b"), local("table:/nowhere/b/d.tsv")
    ('d.fasta', 'a/b', 'table:d.tsv')
    """
    if word.startswith("/") and "\n" not in word and Path(word).name:
        return _short(Path(word))
    return local_words(word)


def local_call(words: Sequence[str]) -> list[str]:
    """Return the words of a call as `local` has them; of two files of one name, with a folder.

    >>> local_call(["score", "/nowhere/me/a/x.pdb", "/nowhere/me/b/x.pdb", "-o", "s.tsv"])
    ['score', 'a/x.pdb', 'b/x.pdb', '-o', 's.tsv']
    """
    meant: dict[str, set[str]] = {}
    for word in words:
        meant.setdefault(local(word), set()).add(word)
    alike = [Path(word) for word in words if word[:1] == "/" and len(meant[local(word)]) > 1]
    apart = dict(zip(alike, told_apart(alike), strict=True))
    return [apart.get(Path(word)) or local(word) for word in words]


def local_words(text: str) -> str:
    """Return text with the paths from the root in it as `local` has them.

    >>> local_words("command:python3 /nowhere/me/fold.py --in {fasta}")
    'command:python3 fold.py --in {fasta}'
    """
    return _INSIDE.sub(lambda match: _short(Path(match[0])), text)


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else path.name
