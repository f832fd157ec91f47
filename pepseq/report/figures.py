"""The figures and the confusion table of one evaluation."""

from collections.abc import Sequence

from pepseq.report.html import Column, Html, tag
from pepseq.report.svg import BOTTOM, TOP, Chart, figure
from pepseq.report.tables import Row, number, part, total
from pepseq.sequences.residues import AMINO_ACIDS

PERCENT = (0, 20, 40, 60, 80, 100)
_ROW_HEIGHT = 17
_LOWER_EDGES = {"identical": "same", "<30": "<30"}


def _classes(
    rows: Sequence[Row], name: str, label: dict[str, str], x_title: str
) -> tuple[Chart, list[tuple[int, Row]]]:
    """Return a chart of percentages with a place for each class, and the classes by place."""
    chart = Chart((-0.6, len(rows) - 0.4), (0, 100), x_title, "accuracy, %")
    chart.y_axis(PERCENT)
    chart.x_axis([(at, label.get(row[name], row[name])) for at, row in enumerate(rows)])
    return chart, list(enumerate(rows))


def _points(
    chart: Chart, rows: list[tuple[int, Row]], column: str, kind: str, shift: float = 0
) -> None:
    for at, row in rows:
        value = number(row.get(column))
        if value is not None:
            chart.dot(at + shift, value, kind, f"{value:.1f} %")


def by_length(key: str, rows: list[Row]) -> Html | None:
    """Return the accuracy by length: macro with the spread between proteins, and micro."""
    rows = [row for row in rows if number(row.get("proteins"))]
    if not rows:
        return None
    label = {row["length"]: row["length"].partition("-")[0] for row in rows}
    chart, places = _classes(rows, "length", label, "length, residues (from)")
    for at, row in places:
        macro, spread = number(row.get("macro")), number(row.get("sd"))
        if macro is not None and spread:
            ends = max(macro - spread, 0), min(macro + spread, 100)
            chart.line([(at - 0.12, end) for end in ends], "spread")
    baseline = [(at, number(row.get("commonest_macro"))) for at, row in places]
    chart.line([(at, value) for at, value in baseline if value is not None], "line-rest")
    _points(chart, places, "macro", "main", -0.12)
    _points(chart, places, "micro", "hollow", 0.12)
    columns = [Column("Length", text=True), Column("Proteins"), Column("macro, %"), Column("sd")]
    columns += [Column("micro, %"), Column("commonest, macro, %")]
    cells = [
        [
            row["length"],
            total([row], "proteins"),
            *(number(row.get(c)) for c in ("macro", "sd", "micro", "commonest_macro")),
        ]
        for row in rows
    ]
    return figure(
        key,
        chart,
        "Accuracy by length.",
        "Short proteins have fewer residues to be recognised by. The thin line is one standard "
        "deviation between proteins, cut at 0 and 100.",
        columns,
        cells,
        [
            ("main", "macro"),
            ("hollow", "micro"),
            ("line-rest", "always the commonest amino acid"),
        ],
    )


def by_identity(key: str, rows: list[Row]) -> Html | None:
    """Return the accuracy by identity to the nearest known protein, beside a copy of that one."""
    bands = [r for r in rows if number(r.get("proteins")) and r.get("band") != "without identical"]
    if not bands:
        return None
    bands.reverse()
    label = {row["band"]: _LOWER_EDGES.get(row["band"], row["band"]) for row in bands}
    chart, places = _classes(bands, "band", label, "identity to the nearest known protein, %")
    baseline = [(at, number(row.get("commonest_macro"))) for at, row in places]
    chart.line([(at, value) for at, value in baseline if value is not None], "line-rest")
    _points(chart, places, "copy_macro", "hollow", 0.12)
    _points(chart, places, "macro", "main", -0.12)
    names = ("macro", "micro", "copy_macro", "copy_micro", "commonest_macro")
    columns = [Column("Identity, %", text=True), Column("Proteins"), Column("Hidden residues")]
    columns += [Column("macro, %"), Column("micro, %"), Column("copy, macro, %")]
    columns += [Column("copy, micro, %"), Column("commonest, macro, %"), Column("ECE", 4)]
    cells = [
        [
            row["band"],
            total([row], "proteins"),
            total([row], "hidden"),
            *(number(row.get(name)) for name in names),
            number(row.get("expected_calibration_error")),
        ]
        for row in [*bands, *(r for r in rows if r.get("band") == "without identical")]
    ]
    return figure(
        key,
        chart,
        "Accuracy by identity to the nearest known protein.",
        "Same means known letter for letter, so that completing is looking up; below 30 % there is "
        "hardly a relative to copy from.",
        columns,
        cells,
        [
            ("main", "pepseq, macro"),
            ("hollow", "copy of the truly nearest protein, macro"),
            ("line-rest", "always the commonest amino acid"),
        ],
    )


