"""ColabFold (Mirdita et al. 2022, doi:10.1038/s41592-022-01488-1), by its `colabfold_batch`.

All proteins go to one call, which loads and compiles the network once. A protein is done when
ColabFold says so with `NAME.done.txt`; its files stay in the work folder, from which another call
resumes after a slow protein. Names are digests, so that none is the beginning of another.
"""

import shlex
import shutil
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path

from pepseq.errors import SettingsError, quoted
from pepseq.io.atomic_files import disk_errors
from pepseq.io.json_files import decode_json
from pepseq.processes.programs import how_ended, last_output, running
from pepseq.sequences.fasta import format_fasta
from pepseq.structure.file_names import text_sha256
from pepseq.structure.folding.engines import FoldedStructure, FoldingResults, FoldingTarget
from pepseq.structure.model_names import best_of_each

PROGRAM = "colabfold_batch"
SECONDS_BETWEEN_POLLS = 0.5
_WITHOUT_SERVER = "--msa-mode single_sequence"


class ColabFold:
    """ColabFold with `options` for its command line, split as a shell does.

    With `timeout`, it is ended when no protein was finished for this many seconds, and called again
    without the one that was next. Raises SettingsError if it is not installed, or if `offline` and
    it would ask a server for alignments.
    """

    def __init__(self, options: str, timeout: float | None, offline: bool):
        from pepseq.http.client import is_offline

        self.name = f"colabfold {options}".strip()
        self._timeout = timeout
        try:
            self._options = shlex.split(options)
        except ValueError as error:
            raise SettingsError(f"colabfold: {quoted(options, 200)}: {error}") from error
        if shutil.which(PROGRAM) is None:
            raise SettingsError(
                f"engine colabfold: the program {PROGRAM} is not on the PATH; install it as "
                "described at https://github.com/YoshitakaMo/localcolabfold"
            )
        if is_offline(offline) and _WITHOUT_SERVER not in " ".join(self._options):
            raise SettingsError(
                "engine colabfold: asks a server for alignments, which offline forbids; use "
                f"--engine 'colabfold:{_WITHOUT_SERVER}'"
            )

    def fold(self, targets: Sequence[FoldingTarget], work: Path) -> FoldingResults:
        """Yield the targets as they are finished."""
        waiting = {_query(target): target for target in targets}
        while waiting:
            timed_out = yield from self._run(waiting, work)
            if timed_out:
                reason = f"no model within {self._timeout:g} s"
                yield waiting.pop(next(iter(waiting))), reason

    def _run(
        self, waiting: dict[str, FoldingTarget], work: Path
    ) -> Generator[tuple[FoldingTarget, FoldedStructure | str], None, bool]:
        """Yield the targets of one call; return whether it had to be ended for the next target."""
        results, fasta, log = work / "colabfold", work / "colabfold.fasta", work / "colabfold.log"
        with disk_errors(fasta):
            results.mkdir(exist_ok=True)
            fasta.write_bytes(
                b"".join(format_fasta(name, t.record.sequence) for name, t in waiting.items())
            )
        last_finished = time.monotonic()
        with running([PROGRAM, *self._options, str(fasta), str(results)], log) as process:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(SECONDS_BETWEEN_POLLS)
                ended = process.returncode is not None
                for name in [name for name in waiting if _is_done(results, name, process)]:
                    now = time.monotonic()
                    yield waiting.pop(name), _collect(results, name, now - last_finished)
                    last_finished = now
                if ended or not waiting:
                    break
                if self._timeout and time.monotonic() - last_finished > self._timeout:
                    return True
            code = process.wait()
        ending = f"{PROGRAM} {how_ended(code)}; {last_output(log)}"
        for name in list(waiting):
            yield waiting.pop(name), f"no model: {ending}"
        return False


def _query(target: FoldingTarget) -> str:
    return text_sha256(f"{target.stem} {target.record.sequence}")[:20]


def _is_done(results: Path, name: str, process: subprocess.Popen[bytes]) -> bool:
    """Return whether a protein's files are whole: it is marked, or the program ended well."""
    if (results / f"{name}.done.txt").exists():
        return True
    return process.returncode == 0 and any(results.glob(f"{name}_*rank_*"))


def _collect(results: Path, name: str, seconds: float) -> FoldedStructure | str:
    """Return the best-ranked model of a protein, relaxed if available, and its confidences."""
    best, _ = best_of_each(sorted(results.glob(f"{name}_*rank_*.pdb")))
    if name not in best:
        return f"{PROGRAM} wrote no ranked model"
    scores = sorted(results.glob(f"{name}_scores_rank_*.json"))
    ptm = _ptm(scores[0]) if scores else None
    return FoldedStructure(best[name], seconds, ptm, scores[0] if scores else None)


def _ptm(scores: Path) -> float | None:
    """Return the predicted TM-score of a file of scores, None if it has none from 0 to 1."""
    with suppress(OSError, ValueError, TypeError, KeyError, OverflowError):
        ptm = float(decode_json(scores.read_text())["ptm"])
        return ptm if 0 <= ptm <= 1 else None
    return None
