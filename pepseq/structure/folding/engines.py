"""What predicts structures: ESMFold, or a program that the user names.

An engine has a `name`, which says all that makes a difference to its structures, and
`fold(proteins, work)`, which yields for each protein, in any order, its structure or why there is
none. `work` is a folder for files on the way.
"""

import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Protocol

from pepseq.errors import InputError, SettingsError, found
from pepseq.io.atomic_files import disk_errors
from pepseq.io.run_record import sha256
from pepseq.processes.programs import how_ended, last_output, running
from pepseq.sequences.fasta import Record, format_fasta
from pepseq.structure.folding.config import COLABFOLD, COMMAND, FoldConfig


@dataclass(frozen=True)
class Protein:
    """A protein to fold, and what its file is called without suffix."""

    record: Record
    stem: str


@dataclass(frozen=True)
class Folded:
    """A structure in a file of its own, `.pdb` or `.cif`.

    seconds: that it took; ptm: predicted TM-score, 0 to 1, if the engine tells; confidences: a
    file of more, kept as it is.
    """

    path: Path
    seconds: float
    ptm: float | None = None
    confidences: Path | None = None


Answer = tuple[Protein, Folded | str]


class Engine(Protocol):
    """What all engines have."""

    name: str

    def fold(self, proteins: Sequence[Protein], work: Path) -> Iterator[Answer]:
        """Yield each protein with its structure, or with why it has none."""
        ...


def find_engine(config: FoldConfig) -> Engine:
    """Return the engine of the settings; nothing is loaded yet.

    Raises SettingsError if a program or placeholder is missing, InputError for a model that is not
    there.
    """
    kind, _, rest = config.engine.partition(":")
    if kind == COMMAND:
        return CommandEngine(rest, config.timeout)
    if kind == COLABFOLD:
        from pepseq.structure.folding.colabfold import ColabFold

        return ColabFold(rest, config.timeout, config.offline)
    return EsmFold(config)


class EsmFold:
    """ESMFold by transformers, one protein at a time."""

    def __init__(self, config: FoldConfig):
        from pepseq.models.checkpoints import find_folding_model

        self._config = config
        self._checkpoint = find_folding_model(config.model, config.offline)
        name = self._checkpoint.published or _fingerprint(self._checkpoint.source)
        self.name = f"esmfold {name} {config.precision}"

    def fold(self, proteins: Sequence[Protein], work: Path) -> Iterator[Answer]:
        """Yield the proteins in turn."""
        import torch

        from pepseq.models.esmfold import FoldingNetwork
        from pepseq.structure.folding.pdb_writer import format_pdb

        config = self._config
        if config.threads:
            torch.set_num_threads(config.threads)
        network = FoldingNetwork(
            self._checkpoint, config.device, config.precision, config.chunk_size
        )
        for protein in proteins:
            started, sequence = time.monotonic(), protein.record.sequence
            try:
                prediction = network.fold(sequence)
            except InputError as error:
                yield protein, str(error)
                continue
            path = work / f"{protein.stem}.pdb"
            with disk_errors(path):
                path.write_bytes(format_pdb(sequence, prediction))
            yield protein, Folded(path, time.monotonic() - started, prediction.ptm)


def _fingerprint(source: str) -> str:
    """Return a model's name, with the start of the SHA-256 of its weights if it is a folder."""
    files = sorted(Path(source).glob("*.safetensors")) or sorted(Path(source).glob("*.bin"))
    digests = " ".join(sha256(path)[:12] for path in files) if Path(source).is_dir() else ""
    return f"{Path(source).name if digests else source} {digests}".strip()


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
            raise SettingsError(f"command: {found(template, 200)}: {error}") from error
        used = {name for word in self._words for name in _placeholders(word)}
        if "fasta" not in used or len(used & {"pdb", "cif"}) != 1:
            raise SettingsError(
                "command: expected {fasta} and one of {pdb} and {cif} in it, found "
                f"{', '.join(sorted(used)) or 'no placeholder'}"
            )
        self._suffix = "pdb" if "pdb" in used else "cif"
        if shutil.which(self._words[0]) is None:
            raise SettingsError(
                f"command: expected a program, found none named {found(self._words[0], 200)}"
            )

    def fold(self, proteins: Sequence[Protein], work: Path) -> Iterator[Answer]:
        """Yield the proteins in turn."""
        work = work.absolute()
        for protein in proteins:
            yield protein, self._fold(protein, work)

    def _fold(self, protein: Protein, work: Path) -> Folded | str:
        fasta, output = work / f"{protein.stem}.fasta", work / f"{protein.stem}.{self._suffix}"
        with disk_errors(fasta):
            fasta.write_bytes(format_fasta(protein.record.header, protein.record.sequence))
        output.unlink(missing_ok=True)
        files = {"fasta": fasta, self._suffix: output, "name": protein.stem}
        line, log = [word.format(**files) for word in self._words], work / f"{protein.stem}.log"
        started = time.monotonic()
        with running(line, log) as process:
            try:
                code = process.wait(self._timeout)
            except subprocess.TimeoutExpired:
                return f"expected a structure within {self._timeout:g} s, found none"
        if code:
            return (
                f"expected a structure, found that the program {how_ended(code)}; "
                + last_output(log)
            )
        if not output.is_file():
            return f"expected a structure, found that the program wrote none; {last_output(log)}"
        return Folded(output, time.monotonic() - started)


def _placeholders(word: str) -> list[str]:
    """Return the placeholders of a word; SettingsError for one that is not known."""
    try:
        parts = [part[1:] for part in Formatter().parse(word) if part[1] is not None]
    except ValueError as error:
        raise SettingsError(f"command: {found(word, 200)}: {error}") from error
    for name, form, conversion in parts:
        if name not in ("fasta", "pdb", "cif", "name") or form or conversion:
            raise SettingsError(
                f"command: expected {{fasta}}, {{pdb}}, {{cif}} or {{name}}, found {found(word)}"
            )
    return [name for name, _, _ in parts]
