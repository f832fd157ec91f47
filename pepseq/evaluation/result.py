"""The result of an evaluation: its summary, and what was counted in each protein."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pepseq.evaluation.baselines import BASELINES
from pepseq.evaluation.matches import Matches, ScoredProteins
from pepseq.evaluation.metrics import (
    LENGTH_BINS,
    fully_right,
    in_bin,
    macro,
    micro,
    percent,
    shares,
)
from pepseq.evaluation.summary import CalibrationSummary, LengthRow, Shares, Summary
from pepseq.io.dataframes import plain_texts
from pepseq.readout.readout import Readout

if TYPE_CHECKING:
    import pandas as pd

    from pepseq.evaluation.nearest import Nearest
    from pepseq.evaluation.reliability import Calibration

Cell = str | int | float | None


@dataclass(frozen=True, repr=False, eq=False)
class Evaluation:
    """How right reconstructions are: `summary` of all, and `scores` of each protein.

    Shares are in percent, confidences in 0-1, None is undefined. `nearest` are the nearest
    reference proteins, in the order of `scores`, if they were searched for.
    """

    readout: Readout
    scores: ScoredProteins
    summary: Summary
    nearest: "Nearest | None" = None

    @property
    def hidden_residue_accuracy(self) -> Shares:
        """Right hidden residues in percent: macro, sd (between proteins) and micro."""
        return self.summary["hidden_residue_accuracy"]

    @property
    def calibration(self) -> CalibrationSummary | None:
        """Confidences against the truth; None without confidences."""
        return self.summary["calibration"]

    def protein_rows(self) -> Iterator[dict[str, Cell]]:
        """Yield the rows of proteins.tsv, in the order of the truth."""
        counts = self.scores.counts.tolist()
        for place, (name, row) in enumerate(zip(self.scores.ids, counts, strict=True)):
            length, hidden, correct, known, identical, *_ = row
            cells: dict[str, Cell] = {
                "id": name,
                "length": length,
                "hidden": hidden,
                "correct": correct,
                "accuracy": percent(correct, hidden),
                "identity": percent(identical, known),
                "fully_right": int(correct == hidden) if hidden else None,
            }
            if self.nearest is not None:
                identity = float(self.nearest.identity[place])
                cells["nearest"] = self.nearest.names[place]
                cells["nearest_identity"] = None if math.isnan(identity) else identity
                cells["copied"] = int(self.nearest.copied[place])
            yield cells

    @plain_texts()
    def to_dataframe(self) -> "pd.DataFrame":
        """Return a DataFrame with a row for each protein: the columns of proteins.tsv."""
        import pandas as pd

        return pd.DataFrame(list(self.protein_rows()))

    def __repr__(self) -> str:
        proteins, accuracy = self.summary["proteins"]["scored"], self.hidden_residue_accuracy
        macro, micro = (
            "undefined" if share is None else f"{share:.2f} %"
            for share in (accuracy["macro"], accuracy["micro"])
        )
        texts = f"readout={self.readout}, proteins={proteins}, macro={macro}, micro={micro}"
        return f"Evaluation({texts})"


def build_evaluation(
    matches: Matches,
    records: dict[str, int],
    calibrations: "Mapping[str, Calibration] | None" = None,
    nearest: "Nearest | None" = None,
) -> Evaluation:
    """Return the evaluation of proteins that were compared; `calibrations` are by band of identity.

    Every share, and the number of all and of unknown residues, leave out proteins with nothing
    hidden.
    """
    scores, baselines = matches.scores(), matches.baselines
    hidden, correct = scores["hidden"], scores["correct"]
    scored = hidden > 0
    known, identical = scores["known"][scored], scores["identical"][scored]
    observed, wrong = scores.observed()
    summary: Summary = {
        "readout": str(matches.readout),
        "records": records,
        "proteins": {
            "scored": int(scored.sum()),
            "nothing_hidden": int((~scored).sum()),
            "fully_right": int(((hidden == correct) & scored).sum()),
        },
        "residues": {
            "all": int(scores["length"][scored].sum()),
            "unknown": int((scores["length"][scored] - known).sum()),
            "hidden": int(hidden.sum()),
            "hidden_and_right": int(correct.sum()),
            "observed": int(observed.sum()),
            "observed_and_wrong": int(wrong.sum()),
        },
        "hidden_residue_accuracy": shares(correct, hidden),
        "identity": {"macro": macro(identical, known), "micro": micro(identical, known)},
        "fully_right": fully_right(correct, hidden),
        "baselines": [
            {
                "baseline": name,
                "fitted_on": baselines.fitted_on if baselines else None,
                **shares(scores[name], hidden),
                "fully_right": fully_right(scores[name], hidden),
            }
            for name in BASELINES
        ],
        "by_length": length_rows(scores, LENGTH_BINS),
        "by_identity": None,
        "calibration": None,
    }
    if calibrations is not None:
        from pepseq.evaluation.reliability import Calibration  # imports pandas

        summary["calibration"] = Calibration.total(calibrations.values()).summary()
    if nearest is not None:
        from pepseq.evaluation.identity import summarise_identity

        summary["by_identity"] = summarise_identity(scores, nearest, calibrations or {})
    return Evaluation(matches.readout, scores, summary, nearest)


def length_rows(scores: ScoredProteins, bins: Mapping[str, tuple[float, float]]) -> list[LengthRow]:
    """Return one row for each class of lengths, over its proteins with something hidden."""
    rows: list[LengthRow] = []
    for name, bounds in bins.items():
        inside = in_bin(scores["length"], bounds) & (scores["hidden"] > 0)
        hidden = scores["hidden"][inside]
        rows.append(
            {
                "length": name,
                "proteins": int(inside.sum()),
                **shares(scores["correct"][inside], hidden),
                "commonest_macro": macro(scores["commonest"][inside], hidden),
                "neighbours_macro": macro(scores["neighbours"][inside], hidden),
            }
        )
    return rows
