"""Accuracy by identity to the nearest reference protein."""

import json
import random
import shutil

import numpy as np
import pytest
from evaluation_folder import prepare, rows, write
from places import SHARED

from pepseq.errors import InputError, SettingsError
from pepseq.evaluation.evaluate import evaluate
from pepseq.evaluation.nearest import BANDS, Nearest, find_nearest
from pepseq.io.run_record import sha256
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta
from pepseq.sequences.residues import AMINO_ACIDS

KCYM = Readout("KCYM")


def draw(rng, length):
    return "".join(rng.choices(AMINO_ACIDS, k=length))


def change(rng, sequence, count):
    """Replace `count` residues, each by another amino acid."""
    residues = list(sequence)
    for place in rng.sample(range(len(residues)), count):
        residues[place] = rng.choice([a for a in AMINO_ACIDS if a != residues[place]])
    return "".join(residues)


@pytest.fixture
def run(tmp_path, monkeypatch):
    return prepare(tmp_path, monkeypatch)


@pytest.fixture
def family(tmp_path):
    """A reference of 60 proteins, and proteins at known identities to its first one."""
    rng = random.Random(11)
    known = {f"k{number}": draw(rng, rng.choice([80, 200, 400])) for number in range(60)}
    known["k0"] = draw(rng, 200)
    proteins = {f"c{count}": change(rng, known["k0"], count) for count in (1, 4, 20, 60, 100)}
    proteins["same"] = known["k7"]
    proteins["none"] = draw(rng, 200)
    return write(tmp_path / "known.fasta", known), known, proteins


def test_identities_are_those_of_the_changes(family):
    path, known, proteins = family
    nearest = find_nearest(list(proteins.values()), [path], KCYM)
    assert nearest.names[:6] == ("k0",) * 5 + ("k7",)
    assert nearest.identity[:6].tolist() == [99.5, 98, 90, 70, 50, 100]
    assert nearest.identical.tolist() == [False] * 5 + [True, False]
    assert nearest.bands == ["98-100", "98-100", "90-98", "70-90", "50-70", "identical", "<30"]
    assert nearest.distinct == 60
    for (name, protein), copied in zip(list(proteins.items())[:6], nearest.copied, strict=False):
        source = known["k7" if name == "same" else "k0"]
        same = [a == b for a, b in zip(protein, source, strict=True)]
        hidden = [a not in "KCYM" for a in protein]
        assert copied == sum(np.array(same) & hidden)


def test_what_is_not_aligned_is_not_copied(tmp_path):
    """The reference has the first half: identity is a share of the whole protein."""
    rng = random.Random(2)
    protein = draw(rng, 300)
    reference = write(tmp_path / "half.fasta", {"half": protein[:150]})
    nearest = find_nearest([protein], [reference], KCYM)
    assert nearest.identity.tolist() == [50]
    assert nearest.copied.tolist() == [sum(a not in "KCYM" for a in protein[:150])]
    longer = write(tmp_path / "longer.fasta", {"longer": draw(rng, 50) + protein})
    nearest = find_nearest([protein], [longer], KCYM)
    assert nearest.identity.tolist() == [100]
    assert nearest.bands == ["98-100"]  # all of it, but not letter for letter


def test_gaps_and_unknown_residues_are_not_identical(tmp_path):
    rng = random.Random(3)
    protein = draw(rng, 250)
    reference = write(tmp_path / "gap.fasta", {"gap": protein[:100] + protein[110:]})
    unknown = protein[:40] + "X" + protein[41:]
    nearest = find_nearest([protein, unknown], [reference], KCYM)
    assert nearest.identity[0] == 96
    assert nearest.identity[1] == pytest.approx(100 * 239 / 250)
    same = find_nearest([unknown], [write(tmp_path / "x.fasta", {"x": unknown})], KCYM)
    assert same.bands == ["identical"]


def test_a_protein_without_any_near_is_in_the_last_band(tmp_path):
    nearest = find_nearest(["M"], [write(tmp_path / "k.fasta", {"k": "WWWWW"})], KCYM)
    assert nearest.names == ("",)
    assert np.isnan(nearest.identity).all()
    assert nearest.copied.tolist() == [0]
    assert nearest.bands == ["<30"]


