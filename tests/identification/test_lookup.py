import csv
import itertools

import numpy as np
import pytest

from pepseq import LookupConfig, Noise, Readout, lookup, mask
from pepseq.errors import InputError, SettingsError
from pepseq.identification.find_proteins import find_proteins
from pepseq.identification.fit_table import LOOKUP_COLUMNS
from pepseq.sequences.fasta import read_fasta
from pepseq.sequences.residues import AMINO_ACIDS


def rows(path):
    with open(path) as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def first(path):
    return [row for row in rows(path) if row["rank"] in ("1", "")]


@pytest.fixture
def write(fasta):
    number = itertools.count()
    return lambda **records: fasta(f"{next(number)}.fa", records.items())


@pytest.fixture
def known(write):
    random = np.random.default_rng(3)
    draw = lambda n: "M" + "".join(random.choice(list(AMINO_ACIDS), n))  # noqa: E731
    return write(**{f"p{n}": draw(length) for n, length in enumerate([60, 120, 240, 400] * 10)})


@pytest.mark.parametrize("noise", [Noise(), Noise(missed_label=0.1, misread=0.02)])
def test_reads_of_known_proteins_find_them(known, tmp_path, noise):
    mask(known, tmp_path / "r.fa", "KCYM", noise=noise)
    config = LookupConfig(missed_label=noise.missed_label, misread=noise.misread, max_q=0.1)
    done = lookup(tmp_path / "r.fa", tmp_path / "o.tsv", known, "KCYM", config=config)
    best = first(tmp_path / "o.tsv")
    assert done.reads == len(best) == 40
    assert [row["id"] for row in best] == [record.id for record in read_fasta(known)]
    right = [row for row in best if row["protein"] == row["id"]]
    assert len(right) >= 38 and done.assigned >= 36
    lengths = {record.id: len(record.sequence) for record in read_fasta(known)}
    for row in right:
        assert (row["begin"], int(row["end"])) == ("1", lengths[row["id"]])
        assert row["coverage"] == "1.0000" and row["equal_fits"] == "1"
        if noise == Noise():
            assert row["labels_matched"] == row["labels"]


def test_the_command_says_what_small_numbers_cannot(known, tmp_path, run):
    mask(known, tmp_path / "r.fa", "KCYM")
    call = ("lookup", tmp_path / "r.fa", "--readout", "KCYM", "--reference", known, "--force")
    few = run(*call, "-o", tmp_path / "o.tsv")
    assert (
        "40 reads; 0 assigned with a q-value up to 0.01; 0 of the assigned reads fit only one"
        in few.err
    )
    assert "the lowest q-value is 0.025: either there are too few reads for a lower one" in few.err
    enough = run(*call, "-o", tmp_path / "o.tsv", "--max-q", "0.03")
    assert (
        "40 of the assigned reads fit only one place" in enough.err and "lowest" not in enough.err
    )


def test_short_reads_of_whole_proteins_are_doubted(known, tmp_path, write, run):
    peptides = {r.id: r.sequence[5:35] for r in read_fasta(known)}
    mask(write(**peptides), tmp_path / "r.fa", "K2")
    common = (tmp_path / "r.fa", "--readout", "K2", "--reference", known, "--force")
    for command in ("lookup", "predict"):
        doubted = run(command, *common, "-o", tmp_path / "o")
        assert "40 of 40 reads have 50 residues or fewer" in doubted.err
        assert doubted.code == 0 and len(doubted.err.splitlines()) <= 5
        told = run(command, *common, "-o", tmp_path / "o", "--kind", "fragment")
        assert told.code == 0 and "or fewer" not in told.err
    mask(known, tmp_path / "r.fa", "K2", force=True)
    assert "or fewer" not in run("predict", *common, "-o", tmp_path / "o").err


def test_the_best_fit_counts_however_bad_it_is(known, tmp_path, write):
    (tmp_path / "r.fa").write_text("".join(f">{n}\n{'M' * n}\n" for n in range(8, 20)))
    lookup(
        tmp_path / "r.fa",
        tmp_path / "o.tsv",
        known,
        "KCYM",
        config=LookupConfig(kind="prefix", misread=0.9),
    )
    found = [row for row in first(tmp_path / "o.tsv") if row["protein"]]
    assert any(float(row["score"]) < -1 for row in found)
    assert all(int(row["equal_fits"]) >= 1 for row in found)


