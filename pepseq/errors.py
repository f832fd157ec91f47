"""Errors that a user can act on, each with the exit code its command ends with.

A message is one line: what was expected, what was found, and where.
"""

_LATIN_1 = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}


class PepseqError(Exception):
    """Base of every error that pepseq raises on purpose."""

    exit_code = 1


class SettingsError(PepseqError):
    """Settings that contradict each other or make no sense."""

    exit_code = 2


class InputError(PepseqError):
    """Input that is not what it should be: a file, a record, a model folder."""

    exit_code = 65


class OutputError(PepseqError):
    """An output that cannot be written, or that exists already."""

    exit_code = 74


class TryAgainError(PepseqError):
    """A run that was stopped or kept out; the same call later goes on."""

    exit_code = 75


class StoppedError(TryAgainError):
    """A signal stopped the run, all its processes together, after what is done was saved."""


class LostProcessError(TryAgainError):
    """Another process of the same run has ended; that one says why."""


def found(text: str, limit: int = 40) -> str:
    """Quote a piece of input for a message: one line, printable, at most `limit` characters."""
    return repr(readable(text if len(text) <= limit else text[:limit] + "..."))


def readable(text: str) -> str:
    r"""Return a text in which bytes that were no UTF-8 are shown as Latin-1.

    >>> readable(b"caf\xe9".decode("utf-8", "surrogateescape"))
    'café'
    """
    return text if text.isprintable() else text.translate(_LATIN_1)


def is_text(symbol: str) -> bool:
    """Return whether a character is printable, or stands for a byte that is no UTF-8."""
    return symbol.isprintable() or "\udc80" <= symbol <= "\udcff"


def printable(text: str) -> str:
    r"""Return a text with escapes for all that is not printable: line ends, tabs, terminal codes.

    >>> printable("a\tb")
    'a\\tb'
    """
    if text.isprintable():
        return text
    text = readable(text)
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
