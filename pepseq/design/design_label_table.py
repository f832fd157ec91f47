"""The table of label sets and its figure, as files."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pepseq.design.config import DesignConfig
from pepseq.design.design_labels import check_design, compare_labels
from pepseq.digestion.config import DigestConfig
from pepseq.errors import SettingsError
from pepseq.evaluation.config import FIGURE_FORMATS
from pepseq.io.dataframes import check_frame_name, format_frame
from pepseq.io.failures import FailedRecord, no_usable_record, refuse_failed, write_failed
from pepseq.io.files import check_inputs, check_outputs
from pepseq.io.outputs import Outputs
from pepseq.io.run_record import describe_file, run_record
from pepseq.library.entries import reference_paths
from pepseq.quantification.error_rates import Errors
from pepseq.quantification.known_proteins import known_proteins
from pepseq.sequences.fasta import read_fasta
from pepseq.settings import check_config

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class DesignedLabels:
    """The table of label sets, and the numbers of what they were compared on.

    `proteins`: those with the same peptides are one. `bad`: records that were left out.
    """

    table: "pd.DataFrame"
    proteins: int
    peptides: int
    bad: list[FailedRecord]


def design_label_table(
    reference: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    figure: str | Path | None = None,
    config: DesignConfig = DesignConfig(),  # noqa: B008 - frozen
    digestion: DigestConfig = DigestConfig(),  # noqa: B008 - frozen
    errors: Errors | None = None,
    force: bool = False,
    keep_going: bool = False,
) -> DesignedLabels:
    """Write a table of sets of labels, ranked by the share of a reference that they identify.

    reference: FASTA files of the proteins to be identified.
    output: TSV or Parquet by its suffix; `figure`: PNG or SVG by its suffix.
    errors: error rates, with a channel for each candidate, or the path of whatprot's sequencing
        parameters.

    For proteins in memory: `design_labels`. Raises SettingsError, InputError (also after writing,
    for records that were left out, unless `keep_going`), OutputError and TryAgainError.
    """
    started = time.time()
    check_config(config, DesignConfig)
    paths = reference_paths(reference, required=True)
    check_frame_name(output)
    picture = "" if figure is None else _figure_format(figure)
    others = [errors] if isinstance(errors, str | Path) else []
    written = [output] if figure is None else [output, figure]
    check_outputs(written, [*paths, *others], force)
    check_inputs([*paths, *others])
    candidates, rates = check_design(config, errors)
    bad: list[FailedRecord] = []
    with Outputs(force) as outputs:
        stream = outputs.open(output, "label sets", is_table=True)
        records = list(read_fasta(paths, bad=bad, repeated_ids=True))
        if bad and not records:
            raise no_usable_record(bad)
        proteins = known_proteins(records, str(paths[0]))
        done = compare_labels(proteins, candidates, rates, config, digestion)
        stream.write(format_frame(done.table, output))
        if figure is not None:
            from pepseq.design.figures import draw_design  # imports matplotlib

            outputs.add(figure, draw_design(done.table, picture), "figure")
        write_failed(outputs, output, bad, len(records))
        numbers = {"proteins": done.peptides.protein_count, "peptides": len(done.peptides)}
        about = {"files": [describe_file(path) for path in paths], **numbers}
        settings = {**asdict(config), "digestion": asdict(digestion), "errors": asdict(rates)}
        settings["reference"] = about
        outputs.record(output, run_record("design", settings, others, started))
    refuse_failed(bad, len(records), output, keep_going)
    return DesignedLabels(done.table, numbers["proteins"], numbers["peptides"], bad)


def _figure_format(path: str | Path) -> str:
    """Return the format of a figure; SettingsError for a name with another suffix."""
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in FIGURE_FORMATS:
        raise SettingsError(
            f"figure: expected a name that ends in .png, .svg or .pdf, found {Path(path).name}"
        )
    return suffix
