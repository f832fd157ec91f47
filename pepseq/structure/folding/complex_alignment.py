"""The alignment of a complex: rows of several chains, and rows of one chain each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pepseq.structure.folding.config import PAIRED, UNPAIRED

FIRST_CHAIN = 101
"""Id of the first chain in an A3M of ColabFold; the others have the next numbers."""


@dataclass(frozen=True)
class AlignedRow:
    """A row of an A3M: the protein of each chain and its residues, lower case for insertions.

    A chain without a protein has gaps only.
    """

    names: tuple[str, ...]
    segments: tuple[str, ...]


@dataclass(frozen=True)
class ComplexAlignment:
    """The rows of the chains of a complex, without those of the query.

    chains: sequences of the distinct chains; copies: how many there are of each.
    paired: rows with residues in at least two chains.
    unpaired: for each chain (name, residues) of the rows with residues in this chain only.
    """

    chains: tuple[str, ...]
    copies: tuple[int, ...]
    paired: tuple[AlignedRow, ...]
    unpaired: tuple[tuple[tuple[str, str], ...], ...]

    def __post_init__(self) -> None:
        assert len(self.chains) == len(self.copies) == len(self.unpaired)

    def arranged(self, pair_mode: str) -> "ComplexAlignment":
        """Return the alignment for a pair mode.

        `paired` leaves out the rows of one chain. `unpaired` takes the paired rows apart.
        """
        if pair_mode == PAIRED and len(self.chains) > 1:
            unpaired: tuple[tuple[tuple[str, str], ...], ...] = tuple(() for _ in self.chains)
            return ComplexAlignment(self.chains, self.copies, self.paired, unpaired)
        if pair_mode == UNPAIRED:
            single = [
                (*self.paired_rows_of(place), *rows) for place, rows in enumerate(self.unpaired)
            ]
            return ComplexAlignment(self.chains, self.copies, (), tuple(single))
        return self

    def paired_rows_of(self, place: int) -> Iterator[tuple[str, str]]:
        """Yield (name, residues) of the paired rows that have residues in a chain."""
        for row in self.paired:
            if has_residues(row.segments[place]):
                yield row.names[place], row.segments[place]

    def a3m(self) -> str:
        r"""Return the A3M of the complex, as ColabFold reads it (Mirdita et al. 2022).

        The first line is `#`, the lengths of the chains, a tab, and their copies; then come the
        query, the paired rows, and for each chain its query and its unpaired rows with gaps in the
        other chains.

        >>> rows = AlignedRow(("a1", "b1"), ("MK", "-V")),
        >>> one = ComplexAlignment(("MR", "LV"), (1, 2), rows, ((), (("b2", "IV"),)))
        >>> one.a3m().split("\n")[:3]
        ['#2,2\t1,2', '>101\t102', 'MRLV']
        """
        numbers = [str(FIRST_CHAIN + place) for place in range(len(self.chains))]
        lengths = ",".join(str(len(chain)) for chain in self.chains)
        lines = [f"#{lengths}\t{','.join(map(str, self.copies))}"]
        lines += ["\t".join((">" + numbers[0], *numbers[1:])), "".join(self.chains)]
        for row in self.paired:
            lines += [">" + "\t".join(row.names), "".join(row.segments)]
        for place, chain in enumerate(self.chains):
            for name, segment in ((numbers[place], chain), *self.unpaired[place]):
                lines += [f">{name}", self._with_gaps(place, segment)]
        return "\n".join(lines) + "\n"

    def _with_gaps(self, place: int, segment: str) -> str:
        gaps = ["-" * len(chain) for chain in self.chains]
        gaps[place] = segment
        return "".join(gaps)


def has_residues(segment: str) -> bool:
    """Return whether a part of a row holds residues, not gaps only."""
    return bool(segment.strip("-"))


def without_rows(chains: Sequence[str], copies: Sequence[int]) -> ComplexAlignment:
    """Return the alignment of a complex that holds the query alone."""
    return ComplexAlignment(tuple(chains), tuple(copies), (), tuple(() for _ in chains))
