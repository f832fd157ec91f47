"""`pepseq report`: its outputs, its faults, and the command lines on the page."""

import gzip
import json
import shlex

from evaluation_folder import write
from result_files import read_page, readout_table, real_results, run_record

from pepseq.reporting.local_paths import local_text
from pepseq.reporting.provenance import command_line
from pepseq.reporting.results import RecordedRun


def test_the_page_appears_whole_or_not_at_all(tmp_path, run, small_proteins):
    table = readout_table(tmp_path / "t.tsv", dict(small_proteins))
    page = tmp_path / "page.html"
    done = run("report", table, "-o", page)
    assert done.code == 0 and "result: " in done.err and "20 proteins" in done.err
    before = page.read_bytes()
    assert run("report", table, "-o", page).code == 74
    assert run("report", tmp_path, "-o", page, "--force").code == 0  # an older page is let be
    assert page.read_bytes() == before
    good = table.read_text()
    table.write_text(good.replace("\tpredicted\t", "\tguessed\t", 1))
    assert run("report", table, "-o", page, "--force").code == 65
    assert page.read_bytes() == before
    table.write_text(good)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "page.html",
        "page.html.run.json",
        "t.tsv",
    ]
    record = json.loads((tmp_path / "page.html.run.json").read_text())
    assert [one["path"] for one in record["inputs"]] == [str(table)]
    kept = table.read_bytes()
    for results in (table, tmp_path):  # a result is never overwritten
        assert run("report", results, "-o", table, "--force").code == 2
    assert table.read_bytes() == kept


def test_stdout_and_gzip(tmp_path, run, small_proteins):
    table = readout_table(tmp_path / "t.tsv", dict(small_proteins))
    text = run("report", table, "-o", "-").out
    assert text.startswith("<!DOCTYPE html>") and text.endswith("</html>\n")
    run("-q", "report", table, "-o", tmp_path / "p.html.gz")
    assert gzip.decompress((tmp_path / "p.html.gz").read_bytes()).decode() == text


def test_faults_are_one_line_with_their_exit_code(tmp_path, run):
    fasta = write(tmp_path / "p.fasta", {"p": "MALK"})
    table = readout_table(tmp_path / "t.tsv", {"p": "MALK"})
    for arguments, code in (
        ([fasta, "-o", tmp_path / "x.html"], 65),
        ([tmp_path / "nowhere", "-o", tmp_path / "x.html"], 65),
        (["-", "-o", tmp_path / "x.html"], 65),
        ([table, "-o", table], 2),
        ([table, "-o", tmp_path / "x.html", "--truth", tmp_path / "nowhere"], 65),
        (["-o", tmp_path / "x.html"], 2),
    ):
        done = run("report", *arguments)
        assert done.code == code, (arguments, done.err)
        assert [
            line.startswith(("Error", "result", "Usage", "Try"))
            for line in done.err.splitlines()
            if line
        ]
    assert not (tmp_path / "x.html").exists()


def test_damaged_tables_and_records_are_named_or_passed_over(
    tmp_path, run, small_proteins, monkeypatch
):
    folder = tmp_path / "r"
    real_results(folder, small_proteins, monkeypatch)
    for name in ("nonsense", "list", "deep"):
        (folder / f"{name}.run.json").write_text(
            {"nonsense": "{", "list": "[]", "deep": "[" * 100_000}[name]
        )
    odd = {"command": "predict", "pepseq": 3, "settings": [], "inputs": "x", "libraries": 1}
    (folder / "odd.run.json").write_text(json.dumps(odd))
    summary = folder / "accuracy" / "summary.json"
    broken = json.loads(summary.read_text()) | {"proteins": [], "residues": None}
    summary.write_text(json.dumps(broken | {"hidden_residue_accuracy": {"macro": "high"}}))
    assert run("report", folder, "-o", tmp_path / "p.html").code == 0
    assert "–" in read_page(tmp_path / "p.html").text
    with (folder / "accuracy" / "lengths.tsv").open("a") as stream:
        stream.write("one cell\n")
    done = run("report", folder, "-o", tmp_path / "p.html", "--force")
    assert done.code == 65 and "lengths.tsv:5: expected 7 cells" in done.err


def said(path, argv=None, command="predict", **more):
    """Return the command line that the page has of a run record."""
    return command_line(RecordedRun(path, {"command": command, "argv": argv, **more}))


