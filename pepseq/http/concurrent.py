"""Several requests to a server at the same time."""

import queue
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

from pepseq.errors import PepseqError

Answer = TypeVar("Answer")


def request_all(
    keys: list[str], request: Callable[[str], Answer], threads: int
) -> Generator[tuple[str, Answer | PepseqError], None, None]:
    """Yield each key with the answer to its request, or its error, in the order of arrival.

    The threads are daemons: a run that ends early does not wait for a silent server. When the
    generator is closed, no further request is made.
    """
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    answers: queue.SimpleQueue[tuple[str, Answer | PepseqError | None]] = queue.SimpleQueue()
    closed = threading.Event()
    for key in keys:
        waiting.put(key)

    def work() -> None:
        while not closed.is_set():
            try:
                key = waiting.get_nowait()
            except queue.Empty:
                return
            answer: Answer | PepseqError | None = None
            try:
                answer = request(key)
            except PepseqError as error:
                answer = error
            except RuntimeError:  # raised by a closed connection
                if not closed.is_set():
                    raise
            finally:
                answers.put((key, answer))

    for _ in range(min(threads, len(keys))):
        threading.Thread(target=work, daemon=True).start()
    try:
        for _ in keys:
            key, answer = answers.get()
            if answer is None:
                raise RuntimeError(f"the request for {key} ended without an answer")
            yield key, answer
    finally:
        closed.set()
