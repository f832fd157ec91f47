import json
import math

import numpy as np
import pytest
from places import SHARED

from pepseq.errors import InputError, SettingsError
from pepseq.fluorosequencing.config import EqualChannelRates
from pepseq.fluorosequencing.error_model import SequencingErrors


def whole_file():
    channel = {"p_bleach": 0.05, "p_dud": 0.07, "mu": 10000, "sig": 1600, "interactions": [{}]}
    rates = ("edman_failure", "detach", "initial_detach", "initial_block", "cyclic_block")
    values = {f"p_{name}": 0.06 for name in rates} | {"p_initial_detach_decay": 3, "other": "x"}
    return values | {"channel_models": [channel, dict(channel, p_dud=0)]}


def test_a_file_of_whatprot_is_read_and_intensities_ignored(tmp_path):
    (tmp_path / "j").write_text(json.dumps(whole_file()))
    errors = SequencingErrors.from_whatprot(tmp_path / "j", 2)
    assert (errors.bleach, errors.dud, errors.channels) == ((0.05, 0.05), (0.07, 0.0), 2)
    assert errors.initial_detach_decay == 3.0 and errors.cyclic_block == 0.06


def test_the_example_file_of_whatprot_is_read():
    path = SHARED / "reads" / "seqparams_atto647n_x3.json"
    if not path.exists():
        pytest.skip("no shared data")
    assert SequencingErrors.from_whatprot(path) == SequencingErrors(
        0.06, 0.05, 0.04, 0.3, 0.07, 0.02, (0.05,) * 3, (0.07,) * 3
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"p_detach": 1.5}, "p_detach: expected a rate from 0 to 1, found 1.5"),
        ({"p_detach": "0.1"}, "p_detach: expected a rate"),
        ({"p_detach": True}, "p_detach: expected a rate"),
        ({"p_detach": math.nan}, "p_detach: expected a rate"),
        ({"p_initial_detach_decay": -1}, "p_initial_detach_decay: expected a number of 0 or more"),
        ({"p_initial_detach_decay": math.inf}, "p_initial_detach_decay: expected a number"),
        ({"p_initial_detach": 0.95}, "detach and initial_detach: expected a sum of at most 1"),
        ({"channel_models": None}, "channel_models: expected a list"),
        ({"channel_models": [{}]}, "channel_models: expected 2, one for each label, found 1"),
        ({"channel_models": [{}] * 3}, "channel_models: expected 2, one for each label, found 3"),
        ({"channel_models": [3, 3]}, "channel_models[0]: expected a JSON object, found 3"),
        ({"channel_models": [{}, {}]}, "channel_models[0]: p_bleach is missing"),
        (
            {"channel_models": [{"p_bleach": 0, "p_dud": 0}, {"p_bleach": 0, "p_dud": -1}]},
            "channel_models[1]: p_dud: expected a rate from 0 to 1, found -1",
        ),
    ],
)
def test_a_faulty_parameter_is_named(tmp_path, changes, words):
    path = tmp_path / "j.json"
    path.write_text(json.dumps(whole_file() | changes))
    with pytest.raises(InputError) as error:
        SequencingErrors.from_whatprot(path, 2)
    assert str(error.value).startswith(f"{path}: {words}") and str(error.value).isprintable()


@pytest.mark.parametrize("key", [key for key in whole_file() if key.startswith("p_")])
def test_a_missing_rate_is_named(tmp_path, key):
    content = whole_file()
    del content[key]
    (tmp_path / "j").write_text(json.dumps(content))
    with pytest.raises(InputError, match=f"{key} is missing"):
        SequencingErrors.from_whatprot(tmp_path / "j", 2)


@pytest.mark.parametrize("text", ["", "[1]", "{", ">a\nMK\n", "[" * 1000])
def test_a_file_without_a_json_object_is_refused(tmp_path, text):
    (tmp_path / "j").write_text(text)
    with pytest.raises(InputError, match="expected (a JSON object|JSON)"):
        SequencingErrors.from_whatprot(tmp_path / "j")


def test_detachment_decays_by_cycle():
    errors = SequencingErrors(detach=0.05, initial_detach=0.04, initial_detach_decay=0.3)
    expected = [0.05 + 0.04 * math.exp(-0.3 * t) for t in range(5)]
    assert errors.detach_rate(np.arange(5)) == pytest.approx(expected)


def test_scaled_errors_keep_their_decay():
    rates = EqualChannelRates(0.2, 0.1, 0.1, 0.3, 0.4, 0.5, bleach=0.2, dud=0.1)
    halves = EqualChannelRates(0.1, 0.05, 0.05, 0.3, 0.2, 0.25, bleach=0.1, dud=0.05)
    errors, half = (SequencingErrors.of_equal_channels(r, 2) for r in (rates, halves))
    assert errors.scaled(0.5) == half and errors.scaled(0).bleach == (0.0, 0.0)


@pytest.mark.parametrize("factor", [3, -1, math.nan])
def test_a_factor_that_makes_no_rates_is_refused(factor):
    with pytest.raises(SettingsError, match="^error_scale"):
        SequencingErrors(cyclic_block=0.5).scaled(factor)


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ({"detach": -0.1}, "detach: expected 0 or more and 1 or less"),
        ({"detach": 0.6, "initial_detach": 0.6}, "detach and initial_detach: expected a sum"),
        ({"initial_detach_decay": -1.0}, "initial_detach_decay: expected 0 or more"),
        ({"bleach": (0.1,)}, "bleach and dud: expected as many rates, found 1 and 0"),
        ({"bleach": (0.1, 2.0), "dud": (0.0, 0.0)}, "bleach: expected 0 or more and 1 or less"),
        ({"bleach": (0.1,), "dud": ("a",)}, "dud: expected a number"),
    ],
)
def test_faulty_rates_are_named(rates, words):
    with pytest.raises(SettingsError, match=f"^{words}"):
        SequencingErrors(**rates)
