"""Splits of proteins into train, validation and test, with a report of how near these are."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pepseq.errors import SettingsError
from pepseq.evaluation.nearest import find_nearest
from pepseq.io.atomic_files import disk_errors
from pepseq.io.compression import compressed
from pepseq.io.failures import FailedRecord, no_usable_record, refuse_failed, write_failed
from pepseq.io.files import list_paths
from pepseq.io.output_folder import check_output_folder
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.run_record import run_record
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import format_fasta
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.settings import check_config
from pepseq.splitting.clusters import MMseqs, find_mmseqs
from pepseq.splitting.config import CLUSTER, RANDOM, SPLITS, SplitConfig
from pepseq.splitting.groups import (
    assign_groups,
    check_disjoint,
    cluster_proteins,
    find_rule,
    store_proteins,
)
from pepseq.splitting.kmer_screen import find_candidates
from pepseq.splitting.protein_store import ProteinStore
from pepseq.splitting.report import (
    SPLIT_FILES,
    SampledNearest,
    SplitRow,
    SplitSource,
    write_split_report,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SplitDone:
    """What `split` did.

    records: read; duplicates: those with the sequence of another record; rows: of the report, one
    for each split; bad: records left out.
    """

    records: int
    duplicates: int
    rows: tuple[SplitRow, ...]
    bad: tuple[FailedRecord, ...]


def split(
    proteins: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    config: SplitConfig | None = None,
    gzipped: bool = False,
    force: bool = False,
    keep_going: bool = False,
) -> SplitDone:
    """Split the distinct proteins of FASTA files into train, validation and test.

    `output` becomes a folder of `train.fasta`, `validation.fasta` and `test.fasta` (`.gz` if
    `gzipped`), each in random order, and a report. Of proteins with the same sequence, only one is
    kept. The files depend on the proteins and on the seed, not on the order of records. When the
    files are written, pepseq checks that no sequence and no group is in two of them.

    Raises SettingsError (also if clusters are asked for and MMseqs2 is missing or crashes),
    InputError (after writing, for records left out, unless `keep_going`), OutputError and
    TryAgainError.
    """
    started = time.time()
    config = SplitConfig() if config is None else config
    check_config(config, SplitConfig)
    inputs = list_paths(proteins, "proteins", required=True)
    for path in inputs:
        if str(path) == STDIO:
            raise SettingsError(
                "split: give files instead of - (stdin), because they are read twice"
            )
    output = check_output_folder(output, inputs, force, SPLIT_FILES, "a split")
    program = find_mmseqs(config.mmseqs) if config.by == CLUSTER else None
    by, group_of = config.by, None
    if by not in (RANDOM, CLUSTER):
        by, group_of = find_rule(inputs, by)
    failed: list[FailedRecord] = []
    with Outputs() as outputs, disk_errors(output):
        folder = outputs.folder(output, "split", force)
        with (
            TemporaryDirectory(dir=folder, prefix=".") as scratch,
            ProteinStore(Path(scratch) / "proteins") as store,
        ):
            names = store_proteins(store, inputs, group_of, failed)
            order, repeated = store.distinct()
            failed += repeated
            if not len(order):
                raise no_usable_record(failed)
            duplicates = len(store.rows) - len(order) - len(repeated)
            source = SplitSource(len(store.rows), duplicates, config.by)
            group_names = names if group_of else None
            assignment = _assign(store, order, group_names, Path(scratch), program, config)
            _write_splits(store, assignment, folder, ".fasta.gz" if gzipped else ".fasta", by)
            rows = _write_report(store, assignment, folder, Path(scratch), source, config)
        write_failed(outputs, output, failed, source.records)
        settings = asdict(config) | {"by": by, "gzipped": gzipped}
        settings["mmseqs"] = program and asdict(program)
        outputs.record(output, run_record("split", settings, inputs, started))
    refuse_failed(failed, source.records, output, keep_going)
    return SplitDone(source.records, source.duplicates, rows, tuple(failed))


@dataclass(frozen=True)
class _Assignment:
    """Which proteins are in which split.

    order: row numbers in the store of the distinct proteins; groups: the group of each; names: of
    groups that were read from headers; members: for each split, places in `order`.
    """

    order: np.ndarray
    groups: np.ndarray
    names: list[str] | None
    members: tuple[np.ndarray, ...]

    def rows(self, split: int) -> np.ndarray:
        """Return the row numbers in the store of the proteins of a split."""
        return self.order[self.members[split]]


def _assign(
    store: ProteinStore,
    order: np.ndarray,
    names: list[str] | None,
    scratch: Path,
    program: MMseqs | None,
    config: SplitConfig,
) -> _Assignment:
    generator = np.random.default_rng(config.seed)
    if program is not None:
        groups, kind = cluster_proteins(store, order, scratch, config, program), "clusters"
    elif names is not None:
        groups, kind = store.rows["group"][order].astype(np.int64), "groups"
    else:
        groups, kind = np.arange(len(order)), "proteins"
    splits = assign_groups(groups, config.fractions, generator, kind)
    shuffled = generator.permutation(len(order))
    limits = config.max_proteins or (len(order),) * len(SPLITS)
    members = (shuffled[splits[shuffled] == n][: limits[n]] for n in range(len(SPLITS)))
    return _Assignment(order, groups, names, tuple(members))


def _write_splits(
    store: ProteinStore, assignment: _Assignment, folder: Path, suffix: str, by: str
) -> None:
    """Write the files of the splits, and read them again to check that they share nothing."""
    files = []
    for number, split in enumerate(SPLITS):
        rows = assignment.rows(number)
        if len(rows):
            files.append(folder / f"{split}{suffix}")
            _write_proteins(files[-1], (store.read(store.rows[row]) for row in rows))
    check_disjoint(files, store, assignment.order, assignment.groups, by)


def _write_proteins(path: Path, proteins: Iterator[tuple[str, str]]) -> None:
    with open(path, "wb") as raw, compressed(raw, path) as stream:
        for header, sequence in proteins:
            stream.write(format_fasta(header, sequence))


def _write_report(
    store: ProteinStore,
    assignment: _Assignment,
    folder: Path,
    scratch: Path,
    source: SplitSource,
    config: SplitConfig,
) -> tuple[SplitRow, ...]:
    """Write the report into the folder of a split, and return its rows."""
    groups, members = assignment.groups, assignment.members
    nearest = [
        _find_nearest(store, assignment, number, scratch, config) for number in range(len(SPLITS))
    ]
    rows = tuple(
        SplitRow.of(
            split,
            store.rows["length"][assignment.rows(number)],
            len(np.unique(groups[members[number]])),
            len(assignment.order),
            nearest[number],
        )
        for number, split in enumerate(SPLITS)
    )
    group_sizes = None
    if names := assignment.names:
        counts = [np.bincount(groups[m], minlength=len(names)).tolist() for m in members]
        group_sizes = dict(zip(names, zip(*counts, strict=True), strict=True))
    sampled = [sample for of_split in nearest for sample in of_split]
    write_split_report(folder, rows, sampled, group_sizes, source)
    return rows


def _find_nearest(
    store: ProteinStore, assignment: _Assignment, split: int, scratch: Path, config: SplitConfig
) -> list[SampledNearest]:
    """Find the nearest training protein of the first proteins, in random order, of a split."""
    rows, train = store.rows, assignment.rows(0)
    sample = assignment.rows(split)[: config.sample]
    if not split or not len(sample):
        return []
    headers, proteins = zip(*(store.read(rows[row]) for row in sample), strict=True)
    log.info("%s: nearest training proteins of %d proteins", SPLITS[split], len(proteins))
    candidates = find_candidates(proteins, (store.read(rows[row])[1] for row in train))
    if not len(candidates):  # a reference of one protein, of which none is near
        candidates = np.arange(1)
    reference = scratch / f"near_{SPLITS[split]}.fasta"
    _write_proteins(reference, (store.read(rows[train[place]]) for place in candidates))
    any_readout = Readout(AMINO_ACIDS[:1])  # only the identities are used
    nearest = find_nearest(proteins, [reference], any_readout, config.threads)
    return [
        SampledNearest(SPLITS[split], header.partition(" ")[0], len(protein), name, identity, band)
        for header, protein, name, identity, band in zip(
            headers,
            proteins,
            nearest.names,
            nearest.identity.tolist(),
            nearest.bands,
            strict=True,
        )
    ]
