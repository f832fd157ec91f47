"""ColabFold (Mirdita et al. 2022, doi:10.1038/s41592-022-01488-1), by its `colabfold_batch`.

All proteins go to one call, which loads and compiles the network once; complexes, for which it
takes another network, to a second one, and proteins with an alignment to a third. A protein is done
when ColabFold says so with `NAME.done.txt`; its files stay in the work folder, from which another
call resumes after a slow protein. Names are digests, so that none is the beginning of another.

Where an alignment is given, ColabFold (1.6.3) takes its rows as they are and asks no server;
`--pair-mode` has no effect on them, so that pepseq arranges the rows itself.
"""

import logging
import shlex
import shutil
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path

from pepseq.errors import SettingsError, quoted
from pepseq.io.atomic_files import disk_errors
from pepseq.processes.programs import how_ended, last_output, running
from pepseq.sequences.fasta import format_fasta
from pepseq.structure.file_names import text_sha256
from pepseq.structure.folding.confidences import read_confidences
from pepseq.structure.folding.config import BOTH
from pepseq.structure.folding.engines import FoldedStructure, FoldingResults, FoldingTarget
from pepseq.structure.folding.folding_inputs import FoldingInput
from pepseq.structure.model_names import best_of_each

PROGRAM = "colabfold_batch"
SECONDS_BETWEEN_POLLS = 0.5
SERVER = "https://api.colabfold.com"
"""Server of alignments that `colabfold_batch` asks unless `--host-url` names another."""
_WITHOUT_SERVER = "--msa-mode single_sequence"
_PLAIN, _ALIGNED, _COMPLEX = "colabfold", "colabfold-aligned", "colabfold-complexes"
log = logging.getLogger(__name__)


class ColabFold:
    """ColabFold with `options` for its command line, split as a shell does.

    `pair_mode` is how it pairs the alignments that it asks a server for. With `timeout`, it is
    ended when no protein was finished for this many seconds, and called again without the one that
    was next. Raises SettingsError if it is not installed.
    """

    def __init__(self, options: str, pair_mode: str, timeout: float | None, offline: bool):
        from pepseq.http.client import is_offline

        mode = "" if pair_mode == BOTH else f"--pair-mode {pair_mode}"
        self.name = " ".join(filter(None, ("colabfold", options, mode)))
        self._timeout, self._offline = timeout, is_offline(offline)
        try:
            self._options = [*shlex.split(options), *mode.split()]
        except ValueError as error:
            raise SettingsError(f"colabfold: {quoted(options, 200)}: {error}") from error
        if shutil.which(PROGRAM) is None:
            raise SettingsError(
                f"engine colabfold: the program {PROGRAM} is not on the PATH; install it as "
                "described at https://github.com/YoshitakaMo/localcolabfold"
            )

    def check(self, records: Sequence[FoldingInput]) -> None:
        """Raise SettingsError if sequences would go to a server while offline; log if they do.

        Without an alignment they are sent unless `--msa-mode single_sequence`; with `--templates`
        and no templates of one's own they are sent always.
        """
        words = " ".join(self._options).replace("=", " ")
        templates = "--templ" in words and "--custom-template-p" not in words
        single = _WITHOUT_SERVER in words
        aligned = sum(record.alignment is not None for record in records)
        sent = len(records) if templates else 0 if single else len(records) - aligned
        if sent and self._offline:
            raise SettingsError(
                f"engine colabfold: asks a server for alignments or templates of {sent} of "
                f"{len(records)} proteins, which offline forbids; give alignments (.a3m), or use "
                f"--engine 'colabfold:{_WITHOUT_SERVER}'"
            )
        if sent:
            server = "the server of --host-url" if "--host-url" in words else SERVER
            log.warning(
                "%d of %d proteins: colabfold_batch sends their sequences to %s; --offline forbids "
                "this",
                sent,
                len(records),
                server,
            )
        if single and aligned:
            log.warning(
                "--msa-mode single_sequence: ColabFold ignores the alignments of %d proteins",
                aligned,
            )

    def fold(self, targets: Sequence[FoldingTarget], work: Path) -> FoldingResults:
        """Yield the targets as they are finished."""
        for kind in (_PLAIN, _ALIGNED, _COMPLEX):
            waiting = {_query(one): one for one in targets if _kind(one) == kind}
            while waiting:
                timed_out = yield from self._run(waiting, work, kind)
                if timed_out:
                    reason = f"no model within {self._timeout:g} s"
                    yield waiting.pop(next(iter(waiting))), reason

    def _run(
        self, waiting: dict[str, FoldingTarget], work: Path, kind: str
    ) -> Generator[tuple[FoldingTarget, FoldedStructure | str], None, bool]:
        """Yield the targets of one call; return whether it had to be ended for the next target."""
        results, output = work / kind, work / f"{kind}.log"
        with disk_errors(results):
            results.mkdir(exist_ok=True)
            source = _write_queries(waiting, work, kind)
        last_finished = time.monotonic()
        with running([PROGRAM, *self._options, str(source), str(results)], output) as process:
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
        ending = f"{PROGRAM} {how_ended(code)}; {last_output(output)}"
        for name in list(waiting):
            yield waiting.pop(name), f"no model: {ending}"
        return False


def _query(target: FoldingTarget) -> str:
    return text_sha256(f"{target.stem} {target.record.sequence}")[:20]


def _kind(target: FoldingTarget) -> str:
    if target.record.is_complex:
        return _COMPLEX
    return _PLAIN if target.record.alignment is None else _ALIGNED


def _write_queries(waiting: dict[str, FoldingTarget], work: Path, kind: str) -> Path:
    """Write the queries; return their FASTA file, or their folder if they need files of their own.

    A new folder for each call: ColabFold folds all files of a folder.
    """
    if kind == _PLAIN:
        fasta = work / "colabfold.fasta"
        records = (format_fasta(name, one.record.sequence) for name, one in waiting.items())
        fasta.write_bytes(b"".join(records))
        return fasta
    folder = work / f"{kind}.inputs"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, target in waiting.items():
        record = target.record
        if record.alignment is not None:
            (folder / f"{name}.a3m").write_text(record.alignment.a3m())
        else:
            (folder / f"{name}.fasta").write_bytes(format_fasta(name, record.sequence))
    return folder


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
    return FoldedStructure(best[name], seconds, read_confidences(*scores[:1]))
