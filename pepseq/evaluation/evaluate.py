"""Evaluation of files of reconstructions: tables and figures in one folder."""

import logging
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pepseq.errors import InputError
from pepseq.evaluation.baselines import Baselines, fit_baselines, fit_on_truth
from pepseq.evaluation.config import PNG, check_figure_formats
from pepseq.evaluation.matches import Matches
from pepseq.evaluation.provenance import (
    EvaluationFiles,
    readout_of_prediction,
    recorded_readout,
    refuse_nothing_scored,
    refuse_other_readout,
    refuse_swapped,
    refuse_wrong_labels,
)
from pepseq.evaluation.result import Evaluation, build_evaluation
from pepseq.evaluation.summary import Summary
from pepseq.evaluation.tables import EVALUATION_FILES, write_evaluation
from pepseq.io.atomic_files import disk_errors
from pepseq.io.failures import FailedRecord, no_usable_record, refuse_failed, write_failed
from pepseq.io.files import check_inputs
from pepseq.io.json_files import read_run_record
from pepseq.io.multiqc import sample_name
from pepseq.io.output_folder import check_output_folder
from pepseq.io.outputs import Outputs
from pepseq.io.run_record import run_record, sha256
from pepseq.library.entries import reference_paths
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record, read_fasta

log = logging.getLogger("pepseq")


def evaluate(
    truth: str | Path,
    predicted: str | Path,
    output: str | Path,
    readout: str | Readout | None = None,
    *,
    table: str | Path | None = None,
    background: str | Path | None = None,
    reference: str | Path | Sequence[str | Path] | None = None,
    figures: Sequence[str] = PNG,
    force: bool = False,
    keep_going: bool = False,
) -> Summary:
    """Score the reconstructions in `predicted` against the proteins in `truth`, matched by id.

    Hidden residues are those whose true amino acid is not in `readout`, by default the one that the
    run record of `predicted` says; unknown residues of the truth are never scored. Residues that
    the readout identifies may differ, as misread or missed labels do: they are counted. `table` is
    the table of confidences that `predict` wrote beside `predicted`. The two baselines are fitted
    on the proteins of `background`, or on `truth` itself, which flatters them. `reference` are
    FASTA files of known proteins: accuracies are also given by identity to the nearest of them,
    beside what copying it would get right. `figures` are formats: png, svg, pdf. At most one input
    may be `-`, stdin.

    `output` becomes a folder of tables and figures; `<output>.run.json` lies beside it. Proteins
    that cannot be compared are left out and listed in `<output>.failed.tsv`. Returns what
    summary.json holds: shares in percent, confidences in 0-1, None for what is undefined.

    Raises SettingsError (also for a readout that is not the run record's), InputError (a truth that
    is a prediction; proteins left out: after writing, unless `keep_going`), OutputError and
    TryAgainError.
    """
    started = time.time()
    formats = check_figure_formats(figures)
    references = reference_paths(reference or ())
    files = EvaluationFiles(truth, predicted, output, table, background, tuple(references))
    readout, inputs = readout_of_prediction(readout, files), files.inputs
    output = check_output_folder(output, inputs, force, EVALUATION_FILES, "an evaluation")
    check_inputs(inputs)
    if table is not None:
        from pepseq.evaluation.confidence_table import check_columns  # imports pandas

        check_columns(table)
    with Outputs() as outputs:
        with disk_errors(output):
            folder = outputs.folder(output, "evaluation", force)
        evaluation, failed = _evaluate_files(files, readout, keep_going)
        compared = len(evaluation.scores.ids)
        with disk_errors(output):
            write_failed(outputs, output, failed, compared)
            write_evaluation(folder, evaluation, sample_name(predicted), formats)
            names = ("truth", "predicted", "table", "background", "reference")
            settings = {name: getattr(files, name) for name in names} | {"readout": str(readout)}
            outputs.record(output, run_record("evaluate", settings, inputs, started))
    refuse_failed(failed, compared, output, keep_going)
    return evaluation.summary


def _evaluate_files(
    files: EvaluationFiles, readout: Readout, keep_going: bool
) -> tuple[Evaluation, list[FailedRecord]]:
    """Return the evaluation of files, and the records that could not be compared."""
    failed: list[FailedRecord] = []
    proteins = {record.id: record for record in read_fasta(files.truth, bad=failed)}
    if not proteins:
        raise no_usable_record(failed)
    refuse_swapped(proteins, files, readout)
    baselines = _fit_baselines(proteins, files.background, readout, keep_going)
    kept = files.table is not None
    matches = Matches(proteins, files.truth, files.predicted, readout, baselines, kept)
    matches.add_all(read_fasta(files.predicted, bad=matches.failed))
    if files.table is None:  # else the rows of the table are checked, which names their lines
        refuse_wrong_labels(matches)
        if recorded_readout(files.predicted) is None:
            refuse_other_readout(matches, files)
    refuse_nothing_scored(matches)
    counts = matches.count_records(failed)
    failed += matches.failed + matches.missing()
    nearest = calibrations = bands = None
    if files.reference:
        from pepseq.evaluation.nearest import find_nearest  # imports numba

        ids = [name for name in proteins if name in matches.counts]
        sequences = [proteins[name].sequence for name in ids]
        nearest = find_nearest(sequences, files.reference, readout)
        bands = dict(zip(ids, nearest.bands, strict=True))
        _warn_of_missing_references(files)
    if files.table is not None:
        from pepseq.evaluation.confidence_table import read_confidences  # imports pandas
        from pepseq.evaluation.reliability import calibrate

        table = read_confidences(files.table)
        calibrations = calibrate(table, str(files.table), matches, bands)
    return build_evaluation(matches, counts, calibrations, nearest), failed


def _fit_baselines(
    proteins: Mapping[str, Record],
    background: str | Path | None,
    readout: Readout,
    keep_going: bool,
) -> Baselines | None:
    """Fit the baselines on the background, or on the true proteins if there is none.

    None if these have no hidden residue; InputError if the background has none, or a bad record
    and not `keep_going`.
    """
    if background is None:
        return fit_on_truth([record.sequence for record in proteins.values()], readout)
    records = read_fasta(background, bad=[] if keep_going else None)
    try:
        return fit_baselines((r.sequence for r in records), readout, "background")
    except ValueError as error:
        raise InputError(f"{background}: {error}") from error


def _warn_of_missing_references(files: EvaluationFiles) -> None:
    """Warn if known proteins that the run record of PREDICTED names are not given."""
    try:
        recorded = read_run_record(files.predicted)["settings"]["reference"]["files"]
        used = {file["sha256"]: Path(file["path"]).name for file in recorded}
    except (KeyError, TypeError):
        return
    given = {sha256(path) for path in files.reference if os.path.isfile(path)}
    if missing := ", ".join(name for digest, name in used.items() if digest not in given):
        log.warning(
            "%s was predicted from %s too, which --reference does not give: identities and copies "
            "are of other proteins than predict had",
            files.predicted,
            missing,
        )
