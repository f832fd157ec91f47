"""FASTA files of known proteins as a reference: read once, then memory-mapped from an index."""

import errno
import hashlib
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pepseq.errors import InputError
from pepseq.io.failures import FailedRecord
from pepseq.io.home import is_in_library
from pepseq.io.outputs import STDIO
from pepseq.io.plurals import plural
from pepseq.io.run_record import cached_sha256
from pepseq.readout.masking import HIDDEN
from pepseq.sequences.fasta import read_fasta
from pepseq.templates.array_files import DamagedError, pieces
from pepseq.templates.index import Index, NewArrays, UntrustedError
from pepseq.templates.reference import ARRAY_TYPES, Reference
from pepseq.templates.reference_builder import ReferenceBuilder
from pepseq.templates.substitution import UNKNOWN_CODE

log = logging.getLogger(__name__)
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
        reference = _build(paths, files, indices)
    used = reference.index and reference.index.folder
    for folder, reason in unusable.items():
        action = "rebuilt" if folder == used else f"{used or 'no index'} is used instead"
        log.warning("index %s %s: %s", folder, reason, action)
    return reference


def _build(paths: Sequence[str | Path], files: FileDigests, indices: list[Index]) -> Reference:
    """Return the reference of the first index that can be written, or one in memory."""
    for index in indices:

        def write(arrays: NewArrays) -> dict[str, Any]:
            return {"files": files} | _write_files(paths, arrays)

        def check(index: Index = index) -> Reference:
            return _load_index(index, files)

        with suppress(OSError, DamagedError, UntrustedError):
            index.build(write, check)
            return check()
    log.info("no folder for the index of %s can be written: not saved", files[0]["path"])
    return _read_files(paths, files)


def _read_files(paths: Sequence[str | Path], files: FileDigests) -> Reference:
    """Return the reference of FASTA files, in memory."""
    arrays = NewArrays()
    described = {"files": files} | _write_files(paths, arrays)
    columns = {name: arrays.writers[name].written() for name in ARRAY_TYPES}
    return Reference(**columns, index=None, described=described)


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
    residues = pieces(reference.residues)
    if not len(reference) or max(part.max() for part in residues) > UNKNOWN_CODE:
        raise DamagedError("residues.npy: range")
    strata = about.get("strata")
    if (
        not isinstance(strata, list)
        or not all(isinstance(n, int) and n > 0 for n in strata)
        or sum(strata) != len(reference)
    ):
        raise DamagedError("index.json: strata")
    if len(arrays["code_counts"]) != len(strata) * 2 * (UNKNOWN_CODE + 1):
        raise DamagedError("code_counts.npy: size")
    return reference


def _write_files(paths: Sequence[str | Path], arrays: NewArrays) -> dict[str, Any]:
    """Write the arrays of a reference from FASTA files; return the index's description of them."""
    builder = ReferenceBuilder(arrays)
    bad: list[FailedRecord] = []
    excess_hidden = [0] * len(paths)  # hidden residues less all others
    for number, path in enumerate(paths):
        for record in read_fasta(path, bad=bad, repeated_ids=True):
            excess_hidden[number] += 2 * record.sequence.count(HIDDEN) - len(record.sequence)
            builder.add(record, number)
    counts = builder.finish()
    if not counts["records"]:
        raise InputError(f"{paths[0]}: no record can be used as a known protein")
    for path, excess in zip(paths, excess_hidden, strict=True):
        if excess > 0:
            raise InputError(
                f"{path}: these are reads (more than half of the residues are hidden), not known "
                "proteins; give the FASTA file of a proteome"
            )
    first = _without_folder(bad[0]) if bad else None
    return counts | {"left_out": len(bad), "first_left_out": first}


def _without_folder(failed: FailedRecord) -> str:
    """Return a record that was left out as text, right wherever its file is moved."""
    return str(replace(failed, file=Path(failed.file).name))
