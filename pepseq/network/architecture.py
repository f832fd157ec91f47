"""Settings of the readout network that its weights do not show, for torch and for numpy."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """Constants of the readout network; weights hold for the values they were trained with.

    kernel: residues that a convolution sees; more reach farther and take more time.
    dilations: dilations double from block to block this many times (1 to 64), then begin at 1
        again; more reach farther, fewer see near residues more often.
    contrast: how much stronger an identified residue enters than a hidden one. With 1, training
        stalls.
    edge: distances to an end of the protein below `edge` are told apart, `edge` is any larger
        one, `edge` + 1 an unknown one.
    identified_sum: a residue whose emission, P(read symbol | amino acid) with the largest 1, has a
        lower sum over amino acids counts as identified.
    min_prior: prior probabilities are raised to this before the network's odds are added.
    prior_floor, prior_scale, length_scale, score_scale, weight_floor, weight_scale, absent_score:
        what is added to prior probabilities and divides their logarithms, divides the logarithm of
        the length and the templates' scores in bits, is added to the templates' weights and
        multiplies their logarithms, and the attention score where a template has no residue.
    """

    kernel: int = 5
    dilations: int = 7
    contrast: float = 5.0
    edge: int = 32
    identified_sum: float = 1.5
    min_prior: float = 1e-5
    prior_floor: float = 1e-4
    prior_scale: float = 3.0
    length_scale: float = 6.0
    score_scale: float = 50.0
    weight_floor: float = 1e-3
    weight_scale: float = 0.3
    absent_score: float = -30.0

    def dilation(self, block: int) -> int:
        """Return the dilation of a block, the first being 0."""
        return 2 ** (block % self.dilations)


ARCHITECTURE = Architecture()
BUNDLED_SIZES = {"width": 192, "blocks": 10, "row_width": 32, "row_blocks": 3}
"""Sizes of the network that comes with pepseq; a row is an aligned template."""
NO_RESIDUE = 21
"""Code of a template row where nothing is aligned: 0-19 are amino acids, 20 an unknown residue."""
MAX_TEMPLATES = 8
"""Templates of one read that the network sees."""
GRAPH_INPUTS = (
    "reads", "prior", "none", "begin", "end", "protein", "share", "rows", "weights", "scores",
)  # fmt: skip
"""Names of the inputs in the graph file; `reads` is the emission."""
