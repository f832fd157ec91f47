"""Standard output and standard error of the command, which may be closed or full."""

import io
import os
import sys
from contextlib import suppress
from typing import TextIO

from pepseq.errors import OutputError


class ClosedPipe(OutputError):
    """The reader of standard output has stopped reading."""


class _StandardOutput(io.FileIO):
    """Standard output, whose failing writes raise errors that name it."""

    def write(self, data) -> int:
        """Write as FileIO does; ClosedPipe, OutputError."""
        try:
            return super().write(data)
        except BrokenPipeError as error:
            raise ClosedPipe("stdout: is closed") from error
        except OSError as error:
            raise OutputError(f"stdout: cannot be written: {error.strerror}") from error


class _StandardError(io.FileIO):
    """Standard error, whose failing writes are ignored: the run continues without messages."""

    def write(self, data) -> int:
        """Write as FileIO does; data that cannot be written are dropped."""
        try:
            return super().write(data)
        except OSError:
            return len(data)


class _ClosedOutput(io.TextIOBase):
    """A standard output that was closed before pepseq started: writing to it is an error."""

    def write(self, text: str) -> int:
        """Raise OutputError."""
        raise OutputError("stdout: is closed")


def set_up() -> None:
    """Replace standard output and standard error, and occupy the numbers of closed streams.

    Otherwise a file opened later could get such a number, and libraries would write into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = _ClosedOutput()
    else:
        sys.stdout = _text_stream(sys.stdout, _StandardOutput(1, "w"))
    sys.stderr = sys.stderr and _text_stream(sys.stderr, _StandardError(2, "w"))


def _text_stream(stream: TextIO, raw: io.FileIO) -> io.TextIOWrapper:
    """Return a stream that writes text into `raw` as `stream` would; line buffered for people."""
    by_line = stream.isatty() or raw.fileno() == 2
    return io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, stream.errors, None, by_line)


def flush() -> None:
    """Write the buffered output of the standard streams, as far as possible."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, OutputError, ValueError, AttributeError):
            stream.flush()