def test_unrelated_reads_fit_nothing_well(known, tmp_path, write):
    random = np.random.default_rng(9)
    draw = {f"u{n}": "".join(random.choice(list(AMINO_ACIDS), 200)) for n in range(20)}
    mask(write(**draw), tmp_path / "r.fa", "KCYM")
    done = lookup(tmp_path / "r.fa", tmp_path / "o.tsv", known, "KCYM")
    assert done.assigned == 0
    assert all(
        not row["protein"] or float(row["e_value"]) > 1e-3 for row in first(tmp_path / "o.tsv")
    )


@pytest.mark.parametrize(
    ("kind", "cut"),
    [("prefix", lambda s: (0, 40)), ("fragment", lambda s: (17, 57)), ("tryptic", None)],
)
def test_peptides_are_found_where_they_lie(known, tmp_path, write, kind, cut):
    peptides, where = {}, {}
    for record in read_fasta(known):
        if cut is None:
            ends = [i + 1 for i, a in enumerate(record.sequence[:-1]) if a in "KR"]
            ends = [0, *(e for e in ends if record.sequence[e] != "P"), len(record.sequence)]
            begin, end = max(itertools.pairwise(ends), key=lambda be: be[1] - be[0])
        else:
            begin, end = cut(record.sequence)
        peptides[record.id], where[record.id] = record.sequence[begin:end], (begin + 1, end)
    mask(write(**peptides), tmp_path / "r.fa", "K2")
    lookup(tmp_path / "r.fa", tmp_path / "o.tsv", known, "K2", config=LookupConfig(kind=kind))
    for row in first(tmp_path / "o.tsv"):
        if row["equal_fits"] == "1":
            assert row["protein"] == row["id"]
            assert (int(row["begin"]), int(row["end"])) == where[row["id"]]
    assert sum(row["equal_fits"] == "1" for row in first(tmp_path / "o.tsv")) >= 35


def test_twins_are_said_to_fit_equally_well(write, tmp_path):
    known = write(a="MAAAKAAACAAAYAAAKAAAM", b="MGGGKGGGCGGGYGGGKGGGM")
    mask(known, tmp_path / "r.fa", "KCYM")
    lookup(tmp_path / "r.fa", tmp_path / "o.tsv", known, "KCYM")
    assert [row["equal_fits"] for row in first(tmp_path / "o.tsv")] == ["2", "2"]
    probabilities = [float(row["probability"]) for row in rows(tmp_path / "o.tsv")]
    assert max(probabilities) < 0.6


def test_dye_sequences_are_looked_up_without_their_length(write, tmp_path):
    known = write(a="MADGCKWWEYLLKGGGGR", b="CAEAYLLLLGK", c="EEEEGGGGGCCK")
    peptides = write(x="ADGCK", y="CAEAYLLLLGK", z="EEEEGGGGGCCK")
    readout = Readout.from_labels("DE,C,Y")
    mask(peptides, tmp_path / "d.tsv", readout, dye_sequences=True)
    config = LookupConfig(kind="tryptic", dye_sequences=True)
    lookup(tmp_path / "d.tsv", tmp_path / "o.tsv", known, readout, config=config)
    best = {row["id"]: row for row in first(tmp_path / "o.tsv")}
    assert best["y"]["protein"] == "b" and best["z"]["protein"] == "c"
    assert (best["y"]["begin"], best["y"]["end"]) == ("1", "11")


