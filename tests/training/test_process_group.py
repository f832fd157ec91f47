"""Errors of several processes are reported once."""

import pytest
from torch.distributed import TCPStore

from pepseq.errors import InputError, LostProcessError
from pepseq.processes.signals import Stop
from pepseq.training.process_group import errors_reported_once


@pytest.fixture
def process(monkeypatch):
    """Return a function that lets one of two processes of a run fail with an error."""
    monkeypatch.setattr("signal.signal", lambda *arguments: None)
    monkeypatch.setenv("WORLD_SIZE", "2")

    def fail(number, error):
        monkeypatch.setenv("RANK", str(number))
        with errors_reported_once():
            raise error

    return fail


@pytest.fixture
def store(monkeypatch):
    """The store of torchrun."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", "True")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", str(store.port))
    return store


@pytest.mark.parametrize("first", [0, 1])
def test_the_process_that_fails_first_reports(process, store, first):
    with pytest.raises(InputError):
        process(first, InputError("damaged"))
    with pytest.raises(SystemExit) as end:
        process(1 - first, LostProcessError("lost"))
    assert end.value.code == 75


def test_a_process_that_torchrun_stops_is_silent(process, store):
    with pytest.raises(InputError):
        process(1, InputError("damaged"))
    with pytest.raises(SystemExit) as end:
        process(0, Stop(15))
    assert end.value.code == 75


def test_each_attempt_of_torchrun_reports(process, store, monkeypatch):
    for attempt in range(2):
        monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", str(attempt))
        with pytest.raises(InputError):
            process(0, InputError("damaged"))


def test_without_a_store_a_lost_process_is_silent(process):
    with pytest.raises(InputError):
        process(1, InputError("damaged"))
    with pytest.raises(SystemExit):
        process(1, LostProcessError("lost"))


def test_a_single_process_raises_its_errors(process, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "1")
    with pytest.raises(InputError):
        process(0, InputError("damaged"))
