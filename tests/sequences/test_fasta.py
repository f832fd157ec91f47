import bz2
import gzip
import lzma
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepseq.errors import InputError
from pepseq.io.compression import _ZSTD_CHECKSUM, zstd
from pepseq.sequences.fasta import format_fasta, read_fasta
from pepseq.sequences.residues import AMINO_ACIDS, UNKNOWN

TWIN = b">a first protein\nMAGICK\nLLUX\n>b\nKCYM\n"


def read(path, **more):
    return [(r.id, r.description, r.sequence) for r in read_fasta(path, **more)]


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[A-Za-z0-9_.|/-]{1,20}", fullmatch=True),
            st.text(AMINO_ACIDS + UNKNOWN, min_size=1, max_size=200),
        ),
        min_size=1,
        max_size=8,
        unique_by=lambda pair: pair[0],
    )
)
def test_written_records_are_read_back(tmp_path_factory, pairs):
    path = tmp_path_factory.mktemp("round") / "x.fasta"
    path.write_bytes(b"".join(format_fasta(i, s) for i, s in pairs))
    assert [(r.id, r.sequence) for r in read_fasta(path)] == pairs


@pytest.mark.parametrize(
    "twin",
    [
        TWIN.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + TWIN,
        TWIN.rstrip(b"\n"),
        TWIN.replace(b"MAGICK", b"magick"),
        TWIN.replace(b"MAGICK", b"MAG ICK"),
        TWIN.replace(b"KCYM", b"KCYM*"),
        b"\n\n" + TWIN,
        TWIN.replace(b"\n>b", b"\n\n>b"),
        gzip.compress(TWIN, mtime=0),
        gzip.compress(TWIN[:20], mtime=0) + gzip.compress(TWIN[20:], mtime=0),
    ],
    ids=["crlf", "bom", "no-end", "lower", "space", "star", "lead", "blank", "gzip", "members"],
)
def test_line_ends_case_spaces_and_compression_make_no_difference(tmp_path, twin):
    (tmp_path / "clean").write_bytes(TWIN)
    (tmp_path / "twin").write_bytes(twin)
    assert read(tmp_path / "twin") == read(tmp_path / "clean")


def test_every_hidden_symbol_of_a_read_becomes_X(tmp_path):
    (tmp_path / "r.fasta").write_text(">a\nMX?._xubzojUBZOJk*\n")
    assert read(tmp_path / "r.fasta", reads=True) == [("a", "", "M" + "X" * 15 + "K")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "found an empty file"),
        (b"\n \n", "found an empty file"),
        (b"@read\nACGT\n+\nIIII\n", ":1: expected FASTA ('>' first), found FASTQ"),
        (b"<!doctype html>", "found HTML or XML"),
        (b"LOCUS       NC_000913", "found GenBank"),
        (b"ID   002L_FRG3G", "found UniProt or EMBL text"),
        (b"\x7fELF\x02\x01\0\0\0", "found binary data"),
        (b"M\0A\n", "found binary data"),
        (b"\x28\xb5\x2f\xfd...", "compressed data are damaged or cut short"),
        (b"PK\x03\x04...", "found a zip archive or an Office document: unpack or export it first"),
        (">a\nMK\n".encode("utf-16"), "found UTF-16 text: save it as UTF-8 first"),
        (b"MAGICK\n", "found 'MAGICK'"),
        (b">a\nMK\n>b\n>c\nMK\n", ":3: 'b': the record has no residues"),
        (b">a\nMK\n>\nMK\n", ":3: '': there is no id"),
        (b">a\nMK\n>a\nMK\n", ":3: 'a': an earlier record has the same id"),
        (b">a\nM-K\n", ":1: 'a': expected amino acids, found '-' at residue 2 (an alignment"),
        (b">a\nMA1K\n", "found '1' at residue 3"),
        (b">a\nM\xc3\x84K\n", "found '\u00c4' at residue 2"),
        (b">a\0\nMK\n", "the header contains a NUL byte"),
        (b">a\nM\0K\n", "at residue 2"),
        (b">a b\rMK\r>c\rMK\r", "\\r alone"),
        (gzip.compress(TWIN, mtime=0)[:-9], "compressed data are damaged or cut short"),
        (
            gzip.compress(TWIN, mtime=0)[:-8] + b"12345678",
            "compressed data are damaged or cut short",
        ),
        (gzip.compress(TWIN, mtime=0) + b"junk", "compressed data are damaged or cut short"),
    ],
)
def test_a_faulty_file_is_refused_with_its_place(tmp_path, content, expected):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read(path)
    assert str(error.value).startswith(str(path)) and expected in str(error.value)
    assert str(error.value).isprintable()


COMPRESSED = {
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda content: zstd.compress(content, options=_ZSTD_CHECKSUM),
}
compressions = pytest.mark.parametrize("compress", COMPRESSED.values(), ids=COMPRESSED)