def test_counts_of_dye_sequences_are_kept_and_weigh(write, tmp_path, run):
    known = write(a="MADGCKWWEYLLKGGGGR", b="CAEAYLLLLGK", c="EEEEGGGGGCCK")
    lines = "3\n4\n..0.1\t31\tx\n1.0.2\t2\ty\n0000.....11\t5\tz\n2222222222222222222\t7\tn\n"
    (tmp_path / "d.tsv").write_text(lines)
    call = ("lookup", tmp_path / "d.tsv", "--dye-sequences", "--labels", "DE,C,Y", "--force")
    call += ("--kind", "tryptic", "--reference", known, "-o", tmp_path / "o.tsv")
    said = run(*call, "--max-q", "1").err
    table = rows(tmp_path / "o.tsv")
    assert {row["id"]: row["count"] for row in first(tmp_path / "o.tsv")} == {
        **{"x": "31", "y": "2", "z": "5", "n": "7"}
    }
    assert sum(int(row["count"]) for row in table if row["count"]) == 45
    assert "45 reads (4 distinct); 45 (4 distinct) assigned with a q-value up to 1; 38 (3" in said
    dyes = {row["id"]: row["sequence"] for row in first(tmp_path / "o.tsv")}
    assert dyes == {line.split("\t")[2]: line.split("\t")[0] for line in lines.split("\n")[2:-1]}
    assert sum(bool(row["sequence"]) for row in table) == 4
    assert [row["protein"] for row in table if row["id"] == "n"] == [""]  # it fits nothing
    reads = write(r="XXKXXCXXYXXM", s="XXKXXCXXYXXM")
    call = ("lookup", reads, "--readout", "KCYM", "--reference", known)
    assert "distinct" not in run(*call, "-o", tmp_path / "r.tsv").err
    assert [row["count"] for row in first(tmp_path / "r.tsv")] == ["1", "1"]
    assert {row["sequence"] for row in first(tmp_path / "r.tsv")} == {"XXKXXCXXYXXM"}


def test_the_table_has_reads_as_they_stand_in_the_file(write, tmp_path):
    known = write(a="MADGCKWWEYLLKGGGGR")
    read = "XX[DE]XCXXX[DE]YXXXXXXXX"
    lookup(write(r=read), tmp_path / "o.tsv", known, "CY[DE]")
    assert first(tmp_path / "o.tsv")[0]["sequence"] == read
    found = find_proteins([read], "CY[DE]", known)
    assert found[0].sequence == found.to_dataframe().sequence[0] == read


def test_columns_and_what_does_not_fit_the_readout(known, tmp_path, write):
    reads = write(good="XXKXXCXXYXXMXXXKXXXX", bad="XXWXX")
    with pytest.raises(InputError, match="1 of 2 records were left out"):
        lookup(reads, tmp_path / "o.tsv", known, "KCYM")
    assert list(rows(tmp_path / "o.tsv")[0]) == list(LOOKUP_COLUMNS)
    assert "bad" in (tmp_path / "o.tsv.failed.tsv").read_text()


def test_a_reference_is_needed(tmp_path, write):
    with pytest.raises(SettingsError, match="reference"):
        lookup(write(a="XK"), tmp_path / "o.tsv", [], "KCYM")
    with pytest.raises(InputError, match="no such file"):
        lookup(write(a="XK"), tmp_path / "o.tsv", [tmp_path / "none.fa"], "KCYM")
    assert not (tmp_path / "o.tsv").exists()


def test_equal_reads_have_equal_rows(known, tmp_path, write):
    one = "XXXKXXCXXYXXMXXXKXXXX"
    reads = write(a=one, b="XKXXX", c=one, d="XKXXX")
    lookup(reads, tmp_path / "o.tsv", known, "KCYM")
    of = {name: [] for name in "abcd"}
    for row in rows(tmp_path / "o.tsv"):
        of[row.pop("id")].append(row)
    assert of["a"] == of["c"] != of["b"] == of["d"]
    assert list(of) == list("abcd")


def test_a_fit_that_juts_out_of_a_short_protein_is_no_certainty(tmp_path, write):
    known = write(a="MKXXCYM", b="GGGGGGG")
    reads = write(r="XXXXMKXXCYMXXXX")
    lookup(reads, tmp_path / "o.tsv", known, "KCYM", config=LookupConfig(kind="fragment"))
    (best,) = first(tmp_path / "o.tsv")
    assert best["protein"] == "a" and float(best["coverage"]) < 1
    assert float(best["e_value"]) > 0


def test_descriptions_keep_to_their_column(tmp_path):
    (tmp_path / "p.fa").write_text(">a tabs\tand\x0bmore\nMKXXCYMKKCYM\n")
    mask(tmp_path / "p.fa", tmp_path / "r.fa", "KCYM")
    lookup(tmp_path / "r.fa", tmp_path / "o.tsv", tmp_path / "p.fa", "KCYM")
    assert first(tmp_path / "o.tsv")[0]["description"] == "tabs and more"


@pytest.mark.parametrize("rate", ["missed_label", "misread"])
@pytest.mark.parametrize("value", [1.0, -0.1, float("nan")])
def test_rates_at_which_nothing_is_read_are_refused(rate, value):
    with pytest.raises(SettingsError, match=rate):
        LookupConfig(**{rate: value})
