"""An interrupted download is resumed after its last complete page; the bytes are the same."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace

import pytest
from uniprot_server import Bad

from pepseq.errors import OutputError, TryAgainError
from pepseq.uniprot import download as download_module
from pepseq.uniprot import pages as pages_module

CUTS = int(os.environ.get("PEPSEQ_CUTS", 12))
KILLS = int(os.environ.get("PEPSEQ_KILLS", 3))
FILES = ["o.fasta.gz", "o.fasta.gz.run.json"]


@pytest.fixture
def interrupted(ask, uniprot):
    """A download that ended after its first page."""
    with pytest.raises(TryAgainError, match="gave up after 3 tries"):
        ask(Bad(), *[Bad(status=500)] * 3)
    uniprot.asked.clear()


def test_an_interrupted_download_is_resumed(interrupted, ask, uniprot, tmp_path, names, whole):
    assert names() == [".o.fasta.gz.pages", ".o.fasta.gz.pages.json"]
    ask()
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole and len(uniprot.asked) == 2
    assert names() == FILES


def test_a_page_that_stays_faulty_ends_the_download(ask, uniprot, tmp_path, whole):
    with pytest.raises(TryAgainError, match="gave up after 3 tries"):
        ask(Bad(), *[Bad(body=b"") for _ in range(3)])
    uniprot.asked.clear()
    ask()
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole and len(uniprot.asked) == 2


def test_another_search_does_not_resume(interrupted, ask, uniprot, caplog):
    ask(identity=90)
    assert "belongs to another search" in caplog.text and len(uniprot.asked) == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda pages, notes: pages.write_bytes(pages.read_bytes()[:-99]),
        lambda pages, notes: pages.write_bytes(b"x" + pages.read_bytes()[1:]),
        lambda pages, notes: pages.unlink(),
        lambda pages, notes: notes.write_text("{"),
        lambda pages, notes: notes.write_text("[]"),
    ],
    ids=["cut short", "changed", "no pages", "no JSON", "other JSON"],
)
def test_damaged_pages_are_downloaded_again(interrupted, ask, uniprot, tmp_path, whole, damage):
    damage(tmp_path / ".o.fasta.gz.pages", tmp_path / ".o.fasta.gz.pages.json")
    ask()
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole and len(uniprot.asked) == 3


def test_bytes_after_the_last_complete_page_are_dropped(interrupted, ask, tmp_path, whole):
    with open(tmp_path / ".o.fasta.gz.pages", "ab") as stream:
        stream.write(b"half a page")
    ask()
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole


def test_a_full_disk_keeps_complete_pages(ask, uniprot, tmp_path, monkeypatch, whole):
    compress_page, calls = pages_module.compress_page, []

    def compress_on_a_full_disk(content, name):
        calls.append(1)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return compress_page(content, name)

    monkeypatch.setattr(pages_module, "compress_page", compress_on_a_full_disk)
    with pytest.raises(OutputError, match="No space left"):
        ask()
    uniprot.asked.clear()
    ask()
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole and len(uniprot.asked) == 2


@pytest.mark.parametrize(
    "framing",
    [
        "length",
        pytest.param("chunked", marks=pytest.mark.slow),
        pytest.param("none", marks=pytest.mark.slow),
    ],
)
def test_cuts_at_random_bytes(ask, uniprot, tmp_path, monkeypatch, names, whole, framing):
    """Cut each download once, before a random byte of all its answers, headers too.

    Every second download may repeat requests; the others end with an error and are called again.
    """
    uniprot.framing, uniprot.sent = framing, 0
    ask(name="first.fasta.gz")
    total, draw, counts = uniprot.sent, random.Random(7), Counter()
    for number in range(CUTS):
        uniprot.sent, uniprot.cut_at, name = 0, draw.randrange(total), f"{number}.fasta.gz"
        tries = 3 if number % 2 else 1
        config = replace(download_module.HTTP_CONFIG, tries=tries)
        monkeypatch.setattr(download_module, "HTTP_CONFIG", config)
        try:
            ask(name=name)
            counts["repeated"] += 1
            assert tries == 3
        except TryAgainError:
            assert tries == 1 and not (tmp_path / name).exists()
            ask(name=name)
            counts["called again"] += 1
        assert uniprot.cut_at is None
        assert (tmp_path / name).read_bytes() == whole
        for path in (name, f"{name}.run.json"):
            (tmp_path / path).unlink()
    assert counts == {"repeated": CUTS // 2, "called again": CUTS - CUTS // 2}
    assert names() == ["first.fasta.gz", "first.fasta.gz.run.json"]


def start_download(folder):
    line = [sys.executable, "-m", "pepseq", "download", "--taxon", "562", "-o", "o.fasta.gz"]
    return subprocess.Popen(line, cwd=folder, stderr=subprocess.PIPE, text=True)


def test_a_download_killed_at_any_moment_is_resumed(uniprot, tmp_path, names, whole):
    draw, killed = random.Random(8), 0
    while killed < KILLS:
        for path in tmp_path.iterdir():
            path.unlink()
        uniprot.sent = 0
        process = start_download(tmp_path)
        place, pause = draw.randrange(len(whole)), draw.random() * 0.02
        while uniprot.sent < place and process.poll() is None:
            time.sleep(0.001)
        time.sleep(pause)
        process.kill()
        process.communicate()
        killed += process.returncode == -9
        if not (tmp_path / "o.fasta.gz").exists():
            process = start_download(tmp_path)
            process.communicate()
            assert process.returncode == 0
        assert (tmp_path / "o.fasta.gz").read_bytes() == whole
        assert names() == FILES


def test_sigterm_keeps_complete_pages(uniprot, tmp_path, whole):
    is_requested, may_answer = threading.Event(), threading.Event()

    def hold_the_second_page(plays, asked):
        if len(plays.asked) == 2:
            is_requested.set()
            may_answer.wait(20)

    uniprot.before = hold_the_second_page
    process = start_download(tmp_path)
    assert is_requested.wait(20)
    process.send_signal(signal.SIGTERM)
    messages = process.communicate(timeout=20)[1]
    may_answer.set()
    assert process.returncode == 75
    assert messages.splitlines()[-1] == (
        "Error: stopped; to resume after the last complete page, run the same command"
    )
    uniprot.before = None
    uniprot.asked.clear()
    assert start_download(tmp_path).wait() == 0
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole and len(uniprot.asked) == 2
