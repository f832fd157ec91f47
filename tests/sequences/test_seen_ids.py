import sys

from pepseq.sequences.seen_ids import SeenIds


def test_an_id_is_known_from_its_first_time_on():
    seen = SeenIds()
    assert "p1" not in seen
    assert not any(seen.add(f"p{i}") for i in range(100_000))
    assert all(seen.add(f"p{i}") and f"p{i}" in seen for i in range(0, 100_000, 97))
    assert "other" not in seen and not seen.add("other") and seen.add("other")


def test_an_id_costs_the_same_however_many_came_before():
    seen = SeenIds()
    few = calls(lambda: [seen.add(f"a{i}") for i in range(500)])
    for i in range(400_000):
        seen.add(f"b{i}")
    assert calls(lambda: [seen.add(f"c{i}") for i in range(500)]) == few


def calls(function) -> int:
    """Return how many functions, Python's and C's, are called meanwhile."""
    events = []
    sys.setprofile(lambda frame, event, argument: events.append(event))
    try:
        function()
    finally:
        sys.setprofile(None)
    return sum(event in ("call", "c_call") for event in events)
