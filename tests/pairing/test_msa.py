import gzip

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pepseq.errors import InputError, SettingsError
from pepseq.pairing.msa import (
    ALIGNED_WITH_FAMSA,
    INSERTIONS_LEFT_OUT,
    SYMBOLS,
    WHOLE_ROWS,
    read_alignment,
)

ROWS = {"a": "MA-GIC", "b": "MAKG-C", "c": "-XKGIC"}
TWIN = b">a first\nMA-\nGIC\n>b\nMAKG-C\n>c\n-XKGIC\n"
STOCKHOLM = b"""# STOCKHOLM 1.0
#=GF ID   FAMILY
#=GS a OS Escherichia coli
#=GS a DE Some kinase

a   MA-
b/1-5   MAK
#=GR a SS ...
#=GC RF xxx

a   GIC
b/1-5   G-C
//
"""


def rows(alignment):
    return {
        name: "".join(SYMBOLS[code] for code in codes)
        for name, codes in zip(alignment.ids, alignment.codes, strict=True)
    }


def test_the_number_of_an_alignment_chooses_one_of_several(write, caplog):
    """As the server of ColabFold sends them: a NUL byte before each but the first, and at the end.

    Lines are counted over all of them.
    """
    path = write(b"#6\n" + TWIN + b"\0>d\nMA\n>e\nM\n" + b"\0>f\nCC\n\0", "family.a3m")
    caplog.set_level("INFO")
    assert rows(read_alignment(path, [])) == ROWS
    assert caplog.messages == [f"{path}: read alignment 1 of 3"]
    assert rows(read_alignment(path, [], number=3)) == {"f": "CC"}
    with pytest.raises(InputError, match=r"'d' \(line 9\) has 2, 'e' \(line 11\) has 1"):
        read_alignment(path, [], number=2)
    with pytest.raises(InputError, match="expected 4 alignments or more, found 3"):
        read_alignment(path, [], number=4)


@pytest.fixture
def write(tmp_path):
    def write(content, name="family.fasta"):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    "twin",
    [
        TWIN,
        TWIN.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + TWIN,
        TWIN.rstrip(b"\n"),
        TWIN.replace(b"MAKG-C", b"makg-c"),
        TWIN.replace(b"MA-", b"ma-").replace(b"GIC", b"gic").replace(b"MAKG-C", b"makg-c"),
        TWIN.replace(b"MA-", b"MA."),
        TWIN.replace(b"MAKG-C", b"MAK G-C*"),
        TWIN.replace(b"-XKGIC", b"-UKGIC"),
        TWIN.replace(b"-XKGIC", b"-jKGIC"),
        b"#a comment\n\n" + TWIN,
        gzip.compress(TWIN, mtime=0),
        gzip.compress(TWIN[:20], mtime=0) + gzip.compress(TWIN[20:], mtime=0),
        TWIN.replace(b"MAKG-C", b"MAkkK.G-C"),
    ],
)
def test_twins_of_a_clean_alignment_read_the_same(write, twin):
    bad = []
    alignment = read_alignment(write(twin), bad)
    assert rows(alignment) == ROWS and not bad
    assert alignment.headers == ("a first", "b", "c") and alignment.codes.dtype == np.uint8
    assert alignment.reading == (INSERTIONS_LEFT_OUT if b"kk" in twin else WHOLE_ROWS)


@pytest.mark.parametrize(
    ("name", "content", "expected", "reading"),
    [
        ("x.fasta", b">a\nMAkK\n>b\nM-..K\n", {"a": "MAK", "b": "M-K"}, INSERTIONS_LEFT_OUT),
        ("x.fasta", b">a\nMAkK\n>b\nM-.K\n", {"a": "MAK", "b": "M-K"}, INSERTIONS_LEFT_OUT),
        ("x.fasta", b">a\nMAkK\n>b\nM-K-\n", {"a": "MAKK", "b": "M-K-"}, WHOLE_ROWS),
        ("x.a3m", b">a\nMAkK\n>b\nMk-K\n", {"a": "MAK", "b": "M-K"}, INSERTIONS_LEFT_OUT),
        ("x.a2m", b">a\nMAkK\n>b\nMk-K\n", {"a": "MAK", "b": "M-K"}, INSERTIONS_LEFT_OUT),
        ("x.fasta", b">a\nMAkK\n>b\nMk-K\n", {"a": "MAKK", "b": "MK-K"}, WHOLE_ROWS),
        ("x.sto", STOCKHOLM, {"a": "MA-GIC", "b/1-5": "MAKG-C"}, WHOLE_ROWS),
        (
            "x.sto",
            STOCKHOLM.replace(b"\n", b"\r\n"),
            {"a": "MA-GIC", "b/1-5": "MAKG-C"},
            WHOLE_ROWS,
        ),
    ],
)
def test_forms_of_alignments(write, name, content, expected, reading):
    bad = []
    alignment = read_alignment(write(content, name), bad)
    assert rows(alignment) == expected and alignment.reading == reading and not bad
    if name == "x.sto":
        assert alignment.headers[0] == "a OS=Escherichia coli Some kinase"


