"""Reads with probabilities of labels, and patterns: against hard reads, and brute force."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from known import reference_of
from places import DATA

from pepseq import LookupConfig, Readout, find_proteins
from pepseq.errors import InputError, SettingsError
from pepseq.identification.fits import fit_reads
from pepseq.prediction.template_model import COPYING
from pepseq.readout.label_probabilities import WeightedRead
from pepseq.readout.residue_patterns import read_patterns
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.substitution import encode, exchanges

READOUT = Readout("KC[DE]")
SYMBOLS = "KCdX"
PROTEINS = [("a", "MAGICKEEC"), ("b", "CLEYKWWDR"), ("c", "MKKCEDAAAGG"), ("d", "GGCKDEKKA")]


def weights_of(residues):
    """Return a hard read as probabilities of 0 and 1."""
    return np.eye(len(SYMBOLS))[[SYMBOLS.index(residue) for residue in residues]]


def emission_of(weights):
    """Return P(what is said of each residue | amino acid) as dicts."""
    symbol = {a: "d" if a in "DE" else a if a in "KC" else "X" for a in AMINO_ACIDS}
    return [{a: row[SYMBOLS.index(symbol[a])] for a in AMINO_ACIDS} for row in weights]


def brute_force_score(weights, residues, background):
    """Return log2 of P(read | relatives of these residues) / P(read | chance)."""
    seen = emission_of(weights)
    prior = dict(zip(AMINO_ACIDS, background, strict=True))
    by_chance = np.prod([sum(prior[a] * row[a] for a in AMINO_ACIDS) for row in seen])
    total = 0.0
    for distance, share in zip(COPYING.distances, COPYING.distance_prior("prefix"), strict=True):
        exchanged = exchanges(background, distance)[encode(residues)]
        of_each = [dict(zip(AMINO_ACIDS, row, strict=True)) for row in exchanged]
        total += share * np.prod(
            [sum(p[a] * s[a] for a in AMINO_ACIDS) for p, s in zip(of_each, seen, strict=True)]
        )
    return np.log2(total / by_chance)


@pytest.mark.parametrize("kind", ["prefix", "protein", "fragment", "tryptic"])
def test_sure_probabilities_are_a_hard_read(kind):
    reads = ["XXXXCKddC", "CXdXKXXdX", "XCKddKK", "CKd", "XXXXCK"]
    known = reference_of(PROTEINS)
    config = LookupConfig(kind=kind, threads=1)
    hard, q_values = fit_reads(reads, known, READOUT, config)
    soft = [WeightedRead(str(n), n, [weights_of(read)]) for n, read in enumerate(reads)]
    found, others = fit_reads(soft, known, READOUT, config)
    assert others.exact.tolist() == q_values.exact.tolist() and any(fits.best for fits in hard)
    for one, other in zip(hard, found, strict=True):
        assert one.places == other.places and one.equal == other.equal
        assert other.total == pytest.approx(one.total)
        for a, b in zip(one.best, other.best, strict=True):
            assert b.score == pytest.approx(a.score)
            assert replace(b, score=a.score) == a


@pytest.mark.parametrize("length", [4, 7, 9])
def test_scores_are_those_of_brute_force(length):
    weights = np.random.default_rng(length).dirichlet(np.full(4, 0.3), length)
    known = reference_of(PROTEINS)
    background = known.frequencies()
    config = LookupConfig(kind="prefix", best=10, threads=1)
    (fits,), _ = fit_reads([WeightedRead("r", 1, [weights])], known, READOUT, config)
    expected = {n: brute_force_score(weights, p[:length], background) for n, p in PROTEINS}
    found = {known.name(fit.protein): fit.score for fit in fits.best}
    assert found == pytest.approx({name: expected[name] for name in found}, abs=1e-4)
    assert set(found) >= {name for name, score in expected.items() if score > 2}


def test_reads_longer_than_a_byte_counts_are_found():
    random = np.random.default_rng(4)
    proteins = [(str(n), "".join(random.choice([*AMINO_ACIDS], 400))) for n in range(5)]
    text = re.sub("[^KCd]", "X", re.sub("[DE]", "d", proteins[3][1][:300]))
    soft = 0.9 * weights_of(text) + 0.025
    known = reference_of(proteins)
    config = LookupConfig(kind="prefix", threads=1)
    (fits,), _ = fit_reads([WeightedRead("r", 1, [soft])], known, READOUT, config)
    assert fits.best[0].protein == 3 and fits.best[0].end == 300


def test_patterns_fit_what_they_allow():
    proteins = [("a", "MKAACGGGA"), ("b", "MKCACGGGA"), ("c", "MKAACGGGK"), ("d", "GGGKAGACG")]
    known = reference_of(proteins)
    config = LookupConfig(kind="fragment", best=10, threads=1)

    def starts(pattern):
        reads = read_patterns([pattern], READOUT)
        (fits,), _ = fit_reads(reads, known, READOUT, config)
        best = fits.best[0].score
        near = [fit for fit in fits.best if fit.score > best - 1.5]
        return sorted((known.name(fit.protein), fit.begin, fit.end) for fit in near)

    assert starts("K-x(2)-C") == [("a", 2, 5), ("b", 2, 5), ("c", 2, 5)]
    assert starts("K-{KC}(2)-C") == [("a", 2, 5), ("c", 2, 5)]
    assert starts("K-x(3)-C") == [("d", 4, 8)]
    every = [("a", 2, 5), ("b", 2, 5), ("c", 2, 5), ("d", 4, 8)]
    assert starts("K-x(2,3)-C") == every


def test_a_gap_of_several_lengths_costs_its_logarithm():
    known = reference_of(PROTEINS)
    config = LookupConfig(kind="prefix", best=10, threads=1)

    def scores(pattern):
        (fits,), _ = fit_reads(read_patterns([pattern], READOUT), known, READOUT, config)
        return {(fit.protein, fit.end): fit.score for fit in fits.best}

    one, other, both = map(scores, ("x(4)-C-K", "x(5)-C-K", "x(4,5)-C-K"))
    expected = {place: score - 1 for place, score in {**one, **other}.items()}
    assert both == pytest.approx({place: expected[place] for place in both})
    assert max(both) and max(both.values()) == pytest.approx(max(expected.values()))


def table_of(reads, sure=0.9):
    """Return reads of KCYM as a table of probabilities; the rest of `sure` is shared equally."""
    rows = []
    for name, read in reads.items():
        for position, residue in enumerate(read, 1):
            for label in "KCYM_":
                is_it = label == residue.replace("X", "_")
                rows.append((name, position, label, sure if is_it else (1 - sure) / 4))
    return pd.DataFrame(rows, columns=["read", "position", "label", "probability"])


READS = {"x": "MXXYXXXKXXCXXMXXXXYXXXXX", "y": "MXKXXXXXCXXXXXYXXXXXKXXM"}
CALL = ("--readout", "KCYM", "--reference", DATA / "ecoli_536.fasta", "--kind", "prefix")


@pytest.mark.parametrize("suffix", ["tsv", "parquet"])
def test_lookup_and_find_proteins_take_probabilities(tmp_path, run, suffix):
    frame, path = table_of(READS), tmp_path / f"r.{suffix}"
    frame.to_parquet(path) if suffix == "parquet" else frame.to_csv(path, sep="\t", index=False)
    done = run("lookup", path, "-o", tmp_path / "o.tsv", *CALL, "--probabilities")
    assert done.code == 0 and "2 reads" in done.err
    config = LookupConfig(kind="prefix", probabilities=True)
    found = find_proteins(frame, "KCYM", DATA / "ecoli_536.fasta", config=config).to_dataframe()
    written = pd.read_csv(tmp_path / "o.tsv", sep="\t")
    assert written["protein"].tolist() == found["protein"].tolist()
    assert written["score"].tolist() == pytest.approx(found["score"], abs=0.006)


def test_lookup_and_find_proteins_take_patterns(tmp_path, run):
    patterns = {"p": "M-x(2)-Y-x(1,3)-K", "q": "C-{KCYM}(3)-K"}
    lines = "".join(f"{name}\t{pattern}\n" for name, pattern in patterns.items())
    (tmp_path / "p.tsv").write_text(f"id\tpattern\n{lines}r\tK-W\n")
    call = ("lookup", tmp_path / "p.tsv", "-o", tmp_path / "o.tsv", *CALL, "--patterns")
    done = run(*call)
    assert done.code == 65 and f"{tmp_path}/p.tsv:4: 'r': pattern 'K-W': 'W' in W is no" in done.err
    assert "pattern 'K-W'" in (tmp_path / "o.tsv.failed.tsv").read_text()
    assert json.loads((tmp_path / "o.tsv.run.json").read_text())["settings"]["patterns"] is True
    config = LookupConfig(kind="prefix", patterns=True)
    found = find_proteins(patterns, "KCYM", DATA / "ecoli_536.fasta", config=config)
    written = pd.read_csv(tmp_path / "o.tsv", sep="\t")
    assert written["protein"].tolist() == found.to_dataframe()["protein"].tolist()
    best = found[0].fits[0]
    assert (best.labels, best.labels_matched, best.begin) == (3, 3, 1)


def test_settings_that_do_not_go_together_are_refused(tmp_path):
    matrix = DATA / "confusion_KCYM.tsv"
    config = LookupConfig(kind="prefix", probabilities=True)
    with pytest.raises(SettingsError, match="probabilities of labels contain the errors"):
        find_proteins(table_of(READS), "KCYM", config=config, confusion=matrix)
    with pytest.raises(SettingsError, match="probabilities of labels contain the errors"):
        LookupConfig(probabilities=True, misread=0.1)
    with pytest.raises(SettingsError, match="give one of them"):
        LookupConfig(probabilities=True, patterns=True)
    with pytest.raises(SettingsError, match="give one of them"):
        LookupConfig(dye_sequences=True, patterns=True)
    with pytest.raises(InputError, match=r"^reads: expected a DataFrame, found list"):
        find_proteins(["MKX"], "KCYM", config=config)
