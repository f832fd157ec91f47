"""DataFrames as files: TSV, or Parquet by the suffix of the name, which needs pyarrow."""

import importlib.util
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.compression import without_suffix
from pepseq.io.files import open_input
from pepseq.io.tables import check_table_name, format_tsv

if TYPE_CHECKING:
    import pandas as pd

_START = b"PAR1"
"""First bytes of a file in Parquet format."""


@contextmanager
def plain_texts() -> Iterator[None]:
    """Let pandas hold the texts of new tables as Python does, also as a decorator of a function.

    Where pyarrow is installed, pandas holds them as UTF-8, and an id may have any bytes.
    """
    import pandas as pd

    with pd.option_context("mode.string_storage", "python"):
        yield


def frame_of_rows(
    rows: Iterable[Mapping[str, object]], columns: Sequence[str], numbers: Sequence[str]
) -> "pd.DataFrame":
    """Return rows as a DataFrame; `numbers` are the columns of numbers, the others hold texts.

    Texts are Python's, of dtype object: those of pyarrow, which pandas takes where it is installed,
    must be UTF-8, and an id may have any bytes. None becomes NaN in a column of numbers.
    """
    import pandas as pd

    with plain_texts():  # names of columns too may have any bytes
        frame = pd.DataFrame(list(rows), columns=list(columns), dtype=object)
        return frame.astype(dict.fromkeys(numbers, "float64"))


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
    check_parquet(path)
    with open_input(path) as stream:
        return read_parquet_from(path, stream)


def holds_parquet(stream: BufferedReader) -> bool:
    """Return whether an open file is a table in Parquet format, by its first bytes."""
    return stream.peek(len(_START))[: len(_START)] == _START


def read_parquet_from(path: str | Path, stream: BufferedReader) -> "pd.DataFrame":
    """Return the table in an open file in Parquet format; errors are those of `read_parquet`."""
    _require_pyarrow(path)
    import pandas as pd
    from pyarrow.lib import ArrowException

    content = stream.read()
    try:
        return pd.read_parquet(BytesIO(content), engine="pyarrow")
    except (ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def read_parquet_columns(path: str | Path) -> tuple[str, ...]:
    """Return the columns of a table in Parquet format; errors are those of `read_parquet`."""
    check_parquet(path)
    from pyarrow.lib import ArrowException
    from pyarrow.parquet import read_schema

    with open_input(path) as stream:
        try:
            return tuple(read_schema(BytesIO(stream.read())).names)
        except (ArrowException, OSError, ValueError) as error:
            raise _unreadable(path, error) from error


def _unreadable(path: str | Path, error: Exception) -> InputError:
    reason = str(error).partition("\n")[0]
    return InputError(f"{path}: cannot be read as Parquet: {reason}")


def format_frame(frame: "pd.DataFrame", path: str | Path) -> bytes:
    r"""Return a table without its index, as Parquet or TSV by the name of the file.

    In TSV, floats have 6 significant digits, and a missing value is an empty cell. Raises
    SettingsError for Parquet without pyarrow, InputError for a text that Parquet cannot hold.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"group": ["G1", "G2"], "molar_fraction": [1 / 3, None]})
    >>> format_frame(frame, "amounts.tsv")
    b'group\tmolar_fraction\nG1\t0.333333\nG2\t\n'
    """
    if not is_parquet(path):
        columns = [[_cell(value) for value in frame[name].tolist()] for name in frame.columns]
        return format_tsv([frame.columns, *zip(*columns, strict=True)])
    check_parquet(path)
    stream = BytesIO()
    try:
        frame.to_parquet(stream, engine="pyarrow", index=False)
    except UnicodeEncodeError as error:
        raise InputError(
            f"{path}: Parquet holds UTF-8 only, and the table has {quoted(str(error.object))}; "
            "give a name that ends in .tsv"
        ) from error
    return stream.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, float):
        return None if math.isnan(value) else f"{value:.6g}"
    return value


def check_parquet(path: str | Path) -> None:
    """Raise SettingsError if the name of a file is that of Parquet, and pyarrow is missing."""
    if is_parquet(path):
        _require_pyarrow(path)


def _require_pyarrow(path: str | Path) -> None:
    if importlib.util.find_spec("pyarrow") is None:
        raise SettingsError(
            f"{path}: tables in Parquet format need pyarrow, which is not installed: "
            "pip install 'pepseq[parquet]'"
        )


def check_frame_name(path: str | Path) -> None:
    """Raise SettingsError unless `format_frame` can write a table of this name: TSV, or Parquet."""
    if is_parquet(path):
        check_parquet(path)
    else:
        check_table_name(path)
