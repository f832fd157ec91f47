"""The pages of a UniProt search: each checked, and all whole ones kept on disk.

A search gives its number of records (X-Total-Results) with the first page, its release
(X-UniProt-Release) with each, and the address of the next page in the Link header alone. A failure
that comes late stands as text in a page with status 200.
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

from pepseq.errors import InputError, found
from pepseq.http.responses import RetryError
from pepseq.io.atomic_files import append_file, replace_file
from pepseq.io.compression import compressed
from pepseq.io.files import decode_text, open_input
from pepseq.io.json_files import decode_json
from pepseq.io.run_record import to_json
from pepseq.sequences.seen_ids import SeenIds
from pepseq.uniprot.query import PAGE, next_link

log = logging.getLogger(__name__)
_STREAM_ERROR = b"error encountered when streaming data"
_HEADER = re.compile(rb"^>(\S*)(.*)$", re.M)
_EMPTY = re.compile(rb"^>[^\n]*(?:\n\s*(?=>|\Z)|\Z)", re.M)
_TAXON = re.compile(rb"\bTaxID=(\d+)")


class Changed(Exception):
    """The database is no longer the one that the pages so far came from."""


@dataclass(frozen=True)
class Page:
    """One page: its FASTA, the ids in it, its records by TaxID, and the next page's address."""

    content: bytes
    ids: tuple[str, ...]
    taxa: Counter
    total: int | None
    release: str
    next: str | None


def read_page(response: httpx2.Response) -> Page:
    """Read an answer as one page; RetryError if it is none.

    `total` is None where the server does not say it, as it may after the first page.
    """
    body = response.content.replace(b"\r\n", b"\n")
    if _STREAM_ERROR in body.lower():
        raise RetryError("the server says that it failed within the page")
    total, release = (response.headers.get(n, "") for n in ("X-Total-Results", "X-UniProt-Release"))
    if not release or (total and not total.isdecimal()):
        raise RetryError(
            f"expected a release and a number of records, found {found(release + total)}"
        )
    if body.strip() and not body.startswith(b">"):
        raise RetryError(f"expected FASTA, found {found(decode_text(body[:80]).strip())}")
    empty = _EMPTY.search(body)
    if empty:
        raise RetryError(f"expected residues, found none after {found(decode_text(empty[0]))}")
    body = body.strip() + b"\n" if body.strip() else b""
    headers = _HEADER.findall(body)
    taxa = (match[1].decode() for _, rest in headers if (match := _TAXON.search(rest)))
    ids = tuple(decode_text(name) for name, _ in headers)
    known = int(total) if total else None
    return Page(body, ids, Counter(taxa), known, release, next_link(response))


