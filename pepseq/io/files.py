"""Opening of inputs, and checks of inputs and outputs before the work.

`-` is standard input or standard output. Compressed inputs are recognised by their content; the
suffix of an output's name chooses its compression. Outputs are written by `pepseq.io.outputs`.
"""

import io
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, AnyStr, Protocol, TypeVar

from pepseq.errors import InputError, OutputError, SettingsError, quoted
from pepseq.io.compression import DAMAGED_DATA_ERRORS, decompressed
from pepseq.io.outputs import STDIO
from pepseq.io.publishing import SIDE_FILES, recover_unlocked

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Line_co = TypeVar("Line_co", str, bytes, covariant=True)
MAX_LINE_BYTES = 1 << 26
"""Most bytes of a line of a table, a list or an alignment in Stockholm format."""


def check_path(path: object, name: str) -> None:
    """Raise SettingsError unless the argument of this name is a path."""
    if not isinstance(path, str | os.PathLike):
        raise SettingsError(f"{name}: expected a path, found {quoted(repr(path))}")


def list_paths(
    paths: str | Path | Iterable[str | Path], name: str, required: bool = False
) -> list[str | Path]:
    """Return one path, or several, as a list.

    Raises SettingsError for an argument of this `name` that is not a path, and, if one is
    `required`, for none.
    """
    if isinstance(paths, str | os.PathLike):
        return [paths]
    if not isinstance(paths, Iterable) or isinstance(paths, bytes | Mapping):
        raise SettingsError(f"{name}: expected a path, found {quoted(repr(paths))}")
    several = list(paths)
    for path in several:
        check_path(path, name)
    if required and not several:
        raise SettingsError(f"{name}: expected a path, found none")
    return several


class _InputFile(io.FileIO):
    """A file whose failing reads raise InputError."""

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        """Read as FileIO does; InputError instead of OSError."""
        try:
            return super().readinto(buffer)
        except OSError as error:
            raise InputError(f"{self.name}: cannot be read: {error.strerror}") from error


@contextmanager
def open_input(path: str | Path) -> Iterator[io.BufferedReader]:
    """Open a file, or standard input for `-`, for reading bytes; compressed data are decompressed.

    Raises InputError for a missing or unreadable file, and for compressed data that are cut short,
    damaged, or followed by other data.
    """
    check_path(path, "input")
    if str(path) == STDIO and sys.stdin is None:
        raise InputError("stdin: is closed")
    try:
        raw: io.BufferedReader = io.BufferedReader(
            _InputFile(0 if str(path) == STDIO else path, closefd=path != STDIO)
        )
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: expected a file, found a folder") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # a NUL character in the name
        raise InputError(f"{path}: no such file") from error
    with raw:
        stream = decompressed(raw)
        try:
            yield stream
        except DAMAGED_DATA_ERRORS as error:
            raise InputError(
                f"{path}: compressed data are damaged or cut short: {error}"
            ) from error


class LineSource(Protocol[Line_co]):
    """Anything from which lines can be read: a binary stream, a text stream."""

    def readline(self, size: int = -1, /) -> Line_co:
        """Return the next line, or `size` of its bytes or characters; empty at the end."""
        ...


def numbered_lines(
    path: str | Path, stream: LineSource[AnyStr], first: int = 1
) -> Iterator[tuple[int, AnyStr]]:
    """Yield (number, line) of a stream; InputError for a line of more than MAX_LINE_BYTES."""
    for number in count(first):
        line = stream.readline(MAX_LINE_BYTES)
        if not line:
            return
        if len(line) == MAX_LINE_BYTES:
            raise InputError(f"{path}:{number}: the line is longer than {MAX_LINE_BYTES:,} bytes")
        yield number, line


def decode_text(content: bytes) -> str:
    """Return the text of bytes, UTF-8 or not; `encode_text` returns the same bytes."""
    return content.decode("utf-8", "surrogateescape")


def encode_text(text: str) -> bytes:
    """Return the bytes of a text, also of one that `decode_text` returned."""
    return text.encode("utf-8", "surrogateescape")


def check_outputs(
    outputs: list[str | Path], inputs: list[str | Path], force: bool, folder: bool = False
) -> None:
    """Check before the work that all outputs may be written.

    Raises SettingsError if an output, or a file that is written beside it such as its run record,
    is an input or another output; OutputError if an output already exists (unless `force`), or is
    not a regular file (with `folder`: no folder).
    """
    for name, paths in (("output", outputs), ("input", inputs)):
        for path in paths:
            check_path(path, name)
    for output in outputs:
        if str(output) != STDIO:
            recover_unlocked(os.path.realpath(output) if folder else output)
    taken = {os.path.realpath(path) for path in inputs if str(path) != STDIO}
    for stream, paths in (("input from stdin", inputs), ("output on stdout", outputs)):
        if [str(path) for path in paths].count(STDIO) > 1:
            raise SettingsError(f"only one {stream} (-) is possible")
    for output in outputs:
        if str(output) == STDIO:
            continue
        if not Path(output).name:
            raise SettingsError(f"output: expected a name, found {str(output)!r}")
        files = {os.path.realpath(f"{Path(output)}{suffix}") for suffix in SIDE_FILES}
        if files & taken:
            raise SettingsError(
                f"{output}: the output, or a file beside it such as its run record, would "
                "overwrite an input or another output; give another name"
            )
        taken |= files
        if os.path.exists(output) and not (os.path.isdir if folder else os.path.isfile)(output):
            kind = "a folder" if folder else "a regular file"
            raise OutputError(f"{output}: exists and is not {kind}; give another name")
        if os.path.lexists(output) and not force:
            raise OutputError(f"{output}: already exists; --force overwrites it")


def check_inputs(paths: Iterable[str | Path]) -> None:
    """Raise InputError for a missing or unreadable input, before the work."""
    for path in paths:
        if str(path) != STDIO and (os.path.isfile(path) or not os.path.exists(path)):
            with open_input(path):
                pass
