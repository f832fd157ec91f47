import io
import logging

import pytest

from pepseq.io.progress import Progress, format_rate


@pytest.mark.parametrize(
    ("speed", "words"),
    [
        (10456, "10,500/s"),
        (1.05e6, "1,050,000/s"),
        (99.96, "100/s"),
        (2.499, "2.5/s"),
        (0.1, "0.1/s"),
        (0.05, "180/h"),
        (1e-5, "0.036/h"),
    ],
)
def test_speeds_have_a_readable_unit(speed, words):
    assert format_rate(speed) == words


@pytest.mark.parametrize("is_none", [True, False])
def test_a_closed_standard_error_shows_no_bar(monkeypatch, is_none):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr("sys.stderr", None if is_none else closed)
    with Progress("masking", 10, "residues") as shown:
        shown.add(4)


@pytest.fixture
def clock(monkeypatch):
    """The time, in seconds, as a list of one number to be changed."""
    now = [0.0]
    monkeypatch.setattr("pepseq.io.progress.time.monotonic", lambda: now[0])
    return now


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, "pepseq")
    return caplog


def add_at(shown, clock, *pieces):
    for clock[0], amount in pieces:
        shown.add(amount)


def test_a_line_gives_the_share_done_and_the_time_left(clock, log):
    with Progress("masking", 2_000_000, "residues", 1000) as shown:
        add_at(shown, clock, (0, 0), (300, 3000))
    assert log.messages == ["masking: 4,000 of 2,000,000 residues, 10/s, 2 days, 7:26:40 left"]


def test_the_first_piece_does_not_count_for_the_speed(clock, log):
    """Kernels are compiled in it, or a model is loaded: 196 residues took 40 s."""
    with Progress("predicting", 64_663, "residues") as shown:
        add_at(shown, clock, (40, 196), (44.9, 4900), (71, 26_000))
    assert log.messages == [
        "predicting: 196 of 64,663 residues",
        "predicting: 31,096 of 64,663 residues, 997/s, 0:00:34 left",
    ]


def test_no_speed_is_shown_before_a_twentieth_of_the_rest(clock, log):
    """Other kernels are compiled then: 2,244 residues took 62 s."""
    with Progress("predicting", 64_663, "residues") as shown:
        add_at(shown, clock, (40, 196), (102, 2244), (133, 32_767))
    assert log.messages == [
        "predicting: 196 of 64,663 residues",
        "predicting: 2,440 of 64,663 residues",
        "predicting: 35,207 of 64,663 residues, 376/s, 0:01:18 left",
    ]


def test_no_speed_is_shown_directly_after_the_first_piece(clock, log):
    with Progress("folding", 100, "residues") as shown:
        add_at(shown, clock, (28, 10), (32, 1), (63, 24))
    assert log.messages == [
        "folding: 11 of 100 residues",
        "folding: 35 of 100 residues, 0.714/s, 0:01:31 left",
    ]


def test_an_unknown_total_has_a_speed_and_no_time_left(clock, log):
    with Progress("downloading", 0, "bytes") as shown:
        add_at(shown, clock, (1, 5000), (41, 4000))
    assert log.messages == ["downloading: 9,000 bytes, 100/s"]


def test_more_than_the_total_leaves_no_time(clock, log):
    with Progress("predicting", 10, "residues") as shown:
        add_at(shown, clock, (1, 5), (41, 40))
    assert log.messages == ["predicting: 45 of 10 residues, 1/s, 0:00:00 left"]


@pytest.mark.parametrize(("total", "share"), [(64_663, "31.1k/64.7k residues"), (0, "31096 bytes")])
def test_a_bar_shows_the_same_speed(monkeypatch, clock, log, total, share):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stderr", terminal)
    with Progress("at work", total, share.split()[1]) as shown:
        add_at(shown, clock, (40, 196))
        assert "/s" not in terminal.getvalue()
        add_at(shown, clock, (71, 30_900))
    last = terminal.getvalue().split("\r")[-1]
    assert f"{share} [" in last and ", 997/s" in last and (", 0:00:34 left]" in last) is (total > 0)
    assert "?" not in terminal.getvalue() and not log.messages
