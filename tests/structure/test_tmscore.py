import csv
import itertools
import random

import numpy as np
import pytest
from places import SHARED
from structures import (
    EXPECTED,
    PERTURBED,
    coil,
    have_programs,
    pdb,
    perturbed,
    real_chains,
    tmalign,
    tmscore,
    turn,
    write_perturbed,
)

from pepseq.errors import InputError
from pepseq.structure.structure_files import read_structure
from pepseq.structure.tmscore import same_numbers, superpose

CHAINS = list(real_chains())


def chain(tmp_path, xyz, **more):
    path = tmp_path / "one.pdb"
    path.write_text(pdb(xyz, **more))
    return read_structure(path).chains[0]


def moved(xyz, seed=0):
    draw = random.Random(seed)
    return xyz @ turn(draw).T + [draw.uniform(-50, 50) for _ in range(3)]


@pytest.mark.parametrize("correspondence", ["index", "align"])
def test_itself_is_1_wherever_it_lies(tmp_path, correspondence):
    for numbers, xyz in (CHAINS[0], CHAINS[-1]):
        one = chain(tmp_path, xyz, numbers=numbers)
        other = chain(tmp_path, moved(xyz), numbers=numbers)
        result = superpose(one, other, correspondence)
        assert result.by_model == result.by_reference == pytest.approx(1, abs=1e-6)
        assert result.rmsd < 2e-3  # three decimals in a file
        assert (result.pairs[:, 0] == result.pairs[:, 1]).all() and len(result.pairs) == len(one)
        lying = one.ca @ result.rotation.T + result.translation
        assert np.abs(lying - other.ca).max() < 5e-3


def test_a_shift_by_five_residues_is_low_by_index_and_high_by_align(tmp_path):
    numbers, xyz = list(range(1, 148)), CHAINS[0][1]
    reference = chain(tmp_path, xyz, numbers=numbers)
    shifted = chain(tmp_path, xyz, numbers=[n + 5 for n in numbers])
    by_index = superpose(shifted, reference, "index")
    assert len(by_index.pairs) == 142 and by_index.by_reference < 0.5
    assert superpose(shifted, reference, "align").by_reference == pytest.approx(1, abs=1e-6)


def test_aligned_residues_are_named(tmp_path):
    xyz = CHAINS[0][1]
    part, whole = chain(tmp_path, moved(xyz[10:70])), chain(tmp_path, xyz[:100])
    pairs = superpose(part, whole, "align").pairs
    assert pairs.tolist() == [[i, i + 10] for i in range(60)]


def test_model_and_reference_swap(tmp_path):
    for number in range(20):
        (numbers, x), (other_numbers, y) = perturbed(CHAINS, number)
        one, other = chain(tmp_path, x, numbers=numbers), chain(tmp_path, y, numbers=other_numbers)
        forth, back = superpose(one, other, "index"), superpose(other, one, "index")
        assert forth.by_model == pytest.approx(back.by_reference, abs=1e-6)
        assert forth.by_reference == pytest.approx(back.by_model, abs=1e-6)
        assert forth.rmsd == pytest.approx(back.rmsd, abs=1e-6)
        if len(one) == len(other):
            assert forth.by_model == pytest.approx(forth.by_reference, abs=1e-9)
        assert (len(one) > len(other)) == (forth.by_model < forth.by_reference) or len(one) == len(
            other
        )


def test_the_score_is_that_of_the_superposition(tmp_path):
    """The formula of Zhang and Skolnick, on the rotation that is returned."""
    (numbers, x), (other_numbers, y) = perturbed(CHAINS, 1)
    one, other = chain(tmp_path, x, numbers=numbers), chain(tmp_path, y, numbers=other_numbers)
    result = superpose(one, other, "index")
    d0 = 1.24 * (len(other) - 15) ** (1 / 3) - 1.8
    lying = one.ca[result.pairs[:, 0]] @ result.rotation.T + result.translation
    apart = np.linalg.norm(lying - other.ca[result.pairs[:, 1]], axis=1)
    assert (1 / (1 + (apart / d0) ** 2)).sum() / len(other) == pytest.approx(
        result.by_reference, abs=2e-3
    )


