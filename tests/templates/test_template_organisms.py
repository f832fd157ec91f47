"""The organisms of templates: names, ties, mixtures, samples of a relative or of a stranger."""

import json
import random

import pytest
from known import changed
from shard_runs import merged

from pepseq import PredictConfig, reconstruct, report
from pepseq.prediction import predictor
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.templates.organism_tally import OrganismTally
from pepseq.templates.reference_files import open_reference
from pepseq.templates.template_organisms import (
    SEVERAL,
    Counts,
    SampleOrganisms,
    common_name,
)

KCYM = Readout("KCYM")
TEMPLATES = PredictConfig(mode="templates", threads=1)


def reads_of(proteins):
    return [(name, mask_sequence(s, KCYM).residues) for name, s in proteins]


@pytest.fixture
def named(proteins):
    """Proteins of two organisms, by organism."""
    half = proteins[:24], proteins[24:48]
    organisms = "OS=Vibrio cholerae OX=666", "OS=Escherichia coli (strain K12) OX=83333"
    return [
        [(f"{name} {organism}", s) for name, s in part]
        for part, organism in zip(half, organisms, strict=True)
    ]


@pytest.fixture
def known(fasta, named):
    return fasta("known.fasta", named[0] + named[1])


def test_the_lowest_common_name():
    assert common_name(["Homo sapiens"] * 2) == "Homo sapiens"
    assert common_name(["Escherichia coli", "Escherichia"]) == "Escherichia"
    assert common_name(["Escherichia coli", "Vibrio cholerae"]) == SEVERAL
    assert common_name(["Escherichia coli", SEVERAL]) == SEVERAL


def test_equally_good_templates_have_their_common_name(fasta, named):
    (a, b), (c, _) = named[0][:2], named[1][:2]
    parahaemolyticus = "x OS=Vibrio parahaemolyticus OX=670", b[1]
    tally = OrganismTally(open_reference([fasta("k.fasta", [a, parahaemolyticus, c])]))
    for tied in ([0], [0, 1], [0, 2], []):
        tally.add(tied, 10, identity=1.0)
    found = tally.result()
    one = Counts(reads=1, residues=10, near=1)
    assert found.by_name == {"Vibrio cholerae": one, "Vibrio": one, SEVERAL: one}
    assert found.taxa == {"Vibrio cholerae": 666}
    assert found.all == Counts(4, 40, 0) and found.explained == Counts(3, 30, 3)
    assert found.common == "Vibrio"


def test_without_organisms_in_headers_the_files_are_named(fasta, proteins):
    one, two = (
        fasta(name, part) for name, part in (("one.fa", proteins[:5]), ("two.fa", proteins[5:9]))
    )
    for paths, first in (([one, two], "one.fa"), ([one], "one.fa"), ([two], "two.fa")):
        reference = open_reference(paths)
        tally = OrganismTally(reference)
        for protein in range(len(reference)):
            tally.add([protein], 1)
        counts = {
            path.name: Counts(5 if path == one else 4, 5 if path == one else 4, 0) for path in paths
        }
        assert tally.result().by_name == counts and first in counts


def test_counts_are_read_and_added_up():
    coli, cholerae = Counts(3, 30, 2), Counts(1, 10, 1)
    a = SampleOrganisms(Counts(5, 50, 0), {"E coli": coli}, {"E coli": 562})
    b = SampleOrganisms(
        Counts(5, 50, 0), {"E coli": coli, "V c": cholerae}, {"E coli": 1, "V c": 2}
    )
    both = SampleOrganisms(
        Counts(10, 100, 0), {"E coli": Counts(6, 60, 4), "V c": cholerae}, {"V c": 2}
    )
    assert a.plus(b) == b.plus(a) == both
    assert SampleOrganisms().plus(a) == a
    assert SampleOrganisms.read(json.loads(json.dumps(both.describe()))) == both


def test_a_sample_of_one_organism_and_a_mixture(named, known):
    for sample, shares in ((named[0], (24, 0)), (named[0] + named[1], (24, 24))):
        found = reconstruct(reads_of(sample), KCYM, reference=known, config=TEMPLATES).organisms
        numbers = [
            found.by_name.get(name, Counts(0, 0, 0)).reads
            for name in ("Vibrio cholerae", "Escherichia coli")
        ]
        assert all(abs(a - b) <= 2 for a, b in zip(numbers, shares, strict=True))
        assert bool(found.mixture) == (shares[1] > 0)
        assert not found.is_relative and not found.has_few_templates
        assert found.common == ("" if found.mixture else "Vibrio cholerae")


