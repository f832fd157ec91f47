"""Settings of the search for templates.

All were chosen on E. coli EC590 (from five other strains), E. albertii KF1 and E. fergusonii ATCC
35469 (from six E. coli), none on a test set.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

MAX_READ_LENGTH = 50_000
"""Longer reads (no protein is) have no templates."""
PART_RESIDUES = 1 << 30
"""Residues of a part of a reference, see `reference_parts`, by default."""


@dataclass(frozen=True)
class SeedSearchSettings:
    """Settings of the search by seeds. More candidates find more distant templates, in more time.

    candidates: proteins that are aligned, those whose seeds tell most.
    min_seed_share: a candidate whose seeds tell less than this share of the best one's is not
        aligned; a thorough search has no such limit.
    thorough_candidates: times as many candidates are aligned in a thorough search of fragments.
    max_mean_places: seeds of this many labels get one more if a seed has more places in the
        reference on average. Four labels find a little less than three: they are for references of
        hundreds of millions of residues.
    max_thorough_places: the same for a thorough search.
    max_places: if a read's seeds have more places in all, the commonest are left out, so that the
        time for a read is bounded.
    """

    candidates: int = 64
    min_seed_share: float = 0.1
    thorough_candidates: int = 8
    max_mean_places: Mapping[int, int] = field(
        default_factory=lambda: MappingProxyType({2: 2000, 3: 5000, 4: 20_000})
    )
    max_thorough_places: int = 20_000
    max_places: int = 1 << 20


@dataclass(frozen=True)
class LocalAlignmentSettings:
    """Settings of the alignment of candidates, around the diagonal of their seeds.

    half_band: diagonals of the band on either side; gaps may add up to this many, and time grows in
        proportion.
    changed: share of changed residues for which alignments are scored.
    gap_opening, gap_extension: cost of a gap's first residue and of each further one, in bits.
    """

    half_band: int = 40
    changed: float = 0.4
    gap_opening: float = 10.0
    gap_extension: float = 0.5


@dataclass(frozen=True)
class UngappedScanSettings:
    """Settings of the comparison without gaps at every place where a read may lie.

    max_length: longest read of each kind that is compared so; None is any length. Time grows in
    proportion to the reference.
    """

    max_length: Mapping[str, int | None] = field(
        default_factory=lambda: MappingProxyType(
            {"protein": 150, "prefix": None, "tryptic": None, "fragment": 60}
        )
    )
    max_proteins: int = 1 << 15

    def includes(self, kind: str, length: int) -> bool:
        """Return whether reads of this kind and length are compared so."""
        longest = self.max_length[kind]
        return length <= (MAX_READ_LENGTH if longest is None else longest)


@dataclass(frozen=True)
class GlobalAlignmentSettings:
    """Settings of the thorough search for proteins: alignment from end to end.

    It finds relatives of 30 to 70 % identity, which share few seeds with a read, and takes time in
    proportion to `max_proteins` and to the squared length.

    length_share, length_residues: proteins are aligned whose length differs by no more than this
        share of the read's and this many residues more.
    max_proteins: of more, those nearest in length.
    max_read_length: longer reads are not aligned so.
    changed, gap_opening, gap_extension: as in LocalAlignmentSettings, for more distant relatives.
    margin: diagonals of the band beyond those of the two ends.
    """

    length_share: float = 0.12
    length_residues: int = 6
    max_proteins: int = 8192
    max_read_length: int = 4096
    changed: float = 0.5
    gap_opening: float = 7.0
    gap_extension: float = 0.5
    margin: int = 15


@dataclass(frozen=True)
class RankingSettings:
    """Settings of the choice among all alignments of a read.

    end_bonus, gap_cost: bits for a template that begins (ends) where the protein does, and against
        each of its gaps.
    max_templates: templates that are returned of a protein, and of a peptide at least.
    max_peptide_templates, max_peptide_residues: of a peptide this many, and with this many residues
        in all. Each place counts for its confidence, so fewer make confidences too low.
    """

    end_bonus: float = 8.0
    gap_cost: float = 8.0
    max_templates: int = 24
    max_peptide_templates: int = 2000
    max_peptide_residues: int = 60_000

    def count_templates(self, kind: str, length: int) -> int:
        """Return how many templates a read of this kind and length may have."""
        if kind == "protein":
            return self.max_templates
        fitting = self.max_peptide_residues // max(length, 1)
        return max(self.max_templates, min(self.max_peptide_templates, fitting))


SEED_SEARCH = SeedSearchSettings()
LOCAL_ALIGNMENT = LocalAlignmentSettings()
UNGAPPED_SCAN = UngappedScanSettings()
GLOBAL_ALIGNMENT = GlobalAlignmentSettings()
RANKING = RankingSettings()
