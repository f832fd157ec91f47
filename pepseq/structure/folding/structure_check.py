"""Checks of a predicted structure before it counts, and the scores that follow from it."""

from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from pepseq.errors import InputError
from pepseq.io.run_record import sha256
from pepseq.structure.chain_choice import compare_to_sequence
from pepseq.structure.folding.confidences import interface_pae
from pepseq.structure.folding.engines import FoldedStructure, FoldingTarget
from pepseq.structure.folding.folding_inputs import FoldingInput
from pepseq.structure.folding.pdockq import pdockq
from pepseq.structure.joined_chains import join_chains
from pepseq.structure.result_folder import DONE, Row, format_cell, is_regular
from pepseq.structure.structure_files import Chain, Structure, mean_plddt, read_structure


def check_structure(target: FoldingTarget, folded: FoldedStructure) -> Row:
    """Return the columns of a row that follow from reading the structure back.

    Raises InputError for an input that is not a structure, one with too few chains, or one in which
    most residues of a chain are others.
    """
    for path in filter(None, (folded.path, folded.confidences.file)):
        if not is_regular(path):
            raise InputError("expected a regular file, found a link or something else")
    structure, record = read_structure(folded.path), target.record
    chains, counts = _assign_chains(structure, record)
    scores = folded.confidences
    joined = join_chains(tuple(chains)).chain
    plddt = mean_plddt(structure, joined)
    return {
        "file_sha256": sha256(folded.path),
        "state": DONE,
        "mean_plddt": format_cell(plddt),
        "ptm": format_cell(scores.ptm, 4),
        "iptm": format_cell(scores.iptm, 4) if record.is_complex else "",
        "interface_pae": format_cell(interface_pae(scores.pae, [*map(len, record.chains)])),
        "pdockq": "" if plddt is None else format_cell(pdockq(_in_percent(chains)), 4),
        "different": str(sum(different for different, _ in counts)),
        "missing": str(sum(missing for _, missing in counts)),
        "seconds": format_cell(float(folded.seconds)),
    }


def _assign_chains(
    structure: Structure, record: FoldingInput
) -> tuple[list[Chain], list[tuple[int, int]]]:
    """Return the chain of the structure for each sequence, and its differing and missing residues.

    The assignment has the fewest of both. Raises InputError.
    """
    if len(structure.chains) < len(record.chains):
        raise InputError(
            f"expected a structure of {len(record.chains)} chains, found {len(structure.chains)}"
        )
    of_pair: dict[tuple[str, str], tuple[int, int]] = {}
    table = [
        [_counts(chain, sequence, of_pair) for chain in structure.chains]
        for sequence in record.chains
    ]
    rows, columns = linear_sum_assignment(np.array(table).sum(2))
    chains = [structure.chains[column] for column in columns]
    counts = [table[row][column] for row, column in zip(rows, columns, strict=True)]
    for chain, sequence, (different, missing) in zip(chains, record.chains, counts, strict=True):
        unknown = sequence.count("X")
        if 2 * different > len(chain) or 2 * (missing - unknown) > len(sequence):
            raise InputError(
                f"expected a structure of {len(sequence)} residues, found {len(chain)}, of which "
                f"{different} differ from the sequence"
            )
    return chains, counts


def _counts(
    chain: Chain, sequence: str, of_pair: dict[tuple[str, str], tuple[int, int]]
) -> tuple[int, int]:
    """Return `compare_to_sequence`, once for equal chains that are numbered alike."""
    key = f"{chain.sequence} {chain.numbers[0]} {chain.numbers[-1]}", sequence
    if key not in of_pair:
        of_pair[key] = compare_to_sequence(chain, sequence)
    return of_pair[key]


def _in_percent(chains: list[Chain]) -> list[Chain]:
    """Return chains whose pLDDT is from 0 to 100, also if the file has shares of 1."""
    if max(float(chain.b_factors.max()) for chain in chains) > 1:
        return chains
    return [replace(chain, b_factors=chain.b_factors * 100) for chain in chains]
