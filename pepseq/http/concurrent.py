"""Several questions to a server at once."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from pepseq.errors import PepseqError

Answer = TypeVar("Answer")


def ask_all(
    jobs: list[str], ask: Callable[[str], Answer], threads: int
) -> Iterator[tuple[str, Answer | PepseqError]]:
    """Yield each job with its answer or its error, as they come, several asked at once.

    The threads are daemons: a run that ends early does not wait for a server that is silent. When
    the generator is closed, no further job is asked.
    """
    waiting: queue.SimpleQueue = queue.SimpleQueue()
    answers: queue.SimpleQueue = queue.SimpleQueue()
    closed = threading.Event()
    for job in jobs:
        waiting.put(job)

    def work() -> None:
        while not closed.is_set():
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            answer = None
            try:
                answer = ask(job)
            except PepseqError as error:
                answer = error
            except RuntimeError:  # what a closed connection gives
                if not closed.is_set():
                    raise
            finally:
                answers.put((job, answer))

    for _ in range(min(threads, len(jobs))):
        threading.Thread(target=work, daemon=True).start()
    try:
        for _ in jobs:
            job, answer = answers.get()
            if answer is None:
                raise RuntimeError(f"the thread that asked for {job} broke off")
            yield job, answer
    finally:
        closed.set()
