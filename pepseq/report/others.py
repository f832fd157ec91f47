"""What lookup, score, pair, finetune and split found, each as a section of the page."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pepseq.report.figures import losses
from pepseq.report.found import Found
from pepseq.report.html import Column, Html, identifier, paragraph, section, shown, table, tag
from pepseq.report.link import Prediction
from pepseq.report.svg import Chart, figure
from pepseq.report.tables import Row, number, part, read_table, total
from pepseq.structure.config import FOLD_THRESHOLD
from pepseq.structure.names import short_id

ROWS = 200
"""A table of fits or pairs shows so many at most."""
_TENTHS = 10


def histogram(key: str, title: str, what: str, counts: Sequence[int], unit: str) -> Html | None:
    """Return how many there are of each tenth of confidence, in percent of all."""
    whole = sum(counts)
    if not whole:
        return None
    shares = [100 * count / whole for count in counts]
    top = next(t for t in (10, 25, 50, 75, 100) if max(shares) <= t)
    chart = Chart((0, 100), (0, top), "confidence, %", f"{unit}, %")
    chart.y_axis([top * i / 5 for i in range(6)])
    chart.x_axis([(value, f"{value}") for value in range(0, 101, 20)])
    width = 100 / len(counts)
    for at, share in enumerate(shares):
        chart.box((at * width, (at + 1) * width), (0, share), "bar")
    columns = [Column("Confidence from"), Column("to"), Column(unit), Column("share, %")]
    rows = [
        [at / len(counts), (at + 1) / len(counts), count, share]
        for at, (count, share) in enumerate(zip(counts, shares, strict=True))
    ]
    return figure(key, chart, title, what, columns, rows)


def structures(found: Found, predictions: Sequence[Prediction]) -> Html | None:
    """Return TM-scores, against accuracy where the truth is known, else against confidence."""
    rows = [row for path in found.tables["structures"] for row in read_table(path)]
    if not rows:
        return None
    accuracy = accuracies(predictions)
    cells, points = [], []
    for row in rows:
        right = accuracy.get(short_id(row["id"]))
        tm_score = number(row.get("tm_score"))
        if right is not None and tm_score is not None:
            points.append((row["id"], right, tm_score))
        correspondence = f"{row.get('correspondence')}, by {row.get('normalised_by')}"
        cells.append(
            [
                identifier(row["id"]),
                right,
                tm_score,
                *(number(row.get(name)) for name in ("rmsd", "lddt", "mean_plddt")),
                total([row], "corresponding"),
                total([row], "different"),
                correspondence,
            ]
        )
    above = sum((number(row.get("tm_score")) or 0) > FOLD_THRESHOLD for row in rows)
    columns = [
        Column("Protein", text=True),
        Column("hidden residues right, %", 1),
        Column("TM-score", 4),
        Column("RMSD, Å"),
        Column("lDDT", 3),
        Column("mean pLDDT", 1),
        Column("Corresponding"),
        Column("of another amino acid"),
        Column("Correspondence, normalised", text=True),
    ]
    return section(
        "structures",
        "Does it fold the same",
        paragraph(
            f"{above:,} of {len(rows):,} pairs have a TM-score above {FOLD_THRESHOLD}, from which "
            "two structures mostly have the same fold (Xu and Zhang 2010). 1 is the same "
            "structure; proteins drawn at random reach about 0.2."
        ),
        _scatter(points),
        table("Predicted against reference structures", columns, cells),
    )


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


def _scatter(points: list[tuple[str, float, float]]) -> Html | None:
    if not points:
        return None
    chart = Chart((0, 100), (0, 1), "hidden residues right, %", "TM-score")
    chart.y_axis([0, 0.2, 0.4, 0.6, 0.8, 1])
    chart.x_axis([(value, f"{value}") for value in range(0, 101, 20)])
    chart.line([(0, FOLD_THRESHOLD), (100, FOLD_THRESHOLD)], "ideal")
    chart.say(99, FOLD_THRESHOLD + 0.02, f"same fold above {FOLD_THRESHOLD}", "end")
    kind = "small" if len(points) > 300 else "main"
    for name, right, tm_score in points:
        chart.dot(right, tm_score, kind, f"{name}: {right:.1f} % right, TM-score {tm_score:.3f}")
    columns = [Column("Protein", text=True), Column("right, %", 1), Column("TM-score", 4)]
    cells = [[identifier(name), right, tm_score] for name, right, tm_score in points]
    return figure(
        "tm-score",
        chart,
        "TM-score against accuracy.",
        "Each dot is a protein.",
        columns,
        cells,
    )


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
    counts = [0] * _TENTHS
    for row in new:
        counts[min(int(10 * (number(row["confidence"]) or 0)), _TENTHS - 1)] += 1
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
    more = f" (the first {ROWS} of {len(rows):,})" if len(rows) > ROWS else ""
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
        table(f"Pairs, surest first{more}", columns, cells),
        level=3,
    )


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
    sure = [row for row in fitted if (q := number(row["q_value"])) is not None and q <= max_q]
    single = sum(row["equal_fits"] == "1" for row in sure)
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
    more = f" (the first {ROWS} of {len(fitted):,})" if len(fitted) > ROWS else ""
    return section(
        key,
        path.name,
        paragraph(
            f"{len(rows):,} readouts: {len(sure):,} fit a known protein at a q-value up to "
            f"{max_q:g}, {single:,} of them one place alone. {len(rows) - len(fitted):,} fit "
            "nothing."
        ),
        table(f"Best fits{more}", columns, cells),
        level=3,
    )


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
    caption = f"{path.parent.name}: parts, and identity of a sample to the nearest training protein"
    return table(caption, columns, cells)


def left_out(found: Found) -> Html | None:
    """Say how many records were left out on the way, and why the first was."""
    items = []
    for path in found.tables["left_out"]:
        rows = read_table(path)
        if rows:
            first = f"{shown(len(rows))} records, the first: {rows[0]['id']}: {rows[0]['reason']}"
            items.append(tag("li", None, identifier(path.name), f": {first}"))
    return (
        tag("div", None, paragraph("Left out on the way:"), tag("ul", None, *items))
        if items
        else None
    )
