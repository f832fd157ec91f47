"""Alignments of residues: rows with gaps, and residues that correspond by sequence."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import SHARED
from structures import SEQUENCE, coil, pdb, real_chains

import pepseq
from pepseq.structure.alignment_rows import align_rows
from pepseq.structure.sequence_alignment import align_sequences
from pepseq.structure.structure_files import read_structure

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"


def chain(tmp_path, sequence, name="A"):
    path = tmp_path / f"{name}.pdb"
    path.write_text(pdb(coil(len(sequence)), sequence, chain=name))
    return read_structure(path).chains[0]


def test_rows_have_corresponding_residues_in_one_column(tmp_path):
    one, two = chain(tmp_path, "MKTAY"), chain(tmp_path, "GGKTWYV", "B")
    rows = align_rows(one, two, np.array([[1, 2], [2, 3], [4, 5]]))
    assert (rows.model_row, rows.reference_row) == ("M--KTA-Y-", "-GGKT-WYV")
    assert (rows.model_chain, rows.reference_chain) == ("A", "B")
    backwards = align_rows(one, two, np.array([[1, 2], [0, 3], [4, 1], [4, 5]]))
    assert backwards.model_row.replace("-", "") == one.sequence
    assert backwards.reference_row.replace("-", "") == two.sequence
    alone = align_rows(one, two, np.zeros((0, 2), int))
    assert (alone.model_row, alone.reference_row) == ("MKTAY-------", "-----GGKTWYV")


@given(st.text(AMINO_ACIDS, min_size=3, max_size=30), st.text("ACDXUO", min_size=3, max_size=30))
def test_any_two_sequences_are_aligned_in_order(one, two):
    pairs = align_sequences(one, two)
    assert (np.diff(pairs, axis=0) > 0).all() and (pairs >= 0).all()
    assert (pairs < [len(one), len(two)]).all()
    assert align_sequences(one, one).tolist() == [[i, i] for i in range(len(one))]


def test_residues_that_are_cut_out_are_gaps():
    sequence = SEQUENCE
    for start, size in ((0, 9), (20, 9), (len(sequence) - 9, 9)):
        cut = sequence[:start] + sequence[start + size :]
        kept = [*range(start), *range(start + size, len(sequence))]
        assert align_sequences(cut, sequence).tolist() == [list(p) for p in enumerate(kept)]
        assert align_sequences(sequence, cut).tolist() == [[k, i] for i, k in enumerate(kept)]


def copies(path, draw, folder):
    """Renumbered, mutated and cut copies of a structure, and the residues that each keeps."""
    (whole,) = read_structure(path).chains[:1]
    sequence = "".join(
        draw.choice(AMINO_ACIDS) if draw.random() < 0.1 else residue for residue in whole.sequence
    )
    start, size = draw.randint(10, len(whole) - 20), draw.randint(3, 9)
    kept = [k for k in range(len(whole)) if not start <= k < start + size]
    everything = list(range(len(whole)))
    for name, residues, keep, first in (
        ("same", whole.sequence, everything, 1),
        ("renumbered", whole.sequence, everything, draw.randint(100, 900)),
        ("mutated", sequence, everything, draw.randint(1000, 2000)),
        ("cut", sequence, kept, draw.randint(3000, 4000)),
    ):
        numbers = range(first, first + len(keep))
        text = pdb(whole.ca[keep], "".join(residues[k] for k in keep), numbers)
        copy = folder / f"{name}.pdb"
        copy.write_text(text)
        yield name, copy, keep


def real_structures(tmp_path):
    if (SHARED / "structures").is_dir():
        yield from sorted((SHARED / "structures").glob("*.pdb"))
    for k, (numbers, xyz) in enumerate(list(real_chains())[:2]):
        path = tmp_path / f"real{k}.pdb"
        path.write_text(pdb(xyz, numbers=numbers))
        yield path


@pytest.mark.parametrize("seed", range(3))
def test_copies_have_the_score_by_index_of_the_original(tmp_path, seed):
    draw = random.Random(seed)
    by_sequence = pepseq.ScoreConfig(correspondence="sequence", lddt="ca")
    for path in real_structures(tmp_path):
        (whole,) = read_structure(path).chains[:1]
        moved = whole.ca + np.cumsum([[draw.gauss(0, 0.2)] * 3 for _ in whole.ca], axis=0)
        reference = tmp_path / "reference.pdb"
        reference.write_text(pdb(moved, whole.sequence))
        expected = None
        for name, copy, keep in copies(path, draw, tmp_path):
            scores = pepseq.score_structures(copy, reference, config=by_sequence)
            if expected is None:
                expected = pepseq.score_structures(copy, reference, config=pepseq.ScoreConfig())
            if name == "cut":  # a residue beside the cut may be aligned to its other side
                assert len(keep) - 3 <= scores.corresponding <= len(keep)
                assert scores.tm_score_by_reference < expected.tm_score_by_reference
                continue
            assert scores.corresponding == len(whole)
            for column in ("tm_score_by_model", "tm_score_by_reference", "rmsd", "lddt"):
                value = getattr(expected, column)
                assert getattr(scores, column) == pytest.approx(value, abs=1e-6), (name, path)
