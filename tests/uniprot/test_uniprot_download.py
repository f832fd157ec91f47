import gzip
import hashlib
import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import pytest
from uniprot_server import Bad, play_uniprot, proteins

from pepseq.errors import InputError, OutputError, SettingsError, TryAgainError
from pepseq.http.client import HttpConfig
from pepseq.io.atomic_files import locked
from pepseq.sequences.fasta import read_fasta
from pepseq.uniprot.config import DownloadConfig
from pepseq.uniprot.download import download, estimate
from pepseq.uniprot.pages import pack
from pepseq.uniprot.query import Taxon, search_url
from pepseq.version import __version__

RECORDS = proteins(1234)
QUICK = HttpConfig(tries=3, first_wait=0.001, longest_wait=0.002, read_timeout=1)
CUTS = int(os.environ.get("PEPSEQ_CUTS", 12))
KILLS = int(os.environ.get("PEPSEQ_KILLS", 3))
ERROR = b"Error encountered when streaming data. Please try again later.\n"


@pytest.fixture
def uniprot(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "PEPSEQ_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    monkeypatch.setattr("pepseq.uniprot.download.PATIENCE", QUICK)
    with play_uniprot(list(RECORDS)) as server:
        monkeypatch.setenv("PEPSEQ_UNIPROT_URL", server.url)
        yield server


@pytest.fixture
def ask(uniprot, tmp_path):
    """Download to a file; other faults than those given are the test's."""

    def ask(*faults, name="o.fasta.gz", force=False, taxon=562, **settings):
        uniprot.faults = list(faults)
        config = DownloadConfig(taxon=taxon, **settings)
        return download(tmp_path / name, config, force=force)

    return ask


@pytest.fixture
def whole(uniprot):
    """The bytes that a download has: one gzip member a page."""
    return b"".join(pack(uniprot.fasta(start, start + 500), "u.gz") for start in (0, 500, 1000))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_all_records_come_and_are_written_down(ask, uniprot, tmp_path):
    done = ask()
    content = (tmp_path / "o.fasta.gz").read_bytes()
    assert gzip.decompress(content) == uniprot.fasta()
    assert [r.header for r in read_fasta(tmp_path / "o.fasta.gz")] == [h for h, _ in RECORDS]
    assert len(uniprot.asked) == 3 and uniprot.agents == {f"pepseq/{__version__}"}
    assert names(tmp_path) == ["o.fasta.gz", "o.fasta.gz.run.json"]
    record = json.loads((tmp_path / "o.fasta.gz.run.json").read_text())["download"]
    assert record["sha256"] == done.sha256 == hashlib.sha256(content).hexdigest()
    assert record["query"] == "(taxonomy_id:562) AND (identity:1.0)"
    assert (record["records"], record["release"]) == (1234, "2026_01")
    assert record["date"] == time.strftime("%Y-%m-%d", time.gmtime())
    assert record["bytes"] == len(content)
    ask(name="o.fasta")
    assert (tmp_path / "o.fasta").read_bytes() == uniprot.fasta()


@pytest.mark.parametrize("framing", ["length", "chunked", "none"])
@pytest.mark.parametrize("packed", [True, False])
def test_every_way_of_sending(ask, uniprot, tmp_path, framing, packed):
    uniprot.framing, uniprot.packed = framing, packed
    if framing == "none" and not packed:
        with pytest.raises(TryAgainError, match="may be cut short"):
            ask()
        return
    ask()
    assert gzip.decompress((tmp_path / "o.fasta.gz").read_bytes()) == uniprot.fasta()


@pytest.mark.parametrize(
    ("settings", "path", "query"),
    [
        ({"identity": 90}, "/uniref", "(taxonomy_id:562) AND (identity:0.9)"),
        (
            {"exclude_names": ("hypothetical protein", 'a"b')},
            "/uniref",
            '(taxonomy_id:562) AND (identity:1.0) NOT (name:"hypothetical protein") '
            'NOT (name:"a\\"b")',
        ),
        (
            {"database": "uniprotkb", "reviewed": True, "query": "length:[1 TO 9]"},
            "/uniprotkb",
            "(taxonomy_id:562) AND (reviewed:true) AND (length:[1 TO 9])",
        ),
        (
            {"taxon": None, "query": "kinase", "database": "uniprotkb", "exclude_names": ("x",)},
            "/uniprotkb",
            '(kinase) NOT (protein_name:"x")',
        ),
        ({"taxon": "escherichia COLI"}, "/uniref", "(taxonomy_id:562) AND (identity:1.0)"),
        ({"taxon": " e. coli "}, "/uniref", "(taxonomy_id:562) AND (identity:1.0)"),
    ],
)
def test_what_is_asked_for(ask, uniprot, settings, path, query):
    assert ask(**settings).query == query
    asked = uniprot.asked[0]
    assert asked == (
        f"{path}/search",
        {"query": [query], "format": ["fasta"], "size": ["500"]},
    )


@pytest.mark.parametrize(
    ("taxon", "words"),
    [
        ("Bacillus", "found 2: 55087 Bacillus (genus); 1386 Bacillus (genus); give its number"),
        ("bacil", "found none; similar ones: 55087 Bacillus"),
        ("unicorn", "named 'unicorn', found none"),
        ("77", "that UniProt knows, found 77"),
    ],
)
def test_a_taxon_that_is_none_or_several(ask, uniprot, tmp_path, taxon, words):
    with pytest.raises(InputError) as error:
        ask(taxon=taxon)
    assert words in str(error.value)
    assert not uniprot.asked and not names(tmp_path)


@pytest.mark.parametrize(
    "settings",
    [
        {"taxon": None},
        {"identity": 95},
        {"identity": 90, "database": "uniprotkb"},
        {"reviewed": True},
        {"database": "uniparc"},
        {"exclude_names": (" ",)},
    ],
)
def test_settings_that_make_no_sense(ask, settings):
    with pytest.raises(SettingsError):
        ask(**settings)


def test_an_estimate_asks_for_one_page(ask, uniprot, tmp_path):
    about = estimate(DownloadConfig(taxon=562))
    assert len(uniprot.asked) == 1 and not names(tmp_path)
    done = ask()
    assert about.records == done.records == 1234 and about.query == done.query
    assert about.bytes == pytest.approx(done.bytes, rel=0.05)
    assert about.plain_bytes == pytest.approx(done.plain_bytes, rel=0.05)


@pytest.mark.parametrize(("share", "warned"), [(0.2, True), (0.02, False)])
def test_clusters_that_reach_beyond_the_taxon_are_warned_of(ask, uniprot, caplog, share, warned):
    many = round(1234 * share)
    uniprot.records = [
        (f"U{n} a TaxID={543 if n < many - 1 else 2 if n < many else 83333} RepID=x", "MK")
        for n in range(1234)
    ]
    assert ask().above == many
    assert (f"{many} of 1234 records stand" in caplog.text) is warned
    assert (f"{many - 1} of them have TaxID 543" in caplog.text) is warned


def rewritten(old, new, count=1):
    return Bad(change=lambda headers, body: (headers, body.replace(old, new, count)))


def unpacked(change):
    """Apply a change of (headers, body) to an answer that is not packed."""

    def changed(headers, body):
        headers = {k: v for k, v in headers.items() if k != "Content-Encoding"}
        return change(headers, gzip.decompress(body))

    return Bad(change=changed)


def less(number):
    """Leave out the last records of a page."""
    return unpacked(lambda h, body: (h, b">".join(body.split(b">")[: -2 * number])))


HTML, JSON = {"Content-Type": "text/html"}, {"Content-Type": "application/json"}
FAULTS = {
    "429": lambda: Bad(status=429, headers={"Retry-After": "0"}),
    "500": lambda: Bad(status=500),
    "503": lambda: Bad(status=503),
    "HTML": lambda: Bad(body=b"<html>busy</html>", headers=HTML),
    "JSON": lambda: Bad(body=b'{"results": []}', headers=JSON),
    "HTML said to be text": lambda: Bad(body=b"<html>busy</html>"),
    "error text alone": lambda: Bad(body=ERROR),
    "error text at the end": lambda: unpacked(lambda h, body: (h, body + ERROR)),
    "error text instead of the rest": lambda: unpacked(lambda h, body: (h, body[:9999] + ERROR)),
    "empty page": lambda: Bad(body=b""),
    "one record less": lambda: less(1),
    "half the records": lambda: less(250),
    "no residues": lambda: unpacked(lambda h, b: (h, b.split(b"\nM")[0] + b"\n")),
    "a record without residues": lambda: unpacked(
        lambda h, b: (h, b">empty\n" + b">" + b.split(b">", 3)[3])
    ),
    "no release": lambda: Bad(
        change=lambda h, b: ({k: v for k, v in h.items() if k != "X-UniProt-Release"}, b)
    ),
    "no number of records": lambda: Bad(headers={"X-Total-Results": "many"}),
    "no link": lambda: Bad(change=lambda h, b: ({k: v for k, v in h.items() if k != "Link"}, b)),
    "gzip cut short": lambda: Bad(change=lambda h, b: (h, b[:-1])),
    "gzip of another CRC": lambda: Bad(change=lambda h, b: (h, b[:-8] + b"\0" * 4 + b[-4:])),
    "junk after gzip": lambda: Bad(change=lambda h, b: (h, b + b"junk")),
    "not gzip": lambda: Bad(change=lambda h, b: (h, b"junk")),
    "another packing": lambda: Bad(change=lambda h, b: (h | {"Content-Encoding": "br"}, b)),
}


@pytest.mark.parametrize("page", [0, 1])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes_leaves_no_trace(ask, uniprot, tmp_path, whole, fault, page):
    faults = [FAULTS[fault](), FAULTS[fault]()]
    ask(*[Bad()] * page, *faults)
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole
    assert len(uniprot.asked) == 5


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays_is_75_and_the_next_call_goes_on(ask, uniprot, tmp_path, whole, fault):
    with pytest.raises(TryAgainError, match="gave up after 3 tries"):
        ask(Bad(), *(FAULTS[fault]() for _ in range(3)))
    assert names(tmp_path) == [".o.fasta.gz.pages", ".o.fasta.gz.pages.json"]
    uniprot.asked.clear()
    ask()
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole and len(uniprot.asked) == 2
    assert names(tmp_path) == ["o.fasta.gz", "o.fasta.gz.run.json"]


def test_multi_member_gzip_is_read_whole(ask, tmp_path, whole):
    def two(headers, body):
        plain = gzip.decompress(body)
        return headers, gzip.compress(plain[:5000]) + gzip.compress(plain[5000:])

    ask(Bad(change=two))
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_4xx_is_65_at_once(ask, uniprot, tmp_path, status):
    with pytest.raises(InputError, match=f"found HTTP {status}"):
        ask(*[Bad(status=status)] * 9)
    assert len(uniprot.asked) == 1 and not names(tmp_path)


def test_a_place_that_the_server_no_longer_knows_starts_anew_once(ask, uniprot, tmp_path, whole):
    ask(Bad(), Bad(status=400))
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole and len(uniprot.asked) >= 5
    with pytest.raises(InputError, match="found HTTP 400"):
        ask(Bad(), Bad(status=400), Bad(), Bad(status=400), name="2.fasta.gz")


def test_no_server_and_a_silent_one_are_75(ask, uniprot, tmp_path):
    with pytest.raises(TryAgainError, match="ConnectError"):
        ask(server="http://127.0.0.1:9")
    with pytest.raises(TryAgainError, match="ConnectError"):
        ask(server="http://no-such-host.invalid")
    uniprot.before = lambda plays, asked: time.sleep(1.3) if len(plays.asked) == 2 else None
    ask()
    assert len(uniprot.asked) == 4
    assert gzip.decompress((tmp_path / "o.fasta.gz").read_bytes()) == uniprot.fasta()


def test_a_server_that_asks_for_long_patience_is_75(ask):
    with pytest.raises(TryAgainError, match="asks to try again in 999 s"):
        ask(Bad(status=503, headers={"Retry-After": "999"}))


def test_links_to_other_hosts_are_refused_and_not_asked(ask, uniprot, tmp_path):
    with play_uniprot(RECORDS) as other:
        url = other.url.replace("127.0.0.1", "localhost")
        away = {"Link": f'<{url}/uniref/search?cursor=c500&size=500>; rel="next"'}
        with pytest.raises(InputError, match="localhost.*it was not asked"):
            ask(Bad(headers=away))
        assert not other.asked
    assert not [name for name in names(tmp_path) if "lock" in name]


def test_no_records_is_65(ask, uniprot):
    uniprot.records = []
    with pytest.raises(InputError, match="expected records, found none"):
        ask()


@pytest.mark.parametrize("more", [0, 10])
def test_a_release_change_starts_anew_once(ask, uniprot, tmp_path, caplog, more):
    new = proteins(1234 + more, seed=6)

    def change(plays, asked):
        if len(plays.asked) == 3:
            plays.release, plays.records = "2026_02", new

    uniprot.before = change
    done = ask()
    assert done.release == "2026_02" and done.records == 1234 + more
    assert gzip.decompress((tmp_path / "o.fasta.gz").read_bytes()) == uniprot.fasta()
    assert "UniProt has changed meanwhile (release 2026_01" in caplog.text
    assert len(uniprot.asked) == 6


def test_a_release_change_between_two_calls_starts_anew(ask, uniprot, tmp_path):
    with pytest.raises(TryAgainError):
        ask(Bad(), *[Bad(status=500)] * 3)
    uniprot.release = "2026_02"
    assert ask().release == "2026_02"
    assert gzip.decompress((tmp_path / "o.fasta.gz").read_bytes()) == uniprot.fasta()


def test_a_release_that_changes_all_the_time_is_75(ask, uniprot, tmp_path):
    uniprot.before = lambda plays, asked: setattr(plays, "release", str(len(plays.asked)))
    with pytest.raises(TryAgainError, match="UniProt changes while it is read"):
        ask()
    assert names(tmp_path) == []


def test_a_cursor_loop_is_75_and_the_next_call_starts_anew(ask, uniprot, tmp_path):
    uniprot.records = proteins(2000)

    def loop(plays, asked):
        cursor = int(asked.get("cursor", ["c0"])[0][1:])
        back = f"{plays.url}/uniref/search?format=fasta&cursor=c500&size=500&again={cursor}"
        plays.faults = [Bad(headers={"Link": f'<{back}>; rel="next"'})] if cursor == 500 else []

    uniprot.before = loop
    with pytest.raises(TryAgainError, match="expected new records, found 'UniRef100_A0000500'"):
        ask()
    uniprot.before = None
    ask()
    assert gzip.decompress((tmp_path / "o.fasta.gz").read_bytes()) == uniprot.fasta()


def test_a_link_back_is_asked_for_again(ask, uniprot, tmp_path, whole):
    config = DownloadConfig(taxon=562)
    back = search_url(uniprot.url, config, Taxon(562, "", "", ()))
    second = f"{uniprot.url}/uniref/search?format=fasta&cursor=c500&size=500"
    links = [Bad(headers={"Link": f'<{url}>; rel="next"'}) for url in (back, second)]
    uniprot.asked.clear()
    ask(Bad(), *links)
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole and len(uniprot.asked) == 5


def test_settings_of_another_search_do_not_mix(ask, uniprot, tmp_path, caplog):
    with pytest.raises(TryAgainError):
        ask(Bad(), *[Bad(status=500)] * 3)
    uniprot.asked.clear()
    ask(identity=90)
    assert "another search" in caplog.text and len(uniprot.asked) == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda pages, notes: pages.write_bytes(pages.read_bytes()[:-99]),
        lambda pages, notes: pages.write_bytes(b"x" + pages.read_bytes()[1:]),
        lambda pages, notes: pages.unlink(),
        lambda pages, notes: notes.write_text("{"),
        lambda pages, notes: notes.write_text("[]"),
    ],
)
def test_damaged_pages_are_downloaded_anew(ask, uniprot, tmp_path, whole, damage):
    with pytest.raises(TryAgainError):
        ask(Bad(), *[Bad(status=500)] * 3)
    damage(tmp_path / ".o.fasta.gz.pages", tmp_path / ".o.fasta.gz.pages.json")
    uniprot.asked.clear()
    ask()
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole and len(uniprot.asked) == 3


