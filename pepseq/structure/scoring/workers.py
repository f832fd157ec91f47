"""Pairs scored in processes of their own, so that none hangs or takes the others with it."""

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from pepseq.processes.programs import how_ended
from pepseq.structure.scoring.pair_scores import Job, Measured

SECONDS_TO_END = 10
"""How long a process whose answers broke off may take to end by itself."""


class Worker:
    """A process that scores one pair after another and is started anew when it had to end."""

    def __init__(self, time_limit: float):
        self._time_limit = time_limit
        self._process: subprocess.Popen | None = None
        self._lock = threading.Lock()
        self._closed = False

    def ask(self, job: Job) -> Measured | str:
        """Return the answer to a job, or why there is none: after `time_limit` seconds it ends."""
        process = self._running()
        if process is None:
            return "expected a result, found that the run was stopped"
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(self._time_limit, expire)
        timer.start()
        answer = None
        try:
            pickle.dump(job, process.stdin)
            process.stdin.flush()
            answer = pickle.load(process.stdout)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            with suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS_TO_END)
        finally:
            timer.cancel()
            timer.join()
        if expired.is_set() or answer is None:
            self.end()
        if answer is None:
            return self._reason(process.returncode, expired.is_set())
        return answer

    def _running(self) -> subprocess.Popen | None:
        """Return the process, started if there is none; None if the worker is closed."""
        with self._lock:
            if self._closed:
                return None
            if self._process is not None:
                return self._process
            process = self._process = _start()
        with suppress(
            EOFError, pickle.UnpicklingError
        ):  # one that cannot start fails its first job
            pickle.load(process.stdout)
        return process

    def close(self) -> None:
        """End the process for good, at once, even while another thread waits for its answer."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            process.kill()

    def _reason(self, code: int, expired: bool) -> str:
        if expired:
            return f"expected a result within {self._time_limit:g} s, found none"
        bug = ": a bug, please report it" if code >= 0 else ""
        return f"expected a result, found that its process {how_ended(code)}{bug}"

    def end(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            process.stdout.close()
            with suppress(OSError):  # a job that was never read
                process.stdin.close()


def _start() -> subprocess.Popen:
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
        start_new_session=True,  # ctrl-C is for the parent, which ends this one
    )


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
            worker.close()
        self._pool.shutdown()
        for worker in self._all:
            worker.end()
