"""A folder of structures that fills up file by file, with a table of whose file each is.

A file appears whole under its name before its row is appended to `structures.tsv`, so that a run
that was killed, in whatever way, leaves rows of whole files alone, and the next run goes on.
"""

import hashlib
import logging
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pepseq.errors import InputError, OutputError
from pepseq.files import Outputs, check_free, disk_errors, locked, sha256
from pepseq.structure.names import TABLE, read_listed, safe_name

log = logging.getLogger(__name__)
DONE = "done"
_LONGEST_STEM = 100
_WORK = ".work"

Row = dict[str, str]


class StructureFolder:
    """The structures of a folder by the id of their protein.

    rows: of each id the rows of the table, in the order in which they came.
    """

    def __init__(self, folder: Path, columns: Sequence[str]):
        self.folder, self._columns = folder, tuple(columns)
        self.work = folder / _WORK
        self._table = folder / TABLE
        self.rows: dict[str, list[Row]] = {}
        self._before = set(read_listed(folder).values())

    def read(self) -> None:
        """Read the rows of earlier runs; InputError if the table is another one."""
        text = self._table.read_text("utf-8", "surrogateescape") if self._table.exists() else ""
        header, *lines = text.split("\n")
        others = (path for path in self.folder.iterdir() if not path.name.startswith("."))
        if not header and any(others):
            raise OutputError(
                f"{self.folder}: expected an empty folder or one with {TABLE}, found other files; "
                "--force writes into it"
            )
        if header and tuple(header.split("\t")) != self._columns:
            raise InputError(
                f"{self._table}:1: expected the columns {', '.join(self._columns)}, found others; "
                "give another folder, or --force"
            )
        for line in lines:
            cells = line.split("\t")
            if len(cells) == len(self._columns):
                row = dict(zip(self._columns, cells, strict=True))
                self.rows.setdefault(row["id"], []).append(row)

    def is_whole(self, row: Row) -> bool:
        """Return whether a row's file is here as it was written."""
        path = self.folder / row["file"]
        return bool(row["file"]) and path.is_file() and sha256(path) == row["file_sha256"]

    def keep(self, ids: Iterable[str]) -> None:
        """Drop the rows of `ids`, which are done anew, and write the table of the others."""
        for name in ids:
            self.rows.pop(name, None)
        self._write(self.rows)

    def add(self, name: str, rows: list[Row]) -> None:
        """Append the rows of a protein, whose files are here, to the table."""
        self.rows[name] = [
            {column: row.get(column, "") for column in self._columns} for row in rows
        ]
        with disk_errors(self._table), open(self._table, "ab") as stream:
            stream.write(_encode("".join(map(self._line, rows))))

    def publish(self, source: Path, name: str) -> str:
        """Give a whole file its name, and return its SHA-256."""
        with disk_errors(self.folder / name):
            with open(source, "rb+") as stream:
                os.fsync(stream.fileno())
            digest = sha256(source)
            source.replace(self.folder / name)
        return digest

    def finish(self, order: Iterable[str]) -> None:
        """Put the rows in the order of the input, those of other proteins last.

        Files of earlier runs that are in no row any more are removed.
        """
        first = {name: self.rows[name] for name in order if name in self.rows}
        self._write(first | self.rows)
        for path in self._before - set(read_listed(self.folder).values()):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.work, ignore_errors=True)

    def _write(self, rows: dict[str, list[Row]]) -> None:
        lines = [self._line(row) for of_one in rows.values() for row in of_one]
        with Outputs() as outputs:
            outputs.add(self._table, _encode("\t".join(self._columns) + "\n" + "".join(lines)))

    def _line(self, row: Row) -> str:
        cells = (" ".join(row.get(column, "").split()) for column in self._columns)
        return "\t".join(cells) + "\n"


@contextmanager
def open_folder(
    output: str | Path, columns: Sequence[str], inputs: list[str | Path], force: bool
) -> Iterator[StructureFolder]:
    """Yield the folder `output` with the rows of earlier runs; with `force`, without them.

    Raises OutputError if it holds other files and not `force`, or is no folder, InputError if its
    table is another one, TryAgainError while another run writes it.
    """
    check_free([output], inputs, True, folder=True)
    path = Path(output)
    with locked(path):
        with disk_errors(path):
            path.mkdir(parents=True, exist_ok=True)
            folder = StructureFolder(path, columns)
            if force:
                shutil.rmtree(folder.work, ignore_errors=True)
            else:
                folder.read()
            folder.work.mkdir(exist_ok=True)
        yield folder


def file_stems(ids: Sequence[str]) -> dict[str, str]:
    """Return a file name without suffix for each id: safe, short, and different in any case.

    Symbols other than A-Z, a-z, 0-9, `_`, `.` and `-` become `_`, so does a `.` or `-` in front.
    Where that makes two the same, but for case, or the id is longer than 100 symbols, 8 digits of
    its SHA-256 follow.

    >>> file_stems(["sp|P12345|AATM_RABIT", "../../etc/x"])["../../etc/x"]
    '_._.._etc_x'
    """
    stems = {name: re.sub(r"^[.-]", "_", safe_name(name)[:_LONGEST_STEM]) for name in ids}
    seen: dict[str, int] = {}
    for stem in stems.values():
        seen[stem.casefold()] = seen.get(stem.casefold(), 0) + 1
    for name, stem in stems.items():
        if seen[stem.casefold()] > 1 or len(name) > _LONGEST_STEM:
            stems[name] = f"{stem}-{text_sha256(name)[:8]}"
    return stems


def text_sha256(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal."""
    return hashlib.sha256(_encode(text)).hexdigest()


def cell(value: float | int | str | None, digits: int = 3) -> str:
    """Return what stands in a table for a value: nothing for None."""
    return (
        "" if value is None else f"{value:.{digits}f}" if isinstance(value, float) else str(value)
    )


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
