"""Files of predict as tests see them, and model folders that say what they were trained for."""

import json
import shutil

import numpy as np
import pandas as pd
from known import K1

from pepseq.models.checkpoints import write_manifest
from pepseq.sequences.fasta import read_fasta


def sequences(path):
    """The proteins of a FASTA file by id."""
    return {r.id: r.sequence for r in read_fasta(path)}


def table_of(path):
    """The table of predict, empty cells as empty texts."""
    return pd.read_csv(path, sep="\t", keep_default_na=False, low_memory=False)


def accuracy(path, pairs, readout=K1):
    """Hidden-residue accuracy over all residues of (id, true protein) pairs."""
    predicted = sequences(path)
    same = [
        a == b
        for name, true in pairs
        for a, b in zip(true, predicted[name], strict=True)
        if a not in readout.observed
    ]
    return np.mean(same)


def trained_for(readouts, base, folder):
    """A copy of a base model whose description has these readouts and windows of 200."""
    shutil.copytree(base, folder)
    description = {"readouts": readouts, "window": 200}
    (folder / "pepseq.json").write_text(json.dumps(description))
    write_manifest(folder)
    return folder
