"""Copies of each protein in a simulated sample: given in a table, or drawn."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.tables import read_table
from pepseq.quantification.simulation_config import EQUAL, LOGNORMAL, SimulateConfig

MAX_LOGNORMAL = 50.0
_COPIES_STREAM, _PRESENT_STREAM = 1, 2
"""Numbers of the generators; 0 is that of the reads."""


def draw_copies(ids: Sequence[str], config: SimulateConfig, given: Any | None = None) -> np.ndarray:
    """Return the copies of each protein, float64 of shape (proteins,); 0 for one that is absent.

    `given` replaces `config.abundance`: a mapping of ids to copies, or a DataFrame with the columns
    protein and copies. Proteins that it, or a table, does not list are absent. With `present`, so
    many proteins are drawn, of those that are not absent already. Raises InputError for faulty
    copies, SettingsError.
    """
    sigma = lognormal_sigma(config.abundance)
    if given is not None:
        copies = collect_copies("copies", items(given, "copies"), ids)
    elif sigma is not None:
        normal = _generator(config.seed, _COPIES_STREAM).standard_normal(len(ids))
        copies = np.exp(sigma * normal)
    else:
        path = config.abundance
        table = read_table(path, ("protein", "copies"))
        rows = ((f"{path}:{line}", name, text) for line, (name, text) in table)
        copies = collect_copies(path, rows, ids)
    if config.present is None:
        return copies
    candidates = np.flatnonzero(copies)
    if config.present > len(candidates):
        raise SettingsError(
            f"present: expected at most {len(candidates):,}, the number of proteins with copies, "
            f"found {config.present:,}"
        )
    generator = _generator(config.seed, _PRESENT_STREAM)
    drawn = generator.choice(candidates, config.present, replace=False)
    return np.where(np.isin(np.arange(len(ids)), drawn), copies, 0.0)


def lognormal_sigma(abundance: str) -> float | None:
    """Return the S of `lognormal:S`, 0 of `equal`, None of a path; SettingsError for a wrong S."""
    if abundance == EQUAL:
        return 0.0
    if not abundance.startswith(LOGNORMAL):
        return None
    text = abundance.removeprefix(LOGNORMAL)
    sigma = _number(text)
    if sigma is None or not 0 <= sigma <= MAX_LOGNORMAL:
        raise SettingsError(
            f"abundance: expected {LOGNORMAL}S with S from 0 to {MAX_LOGNORMAL:g}, "
            f"found {quoted(abundance)}"
        )
    return sigma


def items(given: Any, source: str) -> Iterator[tuple[str, str, object]]:
    """Yield place, id and copies of a mapping or a DataFrame, an argument called `source`."""
    if hasattr(given, "columns"):
        if missing := [name for name in ("protein", "copies") if name not in given.columns]:
            raise InputError(f"{source}: the DataFrame has no column {missing[0]}")
        pairs = zip(given["protein"], given["copies"], strict=True)
    elif hasattr(given, "items"):
        pairs = given.items()
    else:
        raise InputError(
            f"{source}: expected a mapping of ids to copies or a DataFrame with the columns "
            f"protein and copies, found {type(given).__name__}"
        )
    yield from (
        (f"{source}:{place}", str(name), value) for place, (name, value) in enumerate(pairs, 1)
    )


def collect_copies(
    source: str, rows: Iterable[tuple[str, str, object]], ids: Sequence[str]
) -> np.ndarray:
    """Return the copies of each protein from rows of (place, id, copies)."""
    places = {name: place for place, name in enumerate(ids)}
    copies = np.zeros(len(ids))
    rows_of_ids: dict[str, str] = {}
    for where, name, given in rows:
        if name not in places:
            raise InputError(f"{where}: {quoted(name)} is no id of the proteins")
        if name in rows_of_ids:
            raise InputError(f"{where}: {quoted(name)} occurs in {rows_of_ids[name]} too")
        value = _number(given)
        if value is None or value < 0:
            raise InputError(
                f"{where}: copies of {quoted(name)}: expected a number of 0 or more, "
                f"found {quoted(str(given))}"
            )
        rows_of_ids[name] = where
        copies[places[name]] = value
    if not copies.any():
        raise InputError(f"{source}: expected copies above 0 of at least one protein, found none")
    with np.errstate(over="ignore"):
        total = copies.sum()
    if not math.isfinite(total):
        raise InputError(f"{source}: the sum of all copies is too large")
    return copies


def _number(value: Any) -> float | None:
    """Return a finite number, None for anything else."""
    if isinstance(value, str) and not (value.isascii() and "_" not in value):
        return None
    try:
        number = float(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _generator(seed: int, stream: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(stream,)))
