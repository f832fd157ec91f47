"""Which proteins are for training, which for validation and test, so that no group is in two."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from pepseq.errors import InputError, SettingsError, found
from pepseq.io.failures import FailedRecord
from pepseq.sequences.fasta import Record, format_fasta, read_fasta
from pepseq.sequences.headers import (
    AUTO,
    FORMS,
    SEVERAL,
    parse_rule,
    read_form,
    read_species_table,
    table_of,
)
from pepseq.splitting.clusters import MMseqs, cluster
from pepseq.splitting.config import CLUSTER, RANDOM, SPECIES, SPLITS, SplitConfig
from pepseq.splitting.spool import Spool

log = logging.getLogger(__name__)
NEARLY_ALL = 0.9
"""The rule for headers that is found by itself reads so many of them."""
_SHOWN = 5


def find_rule(inputs: Sequence[str | Path], by: str) -> tuple[str, Callable[[Record], str | None]]:
    """Return the name of the rule that groups proteins by their headers, and the rule.

    `by` is species (the first of ox, taxid, bracket and mnemonic that reads nearly all headers) or
    any rule of `pepseq.sequences.headers`. Raises SettingsError, and InputError if none reads them.
    """
    by = _find_species(inputs) if by in (SPECIES, AUTO) else by
    if (path := table_of(by)) is not None:
        table = read_species_table(path)
        return by, lambda record: table.get(record.id)
    try:
        rule = parse_rule(by)
    except SettingsError as error:
        raise SettingsError(f"by: expected {RANDOM}, {CLUSTER}, or for {error}") from error
    return by, lambda record: rule(record.header)


def _find_species(inputs: Sequence[str | Path]) -> str:
    read, total, example = dict.fromkeys(FORMS, 0), 0, ""
    for record in read_fasta(inputs, bad=[], repeated_ids=True):
        total, example = total + 1, example or record.header
        for form in FORMS:
            read[form] += bool(read_form(form, record.header))
    for form, count in read.items():
        if total and count >= NEARLY_ALL * total:
            return form
    raise InputError(
        f"species: expected headers that name their species in a known way, found "
        f"{found(example, 80)}; say how to read it, such as --by 'field:|:1'"
    )


def spool(
    spooled: Spool,
    inputs: Sequence[str | Path],
    rule: Callable[[Record], str | None] | None,
    bad: list[FailedRecord],
) -> list[str]:
    """Read proteins into a spool, with the number of their group; return the groups' names.

    Records that are no proteins, or that the rule cannot read, go to `bad`.
    """
    numbers: dict[str, int] = {}
    for path in inputs:
        for record in read_fasta(path, bad=bad, repeated_ids=True):
            name = rule(record) if rule else None
            if rule and not name:
                what = "none" if name != SEVERAL else "several"
                reason = f"expected a header that names one group to split by, found {what}"
                bad.append(FailedRecord(str(path), record.line, record.id, reason))
                continue
            group = numbers.setdefault(name, len(numbers)) if rule else 0
            spooled.add(record, str(path), group)
    return list(numbers)


def cluster_spooled(
    spooled: Spool, order: np.ndarray, folder: Path, config: SplitConfig, program: MMseqs
) -> np.ndarray:
    """Return the cluster of each protein of a spool at the row numbers `order`, int64."""
    rows, fasta = spooled.rows, folder / "distinct.fasta"
    with open(fasta, "wb") as stream:
        for number, row in enumerate(order):
            stream.write(format_fasta(str(number), spooled.read(rows[row])[1]))
    return cluster(program, fasta, folder / "mmseqs", len(order), config)


def assign(
    groups: np.ndarray, fractions: Sequence[float], generator: np.random.Generator, what: str
) -> np.ndarray:
    """Return the split of each protein, as its place in SPLITS (uint8, (proteins,)).

    `groups` are the proteins' groups (int, (proteins,)), none of which is divided. Groups come in
    random order, each going to the split that lacks most proteins, the last ones to those that have
    none yet; those larger than half of the smallest split come first, the largest foremost. Raises
    InputError if a split gets none.
    """
    _, first, labels = np.unique(groups, return_index=True, return_inverse=True)
    sizes = np.bincount(labels)
    lacks = [share * len(groups) if share else -np.inf for share in fractions]
    large = min(lack for lack in lacks if lack > 0) / 2
    shuffled = generator.permutation(np.argsort(first))
    by_size = np.where(sizes[shuffled] > large, -sizes[shuffled], 0)
    of_group = np.zeros(len(sizes), np.uint8)
    empty = {split for split, share in enumerate(fractions) if share}
    for done, group in enumerate(shuffled[np.argsort(by_size, kind="stable")].tolist()):
        open_to = empty if len(sizes) - done <= len(empty) and empty else range(len(lacks))
        split = max(open_to, key=lacks.__getitem__)
        of_group[group] = split
        lacks[split] -= int(sizes[group])
        empty.discard(split)
    splits = of_group[labels]
    for split, share in enumerate(fractions):
        if share and not (of_group == split).any():
            raise InputError(
                f"{SPLITS[split]}: expected enough {what} for a share of {share:g}, found none "
                f"left: {len(groups)} proteins in {len(sizes)} {what}, the largest of "
                f"{sizes.max()}"
            )
    return splits


def check_apart(
    files: Sequence[Path], spooled: Spool, order: np.ndarray, groups: np.ndarray, what: str
) -> None:
    """Read written splits again and make sure that no sequence and no group is in two of them.

    `order` are the row numbers of all distinct proteins and `groups` their groups.
    """
    rows = spooled.rows
    known = {"high": rows["high"][order], "low": rows["low"][order]}
    of_group = np.full(groups.max() + 1, -1, np.int8)
    met = np.zeros(len(order), bool)
    for split, path in enumerate(files):
        with Spool(path.parent / ".check") as again:
            spool(again, [path], None, [])
            written = again.rows
            at = np.searchsorted(known["high"], written["high"])
            ok = (known["high"][at] == written["high"]) & (known["low"][at] == written["low"])
            mine = of_group[groups[at]]
            once = len(np.unique(at)) == len(at) and not met[at].any()
            if not (ok.all() and once and (mine == -1).all()):
                raise RuntimeError(f"{path.name}: shares {what} with another split")
            met[at] = True
            of_group[groups[at]] = split
        (path.parent / ".check").unlink()
