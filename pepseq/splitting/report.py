"""The report of a split: sizes, lengths, groups, and how near validation and test are to train."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import median

import numpy as np

from pepseq.evaluation.nearest import BANDS
from pepseq.io.files import encode_text
from pepseq.io.tables import format_tsv
from pepseq.splitting.config import SPLITS

SPLIT_FILES = {
    *(f"{split}.fasta{end}" for split in SPLITS for end in ("", ".gz")),
    "report.tsv",
    "report.txt",
    "nearest.tsv",
    "groups.tsv",
}
"""Every file that a split's folder may hold."""


@dataclass(frozen=True)
class SampledNearest:
    """The nearest training protein of a protein of another split.

    identity: percent of the protein's length, NaN if none was found; band: of identity.
    """

    split: str
    id: str
    length: int
    nearest: str
    identity: float
    band: str


@dataclass(frozen=True)
class SplitRow:
    """One split: its proteins, their share of all distinct ones, groups, residues and lengths.

    sampled: proteins for which the nearest training protein was searched; median_identity: to it,
    percent of the protein's length, those without any counting as 0, None without a sample; bands:
    how many of them are in each band of identity.
    """

    split: str
    proteins: int
    share: float
    groups: int
    residues: int
    shortest: int
    median_length: float
    mean_length: float
    longest: int
    sampled: int
    median_identity: float | None
    bands: dict[str, int]

    @classmethod
    def of(
        cls,
        split: str,
        lengths: np.ndarray,
        groups: int,
        distinct: int,
        nearest: Sequence[SampledNearest],
    ) -> "SplitRow":
        """Return the row of a split with proteins of these lengths."""
        identities = [0.0 if np.isnan(n.identity) else n.identity for n in nearest]
        counts = Counter(n.band for n in nearest)
        return cls(
            split,
            proteins=len(lengths),
            share=len(lengths) / distinct,
            groups=groups,
            residues=int(lengths.sum(dtype=np.int64)),
            shortest=int(lengths.min()) if len(lengths) else 0,
            median_length=float(np.median(lengths)) if len(lengths) else 0.0,
            mean_length=float(lengths.mean()) if len(lengths) else 0.0,
            longest=int(lengths.max(initial=0)),
            sampled=len(nearest),
            median_identity=median(identities) if identities else None,
            bands={band: counts[band] for band in BANDS},
        )

    def cells(self) -> list[str]:
        """Return the row of the table."""
        values = [getattr(self, f.name) for f in fields(self) if f.name != "bands"]
        return [_cell(value) for value in (*values, *self.bands.values())]


COLUMNS = (*(f.name for f in fields(SplitRow) if f.name != "bands"), *BANDS)
NEAREST_COLUMNS = tuple(f.name for f in fields(SampledNearest))


@dataclass(frozen=True)
class SplitSource:
    """What was split: number of records, duplicates by sequence among them, and the rule."""

    records: int
    duplicates: int
    by: str


def write_split_report(
    folder: Path,
    rows: Sequence[SplitRow],
    nearest: Sequence[SampledNearest],
    groups: Mapping[str, Sequence[int]] | None,
    source: SplitSource,
) -> None:
    """Write report.tsv, nearest.tsv, report.txt and, of groups with names, groups.tsv.

    `groups` has the number of proteins in each split.
    """
    _write_table(folder / "report.tsv", COLUMNS, [row.cells() for row in rows])
    sampled = [[_cell(value) for value in astuple(n)] for n in nearest]
    _write_table(folder / "nearest.tsv", NEAREST_COLUMNS, sampled)
    if groups is not None:
        listed = [[name, *counts] for name, counts in sorted(groups.items())]
        _write_table(folder / "groups.tsv", ("group", *SPLITS), listed)
    (folder / "report.txt").write_bytes(encode_text(format_split(rows, source)))


def format_split(rows: Sequence[SplitRow], source: SplitSource) -> str:
    """Return a report to read."""
    lines = [
        f"{source.records} records, {source.duplicates} of them duplicates by sequence; split by "
        f"{source.by}",
        "",
        "split       proteins   share    groups    residues  median length  lengths",
    ]
    for row in rows:
        lines.append(
            f"{row.split:<10}{row.proteins:>10}{row.share:>8.3f}{row.groups:>10}{row.residues:>12}"
            f"{row.median_length:>15.0f}  {row.shortest}-{row.longest}"
        )
    sampled = [row for row in rows if row.sampled]
    if sampled:
        lines += ["", "Identity to the nearest training protein, percent of the sampled proteins:"]
        lines.append(
            f"{'split':<10}{'sampled':>9}{'median':>9}" + "".join(f"{b:>11}" for b in BANDS)
        )
    for row in sampled:
        shares = "".join(f"{100 * count / row.sampled:>11.1f}" for count in row.bands.values())
        lines.append(f"{row.split:<10}{row.sampled:>9}{row.median_identity:>9.1f}{shares}")
    return "\n".join([*lines, ""])


def _cell(value: object) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _write_table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    path.write_bytes(format_tsv([columns, *rows]))
