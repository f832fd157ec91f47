"""The process that scores pairs: jobs come in on stdin, pickled, and results go to stdout.

It ends silently when its parent has ended.
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
    """Score jobs until there are no more, or nobody is left to read the results."""
    end_with_parent(int(sys.argv[1]))
    with suppress(EOFError, BrokenPipeError, pickle.UnpicklingError):
        _score_jobs()
    os._exit(0)  # what is left unwritten has no reader


def end_with_parent(parent: int) -> None:
    """Let the kernel kill this process when process `parent` ends, where it can (Linux)."""
    with suppress(AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _score_jobs() -> None:
    """Write READY, then for each job a ScoredPair, or the message of its error."""
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no result
    warnings.simplefilter("ignore")
    import biotite.structure  # noqa: F401 - before the time of the first pair begins
    import numpy as np
    import tmtools  # noqa: F401

    from pepseq.errors import InputError
    from pepseq.structure.scoring.pair_scores import ScoredPair, score_pair
    from pepseq.structure.tm_search import superpose_pairs

    superpose_pairs(np.eye(3), np.eye(3), 3)  # compiles, or reads numba's cache
    result: ScoredPair | str = READY
    while True:
        pickle.dump(result, results)
        results.flush()
        job = pickle.load(sys.stdin.buffer)
        try:
            result = score_pair(job)
        except InputError as error:
            result = str(error)
        except MemoryError:
            result = "the pair does not fit into memory"


if __name__ == "__main__":
    main()
