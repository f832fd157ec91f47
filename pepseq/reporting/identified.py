"""What the section about proteins that `lookup` found shows."""

from typing import Any

from pepseq.identification.config import LookupConfig
from pepseq.io.run_record import sha256
from pepseq.reporting.long_tables import about_group, filled_columns, long_table
from pepseq.reporting.results import NamedTable, Results
from pepseq.reporting.values import columns, number

_NUMBERS = ("reads", "unique_reads", "lead", "q_value")
_COLUMNS = """rank=Rank|0; group=Group|id; q_value=q-value|significant; unique_reads=Unique reads|0;
reads=Reads|0; lead=Lead, bits|1; description=Description|long;
others=Other proteins of the group|long"""


def identified(results: Results) -> list[dict[str, Any]]:
    """Return each table of proteins, the lowest q-values first."""
    tables = results.read_tables("identified")
    return [_section(f"identified-{i}", table, results) for i, table in enumerate(tables, 1)]


def _section(key: str, table: NamedTable, results: Results) -> dict[str, Any]:
    """Return what the page shows; groups with a q-value up to that of the run have a rank."""
    digest = sha256(table.path)
    run = next((run for run in results.runs.values() if digest in run.outputs), None)
    max_q = number(run.setting("max_q")) if run else None
    max_q = LookupConfig.max_q if max_q in (None, 1) else max_q
    numbers = [{name: number(row.get(name)) for name in _NUMBERS} for row in table.rows]
    rows = [about_group(row) | known for row, known in zip(table.rows, numbers, strict=True)]
    q_values = [1.0 if row["q_value"] is None else row["q_value"] for row in numbers]
    leads = [row["lead"] or 0 for row in numbers]
    order = sorted(range(len(rows)), key=lambda n: (q_values[n], -leads[n]))
    found = sum(q <= max_q for q in q_values)
    ranked = [{"rank": at if at <= found else None, **rows[n]} for at, n in enumerate(order, 1)]
    return {
        "key": key,
        "name": table.name,
        "groups": len(rows),
        "found": found,
        "max_q": max_q,
        "lowest_q": min(q_values, default=1.0),
        **long_table(ranked, filled_columns(columns(_COLUMNS), ranked)),
    }
