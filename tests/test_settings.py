"""Values outside the bounds of settings, and of another type, are errors of the settings."""

import math

import numpy as np
import pytest

import pepseq
from pepseq.errors import SettingsError


@pytest.mark.parametrize(
    ("config", "values", "words"),
    [
        (
            "PredictConfig",
            {"missed_label": 2},
            "missed_label: expected 0 or more and below 1",
        ),
        (
            "PredictConfig",
            {"missed_label": math.nan},
            "missed_label: expected 0 or more and below 1",
        ),
        ("PredictConfig", {"missed_label": "abc"}, "missed_label: expected a number, found"),
        ("PredictConfig", {"missed_label": None}, "missed_label: expected a number, found"),
        ("PredictConfig", {"threads": 1.5}, "threads: expected a whole number, found '1.5'"),
        ("PredictConfig", {"window": True}, "window: expected a whole number, found 'True'"),
        ("PredictConfig", {"kind": 3}, "kind: expected one of protein, prefix, tryptic, fragment"),
        ("SplitConfig", {"fractions": "abc"}, "fractions: expected three shares that sum to 1"),
        ("SplitConfig", {"max_proteins": 5}, "max_proteins: expected three numbers"),
        ("SplitConfig", {"seed": -1}, "seed: expected 0 or more and 4294967295 or less, found -1"),
        ("FinetuneConfig", {"epochs": math.inf}, "epochs: expected 0 or more, found inf"),
    ],
)
def test_a_wrong_value_is_named(config, values, words):
    with pytest.raises(SettingsError) as error:
        getattr(pepseq, config)(**values)
    assert str(error.value).startswith(words)


def test_numbers_of_numpy_are_numbers():
    config = pepseq.PredictConfig(min_confidence=np.float32(0.5), threads=np.int64(2))
    assert config.threads == 2


def test_a_readout_is_a_text():
    with pytest.raises(SettingsError, match="readout: expected a text such as KCYM, found '5'"):
        pepseq.Readout(5)