def test_command_lines_of_mask_and_evaluate_give_the_same_results_again(
    tmp_path, run, monkeypatch, small_proteins
):
    real_results(tmp_path / "r", small_proteins, monkeypatch)
    monkeypatch.chdir(tmp_path / "r")
    options = ["--readout", "CY[DE]", "--misread", "0.2", "--seed", "9"]
    run("mask", "true.fasta", "-o", "read.fasta", *options)
    tables = ["--table", "residues.tsv", "--readout", "KCYM"]
    run("evaluate", "true.fasta", "done.fasta", *tables, "-o", "scores")
    for name in ("read.fasta", "scores"):
        path = tmp_path / "r" / name
        record = json.loads((tmp_path / "r" / f"{name}.run.json").read_text())
        words = shlex.split(command_line(RecordedRun(path, record)))
        assert words[0] == "pepseq"
        words[words.index("-o") + 1] = f"again_{name}"
        assert run(*words[1:]).code == 0, words
        files = [path] if path.is_file() else sorted(path.iterdir())
        for file in files:
            again = tmp_path / "r" / f"again_{name}" / (file.name if path.is_dir() else "")
            assert again.read_bytes() == file.read_bytes()


def test_a_record_without_a_command_line_has_its_command_and_settings(tmp_path):
    settings = {"readout": "K", "reference": {"files": [{"path": "/home/me/a b/r.fasta"}]}}
    text = said(tmp_path / "o.fasta", settings=settings)
    listed = '{"readout": "K", "reference": {"files": [{"path": "r.fasta"}]}}'
    assert text == f"pepseq predict: o.fasta, settings {listed}"
    shard = ["pepseq", "predict", "r.fasta", "--shard", "1/2"]
    assert said(tmp_path / "o.fasta", shard, settings=settings, merged={"shards": 2}) == text
    for argv in ("pepseq predict", [1], {}):
        assert said(tmp_path / "o.fasta", argv, settings=settings) == text


def test_command_lines_name_no_folder_of_the_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = "command:python3 /home/me/fold.py --in {fasta} --data=/data/of/me/weights"
    fold = ["pepseq", "fold", f"{tmp_path}/a/p.fa", "-o", "models", "--engine", engine]
    local = "command:python3 fold.py --in {fasta} --data=weights"
    expected = ["pepseq", "fold", "a/p.fa", "-o", "models", "--engine", local]
    assert shlex.split(said(tmp_path / "models", fold)) == expected
    pair = ["pepseq", "pair", "/home/a b/a.fa", "b.fa", "--species", "table:/home/me/s.tsv"]
    pair += ["--known=/home/a b/k.tsv", "-o/home/a b/p.tsv"]
    expected = "pepseq pair a.fa b.fa --species table:s.tsv --known=k.tsv -op.tsv"
    assert said(tmp_path / "p.tsv", pair) == expected
    score = ["pepseq", "score", "/home/me/a/x.pdb", "/home/me/b/x.pdb", "-o", "s.tsv"]
    assert said(tmp_path / "s.tsv", score) == "pepseq score a/x.pdb b/x.pdb -o s.tsv"
    assert local_text("see https://example.org/a/b and 1/2/3") == (
        "see https://example.org/a/b and 1/2/3"
    )


