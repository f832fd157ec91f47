"""`pepseq fetch-structures` against a server with faults, and without a network."""

import signal
import subprocess
import time

import pytest
from alphafold_server import LINES, rows
from programs import start_pepseq
from servers import Fault


def page(content, kind="application/json"):
    return Fault(status=200, headers={"Content-Type": kind}, body=content)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        page(b"<html>maintenance</html>", "text/html"),
        page(b"{"),
        page(b"\xff<html>", "application/json; charset=base64"),
        page(b'{"a": 1}'),
        page(b'[{"x": 1}]'),
    ],
    ids=["500", "html", "no-json", "no-encoding", "no-list", "no-entry"],
)
def test_a_list_and_a_model_are_requested_again_after_a_fault(run, alphafold, ids, tmp_path, fault):
    alphafold.offer("P12345")
    alphafold.server.faults = [fault, Fault(), fault]
    done = run("fetch-structures", ids("P12345"), "-o", tmp_path / "o", "--connections", 1)
    assert done.code == 0 and done.err.count("trying again") == 2, done.err
    name = "AF-P12345-F1-model_v6.cif"
    assert (tmp_path / "o" / name).read_bytes() == alphafold.server.files[f"/files/{name}"]


@pytest.mark.parametrize("form", ["cif", "pdb"])
def test_a_cut_that_looks_whole_is_seen(run, alphafold, ids, tmp_path, form):
    alphafold.offer("P12345")
    path = f"/files/AF-P12345-F1-model_v6.{form}"
    whole = alphafold.server.files[path]
    lines = whole.splitlines(keepends=True)
    atoms = [n for n, line in enumerate(lines) if line.startswith(b"ATOM")]
    call = ["fetch-structures", ids("P12345"), "-o", tmp_path / "o", "--format", form]
    for cut in (b"", b"".join(lines[: atoms[30]]), b"".join(lines[:-1]))[: 2 + (form == "pdb")]:
        alphafold.server.files[path] = cut
        done = run(*call)
        assert done.code == 75 and "gave up after 3 tries" in done.err
        assert len(done.err.strip().splitlines()) == 3
        assert sorted(path.name for path in tmp_path.iterdir()) == ["ids.txt"]
    alphafold.server.files[path] = whole
    assert run(*call).code == 0


def test_proteins_that_cannot_be_fetched_do_not_end_the_run(run, alphafold, ids, tmp_path):
    for accession in LINES:
        alphafold.offer(accession)
    alphafold.list("P00001", b"[")
    alphafold.list("P00002", [{"entryId": "AF-P00002-F1", "uniprotAccession": "P00002"}])
    alphafold.offer("P00003", cifUrl="http://elsewhere.example/x.cif")
    alphafold.offer("P00004", cifUrl=None)
    names = ids("P00001", "P00002", "P00003", "P00004", "nonsense", *LINES)
    call = ["fetch-structures", names, "-o", tmp_path / "o", "--connections", 1]
    done = run(*call)
    assert done.code == 75 and done.err.splitlines()[-1].startswith(
        "Error: 1 of 7 proteins could not be fetched, 3 are done, 4 left out (see "
        f"{tmp_path / 'o'}.failed.tsv); the same command resumes: "
    )
    assert [row["id"] for row in rows(tmp_path / "o")] == list(LINES)
    alphafold.offer("P00001")
    done = run(*call)
    assert done.code == 65 and "4 of 8 records were left out" in done.err
    failed = (tmp_path / "o.failed.tsv").read_text().splitlines()[1:]
    reasons = {line.split("\t")[2]: line.split("\t")[3] for line in failed}
    assert "UniProt accession, found none (UniProt's ID mapping" in reasons["nonsense"]
    assert "(cifUrl), found none" in reasons["P00002"] and "(cifUrl)" in reasons["P00004"]
    assert "found another host, port or protocol" in reasons["P00003"]
    assert run(*call, "--keep-going").code == 0


def test_a_server_that_is_down_is_left_alone(run, alphafold, ids, tmp_path):
    alphafold.server.faults = [Fault(status=503)] * 1000
    names = ids(*(f"P{number:05d}" for number in range(50)))
    done = run("fetch-structures", names, "-o", tmp_path / "o", "--connections", 2)
    assert done.code == 75 and len(alphafold.asked) <= (3 + 1) * 5  # one may be under way
    assert "try again later" in done.err.splitlines()[-1]


def test_offline_asks_nobody(run, alphafold, ids, tmp_path, monkeypatch):
    monkeypatch.setenv("PEPSEQ_OFFLINE", "1")
    done = run("fetch-structures", ids("P12345"), "-o", tmp_path / "o")
    assert done.code == 65 and "unset PEPSEQ_OFFLINE" in done.err and not alphafold.asked


NO_SERVER = "--server", "http://127.0.0.1:9"


def test_a_missing_network_is_logged_once_and_leaves_no_folder(run, alphafold, ids, tmp_path):
    names = ids(*LINES, "nonsense")
    done = run("fetch-structures", names, "-o", tmp_path / "o", *NO_SERVER)
    lines = done.err.strip().splitlines()
    assert done.code == 75
    assert len(lines) == 3 and all("trying again" in line for line in lines[:2])
    assert "Error: 3 of 3 proteins could not be fetched, 0 are done, 1 left out (see " in lines[2]
    assert "is there a network?" in lines[2]
    assert "nonsense" in (tmp_path / "o.failed.tsv").read_text()
    assert sorted(path.name for path in tmp_path.glob("o*")) == ["o.failed.tsv"]


