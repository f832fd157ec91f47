"""Damage of bytes, texts and tables, the same for the same seed."""

import bz2
import gzip
import lzma
import random
import re
import subprocess
from collections.abc import Callable

_NUMBER = re.compile(rb"-?\d+(\.\d+)?")
_ODD = [b"-1", b"0", b"nan", b"inf", b"1e999", b"9" * 400, b"1" * 20, b"", b"x", b"1,5", b"NA"]
_DEEP = 100_000


def _bits(content: bytes, draw: random.Random) -> bytes:
    flipped = bytearray(content)
    for _ in range(draw.choice([1, 1, 4, 30])):
        if flipped:
            flipped[draw.randrange(len(flipped))] ^= 1 << draw.randrange(8)
    return bytes(flipped)


def _cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content) + 1)]


def _zeros(content: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(content) + 1)
    length = min(draw.choice([1, 8, 64, 4096]), len(content) - at)
    return content[:at] + bytes(length) + content[at + length :]


def _swap(content: bytes, draw: random.Random) -> bytes:
    a, b, c = sorted(draw.randrange(len(content) + 1) for _ in range(3))
    return content[:a] + content[b:c] + content[a:b] + content[c:]


def _random(content: bytes, draw: random.Random) -> bytes:
    return draw.randbytes(draw.choice([0, 1, 100, len(content)]))


def _nested(content: bytes, draw: random.Random) -> bytes:
    opening = draw.choice([b"[", b'{"a":', b'{"format": 2, "files": ['])
    return opening * draw.choice([1, 500, _DEEP])


def _numbers(content: bytes, draw: random.Random) -> bytes:
    numbers = list(_NUMBER.finditer(content))
    chosen = draw.sample(numbers, min(len(numbers), draw.choice([1, 1, 5])))
    for one in sorted(chosen, key=lambda match: -match.start()):
        content = content[: one.start()] + draw.choice(_ODD) + content[one.end() :]
    return content


def _inserted(content: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(content) + 1)
    some = [b"\0", b"\xe9\xf6", b"\xef\xbb\xbf", "\u2028".encode(), b"\x1b[2J", b"\r", b'"', b"\t"]
    return content[:at] + draw.choice(some) * draw.choice([1, 1, 50]) + content[at:]


def _utf16(content: bytes, draw: random.Random) -> bytes:
    return content.decode("latin-1").encode(draw.choice(["utf-16", "utf-16-be", "utf-32"]))


def _lines(content: bytes, draw: random.Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    at, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    kind = draw.randrange(5)
    if kind == 0:
        lines[at:at] = [lines[at]] * draw.choice([1, 1, 1000])
    elif kind == 1:
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == 2:
        del lines[at : at + draw.choice([1, 1, 10])]
    elif kind == 3:
        lines[at] = lines[at].rstrip(b"\r\n") * draw.choice([2, 1000]) + b"\n"
    else:
        ending = draw.choice([b"\r\n", b"\r", b"", b"\n\n"])
        lines = [line.rstrip(b"\r\n") + ending for line in lines]
    return b"".join(lines)


def _columns(content: bytes, draw: random.Random) -> bytes:
    separator = b"\t" if b"\t" in content else b" "
    rows = [line.split(separator) for line in content.split(b"\n")]
    width = max(map(len, rows))
    a, b = draw.randrange(width), draw.randrange(width)
    kind = draw.randrange(4)
    chosen = rows if draw.random() < 0.5 else [draw.choice(rows)]
    for row in chosen:
        if kind == 0 and max(a, b) < len(row):
            row[a], row[b] = row[b], row[a]
        elif kind == 1 and a < len(row):
            del row[a]
        elif kind == 2 and a < len(row):
            row[a] = b'"' + row[a] + b'"'
        elif kind == 3 and a < len(row):
            row.insert(a, row[a])
    separator = draw.choice([separator, separator, b",", b";"])
    return b"\n".join(separator.join(row) for row in rows)


Damage = Callable[[bytes, random.Random], bytes]
BINARY: dict[str, Damage] = {
    "bits": _bits,
    "cut": _cut,
    "zeros": _zeros,
    "swap": _swap,
    "random": _random,
    "nested": _nested,
    "numbers": _numbers,
}
TEXT: dict[str, Damage] = BINARY | {
    "inserted": _inserted,
    "UTF-16": _utf16,
    "lines": _lines,
    "columns": _columns,
}


def damaged(
    content: bytes, draw: random.Random, kinds: dict[str, Damage], others: list[bytes]
) -> tuple[str, bytes]:
    """Return the names of one or two kinds of damage, and the content after them.

    `others` are contents of other files, one of which may stand in its place.
    """
    names, found = [], content
    for _ in range(draw.choice([1, 1, 2])):
        name = draw.choice([*kinds, "other file"])
        found = draw.choice(others) if name == "other file" else kinds[name](found, draw)
        names.append(name)
    if found == content:
        return "bits", _bits(content, draw)
    return " and ".join(names), found


def packed(content: bytes, suffix: str) -> bytes:
    """Return content compressed as the suffix of a file name says."""
    if suffix == ".zst":
        done = subprocess.run(["zstd", "-q", "-c"], input=content, capture_output=True, check=True)
        return done.stdout
    ways = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress}
    return ways[suffix](content) if suffix in ways else content
