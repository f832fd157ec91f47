"""The processes of one run, as torchrun starts them: what the first does, and who reports an error.

Imports nothing heavy.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from pepseq.errors import (
    LostProcessError,
    PepseqError,
    SettingsError,
    StoppedError,
    TryAgainError,
)
from pepseq.processes.signals import Stop

if TYPE_CHECKING:
    import torch

T = TypeVar("T")
_STORE_TIMEOUT = timedelta(seconds=10)
_LOST_CONNECTION = (
    *("Connection closed by peer", "Connection reset by peer", "Broken pipe", "Timed out"),
)


def is_first_process() -> bool:
    """Return whether this is the process that writes files and messages."""
    return os.environ.get("RANK", "0") == "0"


def local_process() -> int:
    """Return the number of this process on its machine, from 0."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def check_gpu_of_process(device: "torch.device") -> None:
    """Raise SettingsError if a machine has more processes than GPUs: each needs its own."""
    import torch

    process, gpus = local_process(), torch.cuda.device_count()
    if device.type == "cuda" and process >= gpus:
        raise SettingsError(
            f"process {process + 1} on this machine: expected a GPU for each process, found {gpus}"
        )


def broadcast_from_first(value: T) -> T:
    """Return the value of the first process in all processes."""
    import torch
    from accelerate.utils import broadcast_object_list

    if not torch.distributed.is_initialized():
        return value
    return broadcast_object_list([value])[0]


def is_lost_connection(error: RuntimeError) -> bool:
    """Return whether an error means that another process of this run has ended."""
    import torch

    if not torch.distributed.is_initialized():
        return False
    known = any(words in str(error) for words in _LOST_CONNECTION)
    return known or isinstance(error, torch.distributed.DistError)


@contextmanager
def errors_reported_once() -> Iterator[None]:
    """Let one process of a run raise its error; the others exit silently with their exit code.

    The process that fails first raises. Others fail later, because they lost the connection to it
    or because torchrun sends them a SIGTERM.
    """
    try:
        yield
    except (PepseqError, Stop) as error:
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # this process is about to end
            if not _may_report(error):
                sys.exit(getattr(error, "exit_code", TryAgainError.exit_code))
        raise


def _may_report(error: PepseqError | Stop) -> bool:
    """Return whether no process of this run has failed before, by a counter in the shared store.

    Without a store, every process reports errors of its own, and the first process all errors. A
    signal before the training is reported by the first process.
    """
    if isinstance(error, Stop) and not is_first_process():
        return False
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    try:
        return _shared_store().add(f"pepseq/failed processes/{attempt}", 1) == 1
    except (RuntimeError, LookupError, ValueError):
        return is_first_process() or not isinstance(error, StoppedError | LostProcessError)


def _shared_store() -> "torch.distributed.Store":
    """Return the store of torchrun, which outlives the processes, or that of the process group."""
    import torch

    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
        return torch.distributed.TCPStore(
            os.environ["MASTER_ADDR"],
            int(os.environ["MASTER_PORT"]),
            is_master=False,
            timeout=_STORE_TIMEOUT,
        )
    return torch.distributed.distributed_c10d._get_default_store()
