"""Error rates of whatprot's model, with their bounds. Imports nothing heavy.

Source of the model: Smith et al. 2023 (PLoS Comput Biol 19(5): e1011157).
"""

from dataclasses import dataclass
from typing import Annotated

from pepseq.settings import Range, check, require

Rate = Annotated[float, Range(0, 1)]


@dataclass(frozen=True)
class MoleculeRates:
    """Error rates of a molecule, each a probability except the decay, which is per cycle.

    edman_failure: a cycle removes no residue.
    detach: in each cycle, the molecule is washed away.
    initial_detach, initial_detach_decay: initial_detach * exp(-initial_detach_decay * t) is added
        to detach in cycle t, from 0.
    initial_block: the peptide's end is blocked from the start: no residue is ever removed.
    cyclic_block: in each cycle, the peptide's end becomes blocked.

    Raises SettingsError for values outside these bounds, and for `detach` and `initial_detach` with
    a sum above 1.
    """

    edman_failure: Rate = 0.0
    detach: Rate = 0.0
    initial_detach: Rate = 0.0
    initial_detach_decay: Annotated[float, Range(0)] = 0.0
    initial_block: Rate = 0.0
    cyclic_block: Rate = 0.0

    def __post_init__(self) -> None:
        check(self)
        total = self.detach + self.initial_detach
        require(
            total <= 1, f"detach and initial_detach: expected a sum of at most 1, found {total}"
        )


@dataclass(frozen=True)
class EqualChannelRates(MoleculeRates):
    """Error rates that are the same for all channels.

    bleach: in each cycle, a dye stops to shine. dud: a dye never shines.
    """

    bleach: Rate = 0.0
    dud: Rate = 0.0
