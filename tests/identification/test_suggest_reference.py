"""The reference that reads fit, what it would complete, and the taxa to download."""

import random

import pytest

from pepseq import SuggestConfig, add_reference, reconstruct, suggest_reference
from pepseq.errors import InputError
from pepseq.identification.suggest_reference import FittingReference
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
ONE_THREAD = SuggestConfig(threads=1)
ORGANISMS = {
    "coli": "OS=Escherichia coli (strain K12) OX=83333",
    "subtilis": "OS=Bacillus subtilis OX=1423",
    "unnamed": "",
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PEPSEQ_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def sequences():
    draw = random.Random(3)

    def protein():
        return "M" + "".join(draw.choices(AMINO_ACIDS, k=draw.randint(120, 250)))

    return {name: [protein() for _ in range(25)] for name in ORGANISMS}


@pytest.fixture
def references(sequences, tmp_path):
    for name, of_name in sequences.items():
        records = (f">{name}{n} protein {ORGANISMS[name]}\n{s}\n" for n, s in enumerate(of_name))
        (tmp_path / f"{name}.fasta").write_text("".join(records))
        add_reference(name, tmp_path / f"{name}.fasta")
    return list(sequences)


@pytest.fixture
def reads_of(tmp_path):
    def write(proteins):
        path = tmp_path / "reads.fasta"
        hidden = [mask_sequence(s, Readout("KCYM")).residues for s in proteins]
        path.write_text("".join(f">r{n}\n{s}\n" for n, s in enumerate(hidden)))
        return path

    return write


def changed(sequence, share, draw):
    """A relative: a share of the residues is drawn again."""
    return "".join(draw.choice(AMINO_ACIDS) if draw.random() < share else a for a in sequence)


def test_the_reference_that_has_the_proteins_is_found(references, sequences, reads_of):
    found = suggest_reference(reads_of(sequences["coli"]), references, config=ONE_THREAD)
    best = found.references[0]
    assert isinstance(best, FittingReference) and best.name == "coli" and best.proteins == 25
    assert best.correct > 0.95 and best.completed >= best.correct and best.label_identity > 0.99
    assert best.organisms == (("Escherichia coli (strain K12)", 1.0),)
    assert all(other.correct < 0.05 for other in found.references[1:])
    assert found.chosen == ("coli",) and found.correct == best.correct
    (taxon,) = found.taxa
    assert (taxon.taxon, taxon.name, taxon.rank) == (None, "Escherichia coli", "species")
    assert str(found.readout) == "KCYM" and found.reads == 25


def test_relatives_are_named_by_their_genus_and_what_is_right_is_foretold(
    references, sequences, reads_of, tmp_path
):
    draw = random.Random(5)
    truth = [changed(s, 0.2, draw) for s in sequences["subtilis"]]
    found = suggest_reference(reads_of(truth), references, config=ONE_THREAD)
    assert found.chosen == ("subtilis",) and 0.7 < found.references[0].label_identity < 0.9
    (taxon,) = found.taxa
    assert (taxon.taxon, taxon.name, taxon.rank) == (None, "Bacillus", "genus")
    hidden = [mask_sequence(s, Readout("KCYM")).residues for s in truth]
    done = reconstruct(hidden, "KCYM", reference=tmp_path / "subtilis.fasta")
    both = zip(done, truth, strict=True)
    right = [one.sequence[i] == s[i] for one, s in both for i in one.hidden]
    assert found.correct == pytest.approx(sum(right) / len(right), abs=0.1)


def test_a_mixture_shows_as_a_mixture(references, sequences, reads_of):
    mixed = sequences["coli"][:15] + sequences["subtilis"][:10]
    found = suggest_reference(reads_of(mixed), references, config=ONE_THREAD)
    assert found.chosen == ("coli", "subtilis") and found.correct > 0.95
    assert [reference.name for reference in found.references[:2]] == ["coli", "subtilis"]
    assert [taxon.name for taxon in found.taxa] == ["Escherichia coli", "Bacillus subtilis"]
    assert found.taxa[0].share == pytest.approx(0.6, abs=0.1) and found.taxa[1].taxon == 1423


def test_nothing_is_suggested_for_strangers(references, reads_of, run):
    draw = random.Random(9)
    strangers = ["".join(draw.choices(AMINO_ACIDS, k=200)) for _ in range(20)]
    reads = reads_of(strangers)
    found = suggest_reference(reads, references, config=ONE_THREAD)
    assert found.chosen == () and found.taxa == () and found.correct < 0.05
    result = run("reference", "suggest", reads, "--threads", 1)
    assert result.code == 0 and "no reference fits" in result.err
    assert "pepseq reference add swissprot --reviewed" in result.err


def test_headers_without_an_organism(references, sequences, reads_of):
    found = suggest_reference(reads_of(sequences["unnamed"]), references, config=ONE_THREAD)
    assert found.chosen == ("unnamed",) and found.taxa == ()
    assert found.references[0].organisms == (("unknown", 1.0),)


def test_peptides(references, sequences, reads_of):
    peptides = [
        part for s in sequences["coli"] for part in s.replace("K", "K ").replace("R", "R ").split()
    ]
    config = SuggestConfig(kind="tryptic", sample=60, threads=1)
    reads = reads_of([peptide for peptide in peptides if len(peptide) > 15])
    found = suggest_reference(reads, references[:2], config=config)
    assert found.chosen == ("coli",) and found.reads <= 60
    assert found.references[0].correct > 0.5 > 0.2 > found.references[1].correct
    assert [taxon.name for taxon in found.taxa] == ["Escherichia coli"]


def test_on_the_command_line_the_whole_library_and_the_bundled_one(
    references, sequences, reads_of, run
):
    reads = reads_of(sequences["coli"])
    result = run("reference", "suggest", reads, "--threads", 1, "--sample", 20)
    rows = [line.split("\t") for line in result.out.splitlines()]
    assert rows[0] == "reference proteins completed correct label_identity organisms".split()
    assert {row[0] for row in rows[1:]} == {"bundled", *references} and rows[1][0] == "coli"
    assert rows[1][-1] == "Escherichia coli (strain K12) 1.00"
    given, taxon = result.err.splitlines()[-2:]
    assert given.startswith("give --reference coli: of the hidden residues of 20 reads of KCYM")
    assert taxon.endswith("pepseq reference add escherichia_coli --taxon 'Escherichia coli'")


def test_what_cannot_be_compared(reads_of, tmp_path, run):
    assert run("reference", "suggest", tmp_path / "nothing.fasta").code == 65
    (tmp_path / "whole.fasta").write_text(">a\nMAGICKLLWYCHAINMKVLCY\n")
    result = run("reference", "suggest", tmp_path / "whole.fasta")
    assert result.code == 65 and len(result.err.splitlines()) == 1
    with pytest.raises(InputError, match="no such file, and no reference of this name"):
        suggest_reference(reads_of(["MKVLAAGIVKAAAACC"]), "missing")