@pytest.mark.parametrize("sample", ["relative", "stranger", "incomplete", "own"])
def test_predict_says_what_the_reference_lacks(run, fasta, named, known, tmp_path, sample):
    rng = random.Random(3)
    own = named[0] + named[1]
    scrambled = [(name, "".join(rng.sample(s, len(s)))) for name, s in own]
    proteins = {
        "relative": [(name, changed(s, 0.15)) for name, s in own],
        "stranger": scrambled,
        "incomplete": own[:12] + scrambled[12:],
        "own": own,
    }[sample]
    reads, out = fasta("reads.fasta", reads_of(proteins)), tmp_path / "out.fasta"
    done = run("predict", reads, "--mode", "templates", "--reference", known, "-o", out)
    assert done.code == 0
    said = {
        "relative": "the reference lacks an organism or strain of the sample",
        "stranger": "the sample is not of this reference",
        "incomplete": "the reference lacks most proteins of the sample",
    }
    for name, text in said.items():
        assert (text in done.err) == (name == sample)
    advice = f"pepseq reference suggest {reads}"
    assert (advice in done.err) == (sample != "own")
    assert ("the sample is a mixture" in done.err) == (sample == "own")
    recorded = json.loads((tmp_path / "out.fasta.run.json").read_text())["organisms_of_templates"]
    assert recorded["reads"] == 48 and "templates: " in done.err
    assert any(o["taxon"] == 666 for o in recorded["organisms"]) or sample == "stranger"


def test_shards_add_up(run, fasta, named, known, tmp_path, monkeypatch):
    monkeypatch.setattr(predictor, "CHUNKS", predictor.ChunkSettings(residues=2000))
    reads = fasta("reads.fasta", reads_of(named[0] + named[1]))
    common = ("predict", reads, "--mode", "templates", "--reference", known)
    records = {}
    for shard in (None, "1/2", "2/2"):
        out = tmp_path / f"part{(shard or 'whole')[0]}.fasta"
        more = () if shard is None else ("--shard", shard)
        assert run(*common, *more, "-o", out, "--table", out.with_suffix(".tsv.gz")).code == 0
        records[shard] = json.loads((tmp_path / f"{out.name}.run.json").read_text())
    parts = [tmp_path / "part1.fasta", tmp_path / "part2.fasta"]
    assert merged(run, parts, tmp_path / "joined.fasta").code == 0
    joined = json.loads((tmp_path / "joined.fasta.run.json").read_text())
    whole, first = (records[n]["organisms_of_templates"] for n in (None, "1/2"))
    assert joined["organisms_of_templates"] == whole and 0 < first["reads"] < whole["reads"]


def test_lookup_and_the_report_name_organisms(run, fasta, named, known, tmp_path):
    sample = (named[0] + named[1]) * 3
    reads = fasta("reads.fasta", [(f"r{n}", s) for n, (_, s) in enumerate(reads_of(sample))])
    out = tmp_path / "fits.tsv"
    call = ("lookup", reads, "--reference", known, "--readout", "KCYM", "--max-q", "0.05")
    done = run(*call, "-o", out)
    assert done.code == 0 and "the sample is a mixture" in done.err
    assert "Escherichia coli" in done.err
    report([out], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "Organisms of templates" in page and "The sample is a mixture" in page
    record = json.loads((tmp_path / "fits.tsv.run.json").read_text())
    for damaged in (None, [], {"organisms": 3}, {"organisms": [{}]}):
        changed_record = record | {"organisms_of_templates": damaged}
        (tmp_path / "fits.tsv.run.json").write_text(json.dumps(changed_record))
        report([out], tmp_path / "page.html", force=True)
        assert "Organisms of templates" not in (tmp_path / "page.html").read_text()


def test_species_of_a_genus_and_files_are_no_mixture():
    ten = Counts(10, 100, 10)
    pairs = {
        ("Escherichia coli", "Escherichia fergusonii"): [],
        ("Escherichia coli", "Escherichia"): [],
        ("Escherichia coli", SEVERAL): [],
        ("Escherichia coli", "k12.fasta"): [],
        ("Escherichia coli", "Vibrio cholerae"): ["Escherichia coli", "Vibrio cholerae"],
    }
    for names, mixture in pairs.items():
        by_name = dict.fromkeys(names, ten)
        files = frozenset(names) & {"k12.fasta"}
        found = SampleOrganisms(Counts(20, 200, 0), by_name, {}, files)
        assert sorted(found.mixture) == mixture
        assert SampleOrganisms.read(found.describe()) == found
    far = {"Escherichia coli": ten, "Vibrio cholerae": Counts(10, 100, 2)}
    assert SampleOrganisms(Counts(20, 200, 0), far).mixture == []
