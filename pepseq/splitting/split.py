"""Proteins to train, validation and test, with a report of how near these are to training."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pepseq.errors import InputError, SettingsError
from pepseq.evaluation.evaluate import check_paths
from pepseq.evaluation.nearest import find_nearest
from pepseq.io.atomic_files import disk_errors
from pepseq.io.compression import compressed
from pepseq.io.failures import FailedRecord, refuse_failed, write_failed
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.run_record import run_record
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import format_fasta
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.splitting.clusters import MMseqs, find_mmseqs
from pepseq.splitting.config import CLUSTER, RANDOM, SPLITS, SplitConfig
from pepseq.splitting.groups import assign, check_apart, cluster_spooled, find_rule, spool
from pepseq.splitting.report import NAMES, SampledNearest, SplitRow, write_split_report
from pepseq.splitting.screen import screen
from pepseq.splitting.spool import Spool

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SplitDone:
    """What `split` did.

    records: read; duplicates: those whose sequence another one has; rows: of the report, one for
    each split; bad: records left out.
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
    `gzipped`), each in random order, and a report. Of proteins with one sequence one is kept. The
    files depend on the proteins and on the seed, not on the order of records. That no sequence and
    no group is in two files is checked when they are written.

    Raises SettingsError (also if clusters are asked for and MMseqs2 is missing or crashes),
    InputError (after writing, for records left out, unless `keep_going`), OutputError and
    TryAgainError.
    """
    started = time.time()
    config = config or SplitConfig()
    inputs = [proteins] if isinstance(proteins, str | Path) else list(proteins)
    for path in inputs:
        if str(path) == STDIO:
            raise SettingsError("split: expected files, which are read twice; found - (stdin)")
    output = check_paths(output, inputs, force, NAMES, "a split")
    program = find_mmseqs(config.mmseqs) if config.by == CLUSTER else None
    by, rule = config.by, None
    if by not in (RANDOM, CLUSTER):
        by, rule = find_rule(inputs, by)
    bad: list[FailedRecord] = []
    with Outputs() as outputs, disk_errors(output):
        folder = outputs.folder(output, "split", force)
        with (
            TemporaryDirectory(dir=folder, prefix=".") as scratch,
            Spool(Path(scratch) / "proteins") as spooled,
        ):
            names = spool(spooled, inputs, rule, bad)
            end = ".fasta.gz" if gzipped else ".fasta"
            groups = names if rule else None
            done = _split(spooled, groups, folder, Path(scratch), config, end, bad, program)
        write_failed(outputs, output, bad, done.records)
        used = program and asdict(program)
        settings = asdict(config) | {"by": by, "gzipped": gzipped, "mmseqs": used}
        outputs.record(output, run_record("split", settings, inputs, started))
    refuse_failed(bad, done.records, output, keep_going)
    return done


@dataclass(frozen=True)
class _Chosen:
    """Which proteins are in which split.

    order: row numbers in the spool of the distinct proteins; groups: the group of each; members:
    for each split, places in `order`.
    """

    order: np.ndarray
    groups: np.ndarray
    members: tuple[np.ndarray, ...]


def _split(
    spooled: Spool,
    groups: list[str] | None,
    folder: Path,
    scratch: Path,
    config: SplitConfig,
    end: str,
    bad: list[FailedRecord],
    program: MMseqs | None,
) -> SplitDone:
    """Write the splits of the proteins in a spool, check them, and report on them.

    `groups` are the names of groups read from headers. Records left out are added to `bad`.
    """
    records = len(spooled.rows)
    order, repeated = spooled.distinct()
    bad += repeated
    if not len(order):
        raise InputError(f"{bad[0]} (and no other record is any better)")
    chosen = _choose(spooled, order, groups is not None, scratch, config, program)
    files = [folder / f"{split}{end}" for split in SPLITS]
    for path, members in zip(files, chosen.members, strict=True):
        if len(members):
            _write(path, (spooled.read(spooled.rows[row]) for row in order[members]))
    written = [path for path in files if path.exists()]
    check_apart(written, spooled, order, chosen.groups, config.by)
    nearest = [_find_nearest(spooled, chosen, n, scratch, config) for n in range(len(SPLITS))]
    rows = tuple(
        SplitRow.of(
            split,
            spooled.rows["length"][order[members]],
            len(np.unique(chosen.groups[members])),
            len(order),
            near,
        )
        for split, members, near in zip(SPLITS, chosen.members, nearest, strict=True)
    )
    done = SplitDone(records, records - len(order) - len(repeated), rows, tuple(bad))
    table = None
    if groups is not None:
        counts = [np.bincount(chosen.groups[m], minlength=len(groups)) for m in chosen.members]
        table = dict(zip(groups, np.stack(counts, axis=1).tolist(), strict=True))
    sampled = [one for of_split in nearest for one in of_split]
    write_split_report(folder, rows, sampled, table, (records, done.duplicates, config.by))
    return done


def _choose(
    spooled: Spool,
    order: np.ndarray,
    grouped: bool,
    scratch: Path,
    config: SplitConfig,
    program: MMseqs | None,
) -> _Chosen:
    generator = np.random.default_rng(config.seed)
    groups, what = spooled.rows["group"][order].astype(np.int64), "groups"
    if program is not None:
        groups, what = cluster_spooled(spooled, order, scratch, config, program), "clusters"
    elif not grouped:
        groups, what = np.arange(len(order)), "proteins"
    splits = assign(groups, config.fractions, generator, what)
    shuffled = generator.permutation(len(order))
    most = config.at_most or (len(order),) * len(SPLITS)
    members = (shuffled[splits[shuffled] == n][: most[n]] for n in range(len(SPLITS)))
    return _Chosen(order, groups, tuple(members))


def _write(path: Path, proteins: Iterator[tuple[str, str]]) -> None:
    with open(path, "wb") as raw, compressed(raw, path) as stream:
        for header, sequence in proteins:
            stream.write(format_fasta(header, sequence))


def _find_nearest(
    spooled: Spool, chosen: _Chosen, split: int, scratch: Path, config: SplitConfig
) -> list[SampledNearest]:
    """Find the nearest training protein of the first proteins, in random order, of a split."""
    rows, train = spooled.rows, chosen.order[chosen.members[0]]
    places = chosen.order[chosen.members[split][: config.sample]]
    if not split or not len(places):
        return []
    headers, proteins = zip(*(spooled.read(rows[row]) for row in places), strict=True)
    log.info("%s: nearest training proteins of %d proteins", SPLITS[split], len(proteins))
    candidates = screen(proteins, (spooled.read(rows[row])[1] for row in train))
    reference = scratch / f"near_{SPLITS[split]}.fasta"
    if not len(candidates):  # none is near; any will do
        candidates = np.arange(1)
    _write(reference, (spooled.read(rows[train[place]]) for place in candidates))
    readout = Readout(AMINO_ACIDS[:1])  # whose accuracy is not asked for
    nearest = find_nearest(proteins, [reference], readout, config.threads)
    found = zip(
        headers, proteins, nearest.names, nearest.identity.tolist(), nearest.bands, strict=True
    )
    return [
        SampledNearest(SPLITS[split], header.partition(" ")[0], len(protein), *rest)
        for header, protein, *rest in found
    ]
