"""What the section about complexes shows: DockQ of each model, and of each interface."""

from pathlib import Path
from typing import Any

from pepseq.reporting import figures
from pepseq.reporting.results import NamedTable, Results
from pepseq.reporting.values import mean, number
from pepseq.structure.scoring.config import DOCKQ_CLASSES

MAX_BARS = 40
"""A figure shows so many models at most."""
_OF_FOLD = ("mean_plddt", "ptm", "iptm", "interface_pae", "pdockq")


def complexes(results: Results) -> dict[str, Any] | None:
    """Return each table of scores of complexes, and each table of interfaces."""
    scored = [table for table in results.read_tables("complexes") if table.rows]
    interfaces = [table for table in results.read_tables("interfaces") if table.rows]
    confidences = _confidences(results)
    tables = [_scores(f"complexes-{i}", table, confidences) for i, table in enumerate(scored, 1)]
    shown = {
        "tables": tables,
        "interfaces": [(table.name, table.rows) for table in interfaces],
        "classes": ", ".join(f"{name} from {value:g}" for value, name in DOCKQ_CLASSES.items()),
    }
    return shown if tables or interfaces else None


def _confidences(results: Results) -> dict[tuple[str, str], dict[str, str]]:
    """Return rows of folders of fold by the name of the folder and of the file."""
    return {
        (Path(table.path).parent.name, row["file"]): row
        for table in results.read_tables("folded")
        for row in table.rows
        if row.get("file")
    }


def _scores(
    key: str, table: NamedTable, confidences: dict[tuple[str, str], dict[str, str]]
) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    for row in table.rows:
        model = Path(row["model"])
        own = confidences.get((model.parent.name, model.name), {})
        rows.append(
            dict.fromkeys(_OF_FOLD)
            | row
            | {name: number(own[name]) for name in _OF_FOLD if own.get(name)}
            | {"dockq": number(row.get("dockq")), "tm_score": number(row.get("tm_score"))}
        )
    best = max(rows, key=lambda row: -1 if row["dockq"] is None else row["dockq"])
    return {
        "key": key,
        "name": table.name,
        "rows": rows,
        "best": best,
        "mean": mean([row["dockq"] for row in rows]),
        "bars": figures.dockq_by_model(f"{key}-dockq", rows[:MAX_BARS]),
    }
