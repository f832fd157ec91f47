import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import SHARED

from pepseq import Readout
from pepseq.errors import InputError, SettingsError
from pepseq.readout.dye_sequences import check_channels, format_dye_sequences, read_dye_sequences
from pepseq.sequences.residues import AMINO_ACIDS

LABELS = Readout.from_labels("DE,C,Y")
SMALL = b"3\n3\n..0\t31\t0\n.11...2\t1\t3\n0\t50\tten\n"


def read(path, readout=LABELS, **more):
    return [(r.id, r.description, r.sequence) for r in read_dye_sequences(path, readout, **more)]


@pytest.fixture
def tsv(tmp_path):
    """Write a file of dye sequences."""

    def write(content):
        path = tmp_path / "d.tsv"
        path.write_bytes(content)
        return path

    return write


def test_digits_number_the_labels_of_the_readout(tsv):
    assert read(tsv(SMALL)) == [
        ("0", "count=31", "XXd"),
        ("3", "count=1", "XCCXXXY"),
        ("ten", "count=50", "d"),
    ]
    assert read(tsv(SMALL), Readout("CY[DE]"))[1][2] == "XYYXXXd"
    assert [r.line for r in read_dye_sequences(tsv(SMALL), LABELS)] == [3, 4, 5]


@given(st.lists(st.text("XdCY", min_size=1), min_size=1, max_size=30))
def test_written_dye_sequences_are_read_back(tmp_path_factory, reads):
    path = tmp_path_factory.mktemp("dyes") / "d.tsv"
    path.write_bytes(
        format_dye_sequences([(r, f"p{i}", i + 1) for i, r in enumerate(reads)], LABELS)
    )
    expected = {}
    for i, residues in enumerate(reads):
        if dyes := residues.rstrip("X"):
            expected.setdefault(dyes, []).append(i)
    if not expected:
        assert path.read_bytes() == b"3\n0\n"
        return
    assert read(path) == [
        (f"p{where[0]}", f"count={sum(i + 1 for i in where)}", dyes)
        for dyes, where in expected.items()
    ]


def test_ids_of_any_bytes_are_kept(tsv):
    path = tsv("1\n2\n.0\t1\tpröt\n0\t1\t".encode() + b"\xff\n")
    rows = [(r.sequence, r.id, 1) for r in read_dye_sequences(path, Readout("C"))]
    assert format_dye_sequences(rows, Readout("C")) == path.read_bytes()


def test_a_file_of_whatprot_is_written_back_byte_for_byte():
    path = SHARED / "reads" / "dye-seqs-trypsin-20proteins-label-DE-C-Y.tsv"
    if not path.exists():
        pytest.skip("no shared data")
    records = list(read_dye_sequences(path, LABELS))
    assert len(records) == 412 and {s for r in records for s in r.sequence} == set("dCYX")
    rows = [(r.sequence, r.id, int(r.description.removeprefix("count="))) for r in records]
    assert format_dye_sequences(rows, LABELS) == path.read_bytes().replace(b"\r", b"")


@pytest.mark.parametrize(
    "twin",
    [
        SMALL.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + SMALL,
        SMALL.rstrip(b"\n"),
        SMALL + b"\n\n",
        b"\n" + SMALL.replace(b"3\n", b" 3 \n", 1),
        gzip.compress(SMALL, mtime=0),
    ],
    ids=["crlf", "bom", "no-end", "blank", "spaces", "gzip"],
)
def test_line_ends_spaces_and_compression_make_no_difference(tsv, twin):
    assert read(tsv(twin)) == read(tsv(SMALL))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ":1: expected 3 channels (labels DE,C,Y), found ''"),
        (b">a\nMK\n", ":1: expected 3 channels (labels DE,C,Y), found '>a'"),
        (SMALL.replace(b"3\n", b"2\n", 1), ":1: expected 3 channels (labels DE,C,Y), found '2'"),
        (b"3\n", ":1: expected the number of dye sequences, found ''"),
        (b"3\n0..1\t1\t1\n", ":2: expected the number of dye sequences, found '0..1"),
        (b"3\n-1\n0\t1\t1\n", ":2: expected the number of dye sequences, found '-1'"),
        (b"3\n\xb2\n0\t1\t1\n", ":2: expected the number of dye sequences, found '\u00b2'"),
        (b"3\n0\n", ":2: expected dye sequences, found none"),
        (SMALL.replace(b"\n3\n", b"\n4\n"), ":5: expected 4 dye sequences as line 2 says, found 3"),
        (SMALL.replace(b"\n3\n", b"\n2\n"), ":5: expected 2 dye sequences as line 2 says, found"),
        (gzip.compress(SMALL, mtime=0)[:-9], "compressed data are damaged or cut short"),
    ],
)
def test_a_faulty_file_is_refused_with_its_line(tsv, content, expected):
    path = tsv(content)
    with pytest.raises(InputError) as error:
        read(path, bad=[])
    assert str(error.value).startswith(str(path)) and expected in str(error.value)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"..0 1 1", "expected a dye sequence, a count and an id, tab-separated, found '..0 1 1'"),
        (b"..0\t1", "expected a dye sequence, a count and an id"),
        (b"..0\t1\t1\t1", "expected a dye sequence, a count and an id"),
        (b"..3\t1\t1", "expected one of .012, found '3' at residue 3"),
        (b".X0\t1\t1", "found 'X' at residue 2"),
        (b"\t1\t1", "expected a dye sequence, found none"),
        (b"0\t0\t1", "expected a whole number of 1 or more as the count, found '0'"),
        (b"0\t1.5\t1", "expected a whole number of 1 or more as the count, found '1.5'"),
        (b"0\t\xb3\t1", "expected a whole number of 1 or more as the count"),
        (b"0\t1\t", "expected an id without spaces, found ''"),
        (b"0\t1\t[1, 2]", "expected an id without spaces, found '[1, 2]'"),
        (b"0\t1\ta\0", "expected an id without spaces"),
        (b"0\t1\t0", "an earlier line has the same id"),
    ],
)
def test_a_bad_line_does_not_stop_the_others(tsv, line, expected):
    path, bad = tsv(SMALL.replace(b".11...2\t1\t3", line)), []
    assert [name for name, _, _ in read(path, bad=bad)] == ["0", "ten"]
    assert [(b.file, b.line) for b in bad] == [(str(path), 4)] and expected in bad[0].reason
    with pytest.raises(InputError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}:4: ") and str(error.value).isprintable()


def test_more_labels_than_digits_are_refused():
    check_channels(Readout(AMINO_ACIDS[:10]))
    for call in (check_channels, lambda r: format_dye_sequences([], r), lambda r: read("-", r)):
        with pytest.raises(SettingsError, match="at most 10 labels, found 11"):
            call(Readout(AMINO_ACIDS[:11]))
