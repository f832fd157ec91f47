"""Evaluation of files of reconstructions: tables and figures in one folder."""

import logging
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pepseq.errors import InputError
from pepseq.evaluation.baselines import Baselines, fit_baselines, fit_on_truth
from pepseq.evaluation.matches import (
    Matches,
    count_records,
    list_missing,
    match_predictions,
    warn_of_unmatched,
)
from pepseq.evaluation.provenance import (
    read_run_record,
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
from pepseq.io.output_folder import check_output_folder
from pepseq.io.outputs import Outputs
from pepseq.io.run_record import run_record, sha256
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record, read_fasta

if TYPE_CHECKING:
    from pepseq.evaluation.nearest import Nearest
    from pepseq.evaluation.reliability import Calibration

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
    beside what copying it would get right. At most one input may be `-`, stdin.

    `output` becomes a folder of tables and figures; `<output>.run.json` lies beside it. Proteins
    that cannot be compared are left out and listed in `<output>.failed.tsv`. Returns what
    summary.json holds: shares in percent, confidences in 0-1, None for what is undefined.

    Raises SettingsError (also for a readout that is not the run record's), InputError (a truth that
    is a prediction; proteins left out: after writing, unless `keep_going`), OutputError and
    TryAgainError.
    """
    started = time.time()
    readout = readout_of_prediction(readout, truth, predicted, output)
    references = [reference] if isinstance(reference, str | os.PathLike) else reference or ()
    files = InputFiles(truth, predicted, table, background, tuple(references))
    output = check_output_folder(output, files.paths, force, EVALUATION_FILES, "an evaluation")
    check_inputs(files.paths)
    if table is not None:
        from pepseq.evaluation.confidence_table import check_columns  # imports pandas

        check_columns(table)
    with Outputs() as outputs:
        with disk_errors(output):
            folder = outputs.folder(output, "evaluation", force)
        evaluation, failed = _evaluate_files(files, readout, output, keep_going)
        compared = len(evaluation.scores.ids)
        with disk_errors(output):
            write_failed(outputs, output, failed, compared)
            write_evaluation(folder, evaluation)
            settings = files.settings() | {"readout": str(readout)}
            outputs.record(output, run_record("evaluate", settings, files.paths, started))
    refuse_failed(failed, compared, output, keep_going)
    return evaluation.summary


@dataclass(frozen=True)
class InputFiles:
    """The files that an evaluation reads."""

    truth: str | Path
    predicted: str | Path
    table: str | Path | None
    background: str | Path | None
    references: tuple[str | Path, ...]

    @property
    def paths(self) -> list[str | Path]:
        """All files that are given."""
        paths = (self.truth, self.predicted, self.table, self.background, *self.references)
        return [path for path in paths if path is not None]

    def settings(self) -> dict[str, object]:
        """Return the files by the names that a run record has."""
        return {
            "truth": self.truth,
            "predicted": self.predicted,
            "table": self.table,
            "background": self.background,
            "reference": [str(path) for path in self.references],
        }


def _evaluate_files(
    files: InputFiles, readout: Readout, output: Path, keep_going: bool
) -> tuple[Evaluation, list[FailedRecord]]:
    """Return the evaluation of files, and the records that could not be compared."""
    failed: list[FailedRecord] = []
    proteins = _read_truth(files.truth, failed)
    refuse_swapped(proteins, files.truth, files.predicted, readout, output)
    in_truth = len(proteins) + len(failed)
    baselines = _fit_baselines(proteins, files.background, readout, keep_going)
    unusable: list[FailedRecord] = []
    matches = match_predictions(
        proteins,
        read_fasta(files.predicted, bad=unusable),
        files.predicted,
        readout,
        baselines,
        failed=unusable,
        keep_predictions=files.table is not None,
    )
    scores = matches.scores(proteins)
    if files.table is None:  # else the rows of the table are checked, which names their lines
        refuse_wrong_labels(scores, matches.labels, files.predicted, readout)
        if recorded_readout(files.predicted) is None:
            refuse_other_readout(matches, files.truth, files.predicted, readout, output)
    refuse_nothing_scored(matches, proteins, files.truth)
    unmatched = warn_of_unmatched(matches, failed, files.truth, files.predicted)
    failed += unusable + list_missing(proteins, matches, files.truth, files.predicted)
    records = count_records(in_truth, unmatched, matches, failed)
    nearest = None
    if files.references:
        nearest = _find_nearest(files.references, scores.ids, proteins, readout)
        _warn_of_missing_references(files.predicted, files.references)
    calibrations = None
    if files.table is not None:
        calibrations = _calibrate_table(files.table, proteins, matches, readout, nearest)
    return build_evaluation(scores, readout, records, baselines, calibrations, nearest), failed


def _read_truth(truth: str | Path, failed: list[FailedRecord]) -> dict[str, Record]:
    """Return the true proteins by id; InputError if none can be read."""
    proteins = {record.id: record for record in read_fasta(truth, bad=failed)}
    if not proteins:
        raise no_usable_record(failed)
    return proteins


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


def _warn_of_missing_references(predicted: str | Path, references: Sequence[str | Path]) -> None:
    """Warn if the run record of `predicted` names known proteins that are not among these."""
    try:
        files = read_run_record(predicted)["settings"]["reference"]["files"]
        used = {file["sha256"]: Path(file["path"]).name for file in files}
    except (KeyError, TypeError):
        return
    given = {sha256(path) for path in references if os.path.isfile(path)}
    if missing := ", ".join(name for digest, name in used.items() if digest not in given):
        log.warning(
            "%s was predicted from %s too, which --reference does not give: identities and copies "
            "are of other proteins than predict had",
            predicted,
            missing,
        )


def _find_nearest(
    references: Sequence[str | Path],
    ids: Sequence[str],
    proteins: Mapping[str, Record],
    readout: Readout,
) -> "Nearest":
    from pepseq.evaluation.nearest import find_nearest  # imports numba

    return find_nearest([proteins[name].sequence for name in ids], references, readout)


def _calibrate_table(
    table: str | Path,
    proteins: Mapping[str, Record],
    matches: Matches,
    readout: Readout,
    nearest: "Nearest | None",
) -> "dict[str, Calibration]":
    """Return the calibration by band of identity; of all proteins as "" without references."""
    from pepseq.evaluation.confidence_table import read_confidences  # imports pandas
    from pepseq.evaluation.reliability import calibrate

    bands = None
    if nearest is not None:
        bands = dict(zip(matches.scores(proteins).ids, nearest.bands, strict=True))
    return calibrate(read_confidences(table), str(table), proteins, matches, readout, bands)
