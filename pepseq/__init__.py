"""pepseq: from the few amino acids that an instrument reads to the whole protein.

The commands are plain functions here, loaded when first asked for:
`download`, `split`, `mask`, `predict`, `reconstruct`, `merge`, `lookup`, `find_proteins`,
`finetune`, `pair`, `pair_alignments`, `fold`, `fetch_structures`, `score`, `score_structures`,
`evaluate`, `evaluate_sequences`, `report`, `compare_evaluations`, `evaluate_pairs`, `Readout` and
`Noise`.
"""

from importlib import import_module

from pepseq.version import __version__

_WHERE = {
    "Readout": "pepseq.readout.readout",
    "Noise": "pepseq.readout.noise",
    "download": "pepseq.uniprot.download",
    "DownloadConfig": "pepseq.uniprot.config",
    "split": "pepseq.splitting.split",
    "SplitConfig": "pepseq.splitting.config",
    "mask": "pepseq.readout.simulation",
    "finetune": "pepseq.training.finetune",
    "FinetuneConfig": "pepseq.training.config",
    "predict": "pepseq.prediction.predict",
    "PredictConfig": "pepseq.prediction.config",
    "merge": "pepseq.prediction.merge",
    "reconstruct": "pepseq.prediction.reconstruct",
    "lookup": "pepseq.identification.lookup",
    "LookupConfig": "pepseq.identification.config",
    "find_proteins": "pepseq.identification.find_proteins",
    "pair": "pepseq.pairing.pair",
    "pair_alignments": "pepseq.pairing.pair_alignments",
    "PairConfig": "pepseq.pairing.config",
    "fold": "pepseq.structure.folding.fold",
    "FoldConfig": "pepseq.structure.folding.config",
    "fetch_structures": "pepseq.structure.alphafold_db.download",
    "FetchConfig": "pepseq.structure.alphafold_db.config",
    "score": "pepseq.structure.scoring.score",
    "ScoreConfig": "pepseq.structure.scoring.config",
    "score_structures": "pepseq.structure.scoring.pair_scores",
    "evaluate": "pepseq.evaluation.evaluate",
    "evaluate_sequences": "pepseq.evaluation.evaluate_sequences",
    "Evaluation": "pepseq.evaluation.result",
    "compare_evaluations": "pepseq.evaluation.compare",
    "evaluate_pairs": "pepseq.evaluation.pairs",
    "report": "pepseq.reporting.build",
}

__all__ = ["__version__", *_WHERE]


def __getattr__(name: str):
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'pepseq' has no attribute {name!r}")
