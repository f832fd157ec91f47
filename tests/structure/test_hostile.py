"""Damaged files: an answer or one line, never a traceback or a hang."""

import random
import signal

import numpy as np
import pytest
from complexes import mutate_complex
from structures import cif, coil, full_pdb, mutate

from pepseq.errors import InputError
from pepseq.structure.scoring.config import ScoreConfig
from pepseq.structure.scoring.pair_scores import ScoringJob, score_pair
from pepseq.structure.structure_files import read_structure
from pepseq.structure.tm_search import superpose_pairs

FILES = 400
SECONDS_PER_PAIR = 20
SEQUENCE = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAP"


@pytest.mark.parametrize("form", ["pdb", "cif"])
def test_mutated_files_are_scored_or_refused_in_one_line(tmp_path, form):
    text = full_pdb(coil(len(SEQUENCE)), SEQUENCE)
    whole = (text if form == "pdb" else cif(text)).encode()
    reference, model = tmp_path / f"r.{form}", tmp_path / f"m.{form}"
    reference.write_bytes(whole)
    superpose_pairs(np.eye(3), np.eye(3), 3)  # compiled before the time of a pair counts
    refused = scored = 0
    for seed in range(FILES // 2):
        draw = random.Random(seed)
        model.write_bytes(mutate(whole, draw))
        files = [str(model), str(reference)]
        draw.shuffle(files)
        config = ScoreConfig(correspondence=draw.choice(["index", "align"]), lddt="heavy")
        signal.alarm(SECONDS_PER_PAIR)
        try:
            row = score_pair(ScoringJob(*files, config, SEQUENCE, draw.choice(["pdb", "cif"]))).row
        except InputError as error:
            refused += 1
            assert str(error) and "\n" not in str(error)
        else:
            scored += 1
            assert 0 < row.tm_score <= 1.0001 and row.rmsd >= 0
        finally:
            signal.alarm(0)
    assert refused > 5 and scored > 40


def test_mutated_complexes_are_scored_or_refused_in_one_line(tmp_path):
    chains = [coil(20), coil(20, 1) + 6, coil(20) + 9]
    names = "ABC"
    whole = "".join(
        full_pdb(xyz, SEQUENCE[:20], name) for xyz, name in zip(chains, names, strict=True)
    ).encode()
    reference, model = tmp_path / "r.pdb", tmp_path / "m.pdb"
    reference.write_bytes(whole)
    config = ScoreConfig(complex=True)
    score_pair(ScoringJob(str(reference), str(reference), config))  # compiles
    refused = scored = 0
    for seed in range(FILES // 8):
        draw = random.Random(seed)
        model.write_bytes(mutate_complex(whole, draw))
        files = [str(model), str(reference)]
        draw.shuffle(files)
        correspondence = draw.choice(["index", "sequence", "align"])
        config = ScoreConfig(complex=True, correspondence=correspondence, lddt="heavy")
        signal.alarm(SECONDS_PER_PAIR)
        try:
            row = score_pair(ScoringJob(*files, config)).row
        except InputError as error:
            refused += 1
            assert str(error) and "\n" not in str(error)
        else:
            scored += 1
            assert 0 < row.tm_score <= 1.0001 and row.rmsd >= 0
            assert row.dockq is None or 0 <= row.dockq <= 1
            assert len(row.interface_rows) == row.interfaces
        finally:
            signal.alarm(0)
    assert refused > 2 and scored > 20


@pytest.mark.parametrize("spread", [0, 1e-3, 1])
@pytest.mark.parametrize("far", ["m.pdb", "r.pdb"])
def test_chains_far_away_and_in_one_place_are_aligned(tmp_path, spread, far):
    files = [tmp_path / "m.pdb", tmp_path / "r.pdb"]
    shifts = np.random.default_rng(0).normal(size=(35, 3)) * spread
    for path in files:
        xyz = np.array([9999.9, 0, 0]) + shifts if path.name == far else coil(35)
        path.write_text(full_pdb(np.minimum(xyz, 9990), SEQUENCE))
    signal.alarm(SECONDS_PER_PAIR)
    for is_complex in (False, True):
        config = ScoreConfig(correspondence="align", complex=is_complex)
        row = score_pair(ScoringJob(*map(str, files), config)).row
        assert 0 < row.tm_score < 0.5
    signal.alarm(0)


def test_the_mutations_differ(tmp_path):
    whole = full_pdb(coil(30), SEQUENCE[:30]).encode()
    changed = {mutate(whole, random.Random(seed)) for seed in range(100)}
    assert len(changed) > 90
    assert mutate(whole, random.Random(5)) == mutate(whole, random.Random(5))
    (tmp_path / "x").write_bytes(whole)
    assert len(read_structure(tmp_path / "x").chains[0]) == 30
