"""HTML that is escaped by construction: what is not `Html` already is escaped where it is put."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

NOTHING = "–"
"""Stands in a cell for what is undefined."""
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_VOID = {"meta", "br", "input"}


class Html(str):
    """Text that is HTML."""

    __slots__ = ()


def escaped(text: object) -> Html:
    """Return text as HTML; what no page may hold becomes U+FFFD."""
    if isinstance(text, Html):
        return text
    return Html(escape(_UNSHOWABLE.sub("\ufffd", str(text)), quote=True))


def tag(name: str, attributes: Mapping[str, object] | None = None, *children: object) -> Html:
    """Return an element; an attribute of None is left out, True has no value."""
    parts = [name]
    for key, value in (attributes or {}).items():
        if value is not None and value is not False:
            parts.append(key if value is True else f'{key}="{escaped(value)}"')
    if name in _VOID:
        return Html(f"<{' '.join(parts)}>")
    return Html(f"<{' '.join(parts)}>{join(children)}</{name}>")


def join(children: Sequence[object], between: str = "") -> Html:
    """Return children one after the other; None is left out."""
    return Html(between.join(escaped(child) for child in children if child is not None))


def identifier(text: str) -> Html:
    """Return an id as it stands, its direction kept apart from the text around it."""
    return tag("bdi", {"class": "id"}, text)


def paragraph(*children: object) -> Html:
    """Return a paragraph."""
    return tag("p", None, *children)


def section(key: str, heading: str, *children: object, level: int = 2) -> Html:
    """Return a section with a heading."""
    name = f"h{level}"
    heading_id = f"{key}-heading"
    return tag(
        "section",
        {"id": key, "aria-labelledby": heading_id},
        tag(name, {"id": heading_id}, heading),
        *children,
    )


def details(summary: str, *children: object) -> Html:
    """Return children that are shown when the summary is chosen."""
    return tag("details", None, tag("summary", None, summary), *children)


@dataclass(frozen=True)
class Column:
    """A column of a table; `digits` are decimals of its floats, `text` if it holds words."""

    title: str
    digits: int = 2
    text: bool = False


def table(
    caption: object,
    columns: Sequence[Column],
    rows: Sequence[Sequence[object]],
    *,
    sortable: bool = True,
) -> Html:
    """Return a table whose first column heads its rows; a cell of None is NOTHING."""
    head = [
        tag("th", {"scope": "col", "class": None if column.text else "n"}, column.title)
        for column in columns
    ]
    body = []
    for row in rows:
        pairs = enumerate(zip(columns, row, strict=True))
        cells = [_cell(column, value, not at) for at, (column, value) in pairs]
        body.append(tag("tr", None, *cells))
    attributes = {"class": "sortable" if sortable and len(rows) > 1 else None}
    made = tag(
        "table",
        attributes,
        tag("caption", None, tag("span", None, caption)),
        tag("thead", None, tag("tr", None, *head)),
        tag("tbody", None, join(body, "\n")),
    )
    return tag("div", {"class": "wide"}, made)


def _cell(column: Column, value: object, first: bool) -> Html:
    attributes: dict[str, object] = {"class": None if column.text else "n"}
    if first:
        attributes["scope"] = "row"
    if isinstance(value, float):
        attributes["data-v"] = f"{value:.6g}"
    return tag("th" if first else "td", attributes, shown(value, column.digits))


def shown(value: object, digits: int = 2) -> object:
    """Return a number as it is read: floats with `digits` decimals, thousands apart."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, float):
        return f"{value:.{digits}f}"
    return f"{value:,}" if isinstance(value, int) else value
