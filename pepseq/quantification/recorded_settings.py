"""Settings that `quantify` recorded beside its tables, compared between samples."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pepseq.errors import InputError, printable
from pepseq.io.json_files import read_run_record

log = logging.getLogger(__name__)

_KINDS = {
    "dye_sequences": "dye sequences",
    "scores": "scores",
    "probabilities": "probabilities of labels",
    "patterns": "patterns",
}
_IN_CHANNELS = ("dye_sequences", "scores")
_RATES = ("error_scale", "missed_label", "misread", "errors", "confusion", "max_q")
_MAX_SHOWN, _MAX_TEXT = 5, 120
_NEXT_STEP = "run quantify on all samples with the same reference and settings"


@dataclass(frozen=True)
class RecordedSettings:
    """Settings of a table by name: those that must be equal in all samples, and error rates."""

    table: str
    required: dict[str, str]
    rates: dict[str, str] = field(default_factory=dict)


def check_same_settings(tables: Iterable[str | Path]) -> None:
    """Compare the run records beside tables of `quantify`; tables without one are not compared.

    Raises InputError if kind of reads, labels, digestion, cycles or reference differ. If error
    rates or `max_q` differ, a warning names them.
    """
    found = map(_recorded_settings, tables)
    recorded = [settings for settings in found if settings is not None]
    for other in recorded[1:]:
        if differing := _differences(recorded[0].required, other.required):
            raise InputError(
                f"{other.table}: quantified with other settings than {recorded[0].table} (run "
                f"records): {differing}; {_NEXT_STEP}"
            )
    for other in recorded[1:]:
        if differing := _differences(recorded[0].rates, other.rates):
            log.warning(
                "%s: quantified with other settings than %s (run records): %s",
                *(other.table, recorded[0].table, differing),
            )


def _recorded_settings(table: str | Path) -> RecordedSettings | None:
    """Return the settings in the run record of a table of `quantify`, None without one."""
    record = read_run_record(table)
    settings = record.get("settings")
    if record.get("command") != "quantify" or not isinstance(settings, dict):
        return None
    kind = next((name for name in _KINDS if settings.get(name) is True), None)
    required = {"reads": "whole peptides" if kind is None else _KINDS[kind]}
    names = ["labels" if kind in _IN_CHANNELS else "readout", "digestion", "cycles"]
    required |= _flat(settings, [name for name in names if name in settings])
    if files := _reference_files(settings.get("reference")):
        required["reference"] = files
    rates = _flat(settings, _RATES)
    rates["confusion matrix"] = "given" if settings.get("confusion") else "none"
    return RecordedSettings(str(table), required, rates)


def _reference_files(reference: Any) -> str:
    """Return names and checksums of the files of a reference, sorted by checksum."""
    try:
        files = sorted((file["sha256"], Path(file["path"]).name) for file in reference["files"])
        return ", ".join(f"{name} (SHA-256 {sha256[:12]})" for sha256, name in files)
    except (KeyError, TypeError):
        return ""


def _flat(settings: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """Return values as text by name; those inside a value by the names on the way to them.

    >>> _flat({"errors": {"dud": [0.1, 0.2]}, "cycles": None}, ["errors", "cycles"])
    {'errors dud': '[0.1, 0.2]', 'cycles': 'none'}
    """
    flat: dict[str, str] = {}
    for name in names:
        value = settings.get(name)
        if isinstance(value, dict) and value:
            flat |= {f"{name} {inner}": text for inner, text in _flat(value, value).items()}
        else:
            flat[name] = "none" if value is None else str(value)
    return flat


def _differences(first: Mapping[str, str], other: Mapping[str, str]) -> str:
    """Return which settings that both have differ, with both values; "" if none does.

    >>> _differences({"cycles": "9", "labels": "C"}, {"cycles": "8"})
    'cycles 8, not 9'
    """
    differing = [
        f"{name.replace('_', ' ')} {_shown(other[name])}, not {_shown(value)}"
        for name, value in first.items()
        if other.get(name, value) != value
    ]
    more = len(differing) - _MAX_SHOWN
    return "; ".join(differing[:_MAX_SHOWN]) + (f"; {more} more" if more > 0 else "")


def _shown(value: str) -> str:
    return printable(value if len(value) <= _MAX_TEXT else value[:_MAX_TEXT] + "...")
