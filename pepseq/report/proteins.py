"""The proteins of a prediction: confidence, templates, and each sequence to open."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pepseq.report.curves import histogram
from pepseq.report.found import Found
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
from pepseq.report.link import Prediction
from pepseq.report.residues import OBSERVED, Protein
from pepseq.report.sequence import legend, sequence_html, sequence_words
from pepseq.report.tables import number, read_table
from pepseq.structure.names import short_id

STATIC_ROWS = 50
"""Rows of the list that stand in the page itself, for readers without JavaScript."""
TEMPLATES = 10
EXAMPLES = ((0.9, "nine in ten have less"), (0.5, "half have less"), (0.1, "one in ten has less"))
_LENGTHS = range(40, 421)


@dataclass(frozen=True)
class Line:
    """A row of the list: what is known of one protein, in percent and 0-1; None if unknown."""

    protein: Protein
    accuracy: float | None
    identity: float | None
    tm_score: float | None

    @property
    def template(self) -> str:
        """The template most residues are taken from, empty if there is none."""
        return self.protein.templates[0].template if self.protein.templates else ""

    @property
    def confidence(self) -> float | None:
        """Mean confidence of the hidden residues in percent."""
        mean = self.protein.confidence
        return None if mean is None else 100 * mean


def proteins(found: Found, predictions: Sequence[Prediction]) -> Html | None:
    """Return the section of all predictions."""
    if not predictions:
        return None
    scores = {
        short_id(row["id"]): number(row["tm_score"])
        for path in found.tables["structures"]
        for row in read_table(path)
    }
    parts = [_one(f"proteins-{at}", one, scores) for at, one in enumerate(predictions, 1)]
    return section("proteins", "The proteins, one by one", legend(), *parts)


def lines_of(prediction: Prediction, scores: dict[str, float | None]) -> list[Line]:
    """Return a line for each protein; evaluate's numbers go before a count against the truth."""
    tables = prediction.evaluation.tables if prediction.evaluation else {}
    rows = {row.get("id", ""): row for row in tables.get("proteins", [])}
    lines = []
    for protein in prediction.proteins:
        row = rows.get(protein.id, {})
        accuracy, right = number(row.get("accuracy")), protein.right
        if accuracy is None and right and right[1]:
            accuracy = 100 * right[0] / right[1]
        identity = number(row.get("nearest_identity"))
        lines.append(Line(protein, accuracy, identity, scores.get(short_id(protein.id))))
    return lines


def columns_of(lines: Sequence[Line]) -> list[tuple[Column, str]]:
    """Return the columns of the list, each with its key; those without any value are left out."""
    columns = [
        (Column("Protein", text=True), "id"),
        (Column("Residues"), "length"),
        (Column("Hidden"), "hidden"),
        (Column("right, %", 1), "accuracy"),
        (Column("mean confidence, %", 1), "confidence"),
        (Column("identity to nearest, %", 1), "identity"),
        (Column("TM-score", 3), "tm_score"),
        (Column("Main template", text=True), "template"),
    ]
    optional = ("accuracy", "identity", "tm_score")
    return [
        (column, key)
        for column, key in columns
        if key not in optional or any(getattr(line, key) is not None for line in lines)
    ]


def _values(line: Line, keys: Sequence[str]) -> list[object]:
    known = {
        "id": line.protein.id,
        "length": len(line.protein.residues),
        "hidden": line.protein.hidden,
        "accuracy": line.accuracy,
        "confidence": line.confidence,
        "identity": line.identity,
        "tm_score": line.tm_score,
        "template": line.template,
    }
    return [known[key] for key in keys]


def _one(key: str, prediction: Prediction, scores: dict[str, float | None]) -> Html:
    lines = lines_of(prediction, scores)
    columns, keys = zip(*columns_of(lines), strict=True)
    cells = [_values(line, keys) for line in lines[:STATIC_ROWS]]
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
        tag("div", {"class": "list", "data-from": f"{key}-data"}, search, made),
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
    parts = []
    for share, where in EXAMPLES:
        line = able[round(share * (len(able) - 1))]
        words = "of the hidden residues right" if measured == "accuracy" else "mean confidence"
        parts += [
            tag(
                "p",
                {"class": "example"},
                identifier(line.protein.id),
                f": {shown(getattr(line, measured), 1)} % {words}; {where}",
            ),
            sequence_html(line.protein),
            sequence_words(line.protein),
        ]
    return tag(
        "div",
        {"class": "examples"},
        tag("h4", None, f"Three examples, of {_LENGTHS[0]} to {_LENGTHS[-1]} residues"),
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
            round(value, 4) if isinstance(value, float) else value for value in _values(line, keys)
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
