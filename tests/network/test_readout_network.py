"""The readout network: the same probabilities in any batch and by any library."""

import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch

from pepseq.errors import InputError, SettingsError
from pepseq.models.checkpoints import BUNDLED
from pepseq.network import inputs as network_inputs
from pepseq.network import model as network_model
from pepseq.network.architecture import MAX_TEMPLATES, NO_RESIDUE
from pepseq.network.export import write_graph, write_network
from pepseq.network.inputs import NetworkInput, pack
from pepseq.network.long_protein import LongProtein
from pepseq.network.model import CONFIG, GRAPH, WEIGHTS, ReadoutModel
from pepseq.network.net import ReadoutNet
from pepseq.network.temperature import Temperatures, fit_temperatures
from pepseq.network.training_examples import (
    PlainExamples,
    emission_table,
    plain_input,
    scored_residues,
)
from pepseq.readout.readout import Readout
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.substitution import encode

TINY = {"width": 16, "blocks": 8, "row_width": 8, "row_blocks": 2}
FLAT = np.full(20, 0.05)


def random_input(length, templates, seed=0):
    rng = np.random.default_rng(seed)
    emission = rng.integers(0, 2, (length, 20)).astype(float)
    emission[np.arange(length), rng.integers(0, 20, length)] = 1
    rows = rng.integers(0, NO_RESIDUE + 1, (templates, length))
    weights = rng.random((templates, length)) / max(templates, 1)
    return NetworkInput(
        emission, emission / emission.sum(1, keepdims=True), np.ones(length), rows, weights,
        rng.random(templates) * 50,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder of a tiny readout network with random weights."""
    folder = tmp_path_factory.mktemp("network")
    torch.manual_seed(0)
    net = ReadoutNet(TINY)
    with torch.no_grad():
        for weights in net.parameters():
            weights.add_(0.3 * torch.randn_like(weights))
    write_network(net, folder, FLAT)
    write_graph(TINY, folder / GRAPH)
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return ReadoutModel(folder, "cpu", threads=1)


INPUTS = [
    random_input(7, 0, 1),
    random_input(150, 3, 2),
    random_input(60, MAX_TEMPLATES, 3),
    random_input(1, 1, 4),
]


def test_a_protein_has_the_same_probabilities_whatever_it_is_packed_with(model):
    together = model.log_probabilities(INPUTS)
    for read, packed in zip(INPUTS, together, strict=True):
        (alone,) = model.log_probabilities([read])
        assert np.allclose(np.exp(alone), np.exp(packed), atol=1e-5)
        assert np.allclose(np.exp(packed).sum(1), 1)
        assert (np.exp(packed)[read.prior == 0] == 0).all()


def test_torch_and_onnxruntime_agree(folder, model, monkeypatch):
    by_onnxruntime = model.log_probabilities(INPUTS)
    forward, precision = network_model._torch_forward(
        *network_model.read_folder(folder), "cpu", "fp32"
    )
    assert precision == "fp32"
    by_torch = ReadoutModel(folder, "cpu", threads=1)
    monkeypatch.setattr(by_torch, "_forward", forward)
    for a, b in zip(by_onnxruntime, by_torch.log_probabilities(INPUTS), strict=True):
        assert np.abs(np.exp(a) - np.exp(b)).max() < 1e-4


def test_the_bundled_graph_is_that_of_its_network():
    model = ReadoutModel(BUNDLED, "cpu", threads=1)
    forward, _ = network_model._torch_forward(*network_model.read_folder(BUNDLED), "cpu", "fp32")
    for read in INPUTS:
        odds = forward(pack([read]))
        assert np.allclose(model._forward(pack([read])), odds, atol=1e-3)
        assert odds.std() > 0.1


def test_probabilities_depend_on_the_templates_and_the_position(model):
    before = random_input(50, 2, 5)
    changed = before.rows.copy()
    changed[0, 20] = (changed[0, 20] + 1) % 20
    after = replace(before, rows=changed)
    moved = replace(before, begins=False)
    answers = model.log_probabilities([before, after, moved])
    assert np.abs(np.exp(answers[0]) - np.exp(answers[1]))[20].max() > 1e-4
    assert np.abs(np.exp(answers[0]) - np.exp(answers[2]))[0].max() > 1e-4


def test_a_protein_of_40000_residues_has_probabilities(model):
    long = random_input(40_000, 0, 6)
    (answer,) = model.log_probabilities([long])
    assert answer.shape == (40_000, 20) and np.allclose(np.exp(answer).sum(1), 1)


@pytest.mark.parametrize(("length", "templates"), [(1, 0), (8, 2), (60, 0), (150, 3)])
@pytest.mark.parametrize("part", [7, 64])
def test_a_long_protein_in_slices_has_the_odds_of_the_whole(
    folder, model, monkeypatch, length, templates, part
):
    monkeypatch.setattr(network_inputs, "SLICE_RESIDUES", part)
    inputs = pack([random_input(length, templates, length)])
    whole = model._forward(inputs)
    odds = LongProtein(network_model.read_folder(folder)[1]).odds(inputs)
    assert np.allclose(odds, whole, atol=1e-5 * np.abs(whole).max())
    monkeypatch.setattr(network_model, "LONG_PROTEIN", length - 1)
    assert np.array_equal(model._forward(inputs), odds)


def test_a_long_protein_takes_little_memory_for_each_residue(folder):
    network, peaks = LongProtein(network_model.read_folder(folder)[1]), []
    for length in (8_000, 24_000):
        inputs = pack([random_input(length, 0, 7)])
        tracemalloc.start()
        network.odds(inputs)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    states_and_odds = 4 * (TINY["width"] + 20)
    assert peaks[1] - peaks[0] < 1.1 * states_and_odds * 16_000


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (CONFIG, b"{}"),
        (CONFIG, b'{"model_type": "bert"}'),
        (WEIGHTS, b"no weights"),
        (GRAPH, b"no graph"),
        (GRAPH, None),
    ],
)
def test_a_damaged_folder_is_refused_in_one_line(folder, tmp_path, name, content):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        ReadoutModel(tmp_path, "cpu")
    assert str(tmp_path) in str(error.value) and "\n" not in str(error.value)


def test_weights_of_another_shape_are_refused(folder, tmp_path):
    write_network(ReadoutNet({**TINY, "width": 32}), tmp_path, FLAT)
    (tmp_path / GRAPH).write_bytes((folder / GRAPH).read_bytes())
    with pytest.raises(InputError, match="shape"):
        ReadoutModel(tmp_path, "cpu")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("settings", {**TINY, "width": TINY["width"] + 1}),
        ("settings", {**TINY, "blocks": "many"}),
        ("settings", None),
        ("background", ["A"] * 20),
        ("background", [0.0] * 20),
        ("background", [float("nan")] * 20),
        ("background", [0.05] * 19),
        ("temperatures", 1),
        ("temperatures", (-np.ones((2, 4, 4))).tolist()),
    ],
)
def test_a_config_that_does_not_fit_is_refused(folder, tmp_path, key, value):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((folder / CONFIG).read_text())
    (tmp_path / CONFIG).write_text(json.dumps(config | {key: value}))
    with pytest.raises(InputError, match="expected a readout network") as error:
        ReadoutModel(tmp_path, "cpu")
    assert str(tmp_path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(folder, tmp_path, bad):
    net = ReadoutNet(TINY)
    with torch.no_grad():
        net.attention.bias[:] = bad
    write_network(net, tmp_path, FLAT)
    (tmp_path / GRAPH).write_bytes((folder / GRAPH).read_bytes())
    with pytest.raises(InputError, match=r"attention\.bias"):
        ReadoutModel(tmp_path, "cpu")


@pytest.mark.parametrize("precision", ["bf16", "fp16", "int8"])
def test_a_precision_that_the_cpu_does_not_have_is_refused(folder, precision):
    with pytest.raises(SettingsError, match="fp32"):
        ReadoutModel(folder, "cpu", precision)


def test_temperatures_make_probabilities_true():
    rng = np.random.default_rng(1)
    cases = []
    for _ in range(20):
        read = plain_input(np.ones((200, 20), np.float32), FLAT.astype(np.float32))
        logs = rng.normal(size=(200, 20))
        true = np.exp(logs - logs.max(1, keepdims=True))
        true /= true.sum(1, keepdims=True)
        truth = np.array([rng.choice(20, p=p) for p in true])
        cases.append((read, network_model.normalise(1.6 * logs), truth))
    temperatures = fit_temperatures(cases)
    assert temperatures.of_residues(cases[0][0]) == pytest.approx(1.6, abs=0.15)
    assert (np.delete(temperatures.values.ravel(), temperatures.values.argmax()) == 1).all()


def test_temperatures_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="temperatures"):
        Temperatures.from_rows([[1.0]])


def test_training_examples_are_possible_under_their_emission(proteins):
    codes = [encode(sequence) for _, sequence in proteins[:50]]
    offsets = np.concatenate([[0], np.cumsum([len(c) for c in codes])])
    data = PlainExamples(np.concatenate(codes), offsets, FLAT)
    for number in range(300):
        example = data.draw(np.random.default_rng(number))
        known = example.truth < 20
        places = np.flatnonzero(known)
        assert (example.input.emission[places, example.truth[places]] > 0).all()
        assert np.allclose(example.input.prior.sum(1), 1, atol=1e-5)
        assert (example.input.emission.max(1) == 1).all()


def test_the_emission_table_has_the_amino_acids_of_each_symbol():
    symbols = read_symbols(Readout("K[DE]"))
    table = emission_table(symbols)
    read = symbols.encode("KdX")
    letters = "ACDEFGHIKLMNPQRSTVWY"
    rows = ["".join(a for a, p in zip(letters, table[s], strict=True) if p) for s in read]
    assert rows == ["K", "DE", "ACFGHILMNPQRSTVWY"]
    assert scored_residues(table[read], encode("KDL")).tolist() == [False, True, True]
