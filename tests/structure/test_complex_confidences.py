"""Scores of predicted complexes: files of the programs, PAE of interfaces, pDockQ."""

import json
import math

import numpy as np
import pytest
from structures import SEQUENCE, coil, full_pdb, pdb

from pepseq.structure.folding.confidences import interface_pae, read_confidences
from pepseq.structure.folding.pdockq import pdockq
from pepseq.structure.folding.predictor_files import find_prediction
from pepseq.structure.structure_files import read_structure

PAE = [[0.5, 4, 6], [2, 0.5, 8], [10, 12, 0.5]]


def test_pdockq_is_that_of_its_formula(tmp_path):
    path = tmp_path / "x.pdb"
    line = np.arange(6)[:, None] * np.array([3.8, 0, 0])
    residues = "AAGAAA"
    b = [40.0, 50, 60, 70, 80, 90]
    chain = pdb(line, residues, b=b)
    path.write_text(chain + pdb(line + np.array([0, 7.5, 0]), residues, chain="B", b=b))
    model = read_structure(path)
    distances = np.linalg.norm(model.chains[0].ca[:, None] - model.chains[1].ca, axis=2)
    contacts = int((distances <= 8).sum())
    expected = 0.724 / (1 + math.exp(-0.052 * (65 * math.log10(contacts) - 152.611))) + 0.018
    assert contacts == 6 and pdockq(model.chains) == pytest.approx(expected, abs=1e-12)
    assert pdockq(model.chains[:1]) is None
    path.write_text(chain + pdb(line + np.array([0, 9, 0]), residues, chain="B", b=b))
    assert pdockq(read_structure(path).chains) == 0


def test_pdockq_counts_the_distance_of_beta_atoms(tmp_path):
    path = tmp_path / "x.pdb"
    chain = full_pdb(coil(5), "AAAAA")
    path.write_text(chain + full_pdb(coil(5) + 40, "AAAAA", "B"))
    assert pdockq(read_structure(path).chains) == 0
    path.write_text(chain + full_pdb(coil(5) + 1, "AAAAA", "B"))
    assert pdockq(read_structure(path).chains) > 0.018


def test_pae_of_interfaces():
    assert interface_pae(np.array(PAE), [2, 1]) == pytest.approx((6 + 8 + 10 + 12) / 4)
    for lengths in ([3], [1, 1], [3, 1]):
        assert interface_pae(np.array(PAE), lengths) is None
    assert interface_pae(None, [2, 1]) is None


@pytest.fixture
def folder(tmp_path):
    def write(**files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, dict) and path.suffix == ".npz":
                np.savez(path, **content)
            else:
                path.write_text(content if isinstance(content, str) else json.dumps(content))
        return tmp_path

    return write


PROGRAMS = {
    "alphafold3": (
        {
            "x/x_model.cif": "best",
            "x/x_summary_confidences.json": {"ptm": 0.8, "iptm": 0.7},
            "x/x_confidences.json": {"pae": PAE},
            "x/seed-1_sample-0/x_seed-1_sample-0_model.cif": "other",
        },
        "x_summary_confidences.json",
    ),
    "boltz": (
        {
            "boltz_results_x/predictions/x/x_model_0.cif": "best",
            "boltz_results_x/predictions/x/x_model_1.cif": "other",
            "boltz_results_x/predictions/x/confidence_x_model_0.json": {"ptm": 0.8, "iptm": 0.7},
            "boltz_results_x/predictions/x/pae_x_model_0.npz": {"pae": np.array(PAE)},
        },
        "confidence_x_model_0.json",
    ),
    "chai": (
        {
            "pred.model_idx_0.cif": "other",
            "pred.model_idx_1.cif": "best",
            "scores.model_idx_0.npz": {"aggregate_score": np.array([0.3])},
            "scores.model_idx_1.npz": {
                "aggregate_score": np.array([0.4]),
                "ptm": np.array([0.8]),
                "iptm": np.array([0.7]),
                "pae": np.array(PAE),
            },
        },
        "scores.model_idx_1.npz",
    ),
    "colabfold": (
        {
            "x_relaxed_rank_001_alphafold2_multimer_v3_model_1_seed_000.pdb": "best",
            "x_unrelaxed_rank_001_alphafold2_multimer_v3_model_1_seed_000.pdb": "other",
            "x_unrelaxed_rank_002_alphafold2_multimer_v3_model_2_seed_000.pdb": "other",
            "x_scores_rank_001_alphafold2_multimer_v3_model_1_seed_000.json": {
                "ptm": 0.8,
                "iptm": 0.7,
                "pae": PAE,
            },
        },
        "x_scores_rank_001_alphafold2_multimer_v3_model_1_seed_000.json",
    ),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_files_of_programs(folder, program):
    files, kept = PROGRAMS[program]
    path, scores = find_prediction(folder(**files))
    assert path.read_text() == "best" and scores.file.name == kept
    assert (scores.ptm, scores.iptm) == (0.8, 0.7)
    assert scores.pae.tolist() == PAE


@pytest.mark.parametrize("program", PROGRAMS)
def test_missing_scores_are_none(folder, program):
    files, _ = PROGRAMS[program]
    found = folder(**{name: content for name, content in files.items() if isinstance(content, str)})
    path, scores = find_prediction(found)
    if program != "chai":  # which ranks its models by their scores
        assert path.read_text() == "best"
    assert (scores.ptm, scores.iptm, scores.pae, scores.file) == (None, None, None, None)


def test_a_structure_of_an_unknown_program(folder):
    assert find_prediction(folder(**{"log.txt": ""})).endswith("found 0")
    assert find_prediction(folder(**{"a.pdb": "best"}))[0].name == "a.pdb"
    assert find_prediction(folder(**{"b.cif": "other"})).endswith("found 2")


@pytest.mark.parametrize("value", ["NaN", "1e999", "-0.1", '"x"', "null", "[[1]]", "{}"])
def test_scores_that_are_no_numbers_are_none(tmp_path, value):
    path = tmp_path / "scores.json"
    path.write_text(f'{{"ptm": {value}, "iptm": 0.5, "pae": {value}}}')
    scores = read_confidences(path)
    assert (scores.ptm, scores.iptm) == (None, 0.5)
    assert scores.pae is None or scores.pae.tolist() == [[1]]


@pytest.mark.parametrize("name", ["x.json", "x.npz"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"[1, 2]", b"\x93NUMPY", b"[" * 100_000])
def test_damaged_scores_are_none(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    scores = read_confidences(tmp_path / name)
    assert (scores.ptm, scores.iptm, scores.pae) == (None, None, None)


def test_pdockq_is_that_of_colabfold(tmp_path):
    """`colabfold.alphafold.ipsae.get_interface_scores` of ColabFold 1.6.3 on the same atoms."""
    expected = [0.6035, 0.2064, 0.1737, 0.0183, 0.0]
    for seed, value in enumerate(expected):
        draw, plddt = np.random.default_rng(seed), {}
        a, b = coil(40, seed), coil(30, seed + 50) + 3.0 * seed
        text = full_pdb(a, SEQUENCE[:40]) + full_pdb(b, (SEQUENCE * 2)[5:35], "B")
        path = tmp_path / "x.pdb"
        with open(path, "w") as stream:
            for line in text.splitlines():
                if line[17:20] != "GLY" or line[12:16].strip() != "CB":
                    plddt.setdefault(line[21:26], draw.uniform(20, 99))  # drawn for each atom
                    stream.write(f"{line[:60]}{plddt[line[21:26]]:6.2f}{line[66:]}\n")
        assert pdockq(read_structure(path).chains) == pytest.approx(value, abs=6e-5)
