"""Settings of pairing: bounds, and settings that contradict each other."""

import pytest

from pepseq import PairConfig
from pepseq.errors import SettingsError
from pepseq.pairing.config import DIFFPALM_SETTINGS, METHOD_NAMES, DiffPalmConfig
from pepseq.pairing.method_choice import METHODS

NOT_DEFAULT = {"model": "file", "device": "cpu", "precision": "bf16", "steps": 9}


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "x"},
        {"runs": 0},
        {"seed": -1},
        {"seed": 2**32},
        {"rounds": 0},
        {"known_confidence": 0.0, "rounds": 2},
        {"known_confidence": 1.5, "rounds": 2},
        {"min_confidence": -0.1},
        {"alignment_b": 0},
        {"steps": 0},
        {"max_depth": 1},
    ],
)
def test_a_setting_outside_its_bounds_is_a_settings_error(wrong):
    with pytest.raises(SettingsError, match=f"^{next(iter(wrong))}: expected"):
        PairConfig(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"runs": 0},
        {"mask_share": 0.0},
        {"max_depth": 1},
        {"factor": 1.0},
        {"seed": -1},
        {"learning_rate": float("nan")},
        {"precision": "fp8"},
        {"noise": -1},
        {"steps": 0},
    ],
)
def test_a_setting_of_diffpalm_outside_its_bounds_is_a_settings_error(wrong):
    with pytest.raises(SettingsError, match=f"^{next(iter(wrong))}: expected"):
        DiffPalmConfig(**wrong)


def test_known_confidence_needs_a_second_round():
    with pytest.raises(SettingsError, match="^known_confidence: .*--rounds 2"):
        PairConfig(known_confidence=0.5)


def test_every_method_has_a_name():
    assert ("auto", *METHODS) == METHOD_NAMES


def test_diffpalm_has_the_settings_of_pairing():
    config = PairConfig(runs=3, steps=4, max_depth=5, seed=6, precision="bf16", threads=2)
    own = config.diffpalm_config()
    assert (own.runs, own.steps, own.max_depth, own.seed) == (3, 4, 5, 6)
    assert (own.precision, own.threads, own.device) == ("bf16", 2, "auto")


@pytest.mark.parametrize("name", DIFFPALM_SETTINGS)
def test_settings_of_diffpalm_are_refused_with_other_methods(name):
    changed = {name: NOT_DEFAULT[name]}
    PairConfig(method="diffpalm", **changed)
    for method in ("random", "information", "mirrortree"):
        with pytest.raises(SettingsError, match=f"^{name}: applies to methods diffpalm and auto"):
            PairConfig(method=method, **changed)
