"""The estimate of what pairing takes."""

import numpy as np

from pepseq.pairing.cost import Cost, Work, estimate_cost, log_long_cost
from pepseq.pairing.information import SEARCH

HKRR = np.full(102, 29)


def cost(size, runs=20, threads=1, max_depth=6000):
    steps = SEARCH.field_steps_for(np.array(size))
    return estimate_cost(Work(np.array(size), 0, max_depth, steps, SEARCH.sweeps, runs, threads))


def test_the_estimate_grows_with_the_paralogs_of_a_species_and_falls_with_threads():
    seconds = [cost([n]).seconds for n in (100, 200, 400, 800, 1600, 3200)]
    assert seconds == sorted(seconds)
    assert cost([2000]).seconds > 1.5 * cost(HKRR[:69]).seconds
    assert cost([2000], threads=2).seconds == cost([2000]).seconds / 2
    assert cost([2000], threads=2).bytes > cost([2000]).bytes
    assert cost([50] * 400).bytes == cost([50] * 120).bytes  # rows that go in parts


def test_a_large_species_has_fewer_steps_of_the_mean_field():
    assert SEARCH.field_steps_for(HKRR) == SEARCH.field_steps_for(np.array([1000])) == 60
    assert SEARCH.field_steps_for(np.array([10, 4000])) == 15
    assert SEARCH.field_steps_for(np.array([10**6])) == 10


def test_only_a_cost_of_a_minute_or_more_is_logged(caplog):
    caplog.set_level("INFO")
    work = Work(np.array([3, 4000]), 0, 6000, 60, 1000, 20, threads=80)
    log_long_cost(Cost(59, 1e9), work)
    assert not caplog.messages
    log_long_cost(Cost(1260, 1.25e9), work)
    (message,) = caplog.messages
    assert "about 21 min and 1.2 GB on 20 threads: 20 runs of 4003 rows in 2 species" in message
