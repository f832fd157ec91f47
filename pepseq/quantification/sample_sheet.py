"""Sample sheets: samples with their tables, conditions and replicates."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.compression import without_suffix
from pepseq.io.outputs import STDIO
from pepseq.io.tables import read_columns, read_table
from pepseq.quantification.sample_table import Labels

_TABLE_SUFFIXES = (".tsv", ".csv", ".txt", ".parquet")


@dataclass(frozen=True)
class SampleSheet:
    """The samples of a sheet, in its order; `tables` and the labels are None without a column."""

    source: str
    samples: list[str]
    tables: list[Path] | None
    labels: Labels


def read_sample_sheet(path: str | Path) -> SampleSheet:
    """Return the samples of a table with the column sample, and optional ones.

    table: path of the sample's table, relative to the sheet; condition, replicate: labels of the
    sample. Raises InputError for a column that is missing, an empty cell, no rows, and a sample or
    a table that occurs twice.
    """
    if str(path) == STDIO:
        raise SettingsError("samples: expected a file, found - (stdin)")
    header = [name.strip() for name in read_columns(path)]
    optional = [name for name in ("table", "condition", "replicate") if name in header]
    rows = list(read_table(path, ("sample", *optional)))
    if not rows:
        raise InputError(f"{path}: expected rows below the header, found none")
    columns = {
        name: [cells[place] for _, cells in rows]
        for place, name in enumerate(("sample", *optional))
    }
    samples = columns["sample"]
    tables = None
    if "table" in columns:
        tables = [Path(path).parent / name for name in columns["table"]]
    places = [f"{path}:{line}" for line, _ in rows]
    if STDIO in columns.get("table", []):
        place = places[columns["table"].index(STDIO)]
        raise InputError(f"{place}: table: expected a file, found - (stdin)")
    _refuse_repeated(places, "sample", samples)
    _refuse_repeated(places, "table", [os.path.realpath(table) for table in tables or ()])
    labels = [
        dict(zip(samples, columns[name], strict=True)) if name in columns else None
        for name in ("condition", "replicate")
    ]
    return SampleSheet(str(path), samples, tables, Labels(*labels))


def _refuse_repeated(places: list[str], kind: str, names: list[str]) -> None:
    first: dict[str, str] = {}
    for place, name in zip(places, names, strict=False):
        if name in first:
            raise InputError(f"{place}: {kind} {quoted(name)} occurs twice, first in {first[name]}")
        first[name] = place


def sample_name(path: str | Path) -> str:
    """Return the name of a sample: that of the file of its table, without suffixes.

    >>> sample_name("amounts/day1.a.tsv.gz")
    'day1.a'
    """
    name = os.path.basename(without_suffix(path))
    for suffix in _TABLE_SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def tables_of_samples(
    tables: Sequence[str | Path], sheet: SampleSheet | None
) -> dict[str, str | Path]:
    """Return the table of each sample by its name, in the order of the sheet, else as given.

    Raises SettingsError for tables that are given twice or not at all; InputError for two tables of
    one name, and for a table that the sheet has no row for.
    """
    in_sheet = sheet is not None and sheet.tables is not None
    if bool(tables) == in_sheet:
        found = "both" if tables else "none"
        raise SettingsError(
            "tables: expected tables as arguments, or in the column table of a sample sheet "
            f"(--samples), found {found}"
        )
    if sheet is not None and sheet.tables is not None:
        return dict(zip(sheet.samples, sheet.tables, strict=True))
    named: dict[str, str | Path] = {}
    for path in tables:
        name = sample_name(path)
        if name in named:
            raise InputError(
                f"{named[name]} and {path}: both are sample {quoted(name)}; name the samples in a "
                "table with the columns sample and table, and give it with --samples"
            )
        named[name] = path
    if sheet is None:
        return named
    for name, path in named.items():
        if name not in sheet.samples:
            raise InputError(
                f"{sheet.source}: expected a row with the sample {quoted(name)} (of {path}), found "
                f"{quoted(', '.join(sheet.samples), 80)}"
            )
    return {name: named[name] for name in sheet.samples if name in named}
