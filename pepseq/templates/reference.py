"""A reference proteome: its distinct proteins and their seeds, on disk once, then memory-mapped."""

import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pepseq.errors import InputError
from pepseq.files import STDIO, encode_text, sha256, to_json
from pepseq.sequences.fasta import BadRecord, read_fasta
from pepseq.templates.kernels import read_only
from pepseq.templates.seeds import build_seeds
from pepseq.templates.substitution import encode
from pepseq.templates.symbols import Symbols

log = logging.getLogger(__name__)
FORMAT = 2
_ARRAYS = ("residues", "offsets", "names", "name_offsets")
_DAMAGED = (OSError, EOFError, ValueError, KeyError, TypeError, IndexError)
"""What reading an index raises that is missing, cut short or something else."""


@dataclass(frozen=True)
class Reference:
    """Distinct proteins, one after the other.

    `residues` holds codes 0-20 (uint8, (residues,)); protein p has those from `offsets[p]` to
    `offsets[p + 1]` (int64); its header lies in `names` (UTF-8) from `name_offsets[p]` on. Copies
    of one sequence count once, under the id that came first.
    """

    residues: np.ndarray
    offsets: np.ndarray
    names: np.ndarray
    name_offsets: np.ndarray
    folder: Path | None
    described: dict

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            object.__setattr__(self, name, read_only(getattr(self, name)))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def header(self, protein: int) -> str:
        """Return id and description of a protein."""
        start, end = self.name_offsets[protein], self.name_offsets[protein + 1]
        return self.names[start:end].tobytes().decode("utf-8", "surrogateescape")

    def name(self, protein: int) -> str:
        """Return the id of a protein."""
        return self.header(protein).partition(" ")[0]

    def protein(self, protein: int) -> np.ndarray:
        """Return the residue codes of a protein, uint8."""
        return self.residues[self.offsets[protein] : self.offsets[protein + 1]]

    def seeds(self, symbols: Symbols, labels: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (starts, positions) of the seeds of `labels` labels: see `seeds.build_seeds`."""
        kind = hashlib.sha256(symbols.of_code.tobytes()).hexdigest()[:12]
        names = [f"seeds-{kind}-{labels}-{part}" for part in ("starts", "positions")]
        if (kept := self._kept(names)) is not None:
            return kept
        arrays = build_seeds(self.residues, self.offsets, symbols, labels)
        if self.folder is not None and self._kept(names) is None:  # no process was first
            with suppress(OSError):
                for name, array in zip(names, arrays, strict=True):
                    _save(self.folder, name, array)
        return arrays

    def _kept(self, names: list[str]) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the seeds of these names if they are in the index, whole."""
        if self.folder is not None:
            with suppress(*_DAMAGED):
                starts, positions = (_load(self.folder, name) for name in names)
                if starts[-1] == len(positions):
                    return starts, positions
        return None


def open_reference(paths: Sequence[str | Path]) -> Reference:
    """Read FASTA files of known proteins, or the index made of the same bytes before.

    The index is a folder `<first file>.pepseq-index/<hash of the contents>`, in the user's cache
    folder if that cannot be written, and nowhere if neither can. Ids that come twice with other
    residues get `#2`, `#3`. Raises InputError; records that are no proteins are counted in a
    warning and left out.
    """
    described = [
        {"path": str(p), "sha256": None if _piped(p) else sha256(_checked(p))} for p in paths
    ]
    reference = _indexed(paths, described)
    left_out, first = (reference.described[name] for name in ("left_out", "first_left_out"))
    if left_out:
        log.warning("reference: %d records left out, the first: %s", left_out, first)
    return reference


def _indexed(paths: Sequence[str | Path], described: list[dict]) -> Reference:
    if any(one["sha256"] is None for one in described):
        return _read(paths, {"files": described})
    digest = hashlib.sha256("".join(one["sha256"] for one in described).encode()).hexdigest()[:16]
    places = [Path(f"{paths[0]}.pepseq-index") / digest]
    places += [cache / digest for cache in _user_cache()]
    for folder in places:
        with suppress(*_DAMAGED):
            return _opened(folder, described)
    reference = _read(paths, {"format": FORMAT, "files": described})
    for folder in places:
        with suppress(*_DAMAGED):
            _write(reference, folder)
            return _opened(folder, described)
    log.info("the index of %s cannot be kept: no folder for it can be written", paths[0])
    return reference


def _piped(path: str | Path) -> bool:
    return str(path) == STDIO or (os.path.exists(path) and not os.path.isfile(path))


def _checked(path: str | Path) -> str | Path:
    if not os.path.isfile(path) or not os.access(path, os.R_OK):
        raise InputError(f"{path}: no such file, or it cannot be read")
    return path


def _user_cache() -> list[Path]:
    """Return the user's cache folder; nothing if there is no home to have one in."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    return [base / "pepseq"] if base.is_absolute() else []


def _opened(folder: Path, files: list[dict]) -> Reference:
    """Memory-map an index; one of _DAMAGED if it is not there or not whole."""
    about = json.loads((folder / "index.json").read_text())
    if about["format"] != FORMAT:
        raise ValueError(f"expected format {FORMAT}")
    one = Reference(*(_load(folder, n) for n in _ARRAYS), folder, about | {"files": files})
    ends = (one.offsets[-1], one.name_offsets[-1], len(one))
    if ends != (len(one.residues), len(one.names), about["proteins"]):
        raise ValueError("expected arrays that fit together")
    return one


def _read(paths: Sequence[str | Path], described: dict) -> Reference:
    residues, lengths, names = [], [], []
    seen: set[bytes] = set()
    times: dict[str, int] = {}
    bad: list[BadRecord] = []
    records = 0
    for path in paths:
        for record in read_fasta(path, bad=bad, repeated_ids=True):
            records += 1
            key = hashlib.blake2b(record.sequence.encode(), digest_size=16).digest()
            if key in seen:
                continue
            seen.add(key)
            times[record.id] = times.get(record.id, 0) + 1
            number = times[record.id]
            name = record.id if number == 1 else f"{record.id}#{number}"
            names.append(encode_text(f"{name} {record.description}".strip()))
            residues.append(encode(record.sequence))
            lengths.append(len(record.sequence))
    if not lengths:
        raise InputError(f"{paths[0]}: expected known proteins, found none that can be used")
    log.info("reference: %d distinct proteins of %d records", len(lengths), records)
    return Reference(
        np.concatenate(residues),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.frombuffer(b"".join(names), np.uint8),
        np.concatenate([[0], np.cumsum([len(n) for n in names])]).astype(np.int64),
        None,
        described
        | {"proteins": len(lengths), "records": records, "left_out": len(bad)}
        | {"first_left_out": str(bad[0]) if bad else None},
    )


def _write(reference: Reference, folder: Path) -> None:
    """Write an index beside its final name and rename it, unless another process was first.

    What is there and whole is left alone: other processes may have mapped it already.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder.parent))
    try:
        for name in _ARRAYS:
            np.save(partial / f"{name}.npy", getattr(reference, name))
        (partial / "index.json").write_bytes(to_json(reference.described))
        partial.chmod(0o755)
        with suppress(OSError):
            partial.rename(folder)
            return
        with suppress(*_DAMAGED):
            _opened(folder, reference.described["files"])
            return
        shutil.rmtree(folder)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _save(folder: Path, name: str, array: np.ndarray) -> None:
    handle, partial = tempfile.mkstemp(prefix=".partial-", dir=folder)
    try:
        with os.fdopen(handle, "wb") as stream:
            np.save(stream, array)
        os.chmod(partial, 0o644)
        os.replace(partial, folder / f"{name}.npy")
    finally:
        with suppress(OSError):
            os.unlink(partial)


def _load(folder: Path, name: str) -> np.ndarray:
    """Memory-map an array; ValueError if the file is shorter than its header says."""
    return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))
