import numpy as np
import pandas as pd
import pytest

from pepseq import LookupConfig, lookup
from pepseq.identification.relatives import RELATIVES, estimate_q_values, mean_errors
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS

DISTANCES = np.array(RELATIVES.distances)


def test_mean_errors():
    errors = np.array([0.3, 0.0, 0.1, 0.0, 0.3, 1.2])
    assert mean_errors(errors).tolist() == pytest.approx([0.14, 0, 0.1 / 3, 0, 0.14, 1.7 / 6])
    assert mean_errors(np.zeros(0)).tolist() == []


def evidence_of(changed, length=20, labels=8, places=1000):
    """Evidence of reads of which `changed` labels differ at the best place; no decoy fits.

    Each label has a probability of 0.05 among other amino acids.
    """
    each = (0.05 + 0.95 * (1 - DISTANCES)) / 0.05
    other = np.maximum(DISTANCES, 1e-12)
    likelihood = each ** (labels - changed[:, None]) * other ** changed[:, None]
    best = likelihood / places
    hidden = (1 - DISTANCES) ** (length - labels) * (changed == 0)[:, None]
    return best + 0.01, np.full_like(best, 0.01), best, best * hidden


def test_reads_of_the_reference_are_right():
    q = estimate_q_values(*evidence_of(np.zeros(1000, int)))
    assert q.exact.max() < 0.01 and q.related.max() < 0.01


def test_relatives_are_wrong_peptides_of_right_places():
    changed = np.random.default_rng(1).binomial(8, 0.1, 1000)
    q = estimate_q_values(*evidence_of(changed))
    assert q.related[changed == 0].max() < 0.01
    # 12 residues were not read, each of which differs with a probability of a tenth
    assert q.exact[changed == 0].mean() == pytest.approx(1 - 0.9**12, abs=0.1)


def test_reads_from_elsewhere_fit_nothing():
    nothing = np.full((500, len(DISTANCES)), 0.01)
    q = estimate_q_values(nothing, nothing, nothing / 2, nothing / 2)
    assert q.exact.min() > 0.9 and q.related.min() > 0.9


def test_of_no_reads_there_are_no_q_values():
    none = np.zeros((0, len(DISTANCES)))
    q = estimate_q_values(none, none, none, none)
    assert len(q.exact) == len(q.related) == 0


@pytest.fixture
def peptides():
    random = np.random.default_rng(7)
    others = [a for a in AMINO_ACIDS if a not in "KRP"]
    return ["".join(random.choice(others, random.integers(10, 25))) + "K" for _ in range(600)]


def look_up(peptides, reference, tmp_path, fasta, **settings):
    readout = Readout("K2")
    reads = [(str(n), mask_sequence(p, readout).residues) for n, p in enumerate(peptides)]
    config = LookupConfig(threads=1, best=100, **settings)
    lookup(fasta("reads.fa", reads), tmp_path / "o.tsv", reference, readout, config=config)
    return pd.read_csv(tmp_path / "o.tsv", sep="\t").query("rank == 1").set_index("id")


def differing(peptide, random, share):
    """The peptide with this share of its residues, but the last, replaced."""
    others = [a for a in AMINO_ACIDS if a not in "KRP"]
    is_new = random.random(len(peptide) - 1) < share
    new = random.choice(others, len(peptide) - 1)
    return "".join(np.where(is_new, new, list(peptide[:-1]))) + peptide[-1]


@pytest.mark.parametrize("share", [0.0, 0.05])
def test_q_values_of_peptides_that_the_reference_lacks(peptides, share, tmp_path, fasta):
    random = np.random.default_rng(5)
    sample = [differing(peptide, random, share) for peptide in peptides]
    reference = fasta("reference.fa", [(str(n), p) for n, p in enumerate(peptides)])
    best = look_up(sample, reference, tmp_path, fasta, kind="tryptic")
    is_right = np.array([sample[int(n)] == peptides[int(n)] for n in best.index])
    of_place = best.protein.astype(str).to_numpy() == best.index.astype(str)
    assert (best.q_value >= best.q_value_related).all()
    found = best.q_value_related <= 0.01
    assert found.sum() > 200 and of_place[found].mean() > 0.99
    accepted = best.q_value <= 0.05
    if not share:
        assert accepted.sum() > 500
    assert is_right[found].mean() < 0.8 or not share  # relatives are many
    assert (~is_right[accepted]).sum() <= 0.05 * accepted.sum() + 3


def test_the_command_tells_what_is_assigned_with_relatives(peptides, tmp_path, fasta, run):
    random = np.random.default_rng(5)
    sample = [differing(peptide, random, 0.05) for peptide in peptides[:200]]
    reads = [(str(n), mask_sequence(p, Readout("K2")).residues) for n, p in enumerate(sample)]
    reference = fasta("reference.fa", [(str(n), p) for n, p in enumerate(peptides)])
    call = ("lookup", fasta("reads.fa", reads), "--readout", "K2", "--kind", "tryptic")
    said = run(*call, "--reference", reference, "-o", tmp_path / "o.tsv", "--threads", "1").err
    best = pd.read_csv(tmp_path / "o.tsv", sep="\t").query("rank == 1")
    number = (best.q_value_related <= 0.01).sum()
    assert number > (best.q_value <= 0.01).sum()
    assert f"{number} reads are assigned if relatives count as right" in said


def test_both_q_values_are_the_same_for_whole_proteins(tmp_path, fasta):
    random = np.random.default_rng(1)
    known = [(f"p{n}", "M" + "".join(random.choice(list(AMINO_ACIDS), 120))) for n in range(30)]
    best = look_up([p for _, p in known], fasta("r.fa", known), tmp_path, fasta)
    assert (best.q_value == best.q_value_related).all() and best.q_value.min() < 0.05
