"""What the sections about fits, pairs, training and data show."""

from collections import Counter
from pathlib import Path
from typing import Any

from pepseq.io.tables import read_rows
from pepseq.reporting import figures
from pepseq.reporting.discovery import Results
from pepseq.reporting.local_paths import local_text
from pepseq.reporting.values import TENTHS, number, tenth, total

MAX_ROWS = 200
"""A table of fits or pairs shows so many at most."""
_DEFAULT_MAX_Q = 0.01


def pairings(results: Results) -> dict[str, Any] | None:
    """Return each table of pairs, and why proteins have no pair."""
    tables = [_pairing(path, results) for path in results.tables["pairs"]]
    unpaired = []
    for path in results.tables["unpaired"]:
        reasons = Counter((row["family"], row["reason"]) for row in read_rows(path))
        rows = [{"family": f, "reason": why, "proteins": n} for (f, why), n in reasons.items()]
        unpaired += [(path.name, rows)] if rows else []
    return {"tables": tables, "unpaired": unpaired} if tables or unpaired else None


def _pairing(path: Path, results: Results) -> dict[str, Any]:
    rows = read_rows(path)
    new = [row for row in rows if row.get("known") != "yes"]
    counts = [0] * TENTHS
    for row in new:
        counts[tenth(path, row["confidence"])] += 1
    run = results.runs.get(path)
    key = f"pairs-{results.tables['pairs'].index(path) + 1}"
    return {
        "key": key,
        "name": path.name,
        "pairs": len(rows),
        "species": len({row["species"] for row in rows}),
        "method": run.setting("method") if run else None,
        "known": len(rows) - len(new),
        "counts": counts,
        "histogram": figures.histogram(f"{key}-confidence", counts, "Pairs"),
        "rows": rows[:MAX_ROWS],
    }


def fits(results: Results) -> list[dict[str, Any]]:
    """Return how many reads fit a reference protein, and the best fit of each."""
    tables = []
    for path in results.tables["fits"]:
        rows: list[dict[str, Any]] = [r for r in read_rows(path) if r["rank"] in ("1", "")]
        fitted = [row for row in rows if row["rank"]]
        for row in fitted:
            row["matched"] = f"{row.get('labels_matched')} of {row.get('labels')}"
        run = results.runs.get(path)
        max_q = number(run.setting("max_q")) if run else None
        kinds = _fit_counts(rows, _DEFAULT_MAX_Q if max_q is None else max_q)
        table = {"name": path.name, "distinct": len(rows), "kinds": kinds, "fitted": len(fitted)}
        tables.append(table | {"reads": total(rows, "count"), "rows": fitted[:MAX_ROWS]})
    return tables


def _fit_counts(rows: list[dict[str, Any]], max_q: float) -> list[dict[str, Any]]:
    """Return how many distinct reads fit one place, several or none, and how many reads."""
    one_place = f"fit one place, q-value up to {max_q:g}"
    several = f"fit several places equally well, q-value up to {max_q:g}"
    unsure, nothing = f"fit something, q-value above {max_q:g}", "fit nothing"
    counts = {kind: [0, 0] for kind in (one_place, several, unsure, nothing)}
    for row in rows:
        q = number(row["q_value"])
        sure = one_place if row["equal_fits"] == "1" else several
        kind = nothing if not row["rank"] else sure if q is not None and q <= max_q else unsure
        counts[kind][0] += 1
        counts[kind][1] += total([row], "count")
    return [
        {"kind": kind, "number": distinct, "reads": reads}
        | {"share": 100 * distinct / len(rows) if rows else None}
        for kind, (distinct, reads) in counts.items()
    ]


def training(results: Results) -> list[dict[str, Any]]:
    """Return the losses of networks that were trained."""
    runs = []
    for index, path in enumerate(results.tables["training"], 1):
        rows: list[dict[str, Any]] = list(read_rows(path))
        for row in rows:
            accuracy = number(row.get("validation_accuracy"))
            row["accuracy"] = None if accuracy is None else 100 * accuracy
        run = {"key": f"training-{index}", "name": path.parent.name, "rows": rows}
        runs.append(run | {"drawing": figures.losses(f"training-{index}", rows)})
    return runs


def splits(results: Results) -> list[dict[str, Any]]:
    """Return the sizes of data sets, and their identity to the training part."""
    splits = []
    for path in results.tables["split"]:
        rows: list[dict[str, Any]] = list(read_rows(path))
        bands = [name for name in (rows[0] if rows else {}) if name[:1] in "<123456789i"]
        for row in rows:
            row["share"] = 100 * (number(row["share"]) or 0)
        columns = [(band, f"{band}: proteins", 0) for band in bands]
        splits.append({"name": path.parent.name, "rows": rows, "bands": columns})
    return splits


def left_out(results: Results) -> list[tuple[str, int, str, str]]:
    """Return how many records were left out in each run, and why the first was."""
    named = [(path.name, read_rows(path)) for path in results.tables["left_out"]]
    firsts = [(name, len(rows), rows[0]["id"], rows[0]["reason"]) for name, rows in named if rows]
    return [(name, count, id, local_text(reason)) for name, count, id, reason in firsts]
