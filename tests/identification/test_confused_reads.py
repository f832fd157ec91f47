"""Reads identified with a confusion matrix: against brute force, and against equal rates."""

import numpy as np
import pandas as pd
import pytest
from known import reference_of
from places import DATA

from pepseq import LookupConfig, Readout, find_proteins, lookup
from pepseq.errors import SettingsError
from pepseq.identification.fits import fit_reads
from pepseq.prediction.template_model import COPYING
from pepseq.readout.confusion import read_confusion
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.substitution import encode, exchanges

READOUT = Readout("KC[DE]")
PROTEINS = [("a", "MAGICKEEC"), ("b", "CLEYKWWDR"), ("c", "MKKCEDAAAGG"), ("d", "GGCKDEKKA")]
MATRIX = pd.DataFrame(
    [[0.7, 0.2, 0.05, 0.05], [0.1, 0.6, 0.1, 0.2], [0, 0.1, 0.8, 0.1], [0.02, 0, 0.03, 0.95]],
    index=[*list("KC"), "DE", "_"],
    columns=[*list("KC"), "DE", "_"],
)


def equal_rates(missed, misread):
    """Return the matrix of KC[DE] in which all labels have the same rates."""
    matrix = np.full((4, 4), misread * (1 - missed) / 2)
    np.fill_diagonal(matrix, (1 - missed) * (1 - misread))
    matrix[:, 3], matrix[3] = missed, [0, 0, 0, 1]
    return pd.DataFrame(matrix, index=MATRIX.index, columns=MATRIX.columns)


def label_of(amino_acid):
    return "DE" if amino_acid in "DE" else amino_acid if amino_acid in "KC" else "_"


def brute_force_score(read, residues, background, matrix):
    """Return log2 of P(read | relatives of these residues) / P(read | chance)."""
    emission = {
        a: dict(zip("KCdX", matrix.loc[label_of(a)], strict=True)) for a in AMINO_ACIDS
    }  # P(symbol | amino acid)
    prior = dict(zip(AMINO_ACIDS, background, strict=True))
    by_chance = np.prod([sum(prior[a] * emission[a][s] for a in AMINO_ACIDS) for s in read])
    total = 0.0
    for distance, share in zip(COPYING.distances, COPYING.distance_prior("prefix"), strict=True):
        exchanged = exchanges(background, distance)
        of_residue = [dict(zip(AMINO_ACIDS, exchanged[c], strict=True)) for c in encode(residues)]
        total += share * np.prod(
            [
                sum(of_residue[i][a] * emission[a][s] for a in AMINO_ACIDS)
                for i, s in enumerate(read)
            ]
        )
    return np.log2(total / by_chance)


@pytest.mark.parametrize("read", ["XXXXCKdXC", "CXXXX", "KKCKddX", "KXXKCddX", "dddK"])
def test_scores_are_those_of_brute_force(read):
    reference = reference_of(PROTEINS)
    background = reference.frequencies()
    config = LookupConfig(kind="prefix", best=10, threads=1)
    confusion = read_confusion(MATRIX, READOUT)
    (fits,), _ = fit_reads([read], reference, READOUT, config, confusion)
    expected = {
        name: brute_force_score(read, protein[: len(read)], background, MATRIX)
        for name, protein in PROTEINS
        if len(protein) >= len(read)
    }
    found = {reference.name(fit.protein): fit.score for fit in fits.best}
    assert found == pytest.approx({n: expected[n] for n in found}, abs=1e-4)
    assert found and max(expected, key=expected.get) in found


@pytest.mark.parametrize("rates", [(0.0, 0.0), (0.1, 0.02), (0.3, 0.0)])
def test_equal_rates_and_the_matrix_of_them_give_the_same_fits(rates):
    reads = ["XXXXCKdXC", "CXXXX", "KKCKddX", "KXXKCddX"]
    known = reference_of(PROTEINS)
    config = LookupConfig(kind="prefix", missed_label=rates[0], misread=rates[1], threads=1)
    by_rates, q_values = fit_reads(reads, known, READOUT, config)
    matrix = read_confusion(equal_rates(*rates), READOUT)
    by_matrix, others = fit_reads(reads, known, READOUT, LookupConfig(kind="prefix"), matrix)
    assert q_values.exact.tolist() == others.exact.tolist()
    for one, other in zip(by_rates, by_matrix, strict=True):
        assert [f.protein for f in one.best] == [f.protein for f in other.best]
        assert [f.score for f in one.best] == pytest.approx([f.score for f in other.best])


def test_a_likely_confusion_costs_less_than_an_unlikely_one():
    known = reference_of([("k", "MKAKAKAKAG"), ("e", "MEAEAEAEAG")])
    config = LookupConfig(kind="prefix", threads=1)
    confused = read_confusion(MATRIX, READOUT)  # K is often reported as C, E as C less often
    (fits,), _ = fit_reads(["XCXCXCXCXX"], known, READOUT, config, confused)
    assert [known.name(fit.protein) for fit in fits.best] == ["k", "e"]


def test_lookup_and_find_proteins_take_the_matrix(tmp_path, run):
    reads = {"x": "MXXYXXXKXXCXXMXXXXYXXXXX", "y": "MXKXXXXXCXXXXXYXXXXXKXXM"}
    (tmp_path / "r.fa").write_text("".join(f">{n}\n{read}\n" for n, read in reads.items()))
    matrix = DATA / "confusion_KCYM.tsv"
    call = ("--readout", "KCYM", "--reference", DATA / "ecoli_536.fasta", "--kind", "prefix")
    done = run("lookup", tmp_path / "r.fa", "-o", tmp_path / "o.tsv", *call, "--confusion", matrix)
    assert done.code == 0
    config = LookupConfig(kind="prefix")
    frame = pd.read_csv(matrix, sep="\t", index_col="label")
    found = find_proteins(reads, "KCYM", DATA / "ecoli_536.fasta", config=config, confusion=frame)
    written = pd.read_csv(tmp_path / "o.tsv", sep="\t")
    assert written["protein"].tolist() == found.to_dataframe()["protein"].tolist()
    assert written["score"].tolist() == pytest.approx(found.to_dataframe()["score"], abs=0.006)
    record = pd.read_json(tmp_path / "o.tsv.run.json", typ="series")
    assert record["settings"]["confusion"]["K"]["C"] == 0.01
    assert str(matrix) in str(record["inputs"])


def test_dye_sequences_of_peptides_take_no_matrix(tmp_path):
    (tmp_path / "d.tsv").write_text("2\n1\n.0\t1\tp\n")
    with pytest.raises(SettingsError, match="for dye sequences of peptides give error rates"):
        lookup(
            tmp_path / "d.tsv",
            tmp_path / "o.tsv",
            DATA / "ecoli_536.fasta",
            "KC",
            config=LookupConfig(dye_sequences=True),
            confusion=pd.DataFrame({"K": [0.9, 0.2], "C": [0.1, 0.8]}, index=["K", "C"]),
        )
