"""The benchmark of false discovery rates counts wrong reads and estimates them by entrapment."""

import sys

import pandas as pd
import pytest
from places import ROOT

TRUE = ["MKCYW", "MKAYW", "AAAAK"]
SEQUENCES = {"a": "MKCYWAAAAK", "b": "MRCYW", "entrapment_0": "GGGGK"}


@pytest.fixture
def benchmark(monkeypatch):
    """The module of the benchmark."""
    monkeypatch.syspath_prepend(str(ROOT / "workflows" / "benchmarks"))
    import entrapment

    yield entrapment
    for name in ("entrapment", "design", "tryptic"):
        sys.modules.pop(name, None)


def fits_of(*rows):
    columns = ["id", "rank", "protein", "begin", "end", "equal_fits", "q_value"]
    return pd.DataFrame(rows, columns=columns)


def test_shares_have_exact_intervals(benchmark):
    # Clopper-Pearson: none of 10 is 1 - 0.025 ** (1 / 10)
    assert benchmark.share_of(0, 10) == pytest.approx((0, 0, 1 - 0.025**0.1))
    assert benchmark.share_of(0, 0) == (0, 0, 1)


def test_combined_estimate_counts_false_targets_by_the_ratio(benchmark):
    assert benchmark.combined_estimate(2, 100, 1.0)[0] == pytest.approx(0.04)
    assert benchmark.combined_estimate(2, 100, 0.5)[0] == pytest.approx(0.06)
    assert benchmark.combined_estimate(90, 100, 0.5)[0] == 1


def test_relatives_have_one_length_and_half_the_residues(benchmark):
    assert benchmark.is_relative("MKCY", "MKAA")
    assert not benchmark.is_relative("MKCY", "MAAA")
    assert not benchmark.is_relative("MKCYW", "MKCY")


def test_a_read_is_right_if_one_of_its_equal_fits_is(benchmark):
    fits = fits_of(("0", 1, "b", 1, 5, 2, 0.001), ("0", 2, "a", 1, 5, None, None))
    (found,) = benchmark.count_accepted(fits, TRUE, SEQUENCES, [0.01])
    assert found == benchmark.Accepted(1, 0, 0, 0)
    fits.loc[0, "equal_fits"] = 1
    (found,) = benchmark.count_accepted(fits, TRUE, SEQUENCES, [0.01])
    assert found == benchmark.Accepted(1, 1, 0, 0)


def test_each_limit_counts_its_reads(benchmark):
    fits = fits_of(
        ("0", 1, "a", 1, 5, 1, 0.001),
        ("1", 1, "a", 1, 5, 1, 0.02),
        ("2", 1, "entrapment_0", 1, 5, 1, 0.03),
    )
    found = list(benchmark.count_accepted(fits, TRUE, SEQUENCES, [0.01, 0.02, 0.05]))
    assert found == [
        benchmark.Accepted(1, 0, 0, 0),
        benchmark.Accepted(2, 1, 0, 0),
        benchmark.Accepted(3, 2, 1, 1),
    ]


def test_a_tie_with_the_reference_is_no_entrapment_hit(benchmark):
    fits = fits_of(("2", 1, "entrapment_0", 1, 5, 2, 0.001), ("2", 2, "a", 1, 5, None, None))
    (found,) = benchmark.count_accepted(fits, TRUE, SEQUENCES, [0.01])
    assert found == benchmark.Accepted(1, 1, 1, 0)
