"""The messages that users meet most, as they look.

Each case of MESSAGES is a command line, `$ ...`, and below it the exit code and the last line that
it prints on standard error (of standard output, if there is none).
"""

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from places import DATA

MESSAGES = Path(__file__).with_name("messages.txt").read_text()
PROTEINS = ">a\nMAGICKLLWYCHAINMKVLCY\n>b\nMKYLCQWERTYIPASDFGHKL\n"
READS = ">a\nMXXXCKXXXYCXXXXMKXXCY\n>b\nMKYXCXXXXXYXXXXXXXXKX\n"
FAMILY = ">{letter}1 [E. coli]\n{row}\n>{letter}2 [E. coli]\n{row}\n"
FILES = {
    "proteins.fasta": PROTEINS,
    "reads.fasta": READS,
    "odd_reads.fasta": READS.replace("YXXX", "YXWF"),
    "predicted.fasta": PROTEINS.replace("MAGIC", "MAGLC"),
    "other.fasta": PROTEINS.replace(">", ">x"),
    "shorter.fasta": PROTEINS.replace("CY\n", "\n"),
    "empty.fasta": "",
    "genes.fasta": ">g\n" + "ACGTTGCA" * 40 + "\n",
    "reads.fastq": "@a\nACGT\n+\nIIII\n",
    "page.html": "<!doctype html>\n",
    "utf16.fasta": PROTEINS.encode("utf-16"),
    "cut.fasta.gz": gzip.compress(PROTEINS.encode(), mtime=0)[:-9],
    "alignment.fasta": ">a\nMK-L\n>b\nMKAL\n",
    "twice.fasta": ">a\nMK\n>a\nMKL\n",
    "one_bad.fasta": ">a\nMK\n>b\nMK1L\n",
    "nul.fasta": b">a\nMK\n\0>b\nMK\n",
    "table.tsv": "protein\tspecies\na\tE. coli\n",
    "pairs.tsv": "protein_a\tprotein_b\na1\tb9\n",
    "dyes.tsv": "3\n1\n..0\t1\tp1\n",
    "noise.json": '{"channel_models": [{}]}',
    "unknown_key.json": '{"p_detatch": 0.1, "channel_models": []}',
    "family_a.fasta": FAMILY.format(letter="a", row="MAGICK-LW"),
    "family_b.fasta": FAMILY.format(letter="b", row="MKYLC"),
    "family_c.fasta": FAMILY.format(letter="c", row="MKYLC").replace("coli", "albertii"),
    "model.pdb": (DATA / "structures" / "models" / "ecoli_536_00276.pdb").read_bytes(),
    "ids.txt": "P12345\n",
    "names.txt": "my_protein\n",
    "old.fasta": "old",
    "old/notes.txt": "old",
    "folder/notes.txt": "notes",
}


def _zip_archive():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("proteins.fasta", PROTEINS)
    return stream.getvalue()


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    """Write FILES into the working directory."""
    for name, content in (FILES | {"archive.zip": _zip_archive()}).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PEPSEQ_OFFLINE", "1")
    for name in ("HF_HOME", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "caches"))
