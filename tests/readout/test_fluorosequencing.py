import json
import random

import numpy as np
import pytest
from places import SHARED

from pepseq import Readout
from pepseq.errors import InputError, SettingsError
from pepseq.readout.fluorosequencing import Channel, Fluorosequencing, read_fluorosequencing
from pepseq.readout.masking import MaskedSequence
from pepseq.readout.noise import add_noise, record_generator

READOUT = Readout.from_labels("DE,C,Y")
MODEL = Fluorosequencing(
    p_edman_failure=0.15,
    p_detach=0.04,
    p_initial_detach=0.2,
    p_initial_detach_decay=0.8,
    p_initial_block=0.1,
    p_cyclic_block=0.03,
    channels=(Channel(0.1, 0.05), Channel(0.3, 0.0), Channel(0.0, 0.15)),
)
RATES = ("p_edman_failure", "p_detach", "p_initial_detach", "p_initial_detach_decay")
RATES += ("p_initial_block", "p_cyclic_block")


def seen_residues_of_a_peptide(dyes, model, rng):
    """Follow one peptide event by event, as whatprot does; says which residues are seen."""
    blocked = rng.random() < model.p_initial_block
    shines = [d >= 0 and rng.random() >= model.channels[d].p_dud for d in dyes]
    seen, at, cycle = [False] * len(dyes), 0, 0
    while at < len(dyes):
        blocked |= rng.random() < model.p_cyclic_block
        early = model.p_initial_detach * np.exp(-model.p_initial_detach_decay * cycle)
        if blocked or rng.random() < model.p_detach + early:
            break
        if rng.random() >= model.p_edman_failure:
            seen[at] = shines[at]
            at += 1
        for i in range(at, len(dyes)):
            if shines[i] and rng.random() < model.channels[dyes[i]].p_bleach:
                shines[i] = False
        cycle += 1
    return seen


def test_labels_are_seen_as_often_as_in_a_simulation_event_by_event():
    dyes = [0, 1, 2, -1, 2, 1, 0, 0, -1, 2, 1, 0]
    runs, rng, generator = 20_000, random.Random(1), np.random.default_rng(2)
    by_event = np.mean([seen_residues_of_a_peptide(dyes, MODEL, rng) for _ in range(runs)], axis=0)
    reads = [MODEL.simulate(np.array(dyes), 3, generator) for _ in range(runs)]
    at_once = np.mean([read.labels == dyes for read in reads], axis=0) * (np.array(dyes) >= 0)
    sigma = np.sqrt(2 * by_event * (1 - by_event) / runs)
    assert by_event[0] > 0.5 > 0.15 > by_event[-1] > 0 and (by_event[[3, 8]] == 0).all()
    assert (abs(at_once - by_event) <= 5 * sigma).all()
    assert not any(read.is_lost.any() for read in reads)
    assert all(((read.labels == dyes) | (read.labels == -1)).all() for read in reads)


def test_empty_cycles_are_as_frequent_as_edman_failures():
    model = Fluorosequencing(p_edman_failure=0.25, channels=(Channel(),) * 3)
    generator = np.random.default_rng(1)
    reads = [model.simulate(np.zeros(50, int), 3, generator) for _ in range(400)]
    counts = np.array([read.empty_cycles for read in reads])
    assert (counts == 0).mean() == pytest.approx(0.75, abs=0.02)
    assert counts.mean() == pytest.approx(1 / 3, abs=0.02)


def test_a_read_that_ends_leaves_hidden_residues_and_no_empty_cycles():
    model = Fluorosequencing(p_edman_failure=0.3, p_detach=0.1, channels=(Channel(),) * 3)
    generator, ended = np.random.default_rng(1), 0
    for _ in range(200):
        read = model.simulate(np.zeros(40, int), 3, generator)
        length = int((read.labels == 0).sum())
        assert (read.labels[:length] == 0).all() and (read.labels[length:] == -1).all()
        assert not read.empty_cycles[length:].any()
        ended += length < 40
    assert ended > 150


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "dCYXd"),
        ({"p_initial_block": 1.0}, "XXXXX"),
        ({"p_cyclic_block": 1.0}, "XXXXX"),
        ({"p_detach": 1.0}, "XXXXX"),
        ({"p_initial_detach": 1.0}, "XXXXX"),
        ({"channels": (Channel(p_dud=1.0), Channel(), Channel())}, "XCYXX"),
        ({"channels": (Channel(p_bleach=1.0),) * 3}, "dXXXX"),
    ],
)
def test_rates_of_1_hit_every_residue(settings, expected):
    model = Fluorosequencing(**{"channels": (Channel(),) * 3} | settings)
    generator = record_generator("a", "x", 1)
    assert add_noise(MaskedSequence("dCYXd"), READOUT, model, generator).residues == expected


