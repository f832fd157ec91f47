"""A program that the user names, called once for each protein or complex."""

import shlex
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from string import Formatter

from pepseq.errors import SettingsError, quoted
from pepseq.io.atomic_files import disk_errors
from pepseq.processes.programs import how_ended, last_output, running
from pepseq.sequences.fasta import format_fasta
from pepseq.structure.folding.engines import FoldedStructure, FoldingResults, FoldingTarget
from pepseq.structure.folding.folding_inputs import FoldingInput
from pepseq.structure.folding.predictor_files import find_prediction
from pepseq.structure.folding.program_inputs import WRITERS

_FASTA, _A3M, _FOLDER, _NAME, _INPUTS = "fasta", "a3m", "folder", "name", "inputs"
_GIVEN = (_FASTA, _A3M, *WRITERS)
_WRITTEN = ("pdb", "cif", _FOLDER)
_PLACEHOLDERS = (*_GIVEN, _INPUTS, *_WRITTEN, _NAME)


class CommandEngine:
    """A program called once for each protein or complex.

    `template` is its command line, split as a shell does but run without one. `{fasta}` stands for
    a FASTA file (`:` joins the chains of a complex), `{a3m}` for the A3M of a complex,
    `{alphafold3}`, `{boltz}` and `{chai}` for the input of these programs, and `{inputs}` for the
    folder that this input lies in; `{pdb}` or `{cif}` for the file, or `{folder}` for the folder
    that it must write; `{name}` for the file's name without suffix; `{{` is a brace.
    """

    def __init__(self, template: str, timeout: float | None):
        self.name = f"command:{template}"
        self._timeout = timeout
        try:
            self._words = shlex.split(template)
        except ValueError as error:
            raise SettingsError(f"command: {quoted(template, 200)}: {error}") from error
        used = {name for word in self._words for name in _placeholders(word)}
        if not used & set(_GIVEN) or len(used & set(_WRITTEN)) != 1:
            raise SettingsError(
                "command: the template must contain {fasta}, {a3m}, {alphafold3}, {boltz} or "
                "{chai}, and one of {pdb}, {cif} and {folder}; found "
                f"{', '.join(sorted(used)) or 'no placeholder'}"
            )
        self._given = used & set(_GIVEN)
        (self._written,) = used & set(_WRITTEN)
        if shutil.which(self._words[0]) is None:
            raise SettingsError(f"command: program {quoted(self._words[0], 200)} not found")

    def check(self, records: Sequence[FoldingInput]) -> None:
        """Accept all records."""

    def fold(self, targets: Sequence[FoldingTarget], work: Path) -> FoldingResults:
        """Yield the targets in turn."""
        work = work.absolute()
        for target in targets:
            yield target, self._fold(target, work)

    def _fold(self, target: FoldingTarget, work: Path) -> FoldedStructure | str:
        output = work / (target.stem if self._written == _FOLDER else self._file_name(target))
        values = self._write_inputs(target, work) | {self._written: output, _NAME: target.stem}
        with disk_errors(output):
            if self._written == _FOLDER:
                shutil.rmtree(output, ignore_errors=True)
                output.mkdir()
            else:
                output.unlink(missing_ok=True)
        line = [word.format(**values) for word in self._words]
        log = work / f"{target.stem}.log"
        started = time.monotonic()
        with running(line, log) as process:
            try:
                code = process.wait(self._timeout)
            except subprocess.TimeoutExpired:
                return f"no structure within {self._timeout:g} s"
        seconds = time.monotonic() - started
        if code:
            ending = f"the program {how_ended(code)}"
        elif self._written == _FOLDER:
            found = find_prediction(output)
            if not isinstance(found, str):
                return FoldedStructure(found[0], seconds, found[1])
            ending = found
        elif output.is_file():
            return FoldedStructure(output, seconds)
        else:
            ending = "the program wrote no file"
        return f"no structure: {ending}; {last_output(log)}"

    def _file_name(self, target: FoldingTarget) -> str:
        return f"{target.stem}.{self._written}"

    def _write_inputs(self, target: FoldingTarget, work: Path) -> dict[str, object]:
        """Write the input files of a target; return them by placeholder."""
        record = target.record
        values: dict[str, object] = {}
        for kind in filter(self._given.__contains__, _GIVEN):
            folder = work / f"{target.stem}.{kind}.inputs"
            if kind == _FASTA:
                files = {f"{target.stem}.fasta": format_fasta(record.header, record.sequence)}
            elif kind == _A3M:
                files = {f"{target.stem}.a3m": record.entities.a3m().encode()}
            else:
                files = WRITERS[kind](record, target.stem, folder)
            with disk_errors(folder):
                folder.mkdir(exist_ok=True)
                for name, content in files.items():
                    (folder / name).write_bytes(content)
            values[kind] = folder / next(iter(files))
            values[_INPUTS] = folder
        return values


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
            known = ", ".join(f"{{{placeholder}}}" for placeholder in _PLACEHOLDERS)
            raise SettingsError(f"command: expected one of {known}, found {quoted(word)}")
        names.append(name)
    return names
