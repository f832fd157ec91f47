"""`pair` as a whole: what it writes, and what must not change it."""

import csv
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from places import DATA, SHARED

from pepseq import PairConfig, pair
from pepseq.errors import InputError, SettingsError, TryAgainError
from pepseq.evaluation.pair_counts import fraction_correct
from pepseq.pairing.families import (
    NO_SPECIES,
    ONE_FAMILY_ONLY,
    SURPLUS_PARALOG,
    group_by_species,
)
from pepseq.pairing.method_choice import METHODS
from pepseq.pairing.method_interface import MethodResult
from pepseq.pairing.msa import read_alignment
from pepseq.sequences.species import read_species

A, B = DATA / "pairs_a.fasta", DATA / "pairs_b.fasta"
SMALL_A = ">a1 [x]\nMAG\n>a2 [x]\nMCG\n>a3 [y]\nKAG\n>a4 [z]\nRRR\n>a5 none\nEEE\n"
SMALL_B = ">b1 [x]\nLL\n>b2 [x]\nLV\n>b3 [x]\nVV\n>b4 [y]\nCC\n>b5 [w]\nDD\n"


def rows(path):
    with open(path) as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def shuffled(path, to, seed, rename=lambda text: text):
    records = path.read_text().split(">")[1:]
    order = np.random.default_rng(seed).permutation(len(records))
    to.write_text("".join(">" + rename(records[at]) for at in order))
    return to


@pytest.fixture
def small(tmp_path):
    (tmp_path / "a.fa").write_text(SMALL_A)
    (tmp_path / "b.fa").write_text(SMALL_B)

    def run(name="o.tsv", known=None, **settings):
        if known is not None:
            (tmp_path / "known.tsv").write_text(known)
            known = tmp_path / "known.tsv"
        config = PairConfig(**{"species": "bracket", "method": "random", **settings})
        files = (tmp_path / "a.fa", tmp_path / "b.fa", tmp_path / name)
        done = pair(*files, known=known, config=config, force=True)
        return done, rows(tmp_path / name), rows(f"{tmp_path / name}.unpaired.tsv")

    return run


def test_pairs_unpaired_proteins_and_the_run_record(small, tmp_path):
    done, pairs, unpaired = small()
    assert {p["species"] for p in pairs} == {"x", "y"} and len(pairs) == done.pairs == 3
    (alone,) = [p for p in pairs if p["species"] == "y"]
    assert alone == {
        "species": "y", "protein_a": "a3", "protein_b": "b4",
        "confidence": "1.0000", "rank": "1", "known": "no",
    }  # fmt: skip
    assert [p["rank"] for p in pairs] == ["1", "2", "3"]
    reasons = {u["protein"]: (u["family"], u["species"], u["reason"]) for u in unpaired}
    over = [name for name, row in reasons.items() if row[2] == SURPLUS_PARALOG]
    assert len(over) == 1 and over[0] in ("b1", "b2", "b3") and reasons.pop(over[0])[0] == "B"
    assert reasons == {
        "a4": ("A", "z", ONE_FAMILY_ONLY),
        "a5": ("A", "", NO_SPECIES),
        "b5": ("B", "w", ONE_FAMILY_ONLY),
    }
    assert done.unpaired == 4 and done.species == 2
    record = json.loads((tmp_path / "o.tsv.run.json").read_text())
    assert record["settings"]["counts"] == {
        "proteins_a": 5,
        "proteins_b": 5,
        "unread_a": 1,
        "unread_b": 0,
        "species_in_both": 2,
        "species_in_a_only": 1,
        "species_in_b_only": 1,
        "species_with_paralogs": 1,
        "known_pairs": 0,
    }
    assert record["settings"]["seed"] == 1 and record["settings"]["species"] == "bracket"
    assert [len(i["sha256"]) for i in record["inputs"]] == [64, 64]


