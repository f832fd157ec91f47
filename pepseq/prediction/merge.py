"""The outputs of all shards of a prediction, checked and put together as one run writes them."""

import hashlib
import os
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pepseq.errors import InputError, SettingsError, found
from pepseq.io.failures import FailedRecord, refuse_failed, write_failed
from pepseq.io.files import check_outputs, open_input
from pepseq.io.json_files import read_json
from pepseq.io.outputs import Outputs
from pepseq.prediction.reconstruction import TABLE_COLUMNS
from pepseq.prediction.shards import Hashed, Shard, Tally
from pepseq.sequences.fasta import format_fasta, read_fasta

_VERSIONS = ("command", "pepseq", "python", "libraries")
_SHARD = {
    "number": int,
    "of": int,
    "proteins": int,
    "whole": dict,
    "fasta_sha256": str,
    "failed_sha256": str | None,
    "table": str | None,
}
"""What a record says of its shard, and of which type."""
_LONGEST = 1e12
_HEAD = ("\t".join(TABLE_COLUMNS) + "\n").encode()


@dataclass(frozen=True)
class Part:
    """The output of one shard: its FASTA, and what its run record says."""

    path: Path
    record: dict

    @property
    def shard(self) -> dict:
        """What the record says of the shard."""
        return self.record["settings"]["shard"]

    @property
    def table(self) -> Path | None:
        """The table of residues, if there is one."""
        name = self.shard["table"]
        return None if name is None else Path(os.path.normpath(self.path.parent / name))

    @property
    def failed(self) -> Path | None:
        """The list of records left out, if there is one."""
        return Path(f"{self.path}.failed.tsv") if self.shard["failed_sha256"] else None

    @property
    def beside(self) -> Path:
        """The run record."""
        return Path(f"{self.path}.run.json")

    def files(self) -> list[Path]:
        """Return all its outputs."""
        every = (self.path, self.table, self.failed, self.beside)
        return [path for path in every if path is not None]

    def same(self) -> dict:
        """Return what all shards of a run have in common, by name."""
        settings = {k: v for k, v in self.record["settings"].items() if k != "shard"}
        return {
            **{name: self.record[name] for name in _VERSIONS},
            "input": [(one["bytes"], one["sha256"]) for one in self.record["inputs"]],
            **settings,
            "number of shards": self.shard["of"],
            "table": self.table is not None,
            **{name: self.shard[name] for name in ("whole", "failed_sha256")},
        }


@dataclass(frozen=True)
class Merged:
    """What `merge` did."""

    shards: int
    proteins: int
    residues: int
    bad: list[FailedRecord]


def merge(
    shards: Sequence[str | Path],
    output: str | Path,
    *,
    table: str | Path | None = None,
    force: bool = False,
    keep_going: bool = False,
) -> Merged:
    """Put the FASTA files that `predict` wrote with `shard` together as one run writes them.

    `shards` are all of them, in any order, each with its run record beside it; their tables and
    lists of failed records are found from there. The files are the same byte for byte as those of a
    run that was not sharded on such a machine; the run record has the sum of the seconds and says
    how many shards were `merged`. `table` must be given if the shards have tables.

    Raises SettingsError, OutputError, and InputError: a shard missing, given twice, not of this
    run (settings, input, version), or not as it was written; and, after writing the good records,
    for records left out, unless `keep_going`.
    """
    parts = sorted(map(_read_part, shards), key=lambda part: part.shard["number"])
    if not parts:
        raise SettingsError("merge: expected the outputs of shards, found none")
    _check_parts(parts)
    if (table is None) != (parts[0].table is None):
        raise SettingsError(f"--table: the shards have {'no tables' if table else 'tables too'}")
    wanted = [output] if table is None else [output, table]
    check_outputs(wanted, [path for part in parts for path in part.files()], force)
    whole = Tally()
    bad = _read_failed(parts[0])
    with Outputs(force) as outputs:
        fasta = outputs.open(output, "proteins")
        rows = None if table is None else outputs.open(table, "residues")
        if rows:
            rows.write(_HEAD)
        for part in parts:
            _copy(part, fasta, rows, whole)
        if whole.described() != parts[0].shard["whole"]:
            raise InputError(f"{parts[0].path}: its shards do not add up to the whole input")
        write_failed(outputs, output, bad, whole.proteins)
        outputs.record(output, _record(parts))
    refuse_failed(bad, whole.proteins, output, keep_going)
    return Merged(len(parts), whole.proteins, whole.residues, bad)


