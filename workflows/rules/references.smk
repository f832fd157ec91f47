"""The files of references, which may be names of the library."""

import os
import re


def files_of(references):
    """Return the file by which a change of each reference is seen: of a name, its record."""
    data = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share") / "pepseq"
    library = Path(os.environ.get("PEPSEQ_HOME") or data).expanduser() / "references"
    return [
        (
            str(library / given / "reference.json")
            if re.fullmatch("[A-Za-z0-9_-]+", given) and not Path(given).is_file()
            else given
        )
        for given in references
        if given != "bundled"
    ]


def more_references(mode):
    """Return the references that predict takes beside training proteins; a network takes none."""
    return [] if mode == "model" else (config.get("predict") or {}).get("reference", [])
