"""Damaged files: an answer or one line, never a traceback or a hang."""

import random
import signal

import numpy as np
import pytest
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


def test_the_mutations_differ(tmp_path):
    whole = full_pdb(coil(30), SEQUENCE[:30]).encode()
    changed = {mutate(whole, random.Random(seed)) for seed in range(100)}
    assert len(changed) > 90
    assert mutate(whole, random.Random(5)) == mutate(whole, random.Random(5))
    (tmp_path / "x").write_bytes(whole)
    assert len(read_structure(tmp_path / "x").chains[0]) == 30
