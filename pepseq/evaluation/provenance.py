"""Where a prediction and its truth come from: run records, headers and residues, checked."""

import re
import shlex
from pathlib import Path

import numpy as np

from pepseq.errors import InputError, SettingsError
from pepseq.evaluation.match import LABELS_TO_JUDGE, Comparison
from pepseq.evaluation.metrics import encode
from pepseq.io.json_files import read_json
from pepseq.io.outputs import STDIO
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record

CHANCE = 1e-9
"""Residues that differ are taken for another readout's if they are less likely than this."""
CAUTION = 10
"""Some amino acids are predicted so many times better than others."""
_CONFIDENCE = re.compile(r"(?:^| )confidence=\d(?:\.\d+)?(?: |$)")


def read_run(path: str | Path) -> dict:
    """Return the run record beside a file; an empty one if there is none that can be read."""
    beside = Path(f"{path}.run.json")
    try:
        record = read_json(beside) if str(path) != STDIO and beside.is_file() else {}
    except InputError:
        return {}
    return record if isinstance(record, dict) else {}


def is_predicted(path: str | Path, header: str) -> bool:
    """Return whether `predict` wrote a FASTA file, by its run record or one of its headers."""
    return read_run(path).get("command") == "predict" or bool(_CONFIDENCE.search(header))


def choose_readout(
    wanted: str | Readout | None, truth: str | Path, predicted: str | Path, output: str | Path
) -> Readout:
    """Return the readout that proteins were predicted from, by the run record or as wanted.

    Raises SettingsError if both say one and they differ, or if neither does.
    """
    call = _call(truth, predicted, output)
    wanted = Readout(wanted) if isinstance(wanted, str) else wanted
    recorded = recorded_readout(predicted)
    if wanted is None and recorded is None:
        raise SettingsError(
            f"{predicted}: could not determine the readout: {Path(predicted).name}.run.json, which "
            f"predict writes, is missing. Specify it with --readout, for example: {call} --readout "
            "KCYM"
        )
    if wanted is not None and recorded not in (None, wanted):
        raise SettingsError(
            f"--readout {wanted}: {predicted} was predicted from {recorded}, as its run record "
            f"says. Use that: {call} --readout {shlex.quote(str(recorded))}"
        )
    return recorded or wanted


def recorded_readout(predicted: str | Path) -> Readout | None:
    """Return the readout that a file's run record says it was predicted from, None if none."""
    record = read_run(predicted)
    try:
        return Readout(record["settings"]["readout"]) if record["command"] == "predict" else None
    except (KeyError, TypeError, AttributeError, SettingsError):
        return None


def refuse_swapped(
    proteins: dict[str, Record],
    truth: str | Path,
    predicted: str | Path,
    readout: Readout,
    output: str | Path,
) -> None:
    """Raise InputError if TRUTH is a prediction, or readouts."""
    first = next(iter(proteins.values()))
    residues = "".join(record.sequence for record in proteins.values())
    both = ("truth.fasta", predicted)
    if is_predicted(truth, first.description):
        what = "a prediction"
        both = both if read_run(predicted).get("command") == "predict" else (predicted, truth)
    elif 2 * residues.count("X") > len(residues):
        what = "readouts, in which most residues are hidden"
    else:
        return
    raise InputError(
        f"{truth}: expected true proteins, found {what}. TRUTH comes before PREDICTED: "
        f"{_call(*both, output)} --readout {shlex.quote(str(readout))}"
    )


def refuse_nothing_scored(
    comparison: Comparison, proteins: dict[str, Record], truth: str | Path
) -> None:
    """Raise InputError if no residue is scored because the truth has unknown ones in its place."""
    unknown = sum(proteins[name].sequence.count("X") for name in comparison.rows)
    if unknown and not comparison.confusion.any():
        raise InputError(
            f"{truth}: expected true residues where the readout hides them, found {unknown} X and "
            "nothing to score. Give the complete proteins as TRUTH, the first argument"
        )


def refuse_other_readout(
    comparison: Comparison,
    truth: str | Path,
    predicted: str | Path,
    readout: Readout,
    output: str | Path,
) -> None:
    """Raise InputError if residues say that the proteins were predicted from another readout.

    Observed residues are as in the truth, but for errors of sequencing, and hidden ones are not.
    So if, of the amino acids that the readout observes, some are always right and others are not,
    or likewise of those that it hides, then those always right were observed.
    """
    exact, others = _always_right(comparison, readout.observed)
    implied = exact
    if not others:
        exact, others = _always_right(comparison, readout.unobserved)
        implied = readout.observed + exact
    if not others:
        return
    implied = str(Readout(implied))
    raise InputError(
        f"{predicted}: residues {exact} are always those of the truth and {others} are not: "
        f"predicted from {implied}, it seems, not {readout}. If so: "
        f"{_call(truth, predicted, output)} --readout {implied}; if labels were missed or misread, "
        "add the --table that predict wrote"
    )


def _always_right(comparison: Comparison, letters: str) -> tuple[str, str]:
    """Return which of these amino acids are always right, and which are not; "" if by chance."""
    counts = comparison.amino_acids
    judged = [(a, *counts[:, encode(a)[0]].tolist()) for a in letters]
    judged = [one for one in judged if one[1] >= LABELS_TO_JUDGE]
    exact = [one for one in judged if not one[2]]
    others = [one for one in judged if one[2]]
    if not exact or not others:
        return "", ""
    rate = sum(one[2] for one in others) / sum(one[1] for one in others) / CAUTION
    if sum(one[1] for one in exact) * np.log1p(-rate) > np.log(CHANCE):
        return "", ""
    return "".join(one[0] for one in exact), "".join(one[0] for one in others)


def _call(truth: str | Path, predicted: str | Path, output: str | Path) -> str:
    words = ["pepseq", "evaluate", str(truth), str(predicted), "-o", str(output)]
    return " ".join(map(shlex.quote, words))
