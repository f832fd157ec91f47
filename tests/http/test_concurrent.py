import threading
import time
from contextlib import suppress

import pytest

from pepseq.errors import InputError
from pepseq.http.concurrent import request_all


def test_answers_and_errors_come_with_their_job():
    def ask(job):
        if job == "bad":
            raise InputError("bad")
        return job.upper()

    answers = dict(request_all(["a", "bad", "c"], ask, 2))
    assert (answers["a"], answers["c"]) == ("A", "C") and isinstance(answers["bad"], InputError)
    assert list(request_all([], ask, 4)) == []


def test_several_are_asked_at_once_and_none_after_the_end():
    asked, both = [], threading.Barrier(2)

    def ask(job):
        asked.append(job)
        with suppress(threading.BrokenBarrierError):
            both.wait(10)
        return job

    answers = request_all([str(n) for n in range(100)], ask, 2)
    next(answers)
    answers.close()
    before = len(asked)
    both.abort()
    time.sleep(0.2)
    assert len(asked) <= before + 2 < 100  # what two threads had in hand


def test_a_bug_in_a_thread_ends_the_run(monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    with pytest.raises(RuntimeError, match="request for a ended without an answer"):
        list(request_all(["a"], lambda job: 1 / 0, 1))
