"""Files of several alignments, one after the other, as the server of ColabFold sends them.

MMseqs2 ends each with a NUL byte, which then stands before the first row of the next one.
"""

import io
import logging
from pathlib import Path

from pepseq.errors import InputError

log = logging.getLogger(__name__)


class OneAlignment:
    """The lines of one alignment of a stream; those before it are empty, so that numbers hold.

    wanted: number of the alignment, from 1.
    """

    def __init__(self, path: str | Path, stream: io.BufferedReader, wanted: int):
        self._path, self._stream, self._wanted = path, stream, wanted
        self._count, self._fresh = 1, True

    def readline(self, size: int) -> bytes:
        """Return the next line, or `size` bytes of it; none at the end, when the count is logged.

        Raises InputError at the end of a file that has fewer alignments.
        """
        while line := self._stream.readline(size):
            begins, self._fresh = self._fresh, line.endswith(b"\n")
            if begins and line.startswith(b"\0"):
                line = line.lstrip(b"\0")
                self._count += bool(line.strip())
            if self._count < self._wanted and self._fresh:
                return b"\n"
            if self._count == self._wanted and line:
                return line
        self._tell()
        return b""

    def _tell(self) -> None:
        if self._wanted > self._count:
            raise InputError(
                f"{self._path}: expected {self._wanted} alignments or more, found {self._count}"
            )
        if self._count > 1:
            log.info("%s: %d alignments, number %d is read", self._path, self._count, self._wanted)
