import pytest
from places import SHARED

from pepseq.errors import InputError, SettingsError
from pepseq.pairing.msa import read_alignment
from pepseq.sequences.headers import SEVERAL, parse_rule
from pepseq.sequences.species import read_species

HEADERS = {
    "ox": "sp|P00509|AAT_{m} Aspartate aminotransferase OS=Some name OX={n} GN=aspC PE=1 SV=1",
    "taxid": "UniRef90_P{p} Some protein n=3 Tax=Some name TaxID={n} RepID=X_Y",
    "bracket": "WP_{p}.1 kinase [NADP] [Some [name] {n}]",
    "mnemonic": "tr|Q{p}|Q{p}_{m} Some protein",
    "field:|:2": "Q{p}_x|Some_name_{n}|Pair_{p}|dom_1-{p}",
    "field:_:-1": "Q{p}_F{p}_1_{n}",
    "field:-:1": "abc{n}-{p}",
}


def family(form, letter, species=12, paralogs=3):
    return [
        form.format(
            m=f"SP{chr(65 + n)}",
            n=1000 + n,
            k=k,
            p=f"{letter}{n * 100 + k}",
            code=("9BACT", "9FIRM")[n % 2],
            some=n if n < 2 else f"{letter}{n}{k}",
        )
        for n in range(species)
        for k in range(paralogs)
    ]


def read(rule, a, b):
    ids = tuple([header.split()[0] for header in some] for some in (a, b))
    return read_species(rule, ids, (a, b))


@pytest.mark.parametrize("rule", HEADERS)
def test_auto_finds_the_rule(rule):
    a, b = family(HEADERS[rule], "1"), family(HEADERS[rule], "2", paralogs=2)
    found = read("auto", a, b)
    assert found.rule == rule
    assert found == read(rule, a, b)
    assert len(set(found.a) & set(found.b)) == len(set(found.a)) == 12 and None not in found.a


def test_auto_tolerates_a_few_headers_of_another_form():
    a, b = family(HEADERS["ox"], "1"), family(HEADERS["ox"], "2")
    a[5] = "unknown"
    assert read("auto", a, b).rule == "ox" and read("auto", a, b).a.count(None) == 1
    for at in range(10):
        a[at] = "unknown"
    with pytest.raises(InputError, match=r"ox 72% and 100%"):
        read("auto", a, b)


@pytest.mark.parametrize(
    "form",
    [
        "gene{p}",
        "gene_{p}",
        "one_{p}",  # the same field everywhere is no species
        "P{p}_{code}",  # nor is a code of many species
        "P{p}_{k}",  # nor a number that counts paralogs
        "abc_{n}x{k}",  # nor an id that the two families share
        "P{p}_sp{some}",  # nor what few proteins share
        "{p}|x|1",
    ],
)
def test_an_error_of_auto_shows_headers_and_a_rule(form):
    with pytest.raises(InputError) as error:
        read("auto", family(form, "1"), family(form, "2"))
    for part in (family(form, "1")[0], family(form, "2")[0], "--species 'field:|:2'", "table:"):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("rule", "header", "species"),
    [
        ("ox", "sp|P1|AAT_ECOLI x OX=562 GN=a", "562"),
        ("ox", "x BOX=562", None),
        ("taxid", "UniRef100_A n=1 Tax=E TaxID=562 RepID=a", "562"),
        ("taxid", "kraken:taxid|562|x", "562"),
        ("taxid", "x taxid:562", "562"),
        ("taxid", "x TaxID=none", None),
        ("mnemonic", "sp|P00509|AAT_ECOLI Aspartate", "ECOLI"),
        ("mnemonic", "AAT_ECOLI/3-90", "ECOLI"),
        ("mnemonic", "A0A1B2C3D4_RAT", "RAT"),
        ("mnemonic", "Q1_9BACT", SEVERAL),
        ("mnemonic", "Q1_12345", None),
        ("mnemonic", "F4DPU0_F4DPT9_1_1001585", None),
        ("bracket", "WP_1 x [Escherichia coli str. K-12]", "Escherichia coli str. K-12"),
        ("bracket", "WP_1 x [[Clostridium] symbiosum]", "[Clostridium] symbiosum"),
        ("bracket", "x [gene=a] [organism=Some name] [strain=b]", "Some name"),
        ("bracket", "WP_1 MULTISPECIES: x [Enterobacteriaceae]", SEVERAL),
        ("bracket", "WP_1 x [A b]\x01WP_2 x [C d]", "A b"),
        ("bracket", "WP_1 x [NADP] dependent", None),
        ("field:|:2", "a|b|c", "b"),
        ("field:|:-1", "a|b|c", "c"),
        ("field:|:4", "a|b|c", None),
        ("field:|:-4", "a|b|c", None),
        ("field:|:1", "abc", None),
        ("field:|:2", "a||c", None),
        ("field:::2", "a:b:c", "b"),
        ("field:__:2", "a__b_c__d", "b_c"),
        ("field:|:2", "a|Some name|c", "Some name"),
        (r"regex:_(?P<species>[^_]+)$", "x_y_z w", "z w"),
        (r"regex:_(?P<species>\d+)?", "x_y", None),
        (r"regex:(?P<species>\d+)", "none", None),
    ],
)
def test_a_rule_reads_the_species_of_a_header(rule, header, species):
    assert parse_rule(rule)(header) == species


