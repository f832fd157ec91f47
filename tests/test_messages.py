"""The messages that users meet most, as they look.

messages.txt has command lines (`$ ...`), each with its exit code and the last line that it prints
on standard error, when it is called in a folder of FILES.
"""

import gzip
import io
import json
import os
import re
import shlex
import zipfile
from pathlib import Path

import pytest
from documentation import PAGES
from places import DATA
from structures import WorkersInProcess

from pepseq.io.atomic_files import locked, remove_path

MESSAGES = Path(__file__).with_name("messages.txt")
PROTEINS = ">a\nMAGICKLLWYCHAINMKVLCY\n>b\nMKYLCQWERTYIPASDFGHKL\n"
RATES = "edman_failure detach initial_detach initial_detach_decay initial_block cyclic_block"
TWO_CHANNELS = {f"p_{name}": 0.1 for name in RATES.split()}
TWO_CHANNELS |= {"channel_models": [{"p_bleach": 0, "p_dud": dud} for dud in (0.1, 7)]}
READS = ">a\nMXXXCKXXXYCXXXXMKXXCY\n>b\nMKYXCXXXXXYXXXXXXXXKX\n"


def family(letter, row, species="E. coli"):
    return "".join(f">{letter}{number} [{species}]\n{row}\n" for number in (1, 2))


def zip_archive(name):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), "x")
    return stream.getvalue()


