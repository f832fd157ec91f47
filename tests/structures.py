"""Structures to test with: built, real (those tmtools carries), perturbed, and damaged.

`python tests/structures.py TMALIGN > tests/structure/programs.tsv` writes what programs say of the
perturbed ones: TMscore and TMalign of Debian's tm-align 20190822, which are Fortran, and TMALIGN,
the C++ program TM-align 20210224, built with `g++ -O3` from the TMalign.cpp that tmtools' source
distribution carries unchanged.
"""

import math
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import gemmi
import numpy as np

EXPECTED = Path(__file__).parent / "structure" / "programs.tsv"
PERTURBED = 200
THREE = gemmi.expand_one_letter_sequence
SEQUENCE = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQ"


def tmtools_file(name):
    from tmtools.testing import get_mmcif_path, get_pdb_path

    stem, _, suffix = name.partition(".")
    return get_pdb_path(stem) if suffix == "pdb" else get_mmcif_path(stem)


def coil(length, seed=0):
    """CA coordinates of a compact chain with 3.8 angstrom between neighbours."""
    draw = random.Random(seed)
    xyz = [np.zeros(3)]
    while len(xyz) < length:
        step = np.array([draw.gauss(0, 1) for _ in range(3)]) - 0.15 * xyz[-1]
        xyz.append(xyz[-1] + 3.8 * step / np.linalg.norm(step))
    return np.array(xyz)


SCORED = coil(45)
TURNED = SCORED @ np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])


def atom_line(
    number, xyz, name="CA", residue="ALA", chain="A", b=50.0, altloc=" ", occupancy=1.0, **more
):
    record, icode = more.get("record", "ATOM"), more.get("icode", " ")
    element = more.get("element", name[0])
    return (
        f"{record:6}{1:5d} {name:^4}{altloc}{residue:>3} {chain}{number:4d}{icode}   "
        f"{xyz[0]:8.3f}{xyz[1]:8.3f}{xyz[2]:8.3f}{occupancy:6.2f}{b:6.2f}          {element:>2}\n"
    )


