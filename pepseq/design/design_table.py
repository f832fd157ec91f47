"""The table of label sets, ranked by what they identify."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pepseq.design.label_sets import Experiment, Identified, LabelSet

if TYPE_CHECKING:
    import pandas as pd

DESIGN_COLUMNS = (
    *("rank", "labels", "label_count", "rank_of_count"),
    *("proteins_identified", "peptides_identified", "completion_accuracy"),
    *("peptides_readable", "reads_identifying", "reads_error_free"),
)


def design_table(
    experiment: Experiment, found: Sequence[tuple[LabelSet, Identified]]
) -> "pd.DataFrame":
    """Return a row for each set of labels, in the order given; DESIGN_COLUMNS."""
    import pandas as pd

    ranks: dict[int, int] = {}
    rows = []
    for rank, (chosen, identified) in enumerate(found, 1):
        count = len(chosen)
        ranks[count] = ranks.get(count, 0) + 1
        rows.append(
            (
                *(rank, experiment.labels(chosen), count, ranks[count]),
                *(identified.proteins, identified.peptides, identified.completion),
                *(identified.readable_peptides, identified.identifying_reads),
                identified.error_free_reads,
            )
        )
    return pd.DataFrame(rows, columns=list(DESIGN_COLUMNS))
