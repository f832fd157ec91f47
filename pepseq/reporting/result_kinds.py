"""Kinds of tables that pepseq writes, and the columns by which each is recognised."""

from collections.abc import Sequence
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of table: its name, and columns by which it is recognised.

    A table that is one of several files of a folder is called as the folder on the page.
    """

    name: str
    columns: str
    of_folder: bool = False

    def fits(self, columns: Sequence[str]) -> bool:
        """Return whether a table with these columns is of this kind."""
        return set(self.columns.split()) <= set(columns)


KINDS = {
    "residues": Kind(
        "confidences of residues (predict)", "id position residue source confidence second third"
    ),
    "fits": Kind("fits of reads (lookup)", "id rank protein score q_value equal_fits"),
    "structures": Kind("structure scores (score)", "id model reference tm_score correspondence"),
    "folded": Kind(
        "structures (fold, fetch-structures)", "id state file residues mean_plddt reason", True
    ),
    "pairs": Kind("pairs (pair)", "species protein_a protein_b confidence rank"),
    "unpaired": Kind("proteins without a pair (pair)", "family species protein reason"),
    "compared": Kind(
        "evaluations side by side (compare)",
        "readout trained_on tested_on macro micro fully_right",
    ),
    "true_pairs": Kind(
        "true pairs found (evaluate-pairs)", "pairs method true_pairs correct accuracy chance", True
    ),
    "pair_confidence": Kind(
        "correct pairs by confidence (evaluate-pairs)", "pairs from to made correct accuracy", True
    ),
    "left_out": Kind("records left out", "file line id reason"),
    "training": Kind("losses (finetune)", "step epoch train_loss validation_loss", True),
    "split": Kind("a split (split)", "split proteins share residues median_identity", True),
}
