"""What lookup, pair, finetune and split found, each as a section of the page."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pepseq.report.curves import histogram, losses
from pepseq.report.discover import Found
from pepseq.report.html import (
    Column,
    Html,
    details,
    identifier,
    paragraph,
    section,
    shown,
    table,
    tag,
)
from pepseq.report.paths import local_words
from pepseq.report.tables import TENTHS, Row, number, part, read_table, tenth, total

ROWS = 200
"""A table of fits or pairs shows so many at most."""


def pairings(found: Found) -> Html | None:
    """Return pairs: how many, how sure, the surest of them, and what has none."""
    parts = [_pairing(f"pairs-{at}", path, found) for at, path in _numbered(found, "pairs")]
    for path in found.tables["unpaired"]:
        reasons = Counter((row["family"], row["reason"]) for row in read_table(path))
        if reasons:
            rows = [[family, reason, count] for (family, reason), count in reasons.items()]
            columns = [Column("Family", text=True), Column("Reason", text=True), Column("Proteins")]
            parts.append(table(f"Proteins without a pair: {path.name}", columns, rows))
    return section("pairs", "Which proteins interact", *parts) if parts else None


def _numbered(found: Found, kind: str) -> list[tuple[int, Path]]:
    return list(enumerate(found.tables[kind], 1))


def _pairing(key: str, path: Path, found: Found) -> Html:
    rows = read_table(path)
    new = [row for row in rows if row.get("known") != "yes"]
    counts = [0] * TENTHS
    for row in new:
        counts[tenth(path, row["confidence"])] += 1
    run = found.runs.get(path)
    method = part(run and run.record, "settings", "method")
    how = f" by {method}" if method else ""
    species = len({row["species"] for row in rows})
    columns = [Column("Rank"), Column("Species", text=True), Column("Family A", text=True)]
    columns += [Column("Family B", text=True), Column("Confidence"), Column("Known", text=True)]
    cells = [
        [
            total([row], "rank"),
            *(identifier(row[name]) for name in ("species", "protein_a", "protein_b")),
            number(row["confidence"]),
            row.get("known", ""),
        ]
        for row in rows[:ROWS]
    ]
    return section(
        key,
        path.name,
        paragraph(
            f"{len(rows):,} pairs in {species:,} species{how}; {len(rows) - len(new):,} of them "
            f"were known beforehand. {counts[-1]:,} were chosen in at least 90 % of the runs."
        ),
        histogram(
            f"{key}-confidence",
            "How sure the pairs are.",
            "Share of the runs that chose a pair.",
            counts,
            "pairs",
        ),
        _long("Pairs, surest first", columns, cells, len(rows)),
        level=3,
    )


def _long(
    caption: str, columns: Sequence[Column], cells: Sequence[Sequence[object]], whole: int
) -> Html | None:
    """Return a long table to open, of which `cells` are the first ROWS rows."""
    more = f" (the first {len(cells)} of {whole:,})" if whole > len(cells) else ""
    title = f"{caption}{more}"
    return details(title, table(title, columns, cells)) if cells else None


def fits(found: Found) -> Html | None:
    """Return how many readouts fit a known protein, and the best fit of each."""
    parts = [_fits(f"fits-{at}", path, found) for at, path in _numbered(found, "fits")]
    return section("fits", "Which known proteins the readouts fit", *parts) if parts else None


def _fits(key: str, path: Path, found: Found) -> Html:
    rows = [row for row in read_table(path) if row["rank"] in ("1", "")]
    fitted = [row for row in rows if row["rank"]]
    run = found.runs.get(path)
    recorded = number(part(run and run.record, "settings", "max_q"))
    max_q = 0.01 if recorded is None else recorded
    columns = [
        Column("Readout", text=True),
        Column("Best fit", text=True),
        Column("Score, bits", 1),
    ]
    columns += [Column("Labels matched", text=True), Column("Equal fits"), Column("q-value", 4)]
    cells: list[list[object]] = [
        [
            identifier(row["id"]),
            identifier(row["protein"]),
            number(row["score"]),
            f"{row.get('labels_matched')} of {row.get('labels')}",
            total([row], "equal_fits"),
            number(row["q_value"]),
        ]
        for row in fitted[:ROWS]
    ]
    return section(
        key,
        path.name,
        paragraph(
            "The q-value is the share of wrong fits among those as good or better; it needs "
            "hundreds of readouts to be of use."
        ),
        _fitting(rows, max_q),
        _long("Best fits", columns, cells, len(fitted)),
        level=3,
    )


def _fitting(rows: list[Row], max_q: float) -> Html:
    """Return how many readouts fit something, and how many reads these are if they are counted."""
    fitted = [row for row in rows if row["rank"]]
    sure, rest = [], []
    for row in fitted:
        q = number(row["q_value"])
        (sure if q is not None and q <= max_q else rest).append(row)
    kinds = {
        f"fit one place, q-value up to {max_q:g}": [r for r in sure if r["equal_fits"] == "1"],
        f"fit several places equally well, q-value up to {max_q:g}": [
            row for row in sure if row["equal_fits"] != "1"
        ],
        f"fit something, q-value above {max_q:g}": rest,
        "fit nothing": [row for row in rows if not row["rank"]],
    }
    columns = [Column("Readouts that", text=True), Column("Number"), Column("%", 1)]
    cells: list[list[object]] = [
        [what, len(some), 100 * len(some) / len(rows) if rows else None]
        for what, some in kinds.items()
    ]
    if total(rows, "count") > len(rows):
        columns.append(Column("Reads"))
        cells = [
            [*row, total(some, "count")] for row, some in zip(cells, kinds.values(), strict=True)
        ]
    return table(f"{len(rows):,} readouts", columns, cells, sortable=False)


def training(found: Found) -> Html | None:
    """Return the losses of networks that were trained."""
    parts = []
    for at, path in _numbered(found, "training"):
        parts.append(losses(f"training-{at}", path.parent.name, read_table(path)))
    if not parts:
        return None
    return section("training", "Training", tag("div", {"class": "figures"}, *parts))


def splits(found: Found) -> Html | None:
    """Return the sizes of data sets, and how near they are to the training part."""
    parts = [_split(path, read_table(path)) for path in found.tables["split"]]
    return section("split", "Training and test proteins", *parts) if parts else None


def _split(path: Path, rows: list[Row]) -> Html:
    numbers = ("proteins", "residues", "groups")
    bands = [name for name in (rows[0] if rows else {}) if name[:1] in "<123456789i"]
    columns = [Column("Part", text=True), *(Column(name) for name in numbers)]
    columns += [Column("share, %", 1), Column("median identity to training, %", 1)]
    columns += [Column(f"{band}: proteins") for band in bands]
    cells = [
        [row["split"], *(total([row], name) for name in numbers)]
        + [100 * (number(row["share"]) or 0), number(row["median_identity"])]
        + [total([row], band) for band in bands]
        for row in rows
    ]
    name = path.parent.name
    caption = f"Parts of {name}, and identity of a sample to the nearest training protein"
    return table(caption, columns, cells)


def left_out(found: Found) -> Html | None:
    """Say how many records were left out on the way, and why the first was."""
    items = []
    for path in found.tables["left_out"]:
        rows = read_table(path)
        if rows:
            why = local_words(rows[0]["reason"])
            first = f"{shown(len(rows))} records, the first: {rows[0]['id']}: {why}"
            items.append(tag("li", None, identifier(path.name), f": {first}"))
    return (
        tag("div", None, paragraph("Left out on the way:"), tag("ul", None, *items))
        if items
        else None
    )