def test_known_pairs_are_kept_and_an_earlier_table_will_do(small, tmp_path):
    for seed in range(5):
        _, pairs, _ = small(known="protein_b\tx\tprotein_a\nb3\t1\ta1\n", seed=seed, runs=1)
        made = {p["protein_a"]: p for p in pairs}
        assert made["a1"]["protein_b"] == "b3" and made["a1"]["confidence"] == "1.0000"
        assert made["a1"]["known"] == "yes" and made["a2"]["known"] == "no"
    _, again, _ = small("again.tsv", known=(tmp_path / "o.tsv").read_text(), seed=77)
    key = ("species", "protein_a", "protein_b")
    assert sorted([p[k] for k in key] for p in again) == sorted([p[k] for k in key] for p in pairs)
    assert {p["known"] for p in again} == {"yes"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("q1\tb1", ":2: 'q1': there is no such protein in family A"),
        ("a1\tq1", ":2: 'q1': there is no such protein in family B"),
        ("b1\ta1", ":2: 'b1': there is no such protein in family A"),
        ("a5\tb1", ":2: 'a5': the species of this protein could not be read"),
        (
            "a1\tb4",
            ":2: a pair needs two proteins of one species, but 'a1' is of 'x' and 'b4' of 'y'",
        ),
        ("a1\tb1\na1\tb2", ":3: 'a1': is in an earlier pair, .*known.tsv:2"),
        ("a1\tb1\na2\tb1", ":3: 'b1': is in an earlier pair, .*known.tsv:2"),
        ("a1", ":2: expected 2 cells"),
        ("a1\t", ":2: the cell of protein_b is empty"),
    ],
)
def test_an_impossible_known_pair_is_an_input_error(small, tmp_path, lines, message):
    with pytest.raises(InputError, match=f"known.tsv{message}"):
        small(known=f"protein_a\tprotein_b\n{lines}\n")
    assert not (tmp_path / "o.tsv").exists()


def test_families_without_a_common_species_are_an_input_error(small):
    with pytest.raises(
        InputError,
        match=r"no species is in both families: the rule ox reads none in A",
    ):
        small(species="ox")
    with pytest.raises(InputError, match=r"reads 'a1' in A and 'b1' in B"):
        small(species=r"regex:^(?P<species>\w+)")


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing(tmp_path, seed):
    config = PairConfig(method="random", runs=4)
    pair(A, B, tmp_path / "1.tsv", config=config, force=True, paired_msa=tmp_path / "1.fa")
    b = shuffled(B, tmp_path / "b.fa", seed)
    a = shuffled(A, tmp_path / "a.fa", seed + 1)
    for files, names in (((A, b), "2"), ((a, b), "3")):
        msa = tmp_path / f"{names}.fa"
        pair(*files, tmp_path / f"{names}.tsv", config=config, force=True, paired_msa=msa)
        for end in ("tsv", "fa", "tsv.unpaired.tsv"):
            one, two = ((tmp_path / f"{n}.{end}").read_bytes() for n in ("1", names))
            assert one == two


def test_the_query_of_a_complex_is_the_first_protein_of_the_family(tmp_path):
    ids = []
    for seed in range(3):
        a, b = (shuffled(p, tmp_path / n, seed) for p, n in ((A, "a"), (B, "b")))
        config = PairConfig(method="random", runs=1)
        pair(a, b, tmp_path / "o", paired_msa=tmp_path / "p.a3m", config=config, force=True)
        made = {row["protein_a"]: row["protein_b"] for row in rows(tmp_path / "o")}
        first = next(i for i in read_alignment(a, []).ids if i in made)
        lines = (tmp_path / "p.a3m").read_text().splitlines()
        of = {i: s.replace("-", "") for p in (a, b) for i, s in sequences(p)}
        assert lines[2] == of[first] + of[made[first]]
        assert lines[0] == f"#{len(of[first])},{len(of[made[first]])}\t1,1"
        unpaired = 115 + 114 - 2 * len(made)
        assert len(set(map(len, lines[2::2]))) == 1
        assert len(lines) == 1 + 2 * (len(made) + 2 + unpaired)
        ids.append(first)
    assert len(set(ids)) > 1


def sequences(path):
    for record in path.read_text().split(">")[1:]:
        header, *lines = record.splitlines()
        yield header.split()[0], "".join(lines)


