"""The superposition of corresponding residues that has the highest TM-score.

The search of Zhang and Skolnick (2004): from each stretch of several lengths, superpose, take the
pairs that lie close, and superpose these until they stay the same. Many stretches lead to the same
set of close pairs: sets are known by a hash, so that each is searched once.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from pepseq.kernels import kernel

MAX_STEPS = 20
"""Superpositions of close pairs that follow that of a stretch, at most."""
LEVELS = 6
"""Stretches are of all pairs, then of half of them, and so on; the last level is the shortest."""
MIN_STRETCH = 4
"""Pairs of the shortest stretch, or all if there are fewer."""
_SLOTS = 1 << 14
"""Of the hash table, a power of two; half of them are filled at most."""


def scale_of(length: int) -> float:
    """Return d0 in angstrom for a chain of this length, at least 0.5 (Zhang and Skolnick 2004)."""
    return max(1.24 * np.cbrt(length - 15) - 1.8, 0.5)


def superpose_pairs(
    model: np.ndarray, reference: np.ndarray, length: int, stride: int = 1
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return TM-score, rotation (3, 3) and translation (3,) of the superposition with the highest.

    `model` and `reference`: CA coordinates of corresponding residues in angstrom, float (pairs, 3),
    3 pairs or more, finite; `length` divides the score; only every `stride`-th stretch is searched.
    model @ rotation.T + translation lies on the reference.
    """
    middles = model.mean(0), reference.mean(0)
    x, y = (
        np.ascontiguousarray((side - middle).T, np.float64)
        for side, middle in zip((model, reference), middles, strict=True)
    )
    draw = np.random.default_rng(0).integers(1, 1 << 63, x.shape[1], np.uint64)
    best = best_superposition(x, y, draw, scale_of(length), length >= MIN_STRETCH, stride)
    rotation, shift = best[1:10].reshape(3, 3), best[10:]
    return best[0] / length, rotation, shift + middles[1] - rotation @ middles[0]


