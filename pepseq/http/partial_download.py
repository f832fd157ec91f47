"""A partly downloaded file, and the notes with which a later call resumes it."""

import re
from pathlib import Path
from typing import Any

import httpx2

from pepseq.io.atomic_files import create_file, publish_file, replace_file
from pepseq.io.json_files import decode_json
from pepseq.io.run_record import to_json


class PartialDownload:
    """A partly downloaded file, with address, version and size of the complete file."""

    def __init__(self, path: Path, url: str):
        self.url, self._path = url, path
        self.file = path.parent / f".{path.name}.partial"
        self._notes = path.parent / f".{path.name}.partial.json"
        self.validator: str | None = None
        self.total: int | None = None
        try:
            notes: Any = decode_json(self._notes.read_text())
            if notes["url"] == url and self.file.exists():
                self.validator, self.total = notes["validator"], notes["bytes"]
        except (OSError, ValueError, KeyError, TypeError):
            self.clear()

    def size(self) -> int:
        """Return the number of bytes received."""
        return self.file.stat().st_size if self.file.exists() else 0

    def is_whole(self) -> bool:
        """Return whether all bytes have been received."""
        return self.total is not None and self.validator is not None and self.size() == self.total

    def begin(self, response: httpx2.Response) -> None:
        """Start from the beginning, with an answer that holds the complete file."""
        etag = response.headers.get("ETag", "")
        strong = etag if etag.startswith('"') else None
        self.validator = strong or response.headers.get("Last-Modified")
        length = response.headers.get("Content-Length", "")
        self.total = int(length) if length.isdecimal() else None
        self._notes.unlink(missing_ok=True)
        self.file.unlink(missing_ok=True)
        create_file(self.file).close()
        notes = {"url": self.url, "validator": self.validator, "bytes": self.total}
        replace_file(self._notes, to_json(notes))

    def is_rest(self, response: httpx2.Response, done: int) -> bool:
        """Return whether an answer is the rest of this file, from byte `done` on."""
        place = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        etag = response.headers.get("ETag", self.validator)
        same = etag == self.validator or not str(self.validator).startswith('"')
        return (
            place is not None
            and same
            and int(place[1]) == done
            and self.total in (None, int(place[2]))
        )

    def clear(self) -> None:
        """Remove the file and its notes."""
        self._notes.unlink(missing_ok=True)
        self.file.unlink(missing_ok=True)
        self.validator = self.total = None

    def publish(self) -> None:
        """Give the file its name."""
        publish_file(self.file, self._path)
        self._notes.unlink(missing_ok=True)
