import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepseq import Readout
from pepseq.errors import SettingsError
from pepseq.sequences.residues import AMINO_ACIDS


@st.composite
def partitions(draw):
    """Disjoint labels, one to six of them, as tuples of amino acids."""
    letters = list(draw(st.permutations(AMINO_ACIDS)))
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    return [tuple(letters.pop() for _ in range(size)) for size in sizes]


@given(partitions(), st.randoms())
def test_the_order_of_labels_does_not_count(labels, rng):
    readout = Readout("".join(f"[{''.join(label)}]" for label in labels))
    assert set(readout.observed) == {a for (a, *more) in labels if not more}
    assert readout.groups == tuple(sorted("".join(sorted(x)) for x in labels if len(x) > 1))
    seen = {a for label in labels for a in label}
    assert readout.hidden == "".join(sorted(set(AMINO_ACIDS) - seen))
    assert readout.unobserved == "".join(sorted(set(AMINO_ACIDS) - set(readout.observed)))
    assert readout.group_symbols == {group[0].lower(): group for group in readout.groups}
    shuffled = ["".join(rng.sample(label, len(label))) for label in labels]
    rng.shuffle(shuffled)
    again = Readout.from_labels(",".join(shuffled))
    assert again == readout == Readout(str(readout)) and hash(again) == hash(readout)
    assert str(again) == str(readout) == str(Readout(str(readout).lower()))
    assert again.labels == tuple("".join(sorted(label)) for label in shuffled)


def test_a_readout_is_printed_in_one_order():
    assert str(Readout("[ED]yc")) == "CY[DE]" and repr(Readout("YC[ED]")) == "Readout('CY[DE]')"
    assert str(Readout("[ST][ED]M[K]")) == "KM[DE][ST]"
    assert Readout("CY[DE]") != Readout("CYDE") and Readout("CY[DE]") != Readout("CY")
    assert Readout("CY[DE]").labels == ("C", "Y", "DE")
    assert Readout("[C]") == Readout("C") and Readout("[DE]").observed == ""
    assert Readout.from_labels("DE,C,Y").labels == ("DE", "C", "Y")


def test_readouts_without_groups_have_single_labels():
    for text in ("K1", "K2", "ykmc", AMINO_ACIDS):
        readout = Readout(text)
        assert readout.groups == () and readout.labels == tuple(str(readout))
        assert readout.unobserved == readout.hidden and readout.group_symbols == {}
    assert str(Readout("K2")) == "KCYMRHWST"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("C[DE", "'[' has no matching bracket"),
        ("CDE]", "']' has no matching bracket"),
        ("C[]", "a group is empty"),
        ("C[D[E]]", "'[' has no matching bracket"),
        ("C[DB]", "'B' is not an amino acid"),
        ("C[D E]", "' ' is not an amino acid"),
        ("D[DE]", "D is in D and in [DE]"),
        ("[DE][EQ]", "E is in [DE] and in [EQ]"),
        ("K1[DE]", "'1' is not an amino acid"),
        ("DE,C", "',' is not an amino acid; for labels with commas between them use Readout."),
        ("[]", "a group is empty"),
        ("", "it is empty"),
    ],
)
def test_a_faulty_readout_is_an_error_of_one_line(text, words):
    with pytest.raises(SettingsError) as error:
        Readout(text)
    assert words in str(error.value) and str(error.value).isprintable()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a label is empty"),
        ("DE,,C", "a label is empty"),
        ("DE,C,", "a label is empty"),
        ("DE,X", "'X' is not an amino acid"),
        ("[DE],C", "'[' is not an amino acid"),
        ("DE;C", "';' is not an amino acid"),
        ("DE,E", "E occurs twice"),
        ("C,C", "C occurs twice"),
        ("DD,C", "D occurs twice"),
        ("K1", "'1' is not an amino acid"),
    ],
)
def test_faulty_labels_are_an_error_of_one_line(text, words):
    with pytest.raises(SettingsError) as error:
        Readout.from_labels(text)
    assert words in str(error.value) and str(error.value).isprintable()


def test_labels_may_have_spaces_and_lower_case():
    assert Readout.from_labels(" ed, c ,Y").labels == ("DE", "C", "Y")
