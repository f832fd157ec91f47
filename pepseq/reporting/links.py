"""Results that belong together: a table of confidences, its run, its evaluation, its truth."""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pepseq.io.run_record import sha256
from pepseq.reporting.discovery import read_run
from pepseq.reporting.predicted_proteins import read_proteins, read_truth
from pepseq.reporting.results import RECORD, EvaluationFolder, PredictedTable, RecordedRun, Results
from pepseq.reporting.values import short_names

Placed = TypeVar("Placed")
log = logging.getLogger(__name__)


def link(results: Results, truth: Sequence[str | Path]) -> None:
    """Set `predictions` of the results; name their evaluations and find what predicted them.

    `truth` are FASTA files of true proteins; without any, the truth that an evaluation's run record
    names is read if it is unchanged. Raises InputError.
    """
    given = read_truth(list(truth))
    paths = results.tables["residues"]
    for path, name in zip(paths, short_names(paths, paths), strict=True):
        digest = sha256(path)
        run = _run_of(path, digest, results)
        digests = {digest, *(run.outputs if run else ())}
        near = _nearest(results.evaluations, path)
        evaluation = next((folder for folder in near if digests & folder.inputs.keys()), None)
        if evaluation:
            run = run or _predicted_by(evaluation, results)
            digests |= {evaluation.input("predicted")[1], *(run.outputs if run else ())} - {""}
        known = given or _recorded_truth(evaluation, results)
        proteins = [protein.against(known.get(protein.id)) for protein in read_proteins(path)]
        results.predictions.append(PredictedTable(name, proteins, run, evaluation, digests))
    evaluations = list(results.evaluations.values())
    truths = [evaluation.input("truth")[0] or evaluation.folder for evaluation in evaluations]
    names = short_names(truths, list(results.evaluations))
    for evaluation, name in zip(evaluations, names, strict=True):
        evaluation.name = name
        evaluation.predicted_by = _predicted_by(evaluation, results)


def _nearest(results: Mapping[Path, Placed], path: Path) -> list[Placed]:
    """Return results with those of the same folder first, as there may be copies elsewhere."""
    places = sorted(results, key=lambda place: place.parent != path.parent)
    return [results[place] for place in places]


def _run_of(table: Path, digest: str, results: Results) -> RecordedRun | None:
    """Return the run that wrote a table; one in the table's folder is added to the results."""
    beside = Results()
    for path in sorted(table.parent.glob(f"*{RECORD}")):
        read_run(path, beside)
    for run in _nearest(beside.runs | results.runs, table):
        if digest in run.outputs:
            results.runs[run.output] = run
            return run
    return None


def _predicted_by(evaluation: EvaluationFolder, results: Results) -> RecordedRun | None:
    """Return the run that predicted the proteins of an evaluation."""
    for run in _nearest(results.runs, evaluation.folder):
        if run.record["command"] == "predict" and run.outputs & evaluation.inputs.keys():
            return run
    return None


def _recorded_truth(evaluation: EvaluationFolder | None, results: Results) -> dict[str, str]:
    """Return the true proteins of an evaluation by id; none if the file has changed."""
    named, digest = evaluation.input("truth") if evaluation else (None, "")
    if evaluation is None or named is None:
        return {}
    for path in (named, evaluation.folder.parent / named):
        if os.path.isfile(path) and sha256(path) == digest:
            results.truths.append(path)
            log.info("result: %s: the truth of %s", path, evaluation.folder)
            return read_truth([path])
    message = "%s: its truth, %s, is missing or has changed. Specify it with --truth."
    log.info(message, evaluation.folder, named)
    return {}
