"""Results of the searches of all parts of a reference, from the files that `search` wrote."""

import json
import logging
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pepseq.errors import InputError, quoted
from pepseq.io.run_record import describe_file
from pepseq.prediction.predictor import Predictor
from pepseq.prediction.shards import PartShare, Shard
from pepseq.templates.soft_reads import Read
from pepseq.version import __version__

if TYPE_CHECKING:  # compiles kernels
    from pepseq.templates.reference_parts import Found, MeanLikelihoods, ReferencePart
    from pepseq.templates.search_files import SearchFile

log = logging.getLogger(__name__)
SUFFIX = ".searches"
"""End of the name of a file of searches."""
JOB, SHARD, LIKELIHOODS = "job", "shard", "likelihoods"


def describe_search(predictor: Predictor, reads: str | Path) -> dict[str, Any]:
    """Return all that decides what the searches of a run find."""
    assert predictor.templates is not None
    finder, config = predictor.templates.finder, predictor.config
    file = describe_file(reads)
    described = {
        "pepseq": __version__,
        "reads": [file.get("bytes"), file.get("sha256")],
        "reference": [file["sha256"] for file in finder.reference.described["files"]],
        "readout": str(predictor.readout),
        "kind": config.kind,
        "missed_label": config.missed_label,
        "misread": config.misread,
        "probabilities": config.probabilities,
        "confusion": predictor.confusion and predictor.confusion.describe(),
        "part_residues": config.part_residues,
        "parts": finder.number_of_parts,
    }
    return json.loads(json.dumps(described, default=str))


def find_search_files(given: str | Path | Sequence[str | Path]) -> list[Path]:
    """Return the files of searches among these files and folders; InputError if there are none."""
    paths: list[Path] = []
    for path in [given] if isinstance(given, str | Path) else given:
        if os.path.isdir(path):
            inside = sorted(Path(path).glob(f"*{SUFFIX}"))
            if not inside:
                raise InputError(
                    f"{path}: expected files *{SUFFIX}, found none; run pepseq search first"
                )
            for file in inside:
                if not file.is_file():
                    raise InputError(f"{file}: expected a file of searches, found another kind")
            paths += inside
        elif os.path.isfile(path):
            paths.append(Path(path))
        else:
            raise InputError(f"{path}: no such file, or the job that writes it is not done")
    return paths


class FoundSearches:
    """Searches that are looked up in files; those that no file has are done and counted.

    `files`: by the numbers of their parts. Safe in several threads.
    """

    def __init__(self, files: Mapping[int, "SearchFile"]):
        self._files = files
        self._missing = 0
        self._lock = threading.Lock()

    def search(self, part: "ReferencePart", read: Read, thorough: bool) -> "Found":
        """Return what was found for a read in a part."""
        from pepseq.templates.search_files import search_key, unpack_found

        content = self._files[part.number].get(search_key(part.number, search_name(thorough), read))
        if content is not None:
            return unpack_found(content)
        self._count_missing()
        return part.search(read, thorough)

    def mean_likelihoods(
        self, part: "ReferencePart", read: Read, emission: np.ndarray
    ) -> "MeanLikelihoods":
        """Return how well a read fits a part."""
        from pepseq.templates.search_files import search_key, unpack_likelihoods

        content = self._files[part.number].get(search_key(part.number, LIKELIHOODS, read))
        if content is not None:
            return unpack_likelihoods(content)
        self._count_missing()
        return part.mean_likelihoods(read, emission)

    def log_missing(self) -> None:
        """Log how many searches no file had."""
        if self._missing:
            log.info(
                "%d searches are not in the files of pepseq search: done by this run", self._missing
            )

    def _count_missing(self) -> None:
        with self._lock:
            self._missing += 1


def search_name(thorough: bool) -> str:
    """Return the name of a search in keys."""
    return "thorough" if thorough else "usual"


def found_searches(
    paths: Sequence[Path], predictor: Predictor, reads: str | Path, shard: Shard | None
) -> FoundSearches:
    """Let the templates of a predictor be those in files of `search`, for all parts.

    Raises InputError unless the files are all of those of one search, for these reads, reference
    and settings.
    """
    from pepseq.templates.reference_parts import Searches
    from pepseq.templates.search_files import SearchFile

    assert predictor.templates is not None
    finder = predictor.templates.finder
    expected = describe_search(predictor, reads)
    by_job: dict[int, SearchFile] = {}
    jobs = None
    for path in paths:
        file = SearchFile(path)
        job = _check_search(file, expected, shard)
        jobs = jobs or job.of
        if job.of != jobs:
            raise InputError(f"{path}: of {job.of} parts, but {paths[0]} is of {jobs}")
        if job.number in by_job:
            raise InputError(f"{by_job[job.number].path} and {path}: both are part {job}")
        by_job[job.number] = file
    missing = [str(n) for n in range(1, (jobs or 0) + 1) if n not in by_job]
    if missing:
        names = ", ".join(missing[:10]) + (" ..." if len(missing) > 10 else "")
        raise InputError(f"expected searches of {jobs} parts, but these are missing: {names}")
    files = {
        part: file
        for number, file in by_job.items()
        for part in PartShare(number, len(by_job)).numbers(finder.number_of_parts)
    }
    results = FoundSearches(files)
    finder.searches = Searches(results.search, results.mean_likelihoods)
    return results


def _check_search(file: "SearchFile", expected: dict[str, Any], shard: Shard | None) -> PartShare:
    """Return which job wrote a file; InputError if it is of another run."""
    about = file.about if isinstance(file.about, dict) else {}
    for name, value in expected.items():
        if about.get(name) != value:
            was, now = (quoted(str(one), 80) for one in (about.get(name), value))
            raise InputError(
                f"{file.path}: not a search of this run: {name} was {was}, is {now}; "
                "run pepseq search again"
            )
    if about.get(SHARD) not in (None, shard and str(shard)):
        raise InputError(
            f"{file.path}: a search of --shard {about.get(SHARD)}; give --shard {about.get(SHARD)}"
        )
    return PartShare.parse(str(about.get(JOB)))