def pdb(xyz, sequence=None, numbers=None, chain="A", b=None):
    """A PDB file of CA atoms."""
    sequence = sequence or (SEQUENCE * (len(xyz) // len(SEQUENCE) + 1))[: len(xyz)]
    names = THREE(sequence, gemmi.ResidueKind.AA)
    numbers = range(1, len(xyz) + 1) if numbers is None else numbers
    b = [50.0 + i % 7 for i in range(len(xyz))] if b is None else b
    return "".join(
        atom_line(*row[:2], residue=row[2], chain=chain, b=row[3])
        for row in zip(numbers, xyz, names, b, strict=True)
    )


def full_pdb(xyz, sequence, chain="A"):
    """A PDB file with N, CA, C, O and CB around each CA, which all turn with the residue."""
    around = {"N": (-1.2, 0.8, 0.1), "CA": (0, 0, 0), "C": (1.1, 0.9, -0.4)}
    around |= {"O": (1.0, 2.1, -0.2), "CB": (0.2, -1.0, 1.1)}
    names = THREE(sequence, gemmi.ResidueKind.AA)
    return "".join(
        atom_line(i, x + np.array(shift), name=name, residue=residue, chain=chain)
        for i, (x, residue) in enumerate(zip(xyz, names, strict=True), 1)
        for name, shift in around.items()
    )


def cif(text):
    """The mmCIF file of what a PDB file holds."""
    structure = gemmi.read_pdb_string(text)
    structure.setup_entities()
    return structure.make_mmcif_document().as_string()


def real_chains():
    """(numbers, CA coordinates) of the chains of tmtools' structures, each number once."""
    for name in ("2gtl.pdb", "7ok9.pdb"):
        for chain in gemmi.read_structure(str(tmtools_file(name)))[0]:
            rows = {}
            for residue in chain:
                ca = residue.find_atom("CA", "*", gemmi.Element("C"))
                if ca and residue.het_flag == "A":
                    rows.setdefault(residue.seqid.num, ca.pos.tolist())
            if len(rows) > 60:
                yield list(rows), np.array(list(rows.values()))


def perturbed(chains, number, longest=110):
    """One perturbation: model and reference as (numbers, CA coordinates)."""
    draw = random.Random(number)
    numbers, xyz = draw.choice(chains)
    length = min(len(xyz), draw.randint(40, longest))
    start = draw.randint(0, len(xyz) - length)
    numbers, xyz = numbers[start : start + length], xyz[start : start + length]
    noise = np.array([[draw.gauss(0, 1) for _ in range(3)] for _ in numbers])
    hinge = draw.randint(5, length - 5)
    moved = xyz.copy()
    kind = number % 5
    if kind == 0:
        moved += noise * 10 ** draw.uniform(-1, 1.2)
    elif kind == 1:
        moved[hinge:] = (moved[hinge:] - moved[hinge]) @ turn(draw).T + moved[hinge]
    elif kind == 2:
        moved += np.cumsum(noise, axis=0) * draw.uniform(0.05, 0.6)
    elif kind == 3:
        moved += noise
        moved[hinge:] += noise[0] * 8
    else:  # another protein under the same numbers
        moved = draw.choice([c for _, c in chains])[:length]
        moved = moved @ turn(draw).T
    keep = [draw.random() < draw.choice([1, 0.9, 0.6]) for _ in moved]
    keep_reference = [draw.random() < 0.95 for _ in xyz]
    sides = ((moved, keep), (xyz, keep_reference))
    return [
        ([n for n, k in zip(numbers, kept, strict=False) if k], np.array(x)[np.array(kept)])
        for x, kept in sides
    ]


def turn(draw):
    """A random rotation, (3, 3)."""
    a, b, c, d = (draw.gauss(0, 1) for _ in range(4))
    norm = math.sqrt(a * a + b * b + c * c + d * d)
    a, b, c, d = a / norm, b / norm, c / norm, d / norm
    return np.array(
        [
            [1 - 2 * (c * c + d * d), 2 * (b * c - d * a), 2 * (b * d + c * a)],
            [2 * (b * c + d * a), 1 - 2 * (b * b + d * d), 2 * (c * d - b * a)],
            [2 * (b * d - c * a), 2 * (c * d + b * a), 1 - 2 * (b * b + c * c)],
        ]
    )


class WorkersInProcess:
    """Scores pairs in this process: each process of `Workers` takes a second to start."""

    def __init__(self, count, time_limit):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def score_all(self, jobs):
        from pepseq.errors import InputError
        from pepseq.structure.scoring.pair_scores import score_pair

        for job in jobs:
            try:
                yield score_pair(job)
            except InputError as error:
                yield str(error)


def have_programs():
    return bool(shutil.which("TMscore") and shutil.which("TMalign"))


def tmscore(model, reference):
    """TM-score by the reference and RMSD of common residues, as the program prints them."""
    out = _output("TMscore", model, reference)
    found = re.search(r"TM-score\s+=\s*([\d.]+)", out), re.search(r"RMSD of .*=\s*([\d.]+)", out)
    return tuple(float(match[1]) for match in found)


def tmalign(model, reference, program="TMalign"):
    """TM-score by model and by reference, as the program prints them."""
    out = _output(program, model, reference)
    return tuple(float(value) for value in re.findall(r"TM-score=\s*([\d.]+)", out))


def _output(*line):
    """What a program prints; an error that names the signal if it crashes."""
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout


def write_perturbed(folder, chains, number, **more):
    """Write a perturbation's two files."""
    paths = folder / "model.pdb", folder / "reference.pdb"
    for path, (numbers, xyz) in zip(paths, perturbed(chains, number, **more), strict=True):
        path.write_text(pdb(xyz, numbers=numbers))
    return paths


ODD = ["nan", "inf", "-inf", "1e30", "********", "", "0", "-1", "99999999999", "1.2.3", "x", "?"]
_NUMBER = re.compile(rb"-?\d+\.?\d*")


def mutate(content, draw):
    """Damage a file: one to three faults of bytes, lines or numbers."""
    for _ in range(draw.choice([1, 1, 2, 3])):
        kind = draw.randrange(8)
        lines = content.splitlines(keepends=True) or [b""]
        at = draw.randrange(len(lines))
        if kind == 0 and content:
            flipped = bytearray(content)
            for _ in range(draw.choice([1, 5, 50])):
                flipped[draw.randrange(len(flipped))] = draw.randrange(256)
            content = bytes(flipped)
        elif kind == 1:
            content = b"".join(lines[:at] + lines[at + draw.choice([1, 1, 30]) :])
        elif kind == 2:
            content = b"".join(lines[:at] + [lines[at]] * draw.choice([2, 9]) + lines[at:])
        elif kind == 3:
            content = content[: draw.randrange(len(content) + 1)]
        elif kind == 4:  # numbers become odd ones, keeping columns or not
            for line in draw.sample(range(len(lines)), min(len(lines), draw.choice([1, 20]))):
                numbers = list(_NUMBER.finditer(lines[line]))
                if numbers:
                    one, odd = draw.choice(numbers), draw.choice(ODD).encode()
                    odd = odd.rjust(len(one[0])) if draw.random() < 0.5 else odd
                    lines[line] = lines[line][: one.start()] + odd + lines[line][one.end() :]
            content = b"".join(lines)
        elif kind == 5:
            atoms = [number for number, line in enumerate(lines) if line[:4] == b"ATOM"]
            shuffled = [lines[number] for number in draw.sample(atoms, len(atoms))]
            for number, line in zip(atoms, shuffled, strict=True):
                lines[number] = line
            content = b"".join(lines)
        elif kind == 6:
            lines[at] = lines[at][: draw.randrange(len(lines[at]) + 1)] + b"\n"
            content = b"".join(lines)
        else:  # every number of one column becomes the same
            words = draw.choice([b" 0.000", b"9999.9", b"nan"])
            content = b"".join(
                line[:30] + words.rjust(8) + line[38:] if line[:4] == b"ATOM" else line
                for line in lines
            )
    return content


def main():
    chains = list(real_chains())
    columns = ["number", "tmscore", "rmsd"]
    columns += [f"{of}_by_{side}" for of in ("fortran", "cpp") for side in ("model", "reference")]
    print(*columns, sep="\t")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(PERTURBED):
            paths = write_perturbed(Path(folder), chains, number)
            aligned = *tmalign(*paths), *tmalign(*paths, program=sys.argv[1])
            print(number, *tmscore(*paths), *aligned, sep="\t")


if __name__ == "__main__":
    sys.exit(main())
