"""Proteins in, a folder of predicted structures out, one by one, so that a later run goes on."""

import logging
import re
import time
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pepseq.errors import InputError, found
from pepseq.io.failures import FailedRecord, refuse_failed
from pepseq.io.progress import Progress
from pepseq.io.run_record import run_record, sha256
from pepseq.processes.signals import stopped_by_sigterm
from pepseq.sequences.fasta import Record, read_fasta
from pepseq.sequences.residues import UNKNOWN
from pepseq.structure.file_names import file_stems, text_sha256
from pepseq.structure.folding.config import FoldConfig
from pepseq.structure.folding.engines import Engine, Folded, Protein, find_engine
from pepseq.structure.result_folder import (
    DONE,
    Row,
    StructureFolder,
    format_cell,
    is_regular,
    open_folder,
    refuse_none_good,
    write_run_record,
)

FOLD_COLUMNS = (
    "id",
    "file",
    "state",
    "residues",
    "unknown",
    "mean_plddt",
    "ptm",
    "different",
    "missing",
    "seconds",
    "engine",
    "confidences",
    "sequence_sha256",
    "file_sha256",
    "reason",
)
FAILED = "failed"
FEWEST_KNOWN = 3
"""Residues without which there is nothing to superpose."""
SURE = 0.5
"""Mean confidence of a completed protein below which more is guessed than known."""
_CONFIDENCE = re.compile(r"(?:^| )confidence=(\d(?:\.\d+)?)(?: |$)")
_TO_X = str.maketrans(dict.fromkeys(UNKNOWN, "X"))
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FoldedAll:
    """What `fold` did.

    done: structures there are now; new: of these, made by this call; mean_plddt: over those that
    have one, None for none; bad: proteins without a structure.
    """

    done: int
    new: int
    mean_plddt: float | None
    bad: list[FailedRecord]


def fold(
    proteins: str | Path,
    output: str | Path,
    *,
    config: FoldConfig = FoldConfig(),  # noqa: B008 - frozen
    force: bool = False,
    keep_going: bool = False,
) -> FoldedAll:
    """Predict the structures of the proteins of a FASTA file into a folder, the shortest first.

    `structures.tsv` in it says which file is of which protein: FOLD_COLUMNS. The same call again
    makes what is missing, of another sequence than before, or failed; `force` makes all anew.
    Unknown residues are folded as X. A structure is read back before it counts.

    Raises SettingsError, InputError (bad input, or structures of another engine in the folder;
    proteins without a structure, after making the others, unless `keep_going`), OutputError, and
    TryAgainError when SIGTERM stops the run or another one writes the folder.
    """
    started = time.time()
    bad: list[FailedRecord] = []
    records = list(read_fasta(proteins, bad=bad))
    engine = find_engine(config)
    fitting = [_plain(record) for record in records if _fits(record, config, proteins, bad)]
    if bad:
        log.warning("%d records are left out, the first: %s", len(bad), bad[0])
    with (
        open_folder(output, FOLD_COLUMNS, [proteins], force) as folder,
        stopped_by_sigterm("structure"),
    ):
        _refuse_other_engine(folder, engine)
        stems = file_stems([record.id for record in records], folder.names)
        todo = [Protein(r, stems[r.id]) for r in fitting if not _is_there(folder, r)]
        folder.mark_outdated(protein.record.id for protein in todo)
        todo.sort(key=lambda protein: len(protein.record.sequence))
        if len(todo) < len(fitting):
            log.info(
                "%d of %d structures are there already", len(fitting) - len(todo), len(fitting)
            )
        _warn_of_guesses(todo)
        _fold_all(folder, engine, todo, str(proteins), bad)
        folder.finish((record.id for record in records), [proteins])
        done = [r for r in fitting if folder.rows[r.id][0]["state"] == DONE]
        settings = asdict(config) | {"used": engine.name}
        record = run_record("fold", settings, [proteins], started)
        write_run_record(output, record, bad, good=len(done), worked=bool(todo), force=force)
    refuse_none_good(bad, len(done), output)
    refuse_failed(bad, len(done), output, keep_going)
    plddt = [folder.rows[r.id][0]["mean_plddt"] for r in done]
    values = [float(value) for value in plddt if value]
    mean = sum(values) / len(values) if values else None
    failed = sum(folder.rows[p.record.id][0]["state"] != DONE for p in todo)
    return FoldedAll(len(done), len(todo) - failed, mean, bad)


def _plain(record: Record) -> Record:
    return replace(record, sequence=record.sequence.translate(_TO_X))


def _fits(record: Record, config: FoldConfig, file: str | Path, bad: list[FailedRecord]) -> bool:
    """Say whether a protein can be folded; else it goes to `bad`."""
    length, limit = len(record.sequence), config.residue_limit
    known = length - record.sequence.translate(_TO_X).count("X")
    reason = None
    if length > limit:
        reason = f"expected at most {limit} residues (--max-residues), found {length}"
    elif known < FEWEST_KNOWN:
        reason = f"expected at least {FEWEST_KNOWN} known residues, found {known}"
    if reason:
        bad.append(FailedRecord(str(file), record.line, record.id, reason))
    return reason is None


