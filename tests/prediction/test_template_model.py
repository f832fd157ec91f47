"""Templates of a read, their evidence, and reconstructions with a network and without."""

from dataclasses import replace

import numpy as np
import pytest
from known import K1, K2, changed, masked, reference_of, shuffled

from pepseq.prediction.template_model import TemplateModel
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.stratified_finder import StratifiedFinder


def template_model(pairs, readout=K1, candidates="hidden", kind="protein", **errors):
    finder = StratifiedFinder(reference_of(pairs), read_symbols(readout, **errors), kind)
    return TemplateModel(finder, readout, candidates)


def reconstruct(model, read, logits=None):
    evidence = model.find_evidence(read)
    probabilities = model.probabilities(read, evidence, logits)
    return model.reconstruct(Record("read", "", read, 1), evidence, probabilities), evidence


def agreement(first, second):
    return np.mean([a == b for a, b in zip(first, second, strict=True)])


@pytest.fixture(scope="module")
def known(proteins):
    return [p for p in proteins if sum(a in "KCYM" for a in p[1]) >= 12][:40]


@pytest.fixture(scope="module")
def made(known):
    return template_model(known)


@pytest.mark.parametrize("readout", ["KCYM", "K2", "CY[DE]", "[DE][KR]C"])
def test_known_proteins_are_recovered_and_surely(known, readout):
    readout = Readout(readout)
    model = template_model(known, readout)
    for name, protein in known[:8]:
        result, evidence = reconstruct(model, masked(protein, readout))
        assert agreement(result.sequence, protein) > 0.995
        assert result.mean_confidence > 0.97 and evidence.none.mean() < 0.05
        assert result.templates.best == name
        assert result.templates.agreement.mean() > 0.95


def test_a_relative_is_completed_and_less_surely_where_it_differs(made, known):
    right, sure = [], []
    for _, protein in known:
        truth = changed(protein, 0.3)
        result, _ = reconstruct(made, masked(truth))
        right += [truth[i] == result.sequence[i] for i in result.hidden]
        sure += result.probabilities.max(1).tolist()
    assert np.mean(right) > 0.5
    assert np.mean(right) - 0.2 < np.mean(sure) < np.mean(right) + 0.03


def test_unrelated_proteins_are_not_copied(made, known):
    weights = [1 - made.find_evidence(masked(shuffled(p))).none.mean() for _, p in known]
    assert np.mean(weights) < 0.02 and max(weights) < 0.3


def test_in_a_large_reference_a_repeat_is_not_copied_from_another(known):
    model = template_model([*known, ("repeat", "VLEEWFA" + "LVKEEWF" * 10 + "LIDDGTF")])
    read = masked(shuffled(known[1][1])[:90] + "SGKHSAS" * 10 + shuffled(known[2][1])[:90])
    found = model.finder.find(read, thorough=True)
    found = replace(found, places=np.full(len(found.places), 10**10))
    assert model.weigh_templates(read, found).none[90:160].mean() > 0.9


