"""Which proteins are for training, which for validation and test, so that no group is in two."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from pepseq.errors import InputError, SettingsError
from pepseq.io.failures import FailedRecord
from pepseq.sequences.fasta import Record, format_fasta, read_fasta
from pepseq.sequences.headers import AUTO, SEVERAL, species_reader
from pepseq.sequences.species import find_species_form
from pepseq.splitting.clusters import MMseqs, cluster
from pepseq.splitting.config import CLUSTER, RANDOM, SPECIES, SPLITS, SplitConfig
from pepseq.splitting.protein_store import ProteinStore

GroupOf = Callable[[Record], str | None]
"""From a protein to its group, SEVERAL, or None if its header names none."""


def find_rule(inputs: Sequence[str | Path], by: str) -> tuple[str, GroupOf]:
    """Return the name of the rule that groups proteins by their headers, and the rule.

    `by` is species (the first of ox, taxid, bracket and mnemonic that reads nearly all headers) or
    any rule of `pepseq.sequences.headers`. Raises SettingsError, and InputError if none reads them.
    """
    if by in (SPECIES, AUTO):
        records = read_fasta(inputs, bad=[], repeated_ids=True)
        by = find_species_form(record.header for record in records)
    try:
        species_of = species_reader(by)
    except SettingsError as error:
        reason = str(error).removeprefix("species: ")
        raise SettingsError(
            f"by: give {RANDOM}, {CLUSTER}, {SPECIES} or a rule for headers; {reason}"
        ) from error
    return by, lambda record: species_of(record.id, record.header)


def store_proteins(
    store: ProteinStore,
    inputs: Sequence[str | Path],
    group_of: GroupOf | None,
    failed: list[FailedRecord],
) -> list[str]:
    """Read proteins into a store, with the number of their group; return the groups' names.

    Records that are not proteins, or whose header names no single group, go to `failed`.
    """
    numbers: dict[str, int] = {}
    for path in inputs:
        for record in read_fasta(path, bad=failed, repeated_ids=True):
            group = 0
            if group_of is not None:
                name = group_of(record)
                if not name:
                    groups = "several" if name == SEVERAL else "none"
                    reason = f"expected a header that names one group to split by, found {groups}"
                    failed.append(FailedRecord(str(path), record.line, record.id, reason))
                    continue
                group = numbers.setdefault(name, len(numbers))
            store.add(record, str(path), group)
    return list(numbers)


def cluster_proteins(
    store: ProteinStore, order: np.ndarray, folder: Path, config: SplitConfig, program: MMseqs
) -> np.ndarray:
    """Return the cluster of each protein of a store at the row numbers `order`, int64."""
    rows, fasta = store.rows, folder / "distinct.fasta"
    with open(fasta, "wb") as stream:
        for number, row in enumerate(order):
            stream.write(format_fasta(str(number), store.read(rows[row])[1]))
    return cluster(program, fasta, folder / "mmseqs", len(order), config)


def assign_groups(
    groups: np.ndarray, fractions: Sequence[float], generator: np.random.Generator, kind: str
) -> np.ndarray:
    """Return the split of each protein, as its place in SPLITS (uint8, (proteins,)).

    `groups` are the proteins' groups (int, (proteins,)), none of which is divided. Groups come in
    random order, each going to the split that lacks most proteins, the last ones to those that have
    none yet; those larger than half of the smallest split come first, the largest foremost. Raises
    InputError if a split gets none, naming the `kind` of groups, such as clusters.
    """
    _, first, labels = np.unique(groups, return_index=True, return_inverse=True)
    sizes = np.bincount(labels)
    lacking = [share * len(groups) if share else -np.inf for share in fractions]
    large = min(lack for lack in lacking if lack > 0) / 2
    shuffled = generator.permutation(np.argsort(first))
    by_size = np.where(sizes[shuffled] > large, -sizes[shuffled], 0)
    split_of_group = np.zeros(len(sizes), np.uint8)
    empty = {split for split, share in enumerate(fractions) if share}
    for done, group in enumerate(shuffled[np.argsort(by_size, kind="stable")].tolist()):
        only_for_empty = empty and len(sizes) - done <= len(empty)
        split = max(empty if only_for_empty else range(len(lacking)), key=lacking.__getitem__)
        split_of_group[group] = split
        lacking[split] -= int(sizes[group])
        empty.discard(split)
    for split, share in enumerate(fractions):
        if share and not (split_of_group == split).any():
            counted = f"{len(groups)} proteins"
            if len(sizes) < len(groups):
                counted += f" in {len(sizes)} {kind}, the largest of {sizes.max()}"
            raise InputError(
                f"{SPLITS[split]}: too few {kind} for a share of {share:g} ({counted}); change "
                "--fractions"
            )
    return split_of_group[labels]


def check_disjoint(
    files: Sequence[Path], store: ProteinStore, order: np.ndarray, groups: np.ndarray, kind: str
) -> None:
    """Read written splits again and make sure that no sequence and no group is in two of them.

    `order` are the row numbers of all distinct proteins and `groups` their groups.
    """
    rows = store.rows
    high, low = rows["high"][order], rows["low"][order]
    split_of_group = np.full(groups.max() + 1, -1, np.int8)
    seen = np.zeros(len(order), bool)
    for split, path in enumerate(files):
        with ProteinStore(path.parent / ".check") as written_store:
            store_proteins(written_store, [path], None, [])
            written = written_store.rows
            places = np.searchsorted(high, written["high"])
            same = (high[places] == written["high"]) & (low[places] == written["low"])
            once = len(np.unique(places)) == len(places) and not seen[places].any()
            free = (split_of_group[groups[places]] == -1).all()
            if not (same.all() and once and free):
                raise RuntimeError(f"{path.name}: shares {kind} with another split")
            seen[places] = True
            split_of_group[groups[places]] = split
        (path.parent / ".check").unlink()
