"""Lists of ids."""

import pytest

from pepseq.structure.alphafold_db.accessions import read_requested_proteins

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
