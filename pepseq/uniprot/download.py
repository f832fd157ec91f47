"""Download of the proteins of a taxon from UniProt: UniRef clusters or UniProtKB entries."""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx2

from pepseq.errors import InputError, SettingsError, TryAgainError
from pepseq.http.client import HttpClient, HttpConfig, is_offline, without_password
from pepseq.http.responses import RejectedError
from pepseq.io.atomic_files import disk_errors, locked
from pepseq.io.files import check_outputs
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.progress import Progress
from pepseq.io.run_record import run_record
from pepseq.processes.signals import stopped_by_sigterm
from pepseq.settings import check_config
from pepseq.uniprot.config import DownloadConfig
from pepseq.uniprot.pages import (
    DatabaseChangedError,
    Page,
    Pages,
    PagesState,
    compress_page,
    read_page,
    utc_date,
)
from pepseq.uniprot.query import Taxon, find_taxon, search_query, search_url, uniprot_url

log = logging.getLogger(__name__)
HTTP_CONFIG = HttpConfig()
MIN_SHARED_SHARE = 0.1
"""Least share of records of clusters beyond the taxon of which a warning is given."""


@dataclass(frozen=True)
class DownloadSummary:
    """The result of a search, or an estimate of it.

    query: in UniProt's language; release: of UniProt; date: on which the download began, UTC;
    records: number of them; bytes: size of the file; plain_bytes: decompressed; sha256: of the
    file; above: records of clusters whose lowest common taxon is above the taxon of the search.

    In an estimate, sizes are those of the first page times the number of pages, `sha256` is empty,
    and `above` counts records of the first page.
    """

    query: str
    release: str
    date: str
    records: int
    bytes: int
    plain_bytes: int
    sha256: str
    above: int


def download(output: str | Path, config: DownloadConfig, *, force: bool = False) -> DownloadSummary:
    """Download the records of a search to a FASTA file (compressed by its suffix), page by page.

    A later call resumes an interrupted one after its last complete page; the file is the same byte
    for byte. The number of records is checked against that of the server. The run record
    `<output>.run.json` has release, query, date, number of records and SHA-256.

    Raises SettingsError; InputError (status 4xx, another host, no such taxon, no records, offline);
    OutputError; TryAgainError if the server cannot be reached, fails in all tries or changes its
    release twice, if SIGTERM stops the run, or if another run writes the output.
    """
    started = time.time()
    check_config(config, DownloadConfig)
    if str(output) == STDIO:
        raise SettingsError(
            "output: give a file instead of - (stdout), so that the download can be resumed"
        )
    check_outputs([output], [], force)
    output = Path(output)
    with (
        _connect(config) as (http, url),
        stopped_by_sigterm("page"),
        disk_errors(output),
        locked(output),
    ):
        taxon = find_taxon(http, url, config.taxon) if config.taxon else None
        pages = Pages(output, search_url(url, config, taxon))
        pages.resume()
        state = _download_all(http, pages)
        summary = DownloadSummary(
            query=search_query(config, taxon),
            release=state.release,
            date=state.started,
            records=state.records,
            bytes=state.bytes,
            plain_bytes=state.plain_bytes,
            sha256=state.sha256,
            above=_count_above(pages.taxa, taxon),
        )
        if taxon:
            _warn_of_shared_records(summary, pages.taxa, taxon)
        settings = asdict(config) | {"server": url, "taxon": taxon and asdict(taxon)}
        record = run_record("download", settings, [], started) | {"download": asdict(summary)}
        with Outputs() as outputs:
            outputs.adopt(pages.file, output, "proteins", force)
            outputs.record(output, record)
        pages.forget_notes()
    return summary


def estimate(config: DownloadConfig) -> DownloadSummary:
    """Return number and size of the records of a search, estimated from its first page.

    Raises the errors of `download`.
    """
    with _connect(config) as (http, url):
        taxon = find_taxon(http, url, config.taxon) if config.taxon else None
        page = _next_page(http, Pages(Path("estimate"), search_url(url, config, taxon)))
    total = page.total or 0
    page_count = total / len(page.ids)
    return DownloadSummary(
        query=search_query(config, taxon),
        release=page.release,
        date=utc_date(),
        records=total,
        bytes=round(len(compress_page(page.content, "estimate.gz")) * page_count),
        plain_bytes=round(len(page.content) * page_count),
        sha256="",
        above=_count_above(page.taxa, taxon),
    )


@contextmanager
def _connect(config: DownloadConfig) -> Iterator[tuple[HttpClient, str]]:
    """Yield a client of the server and the server's address."""
    if is_offline():
        raise InputError(
            "download needs a network; unset PEPSEQ_OFFLINE (or HF_HUB_OFFLINE, "
            "TRANSFORMERS_OFFLINE)"
        )
    url = uniprot_url(config.server)
    with HttpClient(url, config=HTTP_CONFIG) as http:
        yield http, without_password(url)


def _download_all(http: HttpClient, pages: Pages) -> PagesState:
    """Download all missing pages; once from the beginning if the database changes meanwhile."""
    has_restarted = False
    while True:
        try:
            return _download_rest(http, pages)
        except DatabaseChangedError as change:
            pages.clear()
            if has_restarted and isinstance(change.__cause__, RejectedError):
                raise change.__cause__ from None
            if has_restarted:
                message = f"UniProt changed twice during the download: {change}; try again later"
                raise TryAgainError(message) from change
            log.warning("UniProt changed during the download (%s); restarting it", change)
            has_restarted = True


def _download_rest(http: HttpClient, pages: Pages) -> PagesState:
    """Download all missing pages; DatabaseChangedError if earlier pages are of another state."""
    if pages.state is not None and pages.state.next is None:
        return pages.state
    page = _next_page(http, pages)
    done = pages.state.records if pages.state else 0
    state = pages.add(page)
    with Progress("downloading", state.total, "records", done) as bar:
        bar.add(len(page.ids))
        while state.next is not None:
            page = _next_page(http, pages)
            state = pages.add(page)
            bar.add(len(page.ids))
    return state


def _next_page(http: HttpClient, pages: Pages) -> Page:
    """Return the next page; requests are repeated until it is complete and continues the others.

    Raises DatabaseChangedError if the server rejects the address of the next page.
    """
    url = pages.next_url or ""
    correct_pages: list[Page] = []

    def check(response: httpx2.Response) -> None:
        page = read_page(response)
        if not pages.state and page.total == 0:
            raise InputError(f"{url}: no records fit the query")
        pages.check(page, http.check_address)
        correct_pages.append(page)

    try:
        http.get(url, "text/plain", check)
    except RejectedError as error:
        if pages.state and error.status == 400:
            raise DatabaseChangedError(str(error)) from error
        raise
    return correct_pages[-1]


def _count_above(taxa: Counter[str], taxon: Taxon | None) -> int:
    """Return the number of records whose lowest common taxon is above `taxon`."""
    return sum(count for number, count in taxa.items() if taxon and int(number) in taxon.above)


def _warn_of_shared_records(summary: DownloadSummary, taxa: Counter[str], taxon: Taxon) -> None:
    """Warn if many records are of clusters that reach beyond the taxon of the search."""
    if summary.above < MIN_SHARED_SHARE * summary.records:
        return
    above = ((count, number) for number, count in taxa.items() if int(number) in taxon.above)
    count, number = max(above)
    log.warning(
        "%d of %d records represent proteins that taxa outside %s %s share (%d of these records "
        "have TaxID %s as their lowest common taxon)",
        summary.above,
        summary.records,
        taxon.rank or "taxon",
        taxon.name,
        count,
        number,
    )
