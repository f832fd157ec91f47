"""Evaluation of reconstructions in memory, in a notebook for example."""

from collections.abc import Mapping, Sequence
from typing import Any

from pepseq.errors import InputError
from pepseq.evaluation.baselines import fit_on_truth
from pepseq.evaluation.matches import Matches
from pepseq.evaluation.result import Evaluation, build_evaluation
from pepseq.io.failures import refuse_in_memory
from pepseq.prediction.reconstruct import Reconstructions
from pepseq.readout.readout import Readout
from pepseq.sequences.sequence_records import Sequences, sequence_records


def evaluate_sequences(
    truth: Sequences,
    predicted: Sequences,
    readout: str | Readout,
    confidences: Mapping[str, Any] | Sequence[Any] | Any | None = None,
) -> Evaluation:
    """Score reconstructions in memory against true proteins.

    `truth` and `predicted` are dicts of id to sequence, lists of Biopython SeqRecords, results of
    `pepseq.reconstruct`, or DataFrames with the columns id and sequence, matched by id; or lists of
    sequences, matched by place. Hidden residues are those whose true amino acid is not in
    `readout`; unknown residues of the truth are never scored. `confidences` are those of the
    predicted residues (0 to 1): a DataFrame with the columns of the table that `predict` writes, or
    an array of shape (length,) for each protein, as a dict by id or a list in the order of
    `predicted`; those of observed residues are ignored; None takes those of the results of
    `pepseq.reconstruct`. The two baselines are fitted on `truth`, which flatters them.

    Raises InputError for sequences that are no proteins or have no partner of the same length, and
    for confidences that are not those of `predicted`; SettingsError for a faulty readout.

    >>> evaluation = evaluate_sequences({"P1": "MALK"}, {"P1": "MAVK"}, "KCYM",
    ...     confidences={"P1": [1, 0.9, 0.6, 1]})
    >>> evaluation
    Evaluation(readout=KCYM, proteins=1, macro=50.00 %, micro=50.00 %)
    >>> round(evaluation.calibration["mean_confidence"], 2)
    0.75
    >>> evaluation.to_dataframe()[["id", "hidden", "correct", "accuracy"]]
       id  hidden  correct  accuracy
    0  P1       2        1      50.0
    """
    readout = readout if isinstance(readout, Readout) else Readout(readout)
    if confidences is None and isinstance(predicted, Reconstructions):
        confidences = predicted.to_dataframe()
    proteins = {record.id: record for record in sequence_records(truth, "truth")}
    records = sequence_records(predicted, "predicted")
    for source, sequences in (("truth", proteins), ("predicted", records)):
        if not sequences:
            raise InputError(f"{source}: expected sequences, found none")
    baselines = fit_on_truth([record.sequence for record in proteins.values()], readout)
    kept = confidences is not None
    matches = Matches(proteins, "truth", "predicted", readout, baselines, kept)
    matches.add_all(records)
    refuse_in_memory(matches.failed + matches.missing())
    counts = matches.count_records()
    calibrations = None
    if confidences is not None:
        from pepseq.evaluation.reliability import calibrate_in_memory  # imports pandas

        ids = [record.id for record in records]
        calibrations = calibrate_in_memory(confidences, ids, matches)
    return build_evaluation(matches, counts, calibrations)
