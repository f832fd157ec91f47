"""pepseq: from the few amino acids that an instrument reads to the whole protein.

Functions on files, one for each command: `download`, `split`, `mask`, `simulate`, `quantify`,
`predict`, `search`, `merge`, `lookup`, `design_label_table`, `finetune`, `pair`, `pair_several`,
`fold`, `fetch_structures`, `score`, `evaluate`, `compare_evaluations`, `evaluate_pairs`,
`evaluate_quantity_tables`, `merge_amount_tables` and `report`, with settings such as
`PredictConfig`.

Functions on sequences, alignments and structures in memory: `simulate_reads`, `quantify_reads`,
`merge_amounts`, `reconstruct`, `find_proteins`, `design_labels`, `pair_alignments`,
`score_structures`, `score_complexes`, `evaluate_sequences` and `evaluate_quantities`.

The library of references: `add_reference`, `list_references`, `read_reference`,
`update_reference`, `verify_reference`, `remove_reference` and `suggest_reference`.

Each is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pepseq.version import __version__

if TYPE_CHECKING:
    from pepseq.design.config import DesignConfig as DesignConfig
    from pepseq.design.design_label_table import design_label_table as design_label_table
    from pepseq.design.design_labels import design_labels as design_labels
    from pepseq.digestion.config import DigestConfig as DigestConfig
    from pepseq.evaluation.compare import compare_evaluations as compare_evaluations
    from pepseq.evaluation.evaluate import evaluate as evaluate
    from pepseq.evaluation.evaluate_sequences import evaluate_sequences as evaluate_sequences
    from pepseq.evaluation.pairs import evaluate_pairs as evaluate_pairs
    from pepseq.evaluation.quantities import QuantityEvaluation as QuantityEvaluation
    from pepseq.evaluation.quantities import evaluate_quantities as evaluate_quantities
    from pepseq.evaluation.quantity_files import (
        evaluate_quantity_tables as evaluate_quantity_tables,
    )
    from pepseq.evaluation.result import Evaluation as Evaluation
    from pepseq.fluorosequencing.error_model import SequencingErrors as SequencingErrors
    from pepseq.identification.config import LookupConfig as LookupConfig
    from pepseq.identification.find_proteins import find_proteins as find_proteins
    from pepseq.identification.lookup import lookup as lookup
    from pepseq.identification.suggest_config import SuggestConfig as SuggestConfig
    from pepseq.identification.suggest_reference import suggest_reference as suggest_reference
    from pepseq.library.add import add_reference as add_reference
    from pepseq.library.add import update_reference as update_reference
    from pepseq.library.entries import LibraryReference as LibraryReference
    from pepseq.library.entries import list_references as list_references
    from pepseq.library.entries import read_reference as read_reference
    from pepseq.library.maintenance import remove_reference as remove_reference
    from pepseq.library.maintenance import verify_reference as verify_reference
    from pepseq.pairing.config import PairConfig as PairConfig
    from pepseq.pairing.pair import pair as pair
    from pepseq.pairing.pair_alignments import pair_alignments as pair_alignments
    from pepseq.pairing.pair_several import pair_several as pair_several
    from pepseq.prediction.config import PredictConfig as PredictConfig
    from pepseq.prediction.merge import merge as merge
    from pepseq.prediction.predict import predict as predict
    from pepseq.prediction.reconstruct import reconstruct as reconstruct
    from pepseq.prediction.search import search as search
    from pepseq.quantification.config import QuantifyConfig as QuantifyConfig
    from pepseq.quantification.merge_amounts import merge_amount_tables as merge_amount_tables
    from pepseq.quantification.merge_amounts import merge_amounts as merge_amounts
    from pepseq.quantification.merge_config import MergeAmountsConfig as MergeAmountsConfig
    from pepseq.quantification.quantify import quantify as quantify
    from pepseq.quantification.quantify_reads import quantify_reads as quantify_reads
    from pepseq.quantification.simulate import simulate as simulate
    from pepseq.quantification.simulate_reads import simulate_reads as simulate_reads
    from pepseq.quantification.simulation_config import SimulateConfig as SimulateConfig
    from pepseq.readout.noise import Noise as Noise
    from pepseq.readout.readout import Readout as Readout
    from pepseq.readout.simulation import mask as mask
    from pepseq.reporting.build import report as report
    from pepseq.splitting.config import SplitConfig as SplitConfig
    from pepseq.splitting.split import split as split
    from pepseq.structure.alphafold_db.config import FetchConfig as FetchConfig
    from pepseq.structure.alphafold_db.download import fetch_structures as fetch_structures
    from pepseq.structure.folding.config import FoldConfig as FoldConfig
    from pepseq.structure.folding.fold import fold as fold
    from pepseq.structure.scoring.complex_scores import score_complexes as score_complexes
    from pepseq.structure.scoring.config import ScoreConfig as ScoreConfig
    from pepseq.structure.scoring.pair_scores import score_structures as score_structures
    from pepseq.structure.scoring.score import score as score
    from pepseq.training.config import FinetuneConfig as FinetuneConfig
    from pepseq.training.finetune import finetune as finetune
    from pepseq.uniprot.config import DownloadConfig as DownloadConfig
    from pepseq.uniprot.download import download as download

_MODULE_OF = {
    "Readout": "pepseq.readout.readout",
    "Noise": "pepseq.readout.noise",
    "download": "pepseq.uniprot.download",
    "DownloadConfig": "pepseq.uniprot.config",
    "split": "pepseq.splitting.split",
    "SplitConfig": "pepseq.splitting.config",
    "mask": "pepseq.readout.simulation",
    "simulate": "pepseq.quantification.simulate",
    "simulate_reads": "pepseq.quantification.simulate_reads",
    "SimulateConfig": "pepseq.quantification.simulation_config",
    "quantify": "pepseq.quantification.quantify",
    "quantify_reads": "pepseq.quantification.quantify_reads",
    "QuantifyConfig": "pepseq.quantification.config",
    "merge_amounts": "pepseq.quantification.merge_amounts",
    "merge_amount_tables": "pepseq.quantification.merge_amounts",
    "MergeAmountsConfig": "pepseq.quantification.merge_config",
    "DigestConfig": "pepseq.digestion.config",
    "SequencingErrors": "pepseq.fluorosequencing.error_model",
    "finetune": "pepseq.training.finetune",
    "FinetuneConfig": "pepseq.training.config",
    "predict": "pepseq.prediction.predict",
    "PredictConfig": "pepseq.prediction.config",
    "merge": "pepseq.prediction.merge",
    "search": "pepseq.prediction.search",
    "reconstruct": "pepseq.prediction.reconstruct",
    "lookup": "pepseq.identification.lookup",
    "LookupConfig": "pepseq.identification.config",
    "find_proteins": "pepseq.identification.find_proteins",
    "suggest_reference": "pepseq.identification.suggest_reference",
    "SuggestConfig": "pepseq.identification.suggest_config",
    "design_labels": "pepseq.design.design_labels",
    "design_label_table": "pepseq.design.design_label_table",
    "DesignConfig": "pepseq.design.config",
    "add_reference": "pepseq.library.add",
    "update_reference": "pepseq.library.add",
    "LibraryReference": "pepseq.library.entries",
    "list_references": "pepseq.library.entries",
    "read_reference": "pepseq.library.entries",
    "remove_reference": "pepseq.library.maintenance",
    "verify_reference": "pepseq.library.maintenance",
    "pair": "pepseq.pairing.pair",
    "pair_alignments": "pepseq.pairing.pair_alignments",
    "pair_several": "pepseq.pairing.pair_several",
    "PairConfig": "pepseq.pairing.config",
    "fold": "pepseq.structure.folding.fold",
    "FoldConfig": "pepseq.structure.folding.config",
    "fetch_structures": "pepseq.structure.alphafold_db.download",
    "FetchConfig": "pepseq.structure.alphafold_db.config",
    "score": "pepseq.structure.scoring.score",
    "ScoreConfig": "pepseq.structure.scoring.config",
    "score_structures": "pepseq.structure.scoring.pair_scores",
    "score_complexes": "pepseq.structure.scoring.complex_scores",
    "evaluate": "pepseq.evaluation.evaluate",
    "evaluate_sequences": "pepseq.evaluation.evaluate_sequences",
    "Evaluation": "pepseq.evaluation.result",
    "compare_evaluations": "pepseq.evaluation.compare",
    "evaluate_pairs": "pepseq.evaluation.pairs",
    "evaluate_quantities": "pepseq.evaluation.quantities",
    "QuantityEvaluation": "pepseq.evaluation.quantities",
    "evaluate_quantity_tables": "pepseq.evaluation.quantity_files",
    "report": "pepseq.reporting.build",
}

__all__ = ["__version__", *_MODULE_OF]


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        return getattr(import_module(_MODULE_OF[name]), name)
    raise AttributeError(f"module 'pepseq' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
