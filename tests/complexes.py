"""Complexes to test with: chains of the structures that tmtools carries, perturbed.

`python tests/complexes.py DOCKQ > tests/structure/dockq.tsv` writes what DOCKQ, the program DockQ
2.1.3 (`pip install DockQ` in an environment of its own), says of the perturbed ones.
"""

import json
import random
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

import gemmi
import numpy as np
from scipy.spatial import cKDTree
from structures import mutate, tmtools_file, turn

EXPECTED = Path(__file__).parent / "structure" / "dockq.tsv"
PERTURBED = 230
SCORES = ("dockq", "irmsd", "lrmsd", "fnat", "fnonnat")
COLUMNS = ("number", "reference_chains", "model_chains", *SCORES)
NAMES = [
    bytes([code]) for code in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 "
]
_GROUPS = ("AB", "AD", "BC", "CD", "ABEF", "ADEH", "ABCD", "ABD", "MN", "MNO", "CDGH", "DM")


@lru_cache
def hemoglobin():
    structure = gemmi.read_structure(str(tmtools_file("2gtl.pdb")))
    structure.remove_hydrogens()
    structure.remove_alternative_conformations()
    return structure[0]


def real_complex(chains):
    """The residues of chains of 2gtl that are in ATOM records, without hydrogens."""
    model = gemmi.Model(1)
    for name in chains:
        chain = gemmi.Chain(name)
        for residue in hemoglobin()[name]:
            if residue.het_flag == "A" and residue.find_atom("CA", "*"):
                chain.add_residue(residue)
        model.add_chain(chain)
    return model


def move(chain, rotation, translation):
    """Turn the atoms of a chain around their middle, and shift them."""
    atoms = [atom for residue in chain for atom in residue]
    xyz = np.array([atom.pos.tolist() for atom in atoms])
    moved = (xyz - xyz.mean(0)) @ rotation.T + xyz.mean(0) + translation
    for atom, place in zip(atoms, moved, strict=True):
        atom.pos = gemmi.Position(*place)


def small_turn(draw, degrees):
    """A rotation of so many degrees around a random axis, (3, 3)."""
    axis = np.array([draw.gauss(0, 1) for _ in range(3)])
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def cut(chain, draw):
    """Remove up to a fifth of the residues of a chain, in the middle or at an end."""
    size = draw.randint(2, len(chain) // 5)
    start = draw.choice([0, len(chain) - size, draw.randint(1, len(chain) - size - 1)])
    for _ in range(size):
        del chain[start]


def perturbed(number):
    """One perturbation: model and reference as gemmi models.

    By number: rigid moves of chains, names of chains swapped, residues cut from either, one chain
    missing in either, and everything at once.
    """
    draw = random.Random(number)
    names = draw.choice(_GROUPS)
    reference, model = real_complex(names), real_complex(names)
    kind = number % 5
    for chain in model:
        if draw.random() < 0.5:
            shift = [draw.gauss(0, 1) for _ in range(3)] * np.array(10 ** draw.uniform(-1, 1))
            move(chain, small_turn(draw, 10 ** draw.uniform(0, 1.7)), shift)
    if kind in (2, 4):
        for side in (model, reference):
            for chain in side:
                if draw.random() < 0.4:
                    cut(chain, draw)
    if kind in (3, 4) and len(names) > 2:
        del draw.choice([model, reference])[draw.choice(names)]
    if kind in (1, 4):
        others = draw.sample([chain.name for chain in model], len(model))
        for chain, name in zip(list(model), others, strict=True):
            chain.name = name
    rotation = turn(draw)
    for chain in model:
        for residue in chain:
            for atom in residue:
                atom.pos = gemmi.Position(*(rotation @ np.array(atom.pos.tolist())))
    return model, reference


def octamer(names):
    """Four copies of the dimer AB around an axis, each in contact with the next; 576 mappings."""
    dimer = real_complex("AB")
    atoms = np.array([a.pos.tolist() for chain in dimer for r in chain for a in r])
    atoms -= atoms.mean(0)
    quarter = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])
    away = 60.0  # of the middle of the dimer from the axis, until two copies touch
    while True:
        places = atoms + np.array([away, 0, 0])
        if cKDTree(places).query(places @ quarter.T)[0].min() < 4:
            break
        away -= 0.5
    model = gemmi.Model(1)
    for copy in range(4):
        place = iter(places @ np.linalg.matrix_power(quarter, copy).T)
        for chain, name in zip(real_complex("AB"), names[2 * copy : 2 * copy + 2], strict=True):
            chain.name = name
            for atom in (atom for residue in chain for atom in residue):
                atom.pos = gemmi.Position(*next(place))
            model.add_chain(chain)
    return model


