"""Processes that score pairs, so that a pair that hangs or crashes does not take others with it.

They are programs of their own, not a pool of multiprocessing such as pebble's, which fails in
scripts without a `__main__` guard, prints warnings when the run is killed, and gives up all pairs
when a process is killed from outside at a bad moment.
"""

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import IO

from pepseq.processes.programs import how_ended
from pepseq.structure.scoring.pair_scores import ScoredPair, ScoringJob

SECONDS_TO_END = 10
"""How long a process whose output broke off may take to end by itself."""


class Worker:
    """A process that scores one pair after another, and is started again when it had to end."""

    def __init__(self, time_limit: float):
        self._time_limit = time_limit
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._closed = False

    def score(self, job: ScoringJob) -> ScoredPair | str:
        """Return the scores of a pair, or the reason why there are none within `time_limit`."""
        process = self._start_if_needed()
        if process is None:
            return "no result: the run was stopped"
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(self._time_limit, expire)
        timer.start()
        result = None
        try:
            jobs, results = _pipes(process)
            pickle.dump(job, jobs)
            jobs.flush()
            result = pickle.load(results)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            with suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS_TO_END)
        finally:
            timer.cancel()
            timer.join()
        if expired.is_set() or result is None:
            self.end()
        if result is None:
            return self._failure(process.returncode, expired.is_set())
        return result

    def _start_if_needed(self) -> subprocess.Popen[bytes] | None:
        """Return the process, started if there is none; None if the worker is closed."""
        with self._lock:
            if self._closed:
                return None
            if self._process is not None:
                return self._process
            process = self._process = _start()
        # one that cannot start fails its first job
        with suppress(EOFError, pickle.UnpicklingError):
            pickle.load(_pipes(process)[1])
        return process

    def close(self) -> None:
        """End the process for good, at once, even while another thread waits for its result."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            process.kill()

    def _failure(self, code: int, expired: bool) -> str:
        if expired:
            return f"no result within {self._time_limit:g} s"
        bug = ": a bug, please report it" if code >= 0 else ""
        return f"no result: its process {how_ended(code)}{bug}"

    def end(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in _pipes(process):
            with suppress(OSError):  # a job that was never read
                pipe.close()


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pepseq.structure.scoring.worker_process", str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
        start_new_session=True,  # Ctrl-C is for the parent, which ends this process
    )


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """Return the pipes to and from a process."""
    assert process.stdin is not None and process.stdout is not None
    return process.stdin, process.stdout


class Workers:
    """Several workers; use as a context manager, which leaves no process behind."""

    def __init__(self, count: int, time_limit: float):
        self._all = [Worker(time_limit) for _ in range(count)]
        self._free: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for worker in self._all:
            self._free.put(worker)
        self._pool = ThreadPoolExecutor(count)

    def __enter__(self) -> "Workers":
        return self

    def score_all(self, jobs: Sequence[ScoringJob]) -> Iterator[ScoredPair | str]:
        """Yield the scores of each pair in turn, or why it has none."""
        return self._pool.map(self._score, jobs)

    def _score(self, job: ScoringJob) -> ScoredPair | str:
        worker = self._free.get()
        try:
            return worker.score(job)
        finally:
            self._free.put(worker)

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        for worker in self._all:
            worker.close()
        self._pool.shutdown()
        for worker in self._all:
            worker.end()