def test_what_came_after_the_last_whole_page_is_dropped(ask, tmp_path, whole):
    with pytest.raises(TryAgainError):
        ask(Bad(), *[Bad(status=500)] * 3)
    with open(tmp_path / ".o.fasta.gz.pages", "ab") as stream:
        stream.write(b"half a page")
    ask()
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole


def test_outputs_are_guarded(ask, uniprot, tmp_path):
    (tmp_path / "o.fasta.gz").write_text("old")
    with pytest.raises(OutputError, match="--force"):
        ask()
    with pytest.raises(TryAgainError):
        ask(*[Bad(status=500)] * 3, force=True)
    assert (tmp_path / "o.fasta.gz").read_text() == "old"
    with locked(tmp_path / "o.fasta.gz"), pytest.raises(TryAgainError, match="another run"):
        ask(force=True)
    ask(force=True)
    with pytest.raises(OutputError):
        ask(name="o.fasta.gz/x.fasta")
    with pytest.raises(SettingsError):
        download("-", DownloadConfig(taxon=562))


def test_a_full_disk_is_74_and_keeps_whole_pages(ask, uniprot, tmp_path, monkeypatch, whole):
    from pepseq.uniprot import pages

    real, calls = pages.pack, []

    def full(content, name):
        calls.append(1)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return real(content, name)

    monkeypatch.setattr(pages, "pack", full)
    with pytest.raises(OutputError, match="No space left"):
        ask()
    uniprot.asked.clear()
    ask()
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole and len(uniprot.asked) == 2


