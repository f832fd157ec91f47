"""Partly downloaded files, with notes from which a later call resumes them."""

import re
from pathlib import Path
from typing import Any

import httpx2

from pepseq.http.responses import RetryError
from pepseq.io.atomic_files import append_file, create_file, publish_file, replace_file
from pepseq.io.json_files import decode_json
from pepseq.io.progress import Progress
from pepseq.io.run_record import to_json


class ResumableFile:
    """A partly written file, and notes (JSON) beside it from which a later call resumes it."""

    def __init__(self, file: Path):
        self.file = file
        self.notes = file.with_name(f"{file.name}.json")

    def read_notes(self) -> dict[str, Any] | None:
        """Return the notes of an earlier call; None if they are missing or damaged."""
        try:
            notes = decode_json(self.notes.read_text())
        except (OSError, ValueError):
            return None
        return notes if isinstance(notes, dict) else None

    def write_notes(self, notes: dict[str, Any]) -> None:
        """Replace the notes; OSError."""
        replace_file(self.notes, to_json(notes))

    def clear(self) -> None:
        """Remove the file and its notes."""
        self.notes.unlink(missing_ok=True)
        self.file.unlink(missing_ok=True)


class PartialDownload(ResumableFile):
    """A partly downloaded file, with address, version and size of the complete file."""

    def __init__(self, path: Path, url: str):
        super().__init__(path.parent / f".{path.name}.partial")
        self.url, self._path = url, path
        self.validator: str | None = None
        self.total: int | None = None
        try:
            notes = self.read_notes() or {}
            if notes["url"] == url and self.file.exists():
                self.validator, self.total = notes["validator"], notes["bytes"]
        except KeyError:
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
        super().clear()
        create_file(self.file).close()
        self.write_notes({"url": self.url, "validator": self.validator, "bytes": self.total})

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
        """Remove the file and its notes, and forget both."""
        super().clear()
        self.validator = self.total = None

    def publish(self) -> None:
        """Write the file to disk and give it its final name."""
        publish_file(self.file, self._path)
        self.notes.unlink(missing_ok=True)

    def append(self, response: httpx2.Response) -> None:
        """Append an answer's bytes; RetryError if some are missing."""
        progress = Progress(f"downloading {self.url}", self.total or 0, "bytes", self.size())
        with append_file(self.file) as stream, progress:
            for block in response.iter_raw():
                stream.write(block)
                progress.add(len(block))
        if self.total is not None and self.size() != self.total:
            raise RetryError(f"expected {self.total} bytes, found {self.size()}")