@compressions
def test_compressed_files_are_recognised_by_their_content(tmp_path, compress):
    (tmp_path / "x").write_bytes(TWIN)
    expected = read(tmp_path / "x")
    half = TWIN.index(b"\n") + 1
    for name, content in (
        ("y.txt", compress(TWIN)),
        ("y.gz", TWIN),
        ("two.gz", compress(TWIN[:half]) + compress(TWIN[half:])),
    ):
        (tmp_path / name).write_bytes(content)
        assert read(tmp_path / name) == expected


@compressions
def test_damaged_compressed_files_are_refused(tmp_path, compress):
    path, whole = tmp_path / "x", compress(TWIN * 100)
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
    for content in (whole[:-9], whole[:middle], whole + b"junk", flipped):
        path.write_bytes(content)
        with pytest.raises(InputError, match="compressed data are damaged or cut short"):
            read(path, repeated_ids=True)


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz", ".zst"])
def test_outputs_are_compressed_by_their_suffix(tmp_path, run, suffix):
    (tmp_path / "p").write_bytes(b">a\nMAGICK\n")
    out = tmp_path / f"r.fasta{suffix}"
    assert run("mask", tmp_path / "p", "-o", out, "--readout", "KCYM").code == 0
    assert read(out, reads=True)[0][2] == "MXXXCK"
    first = out.read_bytes()
    assert first.startswith(b">") == (not suffix)
    assert run("mask", tmp_path / "p", "-o", out, "--readout", "KCYM", "--force").code == 0
    assert out.read_bytes() == first


@pytest.mark.parametrize(
    "header", ["\u03b2-lactamase \u03b1".encode(), b"caf\xe9 prot\xe9ine", b'"q1" "of two"']
)
def test_headers_of_any_bytes_are_kept_by_every_command(tmp_path, run, header):
    (tmp_path / "p").write_bytes(b">" + header + b"\nMAGICKW\n>b\nM1\n")
    table = tmp_path / "t.tsv"
    run("mask", tmp_path / "p", "-o", tmp_path / "r", "--readout", "KCYM")
    assert (tmp_path / "r").read_bytes() == b">" + header + b"\nMXXXCKX\n"
    (tmp_path / "known").write_bytes(b">" + header + b"\nMAGICKW\n" + b">w\nWWW\n")
    done = run(
        "predict", tmp_path / "r", "-o", tmp_path / "w", "--readout", "KCYM", "--table", table,
        "--reference", tmp_path / "known",
    )  # fmt: skip
    assert done.code == 0 and (tmp_path / "w").read_bytes().startswith(b">" + header + b" conf")
    assert table.read_bytes().splitlines()[1].startswith(header.split()[0] + b"\t1\t")
    done = run("evaluate", tmp_path / "p", tmp_path / "w", "-o", tmp_path / "e", "--readout",
               "KCYM", "--table", table, "--keep-going")  # fmt: skip
    assert done.code == 0, done.err
    assert header.split()[0] in (tmp_path / "e" / "proteins.tsv").read_bytes()
    done = run("lookup", tmp_path / "r", "-o", tmp_path / "l", "--readout", "KCYM",
               "--reference", tmp_path / "known")  # fmt: skip
    assert done.code == 0 and header.split()[0] in (tmp_path / "l").read_bytes()
    assert header.split(b" ", 1)[1] in (tmp_path / "l").read_bytes()


def test_bytes_outside_utf_8_are_shown_as_latin_1(tmp_path):
    (tmp_path / "p").write_bytes(b">caf\xe9\nM1\n")
    with pytest.raises(InputError, match="'caf\u00e9'"):
        read(tmp_path / "p")


