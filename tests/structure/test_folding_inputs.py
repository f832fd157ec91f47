"""Proteins and complexes that `fold` reads: FASTA, tables of chains, A3M."""

import random

import pytest

from pepseq.errors import InputError
from pepseq.structure.folding.complex_a3m import read_complex_a3m
from pepseq.structure.folding.complex_alignment import AlignedRow
from pepseq.structure.folding.folding_inputs import read_folding_inputs

A, B = "MKTAYIAK", "LVRWC"
A3M = f"""#8,5\t1,1
>101\t102
{A}{B}
>a1\tb1
MKTAY-AKLVRWC
>a2\tDUMMY
MK-AYIAKL---C
>101
{A}-----
>a9
MKTAYIAR-----
>102
--------{B}
>b9
--------LVRaaWC
"""


@pytest.fixture
def read(tmp_path):
    def call(name, content, pair_mode="unpaired_paired"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        bad = []
        return read_folding_inputs(path, pair_mode, bad), bad

    return call


def test_the_alignment_of_a_complex(read):
    ((one,), bad) = read("malg.a3m", A3M)
    assert not bad and (one.id, one.chains, one.residues) == ("malg", (A, B), 13)
    assert one.alignment.paired == (
        AlignedRow(("a1", "b1"), ("MKTAY-AK", "LVRWC")),
        AlignedRow(("a2", "DUMMY"), ("MK-AYIAK", "L---C")),
    )
    assert one.alignment.unpaired == ((("a9", "MKTAYIAR"),), (("b9", "LVRaaWC"),))
    assert one.alignment.a3m() == A3M


@pytest.mark.parametrize(("mode", "paired", "unpaired"), [("paired", 2, 0), ("unpaired", 0, 6)])
def test_pair_modes(read, mode, paired, unpaired):
    ((one,), _) = read("x.a3m", A3M, mode)
    assert len(one.alignment.paired) == paired
    assert sum(map(len, one.alignment.unpaired)) == unpaired
    ((both,), _) = read("x.a3m", A3M)
    assert one.sha256 != both.sha256 and one.sequence == both.sequence


def test_an_a3m_without_a_first_line_is_that_of_one_chain(read):
    ((one,), _) = read("x.a3m", f">q\n{A}\n>r\nMKxxTAYI--\n")
    assert one.chains == (A,) and not one.is_complex
    assert one.alignment.unpaired == ((("r", "MKxxTAYI--"),),)


def test_copies_of_a_chain(read):
    ((one,), _) = read("x.a3m", A3M.replace("1,1", "1,2", 1))
    assert one.chains == (A, B, B) and one.entities.copies == (1, 2)
    ((other,), _) = read("x.fasta", f">x y z\n{B}:{A}:{B}\n")
    assert other.chains == (B, B, A) and other.header == "x y z" and other.alignment is None


def test_complexes_of_fasta(read):
    text = f">a\n{A}\n>b\n{A[:4]}\n{A[4:]}:\n{B}\n>c\n{A}:\n>d\n{A}:M1\n>a\n{A}\n"
    records, bad = read("x.fasta", text + f">e\n{':'.join('A' * 10_000)}\n")
    assert [(one.id, one.chains) for one in records] == [("a", (A,)), ("b", (A, B))]
    assert [(one.line, one.reason) for one in bad] == [
        (7, "chain 2: the record has no residues"),
        (9, "chain 2: expected amino acids, found '1' at residue 2"),
        (11, "an earlier record has the same id"),
        (13, "expected at most 62 chains, found 10000"),
    ]


def test_a_table_of_chains(read, tmp_path):
    (tmp_path / "a.a3m").write_text(f">q\n{A}\n>r\nMKTAYIA-\n")
    rows = ["complex\tchain\tsequence\tmsa", f"c/1\tA\t{A}\ta.a3m", f"c/1\tB\t{B}\t"]
    rows += [f"alone\tA\t{A}\t", f"copies\tA\t{A}\t", f"copies\tB\t{A}\t"]
    records, bad = read("x.tsv", "\n".join(rows))
    assert not bad and [one.id for one in records] == ["c/1", "alone", "copies"]
    assert records[0].chains == (A, B)
    assert records[0].alignment.unpaired == ((("r", "MKTAYIA-"),), ())
    assert records[1].alignment is None and records[2].chains == (A, A)


def test_wrong_rows_of_a_table(read, tmp_path):
    (tmp_path / "b.a3m").write_text(f">q\n{B}\n")
    rows = ["complex\tchain\tsequence\tmsa", f"a\tA\t{A}\tb.a3m", f"b\tA\t{A}\t"]
    rows += [f"b\tA\t{B}\t", "c\tA\tM:K\t", f"d\tA\t{A}\tnone.a3m"]
    rows += [f"e\tc{number}\t{A}\t" for number in range(10_000)]
    records, bad = read("x.tsv", "\n".join(rows))
    assert not records
    words = ["with the sequence of the table", "an earlier row has the same chain", "found ':'"]
    words += ["none.a3m", "at most 62 chains, found 10000"]
    for failed, expected in zip(bad, words, strict=True):
        assert expected in failed.reason and "\n" not in failed.reason
    for text in ("complex\tchain\nx\ty\n", "complex\tchain\tsequence\n", ""):
        with pytest.raises(InputError, match=r"x\.tsv"):
            read("x.tsv", text)


def test_fasta_in_a_file_with_the_name_of_a_table(read):
    assert read("x.tsv", f">a\n{A}\n")[0][0].chains == (A,)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ":1: expected an A3M, found an empty file"),
        (b"#8,5\t1,1\n", "expected rows of an A3M, found none"),
        (b"#0,13\t1,1\n>q\nMKTAYIAKLVRWC\n", ":1: expected # with the lengths"),
        (b"#8,5\t1\n>q\nMKTAYIAKLVRWC\n", ":1: expected # with the lengths"),
        (b"#8,5 1,1\n>q\nMKTAYIAKLVRWC\n", ":1: expected # with the lengths"),
        (b"#-8,5\t1,1\n>q\nMKTAYIAKLVRWC\n", ":1: expected # with the lengths"),
        (b"#8\t999\n>q\nMKTAYIAK\n", ":1: expected at most 62 chains, found 999"),
        (b"#8,6\t1,1\n>q\nMKTAYIAKLVRWC\n", ":2: expected the query in the first row, 14"),
        (b"#8,5\t1,1\n>q\nMKTAYIAK-VRWC\n", ":2: expected the query in the first row, 13"),
        (b"#8,5\t1,1\nMKTAYIAKLVRWC\n", ":2: expected a row with >, found 'MKTAYIAKLVRWC'"),
        (b"#8,5\t1,1\n>q\nMKTAYIAKLVRWC\n>r\nMK\n", ":4: 'r': expected a row of 13 columns"),
        (b"#8,5\t1,1\n>q\nMKTAYIAKLVRWC\n>r\nMK1\n", ":4: 'r': expected amino acids and gaps"),
        (b"\x1f\x8b\x08broken", "x.a3m"),
        (b"\xff\xfe\x00\x00" * 9, "expected a row with >"),
    ],
)
def test_wrong_a3m_files(read, content, words):
    with pytest.raises(InputError) as caught:
        read("x.a3m", content)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_damaged_a3m_files_are_read_or_refused_in_one_line(tmp_path):
    draw, path = random.Random(1), tmp_path / "x.a3m"
    refused = 0
    for _ in range(500):
        content = bytearray(A3M.encode())
        for _ in range(draw.randint(1, 4)):
            place = draw.randrange(len(content))
            content[place : place + draw.randint(0, 3)] = bytes(
                draw.randrange(256) for _ in range(draw.randint(0, 3))
            )
        path.write_bytes(content)
        try:
            assert read_complex_a3m(path).a3m().startswith("#")
        except InputError as error:
            refused += 1
            assert "\n" not in str(error) and str(path) in str(error)
    assert 100 < refused < 500
