"""Tables of pairs against the true pairs: how many are right, and how right their confidence is."""

import os
import shlex
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pepseq.errors import InputError, SettingsError, found, printable
from pepseq.evaluation.evaluate import check_paths
from pepseq.evaluation.pair_counts import PairCounts, SpeciesPair, count_correct
from pepseq.evaluation.provenance import read_run
from pepseq.io.atomic_files import disk_errors
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.run_record import run_record
from pepseq.io.tables import read_columns, read_rows, read_table
from pepseq.pairing.pairs import PAIR_COLUMNS, UNPAIRED_COLUMNS

NAMES = ("accuracy.tsv", "confidence.tsv", "pairing.png")
"""Every file of an evaluation of pairs."""

BANDS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)
"""Edges of the bands of confidence; the last band holds its upper edge."""


@dataclass(frozen=True)
class PairsEvaluated:
    """One table of pairs against the truth.

    bands: pairs made, and right ones, in each band of confidence; of pairs with a protein that is
    in a true pair, in species in which there is something to choose.
    """

    path: str
    method: str
    counts: PairCounts
    bands: list[tuple[int, int]]


@dataclass(frozen=True)
class _Table:
    """What `pair` wrote: confidences of the pairs it chose, known pairs, species of each protein.

    `species` is by family (A, B) and id.
    """

    made: dict[SpeciesPair, float]
    known: set[SpeciesPair]
    species: dict[tuple[str, str], str]


def evaluate_pairs(
    truth: str | Path,
    pairs: Sequence[str | Path],
    output: str | Path,
    *,
    force: bool = False,
) -> list[PairsEvaluated]:
    """Compare tables that `pair` wrote with the true pairs.

    `truth` is a table with the columns protein_a and protein_b. `<pairs>.unpaired.tsv` must lie
    beside each table; the method is taken from its run record, if that is there. `output` becomes a
    folder of tables and a figure.

    Raises SettingsError, InputError (also for a true protein that no family has, and for a true
    pair of two species), OutputError and TryAgainError.
    """
    started = time.time()
    if not pairs:
        raise SettingsError("expected a table of pairs or more, found none")
    for path in pairs:
        if str(path) == STDIO:
            raise SettingsError("pairs: expected files, found - (stdin)")
    inputs = [truth, *pairs, *(f"{path}.unpaired.tsv" for path in pairs)]
    output = check_paths(output, inputs, force, NAMES, "an evaluation of pairs")
    _refuse_swapped(truth, pairs, output)
    lines = list(read_table(truth, PAIR_COLUMNS[1:3]))
    done = [_evaluate(path, truth, lines) for path in pairs]
    with Outputs() as outputs, disk_errors(output):
        _write(outputs.folder(output, "evaluation of pairs", force), done)
        settings = {"truth": truth, "pairs": [str(path) for path in pairs]}
        outputs.record(output, run_record("evaluate-pairs", settings, inputs, started))
    return done


def _refuse_swapped(truth: str | Path, pairs: Sequence[str | Path], output: Path) -> None:
    """Raise InputError if `pair` wrote TRUTH, or if TRUTH has its columns and PAIRS have not."""
    written = read_run(truth).get("command") == "pair"
    if not written:
        if str(truth) == STDIO or not set(PAIR_COLUMNS) <= set(read_columns(truth)):
            return
        written = any(not set(PAIR_COLUMNS) <= set(read_columns(path)) for path in pairs)
    if written:
        other = [str(one) for one in pairs if read_run(one).get("command") != "pair"]
        words = [*(other[:1] or ["true_pairs.tsv"]), str(truth), "-o", str(output)]
        raise InputError(
            f"{truth}: expected the true pairs, found a table that pair wrote. TRUTH comes before "
            f"PAIRS: pepseq evaluate-pairs {shlex.join(words)}"
        )


def _evaluate(
    path: str | Path, truth: str | Path, lines: list[tuple[int, list[str]]]
) -> PairsEvaluated:
    table = _read(path)
    true = _true_pairs(table, path, truth, lines) - table.known
    fixed = Counter(one[0] for one in table.known)
    sizes = {
        name: tuple(count[family] - fixed[name] for family in "AB")
        for name, count in _sizes(table).items()
    }
    counts = count_correct(table.made, true, sizes)
    judged = {protein for one in true for protein in (("A", one[1]), ("B", one[2]))}
    bands = [[0, 0] for _ in BANDS[1:]]
    for pair, confidence in table.made.items():
        name, a, b = pair
        if max(sizes[name]) > 1 and judged & {("A", a), ("B", b)}:
            band = sum(confidence >= edge for edge in BANDS[1:-1])
            bands[band][0] += 1
            bands[band][1] += pair in true
    return PairsEvaluated(str(path), _method(path), counts, [tuple(band) for band in bands])


