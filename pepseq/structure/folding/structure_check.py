"""Checks of a predicted structure before it counts."""

from pepseq.errors import InputError
from pepseq.io.run_record import sha256
from pepseq.structure.folding.engines import FoldedStructure, FoldingTarget
from pepseq.structure.result_folder import DONE, Row, format_cell, is_regular


def check_structure(target: FoldingTarget, folded: FoldedStructure) -> Row:
    """Return the columns of a row that follow from reading the structure back.

    Raises InputError for an input that is not a structure, or one in which most residues are
    others.
    """
    from pepseq.structure.chain_choice import compare_to_sequence
    from pepseq.structure.structure_files import mean_plddt, read_structure

    for path in filter(None, (folded.path, folded.confidences)):
        if not is_regular(path):
            raise InputError("expected a regular file, found a link or something else")
    sequence = target.record.sequence
    structure = read_structure(folded.path)
    counts = {chain.name: compare_to_sequence(chain, sequence) for chain in structure.chains}
    chain = min(structure.chains, key=lambda chain: counts[chain.name])
    different, missing = counts[chain.name]
    if 2 * different > len(chain) or 2 * (missing - sequence.count("X")) > len(sequence):
        raise InputError(
            f"expected a structure of {len(sequence)} residues, found {len(chain)}, of which "
            f"{different} differ from the sequence"
        )
    return {
        "file_sha256": sha256(folded.path),
        "state": DONE,
        "mean_plddt": format_cell(mean_plddt(structure, chain)),
        "ptm": format_cell(folded.ptm, 4),
        "different": str(different),
        "missing": str(missing),
        "seconds": format_cell(float(folded.seconds)),
    }
