"""Outputs of all shards of a prediction, checked and joined to the outputs of one run."""

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.failures import FailedRecord, refuse_failed, write_failed
from pepseq.io.files import check_outputs, list_paths, open_input
from pepseq.io.json_files import read_json
from pepseq.io.outputs import Outputs
from pepseq.io.run_record import ARGV
from pepseq.prediction.residue_table import TABLE_HEADER
from pepseq.prediction.shards import HashingWriter, ProteinTally, Shard
from pepseq.sequences.fasta import format_fasta, read_fasta
from pepseq.templates.template_organisms import ORGANISMS_OF_TEMPLATES, SampleOrganisms

_VERSIONS = ("command", "pepseq", "python", "libraries")
_SHARD_FIELDS = {
    "number": int,
    "of": int,
    "proteins": int,
    "whole": dict,
    "fasta_sha256": str,
    "failed_sha256": str | None,
    "table": str | None,
}
"""Fields of `shard` in the settings of a run record, and their types."""
_MAX_SECONDS = 1e12


@dataclass(frozen=True)
class ShardOutputs:
    """The outputs of one shard, by its FASTA file and the content of its run record."""

    path: Path
    record: dict[str, Any]

    @property
    def shard(self) -> dict[str, Any]:
        """The shard's description in the run record."""
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
    def record_path(self) -> Path:
        """The file of the run record."""
        return Path(f"{self.path}.run.json")

    def files(self) -> list[Path]:
        """Return all its outputs."""
        every = (self.path, self.table, self.failed, self.record_path)
        return [path for path in every if path is not None]

    def run_identity(self) -> dict[str, Any]:
        """Return all that is equal in the shards of one run, by name."""
        settings = {k: v for k, v in self.record["settings"].items() if k != "shard"}
        return {
            **{name: self.record[name] for name in _VERSIONS},
            "input": [(file["bytes"], file["sha256"]) for file in self.record["inputs"]],
            **settings,
            "number of shards": self.shard["of"],
            "table": self.table is not None,
            **{name: self.shard[name] for name in ("whole", "failed_sha256")},
        }


@dataclass(frozen=True)
class Merged:
    """What `merge` did; `bad` are the records that were left out."""

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
    """Merge the FASTA files that `predict` wrote with `shard` into those of one run.

    `shards` are all of them, in any order, each with its run record beside it; their tables and
    lists of failed records are found from there. The files are byte for byte those of a run without
    shards on such a machine; the run record has the sum of the seconds and the number of shards
    (`merged`). `table` must be given if the shards have tables.

    Raises SettingsError, OutputError, and InputError: a shard missing, given twice, not of this
    run (settings, input, version), or not as it was written; and, after writing the good records,
    for records left out, unless `keep_going`.
    """
    paths = list_paths(shards, "shards", required=True)
    parts = sorted(map(_read_shard, paths), key=lambda part: part.shard["number"])
    _check_one_run(parts)
    if (table is None) != (parts[0].table is None):
        raise SettingsError(
            f"--table: the shards have {'no tables' if table else 'tables; give --table too'}"
        )
    outputs_of_run = [output] if table is None else [output, table]
    check_outputs(outputs_of_run, [path for part in parts for path in part.files()], force)
    whole = ProteinTally()
    bad = _read_failed(parts[0])
    with Outputs(force) as outputs:
        fasta = outputs.open(output, "proteins")
        rows = None if table is None else outputs.open(table, "residues")
        if rows:
            rows.write(TABLE_HEADER)
        for part in parts:
            _copy_shard(part, fasta, rows, whole)
        if whole.describe() != parts[0].shard["whole"]:
            raise InputError(f"{parts[0].path}: its shards do not add up to the whole input")
        write_failed(outputs, output, bad, whole.proteins)
        outputs.record(output, _merged_record(parts))
    refuse_failed(bad, whole.proteins, output, keep_going)
    return Merged(len(parts), whole.proteins, whole.residues, bad)


def _read_shard(path: str | Path) -> ShardOutputs:
    path = Path(path)
    record_path = Path(f"{path}.run.json")
    if not os.path.isfile(path):  # False too for a name that is longer than the system allows
        raise InputError(f"{path}: no such file, or the job that writes it is not done")
    if path.suffix == ".searches":
        raise InputError(
            f"{path}: expected the proteins of a shard, found searches of pepseq search; give them "
            "to pepseq predict --searches"
        )
    if not os.path.isfile(record_path):
        raise InputError(
            f"{path}: its run record {record_path.name} is missing; give the files that "
            "predict --shard wrote, with the run records beside them"
        )
    try:
        part = ShardOutputs(path, read_json(record_path))
        _check_record(part)
    except (InputError, SettingsError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{record_path}: expected the run record of predict --shard, found another"
        ) from error
    for file in part.files():
        if not os.path.isfile(file):
            raise InputError(f"{path}: expected {file} beside it, found none")
    return part


