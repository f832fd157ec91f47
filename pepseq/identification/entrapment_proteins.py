"""Entrapment proteins: shuffled copies of known proteins, added to a reference to test q-values."""

import random
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from pepseq.digestion.config import DigestConfig
from pepseq.digestion.digest import digest
from pepseq.digestion.proteases import ANY, Protease
from pepseq.errors import InputError, quoted
from pepseq.io.files import encode_text
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.reference import Reference
from pepseq.templates.substitution import encode

SUFFIX = "_p_target"
"""End of the id of an entrapment protein, as in FDRBench."""
_TRIES, _SEED = 20, 1


def add_entrapment(reference: Reference, protease: Protease | None) -> Reference:
    """Return a reference of n proteins with n entrapment proteins behind them, in the same order.

    The residues of each peptide are shuffled, except those at which `protease` cleaves or does not
    cleave (for trypsin K, R and P), and M at its beginning, so that both proteins are digested at
    the same places. Equal peptides are shuffled in the same way, and no entrapment peptide is in
    the reference or the partner of two peptides; a peptide for which no such order is found stays.
    Without a protease the residues of the whole protein are shuffled, except M at its beginning.
    The result has no index. Raises InputError for a reference that has entrapment proteins.
    """
    residues, offsets = np.asarray(reference.residues), np.asarray(reference.offsets)
    starts = offsets
    if protease is not None:
        pieces = digest(residues, offsets, DigestConfig(protease=protease))
        starts = np.append(pieces.begin, offsets[-1])
    texts = [residues[first:last].tobytes() for first, last in pairwise(starts.tolist())]
    partner = shuffle_each(texts, fixed_residues(protease))
    shuffled = np.frombuffer(b"".join(partner[text] for text in texts), np.uint8)
    names = [encode_text(_header(reference, protein)) for protein in range(len(reference))]
    ends = np.cumsum([0, *map(len, names)])
    described = reference.described | {"entrapment_proteins": len(reference)}
    return replace(
        reference,
        residues=np.concatenate([residues, shuffled]),
        offsets=np.append(offsets, offsets[1:] + offsets[-1]),
        names=np.concatenate([reference.names, np.frombuffer(b"".join(names), np.uint8)]),
        name_offsets=np.append(reference.name_offsets, ends[1:] + reference.name_offsets[-1]),
        index=None,
        described=described | {"strata": [2 * len(reference)]},
    )


def _header(reference: Reference, protein: int) -> str:
    """Return the header of the entrapment protein of a protein."""
    name, space, description = reference.header(protein).partition(" ")
    if name.endswith(SUFFIX):
        raise InputError(
            f"reference: {quoted(name)} is an entrapment protein (its id ends with {SUFFIX}); give "
            "the reference without entrapment proteins, which --entrapment adds"
        )
    return f"{name}{SUFFIX}{space}{description}"


def fixed_residues(protease: Protease | None) -> frozenset[int]:
    """Return the codes of the residues that decide where a protease cleaves.

    >>> "".join(AMINO_ACIDS[code] for code in sorted(fixed_residues(Protease.parse("trypsin"))))
    'KPR'
    """
    if protease is None:
        return frozenset()
    everything = set(AMINO_ACIDS + ANY)
    sides = [set(side) for site in protease.sites() for side in site]
    deciding = [min(side, everything - side, key=len) for side in sides]
    return frozenset(encode("".join(sorted(set().union(*deciding)))).tolist())


def shuffle_each(pieces: Iterable[bytes], fixed: frozenset[int]) -> dict[bytes, bytes]:
    """Return another order of the residues of each distinct piece, with a fixed seed.

    Residues of `fixed`, and M at the beginning, keep their places. No result is a piece, and no two
    are equal, except for pieces that stay because no such order was found.
    """
    random_order = random.Random(_SEED)
    distinct = sorted(set(pieces))
    taken, result = set(distinct), {}
    first = AMINO_ACIDS.index("M")
    for piece in distinct:
        free = [n for n, r in enumerate(piece) if r not in fixed and (n or r != first)]
        order, new = free.copy(), bytearray(piece)
        for _ in range(_TRIES):
            random_order.shuffle(order)
            for place, source in zip(free, order, strict=True):
                new[place] = piece[source]
            if bytes(new) not in taken:
                result[piece] = bytes(new)
                taken.add(result[piece])
                break
        else:
            result[piece] = piece
    return result
