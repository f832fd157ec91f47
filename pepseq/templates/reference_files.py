"""FASTA files of known proteins as a reference: read once, then memory-mapped from an index."""

import errno
import hashlib
import logging
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from pepseq.errors import InputError
from pepseq.io.failures import FailedRecord
from pepseq.io.files import encode_text
from pepseq.io.home import is_in_library
from pepseq.io.outputs import STDIO
from pepseq.io.plurals import plural
from pepseq.io.run_record import cached_sha256
from pepseq.readout.masking import HIDDEN
from pepseq.sequences.fasta import Record, read_fasta
from pepseq.templates.index import DamagedError, Index, UntrustedError
from pepseq.templates.reference import ARRAY_TYPES, Reference
from pepseq.templates.substitution import UNKNOWN_CODE, encode

log = logging.getLogger(__name__)
STRATUM_RATIO = 8
"""A file with over this many times the residues of all smaller ones together begins a stratum."""
FileDigests = list[dict[str, str | None]]
"""Path and SHA-256 of each file, None of a pipe."""


def open_reference(paths: Sequence[str | Path]) -> Reference:
    """Read FASTA files of known proteins, or the index made of the same bytes before.

    The index is a folder `<first file>.pepseq-index/<hash of the contents>`, beside a file of the
    library if there is one, in the user's cache folder if that cannot be written or is another
    user's, and nowhere if neither can. A damaged
    index is rebuilt with a warning. Ids that come twice with other residues get `#2`, `#3`. Records
    that are not proteins are left out and counted in a warning. Raises InputError.
    """
    files: FileDigests = [
        {
            "path": str(path),
            "sha256": None if _is_pipe(path) else cached_sha256(_check_readable(path)),
        }
        for path in paths
    ]
    digests = [digest for file in files if (digest := file["sha256"]) is not None]
    if len(digests) < len(files):
        reference = _read_files(paths, files)
    else:
        reference = _open_indexed(paths, files, _possible_indices(paths, digests))
    left_out, first = (reference.described[name] for name in ("left_out", "first_left_out"))
    if left_out:
        noun = plural(left_out, "record")
        log.warning("reference: %d %s left out, the first: %s", left_out, noun, first)
    return reference


def _is_pipe(path: str | Path) -> bool:
    return str(path) == STDIO or (os.path.exists(path) and not os.path.isfile(path))


def _check_readable(path: str | Path) -> str | Path:
    if not os.path.isfile(path) or not os.access(path, os.R_OK):
        raise InputError(f"{path}: no such file, or it cannot be read")
    return path


def _possible_indices(paths: Sequence[str | Path], digests: list[str]) -> list[Index]:
    """Return the index beside the first file and the one in the user's cache folder, if any."""
    key = hashlib.sha256("".join(digests).encode()).hexdigest()
    owners = {os.stat(path).st_uid for path in paths}
    trusted = frozenset({0, os.geteuid(), *(owners if len(owners) == 1 else ())})
    beside = next(filter(is_in_library, paths), paths[0])
    folders = [Path(f"{beside}.pepseq-index")]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    if cache.is_absolute():  # else there is no home to have one in
        folders.append(cache / "pepseq")
    return [Index(folder / key[:16], key, trusted) for folder in folders]


def _open_indexed(
    paths: Sequence[str | Path], files: FileDigests, indices: list[Index]
) -> Reference:
    """Return the reference of the first index that can be used, or read the files and save one."""
    unusable: dict[Path, str] = {}
    for index in indices:
        try:
            reference = _load_index(index, files)
            break
        except DamagedError as error:
            unusable[index.folder] = f"is damaged ({error})"
        except UntrustedError as error:
            unusable[index.folder] = f"cannot be trusted ({error})"
        except OSError as error:
            if error.errno == errno.ESTALE:
                unusable[index.folder] = "is of an older version of pepseq"
    else:
        reference = _save_index(_read_files(paths, files), indices, files)
    used = reference.index and reference.index.folder
    for folder, reason in unusable.items():
        action = "rebuilt" if folder == used else f"{used or 'no index'} is used instead"
        log.warning("index %s %s: %s", folder, reason, action)
    return reference


def _save_index(reference: Reference, indices: list[Index], files: FileDigests) -> Reference:
    """Save the first index that can be written and return its reference; else the one given."""
    arrays = {name: getattr(reference, name) for name in ARRAY_TYPES}
    for index in indices:

        def check(index: Index = index) -> Reference:
            return _load_index(index, files)

        with suppress(OSError, DamagedError, UntrustedError):
            index.build(reference.described, arrays, check)
            return check()
    log.info("no folder for the index of %s can be written: not saved", files[0]["path"])
    return reference


