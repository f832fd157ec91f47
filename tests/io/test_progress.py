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


def test_a_line_gives_the_share_done_and_the_time_left(monkeypatch, caplog):
    now = [0.0]
    monkeypatch.setattr("pepseq.io.progress.time.monotonic", lambda: now[0])
    caplog.set_level(logging.INFO, "pepseq")
    with Progress("masking", 2_000_000, "residues", 1000) as shown:
        now[0] = 40.0
        shown.add(400)
    assert caplog.messages == ["masking: 1,400 of 2,000,000 residues, 10/s, 2 days, 7:31:00 left"]
