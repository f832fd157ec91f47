"""The pages of a UniProt search: each is checked, and complete ones are kept on disk.

The first page has the number of records (X-Total-Results), each page the release
(X-UniProt-Release), and the address of the next page is in the Link header only. A late failure of
the server is a text within a page of status 200.
"""

import hashlib
import io
import logging
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import httpx2

from pepseq.errors import InputError, quoted
from pepseq.http.partial_download import ResumableFile
from pepseq.http.responses import RetryError
from pepseq.io.atomic_files import append_file
from pepseq.io.compression import compressed
from pepseq.io.files import decode_text, open_input
from pepseq.sequences.seen_ids import SeenIds
from pepseq.uniprot.query import PAGE_SIZE, next_link

log = logging.getLogger(__name__)
_STREAM_ERROR = b"error encountered when streaming data"
_HEADER = re.compile(rb"^>(\S*)(.*)$", re.M)
_EMPTY_RECORD = re.compile(rb"^>[^\n]*(?:\n\s*(?=>|\Z)|\Z)", re.M)
_TAXON = re.compile(rb"\bTaxID=(\d+)")


class DatabaseChangedError(Exception):
    """UniProt is not in the state from which the earlier pages came."""


@dataclass(frozen=True)
class Page:
    """One page of a search.

    content: its FASTA; ids: of its records; taxa: number of records by TaxID; total: records of the
    search, None where the server does not give it; next: address of the next page.
    """

    content: bytes
    ids: tuple[str, ...]
    taxa: Counter[str]
    total: int | None
    release: str
    next: str | None


def read_page(response: httpx2.Response) -> Page:
    """Return the page of an answer; RetryError if the answer is not a page."""
    body = response.content.replace(b"\r\n", b"\n")
    if _STREAM_ERROR in body.lower():
        raise RetryError("the server reports an error within the page")
    total, release = (response.headers.get(n, "") for n in ("X-Total-Results", "X-UniProt-Release"))
    if not release or (total and not total.isdecimal()):
        raise RetryError(
            f"expected a release and a number of records, found {quoted(release + total)}"
        )
    if body.strip() and not body.startswith(b">"):
        raise RetryError(f"expected FASTA, found {quoted(decode_text(body[:80]).strip())}")
    empty = _EMPTY_RECORD.search(body)
    if empty:
        raise RetryError(f"expected residues, found none after {quoted(decode_text(empty[0]))}")
    body = body.strip() + b"\n" if body.strip() else b""
    headers = _HEADER.findall(body)
    taxa = (match[1].decode() for _, rest in headers if (match := _TAXON.search(rest)))
    return Page(
        content=body,
        ids=tuple(decode_text(name) for name, _ in headers),
        taxa=Counter(taxa),
        total=int(total) if total else None,
        release=release,
        next=next_link(response),
    )


@dataclass(frozen=True)
class PagesState:
    """The state of a download, which is kept on disk.

    first: address of the search; total: number of its records; release: of UniProt; started: date;
    records, bytes, sha256: of the pages in the file; plain_bytes: decompressed; next: address of
    the next page, None after the last one.
    """

    first: str
    total: int
    release: str
    started: str
    records: int
    bytes: int
    plain_bytes: int
    sha256: str
    next: str | None


