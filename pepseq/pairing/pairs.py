"""From how often each pair was chosen to the one-to-one pairing, and the files it is written to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pepseq.io.files import encode_text
from pepseq.pairing.families import LEFT_OVER, Grouped, Unpaired
from pepseq.pairing.method_interface import Chosen, Families, Species
from pepseq.pairing.msa import GAP_CODE, SYMBOLS
from pepseq.sequences.fasta import format_fasta

PAIR_COLUMNS = ("species", "protein_a", "protein_b", "confidence", "rank", "known")
UNPAIRED_COLUMNS = ("family", "species", "protein", "reason")
_SYMBOLS = np.frombuffer(SYMBOLS.encode(), np.uint8)


@dataclass(frozen=True)
class Pair:
    """Two proteins that are taken to interact, as rows of `Families.a` and `Families.b`.

    `confidence` is the share of runs that chose the pair, 0-1; `known` that it was given.
    """

    species: str
    a: int
    b: int
    confidence: float
    known: bool


def final_pairs(families: Families, chosen: Chosen, seed: int) -> list[Pair]:
    """Return the pairing of the greatest total frequency, most confident pair first.

    Within each species it is one-to-one and as large as the smaller side; known pairs are in it.
    Which of several equally good pairings is taken depends on `seed` and the residues alone.
    """
    from scipy.optimize import linear_sum_assignment

    random = np.random.default_rng([seed, 0])
    pairs = []
    for species, frequencies in zip(families.species, chosen.frequencies, strict=True):
        known = {(int(a), int(b)) for a, b in species.known}
        free_a, free_b = (random.permutation(free) for free in free_rows(species))
        rows, columns = linear_sum_assignment(frequencies[np.ix_(free_a, free_b)], maximize=True)
        new = zip(free_a[rows].tolist(), free_b[columns].tolist(), strict=True)
        for a, b in sorted(known | set(new)):
            confidence = 1.0 if (a, b) in known else float(frequencies[a, b])
            rows_ab = int(species.a[a]), int(species.b[b])
            pairs.append(Pair(species.name, *rows_ab, confidence, (a, b) in known))
    return sorted(pairs, key=lambda pair: -pair.confidence)


def free_rows(species: Species) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions in `species.a` and `species.b` of the proteins in no known pair."""
    return tuple(
        np.setdiff1d(np.arange(len(side)), species.known[:, column])
        for column, side in enumerate((species.a, species.b))
    )


def left_over(grouped: Grouped, pairs: Sequence[Pair]) -> list[Unpaired]:
    """Return the proteins without a pair, those of the larger side of a species among them."""
    left = list(grouped.unpaired)
    paired = {("A", pair.a) for pair in pairs} | {("B", pair.b) for pair in pairs}
    for species in grouped.families.species:
        for family, rows, names in (
            ("A", species.a, grouped.proteins_a),
            ("B", species.b, grouped.proteins_b),
        ):
            left += [
                Unpaired(family, species.name, names[row], LEFT_OVER)
                for row in rows
                if (family, row) not in paired
            ]
    return sorted(left, key=lambda one: (one.family, one.species, one.protein))


def format_pairs(grouped: Grouped, pairs: Sequence[Pair]) -> bytes:
    """Return the table of pairs: PAIR_COLUMNS, rank 1 for the most confident."""
    lines = ["\t".join(PAIR_COLUMNS)]
    for rank, pair in enumerate(pairs, 1):
        a, b = grouped.proteins_a[pair.a], grouped.proteins_b[pair.b]
        known = "yes" if pair.known else "no"
        lines.append(f"{pair.species}\t{a}\t{b}\t{pair.confidence:.4f}\t{rank}\t{known}")
    return encode_text("\n".join(lines) + "\n")


def format_unpaired(unpaired: Sequence[Unpaired]) -> bytes:
    """Return the table of proteins without a pair: UNPAIRED_COLUMNS."""
    rows = [f"{u.family}\t{u.species}\t{u.protein}\t{u.reason}" for u in unpaired]
    return encode_text("\n".join(["\t".join(UNPAIRED_COLUMNS), *rows]) + "\n")


def paired_fasta(grouped: Grouped, pairs: Sequence[Pair]) -> Iterator[bytes]:
    """Yield the paired alignment as FASTA: of each pair the row of A, then that of B."""
    for pair in pairs:
        a, b = grouped.proteins_a[pair.a], grouped.proteins_b[pair.b]
        header = f"{a}+{b} species={pair.species} confidence={pair.confidence:.4f}"
        yield format_fasta(header, _text(_joined(grouped.families, pair)))


def paired_a3m(grouped: Grouped, pairs: Sequence[Pair], query: Pair) -> Iterator[bytes]:
    r"""Yield the paired alignment as A3M of a complex, as ColabFold reads it (Mirdita et al. 2022).

    The first line is `#` and the residues of the two chains; then come the query pair (chains 101
    and 102), the other pairs with two ids divided by a tab, and each chain of the query alone.
    Columns in which the query has a gap are left out.
    """
    first = _joined(grouped.families, query)
    kept = first != GAP_CODE
    length_a = int(kept[: grouped.families.a.shape[1]].sum())
    whole = _text(first[kept])
    yield f"#{length_a},{len(whole) - length_a}\t1,1\n>101\t102\n{whole}\n".encode()
    for pair in pairs:
        if pair == query:
            continue
        names = f"{grouped.proteins_a[pair.a]}\t{grouped.proteins_b[pair.b]}"
        yield encode_text(f">{names}\n{_text(_joined(grouped.families, pair)[kept])}\n")
    rest = len(whole) - length_a
    yield f">101\n{whole[:length_a]}{'-' * rest}\n".encode()
    yield f">102\n{'-' * length_a}{whole[length_a:]}\n".encode()


def _joined(families: Families, pair: Pair) -> np.ndarray:
    return np.concatenate([families.a[pair.a], families.b[pair.b]])


def _text(codes: np.ndarray) -> str:
    return _SYMBOLS[codes].tobytes().decode("ascii")
