"""Strata of a reference: which files belong together, and what the finder makes of them."""

import numpy as np
import pytest
from known import K1, masked

from pepseq.templates.finder import TemplateFinder
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.reference_builder import assign_strata
from pepseq.templates.reference_files import open_reference
from pepseq.templates.search_settings import RANKING
from pepseq.templates.stratified_finder import StratifiedFinder

SYMBOLS = read_symbols(K1)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([100], [0]),
        ([100, 800], [0, 0]),
        ([100, 801], [0, 1]),
        ([801, 100, 0], [1, 0, 0]),
        ([3, 3, 3, 73, 700], [0, 0, 0, 1, 2]),
        ([0, 0, 5], [0, 0, 0]),
    ],
)
def test_a_file_much_larger_than_all_smaller_ones_begins_a_stratum(sizes, expected):
    assert assign_strata(np.array(sizes)).tolist() == expected


@pytest.fixture
def files(fasta, proteins):
    """Three proteins, and thirty with one of these among them, under another id."""
    few = [p for p in proteins if len(p[1]) < 120][:3]
    many = [p for p in proteins if len(p[1]) > 200][:30]
    return fasta("few", few), fasta("many", [*many, ("copy", few[1][1])]), few, many


@pytest.mark.parametrize("turned", [False, True])
def test_a_protein_of_two_files_is_of_the_smaller_one(files, turned):
    few, many, first, second = files
    for _ in range(2):  # built, and opened
        reference = open_reference([many, few] if turned else [few, many])
        small, large = reference.strata()
        ids = [name for name, _ in first]
        if turned:  # the id that came first counts
            ids = ["copy", ids[0], ids[2]]
        assert [small.name(p) for p in range(len(small))] == ids
        assert [large.name(p) for p in range(len(large))] == [name for name, _ in second]
        assert np.array_equal(large.protein(4), reference.protein(7))
        assert len(small.seeds(SYMBOLS, 2)[1]) < len(large.seeds(SYMBOLS, 2)[1])
    folders = {p.name for p in reference.index.folder.iterdir() if p.is_dir()}
    assert folders == {"stratum-1", "stratum-2"}


def test_templates_have_the_numbers_of_the_whole_reference_and_places_of_their_stratum(files):
    few, many, *_ = files
    reference = open_reference([few, many])
    finder = StratifiedFinder(reference, SYMBOLS)
    for protein in (1, 12):
        residues = reference.protein(protein).tobytes()
        text = "".join("ACDEFGHIKLMNPQRSTVWYX"[code] for code in residues)
        found = finder.find(masked(text))
        assert found.proteins[0] == protein and len(found.proteins) <= RANKING.max_templates
        assert (np.diff(found.scores) <= 0).all()
        sizes = [len(one.residues) for one in reference.strata()]
        assert found.places.tolist() == [sizes[int(p >= 3)] for p in found.proteins]


def test_files_of_one_stratum_are_searched_as_one(fasta, proteins):
    reference = open_reference([fasta("one", proteins[:10]), fasta("two", proteins[10:40])])
    one, whole = StratifiedFinder(reference, SYMBOLS), TemplateFinder(reference, SYMBOLS)
    assert len(one.strata) == 1 and not any(p.is_dir() for p in reference.index.folder.iterdir())
    for _, protein in proteins[:5]:
        found, expected = one.find(masked(protein)), whole.find(masked(protein))
        assert np.array_equal(found.proteins, expected.proteins)
