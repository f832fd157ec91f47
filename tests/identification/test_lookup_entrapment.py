"""`lookup --entrapment` tests q-values and writes what FDRBench reads."""

import csv
import re

import numpy as np
import pytest

from pepseq import LookupConfig, lookup, mask
from pepseq.digestion.config import DigestConfig
from pepseq.errors import SettingsError
from pepseq.identification.entrapment import EntrapmentTest
from pepseq.identification.fits import Fit, ReadFits
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.reference_files import open_reference

KNOWN = {"a": "MACDEFGHIKLLSTVWNQK", "b": "MACDEFGHIKSSTNNVGGR"}


def rows(path):
    with open(path) as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def fits_of(places, lead, equal=None):
    best = [Fit(p, begin, end, 9.0, 0.0, 1.0, 2, 2) for p, begin, end in places]
    return ReadFits(best, equal or len(best), 10, 9.0, lead, 0.0)


@pytest.fixture
def made(fasta):
    """A test with the hits of reads; proteins 0 and 1 are known, 2 and 3 their partners."""
    known = open_reference([fasta("known.fa", KNOWN.items())])
    test = EntrapmentTest(known, LookupConfig(kind="tryptic"), DigestConfig())
    reads = [
        (fits_of([(0, 11, 19)], 5.0), 0.02),
        (fits_of([(0, 11, 19)], 7.0), 0.01),  # the same peptide, better
        (fits_of([(2, 11, 19)], 6.0), 0.01),  # its partner
        (fits_of([(0, 1, 10), (1, 1, 10)], 4.0), 0.03),  # one peptide in two proteins
        (fits_of([(3, 11, 19)], 3.0), 0.04),  # the partner of a peptide that no read hits
        (fits_of([(1, 11, 19), (2, 11, 19)], 9.0), 0.001),  # two peptides: ambiguous
        (fits_of([(1, 11, 19)], 9.0, equal=200), 0.001),  # more equal fits than are known
        (fits_of([(1, 11, 19)], 0.1), 1.0),  # lost to a decoy
        (ReadFits([], 0, 10, 0.0, -1.0, 0.0), 1.0),
    ]
    results, q_values = zip(*reads, strict=True)
    kept = list(test.add(results, np.array(q_values), 1))
    assert [len(fits.best) for fits in kept] == [1] * 8 + [0]
    return test


def test_hits_are_peptides_with_their_best_read(made):
    header, *table = made.table()
    assert header == ("peptide", "protein", "q_value", "score")
    first, partner, shared, alone = table
    assert first == ("LLSTVWNQK", "a", "0.01", "7.000000")
    assert sorted(partner[0]) == sorted("LLSTVWNQK") and partner[1] == "a_p_target"
    assert shared == ("MACDEFGHIK", "a;b", "0.03", "4.000000")
    assert sorted(alone[0]) == sorted("SSTNNVGGR") and alone[1] == "b_p_target"


def test_pairs_have_one_number(made):
    header, *pairs = made.pairs()
    assert header == ("sequence", "decoy", "proteins", "peptide_type", "peptide_pair_index")
    assert [row[1:] for row in pairs] == [
        ("No", "a", "target", 0),
        ("No", "a_p_target", "p_target", 0),
        ("No", "a;b", "target", 1),
        ("No", "a_p_target;b_p_target", "p_target", 1),
        ("No", "b", "target", 2),
        ("No", "b_p_target", "p_target", 2),
    ]
    targets = [row[0] for row in pairs[::2]]
    assert targets == ["LLSTVWNQK", "MACDEFGHIK", "SSTNNVGGR"]
    assert [sorted(row[0]) for row in pairs[1::2]] == [sorted(target) for target in targets]
    assert {row[0] for row in list(made.table())[1:]} <= {row[0] for row in pairs}


def test_estimates_are_of_accepted_reads_and_peptides(made):
    reads = made.of_reads(0.05)
    assert (reads.accepted, reads.entrapment, reads.paired) == (5, 2, None)
    assert (reads.lower_bound.share, reads.combined.share) == (0.4, 0.8)
    strict = made.of_hits(0.01)
    assert (strict.accepted, strict.entrapment, strict.paired) == (2, 1, 0.5)
    loose = made.of_hits(0.05)  # 2 entrapment hits, one of them without its partner
    assert (loose.accepted, loose.entrapment, loose.paired) == (4, 2, 0.75)


