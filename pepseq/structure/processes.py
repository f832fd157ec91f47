"""Pairs scored in processes of their own, so that none hangs or takes the others with it."""

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from pepseq.structure.measure import Job, Measured


class Worker:
    """A process that scores one pair after another and is started anew when it had to end."""

    def __init__(self, time_limit: float):
        self._time_limit = time_limit
        self._process: subprocess.Popen | None = None
        self._expired = False

    def ask(self, job: Job) -> Measured | str:
        """Return the answer to a job, or why there is none: after `time_limit` seconds it ends."""
        if self._process is None:
            self._start()
        timer = threading.Timer(self._time_limit, self._expire)
        timer.start()
        try:
            pickle.dump(job, self._process.stdin)
            self._process.stdin.flush()
            answer = pickle.load(self._process.stdout)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            self._process.kill()
            code, process = self._process.wait(), None
            return self._reason(code)
        else:
            process = self._process
            return answer
        finally:
            timer.cancel()
            timer.join()
            self._process = None if self._expired else process
            self._expired = False

    def _start(self) -> None:
        here = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pepseq.structure.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": here, "OMP_NUM_THREADS": "1"},
            start_new_session=True,  # ctrl-C is for the parent, which ends this one
        )
        pickle.load(self._process.stdout)

    def _expire(self) -> None:
        self._expired = True
        self._process.kill()

    def _reason(self, code: int) -> str:
        if self._expired:
            return f"expected a result within {self._time_limit:g} s, found none"
        if code < 0:
            return f"expected a result, found its process ended by signal {-code}"
        return f"expected a result, found its process ended with {code}: a bug, please report it"

    def end(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


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

    def answers(self, jobs: Sequence[Job]) -> Iterator[Measured | str]:
        """Yield the answer of each job in turn, or why it has none."""
        return self._pool.map(self._ask, jobs)

    def _ask(self, job: Job) -> Measured | str:
        worker = self._free.get()
        try:
            return worker.ask(job)
        finally:
            self._free.put(worker)

    def __exit__(self, *error) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        for worker in self._all:
            worker.end()
        self._pool.shutdown()
