"""`pepseq report`: its outputs, faults, and the calls that it says reproduce the results."""

import gzip
import json
import shlex

from evaluation_folder import write
from result_files import read_page, readout_table, real_results, run_record

from pepseq.report.calls import command_line
from pepseq.report.discover import Run
from pepseq.report.paths import local_words


def test_the_page_appears_whole_or_not_at_all(tmp_path, run, small_proteins):
    table = readout_table(tmp_path / "t.tsv", dict(small_proteins))
    page = tmp_path / "page.html"
    done = run("report", table, "-o", page)
    assert done.code == 0 and "taken: " in done.err and "20 proteins" in done.err
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
            line.startswith(("Error", "taken", "Usage", "Try"))
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


def call(path, command, settings, inputs=()):
    record = {"command": command, "settings": settings}
    record["inputs"] = [{"path": one, "sha256": "0"} for one in inputs]
    return command_line(Run(path, record))


def test_calls_of_mask_and_evaluate_give_the_same_results_again(
    tmp_path, run, monkeypatch, fasta, small_proteins
):
    monkeypatch.chdir(tmp_path)
    real_results(tmp_path / "r", small_proteins, monkeypatch)
    monkeypatch.chdir(tmp_path / "r")
    run(
        "mask",
        "true.fasta",
        "-o",
        "read.fasta",
        "--readout",
        "CY[DE]",
        "--misread",
        "0.2",
        "--seed",
        "9",
    )
    for name in ("read.fasta", "accuracy"):
        path = tmp_path / "r" / name
        record = json.loads((tmp_path / "r" / f"{name}.run.json").read_text())
        words = shlex.split(command_line(Run(path, record)))
        assert words[0] == "pepseq"
        place = words.index("-o") + 1
        words[place] = f"again_{name}"
        assert run(*words[1:]).code == 0, words
        files = [path] if path.is_file() else sorted(path.iterdir())
        for file in files:
            again = tmp_path / "r" / f"again_{name}" / (file.name if path.is_dir() else "")
            assert again.read_bytes() == file.read_bytes()


def test_defaults_and_what_auto_chose_are_left_out(tmp_path):
    from dataclasses import asdict

    from pepseq.prediction.config import PredictConfig

    files = {"files": [{"path": "my file.fasta", "sha256": "1"}]}
    settings = asdict(PredictConfig(kind="tryptic", missed_label=0.1)) | {"reference": files}
    settings |= {"device": "cpu", "precision": "fp32", "readout": "KCYM"}
    settings["model"] = "the bundled default"
    said = call(tmp_path / "out.fasta", "predict", settings, ["reads.fasta"])
    assert said == (
        "pepseq predict reads.fasta -o out.fasta --reference 'my file.fasta' "
        "--kind tryptic --missed-label 0.1 --readout KCYM"
    )
    bundled = {"files": [{"path": "lib/pepseq/templates/bundled/e.fasta.gz", "sha256": "1"}]}
    settings = {"reference": bundled, "model": "the bundled default"}
    assert "--reference" not in call(tmp_path / "o", "predict", settings, ["r"])
    assert "--reference bundled" in call(tmp_path / "o", "lookup", settings, ["r"])
    settings["model"] = "net"
    assert "--reference bundled" in call(tmp_path / "o", "predict", settings, ["r"])
    split = {"fractions": [0.5, 0.25, 0.25], "gzipped": True, "sample": 200, "by": "random"}
    assert call(tmp_path / "parts", "split", split, ["a", "b"]) == (
        "pepseq split a b -o parts --fractions 0.5,0.25,0.25 --gzip"
    )
    trained = {"readouts": ["KCYM", "K"], "base": {"model": "protbert"}, "train": [["t.fa", "1"]]}
    assert call(tmp_path / "net", "finetune", trained) == (
        "pepseq finetune -o net --readout KCYM --readout K --model protbert --train t.fa"
    )
    pair = {"species": "table:s.tsv", "method": "information", "runs": 20}
    said = call(tmp_path / "p.tsv", "pair", pair, ["a", "b", "k.tsv", "s.tsv"])
    assert said == (
        "pepseq pair a b --known k.tsv -o p.tsv --species table:s.tsv --method information"
    )
    said = call(tmp_path / "s.tsv", "score", {"lddt": "ca"}, ["m", "r", "done.fasta.gz", "m/1.pdb"])
    assert said == "pepseq score m r --sequences done.fasta.gz -o s.tsv"