@pytest.mark.parametrize(("q_values", "expected"), [((0.01, 0.02), 1.0), ((0.02, 0.01), 0.5)])
def test_partners_are_ranked_by_their_q_value(fasta, q_values, expected):
    known = open_reference([fasta("known.fa", KNOWN.items())])
    test = EntrapmentTest(known, LookupConfig(kind="tryptic"), DigestConfig())
    reads = [fits_of([(2, 11, 19)], 3.0), fits_of([(0, 11, 19)], 7.0)]  # partner, peptide
    list(test.add(reads, np.array(q_values), 1))
    assert test.of_hits(0.05).paired == expected  # (1 + 2) / 2, at most 1, or 1 / 2


def random_peptides(number, seed):
    random = np.random.default_rng(seed)
    letters = list(AMINO_ACIDS.replace("K", "").replace("R", "").replace("P", ""))
    return ["".join(random.choice(letters, 14)) + "K" for _ in range(number)]


@pytest.fixture(scope="module")
def tested(tmp_path_factory):
    """The run of a sample of which half of the peptides are not in the reference."""
    folder = tmp_path_factory.mktemp("tested")
    own, foreign = random_peptides(300, 1), random_peptides(300, 2)
    joined = ["".join(own[n : n + 10]) for n in range(0, 300, 10)]
    known, true, reads = (folder / name for name in ("known.fa", "true.fa", "reads.fa"))
    known.write_text("".join(f">p{n}\n{protein}\n" for n, protein in enumerate(joined)))
    true.write_text("".join(f">{n}\n{peptide}\n" for n, peptide in enumerate(own + foreign)))
    mask(true, reads, "KCYMW")
    config = LookupConfig(kind="tryptic", max_q=0.2, threads=1)
    done = lookup(
        *(reads, folder / "fits.tsv", known, "KCYMW"), config=config, entrapment=folder / "e.tsv"
    )
    return folder, done, own


def test_estimates_bound_the_true_share_of_wrong_reads(tested):
    folder, done, own = tested
    found = done.tested.of_reads(0.2)
    best = [row for row in rows(folder / "fits.tsv") if row["rank"] == "1"]
    single = [row for row in best if row["equal_fits"] == "1" and float(row["q_value"]) <= 0.2]
    right = {str(n) for n in range(len(own))}
    wrong = sum(r["id"] not in right or r["protein"].endswith("_p_target") for r in single)
    trapped = sum(r["protein"].endswith("_p_target") for r in single)
    assert (found.accepted, found.entrapment) == (len(single), trapped)
    assert trapped >= 3
    assert found.lower_bound.share <= wrong / len(single) <= found.combined.high
    assert found.combined.low <= wrong / len(single)


def test_the_tables_belong_together(tested):
    folder, done, _ = tested
    peptides, pairs = rows(folder / "e.tsv"), rows(folder / "e.tsv.pairs.tsv")
    order = [(float(row["q_value"]), -float(row["score"])) for row in peptides]
    assert order == sorted(order)
    kinds = {row["sequence"]: row["peptide_type"] for row in pairs}
    assert len(kinds) == len(pairs)
    for row in peptides:
        is_entrapment = row["protein"].endswith("_p_target")
        assert kinds[row["peptide"]] == ("p_target" if is_entrapment else "target")
    accepted = [row for row in peptides if float(row["q_value"]) <= 0.2]
    assert done.tested.of_hits(0.2).accepted == len(accepted)


