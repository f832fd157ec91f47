"""The predictor of one run: templates first, the network where they leave much open."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pepseq.errors import SettingsError
from pepseq.io.failures import FailedRecord
from pepseq.io.progress import Progress
from pepseq.models.checkpoints import Checkpoint, weights_sha256
from pepseq.prediction.config import PredictConfig
from pepseq.prediction.fitting_share import FITTING, FittingShare, log_share, sample_peptides
from pepseq.prediction.networks import NetworkPredictor, load_network
from pepseq.prediction.read_filter import keep_fitting_reads
from pepseq.prediction.read_warnings import warn_of_missing_labels, warn_of_peptides
from pepseq.prediction.readout_choice import ReadSurvey, choose_readout
from pepseq.prediction.reconstruction import Reconstruction, choose_residues
from pepseq.prediction.shards import ShardSelector, chunk_reads
from pepseq.prediction.soft_records import read_of
from pepseq.processes.cores import available_cores
from pepseq.readout.confusion import Confusion, ConfusionTable, choose_confusion
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.soft_reads import Read

if TYPE_CHECKING:  # compiles kernels, which takes time where no template is used
    from pepseq.prediction.template_model import CopyEvidence, TemplateModel

NOT_CALIBRATED = "none: confidence is not a probability"


@dataclass(frozen=True)
class ChunkSettings:
    """How reads go through templates and network together.

    residues: reads are predicted in chunks of this many residues; larger ones take more memory,
        smaller ones fill the network's batches less.
    batches: without templates a chunk has this many batches of the network, if that is more.
    settled: if templates leave a smaller share of a read open, on average over its residues, the
        network is not used. Higher values save its time, lower ones use it for less.
    """

    residues: int = 1 << 15
    batches: int = 2
    settled: float = 0.05


CHUNKS = ChunkSettings()


@dataclass(frozen=True)
class Predictor:
    """Templates and network, either may be None, that predict reads of one readout."""

    readout: Readout
    config: PredictConfig
    checkpoint: Checkpoint
    templates: "TemplateModel | None"
    network: NetworkPredictor | None
    confusion: Confusion | None = None

    @classmethod
    def load(
        cls,
        survey: ReadSurvey,
        source: str,
        checkpoint: Checkpoint,
        references: Sequence[str | Path],
        readout: str | Readout | None,
        config: PredictConfig,
        confusion: ConfusionTable = None,
    ) -> "Predictor":
        """Choose the readout of some reads, and load the templates and the network for it.

        `source` names the reads in messages; `confusion`, see `read_confusion`, replaces the error
        rates of `config`. Raises SettingsError and InputError.
        """
        chosen = choose_readout(survey, checkpoint, readout, source)
        if config.probabilities:
            _check_probabilities(checkpoint, config, confusion)
        matrix = choose_confusion(confusion, chosen, config.missed_label, config.misread)
        if readout is not None and not config.probabilities:
            warn_of_missing_labels(
                source, chosen, survey.symbols, survey.residues, config.missed_label, matrix
            )
        templates = _load_templates(references, chosen, config, matrix)
        network = None
        if config.mode != "templates":
            network = load_network(checkpoint, config, chosen, matrix)
        return cls(chosen, config, checkpoint, templates, network, matrix)

    @property
    def misses_labels(self) -> bool:
        """Whether a residue with a label may be hidden in a read."""
        if self.confusion is not None:
            return self.confusion.misses_labels
        return self.config.missed_label > 0 or self.config.probabilities

    @property
    def needs_calibration(self) -> bool:
        """Whether the network is a base model, which was not trained for reads."""
        return self.network is not None and not self.checkpoint.readouts

    def measure_share(self, records: Iterable[Record], source: str) -> FittingShare | None:
        """Estimate the share of peptides that fit the reference, log it, and predict by it.

        `records` are all reads, of any shard; `source` names them. None if no share is estimated:
        for whole proteins, without templates, and if no read fits the readout.
        """
        number = FITTING.reads(self.config.kind)
        if self.templates is None or not number:
            return None
        sample = sample_peptides(records, self.readout, number)
        if not sample:
            return None
        with ThreadPoolExecutor(self.config.threads or available_cores()) as pool:
            share = self.templates.measure_share(sample, pool)
        log_share(share, source, self.config.kind, self.readout)
        return share

    def fitting_reads(
        self,
        records: Iterable[Record],
        source: str,
        bad: list[FailedRecord],
        groups: Mapping[str, str],
    ) -> Iterator[Record]:
        """Yield the reads that fit the readout; the others go to `bad`. Warn of peptides.

        `groups` are those of the records, by their symbols.
        """
        missed = self.templates is not None and self.misses_labels
        return keep_fitting_reads(
            warn_of_peptides(records, self.config.kind, source),
            self.readout,
            "all" if missed else self.config.candidates,
            source,
            bad,
            groups,
        )

    def reconstruct(
        self,
        records: Iterable[Record],
        progress: Progress | None = None,
        shard: ShardSelector | None = None,
    ) -> Iterator[tuple[Record, Reconstruction]]:
        """Yield each read with its reconstruction, in order, holding a bounded number at a time.

        With templates, they are weighed against the network, or against amino acid frequencies if
        there is none; without, the network decides alone. With a `shard`, only its reads.
        """
        residues = CHUNKS.residues
        if self.templates is None and self.network is not None:
            residues = max(residues, CHUNKS.batches * self.network.budget)
        chunks = chunk_reads(records, residues)
        chunks = chunks if shard is None else shard.select(chunks)
        if self.templates is not None:
            yield from self._with_templates(self.templates, chunks, progress)
        elif self.network is not None:
            yield from self._by_network(self.network, chunks, progress)

    def _by_network(
        self,
        network: NetworkPredictor,
        chunks: Iterable[list[Record]],
        progress: Progress | None,
    ) -> Iterator[tuple[Record, Reconstruction]]:
        for chunk in chunks:
            logits = network.logits([read_of(record) for record in chunk], progress)
            for record, of_read in zip(chunk, logits, strict=True):
                candidates = AMINO_ACIDS if self.config.probabilities else network.candidates
                yield record, choose_residues(record, of_read, candidates, self.readout.groups)

    def _with_templates(
        self,
        templates: "TemplateModel",
        chunks: Iterable[list[Record]],
        progress: Progress | None,
    ) -> Iterator[tuple[Record, Reconstruction]]:
        network = self.network
        if network is not None and self.config.kind not in network.kinds:
            network = None
        with ThreadPoolExecutor(self.config.threads or available_cores()) as pool:
            for chunk, reads, searched in _search_ahead(templates, chunks, pool):
                evidence: list[CopyEvidence] = []
                left_open, by_network = [], {}
                for i, found in enumerate(searched):
                    evidence.append(found)
                    if network is not None and found.none.mean() > CHUNKS.settled:
                        left_open.append(i)
                    elif progress is not None:
                        progress.add(len(reads[i]))
                if network is not None and left_open:
                    probabilities = network.probabilities(
                        [reads[i] for i in left_open],
                        [evidence[i] for i in left_open],
                        templates,
                        progress,
                    )
                    by_network = dict(zip(left_open, probabilities, strict=True))
                for i, record in enumerate(chunk):
                    yield record, templates.reconstruct(record, evidence[i], by_network.get(i))

    def settings(self) -> dict[str, Any]:
        """Return all settings that decide the result, for the run record."""
        settings: dict[str, Any] = {**asdict(self.config), "readout": str(self.readout)}
        if self.confusion is not None:
            settings["confusion"] = self.confusion.describe()
        settings["model"] = self.checkpoint.name if self.network else None
        reference = self.templates and self.templates.finder.reference.described
        settings["reference"] = reference
        if self.templates and self.templates.share:
            settings["peptides_that_fit"] = self.templates.share.describe()
        if self.network:
            settings["precision"] = self.network.precision
            settings["device"] = self.network.device
            source = self.checkpoint.source
            if self.checkpoint.published is None and os.path.isdir(source):
                settings["model_sha256"] = weights_sha256(Path(source))
            if self.needs_calibration:
                weights = self.network.weights
                settings["calibration"] = asdict(weights) if weights else NOT_CALIBRATED
        return settings


def _check_probabilities(
    checkpoint: Checkpoint, config: PredictConfig, confusion: ConfusionTable
) -> None:
    """Raise SettingsError for settings that do not go with probabilities of labels."""
    if confusion is not None:
        raise SettingsError("confusion: probabilities of labels contain the errors; give no matrix")
    if config.mode != "templates" and not checkpoint.any_readout:
        raise SettingsError(
            f"probabilities: {checkpoint.name} takes reads of symbols only; choose --mode "
            "templates, or a readout network"
        )


def _load_templates(
    references: Sequence[str | Path],
    readout: Readout,
    config: PredictConfig,
    confusion: Confusion | None,
) -> "TemplateModel | None":
    """Return the templates of these references, or None if there are none."""
    if not references:
        return None
    from pepseq.prediction.template_model import TemplateModel
    from pepseq.templates.read_symbols import read_symbols
    from pepseq.templates.reference_files import open_reference
    from pepseq.templates.stratified_finder import StratifiedFinder

    symbols = read_symbols(readout, config.missed_label, config.misread, confusion)
    known = open_reference(references)
    finder = StratifiedFinder(known, symbols, config.kind, config.part_residues)
    return TemplateModel(finder, readout, config.candidates)


def _search_ahead(
    templates: "TemplateModel", chunks: Iterable[list[Record]], pool: Executor
) -> Iterator[tuple[list[Record], list[Read], "Iterator[CopyEvidence]"]]:
    """Yield chunks with their reads and evidence; the next chunk is searched meanwhile."""
    ahead = None
    for chunk in chunks:
        reads = [read_of(record) for record in chunk]
        searched = chunk, reads, pool.map(templates.find_evidence, reads)
        if ahead is not None:
            yield ahead
        ahead = searched
    if ahead is not None:
        yield ahead
