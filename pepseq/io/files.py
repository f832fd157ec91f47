"""Reading files, and refusing outputs that must not be written.

`-` is stdin or stdout. Compressed files are known by their content when they are read; the suffix
of an output's name chooses the compression. How outputs appear: `pepseq.io.outputs`.
"""

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING, AnyStr

from pepseq.errors import InputError, OutputError, SettingsError
from pepseq.io.compression import DAMAGED, decompressed
from pepseq.io.outputs import STDIO
from pepseq.io.publishing import SIDE_FILES, recover_unlocked

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LONGEST_LINE = 1 << 26
"""Bytes of a line of a table, a list or an alignment in Stockholm format."""


class _Source(io.FileIO):
    """A file whose failing reads are faults of the input."""

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        """Read as FileIO does; InputError if the system cannot."""
        try:
            return super().readinto(buffer)
        except OSError as error:
            raise InputError(f"{self.name}: cannot be read: {error.strerror}") from error


@contextmanager
def open_input(path: str | Path) -> Iterator[io.BufferedReader]:
    """Open a file, or stdin for `-`, for reading bytes; compressed content is decompressed.

    Raises InputError for a missing or unreadable file, and for compressed data that are cut short,
    damaged, or followed by something else.
    """
    if str(path) == STDIO and sys.stdin is None:
        raise InputError("stdin: is closed")
    try:
        raw: io.BufferedReader = io.BufferedReader(
            _Source(0 if str(path) == STDIO else path, closefd=path != STDIO)
        )
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: expected a file, found a folder") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    with raw:
        stream = decompressed(raw)
        try:
            yield stream
        except DAMAGED as error:
            raise InputError(f"{path}: expected whole compressed data, found: {error}") from error


def numbered_lines(
    path: str | Path, stream: IO[AnyStr], first: int = 1
) -> Iterator[tuple[int, AnyStr]]:
    """Yield number and content of each line of a stream; InputError for one over LONGEST_LINE."""
    for number in count(first):
        line = stream.readline(LONGEST_LINE)
        if not line:
            return
        if len(line) == LONGEST_LINE:
            raise InputError(
                f"{path}:{number}: expected lines of up to {LONGEST_LINE} bytes, found a longer one"
            )
        yield number, line


def decode_text(content: bytes) -> str:
    """Return text, UTF-8 or not: `encode_text` gives the same bytes again."""
    return content.decode("utf-8", "surrogateescape")


def encode_text(text: str) -> bytes:
    """Return the bytes of a text that `decode_text` may have given."""
    return text.encode("utf-8", "surrogateescape")


def check_outputs(
    outputs: list[str | Path], inputs: list[str | Path], force: bool, folder: bool = False
) -> None:
    """Refuse outputs that cannot be written or must not be.

    SettingsError if an output, or the run record or list of failed records beside it, is an input
    or another output; OutputError if it exists already (unless `force`), or is not a regular file
    (with `folder`: a folder).
    """
    for output in outputs:
        if str(output) != STDIO:
            recover_unlocked(os.path.realpath(output) if folder else output)
    seen = {os.path.realpath(p) for p in inputs if str(p) != STDIO}
    for what, paths in (("input from stdin", inputs), ("output on stdout", outputs)):
        if [str(p) for p in paths].count(STDIO) > 1:
            raise SettingsError(f"expected at most one {what} (-), found several")
    for output in outputs:
        if str(output) == STDIO:
            continue
        if not Path(output).name:
            raise SettingsError(f"output: expected a name, found {str(output)!r}")
        sides = {os.path.realpath(f"{Path(output)}{end}") for end in SIDE_FILES}
        if sides & seen:
            raise SettingsError(f"{output}: an output must differ from every input and output")
        seen |= sides
        if os.path.lexists(output) and not force:
            raise OutputError(f"{output}: exists already; --force overwrites it")
        if os.path.exists(output) and not (os.path.isdir if folder else os.path.isfile)(output):
            kind = "folder" if folder else "regular file (- is stdout)"
            raise OutputError(f"{output}: expected a {kind}, found something else")


def check_inputs(paths: Iterable[str | Path]) -> None:
    """Raise InputError for an input that is not there or cannot be opened, before any work."""
    for path in paths:
        if str(path) != STDIO and (os.path.isfile(path) or not os.path.exists(path)):
            with open_input(path):
                pass
