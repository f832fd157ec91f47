"""Figures as SVG inside a web page, in the colours of the page's style."""

import io
import re
from collections.abc import Callable, Iterator
from html import escape
from itertools import groupby
from typing import Concatenate, NamedTuple, ParamSpec
from xml.etree import ElementTree

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from pepseq.errors import showable
from pepseq.evaluation.figure_style import (
    BLUE,
    GREY,
    INK,
    LIGHT_BLUE,
    ORANGE,
    PALE_BLUE,
    styled_figure,
)

VARIABLES = {
    INK: "--ink",
    BLUE: "--accent",
    GREY: "--muted",
    ORANGE: "--second",
    LIGHT_BLUE: "--c1",
    PALE_BLUE: "--c2",
    "#000000": "--ink",
    "#ffffff": "--paper",
}
"""Colours of figures, and variables of the page's style in their place."""

_IGNORED = {"metadata", "style", "clipPath"}
"""Elements of matplotlib's SVG that the page does not need."""

_DEFAULTS = re.compile(
    r"(font-family|stroke-linejoin|stroke-linecap)[^;]*;? ?|font-size: 7px;? ?|text-anchor: start"
)
_AROUND_COMMANDS = re.compile(" ?([MLCQz]) ?")
_DECIMAL = re.compile(r"-?\d+\.\d+")

_UNDATED = dict.fromkeys(("Date", "Creator", "Format", "Type"))

Data = ParamSpec("Data")


class FigureSize(NamedTuple):
    """Width, height and margins around the axes, in inches."""

    width: float
    height: float
    left: float
    right: float
    bottom: float
    top: float


class InlineSvg(NamedTuple):
    """The content of an `<svg>` element of a page, and its viewBox."""

    view_box: str
    marks: str


def inline_svg(
    key: str,
    size: FigureSize,
    draw: Callable[Concatenate[Figure, Data], object],
    *data: Data.args,
    **more_data: Data.kwargs,
) -> InlineSvg:
    """Return the figure that `draw(figure, *data)` draws, for a page; equal data give equal texts.

    `key` makes ids distinct on the page. Margins are given because matplotlib takes as long to find
    them as to draw. The title of a mark is the text that `draw` returns for it, a dict of lists of
    texts by the artist's gid, or for a line without a gid its y value.
    """
    stream = io.StringIO()
    with styled_figure() as figure:
        matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": key})
        figure.set_layout_engine(None)
        titles = draw(figure, *data, **more_data)
        known = titles if isinstance(titles, dict) else {}
        known |= _titles_of_lines(figure)
        figure.set_size_inches(size.width, size.height)
        left, right = size.left / size.width, 1 - size.right / size.width
        bottom, top = size.bottom / size.height, 1 - size.top / size.height
        figure.subplots_adjust(left, bottom, right, top, hspace=0.1)
        for patch in (figure.patch, *(axes.patch for axes in figure.axes)):
            patch.set_visible(False)
        for artist in figure.findobj(Artist.get_rasterized):
            artist.set_rasterized(False)  # a page may not show pictures
        # unlike savefig, which draws a figure twice to lay it out
        print_svg: Callable[..., None] = FigureCanvasSVG(figure).print_svg
        print_svg(stream, metadata=_UNDATED)
    root = ElementTree.fromstring(showable(stream.getvalue()))
    _share_styles(root)
    _join_lines(root)
    return InlineSvg(root.attrib["viewBox"], "".join(_marks(root, known, iter(()))))


def _titles_of_lines(figure: Figure) -> dict[str, list[str]]:
    """Set the gid of each line with markers that has none, and return the values of its marks."""
    titles: dict[str, list[str]] = {}
    for line in (line for axes in figure.axes for line in axes.lines):
        if line.get_marker() not in ("None", "", None) and line.get_gid() is None:
            gid = f"line-{len(titles)}"
            line.set_gid(gid)
            label = "" if str(line.get_label()).startswith("_") else f"{line.get_label()}: "
            values = np.asarray(line.get_ydata(), float)
            titles[gid] = [f"{label}{value:.4g}" for value in values[~np.isnan(values)]]
    return titles


def _share_styles(root: ElementTree.Element) -> None:
    """Give a style that all uses of a path have to the path instead."""
    uses: dict[str, list[ElementTree.Element]] = {}
    for element in root.iter("{http://www.w3.org/2000/svg}use"):
        uses.setdefault(element.get("{http://www.w3.org/1999/xlink}href", ""), []).append(element)
    for path in root.iter("{http://www.w3.org/2000/svg}path"):
        mine = uses.get(f"#{path.get('id')}", [])
        if len({use.get("style", "") for use in mine}) == 1:
            path.set("style", mine[0].get("style", ""))
            for use in mine:
                use.attrib.pop("style", None)


def _join_lines(root: ElementTree.Element) -> None:
    """Join lines of a group that look the same, such as many intervals, to one path."""
    for group in root.iter("{http://www.w3.org/2000/svg}g"):
        for _, alike in groupby(list(group), _look_of_line):
            first, *others = alike
            if others and _look_of_line(first):
                first.set("d", " ".join(line.get("d", "") for line in (first, *others)))
                for line in others:
                    group.remove(line)


def _look_of_line(element: ElementTree.Element) -> dict[str, str] | None:
    """Return all attributes of a line but its course; None for what is no line."""
    is_line = "fill: none" in element.get("style", "") and "d" in element.attrib
    return {k: text for k, text in element.items() if k != "d"} if is_line else None


def _marks(
    element: ElementTree.Element, titles: dict[str, list[str]], pending: Iterator[str]
) -> Iterator[str]:
    """Yield the elements of matplotlib's SVG that draw something, without groups.

    `pending` are the titles of the next marks.
    """
    name = element.tag.rpartition("}")[2]
    if name in _IGNORED or element.get("style") == "fill: none":
        return
    gid = element.get("id", "")
    pending = iter(titles[gid]) if gid in titles else pending
    inside = (mark for child in element for mark in _marks(child, titles, pending))
    if name in ("svg", "g"):
        yield from inside
        return
    attributes = [(key.rpartition("}")[2], text) for key, text in element.items()]
    digits = 2 if gid else 1  # a marker's path, which is used by its id
    shortened = [(key, _shortened(key, text, digits)) for key, text in attributes]
    shown = "".join(f' {key}="{escape(text)}"' for key, text in shortened if text)
    title = next(pending, "") if name == "use" else ""
    said = f"<title>{escape(title)}</title>" if title else ""
    content = f"{said}{escape(element.text or '').strip()}{''.join(inside)}"
    if content:
        yield f"<{name}{shown}>{content}</{name}>"
    elif name != "defs":
        yield f"<{name}{shown}/>"


def _shortened(key: str, text: str, digits: int = 1) -> str:
    """Return an attribute as short as it looks the same; empty for one without an effect."""
    if key == "clip-path" or text.startswith("rotate(-0 "):
        return ""
    if key == "style":
        for colour, variable in VARIABLES.items():
            text = text.replace(colour, f"var({variable})")
        return _DEFAULTS.sub("", text).replace(": ", ":").replace("; ", ";").strip("; ")
    if key in ("d", "x", "y", "transform"):
        text = _DECIMAL.sub(lambda match: _rounded(match[0], digits), text)
    return _AROUND_COMMANDS.sub(r"\1", " ".join(text.split())) if key == "d" else text


def _rounded(text: str, digits: int) -> str:
    return f"{float(text):.{digits}f}".rstrip("0").rstrip(".")
