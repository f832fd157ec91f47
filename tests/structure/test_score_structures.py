"""`pepseq.score_structures`: paths and objects of other libraries give the same scores."""

import csv

import biotite.structure.io.pdb as biotite_pdb
import gemmi
import numpy as np
import pytest
from Bio.PDB import MMCIFParser, PDBParser
from structures import SEQUENCE, WorkersInProcess, atom_line, coil, full_pdb, pdb, tmtools_file

import pepseq
from pepseq.errors import InputError, SettingsError
from pepseq.structure import structure_objects
from pepseq.structure.scoring.rows import SCORE_COLUMNS

XYZ = coil(45)
PATH = tmtools_file("2gtl.pdb")


def with_biopython(path=PATH):
    return PDBParser(QUIET=True).get_structure("x", path)


def with_biotite(path=PATH, model=1):
    fields = ["b_factor", "occupancy"]
    return biotite_pdb.PDBFile.read(path).get_structure(model=model, extra_fields=fields)


@pytest.fixture
def files(tmp_path):
    model, reference = tmp_path / "model.pdb", tmp_path / "reference.pdb"
    noise = np.random.default_rng(1).normal(0, 1, XYZ.shape)
    model.write_text(pdb(XYZ + noise))
    reference.write_text(full_pdb(XYZ[3:], SEQUENCE[:42], chain="B"))
    return model, reference


READERS = {
    "text": str,
    "gemmi": lambda path: gemmi.read_structure(str(path)),
    "biopython": with_biopython,
    "biopython model": lambda path: with_biopython(path)[0],
    "biopython chain": lambda path: next(with_biopython(path).get_chains()),
    "biotite": with_biotite,
    "biotite stack": lambda path: with_biotite(path, model=None),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_objects_are_scored_as_their_files(files, read):
    config = pepseq.ScoreConfig(lddt="heavy")
    expected = pepseq.score_structures(*files, sequence=SEQUENCE[:50], config=config)
    scores = pepseq.score_structures(*map(read, files), sequence=SEQUENCE[:50], config=config)
    assert scores.to_dict() == pytest.approx(expected.to_dict(), abs=1e-5)
    assert scores.residue_pairs == expected.residue_pairs
    assert 0.1 < scores.tm_score < 1 and scores.mean_plddt is not None


def test_a_sequence_is_read_as_that_of_a_file(files):
    config = pepseq.ScoreConfig(lddt="none")
    given = SEQUENCE, f" {SEQUENCE.lower()}*\n"
    plain, spaced = (pepseq.score_structures(*files, sequence=s, config=config) for s in given)
    assert plain.to_dict() == spaced.to_dict() and plain.reference_different == 0
    for wrong in (5, b"MK", "M1", ""):
        with pytest.raises(InputError, match="^sequence:"):
            pepseq.score_structures(*files, sequence=wrong, config=config)


@pytest.mark.parametrize(
    "read",
    [
        lambda: gemmi.read_structure(str(PATH)),
        with_biopython,
        lambda: MMCIFParser(QUIET=True).get_structure("x", tmtools_file("2gtl.cif")),
        with_biotite,
    ],
    ids=["gemmi", "biopython", "biopython mmCIF", "biotite"],
)
def test_an_entry_in_memory_has_the_residues_of_its_file(read):
    structure = structure_objects.load_structure(read(), "x")
    for one, other in zip(structure.chains, pepseq_chains(), strict=True):
        assert (one.name, one.numbers, one.sequence) == (other.name, other.numbers, other.sequence)
        assert one.atom_names == other.atom_names
        assert np.allclose(one.atoms, other.atoms, atol=1e-4)


def pepseq_chains():
    return structure_objects.load_structure(PATH, "x").chains


def test_an_experiment_is_known_from_biopython_and_gemmi():
    for source in (with_biopython(), gemmi.read_structure(str(PATH))):
        assert structure_objects.load_structure(source, "x").experimental


def test_alternative_locations_count_as_in_a_file(tmp_path):
    lines = pdb(XYZ).splitlines(keepends=True)
    two = [
        atom_line(5, XYZ[4] + shift, residue=residue, altloc=altloc, occupancy=occupancy)
        for shift, residue, altloc, occupancy in ((0, "TYR", "A", 0.3), (1, "TRP", "B", 0.7))
    ]
    path = tmp_path / "x.pdb"
    path.write_text("".join([*lines[:4], *two, *lines[5:]]))
    for source in (path, with_biopython(path)):
        structure = structure_objects.load_structure(source, "x")
        assert structure.chains[0].sequence[4] == "W" and structure.left_out == {"repeated": 1}


def test_scores_are_the_row_of_the_table(files, tmp_path, monkeypatch):
    monkeypatch.setattr("pepseq.structure.scoring.workers.Workers", WorkersInProcess)
    pepseq.score(*files, tmp_path / "scores.tsv")
    with open(tmp_path / "scores.tsv") as stream:
        (row,) = csv.DictReader(stream, delimiter="\t")
    scores = pepseq.score_structures(*files).to_dict()
    assert ("id", "model", "reference", *scores) == SCORE_COLUMNS
    assert scores["corresponding"] == int(row["corresponding"])
    for column in ("tm_score", "rmsd", "lddt", "mean_plddt"):
        assert scores[column] == pytest.approx(float(row[column]), abs=1e-3)
    assert {type(value) for value in scores.values()} == {int, float, str, type(None)}


def test_residue_pairs_and_the_superposition_are_of_the_chains(files):
    scores = pepseq.score_structures(*files, config=pepseq.ScoreConfig(correspondence="align"))
    assert scores.residue_pairs[0] == ("4", "1") and len(scores.residue_pairs) == 42
    model, reference = (structure_objects.load_structure(path, "x").chains[0] for path in files)
    pairs, move = scores.superposition.pairs, scores.superposition
    lying = model.ca[pairs[:, 0]] @ move.rotation.T + move.translation
    assert np.linalg.norm(lying - reference.ca[pairs[:, 1]], axis=1).mean() < 3


def test_an_object_is_not_changed(files):
    source = gemmi.read_structure(str(files[0]))
    source.add_model(source[0].clone(), pos=-1)
    before = source.make_pdb_string()
    assert pepseq.score_structures(source, source).model_left_out == "models=1"
    assert source.make_pdb_string() == before and len(source) == 2


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        (7, SettingsError, "model: expected a path, or a structure of Biopython, biotite or gemmi"),
        (gemmi.Structure(), InputError, "model: expected a structure with atoms, found none"),
        ("none.pdb", InputError, "none.pdb: no such file"),
    ],
)
def test_what_is_no_structure_is_named(files, source, error, words):
    with pytest.raises(error, match=words):
        pepseq.score_structures(source, files[1])


def test_a_chain_that_is_not_there_is_named(files):
    source = gemmi.read_structure(str(files[0]))
    with pytest.raises(InputError, match="model: expected a protein chain 'Z', found A"):
        pepseq.score_structures(source, source, config=pepseq.ScoreConfig(chain="Z"))
