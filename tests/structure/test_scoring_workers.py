import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import pytest
from structures import coil, pdb

from pepseq.structure.scoring.config import ScoreConfig
from pepseq.structure.scoring.pair_scores import ScoredPair, ScoringJob
from pepseq.structure.scoring.workers import Worker, Workers


@pytest.fixture
def job(tmp_path):
    path = tmp_path / "x.pdb"
    path.write_text(pdb(coil(30)))
    return ScoringJob(str(path), str(path), ScoreConfig(lddt="none"))


@pytest.fixture
def hanging(job, tmp_path):
    """A job that never ends: nobody ever writes the pipe that it reads."""
    os.mkfifo(tmp_path / "pipe")
    return ScoringJob(str(tmp_path / "pipe"), job.reference, job.config)


@pytest.fixture(scope="module")
def worker():
    """A worker of several tests, whose process need not start for each of them."""
    worker = Worker(60)
    yield worker
    worker.end()


def test_answers_come_in_order_and_no_process_stays(job, tmp_path):
    missing = ScoringJob(str(tmp_path / "none.pdb"), job.reference, job.config)
    with Workers(2, 60) as workers:
        answers = list(workers.score_all([job, missing, job, missing]))
        processes = [worker._process for worker in workers._all if worker._process]
    assert [type(answer) for answer in answers] == [ScoredPair, str, ScoredPair, str]
    assert answers[1] == f"{missing.model}: no such file"
    assert processes and all(process.poll() is not None for process in processes)


def test_a_pair_that_takes_too_long_is_left_and_the_next_is_scored(
    job, hanging, worker, monkeypatch
):
    monkeypatch.setattr(worker, "_time_limit", 0.5)
    started = time.monotonic()
    assert worker.score(hanging) == "no result within 0.5 s"
    assert time.monotonic() - started < 30
    monkeypatch.undo()
    assert isinstance(worker.score(job), ScoredPair)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_killed_process_is_named_and_the_next_pair_is_scored(job, hanging, worker, number):
    assert isinstance(worker.score(job), ScoredPair)

    def kill_at_work():
        with open(hanging.model, "wb"):  # opens when the process reads it
            worker._process.send_signal(number)
            worker._process.wait()

    threading.Thread(target=kill_at_work).start()
    answer = worker.score(hanging)
    assert answer == f"no result: its process was ended by {number.name}"
    assert isinstance(worker.score(job), ScoredPair)


def test_leaving_while_processes_start(hanging):
    for wait in (0, 0.05, 0.4):
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt), Workers(2, 600) as workers:
            workers.score_all([hanging] * 10)
            time.sleep(wait)
            raise KeyboardInterrupt
        assert time.monotonic() - started < 60
        assert all(worker._process is None for worker in workers._all)


@pytest.mark.slow
def test_leaving_early_ends_what_runs(job, hanging):
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Workers(2, 600) as workers:
        for _ in workers.score_all([job, *[hanging] * 10]):
            raise KeyboardInterrupt
    assert time.monotonic() - started < 60
    assert all(worker._process is None for worker in workers._all)


@pytest.mark.slow
@pytest.mark.parametrize("at_work", [False, True])
def test_workers_end_in_silence_with_the_run_that_started_them(job, hanging, at_work):
    jobs = pickle.dumps([job, hanging] if at_work else [job])
    code = f"""
import pickle, time
from pepseq.structure.scoring.workers import Workers
with Workers(1, 600) as workers:
    next(workers.score_all(pickle.loads({jobs!r})))
    print(workers._all[0]._process.pid, flush=True)
    time.sleep(600)
"""
    run = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    worker = int(run.stdout.readline())
    run.kill()
    assert run.communicate(timeout=30)[1] == ""  # ends when the worker has closed it
    until = time.monotonic() + 30
    while os.path.exists(f"/proc/{worker}") and time.monotonic() < until:
        time.sleep(0.02)
    assert not os.path.exists(f"/proc/{worker}")
