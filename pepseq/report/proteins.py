"""The proteins of a prediction: confidence, templates, and each sequence to open."""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pepseq.report.curves import histogram
from pepseq.report.discover import Found
from pepseq.report.html import (
    Column,
    Html,
    escaped,
    identifier,
    paragraph,
    section,
    shown,
    table,
    tag,
)
from pepseq.report.lines import Line, columns_of, lines_of, scores_of, values_of
from pepseq.report.link import Prediction
from pepseq.report.residues import OBSERVED, Protein
from pepseq.report.sequence import legend, sequence_html, sequence_words
from pepseq.report.tables import told_apart

STATIC_ROWS = 50
"""Rows of the list that stand in the page itself, for readers without JavaScript."""
TEMPLATES = 10
EXAMPLES = (0.9, 0.5, 0.1)
"""Where the examples stand among all, from 0 for the least right to 1."""
_LENGTHS = range(40, 421)


def proteins(found: Found, predictions: Sequence[Prediction]) -> Html | None:
    """Return the section of all predictions."""
    if not predictions:
        return None
    paths = found.tables["structures"]
    scores = {name: scores_of(path) for name, path in zip(told_apart(paths), paths, strict=True)}
    parts = [_one(f"proteins-{at}", one, scores) for at, one in enumerate(predictions, 1)]
    return section("proteins", "The proteins, one by one", legend(), *parts)


def _one(key: str, prediction: Prediction, scores: dict[str, dict[str, float | None]]) -> Html:
    lines = lines_of(prediction, list(scores.values()))
    columns, keys = zip(*columns_of(lines, list(scores)), strict=True)
    cells = [values_of(line, keys) for line in lines[:STATIC_ROWS]]
    cells = [[identifier(row[0]), *row[1:]] for row in cells]
    caption = f"{prediction.name}: {len(lines):,} proteins"
    made = table(caption, columns, cells, sortable=False)
    search = tag(
        "p",
        {"class": "tools", "hidden": True},
        tag("label", {"for": f"{key}-find"}, "Find a protein or template "),
        tag("input", {"type": "search", "id": f"{key}-find", "autocomplete": "off"}),
        " ",
        tag("span", {"class": "said", "role": "status"}),
    )
    rest = len(lines) - STATIC_ROWS
    printed = (
        f"{STATIC_ROWS} of {len(lines):,} proteins; the page on a screen has all."
        if rest > 0
        else ""
    )
    script_free = paragraph(
        "With JavaScript this list opens each sequence, sorts and searches"
        + (f"; the other {rest:,} proteins are in the page as well." if rest > 0 else ".")
    )
    return section(
        key,
        f"Proteins: {prediction.name}",
        _summary(prediction),
        tag(
            "div",
            {"class": "figures"},
            _confidences(key, prediction.proteins),
            _templates(prediction.proteins),
        ),
        _examples(lines),
        tag(
            "div",
            {"class": "list", "data-from": f"{key}-data"},
            search,
            made,
            tag("p", {"class": "printed"}, printed),
        ),
        tag("noscript", None, script_free),
        tag(
            "p", {"class": "tools", "hidden": True}, tag("button", {"type": "button"}, "Show more")
        ),
        Html(_payload(f"{key}-data", lines, columns, keys)),
        level=3,
    )


def _summary(prediction: Prediction) -> Html:
    proteins = prediction.proteins
    hidden = sum(protein.hidden for protein in proteins)
    sure = sum(protein.digits.count("9") for protein in proteins)
    from_template = sum(one.residues for protein in proteins for one in protein.templates)
    doubted = sum(protein.doubted for protein in proteins)
    text = (
        f"{len(proteins):,} proteins with {hidden:,} predicted residues; {_share(sure, hidden)} of "
        f"these have a confidence of 0.9 or more. {_share(from_template, hidden)} were taken from "
        "a known protein, with a weight of at least 0.5; most others are the network's choice."
    )
    if doubted:
        text += (
            f" {doubted:,} residues that were read differ from what all templates have there: "
            "misread labels, or true differences."
        )
    return paragraph(text)


def _share(some: int, whole: int) -> str:
    return f"{100 * some / whole:.1f} %" if whole else "none"


