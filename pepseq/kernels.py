"""Kernels: functions that numba compiles, with a cache where one can be written."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import numba
import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function, **options: Any) -> Function:
    """Compile `function` to machine code that runs without Python's lock."""
    try:
        compiled = numba.njit(cache=True, nogil=True, **options)(function)
    except RuntimeError:  # no folder that holds the cache can be written
        return numba.njit(nogil=True, **options)(function)
    cache = getattr(compiled, "_cache", None)
    if cache is not None and hasattr(cache, "save_overload"):
        cache.save_overload = _without_os_errors(cache.save_overload)
    return compiled


def fast_kernel(function: Function) -> Function:
    """Compile `function`, whose numbers must all be finite, with maxima vectorised."""
    return kernel(function, error_model="numpy", fastmath={"nnan", "nsz"})


def leaf_kernel(function: Function) -> Function:
    """Compile `function`, which neither makes nor returns arrays, without counting references.

    Counting those of its arguments would take longer than a short function itself.
    """
    try:
        return kernel(function, _nrt=False)
    except KeyError:  # an option that numba does not promise
        return kernel(function)


def read_only(array: np.ndarray) -> np.ndarray:
    """Return a view that cannot be written.

    To numba a read-only array is another type than a writable one. Arrays mapped from files are
    read-only; a kernel is compiled only once if those in memory are too.
    """
    view = array.view()
    view.flags.writeable = False
    return view


def _without_os_errors(save: Callable[..., None]) -> Callable[..., None]:
    """Return `save` without its OSError: on a full disk the next process compiles again."""

    def attempt(*arguments: Any) -> None:
        with suppress(OSError):
            save(*arguments)

    return attempt
