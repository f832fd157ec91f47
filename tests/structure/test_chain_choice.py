import pytest
from structures import SEQUENCE, cif, coil, pdb

from pepseq.structure.chain_choice import choose_chains, compare_to_sequence, differing
from pepseq.structure.structure_files import read_structure
from pepseq.structure.tmscore import same_numbers

OTHER = SEQUENCE[::-1]


@pytest.fixture
def read(tmp_path):
    def read(*chains):
        text = "".join(
            pdb(coil(len(s)) + 40 * i, s, range(first, first + len(s)), name)
            for i, (name, s, first) in enumerate(chains)
        )
        (tmp_path / "x.cif").write_text(cif(text))
        return read_structure(tmp_path / "x.cif")

    return read


def test_the_chains_that_agree_best(read):
    model = read(("A", SEQUENCE[:40], 1))
    reference = read(("H", OTHER[:40], 1), ("B", SEQUENCE[:38], 101), ("C", SEQUENCE[:40], 1))
    one, other = choose_chains(model, reference, None)
    assert (one.name, other.name) == ("A", "C")
    one, other = choose_chains(reference, model, None)
    assert (one.name, other.name) == ("C", "A")


def test_equal_sequences_then_numbers_then_order(read):
    model = read(("A", SEQUENCE[:40], 1))
    two = read(("B", SEQUENCE[:40], 101), ("C", SEQUENCE[:40], 1), ("D", SEQUENCE[:40], 1))
    assert choose_chains(model, two, None)[1].name == "C"


def test_chains_by_name(read):
    two = read(("A", SEQUENCE[:40], 1), ("B", OTHER[:40], 1))
    names = [chain.name for chain in choose_chains(two, two, ("B", "A"))]
    assert names == ["B", "A"]


def test_differences_between_structures_skip_unknown_residues(read):
    one = read(("A", "MKTAYIAK", 1)).chains[0]
    other = read(("A", "MXTCYIAR", 1)).chains[0]
    assert differing(one, other, same_numbers(one, other)) == [3, 7]


@pytest.mark.parametrize(
    ("residues", "first", "sequence", "expected"),
    [
        ("MKTAYIAK", 1, "MKTAYIAK", (0, 0)),
        ("MKTAYIAK", 1, "MKTCYIAR", (2, 0)),
        ("TAYI", 3, "MKTAYIAK", (0, 4)),
        ("TAYI", 103, "MKTAYIAK", (0, 4)),
        ("TAYI", 1, "MKTAYIAK", (0, 4)),
        ("MKTAYIAK", 1, "MXTAYXAK", (0, 0)),
        ("GGGMKTAYIAK", -2, "MKTAYIAK", (3, 0)),
        ("MKTA", 1, "WWWW", (4, 0)),
    ],
)
def test_against_the_reconstruction(read, residues, first, sequence, expected):
    chain = read(("A", residues, first)).chains[0]
    assert compare_to_sequence(chain, sequence) == expected


def test_gaps_in_the_chain_are_missing_residues(read, tmp_path):
    numbers = [1, 2, 3, 6, 7, 8, 9, 10]
    sequence = SEQUENCE[:10]
    (tmp_path / "g.pdb").write_text(
        pdb(coil(8), "".join(sequence[n - 1] for n in numbers), numbers)
    )
    chain = read_structure(tmp_path / "g.pdb").chains[0]
    assert compare_to_sequence(chain, sequence) == (0, 2)