def write(path, model):
    """Write a model as a PDB file."""
    structure = gemmi.Structure()
    structure.add_model(model)
    structure.setup_entities()
    path.write_text(structure.make_pdb_string(gemmi.PdbWriteOptions(minimal=True)))
    return path


def mutate_complex(content, draw):
    """Damage a PDB file of a complex: its chains, or as `mutate` does, or both."""
    lines = content.splitlines(keepends=True)
    atoms = [k for k, line in enumerate(lines) if line[:4] == b"ATOM"]
    kind = draw.randrange(7)
    if kind == 0:  # many chains, which lie in one place
        names = draw.sample(NAMES, draw.choice([3, 8, 20]))
        copied = [lines[k] for k in atoms[: 40 * 8]]
        lines = [line[:21] + name + line[22:] for name in names for line in copied]
    elif kind == 1:  # atoms belong to any chain
        for k in draw.sample(atoms, draw.choice([1, 50, len(atoms)])):
            lines[k] = lines[k][:21] + draw.choice(NAMES[:4]) + lines[k][22:]
    elif kind == 2:  # each atom lies where another is
        for k in draw.sample(atoms, len(atoms) // 2):
            lines[k] = lines[k][:30] + lines[draw.choice(atoms)][30:54] + lines[k][54:]
    elif kind == 3:  # all in one place or on one line
        for k in atoms:
            lines[k] = lines[k][:30] + (lines[k][30:38] + b"   0.000" * 2) + lines[k][54:]
    elif kind == 4:  # chains end after a few residues
        end = draw.randrange(1, len(atoms))
        lines = [line for k, line in enumerate(lines) if k < atoms[end] or draw.random() < 0.05]
    elif kind == 5:  # other amino acids
        share = draw.random()
        for k in atoms:
            if draw.random() < share:
                lines[k] = lines[k][:17] + draw.choice([b"UNK", b"GLY", b"MSE"]) + lines[k][20:]
    content = b"".join(lines)
    return mutate(content, draw) if kind == 6 or draw.random() < 0.3 else content


def write_perturbed(folder, number):
    """Write the two files of a perturbation."""
    model, reference = perturbed(number)
    return write(folder / "model.pdb", model), write(folder / "reference.pdb", reference)


def dockq(program, model, reference, *options):
    """The interfaces as DockQ sees them: rows without the number; none if it finds no mapping."""
    path = model.with_name("dockq.json")
    path.unlink(missing_ok=True)
    line = [program, str(model), str(reference), "--json", str(path), "--n_cpu", "1", *options]
    subprocess.run(line, capture_output=True, check=False)
    if not path.exists():
        return []
    keys = ("DockQ", "iRMSD", "LRMSD", "fnat", "fnonnat")
    return [
        (chains, row["chain1"] + row["chain2"], *(f"{row[key]:.5f}" for key in keys))
        for chains, row in json.loads(path.read_text())["best_result"].items()
    ]


def main():
    print(*COLUMNS, sep="\t")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(PERTURBED):
            for row in dockq(sys.argv[1], *write_perturbed(Path(folder), number)):
                print(number, *row, sep="\t", flush=True)


if __name__ == "__main__":
    sys.exit(main())
