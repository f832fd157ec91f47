"""Compare reconstructions with the truth: tables, figures and a summary in one folder."""

import logging
import os
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pepseq.errors import OutputError, SettingsError, found
from pepseq.evaluation.match import (
    Comparison,
    Scores,
    compare,
    fit,
    list_missing,
    read_truth,
    refuse_mixed_up,
)
from pepseq.evaluation.provenance import (
    choose_readout,
    read_run,
    recorded_readout,
    refuse_nothing_scored,
    refuse_other_readout,
    refuse_swapped,
)
from pepseq.evaluation.tables import NAMES, summarise, write_report
from pepseq.io.atomic_files import disk_errors
from pepseq.io.failures import FailedRecord, refuse_failed, write_failed
from pepseq.io.files import check_inputs, check_outputs
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.run_record import run_record, sha256
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record

if TYPE_CHECKING:
    from pepseq.evaluation.nearest import Nearest

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
) -> dict:
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
    readout = choose_readout(readout, truth, predicted, output)
    references = _listed(reference)
    inputs = [p for p in (truth, predicted, table, background, *references) if p is not None]
    output = check_paths(output, inputs, force)
    check_inputs(inputs)
    if table is not None:
        from pepseq.evaluation.confidence_table import check_columns  # brings pandas

        check_columns(table)
    with Outputs() as outputs:
        with disk_errors(output):
            folder = outputs.folder(output, "evaluation", force)
        bad: list[FailedRecord] = []
        proteins = read_truth(truth, bad)
        refuse_swapped(proteins, truth, predicted, readout, output)
        records = {"in_truth": len(proteins) + len(bad)}
        baselines = fit(proteins, background, readout, keep_going)
        comparison = compare(proteins, predicted, readout, baselines, keep=table is not None)
        if table is None:  # whose rows say it better
            refuse_mixed_up(comparison, predicted, readout)
            if recorded_readout(predicted) is None:
                refuse_other_readout(comparison, truth, predicted, readout, output)
        refuse_nothing_scored(comparison, proteins, truth)
        records |= _tell(truth, predicted, proteins, comparison, bad)
        scores = comparison.scores(proteins)
        nearest = _nearest(references, scores, proteins, readout)
        if references:
            _warn_of_others(predicted, references)
        calibration, by_identity = _apart(table, proteins, comparison, readout, scores, nearest)
        summary = summarise(scores, readout, records, baselines, calibration, by_identity)
        settings = {"readout": str(readout), "truth": truth, "predicted": predicted, "table": table}
        settings |= {"background": background, "reference": [str(path) for path in references]}
        with disk_errors(output):
            write_failed(outputs, output, bad, len(scores.ids))
            write_report(folder, scores, readout, summary, nearest)
            outputs.record(output, run_record("evaluate", settings, inputs, started))
    refuse_failed(bad, len(scores.ids), output, keep_going)
    return summary


def check_paths(
    output: str | Path,
    inputs: list[str | Path],
    force: bool,
    names: Collection[str] = NAMES,
    what: str = "an evaluation",
) -> Path:
    """Return the output folder; refuse what cannot be read twice or must not be overwritten.

    Only a folder that holds nothing but files of these `names` is ever overwritten.
    """
    if str(output) == STDIO:
        raise SettingsError("output: expected a folder, found - (stdout)")
    output = Path(output)
    check_outputs([output], inputs, force, folder=True)
    real = Path(os.path.realpath(output))
    if any(real in Path(os.path.realpath(path)).parents for path in inputs):
        raise SettingsError(f"{output}: an output must not hold the inputs")
    if output.exists():
        with disk_errors(output):
            others = sorted(
                path.name
                for path in output.iterdir()
                if path.name not in names or not path.is_file()
            )
        if others:
            raise OutputError(
                f"{output}: expected {what} to overwrite, found a folder that also holds "
                f"{found(others[0])}"
            )
    return output


def _tell(
    truth: str | Path,
    predicted: str | Path,
    proteins: dict[str, Record],
    comparison: Comparison,
    bad: list[FailedRecord],
) -> dict[str, int]:
    """Add what could not be compared to `bad`, warn of ids that the truth lacks, count both."""
    extra = len(comparison.extra - {fault.id for fault in bad})
    if extra:
        log.warning(f"{predicted}: records whose id is not in {truth}, not scored: {extra}")
    bad += comparison.bad + list_missing(proteins, comparison, truth, predicted)
    return {
        "in_predicted": comparison.records,
        "only_in_predicted": extra,
        "left_out": len(bad),
        "compared": len(comparison.rows),
    }


def _listed(reference: str | Path | Sequence[str | Path] | None) -> list[str | Path]:
    return [reference] if isinstance(reference, str | os.PathLike) else list(reference or [])


def _warn_of_others(predicted: str | Path, references: list[str | Path]) -> None:
    """Warn if the run record of `predicted` names known proteins that are not among these."""
    try:
        files = read_run(predicted)["settings"]["reference"]["files"]
        used = {one["sha256"]: Path(one["path"]).name for one in files}
    except (KeyError, TypeError):
        return
    given = {sha256(path) for path in references if os.path.isfile(path)}
    if others := ", ".join(name for digest, name in used.items() if digest not in given):
        log.warning(
            "%s was predicted from %s too, which --reference does not give: identities and copies "
            "are of other proteins than predict had",
            predicted,
            others,
        )


def _nearest(
    references: list[str | Path], scores: Scores, proteins: dict[str, Record], readout: Readout
) -> "Nearest | None":
    if not references:
        return None
    from pepseq.evaluation.nearest import find_nearest  # brings numba

    return find_nearest([proteins[name].sequence for name in scores.ids], references, readout)


def _apart(
    table: str | Path | None,
    proteins: dict[str, Record],
    comparison: Comparison,
    readout: Readout,
    scores: Scores,
    nearest: "Nearest | None",
) -> tuple[dict | None, dict | None]:
    """Return the calibration over all proteins, and everything by band of identity."""
    if table is None and nearest is None:
        return None, None
    from pepseq.evaluation.identity import summarise_identity
    from pepseq.evaluation.reliability import Calibration, calibrate  # brings pandas

    bands = None if nearest is None else dict(zip(scores.ids, nearest.bands, strict=True))
    parts = None
    if table is not None:
        parts = calibrate(table, proteins, comparison, readout, bands)
    return (
        None if parts is None else Calibration.total(parts.values()).summary(),
        None if nearest is None else summarise_identity(scores, nearest, parts or {}),
    )
