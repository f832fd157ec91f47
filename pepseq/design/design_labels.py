"""The sets of labels that would identify the proteins of a reference, in a table."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pepseq.design.config import DesignConfig
from pepseq.design.design_table import design_table
from pepseq.design.distinct_peptides import DistinctPeptides, distinct_peptides
from pepseq.design.label_sets import Experiment
from pepseq.design.search import largest_set, search_sets
from pepseq.digestion.config import DigestConfig
from pepseq.errors import SettingsError
from pepseq.fluorosequencing.config import EqualChannelRates
from pepseq.fluorosequencing.dye_codes import check_cycles
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.io.dataframes import plain_texts
from pepseq.quantification.error_rates import Errors
from pepseq.quantification.known_proteins import KnownProteins, known_proteins
from pepseq.readout.readout import Readout
from pepseq.sequences.sequence_records import Sequences, sequence_records
from pepseq.settings import check_config

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)
FEW_ERROR_FREE = 0.6
"""Below this share of reads without errors, predictions are inaccurate."""


def design_labels(
    reference: Sequences,
    *,
    config: DesignConfig = DesignConfig(),  # noqa: B008 - frozen
    digestion: DigestConfig = DigestConfig(),  # noqa: B008 - frozen
    errors: Errors | None = None,
) -> "pd.DataFrame":
    """Return sets of labels with the shares of proteins and peptides that they identify.

    reference: proteins to be identified: a list of texts, of (id, text) pairs or of Biopython
        SeqRecords, a mapping of ids to texts, or a DataFrame with the columns id and sequence.
    errors: error rates, with a channel for each candidate, or the path of whatprot's sequencing
        parameters.

    The columns are those of the file that `design_label_table` writes. The result does not depend
    on the number of threads. Raises InputError and SettingsError.

    >>> proteins = {"A": "MAGICKEEC", "B": "CLEYK", "C": "YLCYK"}
    >>> config = DesignConfig(candidates="DE,C,Y", max_labels=2, threads=1)
    >>> table = design_labels(proteins, config=config)
    >>> table[["rank", "labels", "proteins_identified", "peptides_identified"]].head(2)
       rank labels  proteins_identified  peptides_identified
    0     1   DE,C                  1.0                  1.0
    1     2    C,Y                  1.0                  1.0
    """
    check_config(config, DesignConfig)
    candidates, rates = check_design(config, errors)
    proteins = known_proteins(sequence_records(reference, "reference"), "reference")
    return compare_labels(proteins, candidates, rates, config, digestion).table


@dataclass(frozen=True)
class ComparedLabels:
    """The table of label sets, and the peptides that they were compared on."""

    table: "pd.DataFrame"
    peptides: DistinctPeptides


def check_design(config: DesignConfig, errors: Errors | None) -> tuple[Readout, SequencingErrors]:
    """Return the candidates as a readout, and the error rates of each.

    Raises SettingsError for settings that do not fit each other, InputError for a faulty file.
    """
    candidates = Readout.from_labels(config.candidates)
    count = len(candidates.labels)
    check_cycles(largest_set(config, count), config.cycles)
    if errors is None or isinstance(errors, EqualChannelRates):
        rates = SequencingErrors.of_equal_channels(errors or EqualChannelRates(), count)
    elif isinstance(errors, SequencingErrors):
        rates = errors
    else:
        rates = SequencingErrors.from_whatprot(errors, count)
    if rates.channels != count:
        raise SettingsError(
            f"errors: expected rates of {count} channels, one for each of the candidates "
            f"{config.candidates}, found {rates.channels}"
        )
    return candidates, rates.scaled(config.error_scale)


@plain_texts()
def compare_labels(
    proteins: KnownProteins,
    candidates: Readout,
    rates: SequencingErrors,
    config: DesignConfig,
    digestion: DigestConfig,
) -> ComparedLabels:
    """Return sets of labels, compared on the proteins of a reference; see `design_labels`."""
    peptides = distinct_peptides(proteins.residues, proteins.offsets, digestion)
    proteins.given_labels(candidates, digestion)  # raises an error if there is none
    experiment = Experiment(peptides, candidates, rates, config)
    found = search_sets(experiment, config)
    if not found[0][1].error_free_reads:
        raise SettingsError(
            "with these cycles and error rates, hardly a molecule gives a read: raise cycles, or "
            "lower the rates"
        )
    if found[0][1].error_free_reads < FEW_ERROR_FREE:
        log.warning(
            "only %.0f %% of the reads with %s have no error: the predictions are inaccurate; "
            "check them with simulate and lookup",
            100 * found[0][1].error_free_reads,
            experiment.labels(found[0][0]),
        )
    return ComparedLabels(design_table(experiment, found), peptides)