FILES = {
    "proteins.fasta": PROTEINS,
    "reads.fasta": READS,
    "odd_reads.fasta": READS.replace("YXXX", "YXWF"),
    "predicted.fasta": PROTEINS.replace("MAGIC", "MAGLC"),
    "other.fasta": PROTEINS.replace(">", ">x"),
    "empty.fasta": "",
    "genes.fasta": ">g\n" + "ACGTTGCA" * 40 + "\n",
    "reads.fastq": "@a\nACGT\n+\nIIII\n",
    "page.html": "<!doctype html>\n",
    "utf16.fasta": PROTEINS.encode("utf-16"),
    "cut.fasta.gz": gzip.compress(PROTEINS.encode(), mtime=0)[:-9],
    "archive.zip": zip_archive("proteins.fasta"),
    "workbook.xlsx": zip_archive("xl/workbook.xml"),
    "alignment.fasta": ">a\nMK-L\n>b\nMKAL\n",
    "twice.fasta": ">a\nMK\n>a\nMKL\n",
    "one_bad.fasta": ">a\nMK\n>b\nMK1L\n",
    "nul.fasta": b">a\nMK\n\0>b\nMK\n",
    "table.tsv": "protein\tspecies\na\tE. coli\n",
    "pairs.tsv": "protein_a\tprotein_b\na1\tb9\n",
    "short_row.tsv": "protein_a\tprotein_b\na1\n",
    "empty_cell.tsv": "protein_a\tprotein_b\na1\t\n",
    "dyes.tsv": "3\n1\n..0\t1\tp1\n",
    "dye_reads.tsv": "3\n2\n....1\t1.5\tp1\n....1\t7\tp2\n",
    "no_dyes.tsv": "3\n0\n",
    "long_dyes.tsv": "1\n1\n...0\t1\tp1\n",
    "confusion.tsv": "label K C Y M\nK 1 0 0 0\nC 0 0.9 0 0\nY 0 0 1 0\nM 0 0 0 1\n",
    "soft.tsv": "read\tposition\tlabel\tprobability\na\t1\tK\t0.8\n",
    "patterns.tsv": "id\tpattern\na\tM-x(3)-C\nb\tKC\n",
    "tryptophan.tsv": "2\n1\n0.1\t1\tp1\n",
    "glycines.fasta": ">a\nGCK\n",
    "scores.csv": "radmat_iz,best_pep_iz,best_pep_score\n0,p1,-0.5\n",
    "unknown_scores.csv": "radmat_iz,best_pep_iz,best_pep_score\n0,p9,0.5\n",
    "missing_scores.tsv": "read\tid\tscore\n0\tp1\t\n",
    "spike.fasta": ">s\nMCK\n",
    "noise.json": '{"channel_models": [{}]}',
    "unknown_key.json": '{"p_detatch": 0.1, "channel_models": []}',
    "two_channels.json": json.dumps(TWO_CHANNELS),
    "copies.tsv": "protein\tcopies\na\t1\nb\t-2\n",
    "unknown_copies.tsv": "protein\tcopies\nx\t1\n",
    "repeated_copies.tsv": "protein\tcopies\na\t1\na\t2\n",
    "no_copies.tsv": "protein\tcopies\na\t0\n",
    "truth.tsv": "protein\tmolar_fraction\na\t0.75\nb\t0.25\n",
    "amounts.tsv": "group\tproteins\tmolar_fraction\tq_value\nG1\ta;b\t1\t0\n",
    "bad_amounts.tsv": "proteins\tmolar_fraction\na\t0.5\nb\tnan\n",
    "other_amounts.tsv": "proteins\tmolar_fraction\nxa\t1\n",
    "other_groups.tsv": "proteins\tmolar_fraction\na\t0.5\nb\t0.5\n",
    "folder/amounts.tsv": "group\tproteins\tmolar_fraction\tq_value\nG1\ta;b\t1\t0\n",
    "merged.tsv": "group\tproteins\tday1\nG1\ta;b\t1\n",
    "samples.tsv": "sample\tcondition\treplicate\nday1\tcontrol\t1\nday2\tdrug\t2\n",
    "family_a.fasta": family("a", "MAGICK-LW"),
    "family_b.fasta": family("b", "MKYLC"),
    "family_c.fasta": family("c", "MKYLC", "E. albertii"),
    "ragged.fasta": family("b", "MKYLC") + ">b3 [E. coli]\nMKYL\n",
    "model.pdb": (DATA / "structures" / "models" / "ecoli_536_00276.pdb").read_bytes(),
    "ids.txt": "P12345\n",
    "old.fasta": "old",
    "old/notes.txt": "old",
    "folder/notes.txt": "notes",
}
CASES = [case.split("\n")[:2] for case in MESSAGES.read_text().split("$ ")[1:]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of FILES, in which another run writes busy.fasta."""
    folder = tmp_path_factory.mktemp("messages")
    write_files(folder)
    with locked(folder / "busy.fasta"):
        yield folder


def write_files(folder):
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
def call(folder, run, monkeypatch):
    """Run a command line in the folder; remove what it writes; return code and last line."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr("pepseq.structure.scoring.workers.Workers", WorkersInProcess)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", "caches")
    monkeypatch.setenv("PEPSEQ_OFFLINE", "1")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PEPSEQ_LONGEST_RECORD", "")  # so that what an option sets is removed

    def call(line):
        before = set(os.listdir())
        done = run(*shlex.split(line))
        for path in set(os.listdir()) - before:
            remove_path(Path(path))
        return f"{done.code} {(done.err.strip() or 'no message').splitlines()[-1]}"

    return call


@pytest.mark.parametrize(("line", "message"), CASES, ids=[line for line, _ in CASES])
def test_a_message_is_as_promised(call, line, message):
    assert call(line) == message


def test_troubleshooting_explains_messages_that_exist():
    printed = " ".join(MESSAGES.read_text().split())
    tables = re.findall(
        r"^\| message \|.*\n\|.*\n((?:\|.*\n)+)", PAGES["how-to/troubleshooting.md"], re.M
    )
    rows = [row for table in tables for row in table.splitlines()]
    named = [span for row in rows for span in re.findall(r"`([^`]+)`", row.split(" | ")[0])]
    parts = [part.strip() for message in named for part in message.split("…") if part.strip()]
    assert len(parts) > 25 and not [part for part in parts if part not in printed]