def test_offline_asks_nobody(ask, uniprot, monkeypatch):
    monkeypatch.setenv("PEPSEQ_OFFLINE", "1")
    with pytest.raises(InputError, match="offline"):
        ask()
    assert not uniprot.asked


def test_progress_tells_the_time_left(ask, monkeypatch, caplog):
    monkeypatch.setattr("pepseq.io.progress.SECONDS_BETWEEN_LINES", 0)
    with caplog.at_level(logging.INFO, "pepseq"):
        ask()
    assert "downloading: 500 of 1,234 records" in caplog.text and "0:00:00 left" in caplog.text


@pytest.mark.parametrize("framing", ["length", "chunked", "none"])
def test_cuts_at_random_bytes(ask, uniprot, tmp_path, monkeypatch, whole, framing):
    """Cut each download once, before a random byte of all its answers, headers too.

    Every second one may ask again; the others may not, end with 75, and are called again.
    """
    uniprot.framing, uniprot.sent = framing, 0
    ask(name="first.fasta.gz")
    total, draw, counts = uniprot.sent, random.Random(7), Counter()
    for number in range(CUTS):
        uniprot.sent, uniprot.cut_at, name = 0, draw.randrange(total), f"{number}.fasta.gz"
        tries = 3 if number % 2 else 1
        monkeypatch.setattr("pepseq.uniprot.download.PATIENCE", replace(QUICK, tries=tries))
        try:
            ask(name=name)
            counts["same bytes, asked again"] += 1
            assert tries == 3
        except TryAgainError:
            assert tries == 1 and not (tmp_path / name).exists()
            ask(name=name)
            counts["75, then same bytes"] += 1
        assert uniprot.cut_at is None
        assert (tmp_path / name).read_bytes() == whole
        for path in (name, f"{name}.run.json"):
            (tmp_path / path).unlink()
    assert counts == {"same bytes, asked again": CUTS // 2, "75, then same bytes": CUTS - CUTS // 2}
    assert names(tmp_path) == ["first.fasta.gz", "first.fasta.gz.run.json"]
    print(framing, dict(counts))


def start(uniprot, tmp_path):
    line = [sys.executable, "-m", "pepseq", "download", "--taxon", "562", "-o", "o.fasta.gz"]
    return subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.PIPE, text=True)


