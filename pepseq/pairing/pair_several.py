"""Three or more files of families in, a table of complexes out."""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from pepseq.errors import SettingsError
from pepseq.io.failures import FailedRecord, write_failed
from pepseq.io.files import check_outputs, check_path
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.run_record import run_record
from pepseq.io.tables import format_tsv
from pepseq.pairing.complexes import best_complexes
from pepseq.pairing.config import PairConfig
from pepseq.pairing.families import (
    NO_SPECIES,
    ONE_FAMILY_ONLY,
    SURPLUS_PARALOG,
    UnpairedProtein,
)
from pepseq.pairing.msa import Alignment
from pepseq.pairing.pair import PairSummary, input_files, read_families
from pepseq.pairing.pair_alignments import Pairing, group_alignments, pair_families
from pepseq.pairing.paired_msa import (
    FAMILY_NAMES,
    Complex,
    PairedAlignment,
    check_paired_only,
    find_query,
    no_query_error,
    write_paired_msa,
)
from pepseq.pairing.pairs import format_unpaired
from pepseq.settings import check_config

log = logging.getLogger(__name__)
MAX_FAMILIES = 8


@dataclass(frozen=True)
class EachTwo:
    """The pairing of each two families, by their places i < j.

    `rule` reads the species of all; `species` holds for each family the species of its proteins by
    id, None where it was not read.
    """

    pairings: dict[tuple[int, int], Pairing]
    rule: str
    species: list[dict[str, str | None]]


def pair_several(
    families: Sequence[str | Path],
    output: str | Path,
    *,
    paired_msa: str | Path | None = None,
    paired_only: bool = False,
    query: str | None = None,
    config: PairConfig = PairConfig(),  # noqa: B008 - frozen
    force: bool = False,
    keep_going: bool = False,
    offline: bool = False,
) -> PairSummary:
    """Write a table of the complexes of three families or more.

    Each two families are paired as `pair` does. The complexes of a species are then chosen so that
    the summed confidence of all pairs inside them is as great as possible (`best_complexes`).
    Columns: species, protein_a, protein_b, protein_c, ..., confidence (the mean of its pairs) and
    rank; a cell is empty where a species has fewer proteins of that family, or none. Other
    parameters, files and errors are those of `pair`.
    """
    started = time.time()
    check_config(config, PairConfig)
    check_path(output, "output")
    check_paired_only(paired_only, paired_msa)
    if not 3 <= len(families) <= MAX_FAMILIES:
        raise SettingsError(f"families: expected 3 to {MAX_FAMILIES}, found {len(families)}")
    inputs = input_files(families, None, config)
    check_outputs([path for path in (output, paired_msa) if path is not None], inputs, force)
    bad: list[FailedRecord] = []
    with Outputs(force) as outputs:
        table = outputs.open(output, "complexes")
        msa = None if paired_msa is None else outputs.open(paired_msa, "paired alignment")
        alignments = read_families(families, config, bad, keep_going)
        if query is not None and query not in alignments[0].ids:
            raise no_query_error(query, len(families))
        each_two = _pair_each_two(alignments, config, offline)
        complexes = _complexes(each_two)
        unpaired = _unpaired(each_two, complexes)
        table.write(_format_complexes(complexes, len(families)))
        if str(output) != STDIO:
            path = f"{Path(output)}.unpaired.tsv"
            outputs.add(path, format_unpaired(unpaired), "unpaired proteins")
        if msa is not None:
            found = find_query(complexes, alignments, query)
            rows = PairedAlignment(alignments, complexes, found, config.min_confidence)
            write_paired_msa(msa, str(paired_msa), rows, paired_only)
        total = sum(len(alignment.ids) for alignment in alignments)
        write_failed(outputs, output, bad, total)
        choice = each_two.pairings[0, 1].choice
        inputs += [path for path in choice.weights if path not in inputs]
        settings = asdict(choice.config) | {"method": choice.method, "species": each_two.rule}
        outputs.record(output, run_record("pair", settings, inputs, started))
    species = len({c.species for c in complexes})
    return PairSummary(len(complexes), len(unpaired), species, choice.method, bad)


