"""Which results belong together: a table of confidences, its run, its evaluation, its truth."""

import logging
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pepseq.io.compression import without_suffix
from pepseq.io.run_record import sha256
from pepseq.report.discover import Evaluation, Found, Run, read_run
from pepseq.report.residues import Protein, read_proteins, read_truth
from pepseq.report.tables import part
from pepseq.sequences.fasta import Record, read_fasta

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prediction:
    """The proteins of one table of confidences, with what belongs to it as far as it was found."""

    name: str
    table: Path
    proteins: list[Protein]
    run: Run | None
    evaluation: Evaluation | None


@dataclass(frozen=True)
class Judged:
    """An evaluation, what it is called on the page, and the run whose proteins it judges.

    `test`: the SHA-256 of the true proteins, empty if it is not recorded; `truth`: their file.
    """

    name: str
    truth: str
    test: str
    evaluation: Evaluation
    run: Run | None


def link(found: Found, truth: Sequence[str | Path]) -> tuple[list[Prediction], list[Judged]]:
    """Read the tables of confidences, and put together what belongs together.

    `truth` are FASTA files of true proteins; without any, the truth that an evaluation's run record
    names is read if it is still there and the same. Raises InputError.
    """
    given = read_truth(list(truth))
    predictions, run_of = [], {}
    for table in found.tables["residues"]:
        proteins = list(read_proteins(table))
        run = _run_of(table, proteins, found)
        evaluation = _evaluation_of(table, proteins, found)
        known = given or _named_truth(evaluation, found)
        proteins = [one.against(known.get(one.id)) for one in proteins]
        predictions.append(Prediction(_stem(table), table, proteins, run, evaluation))
        if evaluation:
            run_of[evaluation.folder] = run
    judged = [
        Judged(*_test(one), one, run_of.get(folder) or _predicted_by(one, found))
        for folder, one in found.evaluations.items()
    ]
    return _distinct(predictions), _distinct(judged)


def _stem(path: Path) -> str:
    """Return a file's name without its suffixes."""
    name = without_suffix(path.name)
    return name.rpartition(".")[0] or name


def _test(evaluation: Evaluation) -> tuple[str, str, str]:
    """Return what an evaluation is called, its truth's name, and its truth's SHA-256."""
    truth = part(evaluation.run and evaluation.run.record, "settings", "truth")
    if not isinstance(truth, str) or truth in ("", "-"):
        return evaluation.folder.name, evaluation.folder.name, ""
    digests = {path: digest for digest, path in _inputs(evaluation.run).items()}
    return _stem(Path(truth)), _stem(Path(truth)), digests.get(truth, "")


def _distinct(named: list) -> list:
    """Give those of one name their folder's or file's name, and a number if that is the same."""
    again = Counter(one.name for one in named)
    seen: Counter = Counter()
    result = []
    for one in named:
        name = one.name
        if again[name] > 1:
            place = one.table if isinstance(one, Prediction) else one.evaluation.folder
            name = f"{name} ({place.parent.name}/{place.name})"
        seen[name] += 1
        result.append(replace(one, name=name if seen[name] == 1 else f"{name} #{seen[name]}"))
    return result


def _inputs(run: Run | None) -> dict[str, str]:
    """Return the paths of a run's inputs by their SHA-256."""
    listed = part(run and run.record, "inputs")
    known = [one for one in (listed if isinstance(listed, list) else []) if isinstance(one, dict)]
    return {str(one["sha256"]): str(one.get("path")) for one in known if "sha256" in one}


def _nearest(listed: dict[Path, T], place: Path) -> list[T]:
    """Return what lies in the same folder first: copies of results are alike in all else."""
    order = sorted(listed, key=lambda path: path.parent != place.parent)
    return [listed[path] for path in order]


def _evaluation_of(table: Path, proteins: list[Protein], found: Found) -> Evaluation | None:
    """Return the evaluation of a table: by the table's SHA-256, else by ids and lengths."""
    digest = sha256(table)
    for one in _nearest(found.evaluations, table):
        if digest in _inputs(one.run):
            return one
    lengths = {protein.id: str(len(protein.residues)) for protein in proteins}
    fitting = []
    for one in found.evaluations.values():
        recorded = part(one.run and one.run.record, "settings", "table")
        rows = one.tables.get("proteins", [])
        same = all(lengths.get(row.get("id", "")) == row.get("length") for row in rows)
        if rows and same and not recorded:
            fitting.append(one)
    return fitting[0] if len(fitting) == 1 and len(found.tables["residues"]) == 1 else None


def _run_of(table: Path, proteins: list[Protein], found: Found) -> Run | None:
    """Return the run that wrote a table: the one whose FASTA has the same proteins.

    If none was found, it may lie in the table's folder: it is added.
    """
    run = _with_same(_nearest(found.runs, table), proteins)
    if run is None:
        beside = Found()
        for path in sorted(table.parent.glob("*.run.json")):
            read_run(path, beside)
        run = _with_same(list(beside.runs.values()), proteins)
        found.runs |= {run.output: run} if run else {}
    return run


def _with_same(runs: list[Run], proteins: list[Protein]) -> Run | None:
    for run in runs:
        if run.record["command"] == "predict" and run.output.is_file() and proteins:
            records = list(read_fasta(run.output, bad=[]))
            if records and all(map(_same, records, proteins)):
                return run
    return None


def _same(record: Record, protein: Protein) -> bool:
    confidence = 1.0 if protein.confidence is None else protein.confidence
    residues = zip(record.sequence, protein.residues, strict=False)
    return (
        record.id == protein.id
        and len(record.sequence) == len(protein.residues)
        and all(a in (b, "X") for a, b in residues)
        and _near(record.description, confidence)
    )


def _near(description: str, confidence: float) -> bool:
    """Return whether a header has this confidence; four decimals are written."""
    words = [word for word in description.split() if word.startswith("confidence=")]
    try:
        return abs(float(words[-1].partition("=")[2]) - confidence) < 2e-4 if words else False
    except ValueError:
        return False


def _predicted_by(evaluation: Evaluation, found: Found) -> Run | None:
    """Return the run whose FASTA an evaluation judged, by its SHA-256."""
    inputs = _inputs(evaluation.run)
    for run in _nearest(found.runs, evaluation.folder):
        path = run.output
        if run.record["command"] == "predict" and path.is_file() and sha256(path) in inputs:
            return run
    return None


def _named_truth(evaluation: Evaluation | None, found: Found) -> dict[str, str]:
    """Return the true proteins that an evaluation was made with, if the file is still the same."""
    named = part(evaluation and evaluation.run and evaluation.run.record, "settings", "truth")
    if not isinstance(named, str):
        return {}
    digests = {path: digest for digest, path in _inputs(evaluation.run).items()}
    for path in (Path(named), evaluation.folder.parent / named):
        if os.path.isfile(path) and named in digests and sha256(path) == digests[named]:
            found.beside.append(path)
            log.info("taken: %s: the truth of %s", path, evaluation.folder)
            return read_truth([path])
    log.info(
        "%s: its truth, %s, is not here or has changed; --truth gives it", evaluation.folder, named
    )
    return {}