def test_kill_9_at_any_moment(uniprot, tmp_path, whole):
    """Kill a download at random bytes until it is through: the same bytes."""
    draw, killed = random.Random(8), 0
    while killed < KILLS:
        for path in tmp_path.iterdir():
            path.unlink()
        uniprot.sent = 0
        process = start(uniprot, tmp_path)
        place, pause = draw.randrange(len(whole)), draw.random() * 0.02
        while uniprot.sent < place and process.poll() is None:
            time.sleep(0.001)
        time.sleep(pause)
        process.kill()
        process.communicate()
        killed += process.returncode == -9
        if not (tmp_path / "o.fasta.gz").exists():
            process = start(uniprot, tmp_path)
            assert (process.communicate()[1], process.returncode)[1] == 0
        assert (tmp_path / "o.fasta.gz").read_bytes() == whole
        assert names(tmp_path) == ["o.fasta.gz", "o.fasta.gz.run.json"]


def test_sigterm_is_75_and_keeps_whole_pages(uniprot, tmp_path, whole):
    uniprot.before = lambda plays, asked: time.sleep(0.5) if len(plays.asked) == 2 else None
    uniprot.asked.clear()
    process = start(uniprot, tmp_path)
    while len(uniprot.asked) < 2 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    words = process.communicate(timeout=10)[1]
    assert process.returncode == 75
    assert words.splitlines()[-1].startswith(
        "Error: stopped; to resume after the last complete page"
    )
    uniprot.asked.clear()
    assert start(uniprot, tmp_path).wait() == 0
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole and len(uniprot.asked) == 2
