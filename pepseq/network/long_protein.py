"""A long protein through the readout network in slices, with the result of the whole.

The layers are those of `pepseq.network.net`, one after the other over all slices: a block needs
neighbours up to two dilations away, which a slice has in its margins, and the mean over the
protein, which is added up first. In memory is one state of each residue (768 bytes for 192
numbers); a graph that runs the whole protein at once holds over twelve times as much.
"""

from collections.abc import Mapping

import numpy as np
from scipy.special import erf

from pepseq.network.architecture import ARCHITECTURE, NO_RESIDUE
from pepseq.network.inputs import is_identified, residue_slices

_LAYER_NORM_EPSILON = 1e-5
_ROOT_OF_2 = np.float32(np.sqrt(2))


class LongProtein:
    """A readout network for one protein at a time; `weights` are float32, by name."""

    def __init__(self, weights: Mapping[str, np.ndarray]):
        self._weights = weights

    def odds(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return what the network adds to the logarithm of `prior`, float32 of (residues, 20).

        `inputs` are those of one protein, see `pepseq.network.inputs.pack`.
        """
        length, width = len(inputs["reads"]), len(self._weights["reads.weight"])
        rows = self._row_states(inputs)
        states = np.empty((1, length, width), np.float32)
        for part in residue_slices(length):
            states[0, part] = self._first_states(_cut(inputs, part), rows[:, part])
        del rows
        for number in range(self._block_count("blocks")):
            self._run_block(f"blocks.{number}", states, ARCHITECTURE.dilation(number))
        odds = np.empty((length, inputs["reads"].shape[1]), np.float32)
        for part in residue_slices(length):
            odds[part] = self._linear("head", self._norm("norm", states[0, part]))
        return odds

    def _first_states(self, inputs: Mapping[str, np.ndarray], rows: np.ndarray) -> np.ndarray:
        """Return the states of a slice before the first block, (residues, width)."""
        emission = inputs["reads"]
        share = ARCHITECTURE.contrast * emission / emission.sum(1, keepdims=True)
        x = self._linear("reads", np.concatenate([emission, share], 1))
        prior = np.log(inputs["prior"] + ARCHITECTURE.prior_floor) / ARCHITECTURE.prior_scale
        x += self._linear("prior", np.concatenate([prior, inputs["none"]], 1))
        x += self._weights["begin.weight"][inputs["begin"]]
        x += self._weights["end.weight"][inputs["end"]]
        x += self._linear("length", -np.log(inputs["share"]) / ARCHITECTURE.length_scale)
        if not len(rows):
            return x + self._weights["value.bias"]
        aligned = inputs["rows"] < NO_RESIDUE
        score = self._linear("attention", rows)[..., 0]
        score += ARCHITECTURE.weight_scale * np.log(inputs["weights"] + ARCHITECTURE.weight_floor)
        score = np.where(aligned, score, np.float32(ARCHITECTURE.absent_score))
        score = np.concatenate([score, np.zeros_like(score[:1])])  # 0: none of the rows
        shares = np.exp(score - score.max(0))
        shares /= shares.sum(0)
        return x + self._linear("value", (shares[:-1, :, None] * rows).sum(0))

    def _row_states(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the states of the templates, (templates, residues, row width)."""
        number, length = inputs["rows"].shape
        width = self._weights["row.weight"].shape[1]
        states = np.empty((number, length, width), np.float32)
        for part in residue_slices(length if number else 0):
            sliced = _cut(inputs, part)
            emission, rows = sliced["reads"], sliced["rows"]
            columns = np.pad(emission, ((0, 0), (0, 2)))
            fits = np.take_along_axis(columns.T, rows, axis=0)
            known = fits * is_identified(emission)
            scores = sliced["scores"] / ARCHITECTURE.score_scale * (rows < NO_RESIDUE)
            matches = np.stack([fits, known, sliced["weights"], scores], 2).astype(np.float32)
            states[:, part] = self._weights["row.weight"][rows] + self._linear("row_match", matches)
        for block in range(self._block_count("row_blocks") if number else 0):
            self._run_block(f"row_blocks.{block}", states, 2**block)
        return states

    def _run_block(self, name: str, states: np.ndarray, dilation: int) -> None:
        """Put states, (rows, residues, width), through a block, in place."""
        kernel = ARCHITECTURE.kernel
        length, reach = states.shape[1], kernel // 2 * dilation
        total = np.zeros((len(states), 1, states.shape[2]))
        for part in residue_slices(length):
            total += self._norm(f"{name}.before", states[:, part]).sum(1, keepdims=True)
        mean = self._linear(f"{name}.mean", (total / length).astype(np.float32))
        left_margin = states[:, :0].copy()  # states before the slice, as the block found them
        for part in residue_slices(length):
            size, left = part.stop - part.start, left_margin.shape[1]
            around = np.concatenate([left_margin, states[:, part.start : part.stop + reach]], 1)
            right = around.shape[1] - left - size
            y = self._linear(f"{name}.down", self._norm(f"{name}.before", around)) + mean
            y = _gelu(self._norm(f"{name}.middle", y))
            y = np.pad(y, ((0, 0), (reach - left, reach - right), (0, 0)))
            taps = [y[:, k * dilation : k * dilation + size] for k in range(kernel)]
            y = self._linear(f"{name}.mix", np.concatenate(taps, 2))
            states[:, part] += self._linear(f"{name}.up", _gelu(self._norm(f"{name}.after", y)))
            left_margin = around[:, max(left + size - reach, 0) : left + size].copy()

    def _linear(self, name: str, x: np.ndarray) -> np.ndarray:
        y = x @ self._weights[f"{name}.weight"].T
        bias = self._weights.get(f"{name}.bias")
        return y if bias is None else y + bias

    def _norm(self, name: str, x: np.ndarray) -> np.ndarray:
        x = x - x.mean(-1, keepdims=True)
        x /= np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(_LAYER_NORM_EPSILON))
        return x * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]

    def _block_count(self, name: str) -> int:
        return len({k.split(".")[1] for k in self._weights if k.startswith(f"{name}.")})


def _gelu(x: np.ndarray) -> np.ndarray:
    return np.float32(0.5) * x * (1 + erf(x / _ROOT_OF_2))


def _cut(inputs: Mapping[str, np.ndarray], part: slice) -> dict[str, np.ndarray]:
    """Return the inputs of some residues of a protein."""
    by_row = ("rows", "weights", "scores")
    return {
        name: values if name == "share" else values[:, part] if name in by_row else values[part]
        for name, values in inputs.items()
    }
