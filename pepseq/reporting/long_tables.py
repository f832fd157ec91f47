"""Tables with many rows, which the page's script sorts and searches."""

from collections.abc import Mapping, Sequence
from typing import Any

from pepseq.quantification.amounts_table import PROTEIN_SEPARATOR
from pepseq.reporting.values import Column

STATIC_ROWS = 50
"""Rows of the list in the page itself, for readers without JavaScript."""
Rows = list[dict[str, Any]]


def long_table(rows: Rows, shown: Sequence[Column]) -> dict[str, Any]:
    """Return what the macro `long_table` shows: these columns of all rows."""
    titles = [[title, kind] for _, title, kind in shown]
    payload = {"columns": titles, "rows": [[row[key] for key, *_ in shown] for row in rows]}
    return {"columns": shown, "rows": rows[:STATIC_ROWS], "payload": payload}


def filled_columns(listed: Sequence[Column], rows: Rows) -> list[Column]:
    """Return the columns in which a row has a value."""
    return [c for c in listed if any(row[c[0]] not in (None, "") for row in rows)]


def about_group(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the name of a group, its other proteins and its description."""
    group = str(row["group"])
    others = [p for p in str(row["proteins"]).split(PROTEIN_SEPARATOR) if p != group]
    description = str(row.get("description") or "")
    return {"group": group, "others": "; ".join(others), "description": description}
