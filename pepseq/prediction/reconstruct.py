"""Reads in memory to whole proteins, for notebooks and programs."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from pepseq.errors import SettingsError
from pepseq.io.failures import FailedRecord, refuse_in_memory
from pepseq.models.checkpoints import find_checkpoint
from pepseq.prediction.config import PredictConfig
from pepseq.prediction.fitting_share import FittingShare
from pepseq.prediction.organism_advice import log_organisms
from pepseq.prediction.predictor import Predictor
from pepseq.prediction.readout_choice import groups_of, survey_reads
from pepseq.prediction.reconstruction import Reconstruction
from pepseq.prediction.references import References, choose_references
from pepseq.prediction.residue_table import to_dataframe
from pepseq.prediction.soft_records import soft_records
from pepseq.readout.confusion import ConfusionTable
from pepseq.readout.in_memory_reads import records_of
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.settings import check_config
from pepseq.templates.template_organisms import SampleOrganisms

if TYPE_CHECKING:
    import pandas as pd


class Reconstructions(Sequence[Reconstruction]):
    """Reconstructions of reads, in the reads' order; `readout` is the one they were made with.

    `fitting`: the share of peptides that fit the reference; None if it was not estimated.
    `organisms`: those that the templates come from; None without templates.
    """

    def __init__(
        self,
        reconstructions: Sequence[Reconstruction],
        readout: Readout,
        fitting: FittingShare | None = None,
        organisms: SampleOrganisms | None = None,
    ):
        self._reconstructions, self.readout = tuple(reconstructions), readout
        self.fitting, self.organisms = fitting, organisms

    def __len__(self) -> int:
        return len(self._reconstructions)

    @overload
    def __getitem__(self, index: int) -> Reconstruction: ...

    @overload
    def __getitem__(self, index: slice) -> "Reconstructions": ...

    def __getitem__(self, index: int | slice) -> "Reconstruction | Reconstructions":
        if isinstance(index, slice):
            part = self._reconstructions[index]
            return Reconstructions(part, self.readout, self.fitting, self.organisms)
        return self._reconstructions[index]

    def __iter__(self) -> Iterator[Reconstruction]:
        return iter(self._reconstructions)

    def __repr__(self) -> str:
        return f"Reconstructions({len(self)} reads, readout={str(self.readout)!r})"

    def to_dataframe(self) -> "pd.DataFrame":
        """Return a row for each residue with the columns of predict's table, see TABLE_COLUMNS."""
        return to_dataframe(self)


def reconstruct(
    reads: Any,
    readout: str | Readout | None = None,
    *,
    reference: References = None,
    model: str | Path | None = None,
    config: PredictConfig = PredictConfig(),  # noqa: B008 - frozen
    confusion: ConfusionTable = None,
    offline: bool = False,
) -> Reconstructions:
    """Predict the hidden residues of reads in memory.

    `reads`: texts, (id, text) pairs, a mapping of ids to texts, Biopython SeqRecords, pepseq
    Records, or a DataFrame with columns `id` and `sequence`; see `records_of`. X ? . _ or x stand
    for hidden residues, [DE] for one of a group. With `config.probabilities` a table as of
    `read_label_probabilities`: residues of which no label is certain are hidden. `readout`,
    `reference`, `model`, `config`, `confusion` and `offline` are those of `pepseq.predict`, and so
    are the results.

    Returns a sequence of Reconstruction, one for each read. For a read of L residues, of which H
    are hidden, it has `id`; `sequence`, L letters; `confidence`, float64 (L,), the probability of
    each residue, 1 if it was observed; `mean_confidence` over the hidden ones; `probabilities`,
    float64 (H, number of `candidates`), at the 0-based positions `hidden`; `templates`, None or the
    `ids` of K known proteins with `weights`, (L, K), the probability that each residue is copied
    from each. `to_dataframe()` has a row for each residue.

    Raises InputError for a read that cannot be used, with its place; SettingsError; TryAgainError.

    >>> import pepseq
    >>> reads = ["MKXXXXXXXXKXXXXXCXXXKXKXXXYXXCKXXXXXKXXXXXKKKX", "CXXKXXXMXXX"]
    >>> proteins = pepseq.reconstruct(reads, "KCYM")
    >>> proteins
    Reconstructions(2 reads, readout='KCYM')
    >>> proteins[0].sequence
    'MKVLNSLRTAKERHPDCQIVKRKGRLYVICKSNPRFKAVQGRKKKR'
    >>> proteins[0].confidence.shape, round(proteins[0].mean_confidence, 2)
    ((46,), 0.99)
    >>> proteins[0].templates.best, round(proteins[1].mean_confidence, 1)
    ('ecoli_W3110|00289', 0.1)
    >>> proteins.to_dataframe().shape
    (57, 13)
    """
    check_config(config, PredictConfig)
    if config.min_confidence:
        raise SettingsError(
            "min_confidence: is a setting of pepseq.predict; in memory call hide_below(confidence) "
            "of a reconstruction"
        )
    references = choose_references(reference, model, config)
    checkpoint = find_checkpoint(model, offline)
    own = (
        [readout if isinstance(readout, Readout) else Readout(readout)]
        if readout is not None
        else []
    )
    groups = groups_of(own or checkpoint.readouts)
    is_soft = config.probabilities
    records: Sequence[Record] = (
        soft_records(reads, readout) if is_soft else records_of(reads, groups)
    )
    survey = survey_reads(records, groups)
    predictor = Predictor.load(survey, "reads", checkpoint, references, readout, config, confusion)
    if predictor.network and predictor.needs_calibration:
        predictor.network.calibrate(records, predictor.readout, "reads")
    share = predictor.measure_share(records, "reads")
    bad: list[FailedRecord] = []
    fitting = list(predictor.fitting_reads(records, "reads", bad, groups))
    refuse_in_memory(bad)
    results = [result for _, result in predictor.reconstruct(fitting)]
    organisms = log_organisms(predictor, "reads")
    return Reconstructions(results, predictor.readout, share, organisms)