def test_shards_folds_and_settings_that_are_no_options(tmp_path):
    shard = {"number": 3, "of": 8, "table": "t.tsv", "whole": {"proteins": 5}}
    settings = {"readout": "K", "shard": shard, "model_sha256": {"a": "1"}, "threads": 4}
    said = call(tmp_path / "s.fa", "predict", settings, ["r.fa"])
    assert said == "pepseq predict r.fa -o s.fa --readout K --shard 3/8"
    settings = {"engine": "command:fold {fasta}", "used": "x", "device": "auto"}
    said = call(tmp_path / "models", "fold", settings, ["p.fa"])
    assert said == "pepseq fold p.fa -o models --engine 'command:fold {fasta}'"


def test_calls_name_no_folder_of_the_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = "command:python3 /home/me/fold.py --in {fasta} --data=/data/of/me/weights"
    said = call(tmp_path / "models", "fold", {"engine": engine}, [f"{tmp_path}/a/p.fa"])
    engine = "command:python3 fold.py --in {fasta} --data=weights"
    assert shlex.split(said)[2:] == ["a/p.fa", "-o", "models", "--engine", engine]
    pair = {"species": "table:/home/me/s.tsv"}
    said = call(tmp_path / "p.tsv", "pair", pair, ["/home/a b/a.fa", "b.fa"])
    assert said == "pepseq pair a.fa b.fa -o p.tsv --species table:s.tsv"
    said = call(tmp_path / "s.tsv", "score", {}, ["/home/me/a/x.pdb", "/home/me/b/x.pdb"])
    assert said == "pepseq score a/x.pdb b/x.pdb -o s.tsv"
    assert local_words("see https://example.org/a/b and 1/2/3") == (
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
    assert page.text.count("pepseq fold p.fa -o models --engine 'command:fold.py {fasta}'") == 2
    assert page.text.index("2025-01-02 03:04:05 UTC") < page.text.index("2026-01-02 03:04:05 UTC")
    for word in ("RMSD", "lDDT", "pLDDT"):
        assert word in page.text.rpartition("Words")[2]


def test_a_record_cannot_smuggle_a_command(tmp_path):
    said = call(tmp_path / "x", "predict", {"readout": "K; rm -rf ~"}, ["$(reboot).fasta"])
    assert shlex.split(said)[2:] == ["$(reboot).fasta", "-o", "x", "--readout", "K; rm -rf ~"]


def test_results_and_versions_are_named(tmp_path, run, small_proteins, monkeypatch):
    folder = tmp_path / "r"
    real_results(folder, small_proteins, monkeypatch)
    run_record(folder / "done.fasta", "predict", ["readouts.fasta"], readout="KCYM", model=None)
    write(folder / "x.fasta", {"p": "MALK"})
    (folder / "done.fasta.failed.tsv").write_text("file\tline\tid\treason\nf\t3\tbad<b>\tno\n")
    run("report", folder, "-o", tmp_path / "p.html")
    text = read_page(tmp_path / "p.html").text
    assert "pepseq predict readouts.fasta -o done.fasta --table residues.tsv --readout KCYM" in text
    assert "Python 3.11.7; numpy 2.0" in text and "2026-01-02 03:04:05 UTC" in text
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
        assert done.code == 65 and "expected a confidence from 0 to 1" in done.err


def test_the_function_stays_one_after_its_package_is_loaded(tmp_path, small_proteins):
    import pepseq.report.discover

    table = readout_table(tmp_path / "t.tsv", dict(small_proteins))
    for name in ("a", "b"):
        assert pepseq.report(table, tmp_path / name).results == 1