def test_packed_a3m_is_known_by_its_name(write):
    path = write(gzip.compress(b">a\nMAkK\n>b\nMk-K\n", mtime=0), "x.a3m.gz")
    assert rows(read_alignment(path, [])) == {"a": "MAK", "b": "M-K"}


@given(st.lists(st.text("ACDY-", min_size=5, max_size=5), min_size=1, max_size=6), st.data())
def test_insertions_of_an_a3m_never_matter(tmp_path_factory, family, data):
    assume("".join(family).strip("-"))  # an alignment of gaps only is refused
    path = tmp_path_factory.mktemp("a3m") / "x.a3m"
    insertion = st.text("acdy.", max_size=3)
    path.write_text(
        "".join(
            f">{n}\n{''.join(symbol + data.draw(insertion) for symbol in row)}\n"
            for n, row in enumerate(family)
        )
    )
    assert list(rows(read_alignment(path, [])).values()) == family


def test_unequal_rows_are_named_with_their_lengths(write):
    path = write(b">a\nMAGIC\n>b\nMAGI\n>c\nMAGIC\n>d\nMAGICK\n")
    with pytest.raises(InputError) as error:
        read_alignment(path, [])
    for part in (
        "2 of 4 rows have 5 columns",
        "'a' (line 1) has 5",
        "'b' (line 3) has 4",
        "'d' (line 7) has 6",
        "FAMSA or MAFFT",
        "--align",
    ):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "found an empty file"),
        (b"\n", "found an empty file"),
        (b"#no rows\n", "found an empty file"),
        (b"@r\nACGT\n+\nFFFF\n", ":1: expected FASTA .* FASTQ"),
        (b"<html>\n", "HTML"),
        (b"LOCUS X\n", "GenBank"),
        (b"CLUSTAL W\n", "Clustal"),
        (b"\x00\x01\x02", "binary"),
        (gzip.compress(TWIN, mtime=0)[:-9], "compressed data are damaged"),
        (gzip.compress(TWIN, mtime=0) + b"junk", "compressed data are damaged"),
        (b">a\nM\0K\n", "line|:1: 'a': expected amino acids or gaps"),
        (b">a\n", ":1: 'a': the record has no residues"),
        (b">a\nMA\n>b\nM~\n", None),
        (b"# STOCKHOLM 1.0\na MAK\n", "the alignment has no end"),
        (b"# STOCKHOLM 1.0\na MAK\n//\n# STOCKHOLM 1.0\nb MAK\n//\n", ":4: expected one alignment"),
        (b"# STOCKHOLM 1.0\na MAK\n//\nb MAK\n", ":4: expected one alignment"),
        (b"# STOCKHOLM 1.0\na M A K\n//\n", ":2: expected an id and a row"),
        (b"# STOCKHOLM 1.0\n//\n", "found an empty file"),
        (b"# STOCKHOLM 1.0\na MAK\nb MA\n//\n", "'b' .line 3. has 2"),
    ],
)
def test_a_file_that_is_no_alignment_is_an_input_error(write, content, message):
    if message is None:
        bad = []
        assert rows(read_alignment(write(content), bad)) == {"a": "MA"}
        assert "expected amino acids or gaps, found '~' at residue 2" in bad[0].reason
        return
    with pytest.raises(InputError, match=message):
        read_alignment(write(content), [])


def test_insertions_alone_are_no_alignment(write):
    with pytest.raises(InputError, match="insertions .lower case. only"):
        read_alignment(write(b">a\nmagic\n", "x.a3m"), [])


@pytest.mark.parametrize(
    "content", [TWIN + b">a\nMAKGIC\n", b"# STOCKHOLM 1.0\na MAK\nb MAK\na MAK\n//\n"]
)
def test_an_id_that_comes_twice_is_left_out_the_second_time(write, content):
    bad = []
    alignment = read_alignment(write(content), bad)
    assert alignment.ids[:2] == ("a", "b") and "a" not in alignment.ids[1:]
    assert [record.id for record in bad] == ["a"] and bad[0].line > 3


def test_align_aligns_whatever_the_order_and_leaves_alignments_alone(write, small_proteins):
    pytest.importorskip("pyfamsa")
    proteins = [(f"p{n}", s) for n, (_, s) in enumerate(small_proteins)]
    proteins += [("twin", proteins[0][1]), ("lower", proteins[1][1].lower()), ("none", "---")]
    texts = [f">{name}\n{s}\n".encode() for name, s in proteins]
    forward = read_alignment(write(b"".join(texts)), [], align=True)
    backward = read_alignment(write(b"".join(texts[::-1]), "back.fasta"), [], align=True)
    assert forward.reading == ALIGNED_WITH_FAMSA and rows(forward) == rows(backward)
    aligned = rows(forward)
    for name, protein in proteins:
        assert aligned[name].replace("-", "") == protein.upper().replace("-", "")
    assert aligned["twin"] == aligned["p0"] and aligned["lower"] == aligned["p1"]
    assert read_alignment(write(TWIN, "x"), [], align=True).reading == WHOLE_ROWS


def test_align_without_pyfamsa_says_how_to_install_it(write, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyfamsa", None)
    with pytest.raises(SettingsError, match=r"pip install 'pepseq\[align\]'"):
        read_alignment(write(b">a\nMAGIC\n>b\nMAGI\n"), [], align=True)
