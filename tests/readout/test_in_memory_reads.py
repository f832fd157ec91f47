"""Reads in memory: every form gives the records of a FASTA file."""

from pathlib import Path

import pandas as pd
import pytest
from Bio.Seq import Seq
from Bio.SeqRecord import SeqRecord

from pepseq.errors import InputError
from pepseq.readout.in_memory_reads import records_of
from pepseq.sequences.fasta import Record

TEXTS = {"p1": "MXX[DE]K", "p2": "kxx?"}
FORMS = {
    "mapping": TEXTS,
    "pairs": list(TEXTS.items()),
    "SeqRecords": [SeqRecord(Seq(text), id=name) for name, text in TEXTS.items()],
    "Records": [Record("p1", "", "MXXdK", 1), Record("p2", "", "KXXX", 9)],
    "DataFrame": pd.DataFrame({"id": TEXTS.keys(), "sequence": TEXTS.values(), "run": 1}),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_records(form):
    records = records_of(FORMS[form], {"d": "DE"})
    assert [(r.id, r.sequence) for r in records] == [("p1", "MXXdK"), ("p2", "KXXX")]


@pytest.mark.parametrize(
    ("reads", "words"),
    [
        ("MXXK", "put it in a list"),
        (Path("reads.fasta"), "put it in a list"),
        ([], "at least one read"),
        (["MX1"], "reads:1: '1'"),
        ([("a", "MX"), ("a", "MXX")], "an earlier record has the same id"),
        (pd.DataFrame({"name": ["a"]}), "columns id and sequence"),
        ([Record("a", "", "MXd", 1), ("b", "M[DN]")], "expected the group"),
    ],
)
def test_faulty_reads_are_refused(reads, words):
    with pytest.raises(InputError) as error:
        records_of(reads, {"d": "DE"})
    assert words in str(error.value)
