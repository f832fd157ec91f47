"""Tables of amounts."""

import numpy as np
import pandas as pd


def amounts(fractions, groups=("P1", "P3;P2", "P4"), q_values=(0, 0.001, 0.5)):
    """A table of quantify, of which the third group is not accepted."""
    frame = pd.DataFrame({"group": [f"G{n}" for n, _ in enumerate(groups, 1)]})
    frame["proteins"] = list(groups)
    frame["description"] = ["one, the first", "", "rare"][: len(groups)]
    frame["expected_reads"] = 1000 * np.array(fractions)
    frame["molar_fraction"] = fractions
    frame["q_value"] = q_values[: len(groups)]
    return frame
