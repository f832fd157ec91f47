"""Proteins of a table of confidences: digits, templates, errors."""

import pytest
from result_files import readout_table

from pepseq.errors import InputError
from pepseq.reporting.predicted_proteins import (
    TemplateShare,
    read_ids,
    read_proteins,
    unknown_id,
)


def one(path):
    (protein,) = read_proteins(path)
    return protein


def test_digits_are_tenths_of_confidence_and_stars_were_read(tmp_path):
    values = dict(enumerate([0, 0.0, 0.09999, 0.1, 0.3, 0.599999, 0.6, 0.9, 0.999999, 1.0]))
    path = readout_table(tmp_path / "t", {"p": "MAAAAAAAAA"}, at=lambda _, p: values[p - 1])
    protein = one(path)
    assert (protein.residues, protein.digits, protein.hidden) == ("MAAAAAAAAA", "*001356999", 9)
    assert protein.confidence == pytest.approx(sum(values.values()) / 9, abs=1e-6)


def test_templates_count_the_hidden_residues_that_most_weight_is_on(tmp_path):
    path = readout_table(tmp_path / "t", {"p": "MALKAL"}, at=lambda _, p: 0.2 if p == 2 else 0.9)
    assert one(path).templates == (TemplateShare("t1", 3, 3, 6),)
    text = path.read_text().replace("t1;t2\t0.900000", "t9\t0.400000", 2)
    path.write_text(text)
    assert one(path).templates == (TemplateShare("t1", 2, 5, 6),)


def test_a_table_without_templates_and_one_all_read(tmp_path):
    path = readout_table(tmp_path / "t", {"p": "MALK"}, templates=False)
    assert one(path).templates == ()
    protein = one(readout_table(tmp_path / "u", {"p": "MKC"}))
    assert (protein.confidence, protein.hidden, protein.correct) == (None, 0, None)
    assert protein.against("MKC").correct == (0, 0)


def test_errors_are_those_of_known_residues_alone(tmp_path):
    protein = one(readout_table(tmp_path / "t", {"p": "MALKGV"})).against("MGLKXI")
    assert protein.wrong == [1, 5]
    assert protein.correct == (1, 3)
    assert protein.errors_code() == "1G3I"
    assert protein.against("MALKGV").errors_code() == ""
    assert protein.against(None).errors_code() is None
    assert protein.against("MALKGVV").truth is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("p\t2\t", "p\t3\t", r":3: 'p': expected a row of residue 2"),
        ("\tpredicted\t", "\tguessed\t", "observed or predicted"),
        ("0.950000", "1.5", "between 0 and 1"),
        ("0.950000", "", "between 0 and 1"),
        ("0.900000", "much", r":2: 'p': template_weight: expected numbers"),
    ],
)
def test_rows_that_are_none_are_named(tmp_path, old, new, message):
    path = readout_table(tmp_path / "t", {"p": "MALK"})
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=message):
        list(read_proteins(path))


def test_a_protein_in_two_blocks_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr("pepseq.evaluation.confidence_table._BLOCK_BYTES", 100)
    proteins = {"p": "MALKGV" * 3, "q": "GGAK"}
    path = readout_table(tmp_path / "t", proteins)
    assert {p.id: p.residues for p in read_proteins(path)} == proteins
    assert [p.templates[0].residues for p in read_proteins(path)] == [12, 3]


@pytest.mark.parametrize("size", [100, 1 << 20])
def test_one_protein_is_read_by_itself(tmp_path, monkeypatch, size):
    monkeypatch.setattr("pepseq.evaluation.confidence_table._BLOCK_BYTES", size)
    proteins = {"p": "MALKGV" * 3, "q": "GGAK", "qq": "GGAKK"}
    path = readout_table(tmp_path / "t", proteins)
    assert read_ids(path) == list(proteins)
    for id, residues in proteins.items():
        assert [one.residues for one in read_proteins(path, id)] == [residues]
    assert list(read_proteins(path, "nobody")) == list(read_proteins(path, "é")) == []
    text = path.read_text()
    for wrong, message in (("guessed", ":28: 'qq'"), ("observed\t", ":28: expected 13 columns")):
        path.write_text(text.replace("qq\t5\tK\tobserved", f"qq\t5\tK\t{wrong}"))
        with pytest.raises(InputError, match=message):
            list(read_proteins(path, "qq"))


def test_an_unknown_id_names_those_near_it():
    assert "'P12345'" in str(unknown_id("p1234", ["P12345", "Q1"], "t"))
    assert "'ecoli_001'" in str(unknown_id("ecoli_01", ["ecoli_001", "x"], "t"))
    assert "similar" not in str(unknown_id("zzz", ["ecoli_001"], "t"))