def test_the_command_prints_estimates(tested, run):
    folder = tested[0]
    call = ("lookup", folder / "reads.fa", "--reference", folder / "known.fa", "--readout", "KCYMW")
    call += ("--kind", "tryptic", "-o", folder / "f.tsv", "--entrapment", folder / "again.tsv")
    done = run(*call, "--max-q", "0.2")
    assert done.code == 0
    assert (folder / "again.tsv").read_bytes() == (folder / "e.tsv").read_bytes()
    number = r"\d+\.\d"
    ends = rf"lower bound {number} % \({number}-{number}\), combined estimate {number} % \(.*?\)"
    of_reads, of_peptides = re.findall(r"^entrapment: .*", done.err, re.M)
    assert re.fullmatch(rf".* accepted reads hit entrapment sequences; wrong: {ends}", of_reads)
    assert re.fullmatch(rf".* accepted peptides .*{ends}, paired estimate {number} %", of_peptides)


def test_nothing_accepted_gives_no_estimate(fasta, tmp_path, run):
    known, reads = fasta("known.fa", KNOWN.items()), fasta("r.fa", [("r", "MXCXXXXXXK")])
    call = ("lookup", reads, "--reference", known, "--readout", "KCYM", "--kind", "tryptic")
    done = run(*call, "-o", tmp_path / "f.tsv", "--entrapment", tmp_path / "e.tsv")
    lines = [line for line in done.err.splitlines() if line.startswith("entrapment")]
    ending = "is accepted, so that nothing can be estimated"
    assert lines == [f"entrapment: no {unit} {ending}" for unit in ("read", "peptide")]
    assert len(rows(tmp_path / "e.tsv")) == len(rows(tmp_path / "e.tsv.pairs.tsv")) == 0


def test_whole_proteins_are_hits_by_their_id(fasta, tmp_path):
    random = np.random.default_rng(1)
    proteins = [(f"p{n}", "M" + "".join(random.choice(list(AMINO_ACIDS), 90))) for n in range(30)]
    known = fasta("known.fa", proteins)
    mask(known, tmp_path / "r.fa", "KCYM")
    config = LookupConfig(max_q=0.05)
    done = lookup(
        *(tmp_path / "r.fa", tmp_path / "f.tsv", known, "KCYM"),
        config=config,
        entrapment=tmp_path / "e.tsv",
    )
    table = rows(tmp_path / "e.tsv")
    assert list(table[0]) == ["protein", "q_value", "score"]
    assert {row["protein"] for row in table} == {name for name, _ in proteins}
    assert done.tested.of_hits(0.05)[:2] == (30, 0)
    assert not (tmp_path / "e.tsv.pairs.tsv").exists()


def test_dye_sequences_are_tested_with_their_protease(fasta, tmp_path, run):
    random = np.random.default_rng(1)
    proteins = [(f"p{n}", "M" + "".join(random.choice(list(AMINO_ACIDS), 200))) for n in range(20)]
    known, reads = fasta("known.fa", proteins), tmp_path / "d.tsv"
    common = ("--labels", "C,Y,M,DE", "--dye-sequences", "--protease", "glu-c", "--cycles", "15")
    made = run("simulate", known, "-o", reads, "--reads", "1000", *common)
    assert made.code == 0, made.err
    call = ("lookup", reads, "-o", tmp_path / "f.tsv", "--reference", known, *common)
    assert run(*call, "--entrapment", tmp_path / "e.tsv").code == 0
    table = rows(tmp_path / "e.tsv")
    own = [row["peptide"] for row in table if not row["protein"].endswith("_p_target")]
    assert len(own) > 50
    assert all(p.endswith("E") or any(q.endswith(p) for _, q in proteins) for p in own)
    partners = {r["peptide_pair_index"]: [] for r in rows(tmp_path / "e.tsv.pairs.tsv")}
    for row in rows(tmp_path / "e.tsv.pairs.tsv"):
        partners[row["peptide_pair_index"]].append(row["sequence"])
    assert all(len({(len(p), p[-1] == "E") for p in pair}) == 1 for pair in partners.values())


def test_tables_must_be_files(tmp_path, fasta):
    known = fasta("known.fa", KNOWN.items())
    with pytest.raises(SettingsError, match="entrapment: expected the name of a file, not -"):
        lookup(known, tmp_path / "f.tsv", known, "KCYM", entrapment="-")
    with pytest.raises(SettingsError):
        lookup(known, tmp_path / "f.tsv", known, "KCYM", entrapment=tmp_path / "f.tsv")
