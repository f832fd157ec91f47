"""Batches of masked windows."""

import pytest
import torch

from pepseq import FinetuneConfig
from pepseq.errors import InputError
from pepseq.models.masked_lm import read_vocabulary
from pepseq.models.random_weights import new_masked_lm
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.training.data import IGNORED, TrainingBatches


def batches(records, readouts=("KCYM",), **settings):
    _, tokenizer = new_masked_lm("tiny")
    config = FinetuneConfig(**{"window": 1022} | settings)
    return TrainingBatches(
        [Record(i, "", s, 1) for i, s in records],
        [Readout(r) for r in readouts],
        read_vocabulary(tokenizer, "tiny"),
        config,
    ), tokenizer


def test_hidden_amino_acids_are_scored():
    data, tokenizer = batches([("a", "MAGXUCK")])
    item = data[0]
    tokens = tokenizer.convert_ids_to_tokens(item["input_ids"][0])
    assert tokens == ["[CLS]", "M"] + ["[MASK]"] * 4 + ["C", "K", "[SEP]"]
    labels = [
        None if x == IGNORED else tokenizer.convert_ids_to_tokens(int(x)) for x in item["labels"][0]
    ]
    assert labels == [None, None, "A", "G", None, None, None, None, None]


def test_the_loss_all_scores_observed_amino_acids_too():
    data, _ = batches([("a", "MAGXUCK")], loss="all")
    assert (data[0]["labels"] != IGNORED).sum() == 5


def test_members_of_a_group_are_hidden_and_candidates():
    data, tokenizer = batches([("a", "MEAGCDK")], readouts=("CKM[DE]",))
    item = data[0]
    tokens = tokenizer.convert_ids_to_tokens(item["input_ids"][0])
    assert tokens == ["[CLS]", "M", *["[MASK]"] * 3, "C", "[MASK]", "K", "[SEP]"]
    candidates = tokenizer.convert_ids_to_tokens(data.candidates(0).tolist())
    scored = tokenizer.convert_ids_to_tokens(item["labels"][item["labels"] != IGNORED].tolist())
    assert scored == ["E", "A", "G", "D"] and set(scored) <= set(candidates)
    assert not set(candidates) & set("CKM")


def test_batches_depend_on_the_records_and_the_seed_alone(proteins):
    first, _ = batches(proteins[:30], batch_residues=900)
    again, _ = batches(proteins[:30], batch_residues=900)
    other, _ = batches(proteins[:30], batch_residues=900, seed=2)
    for i in range(len(first)):
        assert all(torch.equal(first[i][k], again[i][k]) for k in ("input_ids", "labels"))
    assert len(other) == len(first)


def test_every_hidden_residue_is_scored_for_every_readout(proteins):
    data, _ = batches(proteins[:40], ("K1", "K2"), window=100, overlap=0, batch_residues=500)
    scored = sum(int((data[i]["labels"] != IGNORED).sum()) for i in range(len(data)))
    expected = sum(r not in o for _, s in proteins[:40] for r in s for o in ("KCYM", "KCYMRHWST"))
    assert scored >= expected and scored < 1.2 * expected
    assert all(data[i]["input_ids"].numel() <= 500 for i in range(len(data)))


def test_proteins_without_a_hidden_residue_are_left_out():
    data, _ = batches([("a", "KCYM"), ("b", "MAK")])
    assert len(data) == 1 and "b" in data.describe(0)


def test_data_without_any_hidden_residue_are_an_input_error():
    with pytest.raises(InputError, match="hidden residue to learn from"):
        batches([("a", "KCYM")])