def test_what_a_species_is_called_changes_nothing_but_its_name(tmp_path):
    config = PairConfig(method="random", runs=4)
    rename = lambda text: text.replace("[species_", "[a").replace("[a1", "[z1")  # noqa: E731
    pair(A, B, tmp_path / "1", config=config)
    a, b = (shuffled(p, tmp_path / n, 1, rename) for p, n in ((A, "a"), (B, "b")))
    pair(a, b, tmp_path / "2", config=config)
    one, two = rows(tmp_path / "1"), rows(tmp_path / "2")
    assert one[0].pop("species") != two[0].pop("species")
    for row in one[1:] + two[1:]:
        row.pop("species")
    assert one == two


def test_a_table_of_species_needs_a_name(tmp_path):
    with pytest.raises(SettingsError, match="species: expected a file after table:, found none"):
        pair(A, B, tmp_path / "pairs", config=PairConfig(species="table:"))


def test_the_seed_decides(tmp_path):
    for name, seed in (("1", 1), ("2", 1), ("3", 2)):
        pair(A, B, tmp_path / name, config=PairConfig(method="random", seed=seed))
    one, two, three = ((tmp_path / name).read_bytes() for name in "123")
    assert one == two != three


def test_the_seed_decides_between_equally_good_pairings(tmp_path, monkeypatch):
    def undecided(families, config, progress):
        flat = tuple(np.full((len(s.rows_a), len(s.rows_b)), 0.1) for s in families.species)
        return MethodResult(flat, np.zeros((1, 0)))

    monkeypatch.setitem(METHODS, "random", undecided)
    for name, seed in (("1", 1), ("2", 1), ("3", 2)):
        pair(A, B, tmp_path / name, config=PairConfig(method="random", seed=seed))
    one, two, three = ((tmp_path / name).read_bytes() for name in "123")
    assert one == two != three


def test_too_little_memory_is_one_line_with_a_way_out(tmp_path, monkeypatch):
    def starve(families, config, progress):
        raise MemoryError

    monkeypatch.setitem(METHODS, "random", starve)
    with pytest.raises(TryAgainError, match="out of memory .*--threads 1.*--max-depth"):
        pair(A, B, tmp_path / "pairs", config=PairConfig(method="random"))
    assert not list(tmp_path.iterdir())


def test_grouped_rows_are_numbered_species_by_species():
    a, b = read_alignment(A, []), read_alignment(B, [])
    read = read_species("bracket", (a.ids, b.ids), (a.headers, b.headers))
    families = group_by_species(a, b, read, {}).families
    assert families.codes_a.dtype == families.codes_b.dtype == np.uint8
    assert families.codes_a.shape[1] == 72 and families.codes_a.max() <= 21
    for side in "ab":
        every = np.concatenate([getattr(species, f"rows_{side}") for species in families.species])
        assert (
            every.dtype == np.int64
            and (every == np.arange(len(getattr(families, f"codes_{side}")))).all()
        )
    for species in families.species:
        assert species.known.shape == (0, 2) and species.known.dtype == np.int64


def test_random_pairing_gets_about_a_quarter_of_the_example_right(tmp_path):
    truth = [tuple(row.values()) for row in rows(DATA / "pairs_true.tsv")]
    fractions = []
    for seed in range(12):
        pair(A, B, tmp_path / "o", config=PairConfig(method="random", seed=seed), force=True)
        made = [tuple(row.values())[:3] for row in rows(tmp_path / "o")]
        fractions.append(fraction_correct(made, truth))
    assert 0.18 < np.mean(fractions) < 0.33


def test_a_plot_of_another_format_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"plot: expected a name that ends in .png, .svg, .pdf"):
        pair(A, B, tmp_path / "o", plot=tmp_path / "p.bmp")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not SHARED.exists(), reason="real families are not beside the checkout")
def test_real_families(tmp_path):
    files = [SHARED / "paralogs" / f"HKRR_{name}.fasta.gz" for name in ("HK", "RR")]
    done = pair(*files, tmp_path / "o", config=PairConfig(method="random"))
    assert (done.pairs, done.unpaired, done.species) == (2955, 0, 102)