@dataclass(frozen=True)
class Notes:
    """What is known of the pages so far.

    first: address of the search; total: records it has; records, bytes, sha256: of the pages here,
    as they lie in the file; plain_bytes: unpacked; next: address of the next page.
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
    """The whole pages of one search, in a file beside the output that a later call goes on with.

    The file is `.<name>.pages`, compressed page by page by the suffix of the output's name;
    `.<name>.pages.json` says how much of it counts.
    """

    def __init__(self, output: Path, first: str):
        self.file = output.parent / f".{output.name}.pages"
        self._notes = output.parent / f".{output.name}.pages.json"
        self._output, self._first = output, first
        self.clear(keep_files=True)

    def clear(self, keep_files: bool = False) -> None:
        """Forget all pages."""
        self.notes: Notes | None = None
        self.taxa: Counter = Counter()
        self._seen, self._links, self._digest = SeenIds(), {self._first}, hashlib.sha256()
        if not keep_files:
            self._notes.unlink(missing_ok=True)
            self.file.unlink(missing_ok=True)

    @property
    def next(self) -> str | None:
        """The address of the next page to ask for, None if all are here."""
        return self.notes.next if self.notes else self._first

    def resume(self) -> None:
        """Go on with the pages of an earlier call, if they are of this search and undamaged."""
        try:
            notes = Notes(**decode_json(self._notes.read_text()))
        except (OSError, ValueError, TypeError):
            self.clear()
            return
        if notes.first != self._first:
            log.warning("%s: is of another search and is dropped", self.file)
            self.clear()
            return
        try:
            with open(self.file, "rb+") as stream:
                stream.truncate(notes.bytes)
            self._recount(notes)
        except (OSError, InputError, ValueError) as error:
            log.warning("%s: is damaged (%s), downloading anew", self.file, error)
            self.clear()
            return
        self.notes = notes
        log.info("going on after %d of %d records", notes.records, notes.total)

    def _recount(self, notes: Notes) -> None:
        """Read ids, taxa and SHA-256 of the pages here; ValueError if they are not those noted."""
        with open(self.file, "rb") as stream:
            while block := stream.read(1 << 20):
                self._digest.update(block)
        if self._digest.hexdigest() != notes.sha256:
            raise ValueError("another SHA-256")
        with open_input(self.file) as stream:
            for line in stream:
                match = _HEADER.match(line)
                if match:
                    self._seen.add(decode_text(match[1]))
                    self.taxa.update(t.decode() for t in _TAXON.findall(match[2])[:1])

    def check(self, page: Page, allowed: Callable[[str], object]) -> None:
        """Refuse a page that does not go on from those here.

        RetryError if it may be complete at another try; Changed if the release or the number of
        records differs, or an earlier call's link leads back; what `allowed` raises for the
        address of the next page.
        """
        notes = self.notes
        total, done = (notes.total, notes.records) if notes else (page.total, 0)
        if total is None:
            raise RetryError("expected the number of records (X-Total-Results), found none")
        if notes and (page.release != notes.release or page.total not in (None, total)):
            raise Changed(
                f"release {notes.release} with {total} records became {page.release} with "
                f"{'some' if page.total is None else page.total}"
            )
        expected = min(PAGE, total - done)
        if len(page.ids) != expected:
            raise RetryError(f"expected {expected} records on the page, found {len(page.ids)}")
        repeated = next((name for name in page.ids if name in self._seen), None)
        if repeated and self._links == {self._first}:  # the link was an earlier call's
            raise Changed(f"the next page is one that came before, with {found(repeated)}")
        if repeated or len(set(page.ids)) < len(page.ids):
            raise RetryError(f"expected new records, found {found(repeated or 'one')} again")
        if (page.next is not None) != (done + expected < total):
            raise RetryError(
                f"expected {'a' if page.next is None else 'no'} link to a next page after "
                f"{done + expected} of {total} records"
            )
        if page.next in self._links:
            raise RetryError("expected a link to a new page, found one to a page that came before")
        if page.next is not None:
            allowed(page.next)

    def add(self, page: Page) -> None:
        """Keep a page that has been checked."""
        content = pack(page.content, self._output)
        notes = self.notes or Notes(
            self._first, page.total, page.release, _today(), 0, 0, 0, "", None
        )
        with append_file(self.file) as stream:
            stream.write(content)
        self._digest.update(content)
        for name in page.ids:
            self._seen.add(name)
        self._links.add(page.next)
        self.taxa += page.taxa
        self.notes = replace(
            notes,
            records=notes.records + len(page.ids),
            bytes=notes.bytes + len(content),
            plain_bytes=notes.plain_bytes + len(page.content),
            sha256=self._digest.hexdigest(),
            next=page.next,
        )
        replace_file(self._notes, to_json(asdict(self.notes)))

    def forget_notes(self) -> None:
        """Remove the notes, once the file has its name."""
        self._notes.unlink(missing_ok=True)


def pack(content: bytes, name: str | Path) -> bytes:
    """Return a compressed stream of its own by the suffix of `name`, or the content itself."""
    packed = io.BytesIO()
    stream = compressed(packed, name)
    stream.write(content)
    if stream is not packed:
        stream.close()
    return packed.getvalue()


def _today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())
