"""Proteins of accepted reads: groups, unique reads, and competition with their own decoys."""

import csv

import numpy as np
import pytest

from pepseq import LookupConfig, lookup
from pepseq.errors import SettingsError
from pepseq.identification import lookup as module
from pepseq.identification.fits import MAX_PROTEINS, ReadFits, likely_proteins
from pepseq.identification.found_proteins import PROTEIN_COLUMNS, FoundProteins
from pepseq.identification.relatives import QValues
from pepseq.templates.reference_files import open_reference


@pytest.fixture
def known(fasta):
    records = [(f"p{n} text {n}", "MAKCY" + "A" * n) for n in range(9)]
    return open_reference([fasta("known.fa", records)])


def read(lead, *proteins, decoy=False):
    """Return a read that may come from these proteins, or from their decoys."""
    leads = (-1.0, lead) if decoy else (lead, -1.0)
    fitting = ((), proteins) if decoy else (proteins, ())
    return ReadFits([], 0, 0, 0.0, *leads, None, *fitting)


def groups(reference, *reads, max_q=1.0, q_value=0.001):
    found = FoundProteins(max_q)
    for one in reads:
        found.add(one, q_value if one.lead > one.decoy_lead else 1.0, 1)
    return found.groups(reference)


def test_proteins_with_the_same_reads_are_one_group(known):
    reads = [read(9, 0, 1), read(8, 0, 1), read(7, 2), read(6, 2, 3), read(5, 4, 5), read(4, 5, 6)]
    first, second = groups(known, *reads)
    assert (first.group, first.proteins, first.description) == ("p0", "p0;p1", "text 0")
    assert (first.reads, first.unique_reads, first.lead) == (2, 2, 9)
    # p3 has no read of its own, and neither have p4, p5 and p6
    assert (second.proteins, second.reads, second.unique_reads, second.lead) == ("p2", 2, 1, 7)


def test_a_decoy_counts_only_if_its_own_protein_has_no_better_read(known):
    reads = [read(9, 0), read(8, 1), read(7, 2)]
    weaker = read(6, 0, decoy=True)
    assert [g.q_value for g in groups(known, *reads, weaker)] == [pytest.approx(1 / 3)] * 3
    other = read(7.5, 8, decoy=True)
    values = {g.group: g.q_value for g in groups(known, *reads, other)}
    assert values == {"p0": 0.5, "p1": 0.5, "p2": pytest.approx(2 / 3)}
    better = read(8.5, 1, decoy=True)
    values = {g.group: g.q_value for g in groups(known, *reads, better)}
    assert values == {"p0": 1, "p2": 1, "p1": 1}


def test_only_reads_that_are_accepted_count_and_decoys_from_the_same_lead(known):
    found = FoundProteins(0.01)
    for fits, q_value in [(read(9, 0), 0.01), (read(3, 1), 0.02), (read(4, 2, decoy=True), 1)]:
        found.add(fits, q_value, 3)
    (group,) = found.groups(known)
    assert (group.group, group.reads, group.unique_reads, group.q_value) == ("p0", 3, 3, 1)
    assert groups(known, read(9, 0), max_q=0.01, q_value=0.5) == []
    found.add(read(2, 5), 0.005, 1)  # a lower lead than that of a read that is not accepted
    assert [(g.group, g.q_value) for g in found.groups(known)] == [("p0", 1), ("p5", 1)]
    found.add(read(1, 6, decoy=True), 1.0, 1)  # below all accepted reads
    assert [g.q_value for g in found.groups(known)] == [1, 1]
    for n in (1, 3):
        found.add(read(5, n), 0.001, 1)
    values = [(g.group, g.q_value) for g in found.groups(known)]
    third = pytest.approx(1 / 3)
    assert values == [("p0", third), ("p1", third), ("p3", third), ("p5", 0.5)]


