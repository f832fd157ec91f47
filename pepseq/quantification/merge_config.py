"""Settings of `merge_amounts`, with their bounds. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Annotated

from pepseq.settings import Choice, Range, check

FORMATS = ("columns", "long", "msstats")
VALUES = ("molar_fraction", "mass_fraction", "copies", "expected_reads", "unique_reads")


@dataclass(frozen=True)
class MergeAmountsConfig:
    """How amounts of several samples become one table.

    format: columns has a row for each group and a column for each sample; long has a row for each
        group and sample, with all columns of `quantify`; msstats is the input of MSstats.
    value: column of `quantify` that columns and msstats take.
    max_q, min_samples: a group is kept if its q-value is at most `max_q` in at least `min_samples`
        samples. All values of a group that is kept are kept.

    Raises SettingsError.
    """

    format: Annotated[str, Choice(FORMATS)] = "columns"
    value: Annotated[str, Choice(VALUES)] = "molar_fraction"
    max_q: Annotated[float, Range(0, 1)] = 0.01
    min_samples: Annotated[int, Range(1)] = 1

    def __post_init__(self) -> None:
        check(self)