def by_amino_acid(key: str, rows: list[Row]) -> Html | None:
    """Return recall and precision of each hidden amino acid, best recall first."""
    rows = [row for row in rows if number(row.get("n"))]
    if not rows:
        return None
    rows.sort(key=lambda row: -(number(row.get("recall")) or 0))
    height = TOP + BOTTOM + _ROW_HEIGHT * len(rows)
    chart = Chart((0, 100), (len(rows) - 0.5, -0.5), "recall, precision, %", "", height, left=34)
    chart.x_lines(PERCENT)
    chart.y_names([(at, row["amino_acid"]) for at, row in enumerate(rows)])
    for at, row in enumerate(rows):
        recall, precision = number(row.get("recall")), number(row.get("precision"))
        if recall is not None:
            chart.box((0, recall), (at + 0.3, at - 0.3), "bar")
        if precision is not None:
            chart.dot(precision, at, "hollow", f"{row['amino_acid']}: precision {precision:.1f} %")
    columns = [Column("Amino acid", text=True), Column("Hidden"), Column("Right")]
    columns += [Column("recall, %"), Column("Times chosen"), Column("precision, %")]
    cells = [
        [
            row["amino_acid"],
            *(total([row], column) for column in ("n", "correct")),
            number(row.get("recall")),
            total([row], "predicted"),
            number(row.get("precision")),
        ]
        for row in rows
    ]
    return figure(
        key,
        chart,
        "Accuracy by amino acid.",
        "Bars: how many of the hidden ones were found (recall). Rings: how many of those written "
        "are right (precision).",
        columns,
        cells,
        [("bar", "recall"), ("hollow", "precision")],
    )


def reliability(key: str, rows: list[Row], calibration: object) -> Html | None:
    """Return the accuracy by confidence, with the share of residues of each confidence."""
    rows = [row for row in rows if number(row.get("residues"))]
    if not rows:
        return None
    chart = Chart((0, 100), (0, 100), "confidence, %", "right, %")
    chart.y_axis(PERCENT)
    chart.x_axis([(value, f"{value:g}") for value in PERCENT])
    residues = total(rows, "residues")
    for row in rows:
        ends = [100 * (number(row.get(end)) or 0) for end in ("from", "to")]
        chart.box((ends[0], ends[1]), (0, 100 * total([row], "residues") / residues), "faint")
    chart.line([(0, 0), (100, 100)], "ideal")
    for row in rows:
        mean, right = number(row.get("mean_confidence")), number(row.get("accuracy"))
        if mean is not None and right is not None:
            chart.dot(100 * mean, right, "main", f"confidence {100 * mean:.1f} %: {right:.1f} %")
    error = number(part(calibration, "expected_calibration_error"))
    columns = [Column("Confidence from"), Column("to"), Column("Residues"), Column("mean", 4)]
    columns.append(Column("right, %"))
    cells = [
        [
            *(number(row.get(end)) for end in ("from", "to")),
            total([row], "residues"),
            *(number(row.get(name)) for name in ("mean_confidence", "accuracy")),
        ]
        for row in rows
    ]
    said = "" if error is None else f" Expected calibration error {error:.4f}."
    return figure(
        key,
        chart,
        "Is the confidence honest?",
        "On the diagonal, residues of 70 % confidence are right 70 times in 100; below it, "
        f"confidence is too high.{said}",
        columns,
        cells,
        [("main", "residues of like confidence"), ("ideal", "honest"), ("faint", "their share, %")],
    )


def confusion(rows: list[Row], amino_acids: list[Row]) -> Html | None:
    """Return how often each amino acid was taken for each other, in percent of the true one."""
    counted = {row.get("true", ""): row for row in rows}
    hidden = [row.get("amino_acid", "") for row in amino_acids if number(row.get("n"))]
    shown = [name for name in hidden if name in counted]
    written = [a for a in AMINO_ACIDS if total(list(counted.values()), a)]
    if not shown or not written:
        return None
    body = []
    for name in shown:
        whole = sum(total([counted[name]], a) for a in written)
        cells = []
        for other in written:
            share = 100 * total([counted[name]], other) / whole if whole else 0.0
            text = f"{share:.0f}" if share >= 0.5 else ""
            style = {"style": f"--p:{share:.0f}", "class": "n same" if name == other else "n"}
            cells.append(tag("td", style, text))
        body.append(tag("tr", None, tag("th", {"scope": "row"}, name), *cells))
    head = [tag("th", {"scope": "col"}, a) for a in written]
    made = tag(
        "table",
        {"class": "confusion"},
        tag(
            "caption",
            None,
            tag(
                "span",
                None,
                "Which amino acid is taken for which: rows are true, columns written, percent of "
                "the row; less than 0.5 is left blank, the right ones are framed",
            ),
        ),
        tag("thead", None, tag("tr", None, tag("th", {"scope": "col"}, "true"), *head)),
        tag("tbody", None, *body),
    )
    return tag("div", {"class": "wide"}, made)
