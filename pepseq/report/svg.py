"""Small figures as inline SVG in the page's own colours, each with its numbers as a table."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from pepseq.report.html import Column, Html, details, escaped, join, table, tag

WIDTH, HEIGHT = 440, 260
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 14, 44


@dataclass
class Chart:
    """A figure with two axes, to which marks are added in units of the data.

    `x`, `y`: ends of the axes; `x_title`, `y_title`: what they are, with units.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    x_title: str
    y_title: str
    height: int = HEIGHT
    left: int = LEFT
    marks: list[Html] = field(default_factory=list)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the data lies."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        width, height = WIDTH - self.left - RIGHT, self.height - TOP - BOTTOM
        return round(self.left + across * width, 1), round(TOP + (1 - up) * height, 1)

    def dot(self, x: float, y: float, kind: str, title: str = "") -> None:
        """Add a dot; `kind` is a class of the page's style."""
        cx, cy = self.at(x, y)
        name = f"<title>{escaped(title)}</title>" if title else ""
        radius = 2.6 if kind == "small" else 4
        self.marks.append(
            Html(f'<circle class="{kind}" cx="{cx}" cy="{cy}" r="{radius}">{name}</circle>')
        )

    def line(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """Add a line through points."""
        path = "L".join("{} {}".format(*self.at(*point)) for point in points)
        if points:
            self.marks.append(Html(f'<path class="{kind}" d="M{path}"/>'))

    def box(self, x: tuple[float, float], y: tuple[float, float], kind: str) -> None:
        """Add a rectangle between two values on each axis."""
        (left, low), (right, high) = self.at(x[0], y[0]), self.at(x[1], y[1])
        size = f'width="{max(right - left - 1, 0.5):.1f}" height="{max(low - high, 0):.1f}"'
        self.marks.append(Html(f'<rect class="{kind}" x="{left}" y="{high}" {size}/>'))

    def say(self, x: float, y: float, text: str, anchor: str = "start") -> None:
        """Add words beside a point."""
        left, top = self.at(x, y)
        self.marks.append(
            tag("text", {"x": left, "y": top, "text-anchor": anchor, "class": "say"}, text)
        )

    def y_axis(self, ticks: Sequence[float]) -> None:
        """Add lines across at these values, and the axis's title."""
        for value in ticks:
            self.line([(self.x[0], value), (self.x[1], value)], "grid")
            left, top = self.at(self.x[0], value)
            self._text(left - 6, top + 4, f"{value:,g}", "end")
        middle = (TOP + self.height - BOTTOM) / 2
        self.marks.append(
            tag(
                "text",
                {
                    "transform": f"translate(12 {middle}) rotate(-90)",
                    "text-anchor": "middle",
                    "class": "title",
                },
                self.y_title,
            )
        )

    def x_lines(self, values: Sequence[float]) -> None:
        """Add lines upwards at these values, and the values below."""
        for value in values:
            self.line([(value, self.y[0]), (value, self.y[1])], "grid")
        self.x_axis([(value, f"{value:,g}") for value in values])

    def x_axis(self, ticks: Sequence[tuple[float, str]]) -> None:
        """Add labels below at these values, and the axis's title."""
        base = self.height - BOTTOM
        for value, label in ticks:
            self._text(self.at(value, self.y[0])[0], base + 16, label, "middle")
        across = (self.left + WIDTH - RIGHT) / 2
        self._text(across, self.height - 6, self.x_title, "middle", "title")

    def y_names(self, names: Sequence[tuple[float, str]]) -> None:
        """Add a label at the left for each of these values."""
        for value, label in names:
            left, top = self.at(self.x[0], value)
            self._text(left - 8, top + 4, label, "end")

    def _text(self, x: float, y: float, text: str, anchor: str, kind: str | None = None) -> None:
        place = {"x": round(x, 1), "y": round(y, 1), "text-anchor": anchor, "class": kind}
        self.marks.append(tag("text", place, text))

    def svg(self, key: str, title: str, description: str) -> Html:
        """Return the drawing, named for those who cannot see it."""
        names = {"role": "img", "aria-labelledby": f"{key}-t {key}-d"}
        return tag(
            "svg",
            {"viewBox": f"0 0 {WIDTH} {self.height}", **names},
            tag("title", {"id": f"{key}-t"}, title),
            tag("desc", {"id": f"{key}-d"}, description),
            join(self.marks),
        )


def figure(
    key: str,
    chart: Chart,
    title: str,
    description: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[object]],
    legend: Sequence[tuple[str, str]] = (),
) -> Html:
    """Return a chart with its caption, its legend (class of the mark, meaning) and its numbers."""
    keys = [
        tag(
            "li",
            None,
            Html(f'<svg class="key" viewBox="0 0 22 12" aria-hidden="true">{_sample(kind)}</svg>'),
            meaning,
        )
        for kind, meaning in legend
    ]
    return tag(
        "figure",
        None,
        tag("figcaption", None, tag("strong", None, title), " ", description),
        tag("ul", {"class": "legend"}, *keys) if keys else None,
        chart.svg(key, title, description),
        details("Numbers", table(title, columns, rows)),
    )


def _sample(kind: str) -> str:
    """Return a mark for the legend."""
    if kind.startswith("line") or kind == "ideal":
        return f'<path class="{kind}" d="M1 6L21 6"/>'
    if kind in ("bar", "faint"):
        return f'<rect class="{kind}" x="3" y="2" width="16" height="8"/>'
    return f'<circle class="{kind}" cx="11" cy="6" r="4"/>'


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round values between two ends.

    >>> ticks(0, 100)
    [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    """
    span = high - low
    if not (span > 0 and math.isfinite(span)):
        return [low]
    step = 10.0 ** math.floor(math.log10(span / about))
    step = next(step * m for m in (1, 2, 5, 10) if span / (step * m) <= about + 1e-9)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]