def test_a_read_of_too_many_proteins_or_of_chance_has_none():
    many = np.arange(MAX_PROTEINS + 1)
    assert likely_proteins(many[1:], np.ones(len(many) - 1)) == tuple(range(1, len(many)))
    assert likely_proteins(many, np.ones(len(many))) == ()
    assert likely_proteins(many[:2], np.array([0.0, -3.0])) == ()
    assert likely_proteins(many[:3], np.array([20.0, 13.4, 13.3])) == (0, 1)


class Numbered:
    """A reference in which proteins have their numbers as names."""

    name = staticmethod(str)
    header = staticmethod(str)


def test_wrong_proteins_are_as_rare_as_the_q_values_say():
    """300 of 3,000 proteins have true reads; wrong reads fit proteins and decoys alike."""
    random = np.random.default_rng(1)
    shares = []
    for _ in range(20):
        reads = [read(random.normal(12, 4), p) for p in range(300) for _ in range(2)]
        wrong = zip(random.exponential(2, 2000), random.integers(0, 3000, 2000), strict=True)
        reads += [read(x, int(p), decoy=bool(random.integers(2))) for x, p in wrong]

        accepted = [int(g.group) for g in groups(Numbered, *reads) if g.q_value <= 0.05]
        shares.append(np.mean(np.array(accepted) >= 300))
        assert len(accepted) > 200
    assert 0.01 < np.mean(shares) < 0.065  # standard error 0.005


def table(path):
    with open(path) as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def test_lookup_writes_the_table_of_proteins(tmp_path, fasta, run):
    known = fasta("k.fa", [("a first", "CAAYAAK"), ("b second", "CGGYGGK"), ("c third", "YYAACCR")])
    reads = fasta("r.fa", [(str(n), "CXXYXXX") for n in range(3)] + [("c", "YYXXCCX")])
    out, proteins = tmp_path / "o.tsv", tmp_path / "p.tsv"
    call = ("lookup", reads, "--reference", known, "--readout", "CY", "-o", out, "--max-q", 1)
    done = run(*call, "--proteins", proteins)
    assert done.code == 0 and "groups of proteins found with a q-value up to 1: " in done.err
    rows = {row["proteins"]: row for row in table(proteins)}
    assert list(rows["a;b"]) == list(PROTEIN_COLUMNS) and rows.keys() == {"a;b", "c"}
    assert (rows["a;b"]["unique_reads"], rows["c"]["unique_reads"]) == ("3", "1")
    assert (rows["a;b"]["description"], rows["c"]["group"]) == ("first", "c")
    few = run(*call[:-1], 0.3, "--proteins", proteins, "--force").err
    assert "0 of 2 groups of proteins found with a q-value up to 0.3: " in few
    assert "the lowest q-value of a group is 0.5: it is at least 1 / groups" in few


def test_relatives_of_a_peptide_stand_for_its_protein(tmp_path, fasta, monkeypatch):
    known = fasta("k.fa", [("a", "CAAYAAK")])
    values = QValues(np.ones(1), np.zeros(1))
    monkeypatch.setattr(module, "fit_reads", lambda *_: ([read(9, 0)], values))
    done = lookup(known, tmp_path / "o.tsv", known, "CAYK", proteins=tmp_path / "p.tsv")
    assert done.assigned == 0 and [row["group"] for row in table(tmp_path / "p.tsv")] == ["a"]


@pytest.mark.parametrize(
    ("given", "settings", "message"),
    [
        ({"proteins": "-"}, {}, "proteins: expected the name of a file, not -"),
        ({"entrapment": "e.tsv"}, {}, "proteins, entrapment: give one of them"),
        ({}, {"dye_sequences": True}, "proteins: not for dye sequences of peptides; for a list"),
    ],
)
def test_tables_that_cannot_be_written_are_refused(tmp_path, fasta, given, settings, message):
    known = fasta("k.fa", [("a", "CAAYAAK")])
    call = {"config": LookupConfig(**settings), "proteins": tmp_path / "p.tsv"} | given
    with pytest.raises(SettingsError, match=message):
        lookup(known, tmp_path / "o.tsv", known, "CY", **call)
    assert not (tmp_path / "o.tsv").exists()