@pytest.mark.parametrize(
    "rule",
    [
        *("", "organism", "field", "field:", "field:|", "field:|:", "field:|:0", "field:|:x"),
        *("field::1", "regex:(", "regex:abc", "regex:(?P<other>a)"),
    ],
)
def test_a_wrong_rule_is_a_settings_error(rule):
    with pytest.raises(SettingsError, match="species: (unknown rule|expected)"):
        parse_rule(rule)


def test_the_species_are_read_from_a_table(tmp_path):
    table = tmp_path / "s.tsv"
    table.write_bytes(
        b"\xef\xbb\xbfnote\tspecies\tprotein\r\n1\tE coli\ta1\r\n\r\n2\tE coli\tb1\r\n2\tB\tb2\r\n"
    )
    species = read(f"table:{table}", ["a1 x", "a2"], ["b1", "b2"])
    assert (species.a, species.b) == (("E coli", None), ("E coli", "B"))
    table.write_bytes(b'"","protein","species"\r\n"1","a1","\xc3\xa9, or e"\r\n"2","b1","x"\r\n')
    assert read(f"table:{table}", ["a1 x"], ["b1"]).a == ("é, or e",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ":1: expected one column protein"),
        ("protein\ttaxon\n", ":1: expected one column species"),
        ("protein\tspecies\na\tx\nb\n", ":3: expected 2 cells"),
        ("protein\tspecies\na\t\n", ":2: the cell of species is empty"),
        ("protein\tspecies\na\tx\na\ty\n", ":3: 'a': expected one species, found 'y' and 'x'"),
        ("protein\tspecies\na\t\0\n", ":2: expected text, found binary data"),
    ],
)
def test_a_faulty_table_of_species_is_an_input_error(tmp_path, content, message):
    (tmp_path / "s.tsv").write_text(content)
    with pytest.raises(InputError, match=message):
        read(f"table:{tmp_path / 's.tsv'}", ["a"], ["b"])


@pytest.mark.skipif(not SHARED.exists(), reason="real families are not beside the checkout")
@pytest.mark.parametrize(
    ("a", "b", "rule", "species"),
    [("HKRR_HK", "HKRR_RR", "field:|:2", 102), ("MALGK_MALG", "MALGK_MALK", "field:_:-1", 528)],
)
def test_auto_on_real_families(a, b, rule, species):
    bad = []
    one, two = (read_alignment(SHARED / "paralogs" / f"{n}.fasta.gz", bad) for n in (a, b))
    found = read_species("auto", (one.ids, two.ids), (one.headers, two.headers))
    assert found.rule == rule and not bad
    assert None not in found.a and len(set(found.a)) == species == len(set(found.a) & set(found.b))
    assert found.a == found.b