def _pair_each_two(alignments: Sequence[Alignment], config: PairConfig, offline: bool) -> EachTwo:
    """Return the pairing of each two families.

    The rule and the method that `auto` chooses for the first two families are used for the others.
    """
    pairings = {}
    species: list[dict[str, str | None]] = [{} for _ in alignments]
    rule = config.species
    for i, j in combinations(range(len(alignments)), 2):
        a, b = alignments[i], alignments[j]
        grouped, read = group_alignments(a, b, rule, (), FAMILY_NAMES[i] + FAMILY_NAMES[j])
        rule = read.rule
        species[i] = dict(zip(a.ids, read.a, strict=True))
        species[j] = dict(zip(b.ids, read.b, strict=True))
        pairings[i, j] = pair_families(grouped, config, offline)
        config = replace(config, method=pairings[i, j].choice.method)
    return EachTwo(pairings, rule, species)


def _complexes(each_two: EachTwo) -> list[Complex]:
    """Return the complexes of all species, most confident first, with two proteins or more."""
    ids: dict[str, dict[int, list[str]]] = defaultdict(dict)
    scores: dict[str, dict[tuple[int, int], np.ndarray]] = defaultdict(dict)
    for (i, j), pairing in each_two.pairings.items():
        grouped = pairing.grouped
        all_species = grouped.families.species
        for species, frequency in zip(all_species, pairing.result.frequencies, strict=True):
            ids[species.name][i] = [grouped.proteins_a[row] for row in species.rows_a]
            ids[species.name][j] = [grouped.proteins_b[row] for row in species.rows_b]
            scores[species.name][i, j] = frequency
    count = len(each_two.species)
    complexes = [c for name in ids for c in _complexes_of(name, ids[name], scores[name], count)]
    return sorted(complexes, key=lambda c: (-c.confidence, c.species))


def _complexes_of(
    species: str,
    ids: Mapping[int, Sequence[str]],
    scores: Mapping[tuple[int, int], np.ndarray],
    count: int,
) -> Iterator[Complex]:
    """Yield the complexes of one species; `ids` are those of the families by their places."""
    places = sorted(ids)
    by_order = {(places.index(i), places.index(j)): score for (i, j), score in scores.items()}
    for row in best_complexes([len(ids[place]) for place in places], by_order):
        members = {place: at for place, at in zip(places, row.tolist(), strict=True) if at >= 0}
        if len(members) > 1:
            confidences = [
                scores[i, j][members[i], members[j]] for i, j in combinations(members, 2)
            ]
            proteins = tuple(ids[n][members[n]] if n in members else None for n in range(count))
            yield Complex(species, proteins, float(np.mean(confidences)))


def _unpaired(each_two: EachTwo, complexes: Sequence[Complex]) -> list[UnpairedProtein]:
    """Return the proteins in no complex, sorted, with the reason."""
    families_of = Counter(name for own in each_two.species for name in set(own.values()))
    unpaired = []
    for place, species_of in enumerate(each_two.species):
        paired = {c.proteins[place] for c in complexes}
        for protein, name in species_of.items():
            if protein not in paired:
                shared = SURPLUS_PARALOG if families_of[name] > 1 else ONE_FAMILY_ONLY
                reason = shared if name else NO_SPECIES
                row = UnpairedProtein(FAMILY_NAMES[place], name or "", protein, reason)
                unpaired.append(row)
    return sorted(unpaired, key=lambda row: (row.family, row.species, row.protein))


def _format_complexes(complexes: Sequence[Complex], count: int) -> bytes:
    """Return the table of complexes, rank 1 for the most confident."""
    columns = [f"protein_{name.lower()}" for name in FAMILY_NAMES[:count]]
    rows = (
        (c.species, *(id or "" for id in c.proteins), f"{c.confidence:.4f}", rank)
        for rank, c in enumerate(complexes, 1)
    )
    return format_tsv([("species", *columns, "confidence", "rank"), *rows])
