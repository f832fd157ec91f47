"""Templates weighed with their families against the copying model without."""

import numpy as np
import pytest
from known import K1, changed, masked, shuffled
from test_template_model import agreement, template_model

from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.templates.families import FAMILIES
from pepseq.templates.soft_reads import SoftRead


@pytest.fixture(scope="module")
def known(proteins):
    return [p for p in proteins if sum(a in "KCYM" for a in p[1]) >= 12][:40]


def weigh(model, read, families):
    return model.weigh_templates(read, model.finder.find(read), families)


def complete(model, read, evidence):
    return model.reconstruct(Record("read", "", read, 1), evidence)


@pytest.mark.parametrize("text", ["KCYM", "K2", "CY[DE]"])
@pytest.mark.parametrize("candidates", ["hidden", "all"])
@pytest.mark.parametrize("kind", ["letters", "soft"])
def test_without_relatives_nothing_changes(known, text, candidates, kind):
    readout = Readout(text)
    model = template_model(known[:2], readout, candidates, missed_label=0.1, misread=0.01)
    read = masked(changed(known[0][1], 0.3), readout)
    if kind == "soft":
        symbols = model.finder.symbols
        read = SoftRead(read, symbols.emission.T[symbols.encode(read)])
    plain, by_family = (weigh(model, read, families) for families in (False, True))
    assert plain.weights.sum() > len(read) / 2
    assert np.allclose(plain.copied, by_family.copied, atol=1e-9)
    assert np.allclose(plain.weights, by_family.weights, atol=1e-9)
    assert np.allclose(plain.none, by_family.none, atol=1e-9)


def test_a_family_completes_more_than_its_members_one_by_one(known):
    right = np.zeros(2)
    for _, ancestor in known[:12]:
        family = [(f"p{n}", changed(ancestor, 0.4, seed=n)) for n in range(8)]
        model, truth = template_model(family), changed(ancestor, 0.4, seed=99)
        read = masked(truth)
        for families in (False, True):
            result = complete(model, read, weigh(model, read, families))
            right[int(families)] += agreement(result.sequence, truth) / 12
    assert right[1] > right[0] + 0.05


def test_distant_relatives_are_weighed_by_family_and_near_ones_are_not(known):
    ancestor = known[3][1]
    model = template_model([(f"p{n}", changed(ancestor, 0.4, seed=n)) for n in range(8)])
    for truth, families in ((changed(ancestor, 0.4, seed=99), True), (ancestor, True)):
        found = model.find_evidence(masked(truth))
        weighed = model.weigh_templates(masked(truth), found.templates, families)
        assert np.array_equal(found.copied, weighed.copied)
    near = template_model([("p", ancestor), ("q", changed(ancestor, 0.4))])
    found = near.find_evidence(masked(ancestor))
    assert found.copied.max(1).mean() >= FAMILIES.settled
    assert np.array_equal(
        found.copied, near.weigh_templates(masked(ancestor), found.templates).copied
    )


def test_chance_fits_make_no_family(known):
    members = [(name, protein) for name, protein in known]
    model = template_model(members, K1)
    for _, protein in known[:8]:
        read = masked(shuffled(protein))
        assert weigh(model, read, True).none.mean() > 0.9
