"""Predicted and reference structures in, a table of TM-score, RMSD, lDDT and pLDDT out."""

import logging
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pepseq.errors import SettingsError
from pepseq.errors import found as quoted
from pepseq.io.atomic_files import disk_errors
from pepseq.io.compression import without_suffix
from pepseq.io.failures import FailedRecord, refuse_failed, write_failed
from pepseq.io.files import check_free, encode_text
from pepseq.io.outputs import Outputs
from pepseq.io.progress import Progress
from pepseq.io.run_record import run_record
from pepseq.sequences.fasta import read_fasta
from pepseq.structure.model_names import FoundPairs, PairOfFiles, find_pairs, short_id
from pepseq.structure.scoring.config import FOLD_THRESHOLD, ScoreConfig

SCORE_COLUMNS = (
    "id",
    "model",
    "reference",
    "model_chain",
    "reference_chain",
    "model_residues",
    "reference_residues",
    "correspondence",
    "corresponding",
    "different",
    "tm_score",
    "normalised_by",
    "normalisation_length",
    "rmsd",
    "lddt",
    "lddt_atoms",
    "mean_plddt",
    "model_different",
    "model_missing",
    "reference_different",
    "reference_missing",
    "model_left_out",
    "reference_left_out",
)
_DIGITS = {"tm_score": 6, "rmsd": 4, "lddt": 6, "mean_plddt": 3}
_LONGEST_NAME = 200
_NAMED = 5
"""So many ids of a kind are named."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scored:
    """What `score` did.

    pairs: how many have numbers; same_fold: those of a TM-score above 0.5; mean_tm_score: over
    `pairs`; bad: pairs left out.
    """

    pairs: int
    same_fold: int
    mean_tm_score: float
    bad: list[FailedRecord]


def score(
    model: str | Path,
    reference: str | Path | None,
    output: str | Path,
    *,
    sequences: str | Path | None = None,
    superposed: str | Path | None = None,
    config: ScoreConfig = ScoreConfig(),  # noqa: B008 - frozen
    force: bool = False,
    keep_going: bool = False,
) -> Scored:
    """Write a table that compares predicted with reference structures, one row a pair.

    `model` and `reference` are two files, two folders whose files are matched by id, or a TSV of
    pairs and None. `sequences` is a FASTA of the reconstructions by the same ids. `superposed` is
    where models are written as they lie on their references: a file for two files, else a folder.
    Columns: SCORE_COLUMNS; what cannot be computed is empty. TM-score: Zhang and Skolnick 2004;
    lDDT: Mariani et al. 2013.

    Raises SettingsError, InputError (bad input; after writing the good pairs, unless
    `keep_going`), OutputError and TryAgainError.
    """
    started = time.time()
    inputs = [path for path in (model, reference, sequences) if path is not None]
    found = find_pairs(model, reference)
    many = reference is None or Path(model).is_dir()
    files = [path for pair in found.pairs for path in (pair.model, pair.reference)]
    given = list(map(str, inputs))  # in the run record as they were given, one twice as well
    read = [*given, *dict.fromkeys(path for path in files if path not in given)]
    check_free([output], read, force)
    if superposed is not None:
        check_free([superposed], [*read, output], force, folder=many)
    jobs = _jobs(found.pairs, superposed, many, config, _sequences(sequences))
    bad = list(found.bad)
    with Outputs(force) as outputs:
        stream = outputs.open(output, "score table")
        folder = (
            outputs.folder(superposed, "superposed structures", force)
            if superposed and many
            else None
        )
        rows, tm_scores = [], []
        for pair, job, done in _measured(found.pairs, jobs, config, bad):
            rows.append(_cells(pair, done.numbers))
            tm_scores.append(done.numbers["tm_score"])
            if folder:
                _write_into(folder, pair.id, job.superposed, done.superposed)
            elif superposed:
                outputs.add(superposed, done.superposed, "superposed structure")
        stream.write(encode_text("".join("\t".join(row) + "\n" for row in [SCORE_COLUMNS, *rows])))
        write_failed(outputs, output, bad, len(rows))
        outputs.record(output, run_record("score", asdict(config), read, started))
    _say(found, rows, sequences, config)
    refuse_failed(bad, len(rows), output, keep_going)
    same = sum(value > FOLD_THRESHOLD for value in tm_scores)
    return Scored(len(rows), same, sum(tm_scores) / len(tm_scores), bad)


def _sequences(path: str | Path | None) -> dict[str, str]:
    """Return the reconstructions by the id that a file name would have."""
    found: dict[str, str] = {}
    for record in [] if path is None else read_fasta(path):
        found.setdefault(short_id(record.id), record.sequence)
    return found


def _format_of(pair: PairOfFiles, superposed: str | Path | None, many: bool) -> str | None:
    """Return the format of a superposed model: that of its name, or in a folder the model's."""
    if superposed is None:
        return None
    name = without_suffix(pair.model if many else superposed).lower()
    if name.endswith((".cif", ".mmcif")):
        return "cif"
    if many or name.endswith((".pdb", ".ent")):
        return "pdb"
    raise SettingsError(f"superposed: expected a name in .pdb or .cif, found {superposed}")


