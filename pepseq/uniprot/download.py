"""Proteins of a taxon from UniProt: UniRef clusters, or UniProtKB entries, as FASTA."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pepseq.errors import InputError, SettingsError, TryAgainError
from pepseq.http.client import HttpClient, HttpConfig, is_offline, shown
from pepseq.http.responses import RejectedError
from pepseq.io.atomic_files import disk_errors, locked
from pepseq.io.files import check_outputs
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.progress import Progress
from pepseq.io.run_record import run_record
from pepseq.processes.signals import stopped_by_sigterm
from pepseq.uniprot.config import DownloadConfig
from pepseq.uniprot.pages import Changed, Page, Pages, pack, read_page
from pepseq.uniprot.query import (
    Taxon,
    find_taxon,
    search_query,
    search_url,
    server_url,
)

log = logging.getLogger(__name__)
PATIENCE = HttpConfig()
MANY = 0.1
"""From this share on, records of clusters that reach beyond the taxon are warned of."""


@dataclass(frozen=True)
class Downloaded:
    """What a search gave, or would give.

    query: in UniProt's language; release: of UniProt; date: on which it began, UTC; records;
    bytes: size of the file; plain_bytes: unpacked; sha256: of the file; above: records whose lowest
    common taxon lies above the one asked for. Of an estimate, sizes are those of the first page
    times the number of pages, `sha256` is empty and `above` is of that page alone.
    """

    query: str
    release: str
    date: str
    records: int
    bytes: int
    plain_bytes: int
    sha256: str
    above: int


def download(output: str | Path, config: DownloadConfig, *, force: bool = False) -> Downloaded:
    """Download the records of a search to a FASTA file (compressed by its suffix), page by page.

    A call that was stopped, in whatever way, goes on after its last whole page; the file is the
    same byte for byte. Its number of records is the one that the server gave. `<output>.run.json`
    holds release, query, date, number of records and SHA-256.

    Raises SettingsError, InputError (status 4xx, another host, no such taxon, no records, offline),
    OutputError, and TryAgainError when the server cannot be reached, breaks off for good or changes
    its release twice, when SIGTERM stops the run, or another run writes the output.
    """
    started = time.time()
    if str(output) == STDIO:
        raise SettingsError("output: expected a file, which can be gone on with; found - (stdout)")
    check_outputs([output], [], force)
    output = Path(output)
    with (
        _server(config) as (http, url),
        stopped_by_sigterm("page"),
        disk_errors(output),
        locked(output),
    ):
        taxon = find_taxon(http, url, config.taxon) if config.taxon else None
        pages = Pages(output, search_url(url, config, taxon))
        pages.resume()
        _collect(http, pages)
        done = _describe(pages, search_query(config, taxon), taxon)
        if taxon:
            _warn_above(done, pages, taxon)
        settings = asdict(config) | {"server": url, "taxon": taxon and asdict(taxon)}
        record = run_record("download", settings, [], started) | {"download": asdict(done)}
        with Outputs() as outputs:
            outputs.adopt(pages.file, output, "proteins", force)
            outputs.record(output, record)
        pages.forget_notes()
    return done


def estimate(config: DownloadConfig) -> Downloaded:
    """Ask for the first page of a search alone, and tell how much there would be.

    Raises what `download` does.
    """
    with _server(config) as (http, url):
        taxon = find_taxon(http, url, config.taxon) if config.taxon else None
        pages = Pages(Path("estimate"), search_url(url, config, taxon))
        page = _next_page(http, pages)
    pages_there = page.total / len(page.ids)
    return Downloaded(
        search_query(config, taxon),
        page.release,
        time.strftime("%Y-%m-%d", time.gmtime()),
        page.total,
        round(len(pack(page.content, "estimate.gz")) * pages_there),
        round(len(page.content) * pages_there),
        "",
        _above(page.taxa, taxon),
    )


@contextmanager
def _server(config: DownloadConfig) -> Iterator[tuple[HttpClient, str]]:
    if is_offline():
        raise InputError("download: expected a network, found offline set (PEPSEQ_OFFLINE)")
    url = server_url(config.server)
    with HttpClient(url, config=PATIENCE) as http:
        yield http, shown(url)


def _collect(http: HttpClient, pages: Pages) -> None:
    """Download all pages that are missing; from the start, once, if the database has changed."""
    restarted = False
    while pages.next is not None:
        try:
            _go_on(http, pages)
        except Changed as change:
            if restarted:
                pages.clear()
                if isinstance(change.__cause__, RejectedError):
                    raise change.__cause__ from None
                raise TryAgainError(f"UniProt changes while it is read: {change}") from change
            log.warning("UniProt has changed meanwhile (%s); downloading anew", change)
            pages.clear()
            restarted = True


def _go_on(http: HttpClient, pages: Pages) -> None:
    """Download pages to the last one; Changed if those here are of another state of UniProt."""
    page = _next_page(http, pages)
    total, done = (pages.notes.total, pages.notes.records) if pages.notes else (page.total, 0)
    with Progress("downloading", total, "records", done) as bar:
        while True:
            pages.add(page)
            bar.add(len(page.ids))
            if pages.next is None:
                return
            page = _next_page(http, pages)


def _next_page(http: HttpClient, pages: Pages) -> Page:
    """Ask for a page until it is whole and goes on from those here.

    Changed if the server no longer takes the place where they end.
    """
    read: list[Page] = []

    def check(response) -> None:
        page = read_page(response)
        if not pages.notes and page.total == 0:
            raise InputError(f"{pages.next}: expected records, found none: nothing fits the query")
        pages.check(page, http.check_address)
        read.append(page)

    try:
        http.get(pages.next, "text/plain", check)
    except RejectedError as error:
        if pages.notes and error.status == 400:
            raise Changed(str(error)) from error
        raise
    return read[-1]


def _describe(pages: Pages, query: str, taxon: Taxon | None) -> Downloaded:
    notes = pages.notes
    return Downloaded(
        query,
        notes.release,
        notes.started,
        notes.records,
        notes.bytes,
        notes.plain_bytes,
        notes.sha256,
        _above(pages.taxa, taxon),
    )


def _above(taxa: dict[str, int], taxon: Taxon | None) -> int:
    return sum(count for name, count in taxa.items() if taxon and int(name) in taxon.above)


def _warn_above(done: Downloaded, pages: Pages, taxon: Taxon) -> None:
    """Warn if the lowest common taxon of many records lies above the one asked for."""
    if done.above < MANY * done.records:
        return
    name, count = max(
        ((name, count) for name, count in pages.taxa.items() if int(name) in taxon.above),
        key=lambda pair: (pair[1], pair[0]),
    )
    log.warning(
        "%d of %d records stand for proteins that taxa beyond %s %s share (%d of them have TaxID "
        "%s as their lowest common taxon)",
        done.above,
        done.records,
        taxon.rank or "taxon",
        taxon.name,
        count,
        name,
    )
