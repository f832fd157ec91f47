"""UniProt accessions of ids, and lists of ids."""

import pytest

from pepseq.structure.alphafold_db.accessions import parse_accession, read_requested_proteins

IDS = "# mine\nP12345\n\nsp|P00509|AAT_ECOLI some words\npröt\n"


@pytest.mark.parametrize(
    "content",
    [
        IDS.encode(),
        IDS.encode("utf-8-sig").replace(b"\n", b"\r\n"),
        IDS.encode("utf-16"),
        b'# mine\n"P12345"\n\n"sp|P00509|AAT_ECOLI";"some, words"\npr\xc3\xb6t,x\n',
    ],
)
def test_ids_in_every_form_of_text(tmp_path, content):
    (tmp_path / "ids.txt").write_bytes(content)
    bad = []
    proteins = read_requested_proteins(tmp_path / "ids.txt", bad)
    assert [(one.accession, one.line) for one in proteins] == [("P12345", 2), ("P00509", 4)]
    assert [(one.id, one.line) for one in bad] == [("pröt", 5)]
    assert str(bad[0]).startswith(
        f"{tmp_path / 'ids.txt'}:5: 'pröt': expected an id with a UniProt"
    )


@pytest.mark.parametrize(
    ("name", "accession"),
    [
        ("P12345", "P12345"),
        ("P12345.2", "P12345"),
        ("P12345-2", "P12345-2"),
        ("A0A024R161", "A0A024R161"),
        ("UniRef100_P12345", "P12345"),
        ("UniRef90_A0A024R161", "A0A024R161"),
        ("UniRef50_P12345-3", "P12345-3"),
        ("UniRef100_UPI00001234AB", "UPI00001234AB"),
        ("UPI00001234AB", "UPI00001234AB"),
        ("sp|P12345|AATM_RABIT", "P12345"),
        ("sp|P12345", "P12345"),
        ("tr|A0A024R161|X_HUMAN", "A0A024R161"),
        ("AF-P12345-F1", "P12345"),
        ("ecoli_536|00032", None),
        ("P1234", None),
        ("AATM_RABIT", None),
        ("../P12345", None),
        ("P12345/../x", None),
        ("UniRef100_", None),
        ("NP_001234.1", None),
    ],
)
def test_the_accession_of_an_id(name, accession):
    assert parse_accession(name) == accession