def test_the_number_of_threads_changes_nothing(family):
    path, _, proteins = family
    rng = random.Random(4)
    several = [change(rng, p, rng.randrange(len(p) // 2)) for p in proteins.values()] * 6
    several += [draw(rng, length) for length in range(20, 150)]
    single = find_nearest(several, [path], KCYM, threads=1)
    four = find_nearest(several, [path], KCYM, threads=4)
    assert single.names == four.names
    np.testing.assert_array_equal(single.identity, four.identity)
    np.testing.assert_array_equal(single.copied, four.copied)


def test_contradictory_entries_are_refused():
    with pytest.raises(ValueError, match="100 % for identical"):
        Nearest(("a",), np.array([99.0]), np.array([True]), np.array([1]), 1)
    with pytest.raises(ValueError, match="one entry for each"):
        Nearest(("a",), np.array([]), np.array([True]), np.array([1]), 1)


@pytest.fixture
def by_identity(run, tmp_path, family):
    """Predictions of alanine for every hidden residue, evaluated with the reference.

    Returns what is printed, and for each protein with hidden residues (right, copied, hidden).
    """
    path, _, proteins = family
    proteins["observed"] = "KCYM" * 10
    guesses = {n: "".join(a if a in "KCYM" else "A" for a in p) for n, p in proteins.items()}
    write("truth.fasta", proteins)
    write("predicted.fasta", guesses)
    result = run("--reference", str(path))
    assert result.exit_code == 0, result.output
    copied = find_nearest(list(proteins.values()), [path], KCYM).copied.tolist()
    counts = {
        name: (protein.count("A"), copy, sum(a not in "KCYM" for a in protein))
        for (name, protein), copy in zip(proteins.items(), copied, strict=True)
        if name != "observed"
    }
    return result.output, counts


def macro(counts, names, column=0):
    """The mean percentage of right (0) or copied (1) residues, with the rounding of a table."""
    shares = [100 * counts[name][column] / counts[name][2] for name in names]
    return pytest.approx(np.mean(shares), abs=0.006)


def test_bands_of_identity_hold_their_proteins(by_identity):
    table = rows("out/identity.tsv")
    assert [row["band"] for row in table] == [*BANDS, "without identical"]
    assert [int(row["proteins"]) for row in table] == [1, 2, 1, 1, 1, 0, 1, 6]


def test_accuracies_of_a_band_are_those_of_its_proteins(by_identity):
    _, counts = by_identity
    row = rows("out/identity.tsv")[1]
    right, _, hidden = np.array([counts["c1"], counts["c4"]]).sum(0)
    assert float(row["macro"]) == macro(counts, ["c1", "c4"])
    assert float(row["micro"]) == pytest.approx(100 * right / hidden, abs=0.006)
    assert int(row["hidden"]) == hidden


def test_copies_are_right_for_identical_proteins_and_counted_for_others(by_identity):
    _, counts = by_identity
    table = rows("out/identity.tsv")
    others = [name for name in counts if name != "same"]
    assert float(table[0]["copy_macro"]) == float(table[0]["copy_micro"]) == 100
    assert table[5]["macro"] == table[5]["copy_macro"] == ""
    assert float(table[7]["macro"]) == macro(counts, others)
    assert float(table[7]["copy_macro"]) == macro(counts, others, 1)
    assert table[7]["mean_confidence"] == ""


def test_the_summary_by_identity_is_written_printed_and_recorded(by_identity, tmp_path, family):
    printed, _ = by_identity
    summary = json.loads((tmp_path / "out/summary.json").read_text())["by_identity"]
    assert summary["reference_proteins"] == 60
    assert summary["without_identical"]["proteins"] == 6
    assert "nearest of 60 reference proteins" in printed and "without identical" in printed
    record = json.loads((tmp_path / "out.run.json").read_text())
    assert record["settings"]["reference"] == [str(family[0])]
    assert len(record["inputs"]) == 3


def test_a_reference_adds_columns_to_proteins_tsv(by_identity, tmp_path, run):
    after = (tmp_path / "out/proteins.tsv").read_text().splitlines()
    assert run("--force").exit_code == 0
    before = (tmp_path / "out/proteins.tsv").read_text().splitlines()
    assert [line.split("\t")[:7] for line in after] == [line.split("\t") for line in before]
    assert after[0].split("\t")[7:] == ["nearest", "nearest_identity", "copied"]
    assert after[3].split("\t")[7:9] == ["k0", "90.00"]


def test_without_a_reference_nothing_is_said_of_identity(run, tmp_path):
    assert run().exit_code == 0
    assert json.loads((tmp_path / "out/summary.json").read_text())["by_identity"] is None
    assert not (tmp_path / "out/identity.tsv").exists()


def test_confidences_are_calibrated_by_band(run, tmp_path, family):
    """Confidence 0.9 for what has an identical template, 0.2 for the rest."""
    path, _, proteins = family
    guesses = {n: "".join(a if a in "KCYM" else "A" for a in p) for n, p in proteins.items()}
    guesses["same"] = proteins["same"]
    lines = ["id\tposition\tresidue\tsource\tconfidence\tsecond\tthird"]
    for name, guess in guesses.items():
        for place, residue in enumerate(guess):
            source = "observed" if proteins[name][place] in "KCYM" else "predicted"
            sure = 0.9 if name == "same" else 0.2
            lines.append(f"{name}\t{place + 1}\t{residue}\t{source}\t{sure}\t\t")
    (tmp_path / "table.tsv").write_text("\n".join(lines))
    write("truth.fasta", proteins)
    write("predicted.fasta", guesses)
    # given twice: the same proteins again are no more proteins
    result = run("--table", "table.tsv", "--reference", str(path), "--reference", str(path))
    assert result.exit_code == 0, result.output
    table = {row["band"]: row for row in rows("out/identity.tsv")}
    assert table["identical"]["mean_confidence"] == "0.9000"
    assert table["identical"]["expected_calibration_error"] == "0.1000"
    assert table["70-90"]["mean_confidence"] == "0.2000"
    expected = abs(0.2 - float(table["without identical"]["micro"]) / 100)
    assert float(table["without identical"]["expected_calibration_error"]) == pytest.approx(
        expected, abs=1e-4
    )
    assert table["30-50"]["mean_confidence"] == ""
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    alone = run("--table", "table.tsv", "--force")
    assert alone.exit_code == 0
    again = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["calibration"] == again["calibration"]


def test_a_faulty_reference_is_refused_before_the_work(run, tmp_path):
    (tmp_path / "empty.fasta").write_text("")
    assert isinstance(run("--reference", "none.fasta").exception, InputError)
    assert isinstance(run("--reference", "empty.fasta").exception, InputError)
    assert not (tmp_path / "out").exists()
    (tmp_path / "kept").mkdir()
    known = write("kept/proteins.tsv", {"k": "MALK"})
    with pytest.raises(SettingsError, match="the folder contains an input"):
        evaluate("truth.fasta", "predicted.fasta", "kept", "KCYM", reference=known, force=True)
    assert known.exists()


@pytest.mark.slow
def test_other_references_than_predict_had_are_named(tmp_path, monkeypatch, family, caplog):
    path, _, proteins = family
    monkeypatch.chdir(tmp_path)
    write("t.fasta", proteins)
    other = write("other.fasta", {"o": "MALKCYM"})
    files = [{"path": f"/elsewhere/{file.name}", "sha256": sha256(file)} for file in (path, other)]
    record = json.dumps({"settings": {"reference": {"files": files}}})
    (tmp_path / "t.fasta.run.json").write_text(record)
    evaluate("t.fasta", "t.fasta", "some", "KCYM", reference=path)
    assert "predicted from other.fasta too, which --reference does not give" in caplog.text
    caplog.clear()
    evaluate("t.fasta", "t.fasta", "all", "KCYM", reference=[path, other])
    (tmp_path / "t.fasta.run.json").write_text('{"settings": {"reference": null}}')
    evaluate("t.fasta", "t.fasta", "none", "KCYM", reference=path)
    assert "--reference" not in caplog.text


def test_the_figure_of_identities_is_drawn_with_empty_bands(run, tmp_path, monkeypatch, family):
    """Drawn with bands that hold nothing, and with nothing at all."""
    path, _, proteins = family
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    for name, truth in (("some", proteins), ("none", {"p": "KCYM"})):
        write("t.fasta", truth)
        evaluate("t.fasta", "t.fasta", name, "KCYM", reference=path)
        assert (tmp_path / name / "accuracy_by_identity.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(not (SHARED / "escherichia").exists(), reason="no real proteomes here")
def test_real_proteins_have_real_neighbours(tmp_path):
    """Proteins of E. coli 536: nearest to themselves, then to those of E. coli W, most of them."""
    for name in ("test_ecoli_536", "train_ecoli_W"):
        shutil.copy(SHARED / "escherichia" / f"{name}.faa.gz", tmp_path)
    itself, other = tmp_path / "test_ecoli_536.faa.gz", tmp_path / "train_ecoli_W.faa.gz"
    several = [record.sequence for record in read_fasta(itself)][:80]
    assert set(find_nearest(several, [itself], KCYM).bands) == {"identical"}
    nearest = find_nearest(several, [other], KCYM)
    assert np.mean(nearest.identity >= 90) > 0.7
    assert set(nearest.bands) > {"identical", "98-100"}
