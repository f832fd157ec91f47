import pytest

from pepseq.evaluation.pair_counts import fraction_correct

TRUTH = [("x", "a1", "b1"), ("x", "a2", "b2"), ("y", "a3", "b3"), ("z", "a4", "b4")]
SIZES = {"x": (2, 2), "y": (1, 3), "z": (1, 1)}


@pytest.mark.parametrize(
    ("pairs", "sizes", "expected"),
    [
        (TRUTH, SIZES, 1.0),
        ([], SIZES, 0.0),
        ([TRUTH[0]], SIZES, 1 / 3),
        ([TRUTH[3]], SIZES, 0.0),  # nothing was to choose in z
        ([TRUTH[2]], SIZES, 1 / 3),
        ([TRUTH[2]], None, 0.0),  # without sizes y has one pair, and counts as z does
        ([TRUTH[0], ("x", "a2", "b9")], None, 0.5),
        ([TRUTH[0], TRUTH[0]], SIZES, 1 / 3),
        ([("y", "a1", "b1")], SIZES, 0.0),
    ],
)
def test_fraction_correct(pairs, sizes, expected):
    assert fraction_correct(pairs, TRUTH, sizes) == pytest.approx(expected)


def test_nothing_to_choose_is_no_fraction():
    assert fraction_correct(TRUTH, [TRUTH[3]], SIZES) is None
    assert fraction_correct([], []) is None