def _numeric(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a kernel of finite numbers whose sums may be reordered, so that they vectorise."""
    return kernel(function, error_model="numpy", fastmath={"reassoc", "nsz", "contract"})


@_numeric
def best_superposition(
    x: np.ndarray, y: np.ndarray, draw: np.ndarray, scale: float, widen: bool, stride: int
) -> np.ndarray:
    """Return the highest sum of scores, its rotation (row by row) and its shift, float64 (13,).

    `x`, `y`: centred coordinates, (3, pairs); `draw`: a random number for each pair, uint64;
    `widen`: whether fewer than 3 close pairs widen what is close; `stride`: between stretches.
    """
    pairs = x.shape[1]
    near = min(max(scale, 4.5), 8.0)
    close = np.empty(pairs, np.bool_)
    squares = np.empty(pairs)
    pose, best, sums = np.empty(13), np.zeros(13), np.empty((5, 3))
    seen, left = np.zeros(_SLOTS + 1, np.uint64), np.zeros(_SLOTS, np.int8)
    shortest = min(MIN_STRETCH, pairs)
    for level in range(LEVELS):
        size = pairs >> level
        if level == LEVELS - 1 or size <= shortest:
            size = shortest
        for start in range(0, pairs - size + 1, stride):
            close[:] = False
            close[start : start + size] = True
            fit(x, y, close, sums, pose)
            # the first selection is stricter than those that follow, as in TM-score
            score(x, y, pose, scale, near - 1, widen, squares, close)
            if pose[0] > best[0]:
                best[:] = pose
            for step in range(MAX_STEPS):
                if _was_searched(close, draw, MAX_STEPS - step, seen, left):
                    break
                fit(x, y, close, sums, pose)
                score(x, y, pose, scale, near + 1, widen, squares, close)
                if pose[0] > best[0]:
                    best[:] = pose
        if size == shortest:
            break
    return best


@_numeric
def _was_searched(
    close: np.ndarray, draw: np.ndarray, steps: int, seen: np.ndarray, left: np.ndarray
) -> bool:
    """Return whether a set of close pairs was searched with as many steps left; else note it.

    Its hash is the exclusive or of its pairs' random numbers. `seen` is the hash table, with the
    number of sets in its last place, and `left` the steps that were left for each set. A set that
    finds the table half full is not noted, and searched again.
    """
    name = np.uint64(0)
    for k in range(close.shape[0]):
        if close[k]:
            name ^= draw[k]
    slot = np.int64(name & np.uint64(_SLOTS - 1))
    while seen[slot] != 0 and seen[slot] != name:  # taken by another set
        slot = (slot + 1) % _SLOTS
    if seen[slot] == name and left[slot] >= steps:
        return True
    if seen[slot] != name and seen[_SLOTS] < _SLOTS // 2:
        seen[slot] = name
        seen[_SLOTS] += np.uint64(1)
    if seen[slot] == name:
        left[slot] = steps
    return False


@_numeric
def score(
    x: np.ndarray,
    y: np.ndarray,
    pose: np.ndarray,
    scale: float,
    near: float,
    widen: bool,
    squares: np.ndarray,
    close: np.ndarray,
) -> None:
    """Fill in pose[0], the sum of scores, `squares`, squared distances, and which are `close`.

    Close are pairs nearer than `near` angstrom; with `widen`, it grows until there are 3 of them.
    """
    pairs = x.shape[1]
    total = 0.0
    for k in range(pairs):
        a = pose[1] * x[0, k] + pose[2] * x[1, k] + pose[3] * x[2, k] + pose[10] - y[0, k]
        b = pose[4] * x[0, k] + pose[5] * x[1, k] + pose[6] * x[2, k] + pose[11] - y[1, k]
        c = pose[7] * x[0, k] + pose[8] * x[1, k] + pose[9] * x[2, k] + pose[12] - y[2, k]
        squares[k] = a * a + b * b + c * c
        total += 1 / (1 + squares[k] / (scale * scale))
    pose[0] = total
    while True:
        number = 0
        for k in range(pairs):
            close[k] = squares[k] < near * near
            number += close[k]
        if number >= 3 or not widen:
            return
        near += 0.5


@_numeric
def fit(
    x: np.ndarray, y: np.ndarray, close: np.ndarray, sums: np.ndarray, pose: np.ndarray
) -> None:
    """Fill in the rotation, pose[1:10], and the shift, pose[10:], that lay close pairs of x on y.

    The rotation of the least squared distance is that of a unit quaternion: the eigenvector of the
    largest eigenvalue of Horn's matrix (1987). Without close pairs nothing is moved. `sums` is
    room for those of `_add_up`.
    """
    number, size = _add_up(x, y, close, sums)
    if number == 0:
        pose[:] = 0
        pose[1] = pose[5] = pose[9] = 1
        return
    xx, xy, xz = sums[2]
    yx, yy, yz = sums[3]
    zx, zy, zz = sums[4]
    horn = np.empty((4, 4))
    horn[0] = xx + yy + zz, yz - zy, zx - xz, xy - yx
    horn[1] = yz - zy, xx - yy - zz, xy + yx, zx + xz
    horn[2] = zx - xz, xy + yx, yy - xx - zz, yz + zy
    horn[3] = xy - yx, zx + xz, yz + zy, zz - xx - yy
    w, i, j, k = _quaternion(horn, size / 2)
    pose[1], pose[2], pose[3] = 1 - 2 * (j * j + k * k), 2 * (i * j - w * k), 2 * (i * k + w * j)
    pose[4], pose[5], pose[6] = 2 * (i * j + w * k), 1 - 2 * (i * i + k * k), 2 * (j * k - w * i)
    pose[7], pose[8], pose[9] = 2 * (i * k - w * j), 2 * (j * k + w * i), 1 - 2 * (i * i + j * j)
    sx, sy, sz = sums[0]
    tx, ty, tz = sums[1]
    pose[10] = (tx - pose[1] * sx - pose[2] * sy - pose[3] * sz) / number
    pose[11] = (ty - pose[4] * sx - pose[5] * sy - pose[6] * sz) / number
    pose[12] = (tz - pose[7] * sx - pose[8] * sy - pose[9] * sz) / number


@_numeric
def _add_up(
    x: np.ndarray, y: np.ndarray, close: np.ndarray, sums: np.ndarray
) -> tuple[float, float]:
    """Return the number of close pairs, and the sum of their squared distances from both means.

    Fills in `sums`, (5, 3): the coordinates of x and those of y added up, then x times y added up
    about the means. Pairs that are not close count 0 times, without a branch, so that the loop
    vectorises.
    """
    n = sx = sy = sz = tx = ty = tz = size = 0.0
    xx = xy = xz = yx = yy = yz = zx = zy = zz = 0.0
    for k in range(x.shape[1]):
        m = 1.0 if close[k] else 0.0
        a, b, c, d, e, f = m * x[0, k], m * x[1, k], m * x[2, k], y[0, k], y[1, k], y[2, k]
        n += m
        sx += a
        sy += b
        sz += c
        tx += m * d
        ty += m * e
        tz += m * f
        xx += a * d
        xy += a * e
        xz += a * f
        yx += b * d
        yy += b * e
        yz += b * f
        zx += c * d
        zy += c * e
        zz += c * f
        size += a * a + b * b + c * c + m * (d * d + e * e + f * f)
    if n > 0:
        sums[0] = sx, sy, sz
        sums[1] = tx, ty, tz
        sums[2] = xx - sx * tx / n, xy - sx * ty / n, xz - sx * tz / n
        sums[3] = yx - sy * tx / n, yy - sy * ty / n, yz - sy * tz / n
        sums[4] = zx - sz * tx / n, zy - sz * ty / n, zz - sz * tz / n
        size -= (sx * sx + sy * sy + sz * sz + tx * tx + ty * ty + tz * tz) / n
    return n, size


@kernel
def _quaternion(horn: np.ndarray, bound: float) -> tuple[float, float, float, float]:
    """Return the unit eigenvector of the largest eigenvalue, which is `bound` at most.

    Newton's method from above finds the eigenvalue as the root of the characteristic polynomial
    (Theobald 2005); a row of cofactors of the matrix less the eigenvalue is the eigenvector, and
    the longest of the four rows is the most exact.
    """
    squares = 0.0
    for r in range(4):
        for c in range(4):
            squares += horn[r, c] ** 2
    # characteristic polynomial of a traceless matrix: v^4 + p v^2 + q v + o
    p, q, o = -squares / 2, 0.0, _determinant(horn)
    for r in range(4):
        q -= _minor(horn, r, r)
    value = bound
    for _ in range(60):
        before = value
        above = ((value * value + p) * value + q) * value + o
        slope = (4 * value * value + 2 * p) * value + q
        if slope <= 0:
            break
        value -= above / slope
        if abs(value - before) <= 1e-12 * abs(value):
            break
    shifted = horn - value * np.eye(4)
    largest, longest = 0.0, np.zeros(4)
    for r in range(4):
        row = np.empty(4)
        for c in range(4):
            row[c] = _minor(shifted, r, c) * (1 - 2 * ((r + c) % 2))
        length = (row * row).sum()
        if length > largest:
            largest, longest = length, row
    if largest <= 1e-20 * abs(value) ** 6:  # two nearly equal eigenvalues: cofactors vanish
        vectors = np.linalg.eigh(horn)[1]
        longest = np.ascontiguousarray(vectors[:, 3])
    longest = longest / np.sqrt((longest * longest).sum())
    return longest[0], longest[1], longest[2], longest[3]


@kernel
def _minor(a: np.ndarray, row: int, column: int) -> float:
    """Return the determinant of a 4 x 4 matrix without a row and a column."""
    r0, r1, r2 = (row == 0) * 1, 1 + (row <= 1), 2 + (row <= 2)
    c0, c1, c2 = (column == 0) * 1, 1 + (column <= 1), 2 + (column <= 2)
    return (
        a[r0, c0] * (a[r1, c1] * a[r2, c2] - a[r1, c2] * a[r2, c1])
        - a[r0, c1] * (a[r1, c0] * a[r2, c2] - a[r1, c2] * a[r2, c0])
        + a[r0, c2] * (a[r1, c0] * a[r2, c1] - a[r1, c1] * a[r2, c0])
    )


@kernel
def _determinant(a: np.ndarray) -> float:
    """Return the determinant of a 4 x 4 matrix."""
    total = 0.0
    for c in range(4):
        total += a[0, c] * _minor(a, 0, c) * (1 - 2 * (c % 2))
    return total
