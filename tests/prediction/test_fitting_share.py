"""Peptides of a stranger: the share that fits the reference, and what predict makes of it."""

import json
import random

import numpy as np
import pytest
from known import K2, changed, masked
from shard_runs import merged

from pepseq import PredictConfig, reconstruct
from pepseq.prediction import predictor
from pepseq.prediction.fitting_share import FITTING, FittingShare, estimate_share, sample_peptides
from pepseq.sequences.fasta import Record

DISTANCES = np.array([0.75, 0.12, 0.05, 0.04, 0.04])
TRYPTIC = PredictConfig(kind="tryptic", mode="templates")


def peptides_of(proteins):
    """Peptides of 9 to 25 residues that end in K or R."""
    cut = [s.replace("K", "K ").replace("R", "R ").split() for _, s in proteins]
    peptides = dict.fromkeys(p for of_protein in cut for p in of_protein[1:-1])
    return [p for p in peptides if 9 <= len(p) <= 25]


def strangers_of(peptides):
    """The same lengths and ends, with all other residues of all peptides in random order."""
    residues = [a for p in peptides for a in p[:-1]]
    random.Random(1).shuffle(residues)
    taken = iter(residues)
    return ["".join(next(taken) for _ in p[:-1]) + p[-1] for p in peptides]


def records_of(reads):
    return [Record(f"r{n}", "", read, n) for n, read in enumerate(reads)]


@pytest.fixture(scope="module")
def peptides(proteins):
    return peptides_of(proteins[:20])[:60]


@pytest.fixture(scope="module")
def strangers(peptides):
    return strangers_of(peptides)


@pytest.fixture
def known(fasta, proteins):
    return fasta("known.fasta", proteins[:20])


def share_of(peptides, known, config=TRYPTIC):
    reads = [masked(peptide, K2) for peptide in peptides]
    return reconstruct(reads, K2, reference=known, config=config)


@pytest.mark.parametrize("kind", ["tryptic", "fragment"])
def test_the_share_is_that_of_the_peptides_in_the_reference(peptides, strangers, known, kind):
    config = PredictConfig(kind=kind, mode="templates")
    for right in (0, 30, 60):
        mixture = peptides[:right] + strangers[right:]
        share = share_of(mixture, known, config).fitting
        assert share.reads == len(set(masked(p, K2) for p in mixture))
        assert abs(share.share - right / 60) < 0.15
        assert share.is_stranger == (right == 0)


def test_relatives_count_as_fitting_at_their_distance(peptides, known):
    share = share_of([changed(p[:-1], 0.1) + p[-1] for p in peptides], known).fitting
    assert share.share > 0.6 and sum(share.by_distance[1:4]) > share.by_distance[0]


def test_confidences_of_a_stranger_are_low_and_of_others_what_they_were(
    peptides, strangers, known, monkeypatch
):
    after = [share_of(p, known) for p in (peptides, strangers)]
    monkeypatch.setattr(predictor, "FITTING", type(FITTING)(sample=()))
    before = [share_of(p, known) for p in (peptides, strangers)]
    assert before[0].fitting is None
    sure = [[(r.confidence[r.hidden] >= 0.5).mean() for r in done] for done in after + before]
    own, stranger, own_before, stranger_before = map(np.mean, sure)
    assert stranger < 0.02 and stranger_before > 0.05
    assert abs(own - own_before) < 0.02
    for new, old, peptide in zip(after[0], before[0], peptides, strict=True):
        changed_residues = sum(a != b for a, b in zip(new.sequence, old.sequence, strict=True))
        assert changed_residues <= 1 or new.confidence.min() < 0.6, peptide


def test_a_single_read_is_hardly_punished(peptides, known):
    informative = max(peptides, key=lambda p: sum(a in K2.observed for a in p))
    (result,) = done = share_of([informative], known)
    assert 0.6 < done.fitting.share < 0.9 and not done.fitting.is_stranger
    assert result.sequence == informative and result.mean_confidence > 0.9


def test_without_reads_the_share_is_that_of_the_prior():
    none = np.empty((0, 5))
    share = estimate_share(none, none, DISTANCES)
    assert share.by_distance == tuple(np.round(FITTING.prior_share * DISTANCES, 6))


def test_fits_that_decoys_have_too_do_not_count():
    likelihoods = np.random.default_rng(1).lognormal(3, 1, (200, 5)) * [1, 1, 1, 1, 0.01]
    assert estimate_share(likelihoods, likelihoods, DISTANCES).share < 0.02
    assert estimate_share(likelihoods, likelihoods / 100, DISTANCES).share > 0.9


def test_the_sample_is_of_distinct_reads_and_depends_on_no_order():
    reads = [f"MX{'X' * n}K" for n in range(50)]
    records = records_of([*reads, *reads, "MXD", "XXX"])
    sample = sample_peptides(records, K2, 20)
    assert len(set(sample)) == 20 and "MXD" not in sample
    assert sample == sample_peptides(records[::-1], K2, 20)
    assert set(sample_peptides(records, K2, 99)) == {*reads, "XXX"}


