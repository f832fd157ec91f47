"""HTTP downloads that survive cuts, stalls, busy servers and files that change during a download.

A failed request is repeated after a growing, jittered wait; a Retry-After is obeyed up to a limit.
A file is downloaded into `.<name>.partial` beside its place, resumed there by the next call, and
renamed when it is complete. Proxies and certificates are those of the environment.
"""

import logging
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import TypeVar

import httpx2

from pepseq.errors import InputError, SettingsError, TryAgainError, quoted
from pepseq.http.partial_download import PartialDownload
from pepseq.http.responses import RetryError, check_status, read_response
from pepseq.io.atomic_files import disk_errors, locked
from pepseq.io.run_record import sha256
from pepseq.version import __version__

log = logging.getLogger(__name__)
Result = TypeVar("Result")
_REDIRECTS = 5
_OFFLINE = ("PEPSEQ_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


def is_offline(option: bool = False) -> bool:
    """Return whether the network must not be used: by an option, or a variable set to 1 or true.

    The variables are PEPSEQ_OFFLINE, HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE.
    """
    on = ("1", "true", "yes", "on")
    return option or any(os.environ.get(name, "").lower() in on for name in _OFFLINE)


@dataclass(frozen=True)
class HttpConfig:
    """Limits of a download; times in seconds.

    tries: failures in a row, without a byte received, after which the download ends.
    first_tries: the same until a first connection has succeeded (is there a network?).
    first_wait, longest_wait: wait after the first failure, doubled by each further one.
    longest_retry_after: longest wait that a server may ask for.
    connect_timeout, read_timeout: silence after which a connection counts as lost.
    longest_answer, largest_answer: seconds, and decompressed bytes, of an answer that `get` reads
    into memory.
    """

    tries: int = 8
    first_tries: int = 4
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_retry_after: float = 300.0
    connect_timeout: float = 20.0
    read_timeout: float = 60.0
    longest_answer: float = 600.0
    largest_answer: int = 1 << 28


class ServerUnreachable(TryAgainError):
    """No connection to the server was possible."""


class HttpClient:
    """Client of one server. Use as a context manager.

    Requests go to the origin (protocol, host and port) of `server`, and to those of `others` by
    redirects and links. A redirect or link to another origin, or one with a
    user name or password, is an InputError; one from http to https, both on their usual ports, is
    followed. User name and password of `server` are sent to its own origin alone.
    """

    def __init__(self, server: str, others: Sequence[str] = (), config: HttpConfig | None = None):
        self._config = config or HttpConfig()
        address = parse_address(server)
        self._own, self._userinfo = _origin(address), address.userinfo
        self._auth = httpx2.BasicAuth(address.username, address.password)
        self._origins = {self._own, *(_origin(parse_address(other)) for other in others)}
        if self._own == ("http", address.host, None):
            self._origins.add(("https", address.host, None))
        self._reached = False
        self._client = httpx2.Client(
            headers={"User-Agent": f"pepseq/{__version__}", "Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(self._config.read_timeout, connect=self._config.connect_timeout),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # none are kept
        )

    def __enter__(self) -> "HttpClient":
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def get(
        self,
        url: str,
        media: str | None = None,
        check: Callable[[httpx2.Response], object] | None = None,
    ) -> httpx2.Response:
        """Return the complete, decompressed answer to a GET request.

        `media` is the media type it must have, such as `text/plain`; another one counts as a
        failure, and so does RetryError raised by `check`, which is called with the answer, and an
        answer without a length, which may be cut short. Raises RejectedError for a status 4xx,
        InputError for another host, TryAgainError after all tries.
        """

        def request() -> httpx2.Response:
            with self._open(url, {"Accept-Encoding": "gzip"}) as response:
                kind = response.headers.get("Content-Type", "")
                if media is not None and not kind.startswith(media):
                    raise RetryError(f"expected {media}, found {quoted(kind)}")
                answer = read_response(
                    response, self._config.largest_answer, self._config.longest_answer
                )
            if check is not None:
                check(answer)
            return answer

        return self._retry(url, request, lambda: 0)

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
            partial = PartialDownload(path, str(self._allowed(url)))
            self._retry(partial.url, lambda: self._download_rest(partial, starts), partial.size)
            digest = sha256(partial.file)
            try:
                if expected is not None and digest != expected:
                    raise InputError(
                        f"{without_password(url)}: expected SHA-256 {expected}, found {digest}"
                    )
                if check is not None:
                    check(partial.file)
            except InputError:
                partial.clear()
                raise
            partial.publish()
        return digest

    def _download_rest(self, partial: PartialDownload, starts: Sequence[bytes]) -> None:
        """Download the missing part of a file."""
        if not partial.is_whole():
            done, headers = 0, {}
            if partial.validator and (done := partial.size()):
                headers = {"Range": f"bytes={done}-", "If-Range": partial.validator}
            with self._open(partial.url, headers) as response:
                kind = response.headers.get("Content-Type", "")
                if starts and kind.startswith("text/"):
                    raise RetryError(f"expected a binary file, found {quoted(kind)}")
                if response.status_code == 200:
                    partial.begin(response)
                elif not partial.is_rest(response, done):
                    partial.clear()
                    raise RetryError("the file changed during the download")
                partial.append(response)
        with open(partial.file, "rb") as stream:
            start = stream.read(16)
        if starts and not start.startswith(tuple(starts)):
            partial.clear()
            raise RetryError(f"expected another kind of file, found one that starts with {start!r}")

    def check_address(self, url: str) -> None:
        """Raise InputError for an address to which no request is sent: another host or protocol."""
        self._allowed(url)

    @contextmanager
    def _open(self, url: str, headers: dict[str, str]) -> Iterator[httpx2.Response]:
        """Yield the answer to a GET after redirects; RetryError or InputError for a bad status."""
        target = self._allowed(url)
        for _ in range(_REDIRECTS + 1):
            with self._answer(target, headers) as response:
                self._reached = True
                if not response.has_redirect_location:
                    check_status(response, without_password(url))
                    yield response
                    return
                location = response.headers["Location"]
            target = self._allowed(location, target)
        raise InputError(
            f"{without_password(url)}: expected a file, found more than {_REDIRECTS} redirects"
        )

    @contextmanager
    def _answer(self, url: httpx2.URL, headers: dict[str, str]) -> Iterator[httpx2.Response]:
        """Yield the answer of one address; RetryError if its headers cannot be read."""
        request = self._client.build_request("GET", url, headers=headers)
        try:
            own = self._userinfo and _origin(url) == self._own
            auth = self._auth if own else None
            response = self._client.send(request, stream=True, auth=auth)
        except (httpx2.InvalidURL, ValueError) as error:
            raise RetryError(f"the headers of the answer cannot be read: {error}") from error
        with closing(response):
            yield response

    def _allowed(self, address: str, base: httpx2.URL | None = None) -> httpx2.URL:
        """Return an address, perhaps relative to `base`; InputError if no request may go there."""
        try:
            url = httpx2.URL(address) if base is None else base.join(address)
        except (httpx2.InvalidURL, ValueError) as error:
            raise InputError(f"{quoted(address, 200)}: expected an address: {error}") from error
        if base is None and url.userinfo == self._userinfo and _origin(url) == self._own:
            url = url.copy_with(userinfo=b"")
        if _origin(url) not in self._origins or url.userinfo:
            allowed = ", ".join(sorted(_address(origin) for origin in self._origins))
            raise InputError(
                f"{without_password(str(url))}: expected an address of {allowed} without user "
                "name, found another host, port or protocol, or a user name; no request was sent"
            )
        return url

    def _retry(
        self, url: str, attempt: Callable[[], Result], received: Callable[[], int]
    ) -> Result:
        """Call `attempt` until it succeeds.

        The count of failures starts again whenever `received()`, in bytes, has grown.
        """
        config, failures, most = self._config, 0, received()
        first = min(config.first_tries, config.tries)
        while True:
            try:
                return attempt()
            except RetryError as error:
                reason, after, unconnected = str(error), error.after, False
            except httpx2.TransportError as error:
                reason, after = f"{type(error).__name__}: {error}".rstrip(": "), None
                unconnected = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
            failures, most = (1 if received() > most else failures + 1), max(most, received())
            where = f"{without_password(url)}: {reason}"
            if unconnected and not self._reached and failures >= first:
                raise ServerUnreachable(
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
    raise SettingsError(f"{quoted(url, 200)}: expected an http or https address")


def without_password(url: str) -> str:
    """Return an address without user name and password, for messages and records."""
    return re.sub(r"(?<=//)[^/?#]*@", "", url)


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    """Return protocol, host and port, which is None for the usual one."""
    return url.scheme, url.host, url.port


def _address(origin: tuple[str, str, int | None]) -> str:
    scheme, host, port = origin
    return f"{scheme}://{host}" + (f":{port}" if port else "")
