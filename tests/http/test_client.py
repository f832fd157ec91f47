import gzip
import hashlib
import logging
import random
import subprocess
import sys
import time
from dataclasses import replace
from email.utils import formatdate

import pytest
from servers import Fault, serve

from pepseq.errors import InputError, OutputError, SettingsError, TryAgainError
from pepseq.http.client import HttpClient, HttpConfig, ServerUnreachable, is_offline
from pepseq.version import __version__

CONTENT = random.Random(3).randbytes(300_000)
QUICK = HttpConfig(tries=4, first_wait=0.01, longest_wait=0.02, read_timeout=0.3)


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serve() as server:
        server.files["/file.bin"] = CONTENT
        yield server


@pytest.fixture
def fetch(server, tmp_path):
    """Fetch the server's file; other faults than those it was given are the test's."""

    def fetch(*faults, config=QUICK, **more):
        server.faults = list(faults)
        with HttpClient(server.url, config=config) as http:
            return http.fetch(f"{server.url}/file.bin", tmp_path / "file.bin", **more)

    return fetch


def whole(tmp_path):
    """Whether the file is there, as on the server, and nothing else beside it."""
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    return [path.name for path in tmp_path.iterdir()] == ["file.bin"]


def test_a_file_is_downloaded_with_the_user_agent_of_pepseq(fetch, server, tmp_path):
    assert fetch() == hashlib.sha256(CONTENT).hexdigest()
    assert whole(tmp_path)
    assert server.asked[0][1]["User-Agent"] == f"pepseq/{__version__}"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(cut=0),
        Fault(cut=1),
        Fault(cut=len(CONTENT) - 1),
        Fault(cut=1000, stall=1.0),
        Fault(status=429),
        Fault(status=429, headers={"Retry-After": "0"}),
        Fault(status=500),
        Fault(status=503, headers={"Retry-After": formatdate(1.7e9, usegmt=True)}),  # past
        Fault(status=200, headers={"Content-Type": "text/html"}, body=b"<html>busy</html>"),
        Fault(length=len(CONTENT) + 5),
    ],
    ids=str,
)
def test_a_fault_changes_no_byte_of_a_download(fetch, tmp_path, fault):
    assert fetch(fault, fault, starts=(CONTENT[:2],)) == hashlib.sha256(CONTENT).hexdigest()
    assert whole(tmp_path)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(cut=0),
        Fault(status=502),
        Fault(status=200, headers={"Content-Type": "text/html"}, body=b"<html>busy</html>"),
        Fault(status=200, body=b"{}"),
    ],
    ids=str,
)
def test_a_fault_that_stays_ends_the_download(fetch, server, tmp_path, fault):
    with pytest.raises(TryAgainError, match=r"file\.bin: .*gave up after 4 tries"):
        fetch(*[fault] * 9, starts=(CONTENT[:2],))
    assert len(server.asked) == 4 and not (tmp_path / "file.bin").exists()
    fetch()
    assert whole(tmp_path)


def test_tries_are_counted_again_after_received_bytes(fetch, server, tmp_path):
    fetch(*[Fault(cut=9000)] * 30)
    assert whole(tmp_path) and len(server.asked) == 31


def test_the_next_call_resumes_an_interrupted_download(fetch, server, tmp_path):
    with pytest.raises(TryAgainError):
        fetch(Fault(cut=200_000), *[Fault(cut=0)] * 9)
    server.asked.clear()
    fetch()
    assert server.asked[0][1]["Range"] == "bytes=200000-" and whole(tmp_path)
    assert server.asked[0][1]["If-Range"] == server.etag("/file.bin")


def test_a_page_of_text_in_between_keeps_received_bytes(fetch, server, tmp_path):
    html = Fault(status=200, headers={"Content-Type": "text/html"}, body=b"<html>busy</html>")
    fetch(Fault(cut=200_000), html, starts=(CONTENT[:2],))
    assert server.asked[2][1]["Range"] == "bytes=200000-" and whole(tmp_path)


