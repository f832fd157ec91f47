"""Counts of reads of whole peptides: those of blocks are those of single records."""

import bz2
import functools
import gzip
import lzma
import os
import threading

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pepseq.errors import InputError
from pepseq.io.compression import zstd
from pepseq.io.failures import refuse_in_memory
from pepseq.quantification import usual_reads
from pepseq.quantification.in_memory_peptide_reads import count_reads_in_memory
from pepseq.quantification.peptide_counts import count_peptide_reads, read_peptide_counts
from pepseq.readout.in_memory_reads import records_of
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import RecordParser, read_fasta

READOUT = Readout("KCY[DE]")
IS_GIVEN = np.array([label != "Y" for label in READOUT.labels])
USUAL = b"".join(b">%d\n%s\n" % (n, (b"XXK", b"XKXC", b"[DE]XK")[n % 3]) for n in range(25))

HEADERS = [
    *(b">a", b">7 of the sample", b">a\tb", b">caf\xc3\xa9", b">\xff\xfe", b"> a", b">", b">  "),
    *(b">a\0b", b">\0", b">a\rb", b">a\x0bb", b">\x1f", b"\xef\xbb\xbf>a", b" >a", b">a>b"),
]
RESIDUES = [
    *(
        b"XXK",
        b"xxk",
        b"X?._x",
        b"KK\nXC\nK",
        b"K" * 70 + b"\n" + b"X" * 9,
        b"XX",
        b"",
        b"\n\nXK\n",
    ),
    *(b"[DE]X", b"[ED]K", b"[DDE]K", b"[de]X", b"[D E]K", b"[D\nE]", b"[DN]K", b"[ST]K", b"[SY]K"),
    *(b"[DE", b"[]K", b"[K]X", b"[", b"]", b"D", b"XE", b"XXY", b"XWK", b"XUBZOJK", b"X-K", b"XK*"),
    *(
        b"XK**",
        b"X K\tX",
        b"XK\rX",
        b"XK>a\nK",
        b"X1K",
        b"caf\xc3\xa9",
        b"K\0",
        b"\0K",
        b"X\n\0\nK",
    ),
    *(b";XK", b"#XK", b"@XK", b"MAGICKEEACDEFGHIKLMN", b"XXK\n\xef\xbb\xbfK", b"X" * 30 + b"K"),
]


def outcome(count, *arguments):
    """Return counts and bad records, or the message of an error."""
    bad = []
    try:
        counts = count(*arguments, bad)
    except InputError as error:
        return str(error)
    return dict(zip(counts.texts, counts.counts.tolist(), strict=True)), bad


def from_records(path, readout, is_given, bad):
    groups = readout.group_symbols
    records = read_fasta(path, reads=True, bad=bad, groups=groups, repeated_ids=True)
    return count_peptide_reads(records, readout, is_given, str(path), bad, groups)


def assert_same(path, readout=READOUT, is_given=IS_GIVEN):
    expected = outcome(from_records, path, readout, is_given)
    assert outcome(read_peptide_counts, path, readout, is_given) == expected
    return expected


def one_by_one(reads, readout, is_given, bad):
    groups = readout.group_symbols
    records = records_of(reads, groups)
    counts = count_peptide_reads(records, readout, is_given, "reads", bad, groups)
    refuse_in_memory(bad)
    return counts


def assert_same_in_memory(reads):
    def in_memory(*arguments):
        return count_reads_in_memory(*arguments[:3])

    expected = outcome(one_by_one, reads, READOUT, IS_GIVEN)
    assert outcome(in_memory, reads, READOUT, IS_GIVEN) == expected
    return expected


IDS = ["a", "b", "b of the sample", "c\td", "", " e", "f\ng", "\0", "\ud800", "é", 1, 2, 2.5, None]
TEXTS = [
    *("XXK", "xxk", "X?._x", "KKC", "[DE]X", "[ED]X", " X K\n", "X\n>K", "XK*", np.str_("XXK")),
    *("", "XX", "XWK", "XXY", "X1K", "[DN]K", "caf\xe9", "\ud800", "MAGICKEEACDEFGHIKLMN", None, 7),
]
FORMS = [
    lambda ids, texts: texts,
    lambda ids, texts: tuple(texts),
    lambda ids, texts: list(zip(ids, texts, strict=True)),
    lambda ids, texts: dict(zip(ids, texts, strict=True)),
    lambda ids, texts: pd.DataFrame({"id": ids, "sequence": texts}, dtype=object),
    lambda ids, texts: [*zip(ids, texts, strict=True), *texts],
]


def frame_of_texts(ids, texts):
    """A DataFrame as users make it: pandas takes no half of a character for a text."""
    return pd.DataFrame({"id": ids, "sequence": texts})


@given(st.sampled_from(FORMS), st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(TEXTS))))
def test_reads_in_memory_are_counted_as_one_by_one(form, reads):
    usual = [(f"r{n}", ("XXK", "XKXC", "xxk", "[DE]X")[n % 4]) for n in range(9)]
    ids, texts = map(list, zip(*usual, *reads, strict=True))
    assert_same_in_memory(form(ids, texts))
    assert_same_in_memory(form(ids[::-1], texts[::-1]))


@pytest.mark.parametrize("name", IDS)
def test_an_odd_id_in_memory_is_refused_as_one_by_one(name):
    assert_same_in_memory([("r", "XXK"), (name, "XXK")])


