import pytest
from hypothesis import given
from hypothesis import strategies as st
from structures import coil, pdb

from pepseq.structure.file_names import file_stems
from pepseq.structure.model_names import find_pairs, read_listed
from pepseq.structure.result_folder import format_cell

IDS = st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1), unique=True)


@given(IDS)
def test_names_of_files_are_safe_and_differ_in_any_case(ids):
    stems = file_stems(ids)
    assert list(stems) == ids
    assert len({stem.casefold() for stem in stems.values()}) == len(ids)
    for stem in stems.values():
        assert stem and len(stem) <= 109 and stem[0] not in ".-"
        assert set(stem) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")


def test_names_of_files_stay_readable():
    ids = ["P12345", "sp|P12345|AATM", "../../etc/x", "a/b", "A|B", "x" * 300]
    stems = file_stems(ids)
    assert [stems[name] for name in ids[:3]] == ["P12345", "sp_P12345_AATM", "_._.._etc_x"]
    assert stems["a/b"].startswith("a_b-") and stems["A|B"].startswith("A_B-")
    assert stems["x" * 300].startswith("x" * 100 + "-") and len(stems["x" * 300]) == 109


def test_cells():
    assert [*map(format_cell, [None, 0, 1.23456, "x"])] == ["", "0", "1.235", "x"]


@pytest.fixture
def folder(tmp_path):
    def make(name, rows):
        folder = tmp_path / name
        folder.mkdir()
        lines = ["\t".join(("file", "fragment", "id"))]
        for file, fragment, protein in rows:
            lines.append(f"{file}\t{fragment}\t{protein}")
            if file.endswith((".pdb", ".cif")):
                (folder / file).write_text(pdb(coil(10)))
        (folder / "structures.tsv").write_text("\n".join(lines) + "\n")
        return folder

    return make


def test_ids_of_a_table_count_instead_of_names_of_files(folder):
    models = folder(
        "m",
        [
            ("a_model.pdb", "", "a_model"),
            ("a_b-1.pdb", "", "a/b"),
            ("a_b-2.pdb", "", "a_b"),
            ("1.pdb", "1", "UniRef100_P12345"),
            ("", "", "failed"),
            ("gone", "", "gone"),
            ("../m/1.pdb", "", "outside"),
        ],
    )
    (models / "P99999.pdb").write_text(pdb(coil(10)))
    references = folder(
        "r",
        [
            ("AF-P12345-F1-model_v6.cif", "1", "UniRef100_P12345"),
            ("AF-P12345-F2-model_v6.cif", "2", "UniRef100_P12345"),
            ("x.pdb", "", "a_model"),
            ("y.pdb", "", "a_b"),
            ("z.pdb", "", "sp|P99999|X"),
        ],
    )
    found = find_pairs(models, references)
    pairs = {pair.id: (pair.model, pair.reference) for pair in found.pairs}
    assert pairs == {
        "UniRef100_P12345": (str(models / "1.pdb"), str(references / "AF-P12345-F1-model_v6.cif")),
        "a_model": (str(models / "a_model.pdb"), str(references / "x.pdb")),
        "a_b": (str(models / "a_b-2.pdb"), str(references / "y.pdb")),
        "sp|P99999|X": (str(models / "P99999.pdb"), str(references / "z.pdb")),
    }
    assert [bad.id for bad in found.bad] == ["a/b"] and found.unpaired == ("UniRef100_P12345-F2",)


def test_ids_that_look_alike_as_names_are_told_apart(folder):
    models = folder("m", [("1.pdb", "", "a/b")])
    references = folder("r", [("x.pdb", "", "a/b"), ("y.pdb", "", "a_b")])
    (pair,) = find_pairs(models, references).pairs
    assert (pair.id, pair.reference) == ("a/b", str(references / "x.pdb"))


def test_two_ids_of_one_file_are_one_reference(folder):
    models = folder("m", [("1.pdb", "", "P12345")])
    file = "AF-P12345-F1-model_v6.cif"
    references = folder("r", [(file, "1", "UniRef100_P12345"), (file, "1", "tr|P12345|X")])
    (pair,) = find_pairs(models, references).pairs
    assert pair.reference == str(references / file)


def test_another_table_of_that_name_is_no_list(tmp_path):
    (tmp_path / "structures.tsv").write_text("name\tpath\na\tb\n")
    assert read_listed(tmp_path) == {}


@pytest.mark.parametrize("cell", ["0" * 200_000, "a\rb"])
def test_odd_cells_of_a_table_are_cells(folder, cell):
    models = folder("m", [("1.pdb", "", "a"), ("x" * 300, "", "b"), (cell, "", "c")])
    assert read_listed(models) == {"a": models / "1.pdb"}
    table = models / "pairs.tsv"
    table.write_text(f"model\treference\tmore\n1.pdb\t1.pdb\t{cell}\n\n1.pdb\t\n")
    pairs = find_pairs(table, None)
    assert [pair.line for pair in pairs.pairs] == [2]
    assert [bad.line for bad in pairs.bad] == ([3, 5] if "\r" in cell else [4])
