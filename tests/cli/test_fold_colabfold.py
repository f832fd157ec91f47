"""`pepseq fold` with ColabFold, which a program plays."""

import json
import signal
import subprocess
import sys
import time

import pytest
from programs import ONE, PROTEINS, THREE, TWO, have_ended, rows, table


@pytest.mark.parametrize("mode", ["good", "fail", "partial", "skip"])
def test_colabfold_is_resumed_after_a_failure(run, fasta, programs, tmp_path, monkeypatch, mode):
    monkeypatch.setenv("MODE", mode)
    source, out = fasta("p", PROTEINS), tmp_path / "o"
    call = ["fold", source, "-o", out, "--engine", "colabfold:--num-models '2'"]
    done = run(*call)
    table_of = rows(out)
    good = [n for n, row in table_of.items() if row["state"] == "done"]
    assert done.code == (0 if mode == "good" else 65)
    assert good == ([n for n, _ in PROTEINS] if mode == "good" else ["sp|P12345|AATM_RABIT"])
    for name in good:
        row = table_of[name]
        assert (row["ptm"], row["different"]) == ("0.7500", "0")
        assert json.loads((out / row["confidences"]).read_text())["ptm"] == 0.75
    (first,) = (programs / "calls").read_text().splitlines()
    assert first.startswith("--num-models 2 ")
    words = {"fail": "'CUDA_ERROR_OUT_OF_MEMORY'", "partial": "ended with 9"}
    words["skip"] = "colabfold_batch ended with 0; its last output: 'Could not predict"
    if mode != "good":
        assert all(words[mode] in row["reason"] for row in table(tmp_path / "o.failed.tsv"))
        monkeypatch.setenv("MODE", "good")
        assert run(*call).code == 0
    assert (programs / "folded").read_text().split() == [ONE, TWO, THREE]


def test_colabfold_that_hangs_is_called_without_the_slow_protein(
    run, fasta, programs, tmp_path, monkeypatch
):
    monkeypatch.setenv("MODE", "hang")
    source = fasta("p", PROTEINS)
    call = ["fold", source, "-o", tmp_path / "o", "--engine", "colabfold"]
    done = run(*call, "--timeout", 1)
    assert done.code == 65 and "within 1 s" in done.err
    states = {name: row["state"] for name, row in rows(tmp_path / "o").items()}
    assert states == {"a/b": "done", "sp|P12345|AATM_RABIT": "done", "a|b": "failed"}
    assert have_ended((programs / "pids").read_text().split())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 75)])
def test_colabfold_ends_with_the_run(fasta, run, programs, tmp_path, monkeypatch, number, code):
    monkeypatch.setenv("MODE", "hang")
    source = fasta("p", PROTEINS[:2])
    call = ["fold", str(source), "-o", str(tmp_path / "o"), "--engine", "colabfold"]
    start = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    start += f"from pepseq.cli.main import main; main({call!r})"
    process = subprocess.Popen([sys.executable, "-c", start], stderr=subprocess.PIPE, text=True)
    out = tmp_path / "o"
    while len((programs / "pids").read_text().split()) < 2 or not list(out.glob("*.pdb")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    err = process.communicate()[1]
    assert process.returncode == code and "Traceback" not in err
    assert have_ended((programs / "pids").read_text().split())
    monkeypatch.setenv("MODE", "good")
    assert run(*call).code == 0
    assert (programs / "folded").read_text().split() == [ONE, THREE]


def test_colabfold_that_is_not_here_says_how_to_get_it(run, fasta, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("fold", fasta("p", PROTEINS), "-o", tmp_path / "o", "--engine", "colabfold")
    assert done.code == 2 and "github.com/YoshitakaMo/localcolabfold" in done.err


def test_colabfold_asks_nobody_when_offline(run, fasta, programs, tmp_path):
    call = ["fold", fasta("p", PROTEINS), "-o", tmp_path / "o", "--offline", "--engine"]
    done = run(*call, "colabfold")
    assert done.code == 2 and "--msa-mode single_sequence" in done.err
    assert not (programs / "calls").read_text()
    assert run(*call, "colabfold:--msa-mode single_sequence").code == 0


@pytest.mark.parametrize("ptm", ["NaN", "1e999", "-0.1", "[" * 100_000])
def test_a_ptm_that_is_none_is_left_out(run, fasta, programs, tmp_path, monkeypatch, ptm):
    (programs / "scores").write_text(f'{{"ptm": {ptm}}}')
    text = (programs / "colabfold_batch").read_text()
    program = text.replace("""echo '{"plddt": [50], "ptm": 0.75}'""", f'cat "{programs}/scores"')
    assert program != text
    (programs / "colabfold_batch").write_text(program)
    call = ["fold", fasta("p", PROTEINS[:1]), "-o", tmp_path / "o", "--engine", "colabfold"]
    assert run(*call).code == 0 and rows(tmp_path / "o")["a/b"]["ptm"] == ""
