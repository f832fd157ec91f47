"""What the section about single proteins shows: summary, examples, and a list of all."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pepseq.reporting.long_tables import STATIC_ROWS
from pepseq.reporting.predicted_proteins import BANDS, PredictedProtein
from pepseq.reporting.results import NamedTable, PredictedTable, Results
from pepseq.reporting.template_organisms import template_organisms
from pepseq.reporting.values import TENTHS, Column, columns, nested, number
from pepseq.structure.model_names import short_id

_MAX_TEMPLATES = 10
_EXAMPLE_RANKS = (0.9, 0.5, 0.1)
"""Ranks of the examples among all proteins, from 0 for the least accurate to 1."""
_EXAMPLE_LENGTHS = range(40, 421)
_MIN_FOR_EXAMPLES = 10
Scores = dict[str, float | None]
"""TM-scores of a table by short id."""


def protein_lists(results: Results) -> dict[str, Any] | None:
    """Return the proteins of each table of confidences."""
    structures = results.read_tables("structures")
    lists = []
    for index, table in enumerate(results.predictions, 1):
        scores = {s.name: _tm_scores(s) for s in structures if s.has_read(table)}
        lists.append(_protein_list(f"proteins-{index}", table, scores))
    return {"bands": BANDS, "lists": lists} if lists else None


def _tm_scores(table: NamedTable) -> Scores:
    """Return the TM-scores of a table by id; None for an id that it has several times.

    Only of models that were compared with their sequences: another may be of another protein.
    """
    scores: Scores = {}
    for row in table.rows:
        name = short_id(row["id"])
        if row.get("model_different"):
            scores[name] = None if name in scores else number(row["tm_score"])
    return scores


def _protein_list(key: str, table: PredictedTable, scores: dict[str, Scores]) -> dict[str, Any]:
    proteins, rows = table.proteins, _rows(table, scores)
    shown = _columns(rows, list(scores))
    digits = Counter("".join(protein.digits for protein in proteins))
    counts = [digits[str(tenth)] for tenth in range(TENTHS)]
    residues: Counter = Counter()
    used: Counter = Counter()
    for share in (share for protein in proteins for share in protein.templates):
        residues[share.template] += share.residues
        used[share.template] += 1
    templates = [
        {"template": name, "residues": count, "proteins": used[name]}
        for name, count in residues.most_common(_MAX_TEMPLATES)
    ]
    return {
        "key": key,
        "name": table.name,
        "proteins": len(proteins),
        "hidden": sum(protein.hidden for protein in proteins),
        "misread": sum(protein.misread for protein in proteins),
        "fitting": _fitting(table),
        "organisms": template_organisms(table.run),
        "counts": counts,
        "from_templates": residues.total(),
        "templates": templates,
        "all_templates": len(residues),
        "examples": _examples(proteins, rows),
        "columns": shown,
        "rows": rows[:STATIC_ROWS],
        "payload": _payload(proteins, rows, shown),
    }


def _fitting(table: PredictedTable) -> dict[str, Any] | None:
    """Return the share of peptides that fit the reference, as predict recorded it."""
    recorded = table.run.setting("peptides_that_fit") if table.run else None
    share, reads = (number(nested(recorded, name)) for name in ("share", "reads"))
    if share is None or reads is None:
        return None
    stranger = nested(recorded, "of_this_reference") is False
    return {"share": 100 * share, "reads": int(reads), "stranger": stranger}


def _rows(table: PredictedTable, scores: dict[str, Scores]) -> list[dict[str, Any]]:
    """Return a row for each protein; numbers of evaluate precede a comparison with the truth."""
    rows = []
    for protein in table.proteins:
        scored, mean = table.evaluated.get(protein.id, {}), protein.confidence
        row = {
            "id": protein.id,
            "length": len(protein.residues),
            "hidden": protein.hidden,
            "accuracy": table.accuracy(protein),
            "confidence": None if mean is None else 100 * mean,
            "identity": number(scored.get("nearest_identity")),
            "template": protein.templates[0].template if protein.templates else "",
        }
        rows.append(row | {f"TM {name}": s.get(short_id(protein.id)) for name, s in scores.items()})
    return rows


def _columns(rows: Sequence[dict[str, Any]], scores: Sequence[str]) -> list[Column]:
    """Return the columns of the list, without those that have no value."""
    shares = "accuracy=correct, %|1; confidence=mean confidence, %|1"
    optional = columns(f"{shares}; identity=identity to nearest, %|1")
    optional += [
        (f"TM {s}", f"TM-score, {s}" if len(scores) > 1 else "TM-score", 3) for s in scores
    ]
    return [
        *columns("id=Protein|id; length=Residues|0; hidden=Hidden|0"),
        *(c for c in optional if c[0] == "confidence" or any(r[c[0]] is not None for r in rows)),
        *columns("template=Main template"),
    ]


def _examples(
    proteins: Sequence[PredictedProtein], rows: Sequence[dict[str, Any]]
) -> dict[str, Any] | None:
    """Return three proteins by falling accuracy, or by confidence if no truth is known."""
    measure = "accuracy" if any(row["accuracy"] is not None for row in rows) else "confidence"
    able = [
        (row[measure], protein.id, protein)
        for row, protein in zip(rows, proteins, strict=True)
        if row["length"] in _EXAMPLE_LENGTHS and row[measure] is not None
    ]
    if len(able) < _MIN_FOR_EXAMPLES:
        return None
    able.sort(key=lambda entry: entry[:2])
    values = [value for value, *_ in able]
    examples = []
    for rank in _EXAMPLE_RANKS:
        value, _, protein = able[round(rank * (len(able) - 1))]
        less, same = bisect_left(values, value), values.count(value) - 1
        examples.append({"protein": protein, "value": value, "less": less, "same": same})
    of = {"of": len(able), "shortest": _EXAMPLE_LENGTHS[0], "longest": _EXAMPLE_LENGTHS[-1]}
    return {"measure": measure, "examples": examples} | of


def _payload(
    proteins: Sequence[PredictedProtein], rows: Sequence[dict[str, Any]], shown: Sequence[Column]
) -> dict[str, Any]:
    """Return all proteins for the page's script.

    A protein is: id, residues, digits, its errors (see `errors_code`) or null without a truth, its
    templates as number, residues, first and last, and the cells that do not follow from these.
    """
    numbers: dict[str, int] = {}
    listed = []
    for protein, row in zip(proteins, rows, strict=True):
        taken = [[numbers.setdefault(s[0], len(numbers)), *s[1:]] for s in protein.templates]
        values = [row[key] for key, *_ in shown[3:-1]]
        cells = [round(value, 4) if isinstance(value, float) else value for value in values]
        described = [protein.id, protein.residues, protein.digits, protein.errors_code()]
        listed.append([*described, taken, cells])
    titles = [[title, kind] for _, title, kind in shown]
    return {"columns": titles, "templates": list(numbers), "proteins": listed}
