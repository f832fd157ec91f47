"""Values outside the bounds of settings, and of another type, are errors of the settings."""

import inspect
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
        (
            "SplitConfig",
            {"fractions": "abc"},
            "fractions: expected three shares (train, validation, test) that sum to 1",
        ),
        ("SplitConfig", {"max_proteins": 5}, "max_proteins: expected three whole numbers"),
        ("SplitConfig", {"seed": -1}, "seed: expected 0 or more and 4294967295 or less, found -1"),
        ("FinetuneConfig", {"epochs": math.inf}, "epochs: expected 0 or more, found inf"),
        ("SplitConfig", {"max_proteins": (5, math.nan, 5)}, "max_proteins: expected three whole"),
        ("FinetuneConfig", {"warmup": 10**400}, "warmup: expected a number below 2**63"),
        ("FinetuneConfig", {"patience": 2**63}, "patience: expected a number below 2**63"),
        ("FinetuneConfig", {"gradient_checkpointing": "no"}, "gradient_checkpointing: expected Tr"),
        ("FoldConfig", {"engine": None}, "engine: expected a text, found 'None'"),
        ("ScoreConfig", {"chain": b"A"}, "chain: expected a text, found \"b'A'\""),
        ("PredictConfig", {"mode": np.array([1, 2])}, "mode: expected one of auto, templates"),
        ("DownloadConfig", {"taxon": math.nan}, "taxon: expected a whole number or a text"),
        ("DownloadConfig", {"taxon": 1, "exclude_names": "ab"}, "exclude_names: expected a tuple"),
    ],
)
def test_a_wrong_value_is_named(config, values, words):
    with pytest.raises(SettingsError) as error:
        getattr(pepseq, config)(**values)
    assert str(error.value).startswith(words)


def test_numbers_of_numpy_are_numbers():
    config = pepseq.PredictConfig(min_confidence=np.float32(0.5), threads=np.int64(2))
    assert (type(config.threads), type(config.min_confidence)) == (int, float)
    assert type(pepseq.LookupConfig(dye_sequences=np.bool_(True)).dye_sequences) is bool


FUNCTIONS = {
    name: list(inspect.signature(getattr(pepseq, name)).parameters.values())
    for name in pepseq.__all__
    if inspect.isfunction(getattr(pepseq, name))
}


def call(name, **arguments):
    """Call a public function; parameters without a default that are not given are texts."""
    needed = {p.name: "none.fa" for p in FUNCTIONS[name] if p.default is p.empty}
    readout = {"readout": "K1"} if "readout" in needed else {}
    return getattr(pepseq, name)(**{**needed, **readout, **arguments})


@pytest.mark.parametrize(
    "name", [name for name, of in FUNCTIONS.items() if "config" in [p.name for p in of]]
)
@pytest.mark.parametrize("config", [{"threads": 1}, pepseq.Noise(), pepseq.PredictConfig])
def test_a_config_of_another_class_is_refused(name, config):
    with pytest.raises(SettingsError, match=r"^config: expected pepseq\.[A-Z]\w+Config, found"):
        call(name, config=config)


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        *(("mask", "proteins"), ("mask", "output"), ("split", "proteins"), ("split", "output")),
        *(("predict", "reads"), ("predict", "output"), ("predict", "reference")),
        *(("predict", "table"), ("lookup", "reads"), ("lookup", "reference"), ("merge", "shards")),
        *(("find_proteins", "reference"), ("pair", "family_a"), ("pair", "output")),
        *(("pair", "plot"), ("fold", "proteins"), ("fetch_structures", "ids")),
        *(("score", "model"), ("score", "output"), ("score", "sequences")),
        *(("finetune", "train"), ("finetune", "output"), ("reconstruct", "model")),
    ],
)
@pytest.mark.parametrize("path", [5, b"none.fa", {"none.fa": 1}])
def test_what_is_no_path_is_refused(name, parameter, path):
    with pytest.raises(SettingsError, match="expected a path, found"):
        call(name, **{parameter: path})


def test_a_readout_is_a_text():
    with pytest.raises(SettingsError, match="readout: expected a text such as KCYM, found '5'"):
        pepseq.Readout(5)
