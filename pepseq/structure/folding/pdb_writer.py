"""Predicted atoms to a PDB file."""

import gemmi

from pepseq.models.esmfold import ATOMS, Prediction


def format_pdb(sequence: str, prediction: Prediction) -> bytes:
    """Return a PDB file of one chain A, numbered from 1, with each residue's pLDDT as B-factor.

    A residue without atoms, which an unknown one is, leaves a gap in the numbers.
    """
    chain = gemmi.Chain("A")
    names = gemmi.expand_one_letter_sequence(sequence, gemmi.ResidueKind.AA)
    for index, name in enumerate(names):
        residue = gemmi.Residue()
        residue.name, residue.seqid = name, gemmi.SeqId(index + 1, " ")
        residue.entity_type = gemmi.EntityType.Polymer
        for place in prediction.present[index].nonzero()[0]:
            atom = gemmi.Atom()
            atom.name, atom.element = ATOMS[place], gemmi.Element(ATOMS[place][0])
            atom.pos = gemmi.Position(*map(float, prediction.atoms[index, place]))
            atom.b_iso = float(prediction.plddt[index])
            residue.add_atom(atom)
        if len(residue):
            chain.add_residue(residue)
    model = gemmi.Model(1)
    model.add_chain(chain)
    structure = gemmi.Structure()
    structure.add_model(model)
    structure.info["_exptl.method"] = "THEORETICAL MODEL"
    structure.setup_entities()
    structure.assign_serial_numbers()
    return structure.make_pdb_string().encode()
