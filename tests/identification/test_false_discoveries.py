"""Estimates of the share of wrong discoveries, by hand."""

import pytest

from pepseq.identification.false_discoveries import (
    combined_estimate,
    lower_bound,
    paired_estimate,
    share_with_interval,
)


def test_shares_have_exact_intervals():
    # Clopper-Pearson: none of 10 is 1 - 0.025 ** (1 / 10)
    assert share_with_interval(0, 10) == pytest.approx((0, 0, 1 - 0.025**0.1))
    assert share_with_interval(10, 10) == pytest.approx((1, 0.025**0.1, 1))
    assert share_with_interval(0, 0) == (0, 0, 1)
    # binom.test(5, 100) of R
    assert share_with_interval(5, 100) == pytest.approx((0.05, 0.01643, 0.11283), abs=1e-5)


def test_combined_estimate_counts_wrong_hits_in_the_reference_by_the_ratio():
    assert lower_bound(2, 100).share == 0.02
    assert combined_estimate(2, 100, 1.0).share == pytest.approx(0.04)
    assert combined_estimate(2, 100, 0.5).share == pytest.approx(0.06)
    assert combined_estimate(90, 100, 0.5).share == 1
    low, high = lower_bound(2, 100)[1:]
    assert combined_estimate(2, 100)[1:] == pytest.approx((2 * low, 2 * high))


@pytest.mark.parametrize(
    ("entrapment", "expected"),
    [
        ({}, 0),
        ({"a": 8.0}, 1 / 4),  # its partner is better: it counts once
        ({"a": 10.0}, 3 / 4),  # better than its accepted partner
        ({"a": 9.0}, 3 / 4),  # and as good
        ({"d": 1.0}, 2 / 4),  # its partner is not accepted
        ({"a": 8.0, "b": 8.0, "d": 1.0}, 6 / 6),  # 3, 1 twice more, 1 once more
    ],
)
def test_paired_estimate_counts_hits_by_their_partner(entrapment, expected):
    assert paired_estimate({"a": 9.0, "b": 3.0, "c": 2.0}, entrapment) == pytest.approx(expected)


def test_paired_estimate_is_a_share():
    assert paired_estimate({}, {}) == 0
    assert paired_estimate({"a": 1.0}, {"a": 2.0, "b": 2.0}) == 1
