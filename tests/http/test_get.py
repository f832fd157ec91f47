"""Answers that are read into memory: complete, decompressed, requested again after any fault."""

import gzip

import pytest
from servers import Fault, serve

from pepseq.errors import InputError, TryAgainError
from pepseq.http.client import HttpClient, HttpConfig

QUICK = HttpConfig(tries=3, first_wait=0.001, longest_wait=0.002, read_timeout=0.5)
TEXT = b">a\nMAGICK\n" * 1000
PACKED = gzip.compress(TEXT, mtime=0)
GZIP = {"Content-Encoding": "gzip", "Content-Type": "text/plain"}
FAULTS = {
    "429": Fault(status=429, headers={"Retry-After": "0"}),
    "500": Fault(status=500),
    "503": Fault(status=503),
    "HTML": Fault(status=200, headers={"Content-Type": "text/html"}, body=b"<html>busy</html>"),
    "JSON": Fault(status=200, headers={"Content-Type": "application/json"}, body=b"{}"),
    "cut": Fault(cut=5000),
    "silence": Fault(cut=5000, stall=1.0),
    "gzip cut short": Fault(status=200, headers=GZIP, body=PACKED[:-1]),
    "gzip of another CRC": Fault(
        status=200, headers=GZIP, body=PACKED[:-8] + b"\0" * 4 + PACKED[-4:]
    ),
    "junk after gzip": Fault(status=200, headers=GZIP, body=PACKED + b"junk"),
    "not gzip": Fault(status=200, headers=GZIP, body=b"junk"),
    "another packing": Fault(status=200, headers=GZIP | {"Content-Encoding": "br"}, body=b"x"),
}


@pytest.fixture
def get(monkeypatch):
    """Request the server's text; the server answers the next requests with these faults."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serve() as server, HttpClient(server.url, config=QUICK) as http:
        server.files["/text"], server.types["/text"] = TEXT, "text/plain"

        def get(*faults):
            server.faults, server.asked = list(faults), []
            return http.get(f"{server.url}/text", "text/plain").content, len(server.asked)

        get.server = server
        yield get


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_answer_is_requested_again(get, fault):
    assert get(FAULTS[fault], FAULTS[fault]) == (TEXT, 3)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays_ends_the_request(get, fault):
    with pytest.raises(TryAgainError, match="gave up after 3 tries"):
        get(*[FAULTS[fault]] * 3)
    assert len(get.server.asked) == 3


@pytest.mark.parametrize("body", [PACKED, gzip.compress(TEXT[:5000]) + gzip.compress(TEXT[5000:])])
def test_gzip_of_one_or_several_members_is_decompressed(get, body):
    assert get(Fault(status=200, headers=GZIP, body=body)) == (TEXT, 1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_rejected_request_is_an_input_error(get, status):
    with pytest.raises(InputError, match=f"found HTTP {status}"):
        get(Fault(status=status))
    assert len(get.server.asked) == 1


def test_a_long_retry_after_ends_the_request(get):
    with pytest.raises(TryAgainError, match="asks to try again in 999 s"):
        get(Fault(status=503, headers={"Retry-After": "999"}))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
def test_an_unreachable_server_ends_the_request(url):
    with HttpClient(url, config=QUICK) as http, pytest.raises(TryAgainError, match="ConnectError"):
        http.get(f"{url}/text")
