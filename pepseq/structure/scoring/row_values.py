"""Values of the rows of chains and of complexes alike."""

from pepseq.structure.structure_files import Chain, Structure
from pepseq.structure.tmscore import Superposition


def normalise(
    superposition: Superposition, model: Chain, reference: Chain, by: str
) -> tuple[str, int, float]:
    """Return which side divides the TM-score, its length, and the TM-score."""
    if by == "shorter":
        by = "model" if len(model) < len(reference) else "reference"
    if by == "model":
        return by, len(model), float(superposition.by_model)
    return by, len(reference), float(superposition.by_reference)


def left_out(structure: Structure) -> str | None:
    """Return the counts of what was not read, such as `altlocs=3;nucleotides=8`."""
    return ";".join(f"{kind}={count}" for kind, count in structure.left_out.items()) or None
