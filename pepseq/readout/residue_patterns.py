"""Patterns of labels with known gaps, in the notation of PROSITE: `K-x(2)-C`."""

import math
import re
from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pepseq.errors import InputError, quoted
from pepseq.io.checked_tables import read_checked_table
from pepseq.io.failures import FailedRecord, refuse_in_memory
from pepseq.readout.label_probabilities import WeightedRead
from pepseq.readout.readout import Readout

PATTERN_COLUMNS = ("id", "pattern")
MAX_VARIANTS = 64
"""Most combinations of lengths of gaps that a pattern may have."""
MAX_RESIDUES = 50_000
"""Most residues of a pattern, as of a read that is compared with a reference."""
_ELEMENT = re.compile(r"(?:([A-Zx])|\[([A-Z]+)\]|\{([A-Z]+)\})(?:\((\d{1,6})(?:,(\d{1,6}))?\))?")


def parse_pattern(text: str, readout: Readout) -> list[NDArray[np.float64]]:
    """Return the symbols that a pattern allows: an array for each combination of its gaps.

    Arrays are float64 (length, labels + 1), 1 for each symbol that a residue may be reported with
    and else 0; symbols are the readout's single amino acids, its groups, and last no label. `K` is
    a residue with this label, `[KC]` with one of these, `{KC}` with another one or none, and `x`
    any residue. `(2)` repeats an element, `(2,4)` from 2 to 4 times; a dot at the end is allowed. A
    group of the readout is written as such: `[DE]`.

    Raises InputError for a text that is no such pattern, amino acids that the readout does not
    identify, a pattern that says nothing, and more than MAX_VARIANTS combinations.

    >>> [variant.tolist() for variant in parse_pattern("K-x(0,1)-{C}", Readout("KC"))]
    [[[1.0, 0.0, 0.0], [1.0, 0.0, 1.0]], [[1.0, 0.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 1.0]]]
    """
    elements = [_parse_element(part, text, readout) for part in _split(text)]
    if not any(allowed.min() == 0 and last for allowed, _, last in elements):
        raise InputError(f"pattern {quoted(text)}: expected a label, found only gaps")
    variants = math.prod(last - first + 1 for _, first, last in elements)
    if variants > MAX_VARIANTS:
        raise InputError(
            f"pattern {quoted(text)}: expected at most {MAX_VARIANTS} combinations of lengths, "
            f"found {variants:,}"
        )
    if sum(last for _, _, last in elements) > MAX_RESIDUES:
        raise InputError(
            f"pattern {quoted(text)}: expected at most {MAX_RESIDUES:,} residues, found more"
        )
    choices = (
        [np.tile(allowed, (number, 1)) for number in range(first, last + 1)]
        for allowed, first, last in elements
    )
    return [np.concatenate(parts) for parts in product(*choices)]


def read_patterns(
    given: Any, readout: Readout, bad: list[FailedRecord] | None = None
) -> list[WeightedRead]:
    """Return the reads of patterns, see `parse_pattern`.

    `given`: a table with the columns `id` and `pattern` (a file or a DataFrame), a list of patterns
    (ids 1, 2, 3 and so on), or a mapping of ids to patterns. Patterns that cannot be read, and
    repeated ids, are added to `bad`; without it, the first raises InputError.
    """
    if isinstance(given, Mapping):
        given = list(given.items())
    if isinstance(given, list | tuple):
        import pandas as pd

        pairs = [
            (str(number), pattern) if isinstance(pattern, str) else pattern
            for number, pattern in enumerate(given, 1)
        ]
        given = pd.DataFrame(pairs, columns=list(PATTERN_COLUMNS), dtype=object)
    cells = read_checked_table(given, "reads", PATTERN_COLUMNS, ())
    reads, seen = [], set()
    faults: list[FailedRecord] = []
    for row, (name, text) in enumerate(zip(cells.texts("id"), cells.texts("pattern"), strict=True)):
        file, _, line = cells.place(row).rpartition(":")
        number = int(line.removeprefix(" row"))
        try:
            if name in seen:
                raise InputError("this id occurs twice")
            reads.append(WeightedRead(name, number, parse_pattern(text, readout)))
            seen.add(name)
        except InputError as error:
            faults.append(FailedRecord(file, number, name, str(error)))
    if bad is None:
        refuse_in_memory(faults)
    else:
        bad += faults
    return reads


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.strip().removesuffix(".").split("-")]


def _parse_element(part: str, text: str, readout: Readout) -> tuple[NDArray[np.float64], int, int]:
    """Return the symbols that an element allows, and how often it occurs at least and at most."""
    where = f"pattern {quoted(text)}: "
    found = _ELEMENT.fullmatch(part)
    if found is None:
        hint = "; give the ends of a peptide by --kind" if set("<>") & set(part) else ""
        raise InputError(
            f"{where}expected elements such as K, x(2), x(2,4), [DE] or {{P}} with - between them, "
            f"found {quoted(part)}{hint}"
        )
    single, any_of, none_of, low, high = found.groups()
    first = 1 if low is None else int(low)
    last = first if high is None else int(high)
    if first > last:
        raise InputError(f"{where}{part}: expected the smaller number first")
    labels = [*readout.observed, *readout.groups]
    allowed = np.zeros((1, len(labels) + 1))
    if single == "x":
        return allowed + 1, first, last
    members = set(single or any_of or none_of)
    for symbol, label in enumerate(labels):
        if members >= set(label):
            allowed[0, symbol] = 1
            members -= set(label)
    if members:
        raise InputError(
            f"{where}{quoted(min(members))} in {part} is no label of the readout {readout}"
        )
    return (1 - allowed if none_of else allowed), first, last