def test_a_channel_for_each_label_in_the_order_of_the_labels():
    model = Fluorosequencing(channels=(Channel(), Channel(p_dud=1.0), Channel()))
    generator = record_generator("a", "x", 1)
    masked = MaskedSequence("dCY")
    assert add_noise(masked, READOUT, model, generator).residues == "dXY"
    assert add_noise(masked, Readout("CY[DE]"), model, generator).residues == "dCX"
    with pytest.raises(SettingsError, match="expected 2 channel models, .* C,Y, found 3"):
        model.check_readout(Readout("CY"))


def whole_file():
    channel = {"p_bleach": 0.05, "p_dud": 0.07, "bg_sig": 66.7, "mu": 10000, "sig": 1600}
    channel["interactions"] = [{"other_channel": 0, "effect": 0.0, "flat_effect": 0.0}]
    rates = dict.fromkeys(RATES, 0.06) | {"p_initial_detach_decay": 3}
    return rates | {"channel_models": [channel, dict(channel, p_dud=0)]}


def test_parameters_are_read_and_intensities_ignored(tmp_path):
    (tmp_path / "j").write_text(json.dumps(whole_file()))
    model = read_fluorosequencing(tmp_path / "j")
    assert model.channels == (Channel(0.07, 0.05), Channel(0.0, 0.05))
    assert {getattr(model, name) for name in RATES} == {0.06, 3.0}
    (tmp_path / "j").write_text('{"channel_models": []}')
    assert read_fluorosequencing(tmp_path / "j") == Fluorosequencing()


def test_the_example_file_of_whatprot_is_read():
    path = SHARED / "reads" / "seqparams_atto647n_x3.json"
    if not path.exists():
        pytest.skip("no shared data")
    assert read_fluorosequencing(path) == Fluorosequencing(
        0.06, 0.05, 0.04, 0.3, 0.07, 0.02, (Channel(0.07, 0.05),) * 3
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"p_detatch": 0.1}, "unknown key 'p_detatch'"),
        ({"p_detach": 1.5}, "p_detach: expected a rate from 0 to 1, found 1.5"),
        ({"p_detach": "0.1"}, "p_detach: expected a rate"),
        ({"p_detach": True}, "p_detach: expected a rate"),
        ({"p_detach": None}, "p_detach: expected a rate"),
        ({"p_detach": float("nan")}, "p_detach: expected a rate from 0 to 1, found nan"),
        ({"p_initial_detach_decay": -1}, "p_initial_detach_decay: expected a number of 0 or more"),
        ({"p_initial_detach_decay": float("inf")}, "p_initial_detach_decay"),
        ({"p_initial_detach_decay": 10**400}, "p_initial_detach_decay"),
        ({"p_initial_detach": 0.95}, "p_detach and p_initial_detach: expected a sum"),
        ({"p_edman_failure": 1}, "p_edman_failure: expected a rate below 1"),
        ({"channel_models": None}, "channel_models: expected a list"),
        ({"channel_models": [["p\x1bröt"]]}, "expected a JSON object, found ['p\\x1bröt']"),
        ({"channel_models": "p\x1bröt"}, "expected a list, found 'p\\x1bröt'"),
        ({"channel_models": [3]}, "channel_models[0]: expected a JSON object, found 3"),
        ({"channel_models": [{}, {"p_dut": 1}]}, "channel_models[1]: unknown key"),
        ({"channel_models": [{}, {"p_dud": -1}]}, "channel_models[1]: p_dud: expected a rate"),
    ],
)
def test_a_faulty_parameter_is_named(tmp_path, changes, words):
    path = tmp_path / "j.json"
    path.write_text(json.dumps(whole_file() | changes))
    with pytest.raises(InputError) as error:
        read_fluorosequencing(path)
    assert str(error.value).startswith(f"{path}: ") and words in str(error.value)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ":1: expected JSON"),
        ('{"p_detach": 0.1,\n 7}', ":2: expected JSON"),
        (">a\nMK\n", ":1: expected JSON"),
        ("[" * 100_000, "expected JSON"),
        ("[1]", "expected a JSON object, found [1]"),
        ("\u00e4", "expected JSON"),
    ],
)
def test_a_file_without_a_json_object_is_refused(tmp_path, text, words):
    (tmp_path / "j").write_text(text, "latin-1")
    with pytest.raises(InputError) as error:
        read_fluorosequencing(tmp_path / "j")
    assert words in str(error.value) and str(error.value).isprintable()