def _confidences(key: str, proteins: Sequence[Protein]) -> Html | None:
    counts = Counter("".join(protein.digits for protein in proteins))
    return histogram(
        f"{key}-confidence",
        "How sure pepseq is.",
        "Confidence of predicted residues; those that were read are not counted.",
        [counts[str(tenth)] for tenth in range(10)],
        "residues",
    )


def _templates(proteins: Sequence[Protein]) -> Html | None:
    """Return which known proteins residues come from, and which files as far as ids tell."""
    residues: Counter = Counter()
    used: Counter = Counter()
    for protein in proteins:
        for one in protein.templates:
            residues[one.template] += one.residues
            used[one.template] += 1
    if not residues:
        return None
    rows = [[identifier(name), n, used[name]] for name, n in residues.most_common(TEMPLATES)]
    columns = [Column("Template", text=True), Column("Residues taken"), Column("Proteins")]
    more = f", the first {TEMPLATES} of {len(residues):,}" if len(residues) > TEMPLATES else ""
    return tag("div", None, table(f"Known proteins copied from{more}", columns, rows))


def _examples(lines: Sequence[Line]) -> Html | None:
    """Return three proteins, from right to wrong, or from sure to unsure if no truth is known."""
    measured = "accuracy" if any(line.accuracy is not None for line in lines) else "confidence"
    able = [line for line in lines if len(line.protein.residues) in _LENGTHS]
    able = [line for line in able if getattr(line, measured) is not None]
    able.sort(key=lambda line: (getattr(line, measured), line.protein.id))
    if len(able) < 10:
        return None
    values = [getattr(line, measured) for line in able]
    parts = []
    for share in EXAMPLES:
        line = able[round(share * (len(able) - 1))]
        value = getattr(line, measured)
        less, same = bisect_left(values, value), values.count(value)
        where = f"{less:,} of the {len(able):,} have less, {same - 1:,} others as much"
        words = "of the hidden residues right" if measured == "accuracy" else "mean confidence"
        parts += [
            tag(
                "p",
                {"class": "example"},
                identifier(line.protein.id),
                f": {shown(value, 1)} % {words}; {where}",
            ),
            sequence_html(line.protein),
            sequence_words(line.protein),
        ]
    return tag(
        "div",
        {"class": "examples"},
        tag(
            "h4",
            None,
            f"Three examples, of the {len(able):,} proteins of {_LENGTHS[0]} to {_LENGTHS[-1]} "
            "residues",
        ),
        *parts,
    )


def _payload(
    key: str, lines: Sequence[Line], columns: Sequence[Column], keys: Sequence[str]
) -> str:
    """Return all proteins as JSON that no text in it can break out of.

    A protein is: id, residues, digits, its errors (see `errors_code`) or null without a truth, its
    templates as number, residues, first and last, and those cells that do not follow from these.
    """
    names: dict[str, int] = {}
    rows = []
    for line in lines:
        protein = line.protein
        taken = [
            [names.setdefault(one.template, len(names)), one.residues, one.first, one.last]
            for one in protein.templates
        ]
        cells = [
            round(value, 4) if isinstance(value, float) else value
            for value in values_of(line, keys)
        ]
        described = [protein.id, protein.residues, protein.digits, errors_code(protein)]
        rows.append([*described, taken, cells[3:-1]])
    content = {
        "columns": [
            [column.title, None if key in ("length", "hidden") else column.digits, int(column.text)]
            for column, key in zip(columns, keys, strict=True)
        ],
        "templates": list(names),
        "proteins": rows,
    }
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return f'<script type="application/json" id="{escaped(key)}">{text}</script>'


def errors_code(protein: Protein) -> str | None:
    """Return where a protein differs from its truth: residues passed over, the true one, and so on.

    >>> protein = Protein("p", "MAKLV", "*9*12", 3, 0.4, (), 0, truth="MGKLI")
    >>> errors_code(protein)
    '1G2I'
    """
    if protein.truth is None:
        return None
    parts, after = [], 0
    for at in protein.wrong:
        parts.append(f"{at - after}{protein.truth[at]}")
        after = at + 1
    return "".join(parts)


def hidden_share(predictions: Sequence[Prediction]) -> dict[Path, tuple[int, int]]:
    """Return how many residues of each table were read, and how many were hidden."""
    return {
        one.table: (
            sum(protein.digits.count(OBSERVED) for protein in one.proteins),
            sum(protein.hidden for protein in one.proteins),
        )
        for one in predictions
    }
