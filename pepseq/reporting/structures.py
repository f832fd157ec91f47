"""What the section about structures shows: TM-scores of each table, and against accuracy."""

from collections import Counter
from pathlib import Path
from typing import Any

from pepseq.reporting import figures
from pepseq.reporting.local_paths import local_text
from pepseq.reporting.results import NamedTable, Results
from pepseq.reporting.values import mean, number
from pepseq.structure.model_names import short_id
from pepseq.structure.scoring.config import FOLD_THRESHOLD


def structures(results: Results) -> dict[str, Any] | None:
    """Return folders of structures, and each table of scores."""
    filled = [table for table in results.read_tables("structures") if table.rows]
    scored = [_scores(f"structures-{i}", table, results) for i, table in enumerate(filled, 1)]
    folders = [_folder(table) for table in results.read_tables("folded")]
    listed = {"threshold": FOLD_THRESHOLD, "folders": folders, "scored": scored}
    return listed if scored or folders else None


def _folder(table: NamedTable) -> dict[str, Any]:
    """Return how many structures a folder of fold or fetch-structures has, by state."""
    counts = []
    for state, count in Counter(row["state"] for row in table.rows).most_common():
        plddt = mean([number(row["mean_plddt"]) for row in table.rows if row["state"] == state])
        counts.append({"state": state, "structures": count, "plddt": plddt})
    engines = sorted({row.get("engine", "") for row in table.rows} - {""})
    return {"name": table.name, "engines": list(map(local_text, engines)), "rows": counts}


def _scores(key: str, table: NamedTable, results: Results) -> dict[str, Any]:
    """Return what one table of scores says.

    A protein's accuracy belongs to a model only if the model was compared with its sequence, and
    if that is one of the predictions that are shown.
    """
    compared = [shown for shown in results.predictions if table.has_read(shown)]
    accuracy = {short_id(p.id): shown.accuracy(p) for shown in compared for p in shown.proteins}
    rows = table.rows
    cells: list[dict[str, Any]] = [
        {
            **row,
            "accuracy": accuracy.get(short_id(row["id"])) if row.get("model_different") else None,
            "tm_score": number(row.get("tm_score")),
            "model_different": number(row.get("model_different")),
            "correspondence": f"{row.get('correspondence')}, by {row.get('normalised_by')}",
        }
        for row in rows
    ]
    different = [row["model_different"] for row in cells]
    points = [row for row in cells if None not in (row["accuracy"], row["tm_score"])]
    return {
        "key": key,
        "name": table.name,
        "rows": cells,
        "models": _folder_names(rows, "model"),
        "references": _folder_names(rows, "reference"),
        "pairs": len(rows),
        "same_fold": sum((row["tm_score"] or 0) > FOLD_THRESHOLD for row in cells),
        "mean": mean([row["tm_score"] for row in cells]),
        "itself": sum(bool(r.get("model")) and r["model"] == r.get("reference") for r in rows),
        "different": sum(bool(count) for count in different),
        "unchecked": different.count(None),
        "of_others": bool(results.predictions) and not compared,
        "points": points,
        "scatter": figures.tm_score_by_accuracy(f"{key}-accuracy", points),
    }


def _folder_names(rows: list[dict[str, Any]], column: str) -> str:
    """Return the names of the folders that the files of a column lie in."""
    names = dict.fromkeys(Path(row.get(column) or "").parent.name for row in rows)
    return ", ".join(name for name in names if name)
