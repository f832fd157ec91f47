"""Answers of servers: status, completeness and size."""

import gzip
import io
import time
import zlib
from email.utils import parsedate_to_datetime

import httpx2

from pepseq.errors import InputError, quoted

BUSY = {408, 425, 429}


class RetryError(Exception):
    """A failed request that may succeed later, after `after` seconds if the server says so."""

    def __init__(self, reason: str, after: float | None = None):
        super().__init__(reason)
        self.after = after


class RejectedError(InputError):
    """A request that the server rejects; `status` is 4xx."""

    def __init__(self, message: str, status: int):
        super().__init__(message)
        self.status = status


def check_status(response: httpx2.Response, url: str) -> None:
    """Raise RetryError for a temporary status, RejectedError for other errors."""
    code = response.status_code
    if code in BUSY or code >= 500:
        raise RetryError(f"HTTP {code} {response.reason_phrase}", _retry_after(response))
    if code not in (200, 206, 416):
        what = f"{url}: expected a file, found HTTP {code} {response.reason_phrase}"
        raise RejectedError(what, code)


def _retry_after(response: httpx2.Response) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date; None without one."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def read_response(response: httpx2.Response, largest: int, longest: float) -> httpx2.Response:
    """Read an answer to its end and decompress it.

    Raises RetryError if it may be cut short, is damaged, or takes more than `longest` seconds, and
    InputError if it has more than `largest` bytes, compressed or not.
    """
    body, headers = _read(response, largest, longest), response.headers.copy()
    packing = headers.pop("Content-Encoding", "identity").lower()
    framed = "Content-Length" in headers or "Transfer-Encoding" in headers
    if packing == "gzip":
        try:
            with gzip.open(io.BytesIO(body)) as stream:
                body = stream.read(largest + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise RetryError(f"expected whole gzip data, found: {error}") from error
        _check_size(len(body), largest, response)
    elif packing != "identity":
        raise RetryError(f"expected text or gzip, found {quoted(packing)}")
    elif not framed:
        raise RetryError(
            "expected an answer that says how long it is, found one that may be cut short"
        )
    for name in ("Content-Length", "Transfer-Encoding"):
        headers.pop(name, None)
    return httpx2.Response(
        response.status_code, headers=headers, content=body, request=response.request
    )


def _read(response: httpx2.Response, largest: int, longest: float) -> bytes:
    blocks, size, started = [], 0, time.monotonic()
    for block in response.iter_raw():
        blocks.append(block)
        size += len(block)
        _check_size(size, largest, response)
        if time.monotonic() - started > longest:
            raise RetryError(f"expected an answer within {longest:g} s, found {size} bytes of it")
    return b"".join(blocks)


def _check_size(size: int, largest: int, response: httpx2.Response) -> None:
    if size > largest:
        raise InputError(f"{response.url}: expected at most {largest} bytes, found more")


def not_json_error(response: httpx2.Response) -> RetryError:
    """Return the fault of an answer that is no JSON, or nested too deep."""
    start = response.content[:80].decode("utf-8", "replace")
    return RetryError(f"expected JSON, found {quoted(start)}")
