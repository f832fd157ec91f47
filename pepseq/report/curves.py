"""Figures that need no evaluation: a histogram of confidence, and losses of a training run."""

from collections.abc import Sequence

from pepseq.report.html import Column, Html, paragraph
from pepseq.report.svg import Chart, figure, ticks
from pepseq.report.tables import Row, number, total


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


def losses(key: str, name: str, rows: list[Row]) -> Html | None:
    """Return training and validation loss against the step."""
    curves = {
        column: [
            (step, value)
            for row in rows
            if (step := number(row.get("step"))) is not None
            and (value := number(row.get(column))) is not None
        ]
        for column in ("train_loss", "validation_loss")
    }
    values = [value for points in curves.values() for _, value in points]
    steps = [step for points in curves.values() for step, _ in points]
    if not values or max(steps) <= 0:
        return paragraph(f"{name}: no losses are recorded.")
    low, high = min(values), max(values)
    margin = (high - low) * 0.06 or 0.1
    chart = Chart((0, max(steps)), (low - margin, high + margin), "step", "loss, nats per residue")
    chart.y_axis(ticks(*chart.y))
    chart.x_axis([(value, f"{value:,g}") for value in ticks(0, max(steps), 4)])
    chart.line(curves["train_loss"], "line-rest")
    chart.line(curves["validation_loss"], "line-main")
    for step, value in curves["validation_loss"]:
        chart.dot(step, value, "main", f"step {step:,g}: {value:.4f}")
    columns = [Column("Step"), Column("training loss", 4), Column("validation loss", 4)]
    columns.append(Column("validation accuracy, micro, %"))
    cells = []
    for row in rows:
        right = number(row.get("validation_accuracy"))
        cells.append(
            [
                total([row], "step"),
                number(row.get("train_loss")),
                number(row.get("validation_loss")),
                None if right is None else 100 * right,
            ]
        )
    return figure(
        key,
        chart,
        f"Training of {name}.",
        "Lower is better; when validation stops falling, more steps teach nothing new.",
        columns,
        cells,
        [("line-main", "validation"), ("line-rest", "training")],
    )
