"""Downloads that survive what networks do: cuts, stalls, busy servers, files that change meanwhile.

A server is asked again with growing, jittered waits, and its Retry-After is obeyed up to a cap. A
file is fetched into `.<name>.partial` beside its place, resumed there by the next call, and
renamed when it is whole. Proxies and certificates are those of the environment.
"""

import json
import logging
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TypeVar

import httpx2

from pepseq.errors import InputError, SettingsError, TryAgainError, found
from pepseq.files import disk_errors, locked, sha256, to_json
from pepseq.progress import Progress
from pepseq.version import __version__

log = logging.getLogger(__name__)
Result = TypeVar("Result")
_BUSY, _REDIRECTS = {408, 425, 429}, 5
_OFFLINE = ("PEPSEQ_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


def is_offline(option: bool = False) -> bool:
    """Return whether the network must not be used: by an option, or a variable set to 1 or true.

    The variables are PEPSEQ_OFFLINE, HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE.
    """
    on = ("1", "true", "yes", "on")
    return option or any(os.environ.get(name, "").lower() in on for name in _OFFLINE)


@dataclass(frozen=True)
class HttpConfig:
    """How patient a download is; times in seconds.

    tries: failures in a row, without a byte gained, after which it gives up.
    first_wait, longest_wait: the wait after the first failure, doubled by each further one.
    longest_retry_after: how long a server may ask to be left alone.
    connect_timeout, read_timeout: silence after which a connection counts as lost.
    """

    tries: int = 8
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_retry_after: float = 300.0
    connect_timeout: float = 20.0
    read_timeout: float = 60.0


class _Again(Exception):
    """One try that failed; another may succeed."""

    def __init__(self, reason: str, after: float | None = None):
        super().__init__(reason)
        self.after = after


class Http:
    """Asks one server, and only it. Use as a context manager.

    `server` is an address whose host may be asked, `hosts` are others that it may send us to; a
    redirect or link to any other host, or from https to http, is an InputError.
    """

    def __init__(self, server: str, hosts: Sequence[str] = (), config: HttpConfig | None = None):
        self._config = config or HttpConfig()
        address = _parse(server)
        self._scheme, self._hosts = address.scheme, {address.host, *hosts}
        self._client = httpx2.Client(
            headers={"User-Agent": f"pepseq/{__version__}", "Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(self._config.read_timeout, connect=self._config.connect_timeout),
        )

    def __enter__(self) -> "Http":
        return self

    def __exit__(self, *error) -> None:
        self._client.close()

    def get(self, url: str, media: str | None = None) -> httpx2.Response:
        """Return the answer to a GET, read to its end.

        `media` is the media type it must have, such as `text/plain`; another one counts as a
        failure. Raises InputError for a status 4xx or another host, TryAgainError after all tries.
        """

        def once() -> httpx2.Response:
            with self._open(url, {}) as response:
                kind = response.headers.get("Content-Type", "")
                if media is not None and not kind.startswith(media):
                    raise _Again(f"expected {media}, found {found(kind)}")
                response.read()
                return response

        return self._retry(url, once, lambda: 0)

    def fetch(
        self,
        url: str,
        path: str | Path,
        *,
        expected: str | None = None,
        starts: Sequence[bytes] = (),
        check: Callable[[Path], object] | None = None,
    ) -> str:
        """Download a file to `path`, from where an earlier call was stopped; return its SHA-256.

        `expected` is its SHA-256 in hexadecimal; `starts` are the bytes it may begin with (a page
        of text in its place is a failure that is tried again); `check` is called with the whole
        file before it gets its name and raises InputError if it is wrong. Raises InputError for a
        status 4xx, another host or SHA-256, OutputError when it cannot be written, TryAgainError
        when all tries failed or another run writes `path`.
        """
        path = Path(path)
        with disk_errors(path), locked(path):
            part = _Part(path, url)
            self._retry(url, lambda: self._go_on(part, starts), part.size)
            digest = sha256(part.file)
            try:
                if expected is not None and digest != expected:
                    raise InputError(f"{url}: expected SHA-256 {expected}, found {digest}")
                if check is not None:
                    check(part.file)
            except InputError:
                part.clear()
                raise
            part.publish()
        return digest

    def _go_on(self, part: "_Part", starts: Sequence[bytes]) -> None:
        """Download what is missing of a file."""
        if not part.is_whole():
            done = part.size() if part.validator else 0
            headers = {"Range": f"bytes={done}-", "If-Range": part.validator} if done else {}
            with self._open(part.url, headers) as response:
                kind = response.headers.get("Content-Type", "")
                if starts and kind.startswith("text/"):
                    raise _Again(f"expected a binary file, found {found(kind)}")
                if response.status_code == 200:
                    part.begin(response)
                elif not part.goes_on(response, done):
                    part.clear()
                    raise _Again("the file has changed meanwhile")
                _write(response, part)
        with open(part.file, "rb") as stream:
            start = stream.read(16)
        if starts and not start.startswith(tuple(starts)):
            part.clear()
            raise _Again(f"expected another kind of file, found one that starts with {start!r}")

    @contextmanager
    def _open(self, url: str, headers: dict) -> Iterator[httpx2.Response]:
        """Yield the answer to a GET behind its redirects; _Again or InputError for a bad status."""
        target = self._allowed(_parse(url))
        for _ in range(_REDIRECTS + 1):
            with self._client.stream("GET", target, headers=headers) as response:
                if not response.has_redirect_location:
                    _check_status(response, url)
                    yield response
                    return
                target = self._allowed(target.join(response.headers["Location"]))
        raise InputError(f"{url}: expected a file, found more than {_REDIRECTS} redirects")

    def _allowed(self, url: httpx2.URL) -> httpx2.URL:
        if url.host not in self._hosts or url.scheme not in (self._scheme, "https"):
            raise InputError(
                f"{url}: expected an address of {', '.join(sorted(self._hosts))}, found another "
                "host or protocol; it was not asked"
            )
        return url

    def _retry(self, url: str, once: Callable[[], Result], gained: Callable[[], int]) -> Result:
        """Call `once` until it succeeds; failures count anew whenever `gained()` has grown."""
        config, failures, most = self._config, 0, gained()
        while True:
            try:
                return once()
            except _Again as error:
                reason, after = str(error), error.after
            except httpx2.TransportError as error:
                reason, after = f"{type(error).__name__}: {error}".rstrip(": "), None
            failures, most = (1 if gained() > most else failures + 1), max(most, gained())
            where = f"{url}: {reason}"
            if failures >= config.tries:
                raise TryAgainError(f"{where}; gave up after {failures} tries, try again later")
            if after is not None and after > config.longest_retry_after:
                raise TryAgainError(f"{where}; the server asks to try again in {after:.0f} s")
            grown = min(config.longest_wait, config.first_wait * 2 ** (failures - 1))
            wait = max(grown * random.uniform(0.5, 1), after or 0)
            log.info("%s; trying again in %.1f s", where, wait)
            time.sleep(wait)


class _Part:
    """A file that is being downloaded, with what is known of the whole: address, version, size."""

    def __init__(self, path: Path, url: str):
        self.url, self._path = url, path
        self.file = path.parent / f".{path.name}.partial"
        self._notes = path.parent / f".{path.name}.partial.json"
        self.validator: str | None = None
        self.total: int | None = None
        try:
            notes = json.loads(self._notes.read_text())
            if notes["url"] == url and self.file.exists():
                self.validator, self.total = notes["validator"], notes["bytes"]
        except (OSError, ValueError, KeyError, TypeError):
            self.clear()

    def size(self) -> int:
        """Return how many bytes are here."""
        return self.file.stat().st_size if self.file.exists() else 0

    def is_whole(self) -> bool:
        """Return whether all bytes are here."""
        return self.total is not None and self.validator is not None and self.size() == self.total

    def begin(self, response: httpx2.Response) -> None:
        """Start anew with an answer that holds the whole file."""
        etag = response.headers.get("ETag", "")
        strong = etag if etag.startswith('"') else None
        self.validator = strong or response.headers.get("Last-Modified")
        length = response.headers.get("Content-Length", "")
        self.total = int(length) if length.isdecimal() else None
        self._notes.unlink(missing_ok=True)
        self.file.write_bytes(b"")
        notes = {"url": self.url, "validator": self.validator, "bytes": self.total}
        self._notes.write_bytes(to_json(notes))

    def goes_on(self, response: httpx2.Response, done: int) -> bool:
        """Return whether an answer is the rest of this very file."""
        place = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        etag = response.headers.get("ETag", self.validator)
        same = etag == self.validator or not str(self.validator).startswith('"')
        return (
            bool(place) and same and int(place[1]) == done and self.total in (None, int(place[2]))
        )

    def clear(self) -> None:
        """Forget what is here."""
        self._notes.unlink(missing_ok=True)
        self.file.unlink(missing_ok=True)
        self.validator = self.total = None

    def publish(self) -> None:
        """Give the file its name."""
        with open(self.file, "rb+") as stream:
            os.fsync(stream.fileno())
        self.file.replace(self._path)
        self._notes.unlink(missing_ok=True)


def _parse(url: str) -> httpx2.URL:
    with suppress(httpx2.InvalidURL):
        parsed = httpx2.URL(url)
        if parsed.scheme in ("http", "https") and parsed.host:
            return parsed
    raise SettingsError(f"{found(url, 200)}: expected an http or https address")


def _check_status(response: httpx2.Response, url: str) -> None:
    code = response.status_code
    if code in _BUSY or code >= 500:
        raise _Again(f"HTTP {code} {response.reason_phrase}", _retry_after(response))
    if code not in (200, 206, 416):
        raise InputError(f"{url}: expected a file, found HTTP {code} {response.reason_phrase}")


def _retry_after(response: httpx2.Response) -> float | None:
    """Return the seconds that a server asks for, as a number or a date; None if it does not."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def _write(response: httpx2.Response, part: _Part) -> None:
    """Append an answer's bytes; _Again if fewer came than the server said."""
    progress = Progress(f"downloading {part.url}", part.total or 0, "bytes", part.size())
    with open(part.file, "ab") as stream, progress:
        for block in response.iter_raw():
            stream.write(block)
            if part.total:
                progress.add(len(block))
    if part.total is not None and part.size() != part.total:
        raise _Again(f"expected {part.total} bytes, found {part.size()}")
