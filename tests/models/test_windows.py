from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pepseq.models.windows import blend_windows, cut_windows


@given(st.integers(1, 5000), st.integers(2, 600), st.data())
def test_windows_cover_the_protein_and_overlap_enough(length, window, data):
    overlap = data.draw(st.integers(0, window - 1))
    windows = cut_windows(length, window, overlap)
    assert windows[0][0] == 0 and windows[-1][1] == length
    if len(windows) > 1:
        assert all(end - start == window for start, end in windows)
        for (_, end), (start, _) in pairwise(windows):
            assert end - start >= overlap - 1


@given(st.integers(1, 300), st.integers(2, 80))
def test_blending_windows_that_agree_changes_nothing(length, window):
    logits = np.random.default_rng(0).normal(size=(length, 20)).astype(np.float32)
    windows = cut_windows(length, window, window // 2)
    blended = blend_windows(length, windows, [logits[start:end] for start, end in windows])
    assert np.allclose(blended, logits, atol=1e-6)


def test_the_middle_of_a_window_weighs_more_than_its_ends():
    windows = [(0, 6), (4, 10)]
    blended = blend_windows(10, windows, [np.zeros((6, 20)), np.ones((6, 20))])[:, 0]
    assert np.allclose(blended, [0, 0, 0, 0, 1 / 3, 2 / 3, 1, 1, 1, 1])


def test_progress_counts_each_residue_once(protbert):
    from types import SimpleNamespace

    from pepseq.models.checkpoints import find_checkpoint
    from pepseq.prediction.config import PredictConfig
    from pepseq.prediction.networks import load_network
    from pepseq.readout.readout import Readout

    config = PredictConfig(window=20, overlap=10, device="cpu")
    network = load_network(find_checkpoint(protbert), config, Readout("KCYM"))
    counted = []
    network.logits(["XK" * 30, "MXX"], SimpleNamespace(add=counted.append))
    assert sum(counted) == 63
