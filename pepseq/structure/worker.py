"""The process that scores pairs: jobs come in on stdin, pickled, and answers go to stdout."""

import os
import pickle
import sys
import warnings

import numpy as np

from pepseq.errors import InputError
from pepseq.structure.measure import measure

READY = "ready"


def main() -> None:
    """Answer each job with what `measure` returns, or with the words of its error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    warnings.simplefilter("ignore")
    import biotite.structure  # noqa: F401 - before the first pair's time begins
    import tmtools  # noqa: F401

    from pepseq.structure.search import superpose_pairs

    superpose_pairs(np.eye(3), np.eye(3), 3)  # compiled, or read from numba's cache
    answer = READY
    while True:
        pickle.dump(answer, answers)
        answers.flush()
        try:
            job = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = measure(job)
        except InputError as error:
            answer = str(error)
        except MemoryError:
            answer = "expected a pair that fits into memory, found a larger one"


if __name__ == "__main__":
    main()
