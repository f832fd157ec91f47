"""numba's compiler with a cache where one can be written."""

import numba


def kernel(function, **options):
    """Compile `function` to machine code that runs without Python's lock."""
    try:
        return numba.njit(cache=True, nogil=True, **options)(function)
    except RuntimeError:  # no folder that holds the cache can be written
        return numba.njit(nogil=True, **options)(function)


def fast_kernel(function):
    """Compile `function`, whose numbers are all finite, so that maxima can be vectorised."""
    return kernel(function, error_model="numpy", fastmath={"nnan", "nsz"})
