"""Results as custom content of MultiQC, which finds files named *_mqc.json.

A file adds columns to the table of general statistics, with a row for one sample
(https://docs.seqera.io/multiqc/custom_content).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pepseq.errors import SettingsError
from pepseq.io.compression import without_suffix
from pepseq.io.outputs import STDIO
from pepseq.io.run_record import to_json

SUFFIX = "_mqc.json"


class Statistic(NamedTuple):
    """A column: its value, title, description, unit and the largest possible value, if any."""

    value: float | None
    title: str
    description: str
    unit: str = ""
    most: float | None = None


def format_multiqc(section: str, sample: str, statistics: Mapping[str, Statistic]) -> bytes:
    """Return the content of a file for one sample; statistics without a value are left out.

    >>> content = format_multiqc("pepseq_quantify", "A", {"reads": Statistic(5, "Reads", "Reads")})
    >>> b'"plot_type": "generalstats"' in content and b'"reads": 5' in content
    True
    """
    given = {name: s for name, s in statistics.items() if s.value is not None}
    columns = []
    for name, s in given.items():
        column: dict[str, object] = {"title": s.title, "description": s.description, "min": 0}
        column |= {"suffix": s.unit} if s.unit else {}
        column["format"] = (
            "{:,d}" if isinstance(s.value, int) else "{:,.1f}" if s.unit else "{:.4f}"
        )
        columns.append({name: column | ({} if s.most is None else {"max": s.most})})
    values = {name: round(s.value or 0, 6) for name, s in given.items()}
    about = {"id": section, "plot_type": "generalstats", "pconfig": columns}
    return to_json(about | {"data": {sample: values}})


def check_multiqc_name(path: str | Path) -> None:
    """Raise SettingsError for the name of a file that MultiQC would not find."""
    if str(path) == STDIO or not Path(path).name.endswith(SUFFIX):
        raise SettingsError(f"{path}: MultiQC finds files named *{SUFFIX} only; give such a name")


def sample_name(path: str | Path) -> str:
    """Return the sample that a file is named after: its name without suffixes.

    >>> sample_name("results/sample_1.fasta.gz")
    'sample_1'
    """
    return "stdin" if str(path) == STDIO else Path(without_suffix(path)).stem
