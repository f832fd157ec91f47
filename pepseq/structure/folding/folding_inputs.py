"""Proteins and complexes to fold: from FASTA, a table of chains, or the A3M of a complex."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pepseq.errors import InputError, quoted
from pepseq.io.compression import without_suffix
from pepseq.io.failures import FailedRecord
from pepseq.io.tables import read_columns, read_table
from pepseq.sequences.fasta import RecordParser, new_parser
from pepseq.sequences.nucleotides import refuse_nucleotides
from pepseq.sequences.raw_records import RawRecord, read_raw_records
from pepseq.sequences.residues import UNKNOWN
from pepseq.sequences.seen_ids import SeenIds
from pepseq.structure.file_names import text_sha256
from pepseq.structure.folding.complex_a3m import read_complex_a3m
from pepseq.structure.folding.complex_alignment import ComplexAlignment, without_rows
from pepseq.structure.folding.config import MAX_CHAINS

COLUMNS = ("complex", "chain", "sequence")
MSA = "msa"
"""Column of a table of chains that names the A3M of a chain."""
CHAIN_SEPARATOR = b":"
_TO_X = str.maketrans(dict.fromkeys(UNKNOWN, "X"))


@dataclass(frozen=True)
class FoldingInput:
    """A protein or a complex to fold; unknown residues are X.

    chains: the sequence of each chain, in the order of the distinct ones. alignment: the rows that
    are given to the engine, None if it finds its own.
    """

    id: str
    description: str
    line: int
    chains: tuple[str, ...]
    alignment: ComplexAlignment | None = None

    @property
    def header(self) -> str:
        """The header without `>`."""
        return f"{self.id} {self.description}" if self.description else self.id

    @property
    def sequence(self) -> str:
        """The chains, joined by `:`."""
        return ":".join(self.chains)

    @property
    def residues(self) -> int:
        """The residues of all chains."""
        return sum(map(len, self.chains))

    @property
    def is_complex(self) -> bool:
        """Whether there are at least two chains."""
        return len(self.chains) > 1

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of everything that is folded: the chains, and the alignment if there is one."""
        text = self.sequence
        return text_sha256(text + "\n" + self.alignment.a3m() if self.alignment else text)

    @cached_property
    def entities(self) -> ComplexAlignment:
        """The distinct chains with their copies, and the alignment if there is one."""
        if self.alignment is not None:
            return self.alignment
        distinct = tuple(dict.fromkeys(self.chains))
        return without_rows(distinct, [self.chains.count(chain) for chain in distinct])


def read_folding_inputs(
    path: str | Path, pair_mode: str, bad: list[FailedRecord]
) -> list[FoldingInput]:
    """Return the proteins and complexes of a file; records that cannot be used are put in `bad`.

    The name of the file says what it is: `.a3m` the alignment of one complex, `.tsv` or `.csv` a
    table of chains (unless it holds FASTA), and any other FASTA, in which `:` joins the chains of a
    complex. Alignments are arranged for `pair_mode`.

    Raises InputError for a file that cannot be read.
    """
    name = without_suffix(path).lower()
    if name.endswith(".a3m"):
        inputs = [_of_a3m(path)]
    elif _is_table(path, name):
        inputs = _of_table(path, bad)
    else:
        return list(_of_fasta(path, bad))
    return [
        replace(one, alignment=one.alignment.arranged(pair_mode)) if one.alignment else one
        for one in inputs
    ]


def _is_table(path: str | Path, name: str) -> bool:
    """Return whether a file has the name of a table and is no FASTA."""
    if not name.endswith((".tsv", ".csv")):
        return False
    header = read_columns(path)
    return not (header and header[0].startswith(">"))


def _of_a3m(path: str | Path) -> FoldingInput:
    alignment = read_complex_a3m(path)
    stem = Path(without_suffix(path)).name[: -len(".a3m")] or "complex"
    return FoldingInput(stem, "", 1, _all_chains(alignment), alignment)


def _all_chains(alignment: ComplexAlignment) -> tuple[str, ...]:
    """Return the chains with their copies, one after another."""
    pairs = zip(alignment.chains, alignment.copies, strict=True)
    return tuple(chain for chain, copies in pairs for _ in range(copies))


