"""Scores that engines give beside a structure: pTM, ipTM and predicted aligned errors.

Files read: ColabFold's `_scores_rank_*.json`; AlphaFold 3's `_summary_confidences.json` and
`_confidences.json`; Boltz's `confidence_*.json` and `pae_*.npz`; Chai's `scores.model_idx_*.npz`.
Their keys `ptm`, `iptm` and `pae` mean the same in all of them.
"""

import math
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pepseq.io.json_files import decode_json

_KEYS = ("ptm", "iptm", "pae", "aggregate_score")
MAX_FILE_BYTES = 1 << 30
"""Bytes of a file of scores that is read."""
_ERRORS = (
    *(OSError, ValueError, TypeError, KeyError, OverflowError, EOFError, MemoryError),
    *(zipfile.BadZipFile, zlib.error),
)


@dataclass(frozen=True, eq=False)
class Confidences:
    """ptm, iptm: predicted TM-scores, of all residues and of the interfaces, 0 to 1.

    pae: predicted aligned error of each pair of residues in angstrom, float (residues, residues).
    file: the file of scores that is kept with the structure. Each is None if it is missing.
    """

    ptm: float | None
    iptm: float | None
    pae: np.ndarray | None
    file: Path | None


def no_confidences(ptm: float | None = None) -> Confidences:
    """Return the confidences of an engine that writes no file of them."""
    return Confidences(ptm, None, None, None)


def read_confidences(*files: Path | None) -> Confidences:
    """Return the scores of files, of each kind the first that is found.

    A file that is missing, damaged or larger than 1 GiB is as one without scores; so is a value
    that is no number from 0 to 1, and an error matrix that is not square or holds other values than
    numbers of at least 0.
    """
    found = [path for path in files if path is not None and path.is_file()]
    tables = [_read(path) for path in found]
    ptm, iptm = (
        next((value for table in tables if (value := _share(table.get(key))) is not None), None)
        for key in ("ptm", "iptm")
    )
    pae = next((m for table in tables if (m := _matrix(table.get("pae"))) is not None), None)
    return Confidences(ptm, iptm, pae, found[0] if found else None)


def interface_pae(pae: np.ndarray | None, lengths: list[int]) -> float | None:
    """Return the mean predicted aligned error between residues of different chains, in angstrom.

    `lengths` are the residues of the chains. None for one chain, and for a matrix of another size.

    >>> interface_pae(np.array([[1, 9], [5, 1]]), [1, 1])
    7.0
    """
    if pae is None or len(lengths) < 2 or len(pae) != sum(lengths):
        return None
    chains = np.repeat(np.arange(len(lengths)), lengths)
    return float(pae[chains[:, None] != chains].mean())


def read_value(path: Path, key: str) -> float | None:
    """Return a finite number of a file of scores, None if there is none."""
    with suppress(*_ERRORS):
        value: Any = _read(path).get(key)
        number = float(value.reshape(-1)[0] if isinstance(value, np.ndarray) else value)
        return number if math.isfinite(number) else None
    return None


def _read(path: Path) -> dict[str, Any]:
    """Return the content of a file of scores, empty if it cannot be read."""
    with suppress(*_ERRORS):
        if path.stat().st_size > MAX_FILE_BYTES:
            return {}
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                return {key: archive[key] for key in _KEYS if key in archive}
        table = decode_json(path.read_bytes())
        return table if isinstance(table, dict) else {}
    return {}


def _share(value: Any) -> float | None:
    """Return a number from 0 to 1, also from an array of one; None for anything else."""
    with suppress(*_ERRORS):
        number = float(value.reshape(-1)[0] if isinstance(value, np.ndarray) else value)
        return number if math.isfinite(number) and 0 <= number <= 1 else None
    return None


def _matrix(value: Any) -> np.ndarray | None:
    with suppress(*_ERRORS):
        matrix = np.asarray(value, dtype=np.float64)
        if matrix.ndim == 2 and len(set(matrix.shape)) == 1 and np.isfinite(matrix).all():
            return matrix if (matrix >= 0).all() else None
    return None
