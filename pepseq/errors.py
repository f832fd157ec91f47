"""Errors that a user can act on, each with the exit code of the command.

A message is one line: what is wrong, where, and the next step.
"""

import re

_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LATIN_1 = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}


class PepseqError(Exception):
    """Base of every error that pepseq raises on purpose."""

    exit_code = 1


class SettingsError(PepseqError):
    """Settings that are wrong or contradict each other."""

    exit_code = 2


class InputError(PepseqError):
    """A faulty input: a file, a record, a model folder."""

    exit_code = 65


class OutputError(PepseqError):
    """An output that cannot be written, or that already exists."""

    exit_code = 74


class TryAgainError(PepseqError):
    """A run that was stopped or could not start; the same command may succeed or resume later."""

    exit_code = 75


class StoppedError(TryAgainError):
    """A run of several processes that a signal stopped, after its state was saved."""


class LostProcessError(TryAgainError):
    """Another process of the same run has ended, and its message gives the reason."""


def quoted(text: str, limit: int = 40) -> str:
    """Quote a piece of input for a message: one line, printable, at most `limit` characters."""
    return repr(readable(text if len(text) <= limit else text[:limit] + "..."))


def readable(text: str) -> str:
    r"""Return a text in which bytes that are not UTF-8 are shown as Latin-1.

    >>> readable(b"caf\xe9".decode("utf-8", "surrogateescape"))
    'café'
    """
    return text if text.isprintable() else text.translate(_LATIN_1)


def is_text(symbol: str) -> bool:
    """Return whether a character is printable, or stands for a byte that is not UTF-8."""
    return symbol.isprintable() or "\udc80" <= symbol <= "\udcff"


def printable(text: str) -> str:
    r"""Return a text with escapes for line ends, tabs, and other characters that are not printable.

    >>> printable("a\tb")
    'a\\tb'
    """
    if text.isprintable():
        return text
    text = readable(text)
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def showable(text: str) -> str:
    """Return text with U+FFFD for each character that HTML and XML may not hold."""
    return _UNSHOWABLE.sub("\ufffd", text)