def test_a_killed_download_is_resumed(fetch, server, tmp_path):
    code = (
        "import sys; from pepseq.http.client import HttpClient\n"
        "with HttpClient(sys.argv[1]) as http: http.fetch(sys.argv[1] + '/file.bin', sys.argv[2])"
    )
    server.faults = [Fault(cut=150_000, stall=30)]
    child = subprocess.Popen([sys.executable, "-c", code, server.url, tmp_path / "file.bin"])
    partial = tmp_path / ".file.bin.partial"
    while not (partial.exists() and partial.stat().st_size == 150_000):
        assert child.poll() is None
        time.sleep(0.02)
    child.kill()
    child.wait()
    server.asked.clear()
    fetch()
    assert server.asked[0][1]["Range"] == "bytes=150000-"
    assert (tmp_path / "file.bin").read_bytes() == CONTENT and not partial.exists()


def test_a_complete_file_is_not_requested_again(fetch, server, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("pepseq.http.client.PartialDownload.publish", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            fetch()
    server.asked.clear()
    fetch()
    assert not server.asked and whole(tmp_path)


@pytest.mark.parametrize("trusts", [True, False])
def test_a_file_that_changes_between_two_parts_is_downloaded_again(fetch, server, tmp_path, trusts):
    with pytest.raises(TryAgainError):
        fetch(Fault(cut=200_000), *[Fault(cut=0)] * 9)
    new = server.files["/file.bin"] = CONTENT[::-1]
    etag = server.etag("/file.bin")
    wrong = Fault(
        status=206,
        headers={"ETag": etag, "Content-Range": "bytes 200000-299999/300000"},
        body=new[200_000:],
    )
    fetch(*([] if trusts else [wrong]))
    assert (tmp_path / "file.bin").read_bytes() == new


@pytest.mark.parametrize("lacks", ["etags", "ranges"])
def test_a_server_that_cannot_resume_sends_the_whole_file(fetch, server, tmp_path, lacks):
    setattr(server, lacks, False)
    fetch(Fault(cut=200_000), Fault(cut=100_000))
    assert whole(tmp_path)


def test_the_notes_of_another_address_are_ignored(fetch, server, tmp_path):
    with pytest.raises(TryAgainError):
        fetch(Fault(cut=200_000), *[Fault(cut=0)] * 9)
    server.files["/other"] = b"x" * 300_000
    server.faults, server.asked = [], []
    with HttpClient(server.url, config=QUICK) as http:
        http.fetch(f"{server.url}/other", tmp_path / "file.bin")
    assert "Range" not in server.asked[0][1]
    assert (tmp_path / "file.bin").read_bytes() == b"x" * 300_000


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_rejected_request_is_an_input_error(fetch, server, tmp_path, status):
    with pytest.raises(InputError, match=f"file.bin: expected a file, found HTTP {status}"):
        fetch(Fault(status=status))
    assert len(server.asked) == 1 and not list(tmp_path.iterdir())


def test_retry_after_is_obeyed_up_to_a_limit(fetch, monkeypatch):
    waits = []
    monkeypatch.setattr("pepseq.http.client.time.sleep", waits.append)
    fetch(Fault(status=429, headers={"Retry-After": "7"}))
    assert waits == [7]
    later = formatdate(time.time() + 3600, usegmt=True)
    for asked in ("301", later):
        with pytest.raises(TryAgainError, match="the server asks to try again in 3"):
            fetch(Fault(status=503, headers={"Retry-After": asked}))


def test_waits_grow_with_jitter_up_to_the_longest(fetch, monkeypatch):
    waits = []
    monkeypatch.setattr("pepseq.http.client.time.sleep", waits.append)
    config = HttpConfig(tries=6, first_wait=1, longest_wait=5)
    with pytest.raises(TryAgainError):
        fetch(*[Fault(status=500)] * 9, config=config)
    for least, wait in zip([0.5, 1, 2, 2.5, 2.5], waits, strict=True):
        assert least <= wait <= 2 * least
    assert len(set(waits)) == 5


def test_another_host_gets_no_request(fetch, server, tmp_path):
    with serve() as other:
        other.files["/file.bin"] = CONTENT
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        away = Fault(status=302, headers={"Location": f"{elsewhere}/file.bin"})
        with pytest.raises(InputError, match="localhost.*no request was sent"):
            fetch(away)
        with HttpClient(server.url, config=QUICK) as http:
            with pytest.raises(InputError, match="no request was sent"):
                http.get(f"{elsewhere}/file.bin")
        assert not other.asked
        server.faults = [away]
        with HttpClient(server.url, [elsewhere], QUICK) as http:
            http.fetch(f"{server.url}/file.bin", tmp_path / "file.bin")
    assert other.asked and whole(tmp_path)


@pytest.mark.parametrize("way", ["redirect", "link"])
@pytest.mark.parametrize("form", ["http://127.0.0.1:{other}/", "http://user:pw@127.0.0.1:{own}/"])
def test_another_port_or_a_user_name_gets_no_request(server, tmp_path, way, form):
    with serve() as other:
        other.files["/file.bin"] = CONTENT
        own, others = (plays.url.rpartition(":")[2] for plays in (server, other))
        address = form.format(own=own, other=others) + "file.bin"
        server.faults = [Fault(status=302, headers={"Location": address})]
        with HttpClient(server.url, config=QUICK) as http:
            with pytest.raises(InputError, match="no request was sent") as refused:
                if way == "redirect":
                    http.fetch(f"{server.url}/file.bin", tmp_path / "file.bin")
                else:
                    http.get(address)
        assert "pw" not in str(refused.value)
        assert not other.asked and len(server.asked) == (way == "redirect")


def test_a_password_is_sent_to_its_own_origin_only(server, tmp_path):
    with serve() as other:
        other.files["/file.bin"] = CONTENT
        mirror = server.url.replace("//", "//user:secret@")
        away = {"Location": f"{other.url}/file.bin"}
        server.faults = [Fault(status=302, headers={"Location": "/here"})]
        server.faults.append(Fault(status=302, headers=away))
        with HttpClient(mirror, [other.url], QUICK) as http:
            http.fetch(f"{mirror}/file.bin", tmp_path / "file.bin")
            with pytest.raises(InputError) as refused:
                http.get(f"{mirror}/none")
        assert "secret" not in str(refused.value)
    assert all(headers["Authorization"].startswith("Basic ") for _, headers in server.asked)
    assert not any("Authorization" in headers for _, headers in other.asked)


def test_redirects_on_the_same_host_are_followed_up_to_a_limit(fetch, server, tmp_path):
    server.files["/new.bin"] = CONTENT
    fetch(Fault(status=301, headers={"Location": "/new.bin"}))
    assert whole(tmp_path)
    with pytest.raises(InputError, match="more than 5 redirects"):
        fetch(*[Fault(status=302, headers={"Location": "/file.bin"})] * 9)


def test_a_file_of_another_sha256_or_content_is_removed(fetch, tmp_path):
    with pytest.raises(InputError, match=f"expected SHA-256 {'0' * 64}, found "):
        fetch(expected="0" * 64)
    assert not list(tmp_path.iterdir())

    def check(path):
        raise InputError(f"no model in {path.read_bytes()[:2]!r}")

    (tmp_path / "file.bin").write_bytes(b"old")
    with pytest.raises(InputError, match="no model in"):
        fetch(check=check)
    assert (tmp_path / "file.bin").read_bytes() == b"old"


def test_no_server_is_75_and_no_disk_74(fetch, server, tmp_path):
    with HttpClient("http://127.0.0.1:9", config=QUICK) as http:
        with pytest.raises(TryAgainError, match="ConnectError"):
            http.fetch("http://127.0.0.1:9/x", tmp_path / "x")
    with pytest.raises(SettingsError, match="http or https"):
        HttpClient("ftp://127.0.0.1/x")
    (tmp_path / "file").write_text("")
    with HttpClient(server.url, config=QUICK) as http:
        with pytest.raises(OutputError):
            http.fetch(f"{server.url}/file.bin", tmp_path / "file" / "x")


def test_an_unreachable_server_is_given_up_soon(server, monkeypatch):
    waits = []
    monkeypatch.setattr("pepseq.http.client.time.sleep", waits.append)
    config = HttpConfig(first_tries=2)
    with HttpClient("http://127.0.0.1:9", config=config) as http:
        with pytest.raises(ServerUnreachable, match="after 2 tries: is there a network"):
            http.get("http://127.0.0.1:9/x")
    assert len(waits) == 1
    server.files["/x"] = b"x"
    with HttpClient(server.url, ["http://localhost:9"], config=config) as http:
        http.get(f"{server.url}/x")
        with pytest.raises(TryAgainError, match="after 8 tries") as error:
            http.get("http://localhost:9/x")
    assert not isinstance(error.value, ServerUnreachable) and len(waits) == 1 + 7


def test_an_answer_of_another_media_type_is_requested_again(server):
    server.files["/page"] = b">a\nMK\n"
    server.types["/page"] = "text/plain;format=fasta"
    server.faults = [
        Fault(status=200, headers={"Content-Type": "text/html"}, body=b"<html>"),
        Fault(cut=2),
    ]
    with HttpClient(server.url, config=QUICK) as http:
        assert http.get(f"{server.url}/page", "text/plain").text == ">a\nMK\n"
        with pytest.raises(TryAgainError, match="expected text/html, found 'text/plain"):
            http.get(f"{server.url}/page", "text/html")


def test_a_second_download_of_a_file_is_refused(server, fetch, tmp_path):
    from pepseq.io.atomic_files import locked

    with locked(tmp_path / "file.bin"), pytest.raises(TryAgainError, match="another run"):
        fetch()


def test_offline_is_an_option_or_a_variable(monkeypatch):
    for name in ("PEPSEQ_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    assert is_offline(True) and not is_offline()
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    assert not is_offline()
    monkeypatch.setenv("PEPSEQ_OFFLINE", "1")
    assert is_offline()


def test_waits_are_logged(fetch, caplog):
    with caplog.at_level(logging.INFO, "pepseq.http.client"):
        fetch(Fault(status=500))
    assert "HTTP 500 Internal Server Error; trying again in" in caplog.text


def test_answers_are_limited_in_size_and_time(server):
    bomb = gzip.compress(bytes(1 << 20))
    config = replace(QUICK, largest_answer=1 << 16, longest_answer=0.2)
    server.files["/small"] = b"x" * (1 << 16)
    with HttpClient(server.url, config=config) as http:
        assert len(http.get(f"{server.url}/small").content) == 1 << 16
        for fault in (
            Fault(status=200, body=bytes((1 << 16) + 1)),
            Fault(status=200, headers={"Content-Encoding": "gzip"}, body=bomb),
        ):
            server.faults = [fault]
            with pytest.raises(InputError, match="expected at most 65536 bytes, found more"):
                http.get(f"{server.url}/file.bin")
        assert not server.faults
        started = time.monotonic()
        server.faults = [Fault(drip=0.05) for _ in range(4)]
        with pytest.raises(TryAgainError, match="expected an answer within 0.2 s, found"):
            http.get(f"{server.url}/small")
        assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "address", ["http://[::1", "ftp://127.0.0.1/x", "/file.bin", "http://127.0.0.1:x/"]
)
def test_a_wrong_address_is_an_input_error(server, tmp_path, address):
    with HttpClient(server.url, config=QUICK) as http:
        for ask in (http.get, http.check_address, lambda url: http.fetch(url, tmp_path / "x")):
            with pytest.raises(InputError):
                ask(address)


def test_an_answer_with_unreadable_headers_is_requested_again(server):
    headers = {"Location": "http://[::1"}
    server.faults = [Fault(status=302, headers=headers) for _ in range(4)]
    with HttpClient(server.url, config=QUICK) as http:
        with pytest.raises((TryAgainError, InputError)):
            http.get(f"{server.url}/file.bin")
        server.faults = []
        assert http.get(f"{server.url}/file.bin").content == CONTENT


def test_cookies_are_not_kept(server):
    for cookie in ("\xff=\xfe; path=/", "a=b"):
        server.headers["Set-Cookie"] = cookie
        with HttpClient(server.url, config=QUICK) as http:
            for _ in range(2):
                assert http.get(f"{server.url}/file.bin").content == CONTENT
    assert not any("Cookie" in headers for _, headers in server.asked)