def prefixes_of(proteins, length=25):
    """The first residues of proteins; and the same with all but the first one in random order."""
    own = list(dict.fromkeys(s[:length] for _, s in proteins if len(s) >= length))
    residues = [a for p in own for a in p[1:]]
    random.Random(1).shuffle(residues)
    taken = iter(residues)
    return own, [p[0] + "".join(next(taken) for _ in p[1:]) for p in own]


def test_the_share_of_prefixes_is_that_of_the_proteins_in_the_reference(proteins, fasta):
    own, strangers = prefixes_of(proteins)
    reference = fasta("all.fasta", proteins)
    config = PredictConfig(kind="prefix", mode="templates")
    for half in (0, len(own) // 2, len(own)):
        done = share_of(own[:half] + strangers[half:], reference, config)
        assert abs(done.fitting.share - half / len(own)) < 0.15
        assert done.fitting.is_stranger == (half == 0)
        sure = [(r.confidence[r.hidden] >= 0.5).mean() for r in done]
        assert np.mean(sure[:half] or [1]) > 0.8 and np.mean(sure[half:] or [0]) < 0.1


def test_a_hidden_first_residue_of_a_prefix_is_that_of_proteins(proteins, fasta):
    _, strangers = prefixes_of(proteins)
    config = PredictConfig(kind="prefix", mode="templates")
    done = share_of(strangers, fasta("all.fasta", proteins), config)
    first = [result for result in done if result.hidden[:1] == [0]]
    assert len(first) > 10 or "M" in K2.observed
    assert all(result.sequence[0] == "M" and result.confidence[0] > 0.5 for result in first)


def test_whole_proteins_and_networks_have_no_share(peptides, known):
    assert share_of(peptides[:3], known, PredictConfig(mode="templates")).fitting is None
    reads = [masked(p, K2) for p in peptides[:3]]
    assert reconstruct(reads, K2, config=PredictConfig("model", kind="tryptic")).fitting is None


def test_predict_says_that_a_sample_is_not_of_the_reference(
    run, fasta, peptides, strangers, known, tmp_path
):
    out = tmp_path / "out.fasta"
    options = ("--kind", "tryptic", "--mode", "templates", "--readout", "K2", "--reference", known)
    options += ("-o", out, "--force")
    for name, sample in (("own", peptides), ("other", strangers)):
        reads = fasta(f"{name}.fasta", [(f"p{n}", masked(p, K2)) for n, p in enumerate(sample)])
        done = run("predict", reads, *options)
        assert done.code == 0
        recorded = json.loads((tmp_path / "out.fasta.run.json").read_text())
        share = recorded["settings"]["peptides_that_fit"]
        line = next(line for line in done.err.splitlines() if "fit" in line)
        assert f"about {100 * share['share']:.0f} % of the peptides fit" in line
        assert share["of_this_reference"] == (name == "own")
        stranger = f"{reads}: the sample is not of this reference"
        assert (stranger in line) == (name == "other")
        assert ("--reference PROTEOME.fasta" in line) == (name == "other")


def test_shards_share_one_estimate(run, fasta, peptides, strangers, known, tmp_path, monkeypatch):
    monkeypatch.setattr(predictor, "CHUNKS", predictor.ChunkSettings(residues=150))
    monkeypatch.setattr(predictor, "FITTING", type(FITTING)(sample=(("tryptic", 40),)))
    mixture = [(f"p{n}", masked(p, K2)) for n, p in enumerate(peptides[:30] + strangers[30:60])]
    reads = fasta("reads.fasta", mixture)
    common = ("predict", reads, "--kind", "tryptic", "--mode", "templates", "--readout", "K2")
    common += ("--reference", known)
    written = {}
    for shard in (None, "1/3", "2/3", "3/3"):
        name = "whole" if shard is None else f"part{shard[0]}"
        mine = () if shard is None else ("--shard", shard)
        out = tmp_path / f"{name}.fasta"
        done = run(*common, *mine, "-o", out, "--table", tmp_path / f"{name}.tsv.gz")
        assert done.code == 0, done.err
        settings = json.loads((tmp_path / f"{name}.fasta.run.json").read_text())["settings"]
        written[out] = settings["peptides_that_fit"]
    assert all(share == written[tmp_path / "whole.fasta"] for share in written.values())
    parts = [out for out in written if "part" in out.name]
    assert merged(run, parts, tmp_path / "joined.fasta").code == 0
    whole = (tmp_path / "whole.fasta").read_bytes()
    assert (tmp_path / "joined.fasta").read_bytes() == whole


def test_a_stranger_has_enough_reads_and_a_low_share():
    low, high = (0.1, 0.02, 0.0, 0.0, 0.8), (0.3, 0.02, 0.0, 0.0, 0.0)
    assert FittingShare(low, 20).share == 0.12
    assert FittingShare(low, 20).is_stranger
    assert not FittingShare(low, 19).is_stranger and not FittingShare(high, 20).is_stranger
