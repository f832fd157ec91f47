"""What the section about amounts shows: each sample, its truth, and tables of several samples."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pepseq.io.run_record import sha256
from pepseq.quantification.config import QuantifyConfig
from pepseq.reporting import amount_figures
from pepseq.reporting.compared_amounts import ComparedAmounts, read_compared
from pepseq.reporting.long_tables import Rows, about_group, filled_columns, long_table
from pepseq.reporting.results import NamedTable, RecordedRun, Results
from pepseq.reporting.values import columns, nested, number, short_names

_MAX_CELLS = 200_000
"""A table of several samples shows the first rows if it has more cells."""
_NUMBERS = (
    *("molar_fraction", "low", "high", "mass_fraction", "expected_reads", "unique_reads"),
    *("q_value", "copies", "copies_low", "copies_high"),
)
_COLUMNS = """rank=Rank|0; group=Group|id;
copies=Copies|significant; copies_low=95 % from|significant; copies_high=to|significant;
description=Description|long;
molar_fraction=Molar fraction|significant; low=95 % from|significant; high=to|significant;
true=True molar fraction|significant; mass_fraction=Mass fraction|significant;
expected_reads=Expected reads|significant; unique_reads=Unique reads|0; q_value=q-value|significant;
others=Other proteins of the group|long"""
_ABOUT = ("group", "proteins", "description")


def amounts(results: Results) -> dict[str, Any] | None:
    """Return each table of amounts with its evaluations, other evaluations, and joined samples."""
    compared = read_compared(results)
    tables = results.amounts
    digests = [sha256(table.path) for table in tables]
    names = short_names([table.path for table in tables], [table.path for table in tables])
    samples: list[dict[str, Any]] = []
    for name, table, digest in zip(names, tables, digests, strict=True):
        run = next((run for run in results.runs.values() if digest in run.outputs), None)
        of_table = [c for c in compared if digest in c.inputs]
        samples.append(_sample(f"amounts-{len(samples) + 1}", name, table.rows, run, of_table))
    others = [c for c in compared if c.inputs.isdisjoint(digests)]
    alone = [c.section(f"compared-{i}") for i, c in enumerate(others, 1)]
    tables_of_samples = [
        *(_joined(t, t.rows, _value(t)) for t in results.read_tables("amounts_wide")),
        *(_joined(t, _pivoted(t.rows)) for t in results.read_tables("amounts_long")),
    ]
    joined = [{"key": f"joined-{i}", **table} for i, table in enumerate(tables_of_samples, 1)]
    section = {"samples": samples, "alone": alone, "joined": joined}
    return section if any(section.values()) else None


def _sample(
    key: str,
    name: str,
    table: Iterable[Mapping[str, Any]],
    run: RecordedRun | None,
    compared: Sequence[ComparedAmounts],
) -> dict[str, Any]:
    """Return what the page shows of a table that this run wrote.

    Groups with a q-value of at most that of the run are found; a run with 1 wrote all groups.
    """
    max_q = number(run.setting("max_q")) if run else None
    max_q = QuantifyConfig.max_q if max_q in (None, 1) else max_q
    rows = _rows(table, max_q, compared)
    found = [row for row in rows if row["rank"]]
    return {
        "key": key,
        "name": name,
        "groups": len(rows),
        "found": len(found),
        "max_q": max_q,
        "of_groups": number(run.setting("reference.groups")) if run else None,
        "reads": _reads(run),
        "expected_reads": sum(row["expected_reads"] or 0 for row in found),
        **long_table(rows, filled_columns(columns(_COLUMNS), rows)),
        "drawn": min(len(found), amount_figures.MAX_RANKS),
        "ranks": amount_figures.rank_abundance(f"{key}-ranks", found),
        "compared": [c.section(f"{key}-truth-{i}") for i, c in enumerate(compared, 1)],
    }


def _rows(
    table: Iterable[Mapping[str, Any]], max_q: float, compared: Sequence[ComparedAmounts]
) -> Rows:
    """Return a row for each group, with its truth if that is known.

    Groups that are found have a rank, the most abundant first; the others follow.
    """
    true = compared[0].true_fractions if compared else {}
    rows: Rows = [
        {
            **about_group(row),
            "true": true.get(row["group"]),
            **{n: number(row.get(n)) for n in _NUMBERS},
        }
        for row in table
    ]
    for row in rows:
        row["found"] = row["q_value"] is not None and row["q_value"] <= max_q
    rows.sort(key=lambda row: (not row["found"], -(row["molar_fraction"] or 0)))
    return [{"rank": n if row["found"] else None, **row} for n, row in enumerate(rows, 1)]


def _reads(run: RecordedRun | None) -> dict[str, float | None] | None:
    """Return numbers of reads, and shares in percent; None if they are not recorded."""
    counts = run.record.get("quantify") if run else None
    reads = number(nested(counts, "reads"))
    if not reads:
        return None
    shares = {
        name: None if (count := number(nested(counts, name))) is None else 100 * count / reads
        for name in ("from_proteins", "improbable", "from_background")
    }
    return {"reads": reads, "distinct": number(nested(counts, "distinct")), **shares}


def _pivoted(table: Iterable[Mapping[str, Any]]) -> Rows:
    """Return a row for each group of a long table, with the molar fraction in each sample."""
    rows: dict[str, dict[str, Any]] = {}
    for row in table:
        about = {name: row[name] for name in _ABOUT}
        cells = rows.setdefault(str(row["proteins"]), about)
        cells[str(row["sample"])] = row["molar_fraction"]
    return list(rows.values())


def _value(table: NamedTable) -> str:
    """Return the column of `quantify` that a table has of each sample."""
    value = table.run.setting("value") if table.run else None
    return value if isinstance(value, str) else "value"


def _joined(table: NamedTable, groups: Rows, value: str = "molar_fraction") -> dict[str, Any]:
    """Return a table with samples as columns."""
    found = dict.fromkeys(name for row in groups for name in row)
    samples = [name for name in found if name not in _ABOUT]
    rows: Rows = [
        {**about_group(row), **{f"in {name}": number(row.get(name)) for name in samples}}
        for row in groups
    ]
    named = [column for column in columns(_COLUMNS) if column[0] in ("group", "description")]
    listed = filled_columns(named, rows)
    listed += [(f"in {name}", name, "significant") for name in samples]
    listed += filled_columns(columns(_COLUMNS)[-1:], rows)
    kept = rows[: _MAX_CELLS // len(listed)] if listed else []
    return {
        "name": table.name,
        "samples": len(samples),
        "groups": len(rows),
        "value": value.replace("_", " ").capitalize(),
        "kept": len(kept),
        **long_table(kept, listed),
    }