class Pages:
    """The complete pages of a search, in a file beside the output, which a later call resumes.

    The file is `.<name>.pages`, compressed page by page by the suffix of the output's name;
    `.<name>.pages.json` has its `PagesState`.
    """

    def __init__(self, output: Path, first_url: str):
        self._resumable = ResumableFile(output.parent / f".{output.name}.pages")
        self.file = self._resumable.file
        self._output, self._first_url = output, first_url
        self._forget()

    def _forget(self) -> None:
        self.state: PagesState | None = None
        self.taxa: Counter[str] = Counter()
        self._seen_ids, self._digest = SeenIds(), hashlib.sha256()
        self._seen_urls: set[str | None] = {self._first_url}

    def clear(self) -> None:
        """Forget and remove all pages."""
        self._forget()
        self._resumable.clear()

    @property
    def next_url(self) -> str | None:
        """The address of the next page to request, None after the last one."""
        return self.state.next if self.state else self._first_url

    def resume(self) -> None:
        """Load the pages of an earlier call; drop them if they are damaged or of another search."""
        try:
            state = PagesState(**(self._resumable.read_notes() or {}))
        except TypeError:
            self.clear()
            return
        if state.first != self._first_url:
            log.warning("%s: belongs to another search and is removed", self.file)
            self.clear()
            return
        try:
            with open(self.file, "rb+") as stream:
                stream.truncate(state.bytes)
            self._read_records(state)
        except (OSError, InputError, ValueError) as error:
            log.warning("%s: is damaged (%s); restarting the download", self.file, error)
            self.clear()
            return
        self.state = state
        log.info("resuming after %d of %d records", state.records, state.total)

    def _read_records(self, state: PagesState) -> None:
        """Read ids and taxa of the pages on disk; ValueError if their SHA-256 is another."""
        with open(self.file, "rb") as stream:
            while block := stream.read(1 << 20):
                self._digest.update(block)
        if self._digest.hexdigest() != state.sha256:
            raise ValueError("another SHA-256")
        with open_input(self.file) as lines:
            for line in lines:
                match = _HEADER.match(line)
                if match:
                    self._seen_ids.add(decode_text(match[1]))
                    self.taxa.update(t.decode() for t in _TAXON.findall(match[2])[:1])

    def check(self, page: Page, check_address: Callable[[str], object]) -> None:
        """Check that a page continues those on disk.

        Raises RetryError if another try may give a correct page; DatabaseChangedError if release or
        number of records differ, or the link of an earlier call leads back to a known page; and the
        error of `check_address` for the address of the next page.
        """
        total = page.total if self.state is None else self.state.total
        done = 0 if self.state is None else self.state.records
        if total is None:
            raise RetryError("expected the number of records (X-Total-Results), found none")
        if self.state and (
            page.release != self.state.release or page.total not in (None, self.state.total)
        ):
            new_total = "some" if page.total is None else page.total
            raise DatabaseChangedError(
                f"release {self.state.release} with {total} records became {page.release} with "
                f"{new_total}"
            )
        expected = min(PAGE_SIZE, total - done)
        if len(page.ids) != expected:
            raise RetryError(f"expected {expected} records on the page, found {len(page.ids)}")
        self._check_new(page)
        is_last = done + expected >= total
        if (page.next is None) != is_last:
            raise RetryError(
                f"expected {'no' if is_last else 'a'} link to a next page after "
                f"{done + expected} of {total} records"
            )
        if page.next in self._seen_urls:
            raise RetryError("the link to the next page leads to an earlier page")
        if page.next is not None:
            check_address(page.next)

    def _check_new(self, page: Page) -> None:
        """Check that no record of a page occurs twice."""
        repeated = next((name for name in page.ids if name in self._seen_ids), None)
        if repeated and self._seen_urls == {self._first_url}:  # the link is an earlier call's
            raise DatabaseChangedError(f"the next page is an earlier one, with {quoted(repeated)}")
        if repeated or len(set(page.ids)) < len(page.ids):
            raise RetryError(f"expected new records, found {quoted(repeated or 'one')} again")

    def add(self, page: Page) -> PagesState:
        """Append a checked page to the file; return the new state."""
        content = compress_page(page.content, self._output)
        state = self.state or PagesState(
            self._first_url, page.total or 0, page.release, utc_date(), 0, 0, 0, "", None
        )
        with append_file(self.file) as stream:
            stream.write(content)
        self._digest.update(content)
        for name in page.ids:
            self._seen_ids.add(name)
        self._seen_urls.add(page.next)
        self.taxa += page.taxa
        self.state = replace(
            state,
            records=state.records + len(page.ids),
            bytes=state.bytes + len(content),
            plain_bytes=state.plain_bytes + len(page.content),
            sha256=self._digest.hexdigest(),
            next=page.next,
        )
        self._resumable.write_notes(asdict(self.state))
        return self.state

    def forget_notes(self) -> None:
        """Remove the state from disk, after the file has been renamed."""
        self._resumable.notes.unlink(missing_ok=True)


def compress_page(content: bytes, name: str | Path) -> bytes:
    """Return a page compressed by the suffix of `name`; concatenated pages are a valid file."""
    packed = io.BytesIO()
    stream = compressed(packed, name)
    stream.write(content)
    if stream is not packed:
        stream.close()
    return packed.getvalue()


def utc_date() -> str:
    """Return the date of today, UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime())
