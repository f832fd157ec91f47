"""`pepseq fetch-structures` against a server that plays AlphaFold DB."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from servers import Fault
from structures import SEQUENCE, cif, coil, pdb

from pepseq.errors import SettingsError
from pepseq.http.client import HttpConfig
from pepseq.structure.alphafold_db.accessions import parse_accession
from pepseq.structure.alphafold_db.config import FetchConfig
from pepseq.structure.alphafold_db.download import FETCH_COLUMNS

SEQ = SEQUENCE[:45]
LINES = "A0A024R161", "P12345", "Q67890"


class AlphaFoldDb:
    """Models on the test server; `also` holds further fields of their entries."""

    def __init__(self, server):
        self.server = server

    def offer(self, accession, sequence=SEQ, version=6, fragments=1, listed=None, **also):
        entries = []
        for number in range(1, fragments + 1):
            name = f"AF-{accession}-F{number}"
            part = len(sequence) // fragments
            residues = sequence[(number - 1) * part : number * part]
            text = pdb(coil(part), residues) + "END\n"
            entry = {"entryId": name, "uniprotAccession": accession, "latestVersion": version}
            entry |= {"sequenceStart": (number - 1) * part + 1, "sequenceEnd": number * part}
            for form, content in (("cif", cif(text)), ("pdb", text)):
                path = f"/files/{name}-model_v{version}.{form}"
                self.server.files[path] = content.encode()
                entry[f"{form}Url"] = self.server.url + path
            entries.append({k: v for k, v in (entry | also).items() if v is not None})
        self.list(listed or accession, entries)
        return entries

    def list(self, accession, entries):
        path = f"/api/prediction/{accession}"
        content = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
        self.server.files[path] = content
        self.server.types[path] = "application/json"

    @property
    def asked(self):
        return [path for path, _ in self.server.asked]


@pytest.fixture
def alphafold(caches, monkeypatch):
    monkeypatch.setenv("PEPSEQ_ALPHAFOLD_URL", caches.url + "/")
    patience = HttpConfig(tries=3, first_wait=0.01, longest_wait=0.02, read_timeout=0.4)
    monkeypatch.setattr("pepseq.structure.alphafold_db.download.HTTP_SETTINGS", patience)
    return AlphaFoldDb(caches)


@pytest.fixture
def ids(tmp_path):
    def write(*lines):
        path = tmp_path / "ids.txt"
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    return write


def rows(folder):
    text = (folder / "structures.tsv").read_text()
    assert tuple(text.splitlines()[0].split("\t")) == FETCH_COLUMNS
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


@pytest.mark.parametrize(
    ("name", "accession"),
    [
        ("P12345", "P12345"),
        ("P12345.2", "P12345"),
        ("P12345-2", "P12345-2"),
        ("A0A024R161", "A0A024R161"),
        ("UniRef100_P12345", "P12345"),
        ("UniRef90_A0A024R161", "A0A024R161"),
        ("UniRef50_P12345-3", "P12345-3"),
        ("UniRef100_UPI00001234AB", "UPI00001234AB"),
        ("UPI00001234AB", "UPI00001234AB"),
        ("sp|P12345|AATM_RABIT", "P12345"),
        ("sp|P12345", "P12345"),
        ("tr|A0A024R161|X_HUMAN", "A0A024R161"),
        ("AF-P12345-F1", "P12345"),
        ("ecoli_536|00032", None),
        ("P1234", None),
        ("AATM_RABIT", None),
        ("../P12345", None),
        ("P12345/../x", None),
        ("UniRef100_", None),
        ("NP_001234.1", None),
    ],
)
def test_accessions(name, accession):
    assert parse_accession(name) == accession


@pytest.mark.parametrize(("form", "version"), [("cif", 6), ("pdb", 4), ("cif", 17)])
def test_models_of_any_version(run, alphafold, ids, tmp_path, form, version):
    for accession in LINES[:2]:
        alphafold.offer(accession, version=version)
    names = ids("# mine", "P12345 some words", "", "UniRef100_A0A024R161", "P12345", "Q67890")
    out = tmp_path / "refs"
    done = run("fetch-structures", names, "-o", out, "--format", form)
    assert done.code == 0, done.err
    assert done.err == (
        "2 proteins with a model, 2 of them new, 1 without; 0 differ from the sequences given. "
        "AlphaFold DB, CC-BY 4.0: cite Jumper et al. 2021 and Varadi et al. 2024\n"
    )
    first, second, third = rows(out)
    assert first["file"] == f"AF-P12345-F1-model_v{version}.{form}"
    assert (first["id"], first["version"], first["residues"]) == ("P12345", str(version), "45")
    assert (first["start"], first["end"], first["fragment"]) == ("1", "45", "1")
    assert first["licence"] == "CC-BY-4.0" and first["agreement"] == ""
    assert float(first["mean_plddt"]) == pytest.approx(52.867, abs=0.01)
    assert (second["id"], second["accession"]) == ("UniRef100_A0A024R161", "A0A024R161")
    assert (third["state"], third["file"]) == ("no model", "")
    record = json.loads((tmp_path / "refs.run.json").read_text())
    assert "CC-BY" in record["attribution"] and record["settings"]["format"] == form
    agents = {headers["User-Agent"].split("/")[0] for _, headers in alphafold.server.asked}
    assert agents == {"pepseq"}
    alphafold.server.asked.clear()
    assert run("fetch-structures", names, "-o", out, "--format", form).code == 0
    assert not alphafold.asked
    (out / first["file"]).write_text("damaged")
    assert run("fetch-structures", names, "-o", out, "--format", form).code == 0
    assert alphafold.asked == ["/api/prediction/P12345", f"/files/{first['file']}"]
    assert rows(out)[0] == first
    other = {"cif": "pdb", "pdb": "cif"}[form]
    assert run("fetch-structures", names, "-o", out, "--format", other).code == 0
    assert {path.suffix for path in out.iterdir()} == {f".{other}", ".tsv"}


def test_sequences_are_compared_and_models_scored(run, alphafold, fasta, tmp_path):
    for accession in ("P12345", "P12346", "P12347"):
        alphafold.offer(accession)
    proteins = [("UniRef100_P12345", SEQ), ("sp|P12345|AATM_RABIT", SEQ[:20] + "X" + SEQ[21:])]
    proteins += [("P12346", SEQ[:-5]), ("tr|P12347|X", SEQ[:4] + "W" + SEQ[5:] + "GG")]
    source, out = fasta("p.fasta", proteins), tmp_path / "refs"
    done = run("fetch-structures", source, "-o", out)
    assert done.code == 0 and "2 differ" in done.err
    found = [(row["agreement"], row["different"], row["missing"]) for row in rows(out)]
    assert found[:2] == [("same", "0", "0")] * 2
    assert found[2:] == [("different", "5", "0"), ("different", "1", "2")]
    assert alphafold.asked.count("/api/prediction/P12345") == 1
    models = tmp_path / "models"
    models.mkdir()
    for name in ("UniRef100_P12345", "P12346", "tr_P12347_X"):
        (models / f"{name}.pdb").write_text(pdb(coil(45)))
    scored = run("score", models, out, "-o", "-")
    table = list(csv.DictReader(scored.out.splitlines(), delimiter="\t"))
    assert scored.code == 0
    assert [row["id"] for row in table] == ["UniRef100_P12345", "P12346", "tr|P12347|X"]
    fasta("p.fasta", [*proteins[:2], ("P12346", SEQ)])
    alphafold.server.asked.clear()
    assert run("fetch-structures", source, "-o", out).code == 0
    assert alphafold.asked[0] == "/api/prediction/P12346" and len(alphafold.asked) == 2
    assert [row["agreement"] for row in rows(out)[:3]] == ["same"] * 3


def test_isoforms_fragments_complexes_and_uniparc(run, alphafold, fasta, tmp_path):
    isoform = alphafold.offer("P12345-2", SEQ[:30], listed="x")
    canonical = alphafold.offer("P12345", listed="x")
    complexed = alphafold.offer("P12345", isComplex=True, version=5, listed="x")
    alphafold.list("P12345", [*complexed, *isoform, *canonical])
    alphafold.offer("Q67890", SEQ[:44], fragments=2)
    alphafold.list("P00001", [])
    proteins = [("P12345-2", SEQ[:30]), ("P12345", SEQ), ("P12345-3", SEQ), ("Q67890", SEQ[:44])]
    proteins += [("UPI00001234AB", SEQ), ("P00001", SEQ)]
    done = run("fetch-structures", fasta("p", proteins), "-o", tmp_path / "o")
    assert done.code == 0, done.err
    table = rows(tmp_path / "o")
    assert [(row["id"], row["file"], row["agreement"]) for row in table] == [
        ("P12345-2", "AF-P12345-2-F1-model_v6.cif", "same"),
        ("P12345", "AF-P12345-F1-model_v6.cif", "same"),
        ("P12345-3", "", ""),
        ("Q67890", "AF-Q67890-F1-model_v6.cif", "same"),
        ("Q67890", "AF-Q67890-F2-model_v6.cif", "same"),
        ("UPI00001234AB", "", ""),
        ("P00001", "", ""),
    ]
    assert [(row["fragment"], row["models"], row["start"]) for row in table[3:5]] == [
        ("1", "2", "1"),
        ("2", "2", "23"),
    ]
    assert "UniParc entries have no model" in table[5]["reason"]
    assert "/api/prediction/UPI00001234AB" not in alphafold.asked
    scored = run("score", tmp_path / "o", tmp_path / "o", "-o", "-")
    ids = [row["id"] for row in csv.DictReader(scored.out.splitlines(), delimiter="\t")]
    assert ids == ["P12345", "P12345-2", "Q67890", "Q67890-F2"]


def html():
    body = b"<html>maintenance</html>"
    return Fault(status=200, headers={"Content-Type": "text/html"}, body=body)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=429, headers={"Retry-After": "0"}),
        Fault(cut=60),
        Fault(cut=60, stall=0.6),
        Fault(length=10_000_000),
        html(),
        Fault(status=200, headers={"Content-Type": "application/json"}, body=b"{"),
        Fault(status=200, headers={"Content-Type": "application/json"}, body=b'{"a": 1}'),
        Fault(status=200, headers={"Content-Type": "application/json"}, body=b'[{"x": 1}]'),
    ],
    ids=["500", "429", "cut", "hang", "short", "html", "no-json", "no-list", "no-entry"],
)
@pytest.mark.parametrize("form", ["cif", "pdb"])
def test_one_fault_is_survived(run, alphafold, ids, tmp_path, fault, form):
    alphafold.offer("P12345")
    alphafold.server.faults = [fault, Fault(), fault]
    call = ["fetch-structures", ids("P12345"), "-o", tmp_path / "o", "--connections", 1]
    done = run(*call, "--format", form)
    assert done.code == 0 and done.err.count("trying again") == 2, done.err
    name = f"AF-P12345-F1-model_v6.{form}"
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


def test_what_is_not_to_be_had_does_not_end_the_run(run, alphafold, ids, tmp_path):
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
    gone = Fault(status=429, headers={"Retry-After": "9999"})
    alphafold.server.faults = [gone] * 3
    done = run("fetch-structures", names, "-o", tmp_path / "o", "--connections", 1)
    assert done.code == 75 and "asks to try again in 9999 s" in done.err


def test_several_are_asked_for_at_once_in_any_order(run, alphafold, ids, tmp_path):
    names = [f"Q{number:05d}" for number in range(12)]
    for name in names:
        alphafold.offer(name)
    call = ["fetch-structures", ids(*names), "-o"]
    assert run(*call, tmp_path / "a", "--connections", 8).code == 0
    assert run(*call, tmp_path / "b", "--connections", 1).code == 0
    assert [row["id"] for row in rows(tmp_path / "a")] == names
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_a_dry_run_fetches_nothing(run, alphafold, ids, tmp_path):
    alphafold.offer("P12345")
    done = run("fetch-structures", ids("P12345", "Q67890", "UPI00001234AB"), "--dry-run")
    url = f"{alphafold.server.url}/files/AF-P12345-F1-model_v6.cif"
    assert done.code == 0 and done.out.splitlines() == [
        "id\taccession\tmodels\tversion\turls",
        f"P12345\tP12345\t1\t6\t{url}",
        "Q67890\tQ67890\t0\t\t",
        "UPI00001234AB\tUPI00001234AB\t0\t\t",
    ]
    assert all(path.startswith("/api/") for path in alphafold.asked)
    assert run("fetch-structures", ids("P12345")).code == 2


def test_offline_asks_nobody(run, alphafold, ids, tmp_path, monkeypatch):
    monkeypatch.setenv("PEPSEQ_OFFLINE", "1")
    done = run("fetch-structures", ids("P12345"), "-o", tmp_path / "o")
    assert done.code == 65 and "found offline set" in done.err and not alphafold.asked


NO_SERVER = "--server", "http://127.0.0.1:9"


def test_without_a_network_it_says_so_once_and_leaves_no_folder(run, caches, ids, tmp_path):
    names = ids(*LINES, "nonsense")
    started = time.monotonic()
    done = run("fetch-structures", names, "-o", tmp_path / "o", *NO_SERVER)
    lines = done.err.strip().splitlines()
    assert done.code == 75 and time.monotonic() - started < 30
    assert len(lines) == 4 and all("trying again" in line for line in lines[:3])
    assert "Error: 3 of 3 proteins could not be fetched, 0 are done, 1 left out (see " in lines[3]
    assert "is there a network?" in lines[3]
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


def test_the_run_record_is_of_the_calls_that_did_the_work(run, alphafold, ids, tmp_path):
    record = tmp_path / "o.run.json"
    alphafold.offer("P12345")
    call = ["fetch-structures", ids("P12345"), "-o", tmp_path / "o"]
    assert run(*call).code == 0
    first = record.read_bytes()
    assert run(*call).code == 0
    assert record.read_bytes() == first
    ids("P12345", "Q67890")
    assert run(*call).code == 0
    assert json.loads(record.read_bytes())["earlier"] == [json.loads(first)]


@pytest.mark.parametrize("content", [b"", b"nonsense\n", b"\x00\x01", b"<html>\n", "Ä\n".encode()])
def test_files_without_ids_are_65(run, alphafold, tmp_path, content):
    (tmp_path / "ids").write_bytes(content)
    done = run("fetch-structures", tmp_path / "ids", "-o", tmp_path / "o")
    assert done.code == 65 and len(done.err.strip().splitlines()) == 1 and not alphafold.asked


def test_settings():
    for wrong in ({"format": "bcif"}, {"connections": 0}, {"connections": 9}):
        with pytest.raises(SettingsError):
            FetchConfig(**wrong)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 75)])
def test_stopped_and_called_again(run, alphafold, ids, tmp_path, number, code):
    for name in LINES:
        alphafold.offer(name)
    alphafold.server.faults = [Fault(), Fault(), Fault(cut=5, stall=30)]
    call = ["fetch-structures", str(ids(*LINES)), "-o", str(tmp_path / "o"), "--connections", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pepseq", *call], stderr=subprocess.PIPE, env=dict(os.environ)
    )
    table = tmp_path / "o" / "structures.tsv"
    while len(alphafold.asked) < 3 or LINES[0] not in table.read_text():
        assert process.poll() is None
        time.sleep(0.02)
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


def test_files_of_one_name_on_the_server_are_two(run, alphafold, ids, tmp_path):
    for number, name in enumerate(LINES):
        (entry,) = alphafold.offer(name, sequence=SEQ[number:])
        for form in ("cif", "pdb"):
            path = f"/{name}/model.{form}"
            content = alphafold.server.files[entry[f"{form}Url"].removeprefix(alphafold.server.url)]
            alphafold.server.files[path] = content
            entry[f"{form}Url"] = alphafold.server.url + path
        entry["entryId"] = "AF-X-F1" if number < 2 else "x" * 300
        alphafold.list(name, [entry])
    out = tmp_path / "o"
    out.mkdir()
    call = ["fetch-structures", ids(*LINES), "-o", out, "--connections", 1]
    (out / "AF-X-F1.cif").write_text("mine")
    assert run(*call, "--force").code == 0
    assert (out / "AF-X-F1.cif").read_text() == "mine"
    residues = {row["file"]: row["residues"] for row in rows(out)}
    assert list(residues.values()) == ["45", "44", "43"]
    alphafold.server.asked.clear()
    assert run(*call).code == 0 and not alphafold.asked
    text = (out / "structures.tsv").read_text().replace("\t1\t1\t", "\t1\tx\t")
    (out / "structures.tsv").write_text(text)
    assert run(*call).code == 0 and len(alphafold.asked) == 6
    assert {row["file"]: row["residues"] for row in rows(out)} == residues


@pytest.mark.parametrize("text", ["P12345\n#\nQ67890\n", f">P12345\n{SEQ}\n>Q67890\n{SEQ}\n"])
def test_ids_from_a_pipe_are_read_once(run, alphafold, tmp_path, text):
    alphafold.offer("P12345")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def write():
        with open(pipe, "wb", buffering=0) as stream:
            stream.write(text.encode()[:10])
            time.sleep(0.2)
            stream.write(text.encode()[10:])

    for content in (text, "nonsense\n"):
        text = content
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        done = run("fetch-structures", pipe, "-o", tmp_path / "o", "--keep-going")
        writer.join(1)
        assert not writer.is_alive()
    assert [row["id"] for row in rows(tmp_path / "o")] == ["P12345", "Q67890"]
    assert done.code == 65 and f"{pipe}:1: 'nonsense'" in done.err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cifUrl": "http://[::1"}, "expected an address"),
        ({"cifUrl": "ftp://127.0.0.1/x.cif"}, "it was not asked"),
        ({"cifUrl": "/files/x.cif"}, "it was not asked"),
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


def test_an_encoding_that_is_no_encoding_of_text_is_a_fault(run, alphafold, ids, tmp_path):
    alphafold.offer("P12345")
    kind = {"Content-Type": "application/json; charset=base64"}
    alphafold.server.faults = [Fault(status=200, headers=kind, body=b"\xff<html>")]
    done = run("fetch-structures", ids("P12345"), "-o", tmp_path / "o")
    assert done.code == 0 and "expected JSON, found" in done.err


def test_force_keeps_the_models_that_it_could_not_fetch_anew(run, alphafold, ids, tmp_path):
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