def _jobs(
    pairs: list[PairOfFiles],
    superposed: str | Path | None,
    many: bool,
    config: ScoreConfig,
    sequence_of: dict[str, str],
) -> list["Job"]:  # noqa: F821 - imported where it is needed
    from pepseq.structure.scoring.pair_scores import Job

    return [
        Job(
            pair.model,
            pair.reference,
            config,
            sequence_of.get(short_id(pair.id)),
            _format_of(pair, superposed, many),
        )
        for pair in pairs
    ]


def _measured(
    pairs: list[PairOfFiles], jobs: list, config: ScoreConfig, bad: list[FailedRecord]
) -> Iterator:
    """Yield each pair with its job and its numbers, in order; those without go to `bad`."""
    from pepseq.structure.scoring.workers import Workers

    count = min(config.threads or os.cpu_count() or 1, max(len(jobs), 1))
    with (
        Workers(count, config.time_limit) as workers,
        Progress("scoring", len(jobs), "pairs") as progress,
    ):
        for pair, job, answer in zip(pairs, jobs, workers.answers(jobs), strict=True):
            if isinstance(answer, str):
                bad.append(_failed(pair, answer))
            else:
                yield pair, job, answer
            progress.add(1)


def _failed(pair: PairOfFiles, reason: str) -> FailedRecord:
    for place in (f"{pair.file}:{pair.line}: ", f"{pair.file}: "):
        reason = reason.removeprefix(place)
    return FailedRecord(pair.file, pair.line, pair.id, reason)


def _cells(pair: PairOfFiles, numbers: dict[str, str | int | float | None]) -> list[str]:
    named = {"id": pair.id, "model": pair.model, "reference": pair.reference, **numbers}
    cells = []
    for column in SCORE_COLUMNS:
        value = named[column]
        text = f"{value:.{_DIGITS[column]}f}" if isinstance(value, float) else str(value)
        cells.append("" if value is None else text)
    return cells


def _write_into(folder: Path, name: str, form: str, content: bytes) -> None:
    """Write a superposed model under its id, with a number after it if that is taken."""
    stem = short_id(name)[:_LONGEST_NAME]
    path, number = folder / f"{stem}.{form}", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.{form}"
    with disk_errors(path):
        path.write_bytes(content)


def _say(found: FoundPairs, rows: list[list[str]], sequences, config: ScoreConfig) -> None:
    """Log what a reader of the table should know."""
    if found.other_ranks:
        log.info("passed over, as their id has a model of a better rank: %d", found.other_ranks)
    if found.alone:
        log.warning("left out, without a model: %s", _listed("reference", found.alone))
    named = [dict(zip(SCORE_COLUMNS, row, strict=True)) for row in rows]
    same = [
        r["id"] for r in named if os.path.realpath(r["model"]) == os.path.realpath(r["reference"])
    ]
    if same:
        log.warning("a file is compared with itself in %s", _listed("pair", same))
    shifted = [r["id"] for r in named if 2 * int(r["different"]) > int(r["corresponding"])]
    if shifted and config.correspondence == "index":
        log.warning(
            "most corresponding residues differ (are they the same protein, with the same residue "
            "numbers?) in %s",
            _listed("pair", shifted),
        )
    unknown = [r["id"] for r in named if not r["model_missing"]]
    if sequences is not None and unknown:
        log.warning("%s has no sequence for %s", sequences, _listed("pair", unknown))


def _listed(what: str, ids: Sequence[str]) -> str:
    """Return how many there are of something, and the first of their ids."""
    count = f"1 {what}" if len(ids) == 1 else f"{len(ids)} {what}s"
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"{count}: {', '.join(map(quoted, ids[:_NAMED]))}{more}"
