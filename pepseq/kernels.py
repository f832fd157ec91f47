"""Kernels: functions that numba compiles, with a cache where one can be written."""

from contextlib import suppress

import numba
import numpy as np


def kernel(function, **options):
    """Compile `function` to machine code that runs without Python's lock."""
    try:
        compiled = numba.njit(cache=True, nogil=True, **options)(function)
    except RuntimeError:  # no folder that holds the cache can be written
        return numba.njit(nogil=True, **options)(function)
    cache = getattr(compiled, "_cache", None)
    if cache is not None and hasattr(cache, "save_overload"):
        cache.save_overload = _unless_full(cache.save_overload)
    return compiled


def fast_kernel(function):
    """Compile `function`, whose numbers are all finite, so that maxima can be vectorised."""
    return kernel(function, error_model="numpy", fastmath={"nnan", "nsz"})


def read_only(array: np.ndarray) -> np.ndarray:
    """Return a view that cannot be written.

    For numba it is of another type: arrays of files are read-only, and where those in memory are
    too, a kernel is compiled once for both.
    """
    view = array.view()
    view.flags.writeable = False
    return view


def _unless_full(save):
    """Return `save` without its OSError: on a full disk code is compiled again next time."""

    def attempt(*arguments):
        with suppress(OSError):
            save(*arguments)

    return attempt
