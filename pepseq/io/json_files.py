"""JSON that may be damaged, or of someone else: read with limits on its size and its depth."""

import json
from pathlib import Path
from typing import BinaryIO

from pepseq.errors import InputError, found
from pepseq.io.files import open_input

MOST_BYTES = 256 << 20
DEEPEST = 100
"""Lists and objects inside each other at most: what pepseq writes has fewer than ten."""


def read_json(path: str | Path) -> object:
    """Return what a JSON file holds, decompressed; never a part of it.

    Raises InputError for a missing or unreadable file, for what is no JSON, and for more than
    MOST_BYTES or DEEPEST.
    """
    with open_input(path) as stream:
        return parse_json(stream, path)


def parse_json(stream: BinaryIO, path: str | Path) -> object:
    """Return what a stream of JSON holds, as `read_json` does; `path` is for messages."""
    content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise InputError(f"{path}: expected JSON of up to {MOST_BYTES} bytes, found more")
    try:
        return decode_json(content)
    except TooDeep as error:
        raise InputError(f"{path}: {error}") from error
    except ValueError as error:
        raise InputError(f"{path}: expected JSON, found: {found(str(error), 80)}") from error


class TooDeep(ValueError):
    """JSON that is nested more than DEEPEST deep."""


def decode_json(content: bytes | str) -> object:
    """Return what JSON holds; ValueError for what is none, TooDeep for more than DEEPEST."""
    try:
        value = json.loads(content)
    except RecursionError as error:
        raise _too_deep() from error
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return value
    raise _too_deep()


def found_json(value: object, limit: int = 40) -> str:
    """Quote a value of JSON for a message: texts as `found` does, others as they stand in Python.

    >>> found_json("a"), found_json(["a", None])
    ("'a'", "['a', None]")
    """
    if isinstance(value, str):
        return found(value, limit)
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + "..."


def _inside(value: object) -> list:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _too_deep() -> TooDeep:
    return TooDeep(f"expected JSON nested up to {DEEPEST} deep, found deeper")
