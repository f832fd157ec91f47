"""Small references made in memory, and readouts of them."""

import random

import numpy as np

from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.templates.reference import Reference
from pepseq.templates.substitution import encode

K1, K2 = Readout("K1"), Readout("K2")


def reference_of(pairs):
    """A reference of (id, sequence) pairs that lies in no folder."""
    names = [name.encode() for name, _ in pairs]
    return Reference(
        np.concatenate([encode(s) for _, s in pairs]),
        np.cumsum([0, *(len(s) for _, s in pairs)]),
        np.frombuffer(b"".join(names), np.uint8),
        np.cumsum([0, *(len(n) for n in names)]),
        None,
        {},
    )


def masked(sequence, readout=K1):
    """The readout of a protein, as in memory."""
    return mask_sequence(sequence, readout).residues


def shuffled(sequence, seed=1):
    """The same residues in random order."""
    residues = list(sequence)
    random.Random(seed).shuffle(residues)
    return "".join(residues)


def changed(sequence, share, seed=1):
    """A relative: so large a share of its residues is drawn anew."""
    draw = random.Random(seed)
    return "".join(
        draw.choice("ACDEFGHIKLMNPQRSTVWY") if draw.random() < share else a for a in sequence
    )