def _check_record(part: ShardOutputs) -> None:
    """Raise KeyError, TypeError, AttributeError or SettingsError if a record lacks something."""
    shard, record = part.shard, part.record
    kinds = [(shard[name], kind) for name, kind in _SHARD_FIELDS.items()]
    kinds += [(record["started"], str), (record["seconds"], int | float)]
    if shard["table"] is not None:
        kinds.append((shard["table_sha256"], str))
    for value, kind in kinds:
        if not isinstance(value, kind) or isinstance(value, bool):
            raise TypeError(f"expected {kind}, found {type(value)}")
    if not 0 <= record["seconds"] < _MAX_SECONDS:
        raise TypeError("expected seconds")
    Shard(shard["number"], shard["of"])
    part.run_identity()
    part.files()


def _check_one_run(parts: list[ShardOutputs]) -> None:
    """Raise InputError unless these are all shards of one run."""
    first = parts[0]
    expected = first.run_identity()
    for part in parts[1:]:
        identity = part.run_identity()
        for name in [*expected, *(identity.keys() - expected.keys())]:
            if identity.get(name) != expected.get(name):
                old, new = (
                    quoted(str(settings.get(name)), 80) for settings in (expected, identity)
                )
                raise InputError(
                    f"{part.path}: not of the same run as {first.path}: {name} was {old}, is {new}"
                )
    paths: dict[int, Path] = {}
    for part in parts:
        number = part.shard["number"]
        if number in paths:
            raise InputError(f"{paths[number]} and {part.path}: both are shard {number}")
        paths[number] = part.path
    absent = (number for number in range(1, first.shard["of"] + 1) if number not in paths)
    missing = list(islice(absent, 11))
    if missing:
        names = ", ".join(map(str, missing[:10])) + (" ..." if len(missing) > 10 else "")
        raise InputError(f"expected {first.shard['of']} shards, but these are missing: {names}")


def _copy_shard(
    part: ShardOutputs, fasta: IO[bytes], rows: IO[bytes] | None, whole: ProteinTally
) -> None:
    """Copy a shard's records, and their rows of its table if there are `rows` to write to."""
    content = HashingWriter(fasta)
    lengths = _copy_records(part, content, whole)
    if rows is None or part.table is None:
        for _ in lengths:
            pass
        _check_hash(part.path, content.sha256, part.shard["fasta_sha256"])
        return
    lines = HashingWriter(rows)
    with open_input(part.table) as stream:
        lines.hash_only(stream.readline())
        for length in lengths:
            lines.write(b"".join(islice(stream, length)))
        lines.hash_only(stream.read(1))  # nothing, unless the table is longer
    _check_hash(part.path, content.sha256, part.shard["fasta_sha256"])
    _check_hash(part.table, lines.sha256, part.shard["table_sha256"])


def _copy_records(part: ShardOutputs, content: HashingWriter, whole: ProteinTally) -> Iterator[int]:
    """Copy a shard's records, and yield the length of each."""
    for record in read_fasta(part.path) if part.shard["proteins"] else ():
        whole.add(record.id, len(record.sequence))
        content.write(format_fasta(record.header, record.sequence))
        yield len(record.sequence)


def _check_hash(path: Path, sha256: str, expected: str) -> None:
    if sha256 != expected:
        raise InputError(f"{path}: damaged or changed: its run record was written for another file")


def _read_failed(part: ShardOutputs) -> list[FailedRecord]:
    """Return the records that the run left out; each shard lists them all."""
    if part.failed is None:
        return []
    with open_input(part.failed) as stream:
        content = stream.read()
    _check_hash(part.failed, hashlib.sha256(content).hexdigest(), part.shard["failed_sha256"])
    rows = content.decode("utf-8", "surrogateescape").split("\n")[1:-1]
    bad = [row.split("\t", 3) for row in rows]
    return [FailedRecord(file, int(line), name, reason) for file, line, name, reason in bad]


def _merged_organisms(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the organisms of the templates of all shards, as an entry of the run record."""
    described = [record.get(ORGANISMS_OF_TEMPLATES) for record in records]
    total = SampleOrganisms()
    try:
        for part in described:
            if part is None:
                return {}
            total = total.plus(SampleOrganisms.read(part))
    except (KeyError, TypeError, ValueError):
        return {ORGANISMS_OF_TEMPLATES: None}
    return {ORGANISMS_OF_TEMPLATES: total.describe()}


def _merged_record(parts: list[ShardOutputs]) -> dict[str, Any]:
    """Return the run record of the whole."""
    records = [part.record for part in parts]
    settings = {k: v for k, v in records[0]["settings"].items() if k != "shard"}
    argv = ARGV.get()
    organisms = _merged_organisms(records)
    return records[0] | {
        "argv": None if argv is None else ["pepseq", *argv],
        "settings": settings,
        **organisms,
        "started": min(record["started"] for record in records),
        "seconds": round(sum(record["seconds"] for record in records), 3),
        "merged": {
            "shards": len(parts),
            "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        },
    }
