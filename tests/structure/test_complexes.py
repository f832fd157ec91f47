"""Complexes: DockQ as the program DockQ has it, assignment of chains, TM-score, interface lDDT."""

import csv
import random
from collections import defaultdict

import gemmi
import numpy as np
import pytest
from complexes import (
    EXPECTED,
    SCORES,
    move,
    octamer,
    real_complex,
    small_turn,
    write,
    write_perturbed,
)
from places import SHARED

import pepseq
from pepseq.errors import InputError, SettingsError
from pepseq.structure.lddt import lddt
from pepseq.structure.structure_files import read_structure

OCTAMER_DOCKQ = 0.4838975
"""GlobalDockQ of DockQ 2.1.3 for the octamer below."""


def dockq_rows():
    rows = defaultdict(dict)
    with open(EXPECTED) as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            rows[int(row["number"])][frozenset(row["reference_chains"])] = row
    return rows


DOCKQ = dockq_rows()
FEW = sorted(DOCKQ)[::17]


def settings(**more):
    return pepseq.ScoreConfig(complex=True, **{"lddt": "none", **more})


def structure_of(model):
    structure = gemmi.Structure()
    structure.add_model(model)
    return structure


def scored(model, reference, **more):
    return pepseq.score_complexes(
        structure_of(model), structure_of(reference), config=settings(**more)
    )


def assert_as_dockq(tmp_path, number):
    files = write_perturbed(tmp_path, number)
    scores = pepseq.score_complexes(*files, config=settings())
    rows = [row for row in scores.interface_rows if row.dockq is not None]
    found = {frozenset((row.reference_chain1, row.reference_chain2)): row for row in rows}
    assert set(found) == set(DOCKQ[number])
    for chains, expected in DOCKQ[number].items():
        row = found[chains]
        assert {row.model_chain1, row.model_chain2} == set(expected["model_chains"])
        values = [getattr(row, name) for name in SCORES]
        assert values == pytest.approx([float(expected[name]) for name in SCORES], abs=1e-3)


@pytest.mark.parametrize("number", FEW)
def test_interfaces_have_the_scores_of_the_program(tmp_path, number):
    assert_as_dockq(tmp_path, number)


@pytest.mark.slow
@pytest.mark.parametrize("number", sorted(set(DOCKQ) - set(FEW)))
def test_all_interfaces_have_the_scores_of_the_program(tmp_path, number):
    assert_as_dockq(tmp_path, number)


def test_the_expected_values_cover_good_and_bad_models():
    assert len(DOCKQ) >= 200  # no interface, or a chain that DockQ finds no partner for, in others
    values = [float(row["dockq"]) for rows in DOCKQ.values() for row in rows.values()]
    assert min(values) < 0.1 and max(values) > 0.95 and sum(0.23 < v < 0.8 for v in values) > 50


@pytest.mark.skipif(not (SHARED / "complexes").is_dir(), reason="needs published complexes")
def test_published_complexes_have_the_scores_of_dockq_and_usalign():
    folder = SHARED / "complexes"
    with open(folder / "expected.tsv") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    for name in {row["model"] for row in rows}:
        of_name = [row for row in rows if row["model"] == name]
        files = folder / f"{name}.gz", folder / f"{of_name[0]['reference']}.gz"
        for correspondence in ("sequence", "index", "align"):
            scores = pepseq.score_complexes(*files, config=settings(correspondence=correspondence))
            assert len(scores.interface_rows) == len(of_name)
            for row, expected in zip(scores.interface_rows, of_name, strict=True):
                assert row.model_chain1 == expected["model_chain1"]
                for column in SCORES[:4]:
                    value = getattr(row, column)
                    assert value == pytest.approx(float(expected[column]), abs=1e-3)
            expected = of_name[0]
            assert scores.dockq == pytest.approx(float(expected["global_dockq"]), abs=1e-3)
            for side in ("model", "reference"):
                tm_score = getattr(scores, f"tm_score_by_{side}")
                assert tm_score == pytest.approx(float(expected[f"usalign_tm_{side}"]), abs=1e-3)
            sides = expected["usalign_model_chains"], expected["usalign_reference_chains"]
            chains = {":".join(pair) for pair in zip(*(s.split(":") for s in sides), strict=True)}
            assert set(scores.chain_pairs.split(",")) == chains


def test_eight_chains_are_assigned_among_576():
    draw = random.Random(3)
    names = list("ABCDEFGH")
    draw.shuffle(names)
    model = octamer(names)
    for chain in model:
        move(chain, small_turn(draw, 10), [draw.gauss(0, 1) for _ in range(3)])
    scores = scored(model, octamer("ABCDEFGH"))
    # the copies are alike, so that any of four turns may fit best
    pairs = [pair.split(":") for pair in scores.dockq_chain_pairs.split(",")]
    turned = {(names.index(m) - "ABCDEFGH".index(r)) % 8 for m, r in pairs}
    assert len(turned) == 1 and scores.interfaces == 8
    assert scores.dockq == pytest.approx(OCTAMER_DOCKQ, abs=1e-4)
    assert scores.chain_pairs == scores.dockq_chain_pairs and 0.9 < scores.tm_score < 1


def test_more_chains_than_are_searched_are_assigned_by_superposition(monkeypatch):
    monkeypatch.setattr("pepseq.structure.scoring.docking_assignment.MAX_ASSIGNMENTS", 5)
    scores = scored(octamer("BADCFEHG"), octamer("ABCDEFGH"))
    assert scores.dockq == pytest.approx(1, abs=1e-6) and scores.tm_score == pytest.approx(1)


