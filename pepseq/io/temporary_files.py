"""Temporary copies of inputs that can be read only once, in the folder TMPDIR."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pepseq.errors import OutputError
from pepseq.io.files import open_input


@contextmanager
def temporary_copy(path: str | Path) -> Iterator[str]:
    """Yield the path of a decompressed copy of an input, which is removed after the block.

    Raises InputError if the input cannot be read, OutputError if the copy cannot be written.
    """
    with ExitStack() as stack:
        try:
            copy = stack.enter_context(tempfile.NamedTemporaryFile(prefix="pepseq-"))
            with open_input(path) as stream:
                shutil.copyfileobj(stream, copy)
            copy.flush()
        except OSError as error:
            where = tempfile.tempdir or os.environ.get("TMPDIR", "the system's folder")
            raise OutputError(
                f"{where}: temporary files cannot be written: {error.strerror or error}; set "
                "TMPDIR to a folder with free space: export TMPDIR=FOLDER"
            ) from error
        yield copy.name