def _read_part(path: str | Path) -> Part:
    path = Path(path)
    beside = Path(f"{path}.run.json")
    if not os.path.isfile(path):  # False too for a name that is longer than the system allows
        raise InputError(f"{path}: no such file, or the job that writes it is not done")
    if not os.path.isfile(beside):
        raise InputError(f"{path}: expected its run record {beside.name}, found none")
    try:
        part = Part(path, read_json(beside))
        _check_record(part)
    except (InputError, SettingsError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{beside}: expected the run record of predict --shard, found another"
        ) from error
    for file in part.files():
        if not os.path.isfile(file):
            raise InputError(f"{path}: expected {file} beside it, found none")
    return part


def _check_record(part: Part) -> None:
    """Raise KeyError, TypeError, AttributeError or SettingsError if a record lacks something."""
    shard, record = part.shard, part.record
    kinds = [(shard[name], kind) for name, kind in _SHARD.items()]
    kinds += [(record["started"], str), (record["seconds"], int | float)]
    if shard["table"] is not None:
        kinds.append((shard["table_sha256"], str))
    for value, kind in kinds:
        if not isinstance(value, kind) or isinstance(value, bool):
            raise TypeError(f"expected {kind}, found {type(value)}")
    if not 0 <= record["seconds"] < _LONGEST:
        raise TypeError("expected seconds")
    Shard(shard["number"], shard["of"])
    part.same(), part.files()


def _check_parts(parts: list[Part]) -> None:
    """Raise InputError unless these are all shards of one run."""
    first = parts[0]
    expected = first.same()
    for part in parts[1:]:
        now = part.same()
        for name in [*expected, *(now.keys() - expected.keys())]:
            if now.get(name) != expected.get(name):
                was, now_is = (found(str(one.get(name)), 80) for one in (expected, now))
                raise InputError(
                    f"{part.path}: not of the same run as {first.path}: {name} was {was}, is "
                    f"{now_is}"
                )
    places = {}
    for part in parts:
        number = part.shard["number"]
        if number in places:
            raise InputError(f"{places[number]} and {part.path}: both are shard {number}")
        places[number] = part.path
    absent = (number for number in range(1, first.shard["of"] + 1) if number not in places)
    missing = list(islice(absent, 11))
    if missing:
        names = ", ".join(map(str, missing[:10])) + (" ..." if len(missing) > 10 else "")
        raise InputError(f"expected {first.shard['of']} shards, found none for {names}")


def _copy(part: Part, fasta, rows, whole: Tally) -> None:
    """Copy a shard's records, and their rows of its table if there are `rows` to write to."""
    content, lines = Hashed(fasta), Hashed(rows)
    records = read_fasta(part.path) if part.shard["proteins"] else ()
    with nullcontext() if rows is None else open_input(part.table) as stream:
        if rows is not None:
            lines.note(stream.readline())
        for record in records:
            whole.add(record.id, len(record.sequence))
            content.write(format_fasta(record.header, record.sequence))
            if rows is not None:
                lines.write(b"".join(islice(stream, len(record.sequence))))
        if rows is not None:
            lines.note(stream.read(1))  # none is left
    _check_hash(part.path, content, part.shard["fasta_sha256"])
    if rows is not None:
        _check_hash(part.table, lines, part.shard["table_sha256"])


def _check_hash(path: Path, copied: Hashed, expected: str) -> None:
    if copied.sha256 != expected:
        raise InputError(f"{path}: damaged or changed: its run record was written for another file")


def _read_failed(part: Part) -> list[FailedRecord]:
    """Return the records that the run left out; each shard lists them all."""
    if part.failed is None:
        return []
    with open_input(part.failed) as stream:
        content = stream.read()
    if hashlib.sha256(content).hexdigest() != part.shard["failed_sha256"]:
        raise InputError(
            f"{part.failed}: damaged or changed: its run record was written for another file"
        )
    rows = content.decode("utf-8", "surrogateescape").split("\n")[1:-1]
    bad = [row.split("\t", 3) for row in rows]
    return [FailedRecord(file, int(line), name, reason) for file, line, name, reason in bad]


def _record(parts: list[Part]) -> dict:
    """Return the run record of the whole."""
    records = [part.record for part in parts]
    settings = {k: v for k, v in records[0]["settings"].items() if k != "shard"}
    return records[0] | {
        "settings": settings,
        "started": min(record["started"] for record in records),
        "seconds": round(sum(record["seconds"] for record in records), 3),
        "merged": {
            "shards": len(parts),
            "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        },
    }
