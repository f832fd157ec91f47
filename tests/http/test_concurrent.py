import threading
from contextlib import suppress

import pytest

from pepseq.errors import InputError
from pepseq.http.concurrent import request_all


def test_answers_and_errors_come_with_their_key():
    def ask(job):
        if job == "bad":
            raise InputError("bad")
        return job.upper()

    answers = dict(request_all(["a", "bad", "c"], ask, 2))
    assert (answers["a"], answers["c"]) == ("A", "C") and isinstance(answers["bad"], InputError)
    assert list(request_all([], ask, 4)) == []


def test_requests_are_concurrent_and_end_with_the_generator():
    asked, both, threads = [], threading.Barrier(2), threading.enumerate()

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
    for thread in threading.enumerate():
        if thread not in threads:
            thread.join(10)
    assert len(asked) <= before + 2 < 100  # what two threads had in hand


def test_a_bug_in_a_thread_ends_the_run(monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    with pytest.raises(RuntimeError, match="request for a ended without an answer"):
        list(request_all(["a"], lambda job: 1 / 0, 1))
