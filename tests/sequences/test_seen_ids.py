import sys

from pepseq.sequences.seen_ids import SeenIds


def test_an_added_id_is_in_the_set():
    seen = SeenIds()
    assert "p1" not in seen
    assert not any(seen.add(f"p{i}") for i in range(100_000))
    assert all(seen.add(f"p{i}") and f"p{i}" in seen for i in range(0, 100_000, 97))
    assert "other" not in seen and not seen.add("other") and seen.add("other")


def test_the_cost_of_an_id_does_not_grow_with_the_set():
    seen = SeenIds()
    few = count_calls(lambda: [seen.add(f"a{i}") for i in range(500)])
    for i in range(400_000):
        seen.add(f"b{i}")
    assert count_calls(lambda: [seen.add(f"c{i}") for i in range(500)]) == few


def count_calls(function) -> int:
    """Return how many functions, Python's and C's, are called meanwhile."""
    events = []
    sys.setprofile(lambda frame, event, argument: events.append(event))
    try:
        function()
    finally:
        sys.setprofile(None)
    return sum(event in ("call", "c_call") for event in events)
