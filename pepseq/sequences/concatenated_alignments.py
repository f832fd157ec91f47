"""Files of several alignments, one after the other, as the server of ColabFold sends them.

MMseqs2 ends each alignment with a NUL byte, which then is in front of the first row of the next.
"""

import io
import logging
from pathlib import Path

from pepseq.errors import InputError

log = logging.getLogger(__name__)


class OneAlignment:
    """The lines of the alignment with this `number`, from 1; lines before it are read as empty.

    So line numbers are those of the file.
    """

    def __init__(self, path: str | Path, stream: io.BufferedReader, number: int):
        self._path, self._stream, self._number = path, stream, number
        self._count, self._line_ended = 1, True

    def readline(self, size: int = -1, /) -> bytes:
        """Return the next line, or `size` bytes of it; empty at the end of the file.

        Raises InputError at the end of a file that has fewer alignments.
        """
        while piece := self._stream.readline(size):
            begins_line, self._line_ended = self._line_ended, piece.endswith(b"\n")
            if begins_line and piece.startswith(b"\0"):
                piece = piece.lstrip(b"\0")
                self._count += bool(piece.strip())
            if self._count < self._number and self._line_ended:
                return b"\n"
            if self._count == self._number and piece:
                return piece
        self._check_count()
        return b""

    def _check_count(self) -> None:
        if self._number > self._count:
            raise InputError(
                f"{self._path}: expected {self._number} alignments or more, found {self._count}"
            )
        if self._count > 1:
            log.info("%s: read alignment %d of %d", self._path, self._number, self._count)
