"""Patterns with known gaps: what they allow, and those that cannot be read."""

import pandas as pd
import pytest

from pepseq.errors import InputError
from pepseq.readout.readout import Readout
from pepseq.readout.residue_patterns import parse_pattern, read_patterns

READOUT = Readout("KC[DE]")  # symbols K, C, DE, none
K, C, DE, ANY = [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [1, 1, 1, 1]


def variants(text, readout=READOUT):
    return [variant.tolist() for variant in parse_pattern(text, readout)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("K-x(2)-C", [[K, ANY, ANY, C]]),
        ("K-x(2)-C.", [[K, ANY, ANY, C]]),
        (" K - x - C ", [[K, ANY, C]]),
        ("K(2)-C", [[K, K, C]]),
        ("K-x(1,3)-C", [[K, ANY, C], [K, ANY, ANY, C], [K, ANY, ANY, ANY, C]]),
        ("x(0,1)-K(1,2)", [[K], [K, K], [ANY, K], [ANY, K, K]]),
        ("[DE]-[KC]", [[DE, [1, 1, 0, 0]]]),
        ("[DEK]", [[[1, 0, 1, 0]]]),
        ("{K}-{DEC}", [[[0, 1, 1, 1], [1, 0, 0, 1]]]),
        ("{KCDE}", [[[0, 0, 0, 1]]]),
    ],
)
def test_patterns_allow_symbols(text, expected):
    assert variants(text) == expected


ELEMENTS = "expected elements such as K, x(2), x(2,4), [DE] or {P} with - between them, found "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("KxxC", ELEMENTS + "'KxxC'"),
        ("K--C", ELEMENTS + "''"),
        ("K-x(2-C", ELEMENTS + "'x(2'"),
        ("K-x(2,)-C", ELEMENTS + "'x(2,)'"),
        ("K-[]-C", ELEMENTS + "'[]'"),
        ("K-k", ELEMENTS + "'k'"),
        ("<K-C", ELEMENTS + "'<K'; give the ends of a peptide by --kind"),
        ("K-x(4,2)-C", "x(4,2): expected the smaller number first"),
        ("K-D", "'D' in D is no label of the readout KC[DE]"),
        ("K-[DC]", "'D' in [DC] is no label of the readout KC[DE]"),
        ("K-{P}", "'P' in {P} is no label of the readout KC[DE]"),
        ("x(5)", "expected a label, found only gaps"),
        ("K(0)-x", "expected a label, found only gaps"),
        ("K-x(0,9)-C-x(0,9)-C", "expected at most 64 combinations of lengths, found 100"),
        ("K-x(50000)-C", "expected at most 50,000 residues, found more"),
    ],
)
def test_patterns_that_cannot_be_read_are_named(text, message):
    with pytest.raises(InputError) as error:
        parse_pattern(text, READOUT)
    assert str(error.value) == f"pattern {text!r}: {message}"


def test_patterns_come_from_tables_lists_and_mappings(tmp_path):
    (tmp_path / "p.tsv").write_text("id\tpattern\na\tK-x-C\nb\tC(2)\n")
    frame = pd.DataFrame({"pattern": ["K-x-C", "C(2)"], "id": ["a", "b"]})
    for given in (tmp_path / "p.tsv", frame, {"a": "K-x-C", "b": "C(2)"}, [("a", "K-x-C"), "C(2)"]):
        first, second = read_patterns(given, READOUT)
        assert first.id == "a" and first.variants[0].tolist() == [K, ANY, C]
        assert second.id in "b2" and second.variants[0].tolist() == [C, C]


def test_faulty_patterns_and_repeated_ids_are_left_out_with_their_lines(tmp_path):
    path = tmp_path / "p.tsv"
    path.write_text("id\tpattern\na\tK-x-C\nb\tK-W\na\tC\nc\tC\n")
    bad = []
    assert [read.id for read in read_patterns(path, READOUT, bad)] == ["a", "c"]
    assert [str(record) for record in bad] == [
        f"{path}:3: 'b': pattern 'K-W': 'W' in W is no label of the readout KC[DE]",
        f"{path}:4: 'a': this id occurs twice",
    ]
    with pytest.raises(InputError, match=r"^reads:1: '1': pattern 'KK': expected elements"):
        read_patterns(["KK"], READOUT)
