import numpy as np
import pytest
from structures import SEQUENCE, coil, full_pdb, pdb

from pepseq.structure.lddt import lddt
from pepseq.structure.structure_files import read_structure
from pepseq.structure.tmscore import same_numbers

XYZ = coil(40)


@pytest.fixture
def chain(tmp_path):
    def chain(text):
        (tmp_path / "x.pdb").write_text(text)
        return read_structure(tmp_path / "x.pdb").chains[0]

    return chain


def by_definition(reference, model, residues):
    """lDDT as Mariani et al. write it, in plain loops; a missing atom of the model is None."""
    kept = total = 0
    for i in range(len(reference)):
        for j in range(i):
            before = np.linalg.norm(reference[i] - reference[j])
            if residues[i] == residues[j] or before > 15:
                continue
            total += 4
            if model[i] is not None and model[j] is not None:
                change = abs(np.linalg.norm(model[i] - model[j]) - before)
                kept += sum(change <= limit for limit in (0.5, 1, 2, 4))
    return kept / total


def noisy(sd, seed=0):
    return XYZ + np.random.RandomState(seed).normal(0, sd, XYZ.shape)


@pytest.mark.parametrize("sd", [0, 0.3, 1, 5])
def test_ca_by_definition(chain, sd):
    model, reference = chain(pdb(noisy(sd))), chain(pdb(XYZ))
    value = lddt(model, reference, same_numbers(model, reference), "ca")
    assert value == pytest.approx(by_definition(reference.ca, model.ca, range(40)), abs=2e-4)
    assert (value == 1) == (sd == 0)


def test_missing_residues_are_not_kept(chain):
    model, reference = chain(pdb(XYZ[:30])), chain(pdb(XYZ))
    value = lddt(model, reference, same_numbers(model, reference), "ca")
    expected = by_definition(reference.ca, [*model.ca, *[None] * 10], range(40))
    assert value == pytest.approx(expected, abs=1e-6) and value < 1
    late = chain(pdb(noisy(1)[10:], numbers=range(11, 41)))
    expected = by_definition(reference.ca, [*[None] * 10, *late.ca], range(40))
    value = lddt(late, reference, same_numbers(late, reference), "ca")
    assert value == pytest.approx(expected, abs=2e-4)
    back = same_numbers(reference, model)
    assert lddt(reference, model, back, "ca") == 1  # residues that the reference lacks do not count


def test_heavy_atoms_by_definition(chain):
    sequence = (SEQUENCE * 2)[:40]
    model, reference = chain(full_pdb(noisy(1), sequence)), chain(full_pdb(XYZ, sequence))
    value = lddt(model, reference, same_numbers(model, reference), "heavy")
    expected = by_definition(reference.atoms, model.atoms, reference.atom_residues)
    assert value == pytest.approx(expected, abs=2e-4)


def test_side_chains_of_other_amino_acids_are_not_compared(chain):
    from structures import atom_line

    sequence = "L" * 40
    delta = atom_line(40, XYZ[-1] + 1.5, name="CD1", residue="LEU")
    reference = chain(full_pdb(XYZ, sequence) + delta)
    same = chain(full_pdb(XYZ, sequence))
    other = chain(full_pdb(XYZ, "L" * 39 + "G"))
    pairs = same_numbers(same, reference)
    assert lddt(same, reference, pairs, "heavy") < 1
    assert lddt(other, reference, pairs, "heavy") == 1


def test_no_distances_no_value(chain):
    far = chain(pdb(np.arange(9).reshape(3, 3) * 100.0))
    assert lddt(far, far, same_numbers(far, far), "ca") is None
