"""Input files of AlphaFold 3, Boltz and Chai, with the paired alignment of a complex.

- AlphaFold 3: JSON, https://github.com/google-deepmind/alphafold3/blob/main/docs/input.md. Rows of
  the chains' `unpairedMsa` are paired by their place, as "MSA Pairing" there recommends; run it
  with `--resolve_msa_overlaps=false`, as it says.
- Boltz 2.2: YAML with one CSV for each distinct chain; rows of one `key` are paired
  (`boltz/data/parse/csv.py`, `featurizerv2.py`).
- Chai 0.6: FASTA, and for each distinct chain `SHA256.aligned.pqt`; rows of one `pairing_key` are
  paired (`chai_lab/data/parsing/msas/aligned_pqt.py`).

Without an alignment, AlphaFold 3 searches its own databases, and Boltz and Chai need a server.
"""

import io
import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.sequences.fasta import format_fasta
from pepseq.structure.folding.folding_inputs import FoldingInput
from pepseq.structure.folding.program_names import ALPHAFOLD3, BOLTZ, CHAI

_PAIRED_SOURCE, _UNPAIRED_SOURCE = "uniprot", "bfd_uniclust"
"""Databases by which Chai limits the rows: 50,000 of the first, any number of the second."""

Files = dict[str, bytes]
"""Contents of files by name; the first is the one that the program is given."""


def alphafold3_files(record: FoldingInput, stem: str, folder: Path) -> Files:
    """Return the JSON of AlphaFold 3."""
    del folder
    sequences = []
    for place, (ids, chain) in enumerate(chain_ids(record)):
        protein: dict[str, Any] = {"id": ids, "sequence": chain, "modifications": []}
        if record.alignment is not None:
            protein["unpairedMsa"] = "".join(_positional_rows(record, place))
            protein["pairedMsa"] = ""
        protein["templates"] = []
        sequences.append({"protein": protein})
    job = {
        "name": stem,
        "dialect": "alphafold3",
        "version": 2,
        "modelSeeds": [1],
        "sequences": sequences,
    }
    return {f"{stem}.json": (json.dumps(job, indent=1) + "\n").encode()}


def _positional_rows(record: FoldingInput, place: int) -> Iterator[str]:
    """Yield the A3M of a chain in which the n-th row belongs to the n-th row of the others."""
    alignment = record.entities
    gaps = "-" * len(alignment.chains[place])
    yield f">query\n{alignment.chains[place]}\n"
    for row in alignment.paired:
        yield f">{row.names[place]}\n{row.segments[place]}\n"
    for other, rows in enumerate(alignment.unpaired):
        for name, segment in rows:
            yield f">{name}\n{segment}\n" if other == place else f">gaps\n{gaps}\n"


def boltz_files(record: FoldingInput, stem: str, folder: Path) -> Files:
    """Return the YAML of Boltz and its CSV files, which are named by their paths in `folder`."""
    _refuse_equal_chains(record, BOLTZ)
    lines, tables = ["version: 1", "sequences:"], {}
    for place, (ids, chain) in enumerate(chain_ids(record)):
        lines += ["  - protein:", f"      id: {json.dumps(ids)}", f"      sequence: {chain}"]
        if record.alignment is not None:
            name = f"{stem}.{ids[0]}.csv"
            tables[name] = _boltz_table(record, place)
            lines.append(f"      msa: {json.dumps(str(folder / name))}")
    return {f"{stem}.yaml": ("\n".join(lines) + "\n").encode()} | tables


def _refuse_equal_chains(record: FoldingInput, program: str) -> None:
    """Raise InputError for chains of one sequence with an alignment each."""
    chains = record.entities.chains
    if record.alignment is not None and len(set(chains)) < len(chains):
        raise InputError(
            f"{quoted(record.id)}: {program} takes one alignment for each distinct sequence, but "
            "two chains have the same sequence and an alignment each; use alphafold3, or give the "
            "chains as copies of one"
        )


def _boltz_table(record: FoldingInput, place: int) -> bytes:
    alignment = record.entities
    rows = [f"0,{alignment.chains[place]}"]
    for key, row in enumerate(alignment.paired, 1):
        if row.segments[place].strip("-"):
            rows.append(f"{key},{row.segments[place]}")
    rows += [f"-1,{segment}" for _, segment in alignment.unpaired[place]]
    return ("key,sequence\n" + "\n".join(rows) + "\n").encode()


def chai_files(record: FoldingInput, stem: str, folder: Path) -> Files:
    """Return the FASTA of Chai and its alignments; SettingsError without pyarrow."""
    del folder
    _refuse_equal_chains(record, CHAI)
    records, tables = [], {}
    for place, (ids, chain) in enumerate(chain_ids(record)):
        records += [format_fasta(f"protein|name={name}", chain) for name in ids]
        if record.alignment is not None:
            name = f"{sha256(chain.encode()).hexdigest()}.aligned.pqt"
            tables[name] = _chai_table(record, place)
    return {f"{stem}.fasta": b"".join(records)} | tables


def _chai_table(record: FoldingInput, place: int) -> bytes:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise SettingsError(
            "chai: its alignments are Parquet, which needs pyarrow: pip install 'pepseq[parquet]'"
        ) from error
    alignment = record.entities
    rows = [(alignment.chains[place], "query", "", "query")]
    for key, row in enumerate(alignment.paired, 1):
        if row.segments[place].strip("-"):
            rows.append((row.segments[place], _PAIRED_SOURCE, f"pair{key}", row.names[place]))
    rows += [(segment, _UNPAIRED_SOURCE, "", name) for name, segment in alignment.unpaired[place]]
    names = ["sequence", "source_database", "pairing_key", "comment"]
    columns = [pyarrow.array(list(column), pyarrow.string()) for column in zip(*rows, strict=True)]
    stream = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_arrays(columns, names), stream)
    return stream.getvalue()


WRITERS: dict[str, Callable[[FoldingInput, str, Path], Files]] = {
    ALPHAFOLD3: alphafold3_files,
    BOLTZ: boltz_files,
    CHAI: chai_files,
}
"""Return the files of a program for a complex, a file name without suffix, and their folder."""


def chain_ids(record: FoldingInput) -> Iterator[tuple[list[str], str]]:
    """Yield the ids (A to Z, then AA, BA, ...) and the sequence of each distinct chain."""
    number = 0
    for chain, copies in zip(record.entities.chains, record.entities.copies, strict=True):
        yield [_letters(number + copy) for copy in range(copies)], chain
        number += copies


def _letters(number: int) -> str:
    """Return the id of a chain as AlphaFold 3 counts them.

    >>> _letters(0), _letters(25), _letters(26)
    ('A', 'Z', 'AA')
    """
    text = ""
    while number >= 0:
        text += chr(ord("A") + number % 26)
        number = number // 26 - 1
    return text
