import pytest

from pepseq.digestion.proteases import PRESETS, Protease
from pepseq.errors import SettingsError


def cleaves(protease, pair):
    sites = Protease.parse(protease).sites()
    return any(pair[0] in before and pair[1] in after for before, after in sites)


@pytest.mark.parametrize(
    ("protease", "sites", "others"),
    [
        ("trypsin", "KA RA RX KK", "KP RP AK XA EA"),
        ("Trypsin/P", "KA KP RP RX", "AK XA"),
        ("lys-c", "KA KP KX", "RA AK"),
        ("arg-c", "RA RR", "RP KA"),
        ("glu-c", "EA EE", "EP DA"),
        ("ASP-N", "AD DD XD", "DA AE NX"),
        ("[KR]|{P},[X]|[D]", "KA PD KD", "KP AC"),
        ("[k] | [x]", "KP", "RP"),
        ("{KR}|{PX}", "", "KA AC"),
    ],
)
def test_a_protease_cleaves_at_its_sites_only(protease, sites, others):
    assert all(cleaves(protease, pair) for pair in sites.split())
    assert not any(cleaves(protease, pair) for pair in others.split())


def test_every_preset_can_be_named():
    for name in PRESETS:
        assert Protease.parse(name.upper()).name == name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tripsin", "expected trypsin, trypsin/p, .* or a rule such as .*, found 'tripsin'"),
        ("", "found ''"),
        ("[KR]|", "expected a rule such as"),
        ("[KR]|{P},", "found '' in"),
        ("[]|[X]", "found '\\[\\]|\\[X\\]'"),
        ("[KB]|[X]", "'B' in the rule .* is no amino acid"),
        ("[K1]|[X]", "expected a rule"),
        ("K|P", "expected a rule"),
        ("[K]\n|[X]\t|", "expected a rule"),
    ],
)
def test_a_faulty_rule_is_one_line(text, words):
    with pytest.raises(SettingsError, match=words) as error:
        Protease.parse(text)
    assert str(error.value).startswith("protease: ") and str(error.value).isprintable()
