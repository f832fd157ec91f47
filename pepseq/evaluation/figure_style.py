"""How every figure of an evaluation looks, and how a figure becomes a file.

A figure is a function that draws into a matplotlib Figure: `save_figures(stem, formats, draw,
data)` calls it with a figure of this style; `inline_svg` makes SVG of it. No display is needed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Concatenate, ParamSpec

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK, BLUE, ORANGE, GREY = "#222222", "#2166ac", "#d6604d", "#8c8c8c"
LIGHT_BLUE, PALE_BLUE = "#92c5de", "#d1e5f0"

_PNG_DOTS_PER_INCH = 300
_UNDATED: dict[str, dict[str, str | None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}

Data = ParamSpec("Data")


@contextmanager
def styled_figure() -> Iterator[Figure]:
    """Yield an empty figure; what is drawn and saved inside the context has the common style."""
    with matplotlib.rc_context(
        {
            "font.family": "sans-serif",
            "font.size": 7,
            "axes.labelsize": 8,
            "axes.linewidth": 0.6,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "xtick.major.width": 0.6,
            "ytick.major.width": 0.6,
            "xtick.major.size": 2.5,
            "ytick.major.size": 2.5,
            "legend.frameon": False,
            "legend.fontsize": 7,
            "text.parse_math": False,  # a name may have any characters, $ too
            "svg.hashsalt": "pepseq",
        }
    ):
        figure = Figure(layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def save_figures(
    stem: Path,
    formats: Sequence[str],
    draw: Callable[Concatenate[Figure, Data], object],
    *data: Data.args,
    **more_data: Data.kwargs,
) -> None:
    """Save the figure that `draw(figure, *data)` draws as `<stem>.<format>` for each format.

    Formats are those of FIGURE_FORMATS; PNG has 300 dpi. Equal data give equal bytes.
    """
    for name in formats:
        content = figure_bytes(name, draw, *data, **more_data)
        stem.with_name(f"{stem.name}.{name}").write_bytes(content)


def figure_bytes(
    picture_format: str,
    draw: Callable[Concatenate[Figure, Data], object],
    *data: Data.args,
    **more_data: Data.kwargs,
) -> bytes:
    """Return the figure that `draw(figure, *data)` draws as the content of a file.

    The format is one of FIGURE_FORMATS. Equal data give equal bytes.
    """
    stream = BytesIO()
    with styled_figure() as figure:
        draw(figure, *data, **more_data)
        figure.savefig(
            stream,
            format=picture_format,
            dpi=_PNG_DOTS_PER_INCH,
            metadata=_UNDATED[picture_format],
        )
    return stream.getvalue()
