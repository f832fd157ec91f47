"""numba's compiler with a cache where one can be written."""

import numba


def kernel(function):
    """Compile `function` to machine code that runs without Python's lock."""
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder that holds the cache can be written
        return numba.njit(nogil=True)(function)
