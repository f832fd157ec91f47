"""Predictions in shards of a few records each."""

import pytest
from shard_runs import BAD

from pepseq.prediction import predictor
from pepseq.prediction.predictor import ChunkSettings
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout


@pytest.fixture
def source(fasta, small_proteins, monkeypatch):
    """Twenty reads and three records that cannot be used, predicted in chunks of a few records."""
    monkeypatch.setattr(predictor, "CHUNKS", ChunkSettings(residues=150, batches=1))
    good = [mask_sequence(s, Readout("K1")).residues for _, s in small_proteins]
    records = [(f"p{n:02} OX=562", residues) for n, residues in enumerate(good)]
    return fasta("r.fasta", records[:5] + BAD[:2] + records[5:] + BAD[2:])


@pytest.fixture
def predicted(run, source, protbert, fasta, proteins, tmp_path):
    """Predict with templates and network, or one of them, in `of` shards (None: unsharded)."""
    known = fasta("known.fasta", proteins[5:30])
    ways = {
        "auto": ["--model", protbert, "--reference", known],
        "model": ["--model", protbert, "--batch-residues", "150"],
        "templates": ["--mode", "templates", "--reference", known],
    }

    def predicted(of, way="auto", name="part", codes=(0,), extra=("--keep-going",), **change):
        common = ["predict", change.get("source", source), *ways[way], "--readout", "K1"]
        common += ["--device", "cpu", "--threads", 1, *extra]
        outputs = []
        for number in range(1, of + 1) if of else [0]:
            out = tmp_path / f"{name}{number}.fasta"
            mine = ["--shard", f"{number}/{of}"] if of else []
            done = run(*common, *mine, "-o", out, "--table", tmp_path / f"{name}{number}.tsv.gz")
            assert done.code in codes, done.err
            outputs.append(out)
        return outputs

    return predicted
