"""A folder of structures that fills up file by file, with a table of whose file each is.

A file appears whole under its name before its row is appended to `structures.tsv`, so that a run
that was killed, in whatever way, leaves rows of whole files alone, and the next run goes on. Each
run has a work folder of its own: a program that outlives a killed run writes none of another's.
"""

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pepseq.errors import InputError, OutputError
from pepseq.files import Outputs, check_free, disk_errors, locked, sha256, to_json
from pepseq.sequences.fasta import BadRecord, format_failed
from pepseq.structure.names import TABLE, read_listed, safe_name

log = logging.getLogger(__name__)
DONE = "done"
_LONGEST_STEM = 100
_WORK = ".work"

Row = dict[str, str]


class StructureFolder:
    """The structures of a folder by the id of their protein.

    rows: of each id the rows of the table, in the order in which they came.
    work: a folder of this run alone for files on the way, which goes when the run ends.
    """

    def __init__(self, folder: Path, columns: Sequence[str], work: Path):
        self.folder, self._columns = folder, tuple(columns)
        self.work, self._begun = work, False
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
        """Drop the rows of `ids`, which are done anew; the table stays until the first is."""
        for name in ids:
            self.rows.pop(name, None)

    def add(self, name: str, rows: list[Row]) -> None:
        """Append the rows of a protein, whose files are here, to the table."""
        self.rows[name] = [
            {column: row.get(column, "") for column in self._columns} for row in rows
        ]
        if not self._begun:
            self._write(self.rows)
            self._begun = True
            return
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

        Files of earlier runs that are in no row any more are removed. Without any row, all stays as
        it was.
        """
        if not self.rows:
            return
        first = {name: self.rows[name] for name in order if name in self.rows}
        self._write(first | self.rows)
        for path in self._before - set(read_listed(self.folder).values()):
            path.unlink(missing_ok=True)

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

    A new folder into which nothing was put is gone afterwards.

    Raises OutputError if it holds other files and not `force`, or is no folder, InputError if its
    table is another one, TryAgainError while another run writes it.
    """
    check_free([output], inputs, True, folder=True)
    path = Path(output)
    with locked(path):
        new = not path.exists()
        root = path / _WORK
        try:
            with disk_errors(path):
                path.mkdir(parents=True, exist_ok=True)
                shutil.rmtree(root, ignore_errors=True)
                root.mkdir(exist_ok=True)
                folder = StructureFolder(path, columns, Path(tempfile.mkdtemp(dir=root)))
                if not force:
                    folder.read()
            yield folder
        finally:
            shutil.rmtree(root, ignore_errors=True)
            if new:
                with suppress(OSError):
                    path.rmdir()


def write_beside(
    output: str | Path,
    record: dict,
    bad: list[BadRecord],
    *,
    good: int,
    worked: bool,
    force: bool,
) -> None:
    """Write what lies beside a folder: its run record, and the list of `bad` records.

    A call that had nothing to do (not `worked`) leaves the record of the one that did the work;
    one that did a part keeps the records before it, the oldest first, as `earlier`, unless `force`
    made all anew. With no `good` protein there is no record.
    """
    path, failed = Path(f"{Path(output)}.run.json"), f"{Path(output)}.failed.tsv"
    with Outputs() as outputs:
        outputs.add(failed, format_failed(bad)) if bad else outputs.drop(failed)
        if good and (worked or not path.exists()):
            earlier = [] if force else _earlier(path)
            outputs.add(path, to_json(record | ({"earlier": earlier} if earlier else {})))


def refuse_none_good(bad: list[BadRecord], good: int, output: str | Path) -> None:
    """Raise InputError if every protein is bad: there is nothing to keep going with."""
    if bad and not good:
        raise InputError(
            f"none of {len(bad)} proteins could be done: {bad[0]}; the reasons are in "
            f"{Path(output)}.failed.tsv"
        )


def _earlier(path: Path) -> list[dict]:
    """Return the run records of the calls before, none if there is no whole one."""
    with suppress(OSError, ValueError, AttributeError):
        last = json.loads(path.read_bytes())
        return [*last.pop("earlier", []), last]
    return []


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
