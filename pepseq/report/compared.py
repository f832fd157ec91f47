"""What compare and evaluate-pairs wrote: accuracy across species, and true pairs found."""

from pathlib import Path

from pepseq.report.discover import Found
from pepseq.report.html import Column, Html, identifier, section, shown, table
from pepseq.report.tables import Row, number, read_table, told_apart, total


def crosswise(found: Found) -> Html | None:
    """Return, for each readout, the accuracy by training and test set."""
    parts = [grid for path in found.tables["compared"] for grid in _grids(path)]
    title = "Across species: trained on one, tested on others"
    return section("across", title, *parts) if parts else None


def _grids(path: Path) -> list[Html]:
    rows = read_table(path)
    grids = []
    for readout in dict.fromkeys(row["readout"] for row in rows):
        mine = [row for row in rows if row["readout"] == readout]
        cells = {
            (row["tested_on"], row["trained_on"]): f"{shown(number(row['macro']), 1)} "
            f"({shown(number(row['micro']), 1)})"
            for row in mine
        }
        trained = list(dict.fromkeys(row["trained_on"] for row in mine))
        tested = dict.fromkeys(row["tested_on"] for row in mine)
        columns = [Column("Tested on", text=True), *(Column(name) for name in trained)]
        grid = [
            [identifier(test), *(cells.get((test, name)) for name in trained)] for test in tested
        ]
        caption = f"{readout}: hidden-residue accuracy, macro (micro) in %, by what was trained on"
        grids.append(table(caption, columns, grid))
    return grids


def true_pairs(found: Found) -> Html | None:
    """Return how many of the true pairs each method found, and how right its confidence is."""
    parts = []
    paths = found.tables["true_pairs"]
    for path, name in _named(paths):
        columns = [
            Column("Pairs", text=True),
            Column("Method", text=True),
            Column("True pairs"),
            Column("Found"),
            Column("%", 1),
            Column("by chance, %", 1),
        ]
        rows = [
            [
                identifier(Path(row["pairs"]).name),
                row["method"],
                total([row], "true_pairs"),
                total([row], "correct"),
                number(row["accuracy"]),
                number(row["chance"]),
            ]
            for row in read_table(path)
        ]
        parts.append(table(f"{name}: true pairs found", columns, rows))
    for path, name in _named(found.tables["pair_confidence"]):
        parts += _by_confidence(name, read_table(path))
    return section("true-pairs", "How many true pairs were found", *parts) if parts else None


def _named(paths: list[Path]) -> list[tuple[Path, str]]:
    """Return tables with the names of their folders."""
    return list(zip(paths, told_apart([path.parent for path in paths]), strict=True))


def _by_confidence(name: str, rows: list[Row]) -> list[Html]:
    """Return, for each table of pairs, how often those of each confidence are right."""
    columns = [Column("Confidence from"), Column("to"), Column("Pairs made"), Column("Right")]
    columns.append(Column("right, %", 1))
    made = []
    for pairs in dict.fromkeys(row["pairs"] for row in rows):
        cells = [
            [
                *(number(row[end]) for end in ("from", "to")),
                *(total([row], count) for count in ("made", "correct")),
                number(row["accuracy"]),
            ]
            for row in rows
            if row["pairs"] == pairs
        ]
        caption = f"{name}: how often pairs of {Path(pairs).name} are right, by their confidence"
        made.append(table(caption, columns, cells, sortable=False))
    return made
