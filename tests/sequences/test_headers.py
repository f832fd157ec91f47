import pytest

from pepseq.sequences.headers import parse_rule


@pytest.mark.parametrize(
    ("header", "strain"),
    [
        ("ecoli_536|1 OS=Escherichia coli OX=362663 strain=536", "536"),
        ("lcl|X_1 [organism=Escherichia coli] [strain=K-12 substr. MG1655]", "K-12 substr. MG1655"),
        ("sp|P1|A_ECOLI Name OS=Escherichia coli (strain K12 / MG1655) OX=83333", "K12 / MG1655"),
        ("UniRef100_X Name n=1 Tax=Escherichia coli (strain UTI89) TaxID=364106", "UTI89"),
        ("UniRef100_X Some constrain=5 name n=1 Tax=Escherichia coli TaxID=562", None),
    ],
)
def test_the_strain_is_read_from_headers(header, strain):
    assert parse_rule("strain")(header) == strain
