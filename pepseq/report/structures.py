"""Predicted against reference structures, and their TM-score against accuracy."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pepseq.report.discover import Found
from pepseq.report.html import Column, Html, identifier, paragraph, section, table, tag
from pepseq.report.link import Prediction
from pepseq.report.paths import local_words
from pepseq.report.svg import Chart, figure
from pepseq.report.tables import Row, number, read_table, told_apart, total
from pepseq.structure.model_names import short_id
from pepseq.structure.scoring.config import FOLD_THRESHOLD

_COLUMNS = (
    Column("Protein", text=True),
    Column("hidden residues right, %", 1),
    Column("TM-score", 4),
    Column("RMSD, Å"),
    Column("lDDT", 3),
    Column("mean pLDDT", 1),
    Column("Corresponding"),
    Column("of another amino acid"),
    Column("model differs from the completed sequence at"),
    Column("Correspondence, normalised", text=True),
)


def structures(found: Found, predictions: Sequence[Prediction]) -> Html | None:
    """Return TM-scores of each table, and those against accuracy where the truth is known."""
    paths = found.tables["structures"]
    named = zip(told_apart(paths), map(read_table, paths), strict=True)
    tables = [(name, rows) for name, rows in named if rows]
    made = [_folded(path) for path in found.tables["folded"]]
    if not tables:
        return section("structures", "Structures", *made) if made else None
    accuracy = accuracies(predictions)
    return section(
        "structures",
        "Does it fold the same",
        paragraph(
            f"Two structures with a TM-score above {FOLD_THRESHOLD} mostly have the same fold (Xu "
            "and Zhang 2010); that of a structure and itself is 1."
        ),
        *made,
        _side_by_side(tables) if len(tables) > 1 else None,
        *(
            _scored(f"structures-{at}", name, rows, accuracy)
            for at, (name, rows) in enumerate(tables, 1)
        ),
    )


def _side_by_side(tables: Sequence[tuple[str, list[Row]]]) -> Html:
    """Return each table of scores by itself: what it compares, and how alike that is."""
    columns = [
        Column("Source", text=True),
        Column("Models", text=True),
        Column("References", text=True),
        Column("Pairs"),
        Column(f"above {FOLD_THRESHOLD}"),
        Column("mean TM-score", 4),
    ]
    cells = []
    for name, rows in tables:
        known = [v for row in rows if (v := number(row.get("tm_score"))) is not None]
        mean = sum(known) / len(known) if known else None
        places = [identifier(_folders(rows, column)) for column in ("model", "reference")]
        cells.append([identifier(name), *places, len(rows), _above(rows), mean])
    return table("Tables of scores side by side", columns, cells)


def _folders(rows: list[Row], column: str) -> str:
    """Return the names of the folders that the files of a column lie in."""
    names = dict.fromkeys(Path(row.get(column) or "").parent.name for row in rows)
    return ", ".join(name for name in names if name)


def _above(rows: list[Row]) -> int:
    return sum((number(row.get("tm_score")) or 0) > FOLD_THRESHOLD for row in rows)


def _scored(key: str, name: str, rows: list[Row], accuracy: dict[str, float]) -> Html:
    """Return what one table of scores says."""
    cells, points = [], []
    for row in rows:
        right = accuracy.get(short_id(row["id"]))
        tm_score = number(row.get("tm_score"))
        if right is not None and tm_score is not None:
            points.append((row["id"], right, tm_score, bool(_whole(row.get("model_different")))))
        correspondence = f"{row.get('correspondence')}, by {row.get('normalised_by')}"
        cells.append(
            [
                identifier(row["id"]),
                right,
                tm_score,
                *(number(row.get(name)) for name in ("rmsd", "lddt", "mean_plddt")),
                total([row], "corresponding"),
                total([row], "different"),
                _whole(row.get("model_different")),
                correspondence,
            ]
        )
    pairs = "1 pair has" if len(rows) == 1 else f"{len(rows):,} pairs have"
    return section(
        key,
        f"TM-scores: {name}",
        paragraph(f"{_above(rows):,} of {pairs} a TM-score above {FOLD_THRESHOLD}."),
        _themselves(rows),
        _other_sequences(rows),
        _scatter(f"{key}-accuracy", name, points),
        table(f"{name}: predicted against reference structures", _COLUMNS, cells),
        level=3,
    )


def _themselves(rows: list[Row]) -> Html | None:
    """Say so if files were compared with themselves."""
    count = sum(bool(row.get("model")) and row["model"] == row.get("reference") for row in rows)
    said = f"{count:,} of {len(rows):,} pairs compare a file with itself"
    return paragraph(tag("strong", None, said), ", which says nothing.") if count else None


def _folded(path: Path) -> Html:
    """Return how many structures a folder of fold or fetch-structures has."""
    rows = read_table(path)
    states = Counter(row["state"] for row in rows)
    cells = []
    for state, count in states.most_common():
        known = [number(row["mean_plddt"]) for row in rows if row["state"] == state]
        sure = [value for value in known if value is not None]
        cells.append([state, count, sum(sure) / len(sure) if sure else None])
    columns = [Column("State", text=True), Column("Structures"), Column("mean pLDDT", 1)]
    how = sorted({row["engine"] for row in rows if row.get("engine")})
    name = path.parent.name
    return tag(
        "div",
        None,
        paragraph(
            "The structures in ", identifier(name), f" are by {', '.join(map(local_words, how))}."
        )
        if how
        else None,
        table(f"Structures in {name}", columns, cells),
    )


def _whole(cell: object) -> int | None:
    value = number(cell)
    return None if value is None else int(value)


def _other_sequences(rows: list[Row]) -> Html | None:
    """Say so if models are not of the completed sequences, or if that was not looked at."""
    looked = [row for row in rows if number(row.get("model_different")) is not None]
    other = sum(number(row["model_different"]) != 0 for row in looked)
    if other:
        return paragraph(
            tag(
                "strong",
                None,
                f"{other:,} of {len(rows):,} models are not of the completed sequence: ",
            ),
            "their amino acids differ from it, so that their TM-score "
            "says nothing about the completion.",
        )
    if len(looked) < len(rows):
        return paragraph(
            f"Whether {len(rows) - len(looked):,} models are of the completed sequences is not "
            "recorded (score --sequences)."
        )
    return None


def accuracies(predictions: Sequence[Prediction]) -> dict[str, float]:
    """Return the percentage of hidden residues that are right, by the id that a file would have."""
    known: dict[str, float] = {}
    for prediction in predictions:
        for protein in prediction.proteins:
            right = protein.right
            if right is not None and right[1]:
                known[short_id(protein.id)] = 100 * right[0] / right[1]
        for row in (
            prediction.evaluation.tables.get("proteins", []) if prediction.evaluation else ()
        ):
            share = number(row.get("accuracy"))
            if share is not None:
                known[short_id(row.get("id", ""))] = share
    return known


def _scatter(key: str, source: str, points: list[tuple[str, float, float, bool]]) -> Html | None:
    """Return TM-scores by percent right; True: the model is not of the completed sequence."""
    if not points:
        return None
    chart = Chart((0, 100), (0, 1), "hidden residues right, %", "TM-score")
    chart.y_axis([0, 0.2, 0.4, 0.6, 0.8, 1])
    chart.x_axis([(value, f"{value}") for value in range(0, 101, 20)])
    chart.line([(0, FOLD_THRESHOLD), (100, FOLD_THRESHOLD)], "ideal")
    chart.say(99, FOLD_THRESHOLD + 0.02, f"same fold above {FOLD_THRESHOLD}", "end")
    kind = "small" if len(points) > 300 else "main"
    for name, right, tm_score, other in points:
        mark = "hollow" if other else kind
        chart.dot(right, tm_score, mark, f"{name}: {right:.1f} % right, TM-score {tm_score:.3f}")
    columns = [Column("Protein", text=True), Column("right, %", 1), Column("TM-score", 4)]
    cells = [[identifier(name), right, tm_score] for name, right, tm_score, _ in points]
    legend = [("main", "protein"), ("hollow", "its model is not of the completed sequence")]
    return figure(
        key,
        chart,
        f"TM-score against accuracy, {source}.",
        "Each mark is a protein.",
        columns,
        cells,
        legend if any(other for *_, other in points) else (),
    )
