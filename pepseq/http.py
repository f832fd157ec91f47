"""Downloads that survive what networks do: cuts, stalls, busy servers, files that change meanwhile.

A server is asked again with growing, jittered waits, and its Retry-After is obeyed up to a cap. A
file is fetched into `.<name>.partial` beside its place, resumed there by the next call, and
renamed when it is whole. Proxies and certificates are those of the environment.
"""

import gzip
import logging
import os
import random
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TypeVar

import httpx2

from pepseq.errors import InputError, SettingsError, TryAgainError, found
from pepseq.files import disk_errors, locked, sha256
from pepseq.partial import Part
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
    first_tries: the same for connections, as long as none has ever come about: there may be no
    network.
    first_wait, longest_wait: the wait after the first failure, doubled by each further one.
    longest_retry_after: how long a server may ask to be left alone.
    connect_timeout, read_timeout: silence after which a connection counts as lost.
    """

    tries: int = 8
    first_tries: int = 4
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_retry_after: float = 300.0
    connect_timeout: float = 20.0
    read_timeout: float = 60.0


class Again(Exception):
    """One try that failed; another may succeed, after `after` seconds if the server says so."""

    def __init__(self, reason: str, after: float | None = None):
        super().__init__(reason)
        self.after = after


class Refused(InputError):
    """An address that the server does not answer: `status` is 4xx."""

    def __init__(self, message: str, status: int):
        super().__init__(message)
        self.status = status


class Unreachable(TryAgainError):
    """A server to which no connection came about."""


class Http:
    """Asks one server, and only it. Use as a context manager.

    `server` is an address whose host may be asked, `hosts` are others that it may send us to; a
    redirect or link to any other host, or from https to http, is an InputError.
    """

    def __init__(self, server: str, hosts: Sequence[str] = (), config: HttpConfig | None = None):
        self._config = config or HttpConfig()
        address = parse_address(server)
        self._scheme, self._hosts = address.scheme, {address.host, *hosts}
        self._reached = False
        self._client = httpx2.Client(
            headers={"User-Agent": f"pepseq/{__version__}", "Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(self._config.read_timeout, connect=self._config.connect_timeout),
        )

    def __enter__(self) -> "Http":
        return self

    def __exit__(self, *error) -> None:
        self._client.close()

    def get(
        self,
        url: str,
        media: str | None = None,
        check: Callable[[httpx2.Response], object] | None = None,
    ) -> httpx2.Response:
        """Return the answer to a GET, read to its end and unpacked.

        `media` is the media type it must have, such as `text/plain`; another one counts as a
        failure, and so does Again raised by `check`, which is called with the answer. An answer
        that does not say where it ends, and so may be cut short, counts as one too. Raises
        Refused for a status 4xx, InputError for another host, TryAgainError after all tries.
        """

        def once() -> httpx2.Response:
            with self._open(url, {"Accept-Encoding": "gzip"}) as response:
                kind = response.headers.get("Content-Type", "")
                if media is not None and not kind.startswith(media):
                    raise Again(f"expected {media}, found {found(kind)}")
                answer = _whole(response)
            if check is not None:
                check(answer)
            return answer

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
            part = Part(path, url)
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

    def _go_on(self, part: Part, starts: Sequence[bytes]) -> None:
        """Download what is missing of a file."""
        if not part.is_whole():
            done = part.size() if part.validator else 0
            headers = {"Range": f"bytes={done}-", "If-Range": part.validator} if done else {}
            with self._open(part.url, headers) as response:
                kind = response.headers.get("Content-Type", "")
                if starts and kind.startswith("text/"):
                    raise Again(f"expected a binary file, found {found(kind)}")
                if response.status_code == 200:
                    part.begin(response)
                elif not part.goes_on(response, done):
                    part.clear()
                    raise Again("the file has changed meanwhile")
                _write(response, part)
        with open(part.file, "rb") as stream:
            start = stream.read(16)
        if starts and not start.startswith(tuple(starts)):
            part.clear()
            raise Again(f"expected another kind of file, found one that starts with {start!r}")

    def check_address(self, url: str) -> None:
        """Raise InputError for an address that will not be asked: another host or protocol."""
        self._allowed(parse_address(url))

    @contextmanager
    def _open(self, url: str, headers: dict) -> Iterator[httpx2.Response]:
        """Yield the answer to a GET behind its redirects; Again or InputError for a bad status."""
        target = self._allowed(parse_address(url))
        for _ in range(_REDIRECTS + 1):
            with self._client.stream("GET", target, headers=headers) as response:
                self._reached = True
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
        first_tries = min(config.first_tries, config.tries)
        while True:
            unconnected = False
            try:
                return once()
            except Again as error:
                reason, after = str(error), error.after
            except httpx2.TransportError as error:
                reason, after = f"{type(error).__name__}: {error}".rstrip(": "), None
                unconnected = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
            failures, most = (1 if gained() > most else failures + 1), max(most, gained())
            where = f"{url}: {reason}"
            if unconnected and not self._reached and failures >= first_tries:
                raise Unreachable(
                    f"{where}; gave up after {failures} tries: is there a network? try again later"
                )
            if failures >= config.tries:
                raise TryAgainError(f"{where}; gave up after {failures} tries, try again later")
            if after is not None and after > config.longest_retry_after:
                raise TryAgainError(f"{where}; the server asks to try again in {after:.0f} s")
            grown = min(config.longest_wait, config.first_wait * 2 ** (failures - 1))
            wait = max(grown * random.uniform(0.5, 1), after or 0)
            log.info("%s; trying again in %.1f s", where, wait)
            time.sleep(wait)


def parse_address(url: str) -> httpx2.URL:
    """Return an http or https address; SettingsError for anything else."""
    with suppress(httpx2.InvalidURL):
        parsed = httpx2.URL(url)
        if parsed.scheme in ("http", "https") and parsed.host:
            return parsed
    raise SettingsError(f"{found(url, 200)}: expected an http or https address")


def _check_status(response: httpx2.Response, url: str) -> None:
    code = response.status_code
    if code in _BUSY or code >= 500:
        raise Again(f"HTTP {code} {response.reason_phrase}", _retry_after(response))
    if code not in (200, 206, 416):
        what = f"{url}: expected a file, found HTTP {code} {response.reason_phrase}"
        raise Refused(what, code)


def _retry_after(response: httpx2.Response) -> float | None:
    """Return the seconds that a server asks for, as a number or a date; None if it does not."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def _whole(response: httpx2.Response) -> httpx2.Response:
    """Read an answer to its end and unpack it; Again if it may be cut short, or is damaged."""
    body, headers = b"".join(response.iter_raw()), response.headers.copy()
    packing = headers.pop("Content-Encoding", "identity").lower()
    framed = "Content-Length" in headers or "Transfer-Encoding" in headers
    if packing == "gzip":
        try:
            body = gzip.decompress(body)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Again(f"expected whole gzip data, found: {error}") from error
    elif packing != "identity":
        raise Again(f"expected text or gzip, found {found(packing)}")
    elif not framed:
        raise Again("expected an answer that says how long it is, found one that may be cut short")
    for name in ("Content-Length", "Transfer-Encoding"):
        headers.pop(name, None)
    return httpx2.Response(
        response.status_code, headers=headers, content=body, request=response.request
    )


def _write(response: httpx2.Response, part: Part) -> None:
    """Append an answer's bytes; Again if fewer came than the server said."""
    progress = Progress(f"downloading {part.url}", part.total or 0, "bytes", part.size())
    with open(part.file, "ab") as stream, progress:
        for block in response.iter_raw():
            stream.write(block)
            if part.total:
                progress.add(len(block))
    if part.total is not None and part.size() != part.total:
        raise Again(f"expected {part.total} bytes, found {part.size()}")