def test_a_chimera_is_copied_from_both(made, known):
    (first_id, first), (second_id, second) = known[2], known[5]
    cut = len(first) // 2
    chimera = first[:cut] + second[len(second) // 2 :]
    result, _ = reconstruct(made, masked(chimera))
    origins = result.templates
    left, right = (origins.weights[:, origins.ids.index(name)] for name in (first_id, second_id))
    assert left[: cut - 40].min() > 0.9 and right[cut + 40 :].min() > 0.9
    assert agreement(result.sequence, chimera) > 0.9


CASES = [
    (AMINO_ACIDS, "all", {}),
    (AMINO_ACIDS, "hidden", {}),
    ("KCYM", "hidden", {}),
    ("KCYM", "all", {}),
    ("KCYM", "hidden", {"missed_label": 0.1, "misread": 0.1}),
    ("C[DE]K", "hidden", {}),
    ("C[DE]K", "all", {"misread": 0.2}),
    ("K", "hidden", {"missed_label": 0.3}),
    (AMINO_ACIDS, "hidden", {"missed_label": 0.3}),
    ("ACDEFGHIKLMNPQRSTV[WY]", "hidden", {}),
]


@pytest.mark.parametrize(("labels", "candidates", "errors"), CASES)
def test_observed_residues_hold_and_probabilities_are_of_candidates(
    known, labels, candidates, errors
):
    readout = Readout(labels)
    model = template_model(known[:10], readout, candidates, **errors)
    allowed = set(AMINO_ACIDS) if candidates == "all" or "missed_label" in errors else None
    allowed = allowed or set(readout.hidden)
    rng = np.random.default_rng(1)
    for number, length in enumerate([1, 2, 30, 200]):
        residues = masked(known[number][1], readout)[:length]
        residues = "".join("X" if allowed and rng.random() < 0.2 else a for a in residues)
        for logits in (None, rng.normal(size=(len(residues), 20)).astype(np.float32)):
            result, evidence = reconstruct(model, residues, logits)
            assert np.allclose(evidence.copied.sum(1) + evidence.none, 1)
            assert np.allclose(result.probabilities.sum(1), 1)
            assert len(result.sequence) == len(residues)
            for before, after in zip(residues, result.sequence, strict=True):
                if before in AMINO_ACIDS:
                    assert after == before
                elif before == "X":
                    assert after in allowed
                else:
                    assert after in readout.group_symbols[before]


def test_where_no_template_is_copied_the_network_decides(made):
    residues = "K" + "X" * 28
    logits = np.zeros((len(residues), 20), np.float32)
    logits[:, AMINO_ACIDS.index("W")] = 9
    logits[:, AMINO_ACIDS.index("C")] = 99  # no candidate
    result, evidence = reconstruct(made, residues, logits)
    assert evidence.none.mean() > 0.9 and result.sequence == "K" + "W" * 28
    alone, _ = reconstruct(made, residues)
    assert set(alone.sequence[1:]) == {"L"}


def test_where_a_template_is_copied_the_network_changes_little(made, known):
    protein = known[4][1]
    logits = np.random.default_rng(2).normal(0, 5, (len(protein), 20)).astype(np.float32)
    result, _ = reconstruct(made, masked(protein), logits)
    assert agreement(result.sequence, protein) > 0.99


def test_a_misread_label_is_doubted(known):
    protein = known[2][1]
    at = [i for i, a in enumerate(protein) if a == "K" and 50 < i < len(protein) - 50][2]
    wrong = masked(protein)[:at] + "Y" + masked(protein)[at + 1 :]
    result, _ = reconstruct(template_model(known, misread=0.02), wrong)
    assert result.sequence == protein[:at] + "Y" + protein[at + 1 :]
    assert result.templates.weight[at] > 0.99 and result.templates.agreement[at] < 0.01


def test_a_missed_label_is_put_back(known):
    protein = known[2][1]
    at = [i for i, a in enumerate(protein) if a == "K" and i > 50][2]
    residues = masked(protein)[:at] + "X" + masked(protein)[at + 1 :]
    result, _ = reconstruct(template_model(known, missed_label=0.05), residues)
    assert result.sequence[at] == "K" and agreement(result.sequence, protein) > 0.99
    strict, _ = reconstruct(template_model(known), residues)
    assert strict.sequence[at] in K1.hidden


def test_noisy_readouts_are_recovered(known):
    errors = {"missed_label": 0.15, "misread": 0.05}
    model = template_model(known, K2, **errors)
    draw = np.random.default_rng(5)
    for _, protein in known[:10]:
        residues = [
            a if a == "X" or draw.random() > 0.2 else draw.choice([*"XXXKCYMRHWST"])
            for a in masked(protein, K2)
        ]
        result, evidence = reconstruct(model, "".join(residues))
        hidden = result.hidden
        right = [protein[i] == result.sequence[i] for i in hidden]
        assert np.mean(right) > 0.99 and evidence.none.mean() < 0.05


def test_unknown_residues_of_a_template_are_drawn_from_all_amino_acids(known):
    name, protein = known[2]
    model = template_model([(name, protein[:80] + "X" * 9 + protein[89:])])
    result, _ = reconstruct(model, masked(protein))
    rows = {i: p for i, p in zip(result.hidden, result.probabilities, strict=True)}
    assert all(rows[i].max() < 0.3 for i in range(80, 89) if i in rows)
    assert agreement(result.sequence[:80], protein[:80]) == 1
    assert "X" not in result.sequence


def test_only_the_order_of_equal_templates_depends_on_the_reference(known):
    twins = [(f"twin{i}", known[3][1]) for i in range(2)]
    for pairs in ([*known, *twins], [*twins, *known][::-1]):
        result, evidence = reconstruct(template_model(pairs), masked(known[3][1]))
        assert result.sequence == known[3][1]
        three = np.sort(evidence.weights.mean(0))[-3:]
        assert three == pytest.approx([1 / 3] * 3, abs=0.02)


def test_a_peptide_that_fits_many_places_is_their_mixture():
    rng = np.random.default_rng(8)
    tails = ["".join(rng.choice(list("ADEFGHILNPQSTVW"), 30)) for _ in range(300)]
    starts = ["LLLLLLLK"] * 60 + ["AAAAAAAK"] * 240
    pairs = [
        (f"p{n}", start + tail) for n, (start, tail) in enumerate(zip(starts, tails, strict=True))
    ]
    model = template_model(pairs, kind="tryptic")
    result, evidence = reconstruct(model, "XXXXXXXK")
    assert result.sequence == "AAAAAAAK" and result.templates.best == ""
    copied = evidence.copied[:, [AMINO_ACIDS.index(a) for a in "LA"]][:7].mean(0)
    assert copied.sum() > 0.8 and copied[1] / copied[0] == pytest.approx(4, rel=0.15)


@pytest.mark.parametrize("kind", ["fragment", "prefix"])
def test_confidences_of_peptides_are_true(proteins, kind):
    model = template_model(proteins, K2, kind=kind)
    right, sure = [], []
    for n, (_, protein) in enumerate(proteins):
        begin = 7 * n % (len(protein) - 10) if kind == "fragment" else 0
        peptide = protein[begin : begin + 10]
        result, _ = reconstruct(model, masked(peptide, K2))
        right += [peptide[i] == result.sequence[i] for i in result.hidden]
        sure += result.probabilities.max(1).tolist()
    assert np.mean(right) > 0.5 and abs(np.mean(right) - np.mean(sure)) < 0.07
