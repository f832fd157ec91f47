"""JSON files, which may be damaged or malicious: read with limits on size and depth.

Python raises RecursionError wherever a too deep value is used; a limit on depth prevents that.
"""

import json
from pathlib import Path
from typing import Any, BinaryIO

from pepseq.errors import InputError, quoted
from pepseq.io.files import open_input
from pepseq.io.outputs import STDIO

MAX_BYTES = 256 << 20
MAX_DEPTH = 100
"""Most levels of nested lists and objects; files of pepseq have fewer than ten."""


def read_json(path: str | Path) -> Any:
    """Return the content of a JSON file, decompressed.

    Raises InputError for a missing or unreadable file, for another format than JSON, and for more
    than MAX_BYTES or MAX_DEPTH.
    """
    with open_input(path) as stream:
        return parse_json(stream, path)


def read_run_record(path: str | Path) -> dict[str, Any]:
    """Return the run record beside a file; an empty one if there is none that can be read."""
    beside = Path(f"{path}.run.json")
    try:
        record = read_json(beside) if str(path) != STDIO and beside.is_file() else {}
    except InputError:
        return {}
    return record if isinstance(record, dict) else {}


def parse_json(stream: BinaryIO, path: str | Path) -> Any:
    """Return the content of a stream of JSON, see `read_json`; `path` is for messages."""
    content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise InputError(f"{path}: expected JSON of up to {MAX_BYTES} bytes, found more")
    try:
        return decode_json(content)
    except JsonTooDeepError as error:
        raise InputError(f"{path}: {error}") from error
    except ValueError as error:
        raise InputError(f"{path}: expected JSON, found: {quoted(str(error), 80)}") from error


class JsonTooDeepError(ValueError):
    """JSON with more than MAX_DEPTH nested levels."""


def decode_json(content: bytes | str) -> Any:
    """Return the value of a JSON text; ValueError if it is not JSON, JsonTooDeepError."""
    try:
        value = json.loads(content)
    except RecursionError as error:
        raise _too_deep() from error
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return value
    raise _too_deep()


def found_json(value: object, limit: int = 40) -> str:
    """Quote a value of JSON for a message: a text as `quoted` does, other values as in Python.

    >>> found_json("a"), found_json(["a", None])
    ("'a'", "['a', None]")
    """
    if isinstance(value, str):
        return quoted(value, limit)
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + "..."


def _inside(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _too_deep() -> JsonTooDeepError:
    return JsonTooDeepError(f"expected JSON nested up to {MAX_DEPTH} deep, found deeper")
