"""The user's data folder, and the library of references in it."""

import os
import tempfile
from pathlib import Path


def pepseq_home() -> Path:
    """Return PEPSEQ_HOME, or pepseq's folder in the user's data folder; it need not exist."""
    data = os.path.join(os.environ.get("XDG_DATA_HOME") or "~/.local/share", "pepseq")
    home = os.path.expanduser(os.environ.get("PEPSEQ_HOME") or data)
    if home.startswith("~"):  # a user without a home folder
        home = os.path.join(tempfile.gettempdir(), f"pepseq-{os.getuid()}")
    return Path(os.path.abspath(home))


def library_folder() -> Path:
    """Return the folder of the library of references; it need not exist."""
    return pepseq_home() / "references"


def is_in_library(path: str | Path) -> bool:
    """Return whether a path lies in the library of references."""
    return library_folder() in Path(os.path.abspath(path)).parents