def _of_fasta(path: str | Path, bad: list[FailedRecord]) -> Iterator[FoldingInput]:
    parser = new_parser(reads=False, rows=False, groups=None, repeated_ids=True)
    seen = SeenIds()
    records = read_raw_records(path, parser.max_residues, None)
    is_empty = True
    for raw in refuse_nucleotides(records, path, CHAIN_SEPARATOR):
        is_empty = False
        found, fault = _parse(raw, parser)
        if not fault and seen.add(found.id):
            fault = "an earlier record has the same id"
        if fault:
            bad.append(FailedRecord(str(path), raw.line, found.id, fault))
        else:
            yield found
    if is_empty:
        raise InputError(f"{path}:1: expected FASTA, found an empty file")


def _parse(raw: RawRecord, parser: RecordParser) -> tuple[FoldingInput, str]:
    """Return the protein or complex of a record, and what is wrong with it, empty for nothing."""
    parts = (raw.residues or b"").split(CHAIN_SEPARATOR)
    chains, fault = [], ""
    if len(parts) > MAX_CHAINS:
        parts, fault = parts[:1], f"expected at most {MAX_CHAINS} chains, found {len(parts)}"
    for number, part in enumerate(parts, 1):
        record, wrong = parser.parse(raw._replace(residues=None if raw.residues is None else part))
        chains.append(record.sequence.translate(_TO_X))
        if wrong and not fault:
            fault = f"chain {number}: {wrong}" if len(parts) > 1 else wrong
    return FoldingInput(record.id, record.description, raw.line, _grouped(chains)), fault


def _grouped(chains: list[str]) -> tuple[str, ...]:
    """Return chains with the copies of a chain after the first one."""
    return tuple(c for chain in dict.fromkeys(chains) for c in [chain] * chains.count(chain))


def _of_table(path: str | Path, bad: list[FailedRecord]) -> list[FoldingInput]:
    """Return the complexes of a table, one chain in each row."""
    has_msa = MSA in [name.strip() for name in read_columns(path)]
    columns = (*COLUMNS, MSA) if has_msa else COLUMNS
    parser = new_parser(reads=False, rows=False, groups=None, repeated_ids=True)
    rows_of: dict[str, list[tuple[int, list[str]]]] = {}
    for line, cells in read_table(path, columns, may_be_empty=(MSA,)):
        rows_of.setdefault(cells[0], []).append((line, cells))
    if not rows_of:
        raise InputError(f"{path}: the table contains no chains")
    inputs = []
    for name, rows in rows_of.items():
        try:
            inputs.append(_complex_of_rows(Path(path).parent, name, rows, parser))
        except InputError as error:
            bad.append(FailedRecord(str(path), rows[0][0], name, str(error)))
    return inputs


def _complex_of_rows(
    folder: Path, name: str, rows: list[tuple[int, list[str]]], parser: RecordParser
) -> FoldingInput:
    """Return the complex of rows of a table; InputError for chains that cannot be used."""
    if len(rows) > MAX_CHAINS:
        raise InputError(f"expected at most {MAX_CHAINS} chains, found {len(rows)}")
    names: set[str] = set()
    msas: dict[str, Path] = {}
    chains: list[str] = []
    for _, (_, chain, sequence, *msa) in rows:
        record, fault = parser.parse(RawRecord(1, b"chain", sequence.encode("utf-8", "replace")))
        if chain in names:
            fault = "an earlier row has the same chain"
        if fault:
            raise InputError(f"chain {quoted(chain)}: {fault}")
        names.add(chain)
        chains.append(record.sequence.translate(_TO_X))
        if msa and msa[0]:
            msas.setdefault(chains[-1], folder / msa[0])
    grouped = _grouped(chains)
    alignment = _of_chains(grouped, msas) if msas else None
    return FoldingInput(name, "", rows[0][0], grouped, alignment)


def _of_chains(chains: tuple[str, ...], msas: dict[str, Path]) -> ComplexAlignment:
    """Return the alignments of single chains as the unpaired rows of a complex."""
    distinct = tuple(dict.fromkeys(chains))
    unpaired: list[tuple[tuple[str, str], ...]] = []
    for chain in distinct:
        rows: tuple[tuple[str, str], ...] = ()
        if chain in msas:
            own = read_complex_a3m(msas[chain])
            if own.chains != (chain,):
                raise InputError(
                    f"{msas[chain]}: expected an A3M of one chain with the sequence of the table "
                    "in the first row, found another"
                )
            rows = own.unpaired[0]
        unpaired.append(rows)
    copies = tuple(chains.count(chain) for chain in distinct)
    return ComplexAlignment(distinct, copies, (), tuple(unpaired))