def test_an_endless_record_takes_no_memory(tmp_path):
    """300 MB in 300 kB: a record, a line and a header far beyond what any protein has."""
    piece = b"MAGICKLLAW" * 100_000
    with gzip.open(tmp_path / "p.gz", "wb", 9) as stream:
        stream.write(b">good\nMK\n>lines\n")
        for _ in range(100):
            stream.write(piece + b"\n")
        stream.write(b">line\n")
        for _ in range(100):
            stream.write(piece)
        stream.write(b"\n>")
        for _ in range(100):
            stream.write(piece)
        stream.write(b"\nMK\n>last\nMK\n")
    code = (
        "import resource, sys; from pepseq.sequences.fasta import read_fasta; bad = [];"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        f"print([r.id for r in read_fasta({str(tmp_path / 'p.gz')!r}, bad=bad)]);"
        "print([b.line for b in bad], end=' ');"
        "print(all('more than 1,000,000 residues' in b.reason for b in bad));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["['good', 'last']", "[3, 104, 106] True", "True"]


def test_the_longest_record_can_be_set(tmp_path, run, monkeypatch):
    monkeypatch.setenv("PEPSEQ_LONGEST_RECORD", "59")
    (tmp_path / "p").write_text(">a\n" + "MAGICK" * 10 + "\n>b\nMK\n")
    arguments = ("mask", tmp_path / "p", "-o", "-", "--readout", "KCYM")
    done = run(*arguments)
    assert done.code == 65 and "more than 59 residues" in done.err
    assert done.out == ">b\nMK\n"
    assert run("--longest-record", "60", *arguments).code == 0
    assert run("--longest-record", "0", *arguments).code == 2


def test_ids_are_unique_across_files_and_bad_records_are_collected(tmp_path, fasta):
    bad = []
    records = read(
        [fasta("1", [("a", "MK"), ("b", "M!")]), fasta("2", [("a", "M"), ("c", "K")])], bad=bad
    )
    assert [r[0] for r in records] == ["a", "c"]
    assert [(b.id, b.line) for b in bad] == [("b", 3), ("a", 1)]


LABELS = st.sampled_from([*"CYKX", "[DE]", "[ED]", "[QST]"])
SYMBOLS = {"[DE]": "d", "[ED]": "d", "[QST]": "q"}


@given(st.lists(LABELS, min_size=1, max_size=60), st.integers(1, 70))
def test_groups_are_read_wherever_the_lines_are_cut(tmp_path_factory, labels, width):
    path = tmp_path_factory.mktemp("groups") / "r.fasta"
    text = "".join(labels)
    lines = [text[i : i + width] for i in range(0, len(text), width)]
    path.write_text(">a [x]\n" + "\r\n".join(lines) + "\n")
    groups = {}
    (record,) = read_fasta(path, reads=True, groups=groups)
    assert record.sequence == "".join(SYMBOLS.get(label, label) for label in labels)
    assert groups.items() <= {("d", "DE"), ("q", "QST")}
    assert groups.keys() == {s for s in record.sequence if s.islower()}
    path.write_bytes(format_fasta("a [x]", record.sequence, groups))
    assert all(line.count("[") == line.count("]") for line in path.read_text().splitlines())
    (again,) = read_fasta(path, reads=True)
    assert (again.sequence, again.header) == (record.sequence, "a [x]")


def test_groups_may_have_lower_case_spaces_or_one_member(tmp_path):
    (tmp_path / "r").write_text(">a\nC[e d]k[K][ee]X*\n")
    assert read(tmp_path / "r", reads=True) == [("a", "", "CdKKEX")]


@pytest.mark.parametrize(
    ("residues", "expected"),
    [
        ("C[DE", "expected a group of amino acids such as [DE], found '[DE' at residue 2"),
        ("CDE]", "found ']' at residue 4"),
        ("[DE]C[]K", "found '[]' at residue 3"),
        ("[DE]C[D1]K", "found '[D1]' at residue 3"),
        ("C[DX]K", "found '[DX]' at residue 2"),
        ("C[D?]K", "found '[DX]' at residue 2"),
        ("C[D[E]]", "found '[D[E]' at residue 2"),
        ("C[DE]K[DEN]", "expected the group [DE] of this readout, found '[DEN]' at residue 4"),
        ("C[-]", "found '[-]' at residue 2"),
    ],
)
def test_bad_brackets_are_faults_of_their_record(fasta, residues, expected):
    source, bad, groups = fasta("r", [("good", "C[ST]"), ("bad", residues), ("c", "K")]), [], {}
    records = list(read_fasta(source, reads=True, bad=bad, groups=groups))
    assert [r.sequence for r in records] == ["Cs", "K"] and groups == {"s": "ST"}
    assert [(b.id, b.line) for b in bad] == [("bad", 3)] and expected in bad[0].reason


def test_a_group_is_the_same_in_all_files(fasta):
    bad = []
    files = [
        fasta("1", [("a", "[DE]"), ("b", "[DQ]")]),
        fasta("2", [("c", "[DEQ]"), ("d", "[ED]")]),
    ]
    assert [r.id for r in read_fasta(files, reads=True, bad=bad)] == ["a", "d"]
    assert [b.id for b in bad] == ["b", "c"]
    with pytest.raises(InputError, match=r"expected the group \[DQ\] of this readout, found"):
        list(read_fasta(files[0], reads=True, groups={"d": "DQ"}))


def test_proteins_have_groups_only_with_the_argument_groups(fasta):
    source = fasta("p", [("a", "MB[DE]")])
    with pytest.raises(InputError, match=r"expected amino acids, found '\[' at residue 3"):
        list(read_fasta(source))
    assert [r.sequence for r in read_fasta(source, groups={})] == ["MBd"]


def test_files_joined_by_nul_bytes_are_refused(tmp_path):
    (tmp_path / "p").write_bytes(b">a\nMK\n\0>b\nMK\n")
    with pytest.raises(InputError, match=":3: the line starts with a NUL byte"):
        read(tmp_path / "p", bad=[])
