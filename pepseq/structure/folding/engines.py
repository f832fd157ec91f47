"""Engines that predict structures: ESMFold, ColabFold, or a program that the user names.

An engine has a `name`, which holds everything that makes a difference to its structures, and
`fold(targets, work)`, which yields for each target, in any order, its structure or the reason why
there is none. `work` is a folder for intermediate files.
"""

import shlex
import shutil
import subprocess
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Protocol, TypeAlias

from pepseq.errors import SettingsError, quoted
from pepseq.io.atomic_files import disk_errors
from pepseq.processes.programs import how_ended, last_output, running
from pepseq.sequences.fasta import Record, format_fasta

_PLACEHOLDERS = ("fasta", "pdb", "cif", "name")


@dataclass(frozen=True)
class FoldingTarget:
    """A protein to fold, and the name of its file without suffix."""

    record: Record
    stem: str


@dataclass(frozen=True)
class FoldedStructure:
    """A structure in a file of its own, `.pdb` or `.cif`.

    seconds: time of the prediction; ptm: predicted TM-score, 0 to 1, if the engine gives it;
    confidences: a file of further scores, kept as it is.
    """

    path: Path
    seconds: float
    ptm: float | None = None
    confidences: Path | None = None


FoldingResults: TypeAlias = Generator[tuple[FoldingTarget, FoldedStructure | str], None, None]
"""Yields each target with its structure, or with the reason why there is none."""


class Engine(Protocol):
    """The interface of all engines."""

    name: str

    def fold(self, targets: Sequence[FoldingTarget], work: Path) -> FoldingResults:
        """Yield each target with its structure, or with the reason why there is none."""
        ...


class CommandEngine:
    """A program called once for each protein.

    `template` is its command line, split as a shell does but run without one. `{fasta}` stands for
    a FASTA file of the protein, `{pdb}` or `{cif}` for the file that it must write, `{name}` for
    the file's name without suffix; `{{` is a brace.
    """

    def __init__(self, template: str, timeout: float | None):
        self.name = f"command:{template}"
        self._timeout = timeout
        try:
            self._words = shlex.split(template)
        except ValueError as error:
            raise SettingsError(f"command: {quoted(template, 200)}: {error}") from error
        used = {name for word in self._words for name in _placeholders(word)}
        if "fasta" not in used or len(used & {"pdb", "cif"}) != 1:
            raise SettingsError(
                "command: the template must contain {fasta} and one of {pdb} and {cif}; found "
                f"{', '.join(sorted(used)) or 'no placeholder'}"
            )
        self._suffix = "pdb" if "pdb" in used else "cif"
        if shutil.which(self._words[0]) is None:
            raise SettingsError(f"command: program {quoted(self._words[0], 200)} not found")

    def fold(self, targets: Sequence[FoldingTarget], work: Path) -> FoldingResults:
        """Yield the targets in turn."""
        work = work.absolute()
        for target in targets:
            yield target, self._fold(target, work)

    def _fold(self, target: FoldingTarget, work: Path) -> FoldedStructure | str:
        fasta, output = work / f"{target.stem}.fasta", work / f"{target.stem}.{self._suffix}"
        with disk_errors(fasta):
            fasta.write_bytes(format_fasta(target.record.header, target.record.sequence))
        output.unlink(missing_ok=True)
        values = {"fasta": fasta, self._suffix: output, "name": target.stem}
        line = [word.format(**values) for word in self._words]
        log = work / f"{target.stem}.log"
        started = time.monotonic()
        with running(line, log) as process:
            try:
                code = process.wait(self._timeout)
            except subprocess.TimeoutExpired:
                return f"no structure within {self._timeout:g} s"
        if code:
            ending = f"the program {how_ended(code)}"
        elif not output.is_file():
            ending = "the program wrote no file"
        else:
            return FoldedStructure(output, time.monotonic() - started)
        return f"no structure: {ending}; {last_output(log)}"


def _placeholders(word: str) -> list[str]:
    """Return the placeholders of a word; SettingsError for one that is not known."""
    try:
        parts = list(Formatter().parse(word))
    except ValueError as error:
        raise SettingsError(f"command: {quoted(word, 200)}: {error}") from error
    names = []
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if name not in _PLACEHOLDERS or form or conversion:
            raise SettingsError(
                f"command: expected {{fasta}}, {{pdb}}, {{cif}} or {{name}}, found {quoted(word)}"
            )
        names.append(name)
    return names
