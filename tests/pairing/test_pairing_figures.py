"""The figure of a pairing."""

import io

import numpy as np
import pytest

from pepseq.pairing.figures import draw_pairing
from pepseq.pairing.method_interface import MethodResult
from pepseq.pairing.pairs import RowPair

PAIRS = [RowPair("x", 1, 2, 1.0, True), RowPair("x", 0, 0, 0.75, False)]


@pytest.mark.parametrize(
    ("picture_format", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
@pytest.mark.parametrize("steps", [0, 1, 5])
def test_the_figure_is_of_its_format_and_the_same_each_time(picture_format, start, steps):
    rounds = (2,) if steps > 2 else ()
    result = MethodResult((), np.random.default_rng(1).random((3, steps)), rounds)
    picture = draw_pairing(result, PAIRS, picture_format)
    assert picture.startswith(start) and picture == draw_pairing(result, PAIRS, picture_format)
    if picture_format == "svg":
        assert (b"Step" in picture) == (steps > 0)
        assert (b"Next round" in picture) == bool(rounds)


def test_the_figure_shows_every_run_and_not_the_mean_alone():
    import matplotlib.image

    runs = np.ones((3, 5)), np.array([np.ones(5), np.arange(5.0) - 1, 3 - np.arange(5.0)])
    flat, crossed = (
        matplotlib.image.imread(io.BytesIO(draw_pairing(MethodResult((), losses), PAIRS, "png")))
        for losses in runs
    )
    assert flat.shape != crossed.shape or (flat != crossed).any()
