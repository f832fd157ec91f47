"""Results are recognised by what they hold, whatever they are called."""

import gzip
import os
from pathlib import Path

import pytest
from evaluation_folder import draw_nothing, write
from result_files import readout_table, run_record

from pepseq.design.design_table import DESIGN_COLUMNS
from pepseq.errors import InputError
from pepseq.evaluation.evaluate import evaluate
from pepseq.identification.fit_table import LOOKUP_COLUMNS
from pepseq.identification.found_proteins import PROTEIN_COLUMNS
from pepseq.pairing.pairs import PAIR_COLUMNS, UNPAIRED_COLUMNS
from pepseq.reporting.discovery import find_results, find_tables, log_results
from pepseq.reporting.links import link
from pepseq.reporting.results import KINDS
from pepseq.structure.alphafold_db.download import FETCH_COLUMNS
from pepseq.structure.folding.fold import FOLD_COLUMNS
from pepseq.structure.scoring.complex_rows import COMPLEX_COLUMNS, INTERFACE_COLUMNS
from pepseq.structure.scoring.rows import SCORE_COLUMNS
from pepseq.training.loss_curves import COLUMNS

TABLES = {
    "fits": LOOKUP_COLUMNS,
    "identified": PROTEIN_COLUMNS,
    "designs": DESIGN_COLUMNS,
    "structures": SCORE_COLUMNS,
    "complexes": COMPLEX_COLUMNS,
    "interfaces": INTERFACE_COLUMNS,
    "pairs": PAIR_COLUMNS,
    "folded": FOLD_COLUMNS,
    "unpaired": UNPAIRED_COLUMNS,
    "training": tuple(COLUMNS.values()),
}


def test_every_kind_is_known_by_its_columns_whatever_its_name(tmp_path):
    from pepseq.splitting.report import COLUMNS as SPLIT

    readout_table(tmp_path / "a", {"p": "MALK"})
    for kind, columns in {**TABLES, "split": SPLIT}.items():
        (tmp_path / f"{kind}.dat").write_text("\t".join(columns) + "\n")
    found = find_results([tmp_path])
    for kind in {*TABLES, "split"}:
        assert [path.name for path in found.tables[kind]] == [f"{kind}.dat"]
    assert [path.name for path in found.tables["residues"]] == ["a"]
    assert found.unknown == []


def test_a_folder_is_searched_and_gzip_and_single_files_are_read(tmp_path):
    deep = tmp_path / "one" / "two"
    deep.mkdir(parents=True)
    plain = readout_table(tmp_path / "plain.tsv", {"p": "MALK"})
    (deep / "packed.gz").write_bytes(gzip.compress(plain.read_bytes()))
    index = tmp_path / "known.fasta.pepseq-index"
    index.mkdir()
    readout_table(index / "part", {"p": "MALK"})
    readout_table(tmp_path / ".hidden", {"p": "MALK"})
    assert len(find_results([tmp_path]).tables["residues"]) == 2
    assert len(find_results([plain, plain, tmp_path / "one"]).tables["residues"]) == 2
    assert find_tables([plain]) == [plain]


def test_what_is_not_understood_is_said_and_stops_nothing(tmp_path, caplog):
    readout_table(tmp_path / "table", {"p": "MALK"})
    (tmp_path / "binary").write_bytes(b"\0\1\2")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8b\x08cut")
    (tmp_path / "other.json").write_text('{"command": 3}')
    with caplog.at_level("INFO"):
        log_results(find_results([tmp_path]))
    assert find_tables([tmp_path]) == [tmp_path / "table"]
    said = [line for line in caplog.messages if line.startswith("not recognised")]
    assert sorted(line.rpartition("/")[2] for line in said) == [
        "binary",
        "broken.gz",
        "empty",
        "other.json",
    ]
    assert any(line.startswith("result") and line.endswith("(predict)") for line in caplog.messages)


