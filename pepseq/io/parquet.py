"""Tables in Parquet format, which need the package pyarrow."""

import importlib.util
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from pepseq.errors import InputError, SettingsError
from pepseq.io.compression import without_suffix
from pepseq.io.files import open_input

if TYPE_CHECKING:
    import pandas as pd


def is_parquet(path: str | Path) -> bool:
    """Return whether the name of a file is that of a table in Parquet format.

    >>> is_parquet("amounts.parquet"), is_parquet("amounts.tsv.gz")
    (True, False)
    """
    return without_suffix(path).lower().endswith(".parquet")


def read_parquet(path: str | Path) -> "pd.DataFrame":
    """Return a table in Parquet format.

    Raises SettingsError without pyarrow, InputError for a file that is missing or no Parquet.
    """
    _check_pyarrow(path)
    import pandas as pd
    from pyarrow.lib import ArrowException

    with open_input(path) as stream:
        content = stream.read()
    try:
        return pd.read_parquet(BytesIO(content), engine="pyarrow")
    except (ArrowException, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: cannot be read as Parquet: {reason}") from error


def format_parquet(frame: "pd.DataFrame", path: str | Path) -> bytes:
    """Return a table in Parquet format, without its index; SettingsError without pyarrow.

    `path` is the name of the output, for the message.
    """
    _check_pyarrow(path)
    stream = BytesIO()
    frame.to_parquet(stream, engine="pyarrow", index=False)
    return stream.getvalue()


def _check_pyarrow(path: str | Path) -> None:
    if importlib.util.find_spec("pyarrow") is None:
        raise SettingsError(
            f"{path}: tables in Parquet format need pyarrow, which is not installed: "
            "pip install 'pepseq[parquet]'"
        )
