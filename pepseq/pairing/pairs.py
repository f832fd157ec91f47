"""The one-to-one pairing that frequencies favour, and the files that it is written to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pepseq.io.files import encode_text
from pepseq.io.tables import format_tsv
from pepseq.pairing.families import SURPLUS_PARALOG, GroupedFamilies, UnpairedProtein
from pepseq.pairing.method_interface import Families, MethodResult, Species
from pepseq.pairing.msa import GAP_CODE, SYMBOLS
from pepseq.sequences.fasta import format_fasta

PAIR_COLUMNS = ("species", "protein_a", "protein_b", "confidence", "rank", "known")
UNPAIRED_COLUMNS = ("family", "species", "protein", "reason")
_SYMBOLS = np.frombuffer(SYMBOLS.encode(), np.uint8)


@dataclass(frozen=True)
class RowPair:
    """Two proteins that are taken to interact, as rows of `Families.codes_a` and `codes_b`.

    `confidence` is the share of runs that chose the pair, 0 to 1; `known` says that it was given.
    """

    species: str
    row_a: int
    row_b: int
    confidence: float
    known: bool


@dataclass(frozen=True)
class Pair:
    """Two proteins that are taken to interact, by their ids; see `RowPair`."""

    species: str
    protein_a: str
    protein_b: str
    confidence: float
    known: bool


def best_pairs(families: Families, result: MethodResult, seed: int) -> list[RowPair]:
    """Return the pairing of the greatest total frequency, most confident pair first.

    Within each species it is one-to-one and as large as the smaller side; known pairs are in it.
    The choice between equally good pairings depends only on `seed` and on the residues.
    """
    from scipy.optimize import linear_sum_assignment

    random = np.random.default_rng([seed, 0])
    pairs = []
    for species, frequencies in zip(families.species, result.frequencies, strict=True):
        known = {(int(a), int(b)) for a, b in species.known}
        free_a, free_b = (random.permutation(free) for free in unknown_positions(species))
        at_a, at_b = linear_sum_assignment(frequencies[np.ix_(free_a, free_b)], maximize=True)
        new = zip(free_a[at_a].tolist(), free_b[at_b].tolist(), strict=True)
        for a, b in sorted(known | set(new)):
            is_known = (a, b) in known
            confidence = 1.0 if is_known else float(frequencies[a, b])
            rows = int(species.rows_a[a]), int(species.rows_b[b])
            pairs.append(RowPair(species.name, *rows, confidence, is_known))
    return sorted(pairs, key=lambda pair: -pair.confidence)


def unknown_positions(species: Species) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions in `rows_a` and `rows_b` of the proteins in no known pair."""
    return (
        np.setdiff1d(np.arange(len(species.rows_a)), species.known[:, 0]),
        np.setdiff1d(np.arange(len(species.rows_b)), species.known[:, 1]),
    )


def pairs_of_proteins(grouped: GroupedFamilies, pairs: Sequence[RowPair]) -> list[Pair]:
    """Return pairs of rows as pairs of protein ids."""
    ids_a, ids_b = grouped.proteins_a, grouped.proteins_b
    return [
        Pair(pair.species, ids_a[pair.row_a], ids_b[pair.row_b], pair.confidence, pair.known)
        for pair in pairs
    ]


def unpaired_proteins(grouped: GroupedFamilies, pairs: Sequence[RowPair]) -> list[UnpairedProtein]:
    """Return all proteins without a pair, sorted, surplus paralogs of a species among them."""
    unpaired = list(grouped.unpaired)
    paired_a, paired_b = {pair.row_a for pair in pairs}, {pair.row_b for pair in pairs}
    for species in grouped.families.species:
        for family, rows, paired, ids in (
            ("A", species.rows_a, paired_a, grouped.proteins_a),
            ("B", species.rows_b, paired_b, grouped.proteins_b),
        ):
            unpaired += [
                UnpairedProtein(family, species.name, ids[row], SURPLUS_PARALOG)
                for row in rows
                if row not in paired
            ]
    return sorted(unpaired, key=lambda row: (row.family, row.species, row.protein))


def format_pairs(pairs: Sequence[Pair]) -> bytes:
    """Return the table of pairs: PAIR_COLUMNS, rank 1 for the most confident."""
    rows = (
        (p.species, p.protein_a, p.protein_b, f"{p.confidence:.4f}", rank, _yes_or_no(p.known))
        for rank, p in enumerate(pairs, 1)
    )
    return format_tsv([PAIR_COLUMNS, *rows])


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


def format_unpaired(unpaired: Sequence[UnpairedProtein]) -> bytes:
    """Return the table of proteins without a pair: UNPAIRED_COLUMNS."""
    rows = ((row.family, row.species, row.protein, row.reason) for row in unpaired)
    return format_tsv([UNPAIRED_COLUMNS, *rows])


def paired_fasta(grouped: GroupedFamilies, pairs: Sequence[RowPair]) -> Iterator[bytes]:
    """Yield the paired alignment as FASTA: for each pair the row of A, then that of B."""
    for pair in pairs:
        a, b = grouped.proteins_a[pair.row_a], grouped.proteins_b[pair.row_b]
        header = f"{a}+{b} species={pair.species} confidence={pair.confidence:.4f}"
        yield format_fasta(header, _symbols(_paired_codes(grouped.families, pair)))


def paired_a3m(
    grouped: GroupedFamilies, pairs: Sequence[RowPair], query: RowPair
) -> Iterator[bytes]:
    r"""Yield the paired alignment as A3M of a complex, as ColabFold reads it (Mirdita et al. 2022).

    The first line is `#` and the residues of the two chains; then come the query pair (chains 101
    and 102), the other pairs with two ids divided by a tab, and each chain of the query alone.
    Columns in which the query has a gap are left out.
    """
    query_codes = _paired_codes(grouped.families, query)
    kept = query_codes != GAP_CODE
    complex_ = _symbols(query_codes[kept])
    length_a = int(kept[: grouped.families.codes_a.shape[1]].sum())
    length_b = len(complex_) - length_a
    yield f"#{length_a},{length_b}\t1,1\n>101\t102\n{complex_}\n".encode()
    for pair in pairs:
        if pair == query:
            continue
        ids = f"{grouped.proteins_a[pair.row_a]}\t{grouped.proteins_b[pair.row_b]}"
        yield encode_text(f">{ids}\n{_symbols(_paired_codes(grouped.families, pair)[kept])}\n")
    yield f">101\n{complex_[:length_a]}{'-' * length_b}\n".encode()
    yield f">102\n{'-' * length_a}{complex_[length_a:]}\n".encode()


def _paired_codes(families: Families, pair: RowPair) -> np.ndarray:
    return np.concatenate([families.codes_a[pair.row_a], families.codes_b[pair.row_b]])


def _symbols(codes: np.ndarray) -> str:
    return _SYMBOLS[codes].tobytes().decode("ascii")
