"""A folder of structures that fills up file by file, with a table that lists the files.

`structures.tsv` says which files are pepseq's: all others are the user's, and are neither written
nor removed. So a row, with the SHA-256 of its file, is written before the file gets its name, and
rows that are made again stay, as outdated, until the run ends. A run that was killed, at whatever
moment, leaves no file that is not listed, and the next one resumes it: a row counts if its file
has its SHA-256. Each run has a work folder of its own, so that a program that outlives a killed
run writes no file of another run.
"""

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pepseq.errors import InputError, OutputError, SettingsError
from pepseq.io.atomic_files import disk_errors, locked, publish_file
from pepseq.io.failures import FailedRecord, format_failed, refuse_failed
from pepseq.io.files import check_outputs, check_path
from pepseq.io.json_files import decode_json
from pepseq.io.outputs import Outputs
from pepseq.io.run_record import describe_outputs, sha256, to_json
from pepseq.io.tables import format_tsv
from pepseq.structure.file_names import FileNames
from pepseq.structure.model_names import TABLE

DONE = "done"
OUTDATED = "outdated"
"""State of a row of an earlier run whose protein is processed again."""
_FILE_COLUMNS = "file", "confidences"
_NEEDED = "id", "file", "state", "file_sha256"
"""Columns without which a table is not of this kind."""
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,250}")
_WORK_FOLDER = ".work"

Row = dict[str, str]


class StructureFolder:
    """The structures of a folder by the id of their protein.

    rows: of each id the rows of the table, in the order in which they were added.
    names: the owners of the names of files, as `owner` gives them.
    work: folder of this run for intermediate files, removed when the run ends.
    """

    def __init__(self, folder: Path, columns: Sequence[str], work: Path):
        self.folder, self.work = folder, work
        self._columns = tuple(columns)
        self._table = folder / TABLE
        self._table_is_written = False
        self.rows: dict[str, list[Row]] = {}
        self._outdated: dict[str, list[Row]] = {}
        self.names = FileNames()

    def read(self, force: bool) -> None:
        """Read the rows of earlier runs, with `force` as outdated ones.

        Without `force`, raises InputError if the table has other columns, and OutputError if there
        is no table but other files.
        """
        text = self._table.read_text("utf-8", "surrogateescape") if self._table.exists() else ""
        header, *lines = text.split("\n")
        files = {path.name for path in self.folder.iterdir() if not path.name.startswith(".")}
        names = header.split("\t")
        is_ours = set(_NEEDED) <= set(names) <= set(self._columns)
        if not header and files and not force:
            raise OutputError(
                f"{self.folder}: this folder has files but no {TABLE}; give an empty or new "
                "folder, or --force to write into this one"
            )
        if header and not is_ours and not force:
            raise InputError(
                f"{self._table}:1: this table was written by another command; its columns should "
                "be "
                f"{', '.join(self._columns)}. Give another folder, or --force"
            )
        listed = set()
        for row in self._parse(names, lines) if is_ours else ():
            outdated = force or row["state"] == OUTDATED
            (self._outdated if outdated else self.rows).setdefault(row["id"], []).append(row)
            for file in files_of(row):
                listed.add(file)
                self.names.register(file, owner(row))
        for file in files - listed:
            self.names.register(file, None)

    def _parse(self, names: list[str], lines: Iterable[str]) -> Iterator[Row]:
        """Yield the rows that are whole, and name files as pepseq does.

        Columns that an earlier version did not write are empty.
        """
        for line in lines:
            row = dict(zip(names, line.split("\t"), strict=False))
            if len(row) == len(names) and all(map(_FILE_NAME.fullmatch, files_of(row))):
                yield dict.fromkeys(self._columns, "") | row

    def is_whole(self, row: Row) -> bool:
        """Return whether the file of a row has the SHA-256 that the row gives."""
        path = self.folder / row["file"]
        return bool(row["file"]) and is_regular(path) and sha256(path) == row["file_sha256"]

    def mark_outdated(self, ids: Iterable[str]) -> None:
        """Take the rows of `ids` as outdated; the table changes when the first row is added."""
        for name in ids:
            self._outdated.setdefault(name, []).extend(self.rows.pop(name, []))

    def add(self, name: str, rows: list[Row]) -> None:
        """Append the rows of a protein to the table; `publish` its files next."""
        self.rows[name] = [
            {column: row.get(column, "") for column in self._columns} for row in rows
        ]
        if self._table_is_written:
            with disk_errors(self._table), open(self._table, "ab") as stream:
                stream.write(self._format(rows))
            return
        old = {i: _outdated(o) for i, o in self._outdated.items() if i not in self.rows}
        self._write(self.rows | old)
        self._table_is_written = True

    def publish(self, source: Path, name: str) -> None:
        """Give a finished file the name that its row has."""
        with disk_errors(self.folder / name):
            publish_file(source, self.folder / name)

    def finish(self, order: Iterable[str], inputs: Iterable[str | Path] = ()) -> None:
        """Put the rows in the order of the input, those of other proteins last.

        Outdated rows stay where a protein of the input has no other. Files of the other outdated
        rows that are in no row any more and have not been changed are removed, unless they are
        `inputs`. If no row is valid, the table stays as it is.
        """
        if not self.rows:
            return
        rows = {}
        for name in order:
            if of_protein := self.rows.get(name) or _outdated(self._outdated.get(name, [])):
                rows[name] = of_protein
        rows |= self.rows
        used = {file.casefold() for of in rows.values() for row in of for file in files_of(row)}
        used |= {Path(path).name.casefold() for path in inputs}
        old = [row for of in self._outdated.values() for row in of if self.is_whole(row)]
        for file in {file for row in old for file in files_of(row) if file.casefold() not in used}:
            (self.folder / file).unlink(missing_ok=True)
        self._write(rows)

    def _write(self, rows: dict[str, list[Row]]) -> None:
        lines = [row for of_protein in rows.values() for row in of_protein]
        with Outputs() as outputs:
            content = format_tsv([self._columns]) + self._format(lines)
            outputs.add(self._table, content, "structure table")

    def _format(self, rows: list[Row]) -> bytes:
        return format_tsv(
            [re.sub(r"[\t\r\n]", " ", row.get(column, "")) for column in self._columns]
            for row in rows
        )


