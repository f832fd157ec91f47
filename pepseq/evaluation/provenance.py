"""Checks that a prediction, its truth and its readout belong together.

They use run records, headers and residues, and end with the call that is right.
"""

import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pepseq.errors import InputError, SettingsError
from pepseq.evaluation.matches import Matches
from pepseq.evaluation.metrics import encode
from pepseq.io.json_files import read_run_record
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record

MIN_LABELS = 100
"""Residues of one amino acid from which none missed, or all missed, is not by chance."""
MAX_P_VALUE = 1e-9
"""Residues that differ are taken for another readout's if they are less likely than this."""
MAX_ODDS = 10
"""Amino acids are predicted at most so many times better than others."""
_CONFIDENCE = re.compile(r"(?:^| )confidence=\d(?:\.\d+)?(?: |$)")


def is_predicted(path: str | Path, header: str = "") -> bool:
    """Return whether `predict` wrote a FASTA file, by its run record or one of its headers."""
    return read_run_record(path).get("command") == "predict" or bool(_CONFIDENCE.search(header))


@dataclass(frozen=True)
class EvaluationFiles:
    """The files that an evaluation reads, and the folder that it writes."""

    truth: str | Path
    predicted: str | Path
    output: str | Path
    table: str | Path | None = None
    background: str | Path | None = None
    reference: tuple[str | Path, ...] = ()

    @property
    def inputs(self) -> list[str | Path]:
        """All files that are read."""
        paths = (self.truth, self.predicted, self.table, self.background, *self.reference)
        return [path for path in paths if path is not None]

    def call(self, readout: object) -> str:
        """Return a command line that evaluates these files."""
        words = ["pepseq", "evaluate", self.truth, self.predicted, "-o", self.output]
        return shlex.join(map(str, [*words, "--readout", readout]))


def readout_of_prediction(given: str | Readout | None, files: EvaluationFiles) -> Readout:
    """Return the readout that proteins were predicted from, by the run record or as given.

    Raises SettingsError if both say one and they differ, or if neither does.
    """
    given = Readout(given) if isinstance(given, str) else given
    recorded = recorded_readout(files.predicted)
    readout = recorded or given
    if readout is None:
        raise SettingsError(
            f"{files.predicted}: could not determine the readout: "
            f"{Path(files.predicted).name}.run.json, which predict writes, is missing. Specify it "
            f"with --readout, for example: {files.call('KCYM')}"
        )
    if given not in (None, readout):
        raise SettingsError(
            f"--readout {given}: {files.predicted} was predicted from {recorded}, as its run "
            f"record says. Use that: {files.call(recorded)}"
        )
    return readout


def recorded_readout(predicted: str | Path) -> Readout | None:
    """Return the readout that a file's run record says it was predicted from, None if none."""
    try:
        settings = read_run_record(predicted)["settings"]
        return Readout(settings["readout"]) if is_predicted(predicted) else None
    except (KeyError, TypeError, AttributeError, SettingsError):
        return None


def refuse_swapped(proteins: dict[str, Record], files: EvaluationFiles, readout: Readout) -> None:
    """Raise InputError if TRUTH is a prediction, or reads."""
    first = next(iter(proteins.values()))
    residues = "".join(record.sequence for record in proteins.values())
    right = replace(files, truth="truth.fasta")
    if is_predicted(files.truth, first.description):
        content = "a prediction"
        if not is_predicted(files.predicted):
            right = replace(files, truth=files.predicted, predicted=files.truth)
    elif 2 * residues.count("X") > len(residues):
        content = "reads, in which most residues are hidden"
    else:
        return
    raise InputError(
        f"{files.truth}: expected true proteins, found {content}. TRUTH comes before PREDICTED: "
        f"{right.call(readout)}"
    )


def mostly_wrong(wrong: int, labels: int) -> bool:
    """Return whether so many labels are wrong that prediction and truth do not belong together."""
    return 3 * wrong > labels


def refuse_wrong_labels(matches: Matches) -> None:
    """Raise InputError if more than a third of the labels are wrong both ways.

    Missed labels alone leave those that are there right, and
    misread ones are few. So if labels of the truth are something else in the prediction, and labels
    of the prediction something else in the truth, either the readout is another or the ids do not
    belong together.
    """
    in_prediction, wrong_in_prediction = matches.labels.tolist()
    observed, wrong = (int(counts.sum()) for counts in matches.scores().observed())
    if mostly_wrong(wrong, observed) and mostly_wrong(wrong_in_prediction, in_prediction):
        raise InputError(
            f"{matches.source}: expected residues {matches.readout.observed} as in the truth, "
            f"found {wrong} of {observed} different (another readout, or other proteins under the "
            "same ids?)"
        )


def refuse_nothing_scored(matches: Matches) -> None:
    """Raise InputError if no residue is scored because the truth has unknown ones in its place."""
    unknown = sum(matches.truth[name].sequence.count("X") for name in matches.counts)
    if unknown and not matches.confusion.any():
        raise InputError(
            f"{matches.truth_source}: expected true residues where the readout hides them, found "
            f"{unknown} X and nothing to score. Give the complete proteins as TRUTH, the first "
            "argument"
        )


def refuse_other_readout(matches: Matches, files: EvaluationFiles) -> None:
    """Raise InputError if residues say that the proteins were predicted from another readout.

    Observed residues are as in the truth, but for errors of sequencing, and hidden ones are not.
    So if, of the amino acids that the readout observes, some are always right and others are not,
    or likewise of those that it hides, then those always right were observed.
    """
    readout = matches.readout
    exact, differing = _always_right(matches, readout.observed)
    implied = exact
    if not differing:
        exact, differing = _always_right(matches, readout.unobserved)
        implied = readout.observed + exact
    if differing:
        raise InputError(
            f"{files.predicted}: residues {exact} are always those of the truth and {differing} "
            f"are not: predicted from {Readout(implied)}, it seems, not {readout}. If so: "
            f"{files.call(Readout(implied))}; if labels were missed or misread, add the --table "
            "that predict wrote"
        )


def _always_right(matches: Matches, letters: str) -> tuple[str, str]:
    """Return which of these amino acids are always right, and which are not; "" if by chance."""
    residues, wrong = (
        dict(zip(letters, counts[encode(letters)].tolist(), strict=True))
        for counts in matches.amino_acids
    )
    judged = [letter for letter in letters if residues[letter] >= MIN_LABELS]
    exact = [letter for letter in judged if not wrong[letter]]
    differing = [letter for letter in judged if wrong[letter]]
    if not exact or not differing:
        return "", ""
    error_rate = sum(wrong[a] for a in differing) / sum(residues[a] for a in differing) / MAX_ODDS
    log_p_value = sum(residues[a] for a in exact) * np.log1p(-error_rate)
    if log_p_value > np.log(MAX_P_VALUE):
        return "", ""
    return "".join(exact), "".join(differing)
