"""Standard output and standard error of the command: what happens if they are closed or full."""

import io
import os
import sys
from contextlib import suppress

from pepseq.errors import OutputError


class ClosedPipe(OutputError):
    """The reader of standard output has stopped reading."""


class _Output(io.FileIO):
    """Standard output whose failing writes are errors of standard output, and of nothing else."""

    def write(self, data) -> int:
        """Write as FileIO does; ClosedPipe, OutputError."""
        try:
            return super().write(data)
        except BrokenPipeError as error:
            raise ClosedPipe("stdout: is closed") from error
        except OSError as error:
            raise OutputError(f"stdout: cannot be written: {error.strerror}") from error


class _Messages(io.FileIO):
    """Standard error; messages that cannot be written are lost, and the run goes on."""

    def write(self, data) -> int:
        """Write as FileIO does, or lose `data`."""
        try:
            return super().write(data)
        except OSError:
            return len(data)


class _Closed(io.TextIOBase):
    """A standard output that was closed before pepseq began: writing to it is an error."""

    def write(self, text: str) -> int:
        """Raise OutputError."""
        raise OutputError("stdout: is closed")


def set_up() -> None:
    """Replace standard output and standard error, and occupy the numbers of closed streams.

    No file that is opened later gets such a number: libraries write there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = _Closed() if sys.stdout is None else _replaced(sys.stdout, _Output(1, "w"))
    sys.stderr = sys.stderr and _replaced(sys.stderr, _Messages(2, "w"))


def _replaced(stream: io.TextIOBase, raw: io.FileIO) -> io.TextIOWrapper:
    lines = stream.isatty() or raw.fileno() == 2
    return io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, stream.errors, None, lines)


def flush() -> None:
    """Write what is left to the standard streams, as far as that can be."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, OutputError, ValueError, AttributeError):
            stream.flush()