def _warn_of_guesses(proteins: list[Protein]) -> None:
    """Say which proteins `predict` was not sure of, unless it wrote most residues as X."""
    unsure = []
    for protein in proteins:
        record = protein.record
        said = _CONFIDENCE.search(record.description)
        if said and float(said[1]) < SURE and 2 * record.sequence.count("X") < len(record.sequence):
            unsure.append(f"{found(record.id)} has {said[1]}")
    if unsure:
        log.warning(
            "%d of %d proteins have a confidence below %g in the header (%s): their structures "
            "mean little; predict --min-confidence writes such residues as X",
            len(unsure),
            len(proteins),
            SURE,
            unsure[0],
        )


def _refuse_other_engine(folder: StructureFolder, engine: Engine) -> None:
    for name, rows in folder.rows.items():
        other = rows[0]["engine"]
        if other.split() != engine.name.split():
            raise InputError(
                f"{folder.folder}: {found(name)}: expected a structure by {engine.name}, found one "
                f"by {other}; give another folder, or --force"
            )


def _is_there(folder: StructureFolder, record: Record) -> bool:
    """Say whether a protein's structure is in the folder, whole and of the same sequence."""
    for row in folder.rows.get(record.id, []):
        return (
            row["state"] == DONE
            and row["sequence_sha256"] == text_sha256(record.sequence)
            and folder.is_whole(row)
        )
    return False


def _fold_all(
    folder: StructureFolder,
    engine: Engine,
    todo: list[Protein],
    file: str,
    bad: list[FailedRecord],
) -> None:
    """Fold proteins, put their files and rows into the folder; those that fail go to `bad`."""
    if not todo:
        return
    residues = sum(len(protein.record.sequence) for protein in todo)
    answers = engine.fold(todo, folder.work)
    waiting = {protein.record.id: protein for protein in todo}
    with Progress("folding", residues, "residues") as progress, closing(answers):
        _say_next(progress, waiting, len(todo))
        for protein, answer in answers:
            record = protein.record
            row = _row(protein, engine)
            files = {}
            try:
                if isinstance(answer, str):
                    raise InputError(answer)
                row |= _read_back(protein, answer)
                files = _files(protein, answer)
            except InputError as error:
                path = "" if isinstance(answer, str) else f"{answer.path}:"
                reason = str(error).removeprefix(path).removeprefix("1:").strip()
                row |= {"state": FAILED, "reason": reason}
                bad.append(FailedRecord(file, record.line, record.id, reason))
                log.warning("%s: %s", found(record.id), reason)
            folder.add(record.id, [row | {column: name for column, (name, _) in files.items()}])
            for name, source in files.values():
                folder.publish(source, name)
            progress.add(len(record.sequence))
            del waiting[record.id]
            _say_next(progress, waiting, len(todo))


def _say_next(progress: Progress, waiting: dict[str, Protein], of: int) -> None:
    """Say which protein comes now: it may take hours."""
    for protein in waiting.values():
        number, record = of - len(waiting) + 1, protein.record
        length = len(record.sequence)
        progress.say(f"folding {number} of {of}: {found(record.id)}, {length} residues")
        return


def _row(protein: Protein, engine: Engine) -> Row:
    sequence = protein.record.sequence
    return {
        "id": protein.record.id,
        "residues": str(len(sequence)),
        "unknown": str(sequence.count("X")),
        "engine": engine.name,
        "sequence_sha256": text_sha256(sequence),
    }


def _files(protein: Protein, folded: Folded) -> dict[str, tuple[str, Path]]:
    """Return by column what a structure's files are to be called, and where they are.

    The structure comes last: once it is there, all are.
    """
    files = {}
    if folded.confidences:
        files["confidences"] = f"{protein.stem}.scores.json", folded.confidences
    return files | {"file": (protein.stem + folded.path.suffix, folded.path)}


def _read_back(protein: Protein, folded: Folded) -> Row:
    """Read a structure, and return what its row says of it.

    Raises InputError for one that is no structure, or whose residues are mostly others.
    """
    from pepseq.structure.chain_choice import compare_to_sequence
    from pepseq.structure.scoring.pair_scores import mean_plddt
    from pepseq.structure.structure_files import read_structure

    for path in filter(None, (folded.path, folded.confidences)):
        if not is_regular(path):
            raise InputError("expected a file of its own, found a link or something else")
    sequence = protein.record.sequence
    structure = read_structure(folded.path)
    counts = {chain.name: compare_to_sequence(chain, sequence) for chain in structure.chains}
    chain = min(structure.chains, key=lambda chain: counts[chain.name])
    different, missing = counts[chain.name]
    if 2 * different > len(chain) or 2 * (missing - sequence.count("X")) > len(sequence):
        raise InputError(
            f"expected a structure of {len(sequence)} residues, found {len(chain)} of which "
            f"{different} are others"
        )
    return {
        "file_sha256": sha256(folded.path),
        "state": DONE,
        "mean_plddt": format_cell(mean_plddt(structure, chain)),
        "ptm": format_cell(folded.ptm, 4),
        "different": str(different),
        "missing": str(missing),
        "seconds": format_cell(float(folded.seconds)),
    }