def test_insertion_codes_tell_residues_apart(tmp_path):
    text = pdb(coil(20)).splitlines(keepends=True)
    text = [line[:26] + ("B" if i == 9 else " ") + line[27:] for i, line in enumerate(text)]
    text[9] = text[9][:22] + "   9" + text[9][26:]
    path = tmp_path / "icode.pdb"
    path.write_text("".join(text))
    one, other = read_structure(path).chains[0], chain(tmp_path, coil(20))
    assert one.numbers[8:11] == ((9, ""), (9, "B"), (11, ""))
    pairs = same_numbers(one, other)
    assert len(pairs) == 19 and [9, 9] not in pairs.tolist()


def test_numbers_that_do_not_overlap_are_refused_with_the_way_out(tmp_path):
    one = chain(tmp_path, coil(20))
    other = chain(tmp_path, coil(20), numbers=range(19, 39))
    with pytest.raises(InputError, match="found 2 .model 1 to 20, reference 19 to 38.*align"):
        superpose(one, other, "index")
    assert superpose(one, other, "align").by_reference == pytest.approx(1, abs=1e-6)


def scores(paths):
    """What `superpose` says: TM-score and RMSD by index; TM-scores by model and reference."""
    one, other = (read_structure(path).chains[0] for path in paths)
    index, align = superpose(one, other, "index"), superpose(one, other, "align")
    return (index.by_reference, index.rmsd), (align.by_model, align.by_reference)


def agree(these, those):
    return all(abs(a - b) < 1e-4 for a, b in zip(these, those, strict=True))


def agree_by_index(these, those):
    return abs(these[0] - those[0]) < 1e-4 and abs(these[1] - those[1]) < 1e-3  # as printed


@pytest.mark.slow
def test_200_perturbations_as_the_programs_scored_them(tmp_path):
    """The Fortran and the C++ program of TM-align differ from each other for a few pairs."""
    with open(EXPECTED) as stream:
        rows = [
            {k: float(v) for k, v in row.items()} for row in csv.DictReader(stream, delimiter="\t")
        ]
    assert len(rows) == PERTURBED
    others = 0
    for row in rows:
        by_index, by_align = scores(write_perturbed(tmp_path, CHAINS, int(row["number"])))
        cpp, fortran = (
            [row[f"{of}_by_{side}"] for side in ("model", "reference")] for of in ("cpp", "fortran")
        )
        assert agree_by_index(by_index, (row["tmscore"], row["rmsd"])), row
        assert agree(by_align, cpp), row
        if not agree(by_align, fortran):
            others += 1
            assert not agree(cpp, fortran)
    assert others <= 4


@pytest.mark.skipif(not have_programs(), reason="TMscore and TMalign are not on PATH")
def test_the_programs_themselves(tmp_path):
    """Whole chains of the structures that tmtools carries, and more perturbations."""
    paths = tmp_path / "model.pdb", tmp_path / "reference.pdb"
    for one, other in list(itertools.pairwise(CHAINS))[9:16]:
        for path, (numbers, xyz) in zip(paths, (one, other), strict=True):
            path.write_text(pdb(xyz, numbers=numbers))
        by_index, by_align = scores(paths)
        assert agree_by_index(by_index, tmscore(*paths)) and agree(by_align, tmalign(*paths))
    others = 0
    for number in range(1000, 1030):
        by_index, by_align = scores(write_perturbed(tmp_path, CHAINS, number))
        assert agree_by_index(by_index, tmscore(*paths))
        others += not agree(by_align, tmalign(*paths))
    assert others <= 2


@pytest.mark.skipif(not SHARED.exists(), reason="no shared data")
def test_published_pairs():
    folder = SHARED / "structures"
    with open(folder / "expected.tsv") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert len(rows) == 3
    for row in rows:
        by_align = row["TMalign_by_model_length,by_reference_length"].split(",")
        paths = folder / row["model"], folder / row["reference"]
        by_program = float(row["TMscore_residue_index"]), float(row["rmsd_common_residues"])
        by_index, ours = scores(paths)
        assert agree_by_index(by_index, by_program)
        assert agree(ours, [float(value) for value in by_align])
