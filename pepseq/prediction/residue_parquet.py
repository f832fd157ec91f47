"""The table of residues in Parquet format, written by Arrow."""

import io
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.dataframes import is_parquet
from pepseq.prediction.reconstruction import Reconstruction
from pepseq.prediction.residue_columns import residue_columns
from pepseq.prediction.residue_table import TABLE_COLUMNS, table_arrays

if TYPE_CHECKING:
    import pyarrow

_GROUP_RESIDUES = 1 << 17
_NUMBERS = ("confidence", "second_confidence", "third_confidence", "template_weight", "agreement")


class _Sink(io.RawIOBase):
    """Passes bytes to a stream until that is closed.

    After an error Arrow still writes a footer, when its writer is deleted.
    """

    def __init__(self, stream: IO[bytes]):
        super().__init__()
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        """Write to the stream, if it is open."""
        if not self._stream.closed:
            self._stream.write(content)
        return len(content)


class ResidueParquet:
    """Writes rows of proteins to an open file; `close` writes the last of them and the footer."""

    def __init__(self, path: str | Path, stream: IO[bytes]):
        import pyarrow
        from pyarrow.parquet import ParquetWriter

        types = dict.fromkeys(TABLE_COLUMNS, pyarrow.string())
        types |= dict.fromkeys(_NUMBERS, pyarrow.float64()) | {"position": pyarrow.int64()}
        self._path, self._schema = path, pyarrow.schema(types)
        self._writer = ParquetWriter(_Sink(stream), self._schema)
        self._parts: list[list[np.ndarray]] = []
        self._residues = 0

    def write(self, reconstruction: Reconstruction) -> None:
        """Write the rows of a protein.

        Raises InputError for an id that Parquet cannot hold.
        """
        for columns in residue_columns(reconstruction):
            self._parts.append(table_arrays(reconstruction.id, columns))
            self._residues += len(columns.position)
        if self._residues >= _GROUP_RESIDUES:
            self._write_group()

    def close(self) -> None:
        """Write what is left. The stream stays open."""
        self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        if self._parts:
            self._writer.write_table(self._table())
        self._parts, self._residues = [], 0

    def _table(self) -> "pyarrow.Table":
        import pyarrow

        columns = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        try:
            arrays = [
                pyarrow.array(column, field.type, from_pandas=True)
                for column, field in zip(columns, self._schema, strict=True)
            ]
        except UnicodeEncodeError as error:
            raise InputError(
                f"{self._path}: Parquet holds UTF-8 only, and the table has "
                f"{quoted(str(error.object))}; give a name that ends in .tsv"
            ) from error
        return pyarrow.Table.from_arrays(arrays, schema=self._schema)


def refuse_parquet(table: str | Path | None) -> None:
    """Raise SettingsError if the table of a shard has the name of a Parquet file.

    `merge` reads text only.
    """
    if table is not None and is_parquet(table):
        raise SettingsError(
            f"--table: tables of shards are text, found {table}; give a name that ends in .tsv"
        )