def test_a_table_has_the_path_that_is_given(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    table = readout_table(tmp_path / "folder" / "t.tsv", {"p": "MALK"})
    monkeypatch.chdir(tmp_path)
    relative = Path("folder", "t.tsv")
    assert find_tables(["."]) == find_tables(["folder"]) == find_tables([relative]) == [relative]
    assert find_tables([table]) == [table]


def test_nothing_found_says_what_was_expected(tmp_path):
    write(tmp_path / "proteins.fasta", {"p": "MALK"})
    for look, wanted in ((find_results, "evaluate"), (find_tables, "--table")):
        with pytest.raises(InputError, match=wanted):
            look([tmp_path])
        with pytest.raises(InputError, match="no such file or folder"):
            look([tmp_path / "nowhere"])
    with pytest.raises(InputError, match="compressed data are damaged"):
        (tmp_path / "broken.gz").write_bytes(b"\x1f\x8b\x08cut")
        find_results([tmp_path / "broken.gz"])


def test_a_table_finds_its_run_its_evaluation_and_its_truth(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draw_nothing(monkeypatch)
    truth = {"p": "MALKGGA", "q": "GGGGKL"}
    write("truth.fasta", truth)
    for name, residues in (("good", truth), ("bad", {**truth, "p": "MAGKGGA"})):
        confidence = 0.75 if name == "good" else 0.25
        readout_table(tmp_path / f"{name}.tsv", residues, at=lambda *_, c=confidence: c)
        lines = [f">{i} confidence={confidence:.4f}\n{s}\n" for i, s in residues.items()]
        (tmp_path / f"{name}.fasta").write_text("".join(lines))
        outputs = [f"{name}.fasta", f"{name}.tsv"]
        run_record(tmp_path / f"{name}.fasta", "predict", (), outputs, readout="KCYM", model=name)
        evaluate("truth.fasta", f"{name}.fasta", f"eval_{name}", "KCYM", table=f"{name}.tsv")
    results = find_results(["."])
    link(results, [])
    predictions = results.predictions
    assert {one.name for one in predictions} == {"good", "bad"}
    for one in predictions:
        assert one.run.record["settings"]["model"] == one.name
        assert one.evaluation.folder.name == f"eval_{one.name}"
        assert all(protein.truth == truth[protein.id] for protein in one.proteins)
    alone = find_results(["good.tsv"])
    link(alone, [])
    assert alone.predictions[0].run.record["settings"]["model"] == "good"
    evaluations = list(results.evaluations.values())
    assert [one.name for one in evaluations] == [f"truth (eval_{n})" for n in ("bad", "good")]
    models = [one.predicted_by.record["settings"]["model"] for one in evaluations]
    assert models == ["bad", "good"]


def test_other_results_in_a_folder_of_an_evaluation_are_seen(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draw_nothing(monkeypatch)
    write("truth.fasta", {"p": "MALK"})
    evaluate("truth.fasta", "truth.fasta", "scores", "KCYM")
    readout_table(tmp_path / "scores" / "mine.tsv", {"p": "MALK"})
    found = find_results(["scores"])
    assert len(found.evaluations) == len(found.tables["residues"]) == 1
    assert found.unknown == [] and list(found.runs) == [tmp_path / "scores"]


def test_a_truth_that_changed_since_is_not_taken(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    draw_nothing(monkeypatch)
    write("truth.fasta", {"p": "MALK"})
    write("done.fasta", {"p": "MAGK"})
    readout_table(tmp_path / "t.tsv", {"p": "MAGK"})
    evaluate("truth.fasta", "done.fasta", "scores", "KCYM", table="t.tsv")
    write("truth.fasta", {"p": "MVVK"})
    with caplog.at_level("INFO"):
        results = find_results(["."])
        link(results, [])
    assert results.predictions[0].proteins[0].truth is None
    assert any("has changed" in line for line in caplog.messages)
    given = find_results(["."])
    link(given, ["truth.fasta"])
    assert given.predictions[0].proteins[0].truth == "MVVK"


def test_kinds_are_told_apart():
    for kind, columns in [*TABLES.items(), ("folded", FETCH_COLUMNS)]:
        assert [other for other in KINDS if KINDS[other].fits(columns)] == [kind]


def test_what_is_no_file_and_what_looks_like_gzip_stops_nothing(tmp_path, caplog):
    readout_table(tmp_path / "table", {"p": "MALK"})
    os.mkfifo(tmp_path / "pipe.json")
    os.mkfifo(tmp_path / "pipe.run.json")
    (tmp_path / "dangling.json").symlink_to("nowhere")
    (tmp_path / "cut.json").write_bytes(b"\x1f\x8bx")
    with caplog.at_level("INFO"):
        found = find_results([tmp_path])
    names = ["cut.json", "dangling.json", "pipe.json", "pipe.run.json"]
    assert [path.name for path in found.unknown] == names and found.count == 1
