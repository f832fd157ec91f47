import pytest

from pepseq.errors import InputError, SettingsError
from pepseq.structure.model_names import best_of_each, find_pairs, parse_name, read_listed, short_id


@pytest.mark.parametrize(
    ("path", "name", "rank", "unrelaxed"),
    [
        ("AF-P12345-F1-model_v6.cif.gz", "P12345", 0, False),
        ("AF-A0A009IHW8-F1-model_v4.pdb", "A0A009IHW8", 0, False),
        ("AF-Q8WZ42-F12-model_v6.cif", "Q8WZ42-F12", 0, False),
        ("AF-P12345-2-F1-model_v6.cif", "P12345-2", 0, False),
        ("x/ecoli_1/ranked_0.pdb", "ecoli_1", 0, False),
        ("x/ecoli_1/ranked_3.pdb", "ecoli_1", 3, False),
        ("x/t/unrelaxed_model_2_pred_0.pdb", "t", 2, True),
        ("x/t/relaxed_model_2_ptm_pred_0.pdb.gz", "t", 2, False),
        ("fold_my_protein_model_0.cif", "my_protein", 0, False),
        ("fold_my_protein_model_4.cif", "my_protein", 4, False),
        ("my_protein_model.cif", "my_protein", 0, False),
        (
            "n_1_unrelaxed_rank_001_alphafold2_ptm_model_3_seed_000.pdb",
            "n_1",
            1,
            True,
        ),
        ("n_1_relaxed_rank_002_alphafold2_ptm_model_3_seed_000.pdb", "n_1", 2, False),
        ("n_1_unrelaxed_rank_1_model_3.pdb", "n_1", 1, True),
        ("ecoli_536.00032.pdb", "ecoli_536.00032", 0, False),
        ("UniRef100_P12345.pdb", "P12345", 0, False),
        ("sp_P12345_AATM_RABIT_unrelaxed_rank_001_x.pdb", "P12345", 1, True),
        ("1abc.ENT.GZ", "1abc", 0, False),
    ],
)
def test_names_of_predictors(path, name, rank, unrelaxed):
    found = parse_name(path)
    assert (found.id, found.rank, found.unrelaxed) == (name, rank, unrelaxed)


def test_ids_are_safe_and_short():
    assert short_id("../../etc/x") == ".._.._etc_x"
    assert short_id("tr|A0A1B2|X_Y") == "A0A1B2"
    assert short_id("ecoli_536|00032") == "ecoli_536_00032"
    assert short_id("UniRef90_UPI000012AB34") == "UniRef90_UPI000012AB34"


@pytest.fixture
def folder(tmp_path):
    def folder(name, *files):
        for file in files:
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")
        return tmp_path / name

    return folder


def test_the_best_rank_counts(folder):
    where = folder(
        "models",
        "a_unrelaxed_rank_001_alphafold2_ptm_model_3_seed_000.pdb",
        "a_relaxed_rank_001_alphafold2_ptm_model_3_seed_000.pdb",
        "a_relaxed_rank_002_alphafold2_ptm_model_1_seed_000.pdb",
        "a_scores_rank_001.json",
        "b/ranked_2.pdb",
        "b/ranked_1.pdb",
        "b/unrelaxed_model_1_pred_0.pdb",
        "b/relaxed_model_0.pdb",
        "c/relaxed_model_1_pred_0.pdb",
        "c/unrelaxed_model_1_pred_0.pdb",
        "fold_d_model_1.cif",
        "fold_d_model_0.cif",
    )
    references = folder("refs", "a.cif", "b.cif", "c.cif.gz", "AF-D-F1-model_v6.cif", "d.cif")
    found = find_pairs(where, references)
    best = [str(path)[len(str(where)) + 1 :] for path in (pair.model for pair in found.pairs)]
    assert best == [
        "a_relaxed_rank_001_alphafold2_ptm_model_3_seed_000.pdb",
        "b/ranked_1.pdb",
        "c/relaxed_model_1_pred_0.pdb",
        "fold_d_model_0.cif",
    ]
    assert found.lower_ranked == 7 and found.unpaired == ("D",) and found.bad == []


def test_a_model_without_a_reference_is_bad(folder):
    found = find_pairs(folder("m", "a.pdb", "b.pdb"), folder("r", "a.pdb"))
    assert [pair.id for pair in found.pairs] == ["a"]
    assert [
        (bad.id, "same id in" in bad.reason and "a TSV with" in bad.reason) for bad in found.bad
    ] == [("b", True)]


def test_a_folder_and_a_file_and_an_empty_folder(folder, tmp_path):
    where = folder("m", "a.pdb")
    with pytest.raises(SettingsError, match="give a folder REFERENCE after it"):
        find_pairs(where, None)
    with pytest.raises(InputError, match="one is a file and the other a folder"):
        find_pairs(where, where / "a.pdb")
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="none: no structure files"):
        find_pairs(where, tmp_path / "none")


def test_a_table_of_pairs(tmp_path):
    table = tmp_path / "t.tsv"
    table.write_text(
        "reference\tid\tmodel\nr.pdb\tone\tm.pdb\n\n/r\t\tx/AF-P1-F1-model_v6.cif\nq\t\t\n"
    )
    found = find_pairs(table, None)
    assert [(p.id, p.model, p.reference, p.line) for p in found.pairs] == [
        ("one", str(tmp_path / "m.pdb"), str(tmp_path / "r.pdb"), 2),
        ("P1", str(tmp_path / "x/AF-P1-F1-model_v6.cif"), "/r", 4),
    ]
    assert [(bad.line, bad.reason) for bad in found.bad] == [
        (5, "expected a model and a reference, found an empty cell")
    ]


def test_tables_as_r_and_spreadsheets_write_them(folder, tmp_path):
    table = tmp_path / "t.csv"
    table.write_bytes('"id";"model";"reference"\r\n"1";"a;b";"m.pdb";"r.pdb"\r\n'.encode("utf-16"))
    assert [(pair.id, pair.model) for pair in find_pairs(table, None).pairs] == [
        ("a;b", str(tmp_path / "m.pdb"))
    ]
    where = folder("m", "x.pdb")
    (where / "structures.tsv").write_text('"file","id"\r\n"x.pdb","pröt, 1"\r\n')
    assert read_listed(where) == {"pröt, 1": where / "x.pdb"}


@pytest.mark.parametrize("text", ["", "a\tb\n1\t2\n", "model\treference\n", "ATOM      1\n"])
def test_no_table(tmp_path, text):
    (tmp_path / "t.tsv").write_text(text)
    with pytest.raises(InputError, match="t.tsv.*(expected|contains no pairs)"):
        find_pairs(tmp_path / "t.tsv", None)


def test_no_file_is_better_than_itself(folder):
    best, others = best_of_each(folder("m", "x.pdb", "x.cif").iterdir())
    assert list(best) == ["x"] and others == 1