def test_chains_that_are_missing_leave_interfaces_without_scores():
    scores = scored(real_complex("AD"), real_complex("ABCD"))
    assert (scores.model_chains, scores.reference_chains) == (2, 4)
    assert scores.chain_pairs == "A:A,D:D" and scores.dockq == pytest.approx(1)
    rows = [row for row in scores.interface_rows if row.dockq is None]
    assert len(rows) == scores.missing_interfaces == scores.interfaces - 1 > 0
    for row in rows:
        assert None in (row.model_chain1, row.model_chain2) and row.reference_contacts > 0
        assert row.irmsd is row.fnat is row.lddt is None
    lengths = scores.model_residues, scores.reference_residues
    assert scores.tm_score_by_model == pytest.approx(1, abs=1e-6)
    assert scores.tm_score_by_reference == pytest.approx(lengths[0] / lengths[1], abs=1e-6)
    assert scores.tm_score == scores.tm_score_by_reference
    other_way = scored(real_complex("ABCD"), real_complex("AD"))
    assert (other_way.interfaces, other_way.missing_interfaces) == (1, 0)
    assert other_way.chain_pairs == "A:A,D:D" and other_way.dockq == pytest.approx(1)


def test_two_copies_of_a_chain_stand_for_one_of_them_only():
    model = real_complex("AE")  # two copies of one protein, of which the reference has one
    scores = scored(model, real_complex("AB"))
    assert scores.chain_pairs in ("A:A", "E:A") and scores.dockq is None
    assert (scores.interfaces, scores.missing_interfaces) == (1, 1)


def test_a_structure_of_one_chain_has_a_tm_score_and_no_interfaces():
    scores = scored(real_complex("A"), real_complex("A"), lddt="ca")
    assert scores.tm_score == pytest.approx(1, abs=1e-6)
    assert scores.dockq is scores.interface_lddt is None and scores.interface_rows == ()


def test_interface_lddt_counts_distances_between_chains_only():
    model, reference = real_complex("AD"), real_complex("AD")
    assert scored(model, reference, lddt="heavy").interface_lddt == 1
    move(model[1], small_turn(random.Random(1), 25), [2, 0, 0])
    scores = scored(model, reference, lddt="ca")
    (row,) = scores.interface_rows
    assert row.lddt == pytest.approx(scores.interface_lddt) and row.lddt < scores.lddt < 1
    one, two = (read.chains for read in map(read_back, (model, reference)))
    for a, b in zip(one, two, strict=True):  # each chain is kept as it was
        pairs = np.stack([np.arange(len(a))] * 2, axis=1)
        assert lddt(a, b, pairs, "ca") == pytest.approx(1, abs=1e-3)
    distances = np.linalg.norm(two[0].ca[:, None] - two[1].ca, axis=2)
    shifts = np.abs(np.linalg.norm(one[0].ca[:, None] - one[1].ca, axis=2) - distances)
    kept = np.mean([shifts[distances < 15] < limit for limit in (0.5, 1, 2, 4)])
    assert row.lddt == pytest.approx(kept, abs=2e-3)


def read_back(model):
    from pepseq.structure.structure_objects import load_structure

    return load_structure(structure_of(model), "model")


def test_other_numbers_need_an_alignment(monkeypatch):
    model, reference = real_complex("AD"), real_complex("AD")
    for chain in model:
        for residue in chain:
            residue.seqid = gemmi.SeqId(residue.seqid.num + 1000, " ")
    assert scored(model, reference).tm_score == pytest.approx(1, abs=1e-6)
    for assignments in (50_000, 0):  # searched by DockQ, or by superposition
        monkeypatch.setattr(
            "pepseq.structure.scoring.docking_assignment.MAX_ASSIGNMENTS", assignments
        )
        with pytest.raises(InputError, match="correspondence sequence or align compares them"):
            scored(model, reference, correspondence="index")


def test_other_sequences_need_align():
    model, reference = real_complex("AD"), real_complex("AD")
    for chain in model:
        for residue in chain:
            residue.name = "GLY"
    with pytest.raises(InputError, match="correspondence align compares any chains"):
        scored(model, reference)
    scores = scored(model, reference, correspondence="align")
    assert scores.chain_pairs == "A:A,D:D" and scores.tm_score == pytest.approx(1, abs=1e-6)
    assert scores.different > 250 and scores.dockq == pytest.approx(1, abs=1e-6)


def test_a_mutated_chain_stands_for_its_own():
    model = real_complex("AEB")
    for residue in list(model["A"])[:10]:
        residue.name = "TRP"
    scores = scored(model, real_complex("AEB"))
    # chain A of the model differs, so that E can stand for either; A is left for the other
    assert {pair[0] for pair in scores.chain_pairs.split(",")} >= {"B", "E"}
    assert scores.tm_score > 0.6


def test_a_complex_is_scored_by_its_own_function(tmp_path):
    path = write(tmp_path / "x.pdb", real_complex("AD"))
    with pytest.raises(SettingsError, match="score_complexes"):
        pepseq.score_structures(path, path, config=settings())
    with pytest.raises(SettingsError, match="^chain"):
        pepseq.ScoreConfig(complex=True, chain="A")
    assert read_structure(path).chains[0].name == "A"
    assert pepseq.score_complexes(path, path, config=settings()).dockq == pytest.approx(1)
