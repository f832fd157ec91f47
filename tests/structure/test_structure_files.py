"""What is odd in a structure file: each case's rule and count."""

import gzip

import gemmi
import numpy as np
import pytest
from structures import SEQUENCE, atom_line, cif, coil, full_pdb, pdb, tmtools_file

from pepseq.errors import InputError
from pepseq.structure.structure_files import read_structure

XYZ = coil(20)
PLAIN = pdb(XYZ)
LINES = PLAIN.splitlines(keepends=True)


@pytest.fixture
def read(tmp_path):
    def read(text, name="x.pdb"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_structure(path)

    return read


def both(text):
    return [(text, "x.pdb"), (cif(text), "x.cif")]


@pytest.mark.parametrize(("text", "name"), both(PLAIN))
def test_plain(read, text, name):
    for content, its_name in ((text, name), (gzip.compress(text.encode()), name + ".gz")):
        structure = read(content, its_name)
        (chain,) = structure.chains
        assert chain.name == "A" and chain.sequence == SEQUENCE[:20]
        assert chain.numbers == tuple((i, "") for i in range(1, 21))
        assert np.abs(chain.ca - XYZ).max() < 6e-4 and chain.b_factors[1] == 51
        assert structure.left_out == {} and not structure.experimental


def test_content_tells_the_format_not_the_name(read):
    assert len(read(cif(PLAIN), "x.pdb").chains[0]) == len(read(PLAIN, "x.cif").chains[0]) == 20
    assert len(read("\ufeff" + PLAIN.replace("\n", "\r\n")).chains[0]) == 20


@pytest.mark.parametrize("second", [0.4, 0.6, 0.5])
def test_altlocs_highest_occupancy_then_first(read, second):
    first = atom_line(5, XYZ[4], residue="TYR", altloc="A", occupancy=1 - second)
    other = atom_line(5, XYZ[4] + 1, residue="TYR", altloc="B", occupancy=second)
    text = "".join([*LINES[:4], first, other, *LINES[5:]])
    for content, name in both(text):
        structure = read(content, name)
        expected = XYZ[4] + (1 if second > 0.5 else 0)
        assert np.abs(structure.chains[0].ca[4] - expected).max() < 1e-3
        assert structure.left_out == {"altlocs": 1} and len(structure.chains[0]) == 20


@pytest.mark.parametrize(
    ("first", "second", "kept"), [(0.3, 0.7, "W"), (0.5, 0.5, "Y"), (0.6, 0.4, "Y")]
)
def test_two_residues_of_one_number(read, first, second, kept):
    two = [
        atom_line(5, XYZ[4], residue="TYR", altloc="A", occupancy=first),
        atom_line(5, XYZ[4] + 1, residue="TRP", altloc="B", occupancy=second),
    ]
    structure = read("".join([*LINES[:4], *two, *LINES[5:]]))
    assert structure.chains[0].sequence[4] == kept and structure.left_out == {"repeated": 1}


def test_the_same_residues_twice(read):
    again = read("".join([*LINES, *LINES]))
    assert len(again.chains[0]) == 20 and again.left_out == {"altlocs": 20}


def test_modified_and_unknown_residues(read):
    names = {0: "MSE", 1: "UNK", 2: "SEP"}
    lines = [
        line[:17] + names[i] + line[20:] if i in names else line for i, line in enumerate(LINES)
    ]
    lines[0] = lines[0].replace("ATOM  ", "HETATM")
    for content, name in both("".join(lines)):
        assert read(content, name).chains[0].sequence[:4] == "MXS" + SEQUENCE[3]
    backbone = full_pdb(XYZ, SEQUENCE[:20]).replace("MET A   1", "ZZZ A   1")
    assert read(backbone).chains[0].sequence[:2] == "X" + SEQUENCE[1]
    selenium = atom_line(1, XYZ[0] + 2, name="SE", residue="MSE", record="HETATM", element="SE")
    chain = read("".join([lines[0], selenium, *lines[1:]])).chains[0]
    assert chain.atom_names[:2] == ("CA", "SD")


def test_ligands_water_and_nucleotides(read):
    far = XYZ[0] + 30
    text = PLAIN + "".join(
        [
            atom_line(30, far, name="P", residue="DA", chain="B"),
            atom_line(31, far, name="P", residue="U", chain="B"),
            atom_line(201, far, residue="CA", record="HETATM", element="CA"),
            atom_line(202, far, residue="GLU", record="HETATM"),
            atom_line(203, far, name="O", residue="HOH", record="HETATM"),
        ]
    )
    for content, name in both(text):
        structure = read(content, name)
        assert [len(chain) for chain in structure.chains] == [20]
        assert structure.left_out == {"nucleotides": 2}


def test_models_the_first_counts(read):
    text = "".join(f"MODEL     {n:4d}\n{pdb(XYZ + n)}ENDMDL\n" for n in (1, 2, 3)) + "END\n"
    for content, name in both(text):
        structure = read(content, name)
        assert np.abs(structure.chains[0].ca - XYZ - 1).max() < 1e-3
    assert read(text).left_out == {"models": 2}
    several = [pdb(XYZ + n) for n in (1, 2)]
    first = gemmi.read_pdb_string(several[0])
    second = gemmi.read_pdb_string(several[1])[0]
    second.num = 2
    first.add_model(second)
    structure = read(first.make_mmcif_document().as_string(), "m.cif")
    assert structure.left_out == {"models": 1} and len(structure.source) == 1


@pytest.mark.parametrize(
    "odd", ["     nan", "     inf", "********", "        ", "   1.2.3", "   12000", "    1e30"]
)
def test_coordinates_that_are_none_are_left_out(read, odd):
    for at in (30, 38, 46):
        lines = [*LINES]
        lines[4] = lines[4][:at] + odd + lines[4][at + 8 :]
        structure = read("".join(lines))
        assert len(structure.chains[0]) == 19 and structure.chains[0].numbers[4] == (6, "")
        assert structure.left_out["bad_coordinates"] == 1
    if "*" not in odd and odd.strip():
        x = f"{XYZ[4][0]:.3f}"
        text = cif(PLAIN)
        assert text.count(x) == 1
        structure = read(text.replace(x, odd.strip()), "x.cif")
        assert len(structure.chains[0]) == 19
        assert structure.left_out == {"bad_coordinates": 1, "without_ca": 1}


def test_missing_ca_is_counted(read):
    text = full_pdb(XYZ, SEQUENCE[:20])
    lines = [line for line in text.splitlines(keepends=True) if " CA  TYR" not in line]
    structure = read("".join(lines))
    assert len(structure.chains[0]) == 19 and structure.left_out == {"without_ca": 1}
    assert set(structure.chains[0].atom_names) == {"N", "CA", "C", "O", "CB"}


def test_residues_without_a_number_are_counted(read):
    lines = [*LINES]
    lines[4] = lines[4][:22] + "    " + lines[4][26:]
    structure = read("".join(lines))
    assert len(structure.chains[0]) == 19 and structure.left_out == {"without_number": 1}


def test_hydrogens_are_not_read(read):
    hydrogen = atom_line(20, XYZ[-1] + 1, name="HA", residue="RAG")
    deuterium = atom_line(20, XYZ[-1] + 1, name="DA", element="D")
    text = PLAIN + (hydrogen + deuterium).replace("RAG", LINES[-1][17:20]).replace(
        "ALA", LINES[-1][17:20]
    )
    assert set(read(text).chains[0].atom_names) == {"CA"}


def test_more_than_62_chains(read):
    structure = gemmi.Structure()
    model = gemmi.Model(1)
    for number in range(70):
        chain = gemmi.read_pdb_string(pdb(XYZ + number))[0][0]
        chain.name = f"C{number}x"
        model.add_chain(chain)
    structure.add_model(model)
    structure.setup_entities()
    many = read(structure.make_mmcif_document().as_string(), "many.cif")
    assert [chain.name for chain in many.chains] == [f"C{n}x" for n in range(70)]
    assert np.abs(many.chain("C69x").ca - XYZ - 69).max() < 1e-3
    with pytest.raises(InputError, match="expected a protein chain 'Z'"):
        many.chain("Z")


def test_a_chain_without_a_name(read):
    assert read(pdb(XYZ, chain=" ")).chains[0].name == "_"


def test_too_few_ca(read):
    with pytest.raises(InputError, match=r"at least 3 CA atoms, found none .left out: short_ch"):
        read("".join(LINES[:2]))
    assert len(read("".join(LINES[:3])).chains[0]) == 3


def test_experiments_are_known(read):
    assert read("EXPDTA    X-RAY DIFFRACTION\n" + PLAIN).experimental
    assert not read("EXPDTA    THEORETICAL MODEL\n" + PLAIN).experimental
    assert read_structure(tmtools_file("2gtl.cif")).experimental
    assert read_structure(tmtools_file("2gtl.pdb")).experimental


@pytest.mark.parametrize("name", ["2gtl", "7ok9"])
def test_pdb_and_mmcif_of_one_entry_agree(name):
    one, other = (read_structure(tmtools_file(f"{name}.{end}")) for end in ("pdb", "cif"))
    assert len(one.chains) == len(other.chains) > 10
    for a, b in zip(one.chains, other.chains, strict=True):
        assert (a.name, a.numbers, a.sequence) == (b.name, b.numbers, b.sequence)
        assert np.array_equal(a.ca, b.ca)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "found an empty file"),
        (b">a\nMKV\n", "found '>a'"),
        (b"<html><body>404</body>", "found '<html>"),
        (b"\0\1\2" * 50, "expected a structure"),
        (b"data_x\n", "expected a structure"),
        (b"data_x\nloop_\n_atom_site.id\n_atom_site.Cartn_x\n1\n", "expected whole mmCIF"),
        (b"# no cif\n", "expected a structure"),
        (PLAIN[:-30].encode()[:40], "expected a structure"),
    ],
)
def test_no_structure_is_one_line(read, content, words):
    with pytest.raises(InputError) as error:
        read(content)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_damaged_gzip(read):
    packed = gzip.compress(PLAIN.encode())
    with pytest.raises(InputError, match="gzip"):
        read(packed[:-20], "x.pdb.gz")


def test_a_file_that_unpacks_to_too_much_is_refused(read, monkeypatch):
    monkeypatch.setattr("pepseq.structure.structure_files.MAX_FILE_BYTES", 1000)
    with pytest.raises(InputError, match="found more"):
        read(gzip.compress(PLAIN.encode()), "x.pdb.gz")
