"""Sequences in memory become the records that a FASTA file with them has."""

import math

import numpy as np
import pandas as pd
import pytest
from Bio.Seq import Seq
from Bio.SeqRecord import SeqRecord

from pepseq.errors import InputError
from pepseq.sequences.fasta import Record
from pepseq.sequences.sequence_records import sequence_records

EXPECTED = [("P1", "MKV"), ("P2", "MKL")]


@pytest.mark.parametrize(
    "sequences",
    [
        {"P1": "MKV", "P2": "m kl*"},
        {"P1": Seq("MKV"), "P2": Seq("MKL")},
        [("P1", "MKV"), ("P2", "MKL")],
        [SeqRecord(Seq("MKV"), id="P1"), SeqRecord(Seq("MKL"), id="P2", description="P2 kinase")],
        pd.DataFrame({"sequence": ["MKV", "MKL"], "id": ["P1", "P2"], "length": [3, 3]}),
        (pair for pair in EXPECTED),
        [Record("P1", "", "MKV", 7), Record("P2", "kinase", "MKL", 9)],
        {"P1": SeqRecord(Seq("MKV"), id="x"), "P2": SeqRecord(Seq("MKL"), id="y")},
    ],
    ids=[
        *("dict", "dict of Seq", "pairs", "SeqRecords", "DataFrame", "generator", "Records"),
        "dict of SeqRecords",
    ],
)
def test_every_kind_of_sequences_gives_the_same_records(sequences):
    records = sequence_records(sequences)
    assert [(record.id, record.sequence) for record in records] == EXPECTED
    assert [record.line for record in records] == [1, 2]


def test_a_list_of_texts_is_numbered_from_1():
    assert [record.id for record in sequence_records(["MKV", "MKL"])] == ["1", "2"]


def test_hidden_residues_and_groups_of_readouts_are_read():
    groups = {}
    records = sequence_records({"P1": "K?[DE]X"}, reads=True, groups=groups)
    assert records[0].sequence == "KXdX" and groups == {"d": "DE"}


@pytest.mark.parametrize(
    ("sequences", "words"),
    [
        ("MKV", "expected several sequences, found one str; put it in a list"),
        (SeqRecord(Seq("MKV"), id="P1"), "found one SeqRecord; put it in a list"),
        ({"MKV", "MKL"}, "expected a list, a dict or a DataFrame of sequences, found set"),
        (np.array("MKV"), "expected a list, a dict or a DataFrame of sequences, found ndarray"),
        (pd.DataFrame([["P1", "MK", "MK"]], columns=["id", *2 * ["sequence"]]), "once each"),
        ({"P1": Seq(None, 3)}, "truth: sequence 1 is no text"),
        ([bytearray(b"MKV")], "truth: sequence 1 is no text"),
        ({math.nan: "MKV"}, "truth: id 1 is no text: found 'nan'"),
        ([SeqRecord(Seq("MKV"), id=None)], "truth: id 1 is no text: found 'None'"),
        ({("P1", 1): "MKV"}, "truth: id 1 is no text"),
        ({"P1\nP2": "MKV"}, "truth: id 1 is no text"),
        ({"P\ud800": "MKV"}, "id or sequence 1 has a character that is no text"),
        ({"P" * 2_000_000: "MKV"}, "or a header of more than 1,048,576 bytes"),
        ({"P1": "MK1"}, "truth:1: 'P1': expected amino acids, found '1' at residue 3"),
        ([("P1", "MK"), ("P1", "ML")], "truth:2: 'P1': an earlier record has the same id"),
        ({"P1": ""}, "truth:1: 'P1': the record has no residues"),
        (pd.DataFrame({"name": ["P1"], "sequence": ["MK"]}), "the columns id and sequence"),
    ],
)
def test_a_faulty_sequence_is_an_input_error(sequences, words):
    with pytest.raises(InputError, match=words):
        sequence_records(sequences, "truth")


@pytest.mark.parametrize("sequences", [5, None, [b"MKV"], [["MKV"]], {"P1": None}, [float("nan")]])
def test_what_is_no_text_is_an_input_error(sequences):
    with pytest.raises(InputError, match="reads: (expected a list|sequence 1 is no text)"):
        sequence_records(sequences, "reads")
