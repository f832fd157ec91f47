"""The paired alignment: FASTA, and A3M with the unpaired rows below the paired ones."""

import numpy as np
import pytest

from pepseq.errors import InputError
from pepseq.pairing.msa import alignment_in_memory
from pepseq.pairing.paired_msa import Complex, PairedAlignment, find_query

A = alignment_in_memory({"a0": "A-C", "a1": "DXE", "a2": "-M-", "a3": "MMM"}, "a")
B = alignment_in_memory({"b0": "FG", "b1": "-K", "b2": "KL"}, "b")
C = alignment_in_memory({"c0": "WW", "c1": "YY"}, "c")
PAIRS = [Complex("x", ("a1", "b2"), 1.0), Complex("x", ("a0", "b0"), 0.75)]
TRIPLES = [Complex("x", ("a1", "b2", "c0"), 1.0), Complex("y", ("a0", None, "c1"), 0.5)]


def a3m(families, complexes, query, min_confidence=0.0, paired_only=False):
    alignment = PairedAlignment(families, complexes, query, min_confidence)
    return b"".join(alignment.a3m(paired_only)).decode().splitlines()


def test_a_fasta_has_the_rows_of_the_families_side_by_side():
    alignment = PairedAlignment((A, B), PAIRS, PAIRS[0], 0)
    assert b"".join(alignment.fasta()).decode() == (
        ">a1+b2 species=x confidence=1.0000\nDXEKL\n>a0+b0 species=x confidence=0.7500\nA-CFG\n"
    )
    alignment = PairedAlignment((A, B, C), TRIPLES, TRIPLES[0], 0)
    assert b">a0+c1 species=y confidence=0.5000\nA-C--YY\n" in b"".join(alignment.fasta())


def test_the_unpaired_rows_are_below_the_paired_ones():
    lines = a3m((A, B), PAIRS, PAIRS[0])
    paired = ["#3,2\t1,1", ">101\t102", "DXEKL", ">a0\tb0", "A-CFG"]
    of_a = [">101", "DXE--", ">a2", "-M---", ">a3", "MMM--"]
    of_b = [">102", "---KL", ">b1", "----K"]
    assert lines == paired + of_a + of_b
    assert a3m((A, B), PAIRS, PAIRS[0], paired_only=True) == paired + of_a[:2] + of_b[:2]


def test_columns_without_a_residue_of_the_query_are_left_out():
    # a0 has a gap in the second column, where a2 has its only residue
    lines = a3m((A, B), PAIRS, PAIRS[1])
    assert lines[:5] == ["#2,2\t1,1", ">101\t102", "ACFG", ">a1\tb2", "DEKL"]
    assert lines[5:] == [">101", "AC--", ">a3", "MM--", ">102", "--FG", ">b1", "---K"]


def test_pairs_of_low_confidence_are_unpaired_rows():
    lines = a3m((A, B), PAIRS, PAIRS[0], min_confidence=0.8)
    assert ">a0\tb0" not in lines
    assert lines[lines.index(">a0") + 1] == "A-C--" and lines[lines.index(">b0") + 1] == "---FG"
    # the query stays, whatever its confidence
    assert a3m((A, B), PAIRS, PAIRS[1], min_confidence=0.8)[3] == ">a1\tb2"


def test_three_families_and_a_complex_that_lacks_one():
    lines = a3m((A, B, C), TRIPLES, TRIPLES[0])
    assert lines[:3] == ["#3,2,2\t1,1,1", ">101\t102\t103", "DXEKLWW"]
    assert lines[3:5] == [">a0\tDUMMY\tc1", "A-C--YY"]
    assert lines[5:11] == [">101", "DXE----", ">a2", "-M-----", ">a3", "MMM----"]
    assert lines[11:17] == [">102", "---KL--", ">b0", "---FG--", ">b1", "----K--"]
    assert lines[17:] == [">103", "-----WW"]


def test_the_query_is_the_first_complete_complex_or_the_one_named():
    assert find_query(TRIPLES, (A, B, C), None) == TRIPLES[0]
    assert find_query(PAIRS, (A, B), None) == PAIRS[1]
    assert find_query(PAIRS, (A, B), "a1") == PAIRS[0]
    for query in ("a0", "a3"):  # lacks a protein of B; in no complex
        with pytest.raises(InputError, match="a protein of each family"):
            find_query(TRIPLES, (A, B, C), query)
    with pytest.raises(InputError, match="expected a protein of FAMILY_A in a pair"):
        find_query(PAIRS, (A, B), "a2")


def parse_as_colabfold(lines):
    """Return paired and unpaired (name, row) of each chain, as `colabfold.batch` reads them.

    The rules of ColabFold 1.5: two lines for each row; a row with residues in several chains is
    paired, and its names are divided by tabs.
    """
    lengths = [int(length) for length in lines[0][1:].split("\t")[0].split(",")]
    ends = np.cumsum(lengths)
    paired, unpaired = ([[] for _ in lengths] for _ in range(2))
    for header, row in zip(lines[1::2], lines[2::2], strict=True):
        assert header[0] == ">" and len(row) == sum(lengths)
        parts = [row[end - length : end] for end, length in zip(ends, lengths, strict=True)]
        filled = [part.strip("-") != "" for part in parts]
        for place, part in enumerate(parts):
            if sum(filled) > 1:
                paired[place].append((header[1:].split("\t")[place], part))
            elif filled[place]:
                unpaired[place].append((header[1:], part))
    return paired, unpaired


def test_colabfold_tells_paired_from_unpaired_rows():
    paired, unpaired = parse_as_colabfold(a3m((A, B, C), TRIPLES, TRIPLES[0]))
    assert paired[1] == [("102", "KL"), ("DUMMY", "--")]
    assert [name for name, _ in unpaired[0]] == ["101", "a2", "a3"]
    assert [name for name, _ in unpaired[1]] == ["102", "b0", "b1"]