def _read(path: str | Path) -> _Table:
    made: dict[SpeciesPair, float] = {}
    known, species = set(), {}
    wanted = (*PAIR_COLUMNS[:4], "known")
    for line, (name, a, b, confidence, given) in read_table(path, wanted):
        try:
            share = float(confidence)
        except ValueError:
            share = -1
        if not 0 <= share <= 1 or given not in ("yes", "no"):
            raise InputError(
                f"{path}:{line}: expected a confidence from 0 to 1 and yes or no for known, found "
                f"{found(confidence)} and {found(given)}"
            )
        for family, protein in (("A", a), ("B", b)):
            if species.setdefault((family, protein), name) != name:
                raise InputError(f"{path}:{line}: expected {found(protein)} in one species")
        if given == "yes":
            known.add((name, a, b))
        else:
            made[name, a, b] = share
    beside = f"{path}.unpaired.tsv"
    if not os.path.isfile(beside):
        raise InputError(
            f"{path}: expected {Path(beside).name} beside it, in which pair lists the proteins "
            "without a pair, found none: keep both files of pair together, under one name"
        )
    if missing := set(UNPAIRED_COLUMNS) - set(read_columns(beside)):
        raise InputError(f"{beside}:1: expected a column {min(missing)}, found none")
    for row in read_rows(beside):
        if row["species"]:
            species[row["family"], row["protein"]] = row["species"]
    return _Table(made, known, species)


def _sizes(table: _Table) -> dict[str, Counter]:
    sizes: dict[str, Counter] = {}
    for (family, _), name in table.species.items():
        sizes.setdefault(name, Counter())[family] += 1
    return sizes


def _true_pairs(
    table: _Table, path: str | Path, truth: str | Path, lines: list[tuple[int, list[str]]]
) -> set[SpeciesPair]:
    true = set()
    for line, (a, b) in lines:
        names = []
        for family, protein in (("A", a), ("B", b)):
            if (family, protein) not in table.species:
                raise InputError(
                    f"{truth}:{line}: expected a protein of family {family} in {path} or its "
                    f"{Path(path).name}.unpaired.tsv, with a species, found {found(protein)}"
                )
            names.append(table.species[family, protein])
        if names[0] != names[1]:
            raise InputError(
                f"{truth}:{line}: expected two proteins of one species, found {found(a)} of "
                f"{found(names[0])} and {found(b)} of {found(names[1])}"
            )
        true.add((names[0], a, b))
    return true


def _method(path: str | Path) -> str:
    """Return the method as the run record says it, "" if there is none."""
    try:
        return printable(str(read_run(path)["settings"]["method"]))
    except (KeyError, TypeError):
        return ""


def accuracy_rows(done: Sequence[PairsEvaluated]) -> list[dict[str, str | int | float | None]]:
    """Return the rows of accuracy.tsv: shares in percent of true pairs, None if there is none."""
    return [
        {
            "pairs": one.path,
            "method": one.method,
            "species": one.counts.species,
            "true_pairs": one.counts.true,
            "correct": one.counts.correct,
            "accuracy": _percent(one.counts.correct, one.counts.true),
            "chance": _percent(one.counts.chance, one.counts.true),
        }
        for one in done
    ]


def _percent(part: float, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _write(folder: Path, done: list[PairsEvaluated]) -> None:
    from pepseq.evaluation.comparison_figures import draw_pair_accuracy
    from pepseq.evaluation.figure_style import save_png
    from pepseq.evaluation.tables import write_rows

    rows = accuracy_rows(done)
    write_rows(folder / "accuracy.tsv", rows)
    write_rows(
        folder / "confidence.tsv",
        [
            {
                "pairs": one.path,
                "from": low,
                "to": high,
                "made": made,
                "correct": correct,
                "accuracy": _percent(correct, made),
            }
            for one in done
            for (low, high), (made, correct) in zip(pairwise(BANDS), one.bands, strict=True)
        ],
    )
    save_png(
        folder / "pairing.png",
        draw_pair_accuracy,
        [row["method"] or Path(row["pairs"]).name for row in rows],
        [row["accuracy"] for row in rows],
        [row["chance"] for row in rows],
    )