def test_the_page_names_no_folder_of_the_machine(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    rows = "id\tstate\tfile\tresidues\tmean_plddt\treason\tengine\n"
    engine = "command:/secret/place/fold.py {fasta}"
    (tmp_path / "models/structures.tsv").write_text(f"{rows}p\tdone\tp.pdb\t3\t70\t\t{engine}\n")
    failed = "file\tline\tid\treason\nf\t3\tq\t/secret/place/q.pdb: no such file\n"
    (tmp_path / "models.failed.tsv").write_text(failed)
    run_record(tmp_path / "models", "fold", ["/secret/place/p.fa"], engine=engine)
    record = json.loads((tmp_path / "models.run.json").read_text())
    record["earlier"] = [record | {"started": "2025-01-02T03:04:05Z"}]
    (tmp_path / "models.run.json").write_text(json.dumps(record))
    call = ["report", "models", "models.failed.tsv", "-o", "p.html"]
    assert run(*call).code == 0
    page = read_page(tmp_path / "p.html")
    assert "secret" not in (tmp_path / "p.html").read_text() and "q.pdb: no such" in page.text
    assert "The structures in models are by command:fold.py {fasta}." in page.text
    assert (
        page.text.count('pepseq fold: models, settings {"engine": "command:fold.py {fasta}"}') == 2
    )
    assert page.text.index("2025-01-02 03:04:05 UTC") < page.text.index("2026-01-02 03:04:05 UTC")
    for word in ("RMSD", "lDDT", "pLDDT"):
        assert word in page.text.rpartition("Words")[2]


def test_a_record_cannot_smuggle_a_command(tmp_path):
    argv = ["pepseq", "predict", "$(reboot).fasta", "--readout", "K; rm -rf ~"]
    assert shlex.split(said(tmp_path / "x", argv)) == argv


def test_results_and_versions_are_named(tmp_path, run, small_proteins, monkeypatch):
    folder = tmp_path / "r"
    real_results(folder, small_proteins, monkeypatch)
    run_record(folder / "done.fasta", "predict", ["readouts.fasta"], readout="KCYM", model=None)
    write(folder / "x.fasta", {"p": "MALK"})
    (folder / "done.fasta.failed.tsv").write_text("file\tline\tid\treason\nf\t3\tbad<b>\tno\n")
    run("report", folder, "-o", tmp_path / "p.html")
    text = read_page(tmp_path / "p.html").text
    assert 'pepseq predict: done.fasta, settings {"readout": "KCYM", "model": null}' in text
    assert "Python 3.11.7, numpy 2.0" in text and "2026-01-02 03:04:05 UTC" in text
    assert "bad<b>: no" in text


def test_an_empty_table_is_a_page_without_proteins(tmp_path, run):
    table = readout_table(tmp_path / "t.tsv", {})
    assert run("report", table, "-o", tmp_path / "p.html").code == 0
    page = read_page(tmp_path / "p.html")
    assert page.data["proteins-1-data"]["proteins"] == [] and "0 proteins" in page.text


def test_what_results_name_is_never_the_page(tmp_path, run, small_proteins, monkeypatch):
    folder = tmp_path / "r"
    real_results(folder, small_proteins, monkeypatch)
    for results, page in (
        ([folder / "accuracy", folder / "residues.tsv"], "true.fasta"),
        ([folder / "residues.tsv"], "done.fasta"),
    ):
        before = (folder / page).read_bytes()
        assert run("report", *results, "-o", folder / page, "--force").code == 2
        assert (folder / page).read_bytes() == before
    run("report", folder / "accuracy", folder / "residues.tsv", "-o", tmp_path / "p.html")
    record = json.loads((tmp_path / "p.html.run.json").read_text())
    assert str(folder / "true.fasta") in [one["path"] for one in record["inputs"]]


def test_odd_values_in_records_and_tables(tmp_path, run, small_proteins, monkeypatch):
    folder = tmp_path / "r"
    real_results(folder, small_proteins, monkeypatch)
    record = folder / "accuracy.run.json"
    changed = json.loads(record.read_text())
    changed["settings"]["truth"] = "t" * 300
    record.write_text(json.dumps(changed))
    reference = {"files": [{"path": True}]}
    run_record(folder / "done.fasta", "predict", readout=["K"], reference=reference)
    confusion = folder / "accuracy" / "confusion.tsv"
    head, first, *rest = confusion.read_text().splitlines()
    cells = first.rpartition("\t")[0] + "\t1e308"
    confusion.write_text("\n".join([head, cells, *rest]) + "\n")
    assert run("report", folder, "-o", tmp_path / "p.html").code == 0


def test_confidences_of_pairs_are_shares(tmp_path, run):
    table = tmp_path / "pairs.tsv"
    for cell in ("-5", "1e308", ""):
        row = f"s\ta\tb\t{cell}\t1\tno"
        table.write_text(f"species\tprotein_a\tprotein_b\tconfidence\trank\tknown\n{row}\n")
        done = run("report", table, "-o", tmp_path / "p.html")
        assert done.code == 65 and "is not from 0 to 1" in done.err


def test_report_is_a_function_after_its_package_is_imported(tmp_path, small_proteins):
    import pepseq.reporting.build

    table = readout_table(tmp_path / "t.tsv", dict(small_proteins))
    for name in ("a", "b"):
        assert pepseq.report(table, tmp_path / name).results == 1