@pytest.mark.parametrize("form", [*FORMS[:5], frame_of_texts])
def test_equal_reads_in_memory_are_checked_once(form, monkeypatch):
    parsed = []
    parse = RecordParser.parse
    monkeypatch.setattr(RecordParser, "parse", lambda *a: parsed.append(a) or parse(*a))
    reads = form([f"r{n} x" for n in range(900)], ["XXK", "[ED]K", "[DE]K"] * 300)
    counts = count_reads_in_memory(reads, READOUT, IS_GIVEN)
    assert dict(zip(counts.texts, counts.counts, strict=True)) == {"XXK": 300, "dK": 600}
    assert len(parsed) == 3


LINE_ENDS = st.sampled_from([b"\n", b"\r\n"])
RECORDS = st.lists(st.tuples(st.sampled_from(HEADERS), st.sampled_from(RESIDUES)), max_size=12)


@given(
    st.sampled_from([b"", USUAL]),
    st.one_of(RECORDS, RECORDS.map(lambda records: [*records, (b">last", b"XXC")])),
    *(LINE_ENDS, st.sampled_from([b"", b"\n"]), st.sampled_from([1, 3, 50, 1 << 17])),
)
@example(USUAL, [(b">a", b"[DE")], b"\n", b"", 50)
@example(USUAL, [(b">a", b"MAGICKEEACDEFGHIKLMN")], b"\n", b"\n", 50)
@example(b"", [(b">a", b"MAGICKEEACDEFGHIKLMN")] * 30, b"\n", b"\n", 50)
def test_nasty_files_are_read_as_single_records_are(
    tmp_path_factory, usual, records, line_end, last, block
):
    path = tmp_path_factory.mktemp("nasty") / "reads.fasta"
    content = usual + b"".join(b"%s\n%s\n" % record for record in records)
    path.write_bytes((content.removesuffix(b"\n") + last).replace(b"\n", line_end))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(usual_reads, "_BLOCK_BYTES", block)
        assert_same(path)


@functools.cache
def many_reads():
    """Return 6,000 reads, most of them distinct, in lines of several lengths; a few are unusual."""
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(list("XXKCd"), random.integers(3, 90))) for _ in range(4000)]
    drawn = [texts[n] for n in np.concatenate([np.arange(4000), random.integers(0, 9, 2000)])]
    lines = []
    for number, text in enumerate(drawn):
        width = (60, 7, 200)[number % 3]
        rows = [text[i : i + width] for i in range(0, len(text), width)]
        lines.append(f">{number} x\n" + "\n".join(rows).replace("d", "[ED]") + "\n")
    lines[500] = ">odd\nXX-K\n"
    return "".join(lines).encode()


@pytest.mark.parametrize("block", [1000, 1 << 17])
def test_many_reads_and_the_blocks_they_are_read_in(tmp_path, monkeypatch, block):
    monkeypatch.setattr(usual_reads, "_BLOCK_BYTES", block)
    path = tmp_path / "reads.fasta"
    path.write_bytes(many_reads())
    counts, bad = assert_same(path)
    assert sum(counts.values()) + len(bad) == 6000 and len(counts) > 3000
    assert any("reads.fasta:" in str(record) and "'odd'" in str(record) for record in bad)


def test_usual_reads_do_not_become_records(tmp_path, monkeypatch):
    parsed, parse = [], RecordParser.parse
    monkeypatch.setattr(
        RecordParser, "parse", lambda self, raw: parsed.append(raw.line) or parse(self, raw)
    )
    (tmp_path / "reads.fasta").write_bytes(USUAL * 100 + b">1\nXX-K\n" + USUAL)
    counts = read_peptide_counts(tmp_path / "reads.fasta", READOUT, IS_GIVEN, bad := [])
    assert parsed == [*range(1, 43, 2), 5001] and [record.line for record in bad] == [5001]
    assert counts.counts.sum() == 101 * 25


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstd.compress])
def test_compressed_files_whole_and_cut_short(tmp_path, compress):
    path, content = tmp_path / "reads", compress(many_reads())
    path.write_bytes(content)
    assert sum(assert_same(path)[0].values()) > 5000
    for damaged in (content[:-9], content[: len(content) // 2], content + b"junk"):
        path.write_bytes(damaged)
        assert "compressed data are damaged or cut short" in assert_same(path)


def test_a_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    found = []
    for count in (from_records, read_peptide_counts):
        writer = threading.Thread(target=path.write_bytes, args=(many_reads(),))
        writer.start()
        found.append(outcome(count, path, READOUT, IS_GIVEN))
        writer.join()
    assert found[0] == found[1] and len(found[0][0]) > 3000


def test_long_records_and_the_longest(tmp_path, monkeypatch):
    path = tmp_path / "reads.fasta"
    for residues in (
        b"XK" * 20,
        b"XK" * 20 + b"X",
        b"K" * 1_000_000,
        (b" " * 999 + b"\n") * 2000 + b"K",
    ):
        path.write_bytes(USUAL + b">long\n" + residues + b"\n" + USUAL)
        counts, bad = assert_same(path)
        assert not bad and sum(counts.values()) == 51
        monkeypatch.setenv("PEPSEQ_LONGEST_RECORD", "40")
        counts, bad = assert_same(path)
        assert len(bad) == (residues != b"XK" * 20)
        monkeypatch.delenv("PEPSEQ_LONGEST_RECORD")
    path.write_bytes(USUAL + b">" + b"i" * (1 << 20) + b"\nXK\n" + USUAL)
    assert "header of more than" in str(assert_same(path)[1])


@pytest.mark.parametrize("readout", ["K", "KDE[CY][ST]", "ACDEFGHIKLMNPQRSTVWY"])
def test_other_readouts(tmp_path, readout):
    path = tmp_path / "reads.fasta"
    path.write_bytes(many_reads() + b"".join(b">a\n%s\n" % residues for residues in RESIDUES[:30]))
    readout = Readout(readout)
    counts, bad = assert_same(path, readout, np.ones(len(readout.labels), bool))
    assert counts and bad
