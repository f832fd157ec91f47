"""What the sections about fits, pairs, training and data show."""

from collections import Counter
from typing import Any

from pepseq.identification.config import LookupConfig
from pepseq.reporting import figures
from pepseq.reporting.local_paths import local_text
from pepseq.reporting.results import NamedTable, Results
from pepseq.reporting.template_organisms import template_organisms
from pepseq.reporting.values import TENTHS, number, tenth, total

MAX_ROWS = 200
"""A table of fits or pairs shows so many at most."""


def pairings(results: Results) -> dict[str, Any] | None:
    """Return each table of pairs, and why proteins have no pair."""
    tables = [_pairing(table) for table in results.read_tables("pairs")]
    unpaired = []
    for table in results.read_tables("unpaired"):
        reasons = Counter((row["family"], row["reason"]) for row in table.rows)
        rows = [{"family": f, "reason": why, "proteins": n} for (f, why), n in reasons.items()]
        unpaired += [(table.name, rows)] if rows else []
    return {"tables": tables, "unpaired": unpaired} if tables or unpaired else None


def _pairing(table: NamedTable) -> dict[str, Any]:
    new = [row for row in table.rows if row.get("known") != "yes"]
    tenths = Counter(tenth(table.path, row["confidence"]) for row in new)
    return {
        "name": table.name,
        "pairs": len(table.rows),
        "species": len({row["species"] for row in table.rows}),
        "method": table.run.setting("method") if table.run else None,
        "known": len(table.rows) - len(new),
        "counts": [tenths[n] for n in range(TENTHS)],
        "rows": table.rows[:MAX_ROWS],
    }


def fits(results: Results) -> list[dict[str, Any]]:
    """Return how many reads fit a reference protein, and the best fit of each."""
    tables = []
    for table in results.read_tables("fits"):
        rows = [row for row in table.rows if row["rank"] in ("1", "")]
        fitted = [row for row in rows if row["rank"]]
        for row in fitted:
            row["matched"] = f"{row.get('labels_matched')} of {row.get('labels')}"
        max_q = number(table.run.setting("max_q")) if table.run else None
        max_q = LookupConfig.max_q if max_q is None else max_q
        kinds = _fit_counts(rows, max_q)
        shown = {
            "name": table.name,
            "max_q": max_q,
            "distinct": len(rows),
            "kinds": kinds,
            "fitted": len(fitted),
            "organisms": template_organisms(table.run),
        }
        shown["has_sequences"] = any(row.get("sequence") for row in fitted)
        tables.append(shown | {"reads": total(rows, "count"), "rows": fitted[:MAX_ROWS]})
    return tables


def _fit_counts(rows: list[dict[str, Any]], max_q: float) -> list[dict[str, Any]]:
    """Return how many distinct reads fit one place, several or none, and how many reads."""
    one_place = f"fit one place, q-value up to {max_q:g}"
    several = f"fit several places equally well, q-value up to {max_q:g}"
    unsure, nothing = f"fit something, q-value above {max_q:g}", "fit nothing"
    fitting: dict[str, list[dict[str, Any]]] = {
        k: [] for k in (one_place, several, unsure, nothing)
    }
    for row in rows:
        q = number(row["q_value"])
        sure = one_place if row["equal_fits"] == "1" else several
        kind = nothing if not row["rank"] else sure if q is not None and q <= max_q else unsure
        fitting[kind].append(row)
    return [
        {"kind": kind, "number": len(part), "reads": total(part, "count")}
        | {"share": 100 * len(part) / len(rows) if rows else None}
        for kind, part in fitting.items()
    ]


def training(results: Results) -> list[dict[str, Any]]:
    """Return the losses of networks that were trained."""
    runs = []
    for index, table in enumerate(results.read_tables("training"), 1):
        for row in table.rows:
            accuracy = number(row.get("validation_accuracy"))
            row["accuracy"] = None if accuracy is None else 100 * accuracy
        run = {"key": f"training-{index}", "name": table.name, "rows": table.rows}
        runs.append(run | {"drawing": figures.losses(f"training-{index}", table.rows)})
    return runs


def splits(results: Results) -> list[dict[str, Any]]:
    """Return the sizes of data sets, and their identity to the training part."""
    splits = []
    for table in results.read_tables("split"):
        bands = [name for row in table.rows[:1] for name in row if name[:1] in "<123456789i"]
        for row in table.rows:
            row["share"] = 100 * (number(row["share"]) or 0)
        columns = [(band, f"{band}: proteins", 0) for band in bands]
        splits.append({"name": table.name, "rows": table.rows, "bands": columns})
    return splits


def left_out(results: Results) -> list[tuple[str, int, str, str]]:
    """Return how many records were left out in each run, and why the first was."""
    filled = [table for table in results.read_tables("left_out") if table.rows]
    firsts = [(table.name, len(table.rows), table.rows[0]) for table in filled]
    return [(name, n, first["id"], local_text(first["reason"])) for name, n, first in firsts]
