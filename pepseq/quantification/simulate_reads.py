"""Reads of a simulated sample in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pepseq.digestion.config import DigestConfig
from pepseq.errors import InputError
from pepseq.io.dataframes import plain_texts
from pepseq.quantification.dye_reads import count_dye_reads
from pepseq.quantification.error_rates import Errors
from pepseq.quantification.peptide_reads import format_reads, peptide_reads
from pepseq.quantification.sample import Sample, draw_sample
from pepseq.quantification.simulate import check_reads, resolve_errors
from pepseq.quantification.simulation_config import SimulateConfig
from pepseq.readout.readout import Readout
from pepseq.sequences.sequence_records import Sequences, sequence_records
from pepseq.settings import check_config

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class SimulatedSample:
    """Simulated reads, and the amounts of the proteins that they come from.

    reads: columns id, sequence and count; dye sequences are distinct, whole peptides have count 1.
    truth: columns protein, copies, molar_fraction, mass_fraction, labelled_peptides (of a copy)
        and reads, a row for each protein.
    """

    reads: "pd.DataFrame"
    truth: "pd.DataFrame"


@plain_texts()
def simulate_reads(
    proteins: Sequences,
    readout: str | Readout,
    reads: int,
    *,
    copies: "Mapping[str, float] | pd.DataFrame | None" = None,
    config: SimulateConfig = SimulateConfig(),  # noqa: B008 - frozen
    digestion: DigestConfig = DigestConfig(),  # noqa: B008 - frozen
    errors: Errors | None = None,
) -> SimulatedSample:
    """Return simulated reads of a sample, and its truth.

    proteins: those that may be in the sample: a list of texts, of (id, text) pairs or of Biopython
        SeqRecords, a mapping of ids to texts, or a DataFrame with the columns id and sequence.
    reads: number of reads; molecules without a label that is seen give none.
    copies: of each protein, in place of `config.abundance`: a mapping, or a DataFrame with the
        columns protein and copies; proteins that are not in it are absent.
    errors: of dye sequences only: error rates, or the path of whatprot's sequencing parameters.

    The same seed gives the same reads as in the files of `simulate`. Raises InputError and
    SettingsError.

    >>> proteins = {"A": "MAGICKEEC", "B": "CLEYK"}
    >>> config = SimulateConfig(dye_sequences=True)
    >>> sample = simulate_reads(proteins, Readout.from_labels("DE,C"), 100, config=config)
    >>> sorted(sample.reads["sequence"])
    ['....1', '001', '1.0']
    >>> sample.truth[["protein", "copies", "molar_fraction"]]
      protein  copies  molar_fraction
    0       A     1.0             0.5
    1       B     1.0             0.5
    """
    import pandas as pd

    check_config(config, SimulateConfig)
    readout = readout if isinstance(readout, Readout) else Readout(readout)
    check_reads(reads)
    rates = resolve_errors(readout, config, errors)
    records = sequence_records(proteins, "proteins")
    if not records:
        raise InputError("proteins: expected at least one protein, found none")
    sample = draw_sample(records, config, digestion, copies)
    if rates is None:
        sequences, counts, reads_of_protein = _peptides(sample, readout, reads, config)
    else:
        texts, counts, reads_of_protein = count_dye_reads(sample, readout, reads, rates, config)
        sequences = texts.astype(str).tolist()
    ids = [str(number) for number in range(1, len(sequences) + 1)]
    table = pd.DataFrame({"id": ids, "sequence": sequences, "count": counts})
    return SimulatedSample(table, pd.DataFrame(sample.truth(readout, reads_of_protein)))


def _peptides(
    sample: Sample, readout: Readout, reads: int, config: SimulateConfig
) -> tuple[list[str], Any, np.ndarray]:
    """Return reads of whole peptides, their counts (1), and the number of reads by protein."""
    sequences: list[str] = []
    drawn = []
    for states, peptides in peptide_reads(sample, readout, reads, config):
        content = format_reads(sample, readout, config, states, peptides, 1).decode("ascii")
        records = (record.partition("\n")[2] for record in content.split(">")[1:])
        sequences += [lines.replace("\n", "") for lines in records]
        drawn.append(sample.peptides.protein[peptides])
    by_protein = np.bincount(np.concatenate(drawn), minlength=len(sample.ids))
    return sequences, 1, by_protein
