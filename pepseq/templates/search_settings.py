"""Settings of the search for templates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class SearchSettings:
    """Settings of the search by seeds, by local alignment and without gaps.

    Chosen on E. coli EC590 (from five other strains), E. albertii KF1 and E. fergusonii ATCC 35469
    (from six E. coli), none on a test set. All of them trade time for distant templates.

    max_read_length: longer reads (no protein is) have no templates.
    candidates: proteins that are aligned, those whose seeds tell most.
    min_seed_share: a candidate whose seeds tell less than this share of the best one's is not
        aligned; a thorough search has no such limit.
    thorough_candidates: times as many candidates are aligned in a thorough search of fragments.
    max_mean_places: seeds of so many labels get one more if a seed has more places in the reference
        on average. Four labels find a little less than three: they are for references of hundreds
        of millions of residues.
    max_thorough_places: the same for a thorough search.
    half_band: diagonals of the band on either side of the candidate's; gaps may add up to so many.
    changed: share of changed residues for which alignments are scored.
    gap_opening, gap_extension: cost of a gap's first residue and of each further one, in bits.
    end_bonus, gap_cost: bits for a template that begins (ends) where the protein does, and against
        each of its gaps.
    max_ungapped_length: longest read of each kind that is also compared, without gaps, at every
        place where it may lie; None is any length.
    max_templates: templates that are returned of a protein, and of a peptide at least.
    max_peptide_templates, max_peptide_residues: of a peptide so many, and with so many residues in
        all. Each place counts for its confidence, so fewer make confidences too low.
    """

    max_read_length: int = 50_000
    candidates: int = 64
    min_seed_share: float = 0.1
    thorough_candidates: int = 8
    max_mean_places: Mapping[int, int] = field(
        default_factory=lambda: MappingProxyType({2: 2000, 3: 20_000, 4: 20_000})
    )
    max_thorough_places: int = 20_000
    half_band: int = 40
    changed: float = 0.4
    gap_opening: float = 10.0
    gap_extension: float = 0.5
    end_bonus: float = 8.0
    gap_cost: float = 8.0
    max_ungapped_length: Mapping[str, int | None] = field(
        default_factory=lambda: MappingProxyType(
            {"protein": 150, "prefix": None, "tryptic": None, "fragment": 60}
        )
    )
    max_templates: int = 24
    max_peptide_templates: int = 2000
    max_peptide_residues: int = 60_000

    def is_scanned(self, kind: str, length: int) -> bool:
        """Return whether a read is compared without gaps at every place where it may lie."""
        longest = self.max_ungapped_length[kind]
        return length <= (self.max_read_length if longest is None else longest)

    def templates_of(self, kind: str, length: int) -> int:
        """Return how many templates a read may have."""
        if kind == "protein":
            return self.max_templates
        most = min(self.max_peptide_templates, self.max_peptide_residues // max(length, 1))
        return max(self.max_templates, most)


@dataclass(frozen=True)
class GlobalAlignmentSettings:
    """Settings of the thorough search for proteins: alignment from end to end.

    Chosen on E. albertii KF1 and E. fergusonii ATCC 35469 (from six E. coli). It finds relatives of
    30 to 70 % identity, which share few seeds with a read, and takes time in proportion to
    `max_proteins` and to the squared length.

    length_share, length_residues: proteins are aligned whose length differs by no more than this
        share of the read's and so many residues more.
    max_proteins: of more, those nearest in length.
    max_read_length: longer reads are not aligned so.
    changed, gap_opening: as in SearchSettings, for more distant relatives.
    margin: diagonals of the band beyond those of the two ends.
    """

    length_share: float = 0.12
    length_residues: int = 6
    max_proteins: int = 8192
    max_read_length: int = 4096
    changed: float = 0.5
    gap_opening: float = 7.0
    margin: int = 15


SEARCH = SearchSettings()
GLOBAL_ALIGNMENT = GlobalAlignmentSettings()
