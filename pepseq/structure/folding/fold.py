"""Proteins in, a folder of predicted structures out, one by one, so that a later run resumes."""

import logging
import re
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from pepseq.errors import InputError, quoted
from pepseq.io.failures import FailedRecord
from pepseq.io.plurals import plural
from pepseq.io.progress import Progress
from pepseq.io.run_record import run_record
from pepseq.processes.signals import stopped_by_sigterm
from pepseq.settings import check_config
from pepseq.structure.file_names import file_stems
from pepseq.structure.folding.config import FoldConfig
from pepseq.structure.folding.engine_choice import find_engine
from pepseq.structure.folding.engines import Engine, FoldedStructure, FoldingTarget
from pepseq.structure.folding.folding_inputs import FoldingInput, read_folding_inputs
from pepseq.structure.result_folder import (
    DONE,
    Row,
    StructureFolder,
    open_folder,
    refuse_bad_proteins,
    write_run_record,
)

FOLD_COLUMNS = (
    "id",
    "file",
    "state",
    "chains",
    "residues",
    "unknown",
    "mean_plddt",
    "ptm",
    "iptm",
    "interface_pae",
    "pdockq",
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
MIN_KNOWN_RESIDUES = 3
"""Residues without which there is nothing to superpose."""
MIN_CONFIDENCE = 0.5
"""Mean confidence of a completed protein below which more is guessed than known."""
_CONFIDENCE = re.compile(r"(?:^| )confidence=(\d(?:\.\d+)?)(?: |$)")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FoldSummary:
    """What `fold` did.

    done: structures in the folder; new: of these, made by this call; mean_plddt: over those that
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
) -> FoldSummary:
    """Predict the structures of proteins and complexes into a folder, the shortest first.

    `proteins` is FASTA, in which `:` joins the chains of a complex, a table of chains (`.tsv`), or
    the alignment of a complex (`.a3m`).
    `structures.tsv` in it lists the file of each protein: FOLD_COLUMNS. If called again, it makes
    structures that are missing, failed, or belong to a changed sequence; `force` makes all
    structures again. Unknown residues are folded as X. Each structure is read back before it counts
    as done.

    Raises SettingsError, InputError (bad input, or structures of another engine in the folder;
    proteins without a structure, after making the others, unless `keep_going`), OutputError, and
    TryAgainError when SIGTERM stops the run or another one writes the folder.
    """
    started = time.time()
    check_config(config, FoldConfig)
    bad: list[FailedRecord] = []
    records = read_folding_inputs(proteins, config.pair_mode, bad)
    engine = find_engine(config)
    foldable = [one for one in records if _is_foldable(one, config, proteins, bad)]
    engine.check(foldable)
    if bad:
        noun = plural(len(bad), "record")
        log.warning("%d %s left out, the first: %s", len(bad), noun, bad[0])
    with (
        open_folder(output, FOLD_COLUMNS, [proteins], force) as folder,
        stopped_by_sigterm("structure"),
    ):
        _refuse_other_engine(folder, engine)
        targets = _choose_targets(folder, records, foldable)
        _fold_all(folder, engine, targets, str(proteins), bad)
        folder.finish((record.id for record in records), [proteins])
        rows = [folder.rows[record.id][0] for record in foldable]
        done = [row for row in rows if row["state"] == DONE]
        settings = asdict(config) | {"used": engine.name}
        record = run_record("fold", settings, [proteins], started)
        write_run_record(output, record, bad, good=len(done), worked=bool(targets), force=force)
    refuse_bad_proteins(bad, len(done), output, keep_going)
    return _summarise(done, {target.record.id for target in targets}, bad)


def _summarise(done: list[Row], new: set[str], bad: list[FailedRecord]) -> FoldSummary:
    """Sum up rows of structures; `new` are the ids of this call."""
    values = [float(row["mean_plddt"]) for row in done if row["mean_plddt"]]
    mean = sum(values) / len(values) if values else None
    return FoldSummary(len(done), sum(row["id"] in new for row in done), mean, bad)


def _is_foldable(
    record: FoldingInput, config: FoldConfig, file: str | Path, bad: list[FailedRecord]
) -> bool:
    """Return whether a protein can be folded; else it goes to `bad`."""
    limit = config.residue_limit
    known = min(len(chain) - chain.count("X") for chain in record.chains)
    if record.residues > limit:
        reason = f"expected at most {limit} residues (--max-residues), found {record.residues}"
    elif known < MIN_KNOWN_RESIDUES:
        where = " in each chain" if record.is_complex else ""
        reason = f"expected at least {MIN_KNOWN_RESIDUES} known residues{where}, found {known}"
    else:
        return True
    bad.append(FailedRecord(str(file), record.line, record.id, reason))
    return False


def _choose_targets(
    folder: StructureFolder, records: list[FoldingInput], foldable: list[FoldingInput]
) -> list[FoldingTarget]:
    """Return the proteins whose structure is to be made, the shortest first.

    Rows of theirs become outdated. All `records` have a file name of their own.
    """
    stems = file_stems([record.id for record in records], folder.names)
    targets = [
        FoldingTarget(record, stems[record.id])
        for record in foldable
        if not _is_done(folder, record)
    ]
    folder.mark_outdated(target.record.id for target in targets)
    targets.sort(key=lambda target: target.record.residues)
    if len(targets) < len(foldable):
        done = len(foldable) - len(targets)
        log.info("%d of %d structures already exist", done, len(foldable))
    _warn_of_low_confidence(targets)
    return targets


def _warn_of_low_confidence(targets: list[FoldingTarget]) -> None:
    """Warn of proteins below MIN_CONFIDENCE, unless `predict` wrote most residues as X."""
    unsure = []
    for record in (target.record for target in targets):
        match = _CONFIDENCE.search(record.description)
        mostly_x = 2 * record.sequence.count("X") >= record.residues
        if match and float(match[1]) < MIN_CONFIDENCE and not mostly_x:
            unsure.append(f"{quoted(record.id)} has {match[1]}")
    if unsure:
        log.warning(
            "%d of %d proteins have a confidence below %g in the header (%s): their structures "
            "are not meaningful; predict --min-confidence writes such residues as X",
            len(unsure),
            len(targets),
            MIN_CONFIDENCE,
            unsure[0],
        )


def _refuse_other_engine(folder: StructureFolder, engine: Engine) -> None:
    for name, rows in folder.rows.items():
        engine_before = rows[0]["engine"]
        if engine_before.split() != engine.name.split():
            raise InputError(
                f"{folder.folder}: the structure of {quoted(name)} was made by {engine_before}, "
                f"not by {engine.name}; give another folder, or --force"
            )


def _is_done(folder: StructureFolder, record: FoldingInput) -> bool:
    """Return whether a protein's structure is in the folder, whole and of the same sequence."""
    for row in folder.rows.get(record.id, []):
        return (
            row["state"] == DONE
            and row["sequence_sha256"] == record.sha256
            and folder.is_whole(row)
        )
    return False


def _fold_all(
    folder: StructureFolder,
    engine: Engine,
    targets: list[FoldingTarget],
    file: str,
    bad: list[FailedRecord],
) -> None:
    """Fold proteins, put their files and rows into the folder; those that fail go to `bad`."""
    if not targets:
        return
    residues = sum(target.record.residues for target in targets)
    results = engine.fold(targets, folder.work)
    waiting = {target.record.id: target.record for target in targets}
    with Progress("folding", residues, "residues") as progress, closing(results):
        _log_next(progress, waiting, len(targets))
        for target, result in results:
            record = target.record
            reason = _store(folder, engine, target, result)
            if reason is not None:
                bad.append(FailedRecord(file, record.line, record.id, reason))
                log.warning("%s: %s", quoted(record.id), reason)
            progress.add(record.residues)
            del waiting[record.id]
            _log_next(progress, waiting, len(targets))
    made = [folder.rows[target.record.id][0] for target in targets]
    without = sum(row["state"] == DONE and not row["ptm"] for row in made)
    if without and any(target.record.is_complex for target in targets):
        text = "%d of %d structures: the engine gave no pTM; pTM, ipTM and PAE are empty"
        log.warning(text, without, len(made))


def _log_next(progress: Progress, waiting: dict[str, FoldingInput], total: int) -> None:
    """Log which protein comes next: it may take hours."""
    for record in waiting.values():
        number, length = total - len(waiting) + 1, record.residues
        progress.log_line(f"folding {number} of {total}: {quoted(record.id)}, {length} residues")
        return


def _store(
    folder: StructureFolder, engine: Engine, target: FoldingTarget, result: FoldedStructure | str
) -> str | None:
    """Put the row and the files of a result into the folder; return why a structure failed."""
    from pepseq.structure.folding.structure_check import check_structure

    row, files, reason = _row(target, engine), {}, None
    try:
        if isinstance(result, str):
            raise InputError(result)
        row |= check_structure(target, result)
        files = _files(target, result)
    except InputError as error:
        path = "" if isinstance(result, str) else f"{result.path}:"
        reason = str(error).removeprefix(path).removeprefix("1:").strip()
        row |= {"state": FAILED, "reason": reason}
    row |= {column: name for column, (name, _) in files.items()}
    folder.add(target.record.id, [row])
    for name, source in files.values():
        folder.publish(source, name)
    return reason


def _row(target: FoldingTarget, engine: Engine) -> Row:
    record = target.record
    return {
        "id": record.id,
        "chains": str(len(record.chains)),
        "residues": str(record.residues),
        "unknown": str(record.sequence.count("X")),
        "engine": engine.name,
        "sequence_sha256": record.sha256,
    }


def _files(target: FoldingTarget, structure: FoldedStructure) -> dict[str, tuple[str, Path]]:
    """Return by column the names that a structure's files get, and where they are.

    The structure comes last: once it has its name, all files have theirs.
    """
    files = {}
    if scores := structure.confidences.file:
        files["confidences"] = f"{target.stem}.scores{scores.suffix}", scores
    return files | {"file": (target.stem + structure.path.suffix, structure.path)}
