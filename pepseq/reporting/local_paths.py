"""Paths as a page may show them that is sent away: without folders of the machine."""

import re
from collections.abc import Sequence
from pathlib import Path

from pepseq.reporting.values import distinct_names

_ABSOLUTE_PATH = re.compile(r"(?<![\w.~/\\<-])/(?:[^/\s'\";,:=(){}<>]+/)+[^/\s'\";,:=(){}<>]*")
"""An absolute path of two parts or more inside other text."""
_OPTION = re.compile(r"(--[\w-]+=|-\w)(/.*)", re.S)
"""An option with its value in one argument, which is an absolute path."""


def local(text: str) -> str:
    """Return text in which absolute paths are below the current folder, or names alone.

    >>> local("/nowhere/b c/d.fasta"), local("a/b"), local("table:/nowhere/b/d.tsv")
    ('d.fasta', 'a/b', 'table:d.tsv')
    >>> local("command:python3 /nowhere/me/fold.py --in {fasta}")
    'command:python3 fold.py --in {fasta}'
    >>> local("--truth=/nowhere/b c/d.fasta"), local("-o/nowhere/d.html")
    ('--truth=d.fasta', '-od.html')
    """
    if option := _OPTION.fullmatch(text):
        return option[1] + local(option[2])
    if text.startswith("/") and "\n" not in text and Path(text).name:
        return _short(Path(text))
    return local_text(text)


def local_text(text: str) -> str:
    """Return text with the absolute paths inside it as `local` has them."""
    return _ABSOLUTE_PATH.sub(lambda match: _short(Path(match[0])), text)


def local_arguments(arguments: Sequence[str]) -> list[str]:
    """Return arguments as `local` has them; two files of one name get their folders as well.

    >>> local_arguments(["score", "/nowhere/me/a/x.pdb", "/nowhere/me/b/x.pdb", "-o", "s.tsv"])
    ['score', 'a/x.pdb', 'b/x.pdb', '-o', 's.tsv']
    """
    meanings: dict[str, set[str]] = {}
    for argument in arguments:
        meanings.setdefault(local(argument), set()).add(argument)
    alike = [Path(text) for text in arguments if text[:1] == "/" and len(meanings[local(text)]) > 1]
    distinct = dict(zip(alike, distinct_names(alike), strict=True))
    return [distinct.get(Path(argument)) or local(argument) for argument in arguments]


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else path.name
