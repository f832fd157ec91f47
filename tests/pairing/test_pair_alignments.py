"""Pairing of alignments in memory: the same pairs as from files, and errors that name the row."""

import pandas as pd
import pytest
from Bio import Align, AlignIO
from places import DATA

import pepseq
from pepseq.errors import InputError, PepseqError
from pepseq.pairing import msa
from pepseq.sequences.fasta import read_fasta

A, B = DATA / "pairs_a.fasta", DATA / "pairs_b.fasta"
CONFIG = pepseq.PairConfig(method="random", runs=4)
FAMILY_A = {"a1 [x]": "MAG", "a2 [x]": "MCG", "a3 [y]": "KAG", "a4 [z]": "RRR"}
FAMILY_B = {"b1 [x]": "LL", "b2 [x]": "LV", "b3 [y]": "CC"}


def headers_and_rows(path):
    return [(record.header, record.sequence) for record in read_fasta(path, rows=True)]


@pytest.fixture(scope="module")
def table_of_files(tmp_path_factory):
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    pepseq.pair(A, B, path, config=CONFIG)
    return path.read_text()


def as_table(pairing):
    frame = pairing.to_dataframe()
    frame["confidence"] = frame["confidence"].map("{:.4f}".format)
    frame["known"] = frame["known"].map({True: "yes", False: "no"})
    return frame.to_csv(sep="\t", index=False)


@pytest.mark.parametrize(
    "read",
    [
        headers_and_rows,
        lambda path: dict(headers_and_rows(path)),
        lambda path: AlignIO.read(path, "fasta"),
        lambda path: Align.read(path, "fasta"),
    ],
    ids=["tuples", "dict", "MultipleSeqAlignment", "Alignment"],
)
def test_alignments_in_memory_have_the_pairs_of_their_files(read, table_of_files):
    pairing = pepseq.pair_alignments(read(A), read(B), config=CONFIG)
    assert as_table(pairing) == table_of_files


def test_a_pairing_has_pairs_unpaired_proteins_and_its_method():
    pairing = pepseq.pair_alignments(FAMILY_A, FAMILY_B, species="bracket", config=CONFIG)
    assert {pair.species for pair in pairing.pairs} == {"x", "y"}
    first = pairing.pairs[0]
    assert (first.protein_a, first.protein_b, first.confidence) == ("a3", "b3", 1.0)
    assert not first.known
    assert [(row.family, row.protein) for row in pairing.unpaired] == [("A", "a4")]
    assert pairing.choice.method == "random"


def test_species_may_be_a_mapping_of_ids():
    rows_a, rows_b = ({h.split()[0]: row for h, row in f.items()} for f in (FAMILY_A, FAMILY_B))
    species = {"a1": "x", "a2": "x", "a3": "y", "b1": "x", "b2": "x", "b3": "y"}
    by_mapping = pepseq.pair_alignments(rows_a, rows_b, species=species, config=CONFIG)
    by_rule = pepseq.pair_alignments(FAMILY_A, FAMILY_B, species="bracket", config=CONFIG)
    assert by_mapping.pairs == by_rule.pairs
    assert [row.species for row in by_mapping.unpaired] == [""]


def test_known_pairs_are_kept():
    pairing = pepseq.pair_alignments(
        FAMILY_A, FAMILY_B, species="bracket", known=[("a1", "b2")], config=CONFIG
    )
    known = [pair for pair in pairing.pairs if pair.known]
    assert [(pair.protein_a, pair.protein_b) for pair in known] == [("a1", "b2")]


@pytest.mark.parametrize(
    ("family_a", "known", "words"),
    [
        ({}, (), "family_a: the alignment has no rows"),
        ({"a1 [x]": "MAG", "a2 [x]": "MA"}, (), r"family_a: .*'a2' \(line 2\) has 2"),
        ({"a1 [x]": "M1G"}, (), "family_a:1: 'a1': expected amino acids or gaps, found '1'"),
        (
            [("a1 [x]", "MAG"), ("a1 [y]", "MAG")],
            (),
            "family_a:2: 'a1': an earlier record has",
        ),
        ({"a1 [w]": "MAG"}, (), "family_a, family_b: no species is in both families"),
        (FAMILY_A, [("a1", "b3")], "known: pair 1: a pair needs two proteins of one species"),
        (FAMILY_A, [("a1", "b1"), ("q", "b2")], "known: pair 2: 'q': there is no such protein"),
        (FAMILY_A, [("a1", "b1", "x")], r"known: pair 1: expected \(id in A, id in B\), found"),
        (FAMILY_A, [(1, 2)], r"known: pair 1: expected \(id in A, id in B\), found"),
        (FAMILY_A, pd.DataFrame({"a": ["a1"]}), "known: expected a list of pairs of ids, found"),
        (FAMILY_A, None, "known: expected a list of pairs of ids, found NoneType"),
    ],
)
def test_input_that_does_not_fit_is_an_input_error(family_a, known, words):
    with pytest.raises(InputError, match=words):
        pepseq.pair_alignments(family_a, FAMILY_B, species="bracket", known=known, config=CONFIG)


@pytest.mark.parametrize("species", [["x"], 5, {"a1": 1, "b1": 1}, {"a1": float("nan")}])
def test_species_of_another_type_are_refused(species):
    with pytest.raises(PepseqError, match="^species: expected "):
        pepseq.pair_alignments(FAMILY_A, FAMILY_B, species=species, config=CONFIG)


def test_rows_of_an_alignment_of_texts_are_numbered():
    alignment = Align.Alignment(["MAG", "MCG"])
    assert msa.alignment_in_memory(alignment, "family_a").ids == ("1", "2")