def _load_index(index: Index, files: FileDigests) -> Reference:
    """Return the reference that an index holds, in the range that kernels rely on.

    Raises OSError (if there is none), DamagedError and UntrustedError.
    """
    try:
        about = index.read_about()
        arrays = {name: index.load_array(name, kind) for name, kind in ARRAY_TYPES.items()}
    except FileNotFoundError as error:
        if index.folder.is_dir():
            raise DamagedError(f"{Path(error.filename).name}: missing") from error
        raise
    reference = Reference(**arrays, index=index, described=about | {"files": files})
    for name, content in (("offsets", reference.residues), ("name_offsets", reference.names)):
        starts = arrays[name]
        ends = *starts[:1], *starts[-1:], len(starts) - 1
        if ends != (0, len(content), about.get("proteins")) or (starts[1:] <= starts[:-1]).any():
            raise DamagedError(f"{name}.npy: range")
    if not len(reference) or reference.residues.max() > UNKNOWN_CODE:
        raise DamagedError("residues.npy: range")
    strata = about.get("strata")
    if (
        not isinstance(strata, list)
        or not all(isinstance(n, int) and n > 0 for n in strata)
        or sum(strata) != len(reference)
    ):
        raise DamagedError("index.json: strata")
    return reference


class _DistinctProteins:
    """Proteins of several files without copies.

    `records` has the protein's number and the file's number of each record; `headers` are bytes.
    """

    def __init__(self) -> None:
        self.residues: list[np.ndarray] = []
        self.headers: list[bytes] = []
        self.records: list[tuple[int, int]] = []
        self._numbers: dict[bytes, int] = {}
        self._uses_of_id: Counter[str] = Counter()

    def add(self, record: Record, file: int) -> None:
        """Add a record of a file."""
        key = hashlib.blake2b(record.sequence.encode(), digest_size=16).digest()
        self.records.append((self._numbers.setdefault(key, len(self._numbers)), file))
        if len(self._numbers) == len(self.residues):
            return
        self._uses_of_id[record.id] += 1
        uses = self._uses_of_id[record.id]
        name = record.id if uses == 1 else f"{record.id}#{uses}"
        self.headers.append(encode_text(f"{name} {record.description}".strip()))
        self.residues.append(encode(record.sequence))


def _read_files(paths: Sequence[str | Path], files: FileDigests) -> Reference:
    """Return the reference of FASTA files, without an index."""
    proteins = _DistinctProteins()
    bad: list[FailedRecord] = []
    excess_hidden = [0] * len(paths)  # hidden residues less all others
    for number, path in enumerate(paths):
        for record in read_fasta(path, bad=bad, repeated_ids=True):
            excess_hidden[number] += 2 * record.sequence.count(HIDDEN) - len(record.sequence)
            proteins.add(record, number)
    if not proteins.records:
        raise InputError(f"{paths[0]}: no record can be used as a known protein")
    for path, excess in zip(paths, excess_hidden, strict=True):
        if excess > 0:
            raise InputError(
                f"{path}: these are reads (more than half of the residues are hidden), not known "
                "proteins; give the FASTA file of a proteome"
            )
    counts = {"proteins": len(proteins.residues), "records": len(proteins.records)}
    log.info("indexing %(proteins)d distinct proteins (%(records)d records)", counts)
    lengths = np.array([len(residues) for residues in proteins.residues])
    order, strata = order_by_stratum(np.array(proteins.records), lengths)
    residues = [proteins.residues[p] for p in order]
    headers = [proteins.headers[p] for p in order]
    return Reference(
        np.concatenate(residues),
        np.cumsum([0, *map(len, residues)]),
        np.frombuffer(b"".join(headers), np.uint8),
        np.cumsum([0, *map(len, headers)]),
        None,
        {"files": files, **counts, "left_out": len(bad)}
        | {"strata": strata, "first_left_out": _without_folder(bad[0]) if bad else None},
    )


def _without_folder(failed: FailedRecord) -> str:
    """Return a record that was left out as text, right wherever its file is moved."""
    return str(replace(failed, file=Path(failed.file).name))


def assign_strata(sizes: np.ndarray) -> np.ndarray:
    """Return the stratum, from 0, of each file with this many residues.

    Strata are searched each by itself, so that a large file does not crowd out a small one.
    Proteomes of a few strains are one stratum, a database beside them is the next one.

    >>> assign_strata(np.array([800_000, 70_000_000, 900_000])).tolist()
    [0, 1, 0]
    """
    strata = np.zeros(len(sizes), np.int64)
    stratum = smaller = 0
    for file in np.argsort(sizes, kind="stable"):
        stratum += int(0 < STRATUM_RATIO * smaller < sizes[file])
        strata[file] = stratum
        smaller += sizes[file]
    return strata


def order_by_stratum(records: np.ndarray, lengths: np.ndarray) -> tuple[list[int], list[int]]:
    """Return the order of proteins by stratum and the number of proteins of each stratum.

    `records`: int64, (records, 2), the numbers of protein and file of each record; `lengths`:
    residues of each protein, (proteins,). A protein of several files is of the smallest stratum.
    Strata without proteins of their own are left out.
    """
    protein, file = records.T
    sizes = np.bincount(file, weights=lengths[protein])
    stratum = np.full(len(lengths), len(sizes))
    np.minimum.at(stratum, protein, assign_strata(sizes)[file])
    numbers = np.bincount(stratum)
    return np.argsort(stratum, kind="stable").tolist(), numbers[numbers > 0].tolist()
