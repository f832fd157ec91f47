"""A reference proteome: its distinct proteins and their seeds, on disk once, then memory-mapped."""

import hashlib
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from pepseq.errors import InputError
from pepseq.io.failures import FailedRecord
from pepseq.io.files import decode_text, encode_text
from pepseq.io.outputs import STDIO
from pepseq.io.run_record import sha256
from pepseq.kernels import read_only
from pepseq.readout.masking import HIDDEN
from pepseq.sequences.fasta import read_fasta
from pepseq.templates.index import DamagedError, Index, UntrustedError
from pepseq.templates.read_symbols import ReadSymbols
from pepseq.templates.seeds import are_seeds, build_seeds, place_type
from pepseq.templates.strata import by_stratum
from pepseq.templates.substitution import UNKNOWN_CODE, encode

log = logging.getLogger(__name__)
_ARRAYS = {
    "residues": np.uint8,
    "offsets": np.int64,
    "names": np.uint8,
    "name_offsets": np.int64,
}


@dataclass(frozen=True)
class Reference:
    """Distinct proteins, one after the other.

    `residues` holds codes 0-20 (uint8, (residues,)); protein p has those from `offsets[p]` to
    `offsets[p + 1]` (int64); its header lies in `names` (UTF-8) from `name_offsets[p]` on. Copies
    of one sequence count once, under the id that came first. Proteins of a stratum (`strata_of`)
    follow each other, smallest stratum first.
    """

    residues: np.ndarray
    offsets: np.ndarray
    names: np.ndarray
    name_offsets: np.ndarray
    index: Index | None
    described: dict

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            object.__setattr__(self, name, read_only(getattr(self, name)))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def header(self, protein: int) -> str:
        """Return id and description of a protein."""
        start, end = self.name_offsets[protein], self.name_offsets[protein + 1]
        return decode_text(self.names[start:end].tobytes())

    def name(self, protein: int) -> str:
        """Return the id of a protein."""
        return self.header(protein).partition(" ")[0]

    def protein(self, protein: int) -> np.ndarray:
        """Return the residue codes of a protein, uint8."""
        return self.residues[self.offsets[protein] : self.offsets[protein + 1]]

    def strata(self) -> list["Reference"]:
        """Return each stratum as a reference of its own; their indexes lie inside this one's."""
        ends = np.cumsum(self.described.get("strata", [len(self)])).tolist()
        if len(ends) == 1:
            return [self]
        parts = []
        for number, (first, last) in enumerate(pairwise([0, *ends]), 1):
            start, end = self.offsets[first], self.offsets[last]
            one = replace(
                self,
                residues=self.residues[start:end],
                offsets=self.offsets[first : last + 1] - start,
                name_offsets=self.name_offsets[first : last + 1],
                index=self.index and self.index.inside(f"stratum-{number}"),
                described={},
            )
            parts.append(one)
        return parts

    def seeds(self, symbols: ReadSymbols, labels: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (starts, positions) of the seeds of `labels` labels: see `seeds.build_seeds`."""
        kind = hashlib.sha256(symbols.symbol_of_code.tobytes()).hexdigest()[:12]
        names = [f"seeds-{kind}-{labels}-{part}" for part in ("starts", "positions")]
        kept, damaged = self._kept(names)
        if kept is None:
            kept = build_seeds(self.residues, self.offsets, symbols, labels)
            if self.index is not None and self._kept(names)[0] is None:  # no process was first
                with suppress(OSError):
                    for name, array in zip(names, kept, strict=True):
                        self.index.save(name, array)
        if damaged:
            log.warning("index %s is damaged (%s): rebuilt", self.index.folder, damaged)
        return kept

    def _kept(self, names: list[str]) -> tuple[tuple[np.ndarray, np.ndarray] | None, str]:
        """Return the seeds of these names in the index, or None, and what is damaged."""
        if self.index is None:
            return None, ""
        try:
            place = place_type(len(self.residues))
            starts, positions = (self.index.load(name, place) for name in names)
        except OSError:
            return None, ""
        except (DamagedError, UntrustedError) as error:
            return None, str(error)
        if not are_seeds(starts, positions, len(self.residues)):
            return None, f"{names[0]}.npy: range"
        return (starts, positions), ""


def open_reference(paths: Sequence[str | Path]) -> Reference:
    """Read FASTA files of known proteins, or the index made of the same bytes before.

    The index is a folder `<first file>.pepseq-index/<hash of the contents>`, in the user's cache
    folder if that cannot be written or is another user's, and nowhere if neither can. A damaged
    index is rebuilt with a warning. Ids that come twice with other
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
    key = hashlib.sha256("".join(one["sha256"] for one in described).encode()).hexdigest()
    owners = {os.stat(path).st_uid for path in paths}
    owners = frozenset({0, os.geteuid()} | (owners if len(owners) == 1 else set()))
    places = [Path(f"{paths[0]}.pepseq-index"), *_user_cache()]
    indices = [Index(place / key[:16], key, owners) for place in places]
    unused: dict[Path, str] = {}
    reference = _kept_index(indices, described, unused) or _new_index(indices, paths, described)
    used = reference.index and reference.index.folder
    for folder, why in unused.items():
        then = "rebuilt" if folder == used else f"{used or 'no index'} is used instead"
        log.warning("index %s %s: %s", folder, why, then)
    return reference


def _kept_index(
    indices: list[Index], described: list[dict], unused: dict[Path, str]
) -> Reference | None:
    """Return the first index that can be used, or None; say in `unused` why others cannot."""
    for index in indices:
        try:
            return _opened(index, described)
        except DamagedError as error:
            unused[index.folder] = f"is damaged ({error})"
        except UntrustedError as error:
            unused[index.folder] = f"cannot be trusted ({error})"
        except OSError:
            continue
    return None


def _new_index(
    indices: list[Index], paths: Sequence[str | Path], described: list[dict]
) -> Reference:
    """Read the reference and keep its index in the first place that can be; without one if none."""
    reference = _read(paths, {"files": described})
    arrays = {name: getattr(reference, name) for name in _ARRAYS}
    for index in indices:
        with suppress(OSError, DamagedError, UntrustedError):
            index.build(reference.described, arrays, lambda index=index: _opened(index, described))
            return _opened(index, described)
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


def _opened(index: Index, files: list[dict]) -> Reference:
    """Return the reference that an index holds, in the range that kernels rely on.

    Raises OSError (if there is none), DamagedError and UntrustedError.
    """
    try:
        about = index.about()
        arrays = [index.load(name, kind) for name, kind in _ARRAYS.items()]
    except FileNotFoundError as error:
        if index.folder.is_dir():
            raise DamagedError(f"{Path(error.filename).name}: missing") from error
        raise
    one = Reference(*arrays, index, about | {"files": files})
    for name, starts, content in (
        ("offsets", one.offsets, one.residues),
        ("name_offsets", one.name_offsets, one.names),
    ):
        ends = *starts[:1], *starts[-1:], len(starts) - 1
        if ends != (0, len(content), about.get("proteins")) or (starts[1:] <= starts[:-1]).any():
            raise DamagedError(f"{name}.npy: range")
    if not len(one) or one.residues.max() > UNKNOWN_CODE:
        raise DamagedError("residues.npy: range")
    strata = about.get("strata")
    whole = isinstance(strata, list) and all(isinstance(n, int) and n > 0 for n in strata)
    if not whole or sum(strata) != len(one):
        raise DamagedError("index.json: strata")
    return one


def _read(paths: Sequence[str | Path], described: dict) -> Reference:
    residues, names = [], []
    known: dict[bytes, int] = {}
    times: dict[str, int] = {}
    bad: list[FailedRecord] = []
    held: list[tuple[int, int]] = []  # protein and file of each record
    hidden = [0] * len(paths)
    for number, path in enumerate(paths):
        for record in read_fasta(path, bad=bad, repeated_ids=True):
            hidden[number] += 2 * record.sequence.count(HIDDEN) - len(record.sequence)
            key = hashlib.blake2b(record.sequence.encode(), digest_size=16).digest()
            held.append((known.setdefault(key, len(known)), number))
            if len(known) == len(residues):
                continue
            times[record.id] = times.get(record.id, 0) + 1
            copy = times[record.id]
            name = record.id if copy == 1 else f"{record.id}#{copy}"
            names.append(encode_text(f"{name} {record.description}".strip()))
            residues.append(encode(record.sequence))
    if not held:
        raise InputError(f"{paths[0]}: expected known proteins, found none that can be used")
    for path, excess in zip(paths, hidden, strict=True):
        if excess > 0:
            raise InputError(
                f"{path}: these are reads (more than half of the residues are hidden), not known "
                "proteins; give the FASTA file of a proteome"
            )
    log.info("reference: %d distinct proteins of %d records", len(residues), len(held))
    order, strata = by_stratum(np.array(held), np.array([len(one) for one in residues]))
    residues, names = [residues[p] for p in order], [names[p] for p in order]
    return Reference(
        np.concatenate(residues),
        np.cumsum([0, *map(len, residues)]),
        np.frombuffer(b"".join(names), np.uint8),
        np.cumsum([0, *map(len, names)]),
        None,
        described
        | {"proteins": len(residues), "records": len(held), "left_out": len(bad)}
        | {"strata": strata, "first_left_out": str(bad[0]) if bad else None},
    )
