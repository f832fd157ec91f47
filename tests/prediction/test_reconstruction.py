from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepseq import Readout
from pepseq.network import inputs as network_inputs
from pepseq.prediction.reconstruction import (
    CopiedTemplates,
    Reconstruction,
    candidates_of,
    choose_residues,
)
from pepseq.prediction.residue_table import table_rows
from pepseq.readout.masking import MaskedSequence
from pepseq.sequences.fasta import Record
from pepseq.sequences.residues import AMINO_ACIDS

READOUT = Readout("CY[DE][QST]")
MEMBERS = {"X": READOUT.hidden, "d": "DE", "q": "QST"}


def read_of(residues):
    return Record("p", "", residues, 1)


def softmax_of(row, members):
    weights = {a: np.exp(float(row[AMINO_ACIDS.index(a)])) for a in members}
    return {a: w / sum(weights.values()) for a, w in weights.items()}


@given(st.text("CYXdq", min_size=1, max_size=30), st.integers(0, 2**32), st.booleans())
def test_a_position_of_a_group_takes_its_likeliest_member(residues, seed, everything):
    logits = np.random.default_rng(seed).normal(size=(len(residues), 20)).astype(np.float32)
    usual = candidates_of(READOUT, "all" if everything else "hidden")
    done = choose_residues(read_of(residues), logits, usual, READOUT.groups)
    assert done.hidden.tolist() == [i for i, a in enumerate(residues) if a in "Xdq"]
    for row, position in enumerate(done.hidden):
        symbol = residues[position]
        expected = softmax_of(logits[position], usual if symbol == "X" else MEMBERS[symbol])
        assert done.sequence[position] == max(expected, key=expected.get)
        for column, amino_acid in enumerate(done.candidates):
            given = done.probabilities[row, column]
            assert given == pytest.approx(expected.get(amino_acid, 0), abs=1e-9)
    assert not set(done.sequence) - set(AMINO_ACIDS)


def test_the_table_of_a_group_has_its_members_only():
    logits = np.zeros((3, 20))
    logits[:, AMINO_ACIDS.index("E")] = 1
    done = choose_residues(read_of("Cdd"), logits, "", READOUT.groups)
    rows = "".join(table_rows(done)).splitlines()
    assert rows[0] == "p\t1\tC\tobserved\t1.000000" + "\t" * 8
    assert (
        rows[1]
        == rows[2].replace("3", "2", 1)
        == "p\t2\tE\tpredicted\t0.731059\tD\t0.268941" + "\t" * 6
    )


def test_the_rows_of_a_long_protein_come_in_parts(monkeypatch):
    rng = np.random.default_rng(5)
    read = read_of("".join(rng.choice(list("CYXXXdq"), 50)))
    weights = rng.random((50, 2)) / 2
    done = choose_residues(read, rng.normal(size=(50, 20)), READOUT.hidden, READOUT.groups)
    done = replace(
        done, templates=CopiedTemplates(("a", "b"), weights, weights.sum(1), weights[:, 0])
    )
    (whole,) = table_rows(done)
    monkeypatch.setattr(network_inputs, "SLICE_RESIDUES", 7)
    assert len(list(table_rows(done))) == 8 and "".join(table_rows(done)) == whole


def test_inconsistent_reconstructions_are_refused():
    masked = MaskedSequence("MX")
    with pytest.raises(ValueError, match="observed residues"):
        Reconstruction("p", masked, "AA", np.array([1]), "AL", np.array([[0.5, 0.5]]))
    with pytest.raises(ValueError, match="sum to 1"):
        Reconstruction("p", masked, "MA", np.array([1]), "AL", np.array([[0.5, 0.6]]))
