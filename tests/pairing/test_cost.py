"""The estimate of what pairing takes."""

import numpy as np

from pepseq.pairing.cost import Cost, estimate, tell
from pepseq.pairing.information import FIELD_STEPS, SWEEPS, _field_steps

HKRR = np.full(102, 29)


def cost(size, runs=20, threads=1, most=6000):
    return estimate(np.array(size), 0, most, _field_steps(np.array(size)), SWEEPS, runs, threads)


def test_it_grows_with_the_paralogs_of_a_species_and_falls_with_threads():
    seconds = [cost([n]).seconds for n in (100, 200, 400, 800, 1600, 3200)]
    assert seconds == sorted(seconds)
    assert cost([2000]).seconds > 1.5 * cost(HKRR[:69]).seconds
    assert cost([2000], threads=2).seconds == cost([2000]).seconds / 2
    assert cost([2000], threads=2).bytes > cost([2000]).bytes
    assert cost([50] * 400).bytes == cost([50] * 120).bytes  # rows that go in parts


def test_a_large_species_has_fewer_steps():
    assert _field_steps(HKRR) == _field_steps(np.array([1000])) == FIELD_STEPS
    assert _field_steps(np.array([10, 4000])) == 15
    assert _field_steps(np.array([10**6])) == 10


def test_only_what_takes_long_is_told(caplog):
    caplog.set_level("INFO")
    tell(Cost(59, 1e9), [3, 4000], 20, 8)
    assert not caplog.messages
    tell(Cost(1260, 1.25e9), [3, 4000], 20, 80)
    (message,) = caplog.messages
    assert "about 21 min and 1.2 GB on 20 threads: 20 runs of 4003 rows in 2 species" in message
