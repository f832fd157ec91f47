"""The superposition with the highest TM-score, beside the search of tmtools."""

import numpy as np
import pytest
import tmtools
from hypothesis import example, given, settings
from hypothesis import strategies as st
from structures import real_chains

from pepseq.structure.least_squares import least_rmsd
from pepseq.structure.tm_search import scale_of, superpose_pairs


def moved(draw, xyz, noise):
    """Return coordinates turned, shifted and disturbed."""
    turn, _ = np.linalg.qr(draw.normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    return (xyz + draw.normal(0, noise, xyz.shape)) @ turn.T + draw.normal(0, 30, 3)


def check(model, reference, tolerance=1e-5):
    """Compare score, RMSD and the superposition itself with tmtools."""
    row = "A" * len(model)
    theirs = tmtools.tm_align(model, reference, row, row, [row, row])
    score, rotation, translation = superpose_pairs(model, reference, len(reference))
    assert score == pytest.approx(theirs.tm_norm_chain2, abs=tolerance)
    rmsd = least_rmsd(model, reference)
    rounded = abs(rmsd**2 - theirs.rmsd**2) < 1e-6  # of equal chains theirs is a root of rounding
    assert rmsd == pytest.approx(theirs.rmsd, abs=1e-4) or rounded
    distances = np.linalg.norm(model @ rotation.T + translation - reference, axis=1)
    again = (1 / (1 + (distances / scale_of(len(reference))) ** 2)).mean()
    assert score == pytest.approx(again, abs=1e-9)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1)


@pytest.mark.parametrize("noise", [0, 1, 3, 8])
def test_real_chains(noise):
    draw = np.random.default_rng(noise)
    for _, xyz in list(real_chains())[::12]:
        check(moved(draw, xyz, noise), xyz)


@given(st.integers(0, 2**32), st.integers(4, 60), st.floats(0, 10))
@example(655, 4, 0.0)
@settings(max_examples=30)
def test_short_chains_of_any_shape(seed, length, noise):
    draw = np.random.default_rng(seed)
    xyz = np.cumsum(draw.normal(0, 2, (length, 3)), axis=0)
    check(moved(draw, xyz, noise), xyz)


def test_a_mirror_image_is_not_the_same():
    xyz = next(real_chains())[1]
    mirrored = xyz * [1, 1, -1]
    check(mirrored, xyz)
    assert superpose_pairs(mirrored, xyz, len(xyz))[0] < 0.5


@pytest.mark.parametrize(
    "xyz",
    [
        np.zeros((5, 3)),
        np.arange(9.0).reshape(3, 3),
        np.arange(30)[:, None] * [3.8, 0.0, 0.0],
        np.random.default_rng(1).normal(0, 1e6, (12, 3)),
    ],
    ids=["one point", "three in a row", "a line", "far apart"],
)
def test_shapes_that_no_protein_has_end_and_fit_themselves(xyz):
    draw = np.random.default_rng(2)
    score, rotation, translation = superpose_pairs(moved(draw, xyz, 0), xyz, len(xyz))
    assert score == pytest.approx(1, abs=1e-6)
    assert np.isfinite(rotation).all() and np.isfinite(translation).all()
    assert superpose_pairs(moved(draw, xyz, 5), xyz, len(xyz))[0] <= 1


def test_the_length_divides_and_sets_the_scale():
    draw = np.random.default_rng(3)
    xyz = next(real_chains())[1]
    model = moved(draw, xyz, 2)
    whole, longer = (superpose_pairs(model, xyz, length)[0] for length in (len(xyz), 3 * len(xyz)))
    assert whole / 3 < longer < whole
