"""What the list of proteins says of each: a line, and the columns that have anything in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pepseq.report.html import Column
from pepseq.report.link import Prediction
from pepseq.report.residues import Protein
from pepseq.report.tables import number, read_table
from pepseq.structure.model_names import short_id


@dataclass(frozen=True)
class Line:
    """A row of the list: what is known of one protein, in percent and 0-1; None if unknown.

    `tm_scores`: those of each table of scores, in one order for all lines.
    """

    protein: Protein
    accuracy: float | None
    identity: float | None
    tm_scores: tuple[float | None, ...]

    @property
    def template(self) -> str:
        """The template most residues are taken from, empty if there is none."""
        return self.protein.templates[0].template if self.protein.templates else ""

    @property
    def confidence(self) -> float | None:
        """Mean confidence of the hidden residues in percent."""
        mean = self.protein.confidence
        return None if mean is None else 100 * mean


def scores_of(path: Path) -> dict[str, float | None]:
    """Return the TM-scores of a table by id; None for one that it has several times."""
    scores: dict[str, float | None] = {}
    for row in read_table(path):
        name = short_id(row["id"])
        scores[name] = None if name in scores else number(row["tm_score"])
    return scores


def lines_of(prediction: Prediction, scores: Sequence[dict[str, float | None]]) -> list[Line]:
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
        tm_scores = tuple(one.get(short_id(protein.id)) for one in scores)
        lines.append(Line(protein, accuracy, identity, tm_scores))
    return lines


def columns_of(lines: Sequence[Line], tables: Sequence[str]) -> list[tuple[Column, str]]:
    """Return the columns of the list, each with its key; those without any value are left out.

    `tables` are the names of the tables of scores; one that is not alone is named above its scores.
    """
    titles = [f"TM-score, {name}" if len(tables) > 1 else "TM-score" for name in tables]
    columns = [
        (Column("Protein", text=True), "id"),
        (Column("Residues"), "length"),
        (Column("Hidden"), "hidden"),
        (Column("right, %", 1), "accuracy"),
        (Column("mean confidence, %", 1), "confidence"),
        (Column("identity to nearest, %", 1), "identity"),
        *((Column(title, 3), _tm_score(at)) for at, title in enumerate(titles)),
        (Column("Main template", text=True), "template"),
    ]
    optional = ("accuracy", "identity", *map(_tm_score, range(len(tables))))
    return [
        (column, key)
        for column, key in columns
        if key not in optional or any(values_of(line, [key])[0] is not None for line in lines)
    ]


def _tm_score(at: int) -> str:
    return f"tm_score {at}"


def values_of(line: Line, keys: Sequence[str]) -> list[object]:
    """Return what stands in the columns of these keys."""
    known = {
        "id": line.protein.id,
        "length": len(line.protein.residues),
        "hidden": line.protein.hidden,
        "accuracy": line.accuracy,
        "confidence": line.confidence,
        "identity": line.identity,
        **{_tm_score(at): value for at, value in enumerate(line.tm_scores)},
        "template": line.template,
    }
    return [known[key] for key in keys]
