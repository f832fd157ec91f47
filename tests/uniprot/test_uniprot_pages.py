"""Faulty pages are requested again; changes of the database restart the download once."""

import gzip

import pytest
from uniprot_server import Bad, play_uniprot, proteins

from pepseq.errors import InputError, TryAgainError
from pepseq.uniprot.config import DownloadConfig
from pepseq.uniprot.query import Taxon, search_url

ERROR = b"Error encountered when streaming data. Please try again later.\n"


def unpacked(change):
    """Apply a change of (headers, body) to an answer that is not compressed."""

    def changed(headers, body):
        headers = {k: v for k, v in headers.items() if k != "Content-Encoding"}
        return change(headers, gzip.decompress(body))

    return Bad(change=changed)


def without_last_records(number):
    return unpacked(lambda h, body: (h, b">".join(body.split(b">")[: -2 * number])))


def without_header(name):
    return Bad(change=lambda h, body: ({k: v for k, v in h.items() if k != name}, body))


FAULTS = {
    "HTML called text": lambda: Bad(body=b"<html>busy</html>"),
    "error text only": lambda: Bad(body=ERROR),
    "error text at the end": lambda: unpacked(lambda h, body: (h, body + ERROR)),
    "error text instead of the rest": lambda: unpacked(lambda h, body: (h, body[:9999] + ERROR)),
    "empty page": lambda: Bad(body=b""),
    "one record less": lambda: without_last_records(1),
    "half the records": lambda: without_last_records(250),
    "no residues": lambda: unpacked(lambda h, b: (h, b.split(b"\nM")[0] + b"\n")),
    "a record without residues": lambda: unpacked(
        lambda h, b: (h, b">empty\n" + b">" + b.split(b">", 3)[3])
    ),
    "no release": lambda: without_header("X-UniProt-Release"),
    "no number of records": lambda: Bad(headers={"X-Total-Results": "many"}),
    "no link": lambda: without_header("Link"),
}


@pytest.mark.parametrize("page", [0, 1])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_page_is_requested_again(ask, uniprot, tmp_path, whole, fault, page):
    ask(*[Bad()] * page, FAULTS[fault](), FAULTS[fault]())
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole
    assert len(uniprot.asked) == 5


@pytest.mark.parametrize("framing", ["length", "chunked", "none"])
@pytest.mark.parametrize("packed", [True, False])
def test_pages_are_read_however_they_are_sent(ask, uniprot, tmp_path, framing, packed):
    uniprot.framing, uniprot.packed = framing, packed
    if framing == "none" and not packed:
        with pytest.raises(TryAgainError, match="may be cut short"):
            ask()
        return
    ask()
    assert gzip.decompress((tmp_path / "o.fasta.gz").read_bytes()) == uniprot.fasta()


def test_a_rejected_cursor_restarts_the_download_once(ask, uniprot, tmp_path, whole):
    ask(Bad(), Bad(status=400))
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole and len(uniprot.asked) >= 5
    with pytest.raises(InputError, match="found HTTP 400"):
        ask(Bad(), Bad(status=400), Bad(), Bad(status=400), name="2.fasta.gz")


def test_a_rejected_search_is_an_input_error(ask, uniprot, names):
    with pytest.raises(InputError, match="found HTTP 400"):
        ask(*[Bad(status=400)] * 9)
    assert len(uniprot.asked) == 1 and not names()


def test_a_link_to_another_host_is_refused(ask, uniprot, names):
    with play_uniprot(uniprot.records) as other:
        url = other.url.replace("127.0.0.1", "localhost")
        away = {"Link": f'<{url}/uniref/search?cursor=c500&size=500>; rel="next"'}
        with pytest.raises(InputError, match="localhost.*no request was sent"):
            ask(Bad(headers=away))
        assert not other.asked
    assert not [name for name in names() if "lock" in name]


@pytest.mark.parametrize("more", [0, 10])
def test_a_release_change_restarts_the_download(ask, uniprot, tmp_path, caplog, more):
    new_records = proteins(1234 + more, seed=6)

    def change(plays, asked):
        if len(plays.asked) == 3:
            plays.release, plays.records = "2026_02", new_records

    uniprot.before = change
    done = ask()
    assert done.release == "2026_02" and done.records == 1234 + more
    assert gzip.decompress((tmp_path / "o.fasta.gz").read_bytes()) == uniprot.fasta()
    assert "UniProt changed during the download (release 2026_01" in caplog.text
    assert len(uniprot.asked) == 6


def test_a_release_change_between_two_calls_restarts_the_download(ask, uniprot, tmp_path):
    with pytest.raises(TryAgainError):
        ask(Bad(), *[Bad(status=500)] * 3)
    uniprot.release = "2026_02"
    assert ask().release == "2026_02"
    assert gzip.decompress((tmp_path / "o.fasta.gz").read_bytes()) == uniprot.fasta()


def test_a_second_release_change_ends_the_download(ask, uniprot, names):
    uniprot.before = lambda plays, asked: setattr(plays, "release", str(len(plays.asked)))
    with pytest.raises(TryAgainError, match="UniProt changed twice during the download"):
        ask()
    assert names() == []


def test_a_cursor_loop_ends_the_download(ask, uniprot, tmp_path):
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


def test_a_page_with_a_link_back_is_requested_again(ask, uniprot, tmp_path, whole):
    first = search_url(uniprot.url, DownloadConfig(taxon=562), Taxon(562, "", "", ()))
    second = f"{uniprot.url}/uniref/search?format=fasta&cursor=c500&size=500"
    links = [Bad(headers={"Link": f'<{url}>; rel="next"'}) for url in (first, second)]
    ask(Bad(), *links)
    assert (tmp_path / "o.fasta.gz").read_bytes() == whole and len(uniprot.asked) == 5