def _outdated(rows: list[Row]) -> list[Row]:
    return [row | {"state": OUTDATED} for row in rows]


def files_of(row: Row) -> list[str]:
    """Return the files that a row names."""
    return [row[column] for column in _FILE_COLUMNS if row.get(column)]


def owner(row: Row) -> str:
    """Return the owner of the files of a row: the address they come from, or the protein."""
    return row.get("url") or row["id"]


@contextmanager
def open_folder(
    output: str | Path, columns: Sequence[str], inputs: list[str | Path], force: bool
) -> Iterator[StructureFolder]:
    """Yield the folder `output` with the rows of earlier runs; with `force`, without them.

    A new folder into which nothing was put is gone afterwards.

    Raises OutputError if it holds other files and not `force`, or is not a folder, InputError if
    its table is another one, TryAgainError while another run writes it.
    """
    check_path(output, "output")
    path = Path(output)
    root = path / _WORK_FOLDER
    check_outputs([path], inputs, True, folder=True)
    check_outputs([path / TABLE], inputs, True)
    for given in map(os.path.realpath, inputs):
        if Path(os.path.realpath(root)) in Path(given).parents:
            raise SettingsError(f"{root}: this folder is for intermediate files; move the input")
    with locked(path):
        new = not path.exists()
        try:
            with disk_errors(path):
                path.mkdir(parents=True, exist_ok=True)
                shutil.rmtree(root, ignore_errors=True)
                root.mkdir(exist_ok=True)
                folder = StructureFolder(path, columns, Path(tempfile.mkdtemp(dir=root)))
                folder.read(force)
            yield folder
        finally:
            shutil.rmtree(root, ignore_errors=True)
            if new:
                with suppress(OSError):
                    path.rmdir()


def write_run_record(
    output: str | Path,
    record: dict[str, Any],
    bad: list[FailedRecord],
    *,
    good: int,
    worked: bool,
    force: bool,
) -> None:
    """Write the run record of a folder, and the list of `bad` records.

    A call that had nothing to do (not `worked`) leaves the record of the one that did the work;
    one that did a part keeps the records before it, the oldest first, as `earlier`, unless `force`
    made all again. With no `good` protein there is no record.
    """
    path, failed = Path(f"{Path(output)}.run.json"), f"{Path(output)}.failed.tsv"
    table = Path(output) / TABLE
    with Outputs() as outputs:
        outputs.add(failed, format_failed(bad), "failed records") if bad else outputs.drop(failed)
        if good and (worked or not path.exists()):
            earlier = [] if force else _earlier_records(path)
            record |= {"outputs": describe_outputs([(str(table), "structure table", table)])}
            record |= {"earlier": earlier} if earlier else {}
            outputs.add(path, to_json(record), "run record")


def refuse_bad_proteins(
    bad: list[FailedRecord], good: int, output: str | Path, keep_going: bool
) -> None:
    """Raise InputError if proteins are bad and not `keep_going`, or if all are bad."""
    if bad and not good:
        raise InputError(
            f"none of {len(bad)} proteins could be done: {bad[0]}; the reasons are in "
            f"{Path(output)}.failed.tsv"
        )
    refuse_failed(bad, good, output, keep_going)


def _earlier_records(path: Path) -> list[dict[str, Any]]:
    """Return the run records of the calls before, none if there is no whole one."""
    with suppress(OSError, ValueError, AttributeError):
        last = decode_json(path.read_bytes())
        return [*last.pop("earlier", []), last]
    return []


def is_regular(path: str | Path) -> bool:
    """Return whether a path is a file itself: no link, folder or pipe."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def format_cell(value: float | int | str | None, digits: int = 3) -> str:
    """Return a value as it stands in a table: nothing for None, `digits` decimals of a float."""
    if value is None:
        return ""
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)
