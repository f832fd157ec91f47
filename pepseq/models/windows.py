"""Overlapping windows of long proteins, and the blending of their logits."""

from typing import TYPE_CHECKING

from pepseq.settings import require

if TYPE_CHECKING:
    import numpy as np

DEFAULT_WINDOW, DEFAULT_OVERLAP = 1022, 128


def check_overlap(window: int, overlap: int | None) -> int:
    """Return the overlap of windows; SettingsError unless it is shorter than the window."""
    overlap = min(DEFAULT_OVERLAP, window // 2) if overlap is None else overlap
    require(
        0 <= overlap < window,
        f"overlap: expected fewer residues than the window's {window}, found {overlap}",
    )
    return overlap


def cut_windows(length: int, window: int, overlap: int) -> list[tuple[int, int]]:
    """Return (start, end) of evenly spread windows that cover `length` residues.

    A protein of at most `window` residues is one window. Otherwise all windows have that length,
    and neighbours share at least `overlap` residues (`overlap` < `window`).

    >>> cut_windows(10, 6, 2)
    [(0, 6), (4, 10)]
    """
    if length <= window:
        return [(0, length)]
    count = -(-(length - overlap) // (window - overlap))
    starts = [round(i * (length - window) / (count - 1)) for i in range(count)]
    return [(start, start + window) for start in starts]


def blend_windows(
    length: int, windows: list[tuple[int, int]], logits: "list[np.ndarray]"
) -> "np.ndarray":
    """Return the weighted mean of overlapping windows' logits, shape (length, 20), float32.

    The weight of a residue rises with its distance to the window's ends, where context is missing.
    """
    import numpy as np  # not at the top: settings and help need the constants alone

    if len(windows) == 1:
        return logits[0]
    total = np.zeros((length, logits[0].shape[1]), dtype=np.float64)
    weights = np.zeros((length, 1))
    for (start, end), part in zip(windows, logits, strict=True):
        ramp = np.minimum(np.arange(1, end - start + 1), np.arange(end - start, 0, -1))[:, None]
        total[start:end] += ramp * part
        weights[start:end] += ramp
    return (total / weights).astype(np.float32)
