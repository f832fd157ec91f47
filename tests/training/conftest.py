"""Sixty real proteins to train with, ten others to validate with."""

import pytest
from training_runs import write_proteins


@pytest.fixture
def data(proteins, tmp_path):
    """Paths of training and validation proteins."""
    return write_proteins(tmp_path, proteins)


@pytest.fixture
def train(data):
    """The training proteins."""
    return data[0]


@pytest.fixture
def validation(data):
    """The validation proteins."""
    return data[1]
