"""pepseq: from the few amino acids that an instrument reads to the whole protein.

The commands are plain functions here, loaded when first asked for:
`download`, `split`, `mask`, `predict`, `merge`, `lookup`, `finetune`, `pair`, `fold`,
`fetch_structures`, `score`, `evaluate`, `report`, `compare_evaluations`, `evaluate_pairs`,
`Readout` and `Noise`.
"""

from importlib import import_module

from pepseq.version import __version__

_WHERE = {
    "Readout": "pepseq.readout.readout",
    "Noise": "pepseq.readout.noise",
    "download": "pepseq.sequences.uniref",
    "DownloadConfig": "pepseq.sequences.config",
    "split": "pepseq.evaluation.split",
    "SplitConfig": "pepseq.sequences.config",
    "mask": "pepseq.readout.simulate",
    "finetune": "pepseq.reconstruction.finetune",
    "FinetuneConfig": "pepseq.reconstruction.config",
    "predict": "pepseq.reconstruction.predict",
    "PredictConfig": "pepseq.reconstruction.config",
    "merge": "pepseq.reconstruction.merge",
    "lookup": "pepseq.reconstruction.lookup",
    "LookupConfig": "pepseq.reconstruction.config",
    "pair": "pepseq.pairing.pair",
    "PairConfig": "pepseq.pairing.config",
    "fold": "pepseq.structure.fold",
    "FoldConfig": "pepseq.structure.config",
    "fetch_structures": "pepseq.structure.fetch",
    "FetchConfig": "pepseq.structure.config",
    "score": "pepseq.structure.score",
    "ScoreConfig": "pepseq.structure.config",
    "evaluate": "pepseq.evaluation.evaluate",
    "compare_evaluations": "pepseq.evaluation.cross",
    "evaluate_pairs": "pepseq.evaluation.pairs",
    "report": "pepseq.report.report",
}

__all__ = ["__version__", *_WHERE]


def __getattr__(name: str):
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'pepseq' has no attribute {name!r}")