def test_a_dry_run_without_a_network_prints_nothing(run, alphafold, ids, tmp_path):
    done = run("fetch-structures", ids(*LINES), "--dry-run", *NO_SERVER)
    assert done.code == 75 and done.out == "" and done.err.count("trying again") == 2


def test_only_ids_without_accession_leave_a_list_and_no_folder(run, alphafold, ids, tmp_path):
    names, out = ids("ecoli_536|00032", "AATM_RABIT"), tmp_path / "o"
    done = run("fetch-structures", names, "-o", out, "--keep-going")
    assert done.code == 65 and f"the reasons are in {out}.failed.tsv" in done.err
    assert sorted(path.name for path in tmp_path.glob("o*")) == ["o.failed.tsv"]
    alphafold.offer("P12345")
    assert run("fetch-structures", ids("P12345"), "-o", out).code == 0
    before = {path: path.read_bytes() for path in tmp_path.glob("o/*")}
    names = ids("AATM_RABIT")
    assert run("fetch-structures", names, "-o", out, "--force").code == 65
    assert {path: path.read_bytes() for path in tmp_path.glob("o/*")} == before


@pytest.mark.parametrize("content", [b"", b"nonsense\n", b"\x00\x01", b"<html>\n", "Ä\n".encode()])
def test_files_without_ids_are_65(run, alphafold, tmp_path, content):
    (tmp_path / "ids").write_bytes(content)
    done = run("fetch-structures", tmp_path / "ids", "-o", tmp_path / "o")
    assert done.code == 65 and len(done.err.strip().splitlines()) == 1 and not alphafold.asked


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 75)])
def test_a_stopped_run_is_resumed(run, alphafold, ids, tmp_path, number, code):
    for name in LINES:
        alphafold.offer(name)
    alphafold.server.faults = [Fault(), Fault(), Fault(cut=5, stall=30)]
    call = ["fetch-structures", str(ids(*LINES)), "-o", str(tmp_path / "o"), "--connections", "1"]
    table = tmp_path / "o" / "structures.tsv"
    process = start_pepseq(
        call,
        until=lambda: len(alphafold.asked) >= 3 and LINES[0] in table.read_text(),
        stderr=subprocess.PIPE,
    )
    start = time.monotonic()
    process.send_signal(number)
    err = process.communicate()[1]
    assert process.returncode == code and b"Traceback" not in err
    assert time.monotonic() - start < 10
    assert [row["id"] for row in rows(tmp_path / "o")] == [LINES[0]]
    alphafold.server.asked.clear()
    alphafold.server.faults = []
    assert run(*call).code == 0
    assert f"/api/prediction/{LINES[0]}" not in alphafold.asked and len(alphafold.asked) == 4
    assert [row["id"] for row in rows(tmp_path / "o")] == list(LINES)


@pytest.mark.parametrize("status", [400, 403])
def test_a_refusal_other_than_404_is_no_missing_model(run, alphafold, ids, tmp_path, status):
    alphafold.offer("P12345")
    alphafold.server.faults = [Fault(status=status)]
    names = ids("Q67890", "P12345")
    done = run("fetch-structures", names, "-o", tmp_path / "o", "--connections", 1)
    assert done.code == 65 and f"HTTP {status}" in done.err
    assert len(rows(tmp_path / "o")) == 1 and "no model" not in rows(tmp_path / "o")[0]["state"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cifUrl": "http://[::1"}, "expected an address"),
        ({"cifUrl": "ftp://127.0.0.1/x.cif"}, "no request was sent"),
        ({"cifUrl": "/files/x.cif"}, "no request was sent"),
        (b"[" * 200_000, "expected JSON"),
        ({"entryId": "AF-P12345-F" + "1" * 5000}, ""),
        ({"cifUrl": "long"}, ""),
    ],
    ids=["no address", "ftp", "relative", "deep", "fragment", "long name"],
)
def test_one_odd_answer_does_not_end_the_others(run, alphafold, ids, tmp_path, change, words):
    for name in LINES:
        alphafold.offer(name)
    (entry,) = alphafold.offer("P12345")
    if change == {"cifUrl": "long"}:
        path = "/files/" + "x" * 300 + ".cif"
        alphafold.server.files[path] = alphafold.server.files["/files/AF-P12345-F1-model_v6.cif"]
        change = {"cifUrl": alphafold.server.url + path}
    alphafold.list("P12345", change if isinstance(change, bytes) else [entry | change])
    done = run("fetch-structures", ids("P12345", *LINES), "-o", tmp_path / "o")
    assert done.code == (0 if not words else 75 if isinstance(change, bytes) else 65)
    assert words in done.err and "Traceback" not in done.err
    left = [name for name in LINES if name != "P12345"]
    assert [row["id"] for row in rows(tmp_path / "o") if row["id"] != "P12345"] == left


def test_force_keeps_models_that_cannot_be_fetched_again(run, alphafold, ids, tmp_path):
    for name in LINES:
        alphafold.offer(name)
    call = ["fetch-structures", ids(*LINES), "-o", tmp_path / "o"]
    assert run(*call).code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "o").glob("*.cif")}
    path = f"/files/AF-{LINES[1]}-F1-model_v6.cif"
    whole, alphafold.server.files[path] = alphafold.server.files[path], b"cut"
    for _ in range(2):
        assert run(*call, "--force").code == 75
        assert [row["state"] for row in rows(tmp_path / "o")] == ["done", "outdated", "done"]
        assert {path: path.read_bytes() for path in (tmp_path / "o").glob("*.cif")} == before
    alphafold.server.files[path] = whole
    assert run(*call).code == 0
    assert [row["state"] for row in rows(tmp_path / "o")] == ["done"] * 3
