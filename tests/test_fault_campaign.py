"""The fault campaign of workflows/benchmarks finds faults, and counts them by seed."""

import random
import subprocess
import sys

import pytest
from places import ROOT

CAMPAIGN = ROOT / "workflows" / "benchmarks" / "fault_campaign"


@pytest.fixture
def campaign(monkeypatch):
    """Its modules by name."""
    monkeypatch.syspath_prepend(str(CAMPAIGN))
    import damage
    import trial

    yield {"damage": damage, "trial": trial}
    for name in ("commands", "damage", "trial"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ({"in": "1", "a": "2", "a.run.json": "2"}, "new"),
        ({"in": "1", "a": "1"}, "old"),
        ({"in": "1", "a": "2"}, "mixed: a is new, a.run.json is absent"),
        ({"in": "1", "a.run.json": "2"}, "mixed: a is missing, a.run.json is new"),
        ({"in": "1", "a": "half"}, "damaged: a is neither old nor new, a.run.json is absent"),
        ({"in": "0", "a": "2", "a.run.json": "2"}, "damaged: a is new, a.run.json is new, in"),
    ],
)
def test_outputs_are_old_or_new_or_it_is_said(campaign, found, says):
    before, after = {"in": "1", "a": "1"}, {"in": "1", "a": "2", "a.run.json": "2"}
    assert campaign["trial"].state(found, before, after).startswith(says)


def test_damage_depends_on_the_seed_alone_and_always_changes_something(campaign):
    damage = campaign["damage"]
    content = b">a\tb\n" + b"ACDEF 12\n" * 20
    for number in range(300):
        first, second = (
            damage.damaged(content, random.Random(number), damage.TEXT, [b"x"]) for _ in range(2)
        )
        assert first == second and first[1] != content


@pytest.mark.slow
def test_a_small_campaign_of_each_kind_counts_what_held():
    options = "--commands mask --kills 2 --strace 2 --indices 2 --inputs 4 --jobs 2"
    done = subprocess.run(
        [sys.executable, str(CAMPAIGN), *options.split()], capture_output=True, text=True
    )
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr, done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if "|" in line]
    injected = {"kill": 0, "system call": 0, "index": 0, "input": 0}
    for kind, command, number, *more in rows[2:]:
        if "skipped" in number:
            injected[kind] = 2
        elif command != "all":
            assert int(number) == int(more[0]) + int(more[1])
            injected[kind] += int(number)
    assert injected == {"kill": 2, "system call": 2, "index": 2, "input": 4}
