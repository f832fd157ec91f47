"""The known proteins that reads in memory fit."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from pepseq.errors import SettingsError
from pepseq.identification.config import LookupConfig
from pepseq.identification.fit_table import LOOKUP_COLUMNS, FitRow, empty_row, fit_rows
from pepseq.identification.fits import fit_reads
from pepseq.identification.weighted_reads import read_and_check
from pepseq.io.dataframes import plain_texts
from pepseq.io.failures import FailedRecord, refuse_in_memory
from pepseq.library.entries import reference_paths
from pepseq.prediction.read_filter import format_read, keep_fitting_reads
from pepseq.readout.confusion import Confusion, ConfusionTable, choose_confusion
from pepseq.readout.in_memory_reads import records_of
from pepseq.readout.label_probabilities import WeightedRead
from pepseq.readout.readout import Readout
from pepseq.settings import check_config
from pepseq.templates import BUNDLED_REFERENCE
from pepseq.templates.reference_files import open_reference

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class IdentifiedRead:
    """A read, its best `fits` (best first, none if no protein fits) and the q-value of the best.

    `sequence` is empty for probabilities of labels and patterns.
    """

    id: str
    sequence: str
    q_value: float
    fits: tuple[FitRow, ...]

    def rows(self) -> tuple[FitRow, ...]:
        """Return its fits, or one row with empty cells if there are none."""
        return self.fits or (empty_row(self.id, 1, self.sequence or None),)


@dataclass(frozen=True)
class Identification(Sequence[IdentifiedRead]):
    """The reads of a call of `find_proteins`, in their order, with what they fit."""

    reads: tuple[IdentifiedRead, ...]

    def __len__(self) -> int:
        return len(self.reads)

    @overload
    def __getitem__(self, index: int) -> IdentifiedRead: ...

    @overload
    def __getitem__(self, index: slice) -> "Identification": ...

    def __getitem__(self, index: int | slice) -> "IdentifiedRead | Identification":
        return Identification(self.reads[index]) if isinstance(index, slice) else self.reads[index]

    def __iter__(self) -> Iterator[IdentifiedRead]:
        return iter(self.reads)

    def __repr__(self) -> str:
        return f"Identification(reads={len(self)}, with fits={sum(bool(r.fits) for r in self)})"

    @plain_texts()
    def to_dataframe(self) -> "pd.DataFrame":
        """Return the table that `lookup` writes: a row for each fit, LOOKUP_COLUMNS."""
        import pandas as pd

        rows = [row for read in self for row in read.rows()]
        table = pd.DataFrame([asdict(row) for row in rows], columns=list(LOOKUP_COLUMNS))
        whole = [field.name for field in fields(FitRow) if field.type in (int, int | None)]
        return table.astype(dict.fromkeys(whole, "Int64"))


def find_proteins(
    reads: Any,
    readout: str | Readout,
    reference: str | Path | Sequence[str | Path] | None = None,
    *,
    config: LookupConfig = LookupConfig(),  # noqa: B008 - frozen
    confusion: ConfusionTable = None,
) -> Identification:
    """Return the known proteins that each read fits, best first.

    `reads` are a list of texts, of (id, text) pairs or of Biopython SeqRecords, a mapping of ids to
    texts, or a DataFrame with the columns id and sequence; X ? . _ or x stand for hidden residues.
    With `config.probabilities` they are a table as of `read_label_probabilities`, with
    `config.patterns` patterns as of `read_patterns`.
    `reference` are FASTA files of known proteins, by default the bundled *E. coli* proteomes.
    `confusion`, see `read_confusion`, replaces the error rates of `config`.
    Scores, E-values and q-values are those of `lookup`, which reads files. Among n reads no q-value
    is below 1 / n; for few reads look at the E-values and probabilities.

    Raises InputError for a read that does not fit the readout and for a bad reference,
    SettingsError for a bad readout or dye sequences, which only `lookup` reads.

    >>> read = "MXYYXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXYXXXXXXXXXXYXXXXXXXXXXXXXXCXMXXYC"
    >>> proteins = find_proteins([read], "KCYM", config=LookupConfig(kind="prefix"))
    >>> proteins[0].fits[0].protein, proteins[0].fits[0].begin
    ('ecoli_EC590|03935', 1)
    >>> proteins.to_dataframe()[["protein", "end", "labels_matched"]].head(1)
                 protein  end  labels_matched
    0  ecoli_EC590|03935   68               9
    """
    check_config(config, LookupConfig)
    if config.dye_sequences:
        raise SettingsError("dye_sequences: only lookup reads them, from a file")
    readout = readout if isinstance(readout, Readout) else Readout(readout)
    matrix = choose_confusion(confusion, readout, config.missed_label, config.misread)
    paths = [] if reference is None else reference_paths(reference)
    known = open_reference(paths or [BUNDLED_REFERENCE])
    given = _given_reads(reads, readout, config, matrix)
    results, q = fit_reads([read for _, read in given], known, readout, config, matrix)
    identified = []
    columns = given, results, q.exact.tolist(), q.related.tolist()
    for (name, read), fits, q_value, related in zip(*columns, strict=True):
        text = format_read(read, readout.group_symbols) if isinstance(read, str) else ""
        found = fit_rows(name, fits, q_value, related, 1, text or None, known)
        rows = tuple(found) if fits.best else ()
        identified.append(IdentifiedRead(name, text, q_value, rows))
    return Identification(tuple(identified))


def _given_reads(
    reads: Any, readout: Readout, config: LookupConfig, confusion: Confusion | None
) -> list[tuple[str, str | WeightedRead]]:
    """Return id and read of each; InputError for a read that cannot be used."""
    if config.weighted:
        return [(r.id, r) for r in read_and_check(reads, readout, config, confusion)]
    bad: list[FailedRecord] = []
    groups = readout.group_symbols
    records = records_of(reads, groups)
    fitting = list(keep_fitting_reads(records, readout, "all", "reads", bad, groups))
    refuse_in_memory(bad)
    return [(record.id, record.sequence) for record in fitting]
