"""The process that scores pairs: jobs come in on stdin, pickled, and answers go to stdout.

It ends without a word when its parent has ended.
"""

import ctypes
import os
import pickle
import signal
import sys
import warnings
from contextlib import suppress

READY = "ready"
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Answer jobs until there are no more, or nobody is left to be answered."""
    end_with_parent(int(sys.argv[1]))
    with suppress(EOFError, BrokenPipeError, pickle.UnpicklingError):
        _answer_all()
    os._exit(0)  # what is left unwritten has no reader


def end_with_parent(parent: int) -> None:
    """Let the kernel kill this process when process `parent` ends, where it can (Linux)."""
    with suppress(AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _answer_all() -> None:
    """Answer each job with what `measure` returns, or with the words of its error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    warnings.simplefilter("ignore")
    import biotite.structure  # noqa: F401 - before the first pair's time begins
    import numpy as np
    import tmtools  # noqa: F401

    from pepseq.errors import InputError
    from pepseq.structure.scoring.pair_scores import measure
    from pepseq.structure.tm_search import superpose_pairs

    superpose_pairs(np.eye(3), np.eye(3), 3)  # compiled, or read from numba's cache
    answer = READY
    while True:
        pickle.dump(answer, answers)
        answers.flush()
        job = pickle.load(sys.stdin.buffer)
        try:
            answer = measure(job)
        except InputError as error:
            answer = str(error)
        except MemoryError:
            answer = "expected a pair that fits into memory, found a larger one"


if __name__ == "__main__":
    main()
