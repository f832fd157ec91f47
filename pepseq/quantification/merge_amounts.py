"""The amounts of several samples, which `quantify` estimated one by one, as one table."""

import logging
import os
import time
from collections.abc import Container, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pepseq.errors import SettingsError
from pepseq.io.compression import without_suffix
from pepseq.io.dataframes import check_frame_name, format_frame
from pepseq.io.files import check_inputs, check_outputs, list_paths
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.run_record import run_record
from pepseq.quantification.merge_config import MergeAmountsConfig
from pepseq.quantification.recorded_settings import check_same_settings
from pepseq.quantification.sample_sheet import read_sample_sheet, tables_of_samples
from pepseq.quantification.sample_table import (
    JoinedSamples,
    Labels,
    format_msstats,
    join_samples,
    long_sample_table,
    msstats_table,
    samples_as_columns,
)
from pepseq.settings import check_config

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)
_FAILED = ".failed.tsv"


@dataclass(frozen=True)
class MergedAmounts:
    """What `merge_amount_tables` did.

    groups, left_out: numbers of groups in the table, and of those that are in fewer samples with a
        q-value up to `max_q` than required.
    missing: number of pairs of a sample and a group of the table that the sample's table lacks.
    largest_q: of all groups of all samples; 0 without q-values.
    """

    table: "pd.DataFrame"
    samples: tuple[str, ...]
    groups: int
    left_out: int
    missing: int
    largest_q: float


def merge_amounts(
    samples: Mapping[str, Any],
    *,
    conditions: Mapping[str, str] | None = None,
    replicates: Mapping[str, str] | None = None,
    config: MergeAmountsConfig = MergeAmountsConfig(),  # noqa: B008 - frozen
) -> "pd.DataFrame":
    """Return the amounts of several samples as one table, in the form that `config.format` names.

    samples: by name, what `quantify_reads` returned, its table, or the path of a table.
    conditions, replicates: condition and biological replicate of each sample, by its name; columns
        of the formats long and msstats.

    Values of groups that the table of a sample lacks are missing (NaN). The columns of the format
    msstats are those of MSstats; write it as CSV with NA for missing values. Raises InputError for
    faulty tables, and for a protein that is in different groups in two samples; SettingsError.

    >>> import pandas as pd
    >>> a = pd.DataFrame({"proteins": ["P1", "P2;P3"], "molar_fraction": [0.75, 0.25]})
    >>> b = pd.DataFrame({"proteins": ["P1"], "molar_fraction": [1.0]})
    >>> merge_amounts({"a": a, "b": b})[["proteins", "a", "b"]]
      proteins     a    b
    0       P1  0.75  1.0
    1    P2;P3  0.25  NaN
    """
    check_config(config, MergeAmountsConfig)
    tables: Mapping[str, Any] = samples
    if isinstance(samples, Mapping):
        tables = {name: _frame(amounts) for name, amounts in samples.items()}
        check_same_settings(table for table in tables.values() if isinstance(table, str | Path))
    joined = join_samples(tables, config.max_q, config.min_samples)
    return _table(joined, Labels(conditions, replicates), config)


def _frame(amounts: Any) -> Any:
    """Return the table of what `quantify_reads` returned; other objects as they are."""
    return amounts.to_dataframe() if hasattr(amounts, "to_dataframe") else amounts


def merge_amount_tables(
    tables: str | Path | Iterable[str | Path],
    output: str | Path,
    *,
    samples: str | Path | None = None,
    config: MergeAmountsConfig = MergeAmountsConfig(),  # noqa: B008 - frozen
    force: bool = False,
) -> MergedAmounts:
    """Write the amounts of several samples, in tables that `quantify` wrote, as one table.

    tables: one for each sample, whose name is that of the file without suffixes.
    output: TSV or Parquet by its suffix; CSV for the format msstats.
    samples: sample sheet, a table with the column sample, and optionally table (then `tables` is
        empty), condition and replicate.

    Lists of failed records (`TABLE.failed.tsv`) that are given with their table are left out. The
    run records beside the tables must say that labels, digestion, cycles, kind of reads and
    reference are the same; if error rates or the `max_q` of `quantify` differ, a warning names
    them. For tables in memory: `merge_amounts`. Raises SettingsError, InputError, OutputError and
    TryAgainError.
    """
    started = time.time()
    check_config(config, MergeAmountsConfig)
    paths = _without_failed_records(list_paths(tables, "tables"))
    if STDIO in map(str, paths):
        raise SettingsError("tables: expected files, found - (stdin)")
    _check_output_name(output, config.format)
    sheet = None if samples is None else read_sample_sheet(samples)
    named = tables_of_samples(paths, sheet)
    inputs = [*named.values(), *([] if samples is None else [samples])]
    check_outputs([output], inputs, force)
    check_inputs(inputs)
    check_same_settings(named.values())
    if sheet and (without := [name for name in sheet.samples if name not in named]):
        log.warning("%s: samples without a table, left out: %s", sheet.source, ", ".join(without))
    with Outputs(force) as outputs:
        stream = outputs.open(output, "amounts of samples", is_table=True)
        joined = join_samples(named, config.max_q, config.min_samples)
        table = _table(joined, Labels() if sheet is None else sheet.labels, config)
        is_msstats = config.format == "msstats"
        stream.write(format_msstats(table) if is_msstats else format_frame(table, output))
        settings = asdict(config) | {"samples": {name: str(path) for name, path in named.items()}}
        outputs.record(output, run_record("merge-amounts", settings, inputs, started))
    largest = [
        float(t.q_value.max(initial=0)) for t in joined.tables.values() if t.q_value is not None
    ]
    return MergedAmounts(
        table,
        tuple(joined.tables),
        len(joined.rows),
        joined.left_out,
        joined.missing,
        max(largest, default=0.0),
    )


def _without_failed_records(paths: list[str | Path]) -> list[str | Path]:
    """Return paths without lists of failed records of others, which *.tsv in a shell includes."""
    given = {str(path) for path in paths}
    failed = [path for path in paths if _is_failed_records(str(path), given)]
    if failed:
        log.info("lists of failed records, left out: %s", ", ".join(map(str, failed)))
    return [path for path in paths if path not in failed]


def _is_failed_records(path: str, given: Container[str]) -> bool:
    return path.endswith(_FAILED) and path.removesuffix(_FAILED) in given


def _table(joined: JoinedSamples, labels: Labels, config: MergeAmountsConfig) -> "pd.DataFrame":
    """Return the table of a format."""
    labels.check(list(joined.tables))
    if config.format == "columns":
        return samples_as_columns(joined, config.value)
    if config.format == "long":
        return long_sample_table(joined, labels)
    return msstats_table(joined, config.value, labels)


def _check_output_name(output: str | Path, table_format: str) -> None:
    """Raise SettingsError for a name with the suffix of another format than that of the table."""
    if table_format != "msstats":
        check_frame_name(output)
        return
    stem, suffix = os.path.splitext(without_suffix(output))
    if str(output) != STDIO and suffix.lower() != ".csv":
        raise SettingsError(f"{output}: the table for MSstats is CSV; use {stem}.csv")
