"""Evaluation of tables of pairs: how many are right, and how reliable their confidence is."""

import os
import shlex
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pepseq.errors import InputError, SettingsError, printable, quoted
from pepseq.evaluation.config import PNG, check_figure_formats, figure_files
from pepseq.evaluation.metrics import percent
from pepseq.evaluation.pair_counts import PairCounts, SpeciesPair, count_correct
from pepseq.io.atomic_files import disk_errors
from pepseq.io.files import list_paths
from pepseq.io.json_files import read_run_record
from pepseq.io.output_folder import check_output_folder
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.run_record import run_record
from pepseq.io.tables import read_columns, read_rows, read_table
from pepseq.pairing.pairs import PAIR_COLUMNS, UNPAIRED_COLUMNS

PAIR_EVALUATION_FILES = ("accuracy.tsv", "confidence.tsv", *figure_files(["pairing"]))
"""Every file of an evaluation of pairs."""

BANDS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)
"""Edges of the bands of confidence; the last band holds its upper edge."""


TrueLines = Sequence[tuple[int, list[str]]]
"""Lines of the table of true pairs: number, proteins of A and of B."""


@dataclass(frozen=True)
class PairEvaluation:
    """One table of pairs against the truth.

    bands: pairs made, and right ones, in each band of confidence; of pairs with a protein that is
    in a true pair, in species in which there is something to choose.
    """

    path: str
    method: str
    counts: PairCounts
    bands: list[tuple[int, int]]

    def confidence_rows(self) -> list[dict[str, object]]:
        """Return the rows of confidence.tsv: one for each band."""
        return [
            {"pairs": self.path, "from": low, "to": high, "made": made, "correct": correct}
            | {"accuracy": percent(correct, made)}
            for (low, high), (made, correct) in zip(pairwise(BANDS), self.bands, strict=True)
        ]

    def accuracy_row(self) -> dict[str, str | int | float | None]:
        """Return the row of accuracy.tsv: shares in percent of true pairs, None without any."""
        return {
            "pairs": self.path,
            "method": self.method,
            "species": self.counts.species,
            "true_pairs": self.counts.true,
            "correct": self.counts.correct,
            "accuracy": percent(self.counts.correct, self.counts.true),
            "chance": percent(self.counts.chance, self.counts.true),
        }


@dataclass(frozen=True)
class _PairTable:
    """What `pair` wrote: confidences of the pairs it chose, known pairs, species of each protein.

    `species` is by family (A, B) and id.
    """

    confidences: dict[SpeciesPair, float]
    known: set[SpeciesPair]
    species: dict[tuple[str, str], str]

    def free_sizes(self) -> dict[str, tuple[int, int]]:
        """Return how many proteins each species has in A and in B that are in no known pair."""
        counts = Counter((name, family) for (family, _), name in self.species.items())
        known = Counter(pair.species for pair in self.known)
        return {
            name: (counts[name, "A"] - known[name], counts[name, "B"] - known[name])
            for name in dict.fromkeys(self.species.values())
        }


def evaluate_pairs(
    truth: str | Path,
    pairs: Sequence[str | Path],
    output: str | Path,
    *,
    figures: Sequence[str] = PNG,
    force: bool = False,
) -> list[PairEvaluation]:
    """Compare tables that `pair` wrote with the true pairs.

    `truth` is a table with the columns protein_a and protein_b. `<pairs>.unpaired.tsv` must lie
    beside each table; the method is taken from its run record, if that is there. `output` becomes a
    folder of tables and a figure; `figures` are its formats: png, svg, pdf.

    Raises SettingsError, InputError (also for a true protein that no family has, and for a true
    pair of two species), OutputError and TryAgainError.
    """
    started = time.time()
    formats = check_figure_formats(figures)
    pairs = list_paths(pairs, "pairs", required=True)
    for path in pairs:
        if str(path) == STDIO:
            raise SettingsError("pairs: expected files, found - (stdin)")
    inputs = [truth, *pairs, *(f"{path}.unpaired.tsv" for path in pairs)]
    name = "an evaluation of pairs"
    output = check_output_folder(output, inputs, force, PAIR_EVALUATION_FILES, name)
    _refuse_swapped(truth, pairs, output)
    lines = list(read_table(truth, PAIR_COLUMNS[1:3]))
    evaluations = [_evaluate_table(path, truth, lines) for path in pairs]
    with Outputs() as outputs, disk_errors(output):
        folder = outputs.folder(output, "evaluation of pairs", force)
        _write_evaluations(folder, evaluations, formats)
        settings = {"truth": truth, "pairs": [str(path) for path in pairs]}
        outputs.record(output, run_record("evaluate-pairs", settings, inputs, started))
    return evaluations


def _refuse_swapped(truth: str | Path, pairs: Sequence[str | Path], output: Path) -> None:
    """Raise InputError if `pair` wrote TRUTH, or if TRUTH has its columns and PAIRS have not."""
    written = _is_by_pair(truth)
    if not written:
        if str(truth) == STDIO or not set(PAIR_COLUMNS) <= set(read_columns(truth)):
            return
        written = any(not set(PAIR_COLUMNS) <= set(read_columns(path)) for path in pairs)
    if written:
        not_by_pair = [str(path) for path in pairs if not _is_by_pair(path)]
        words = [*(not_by_pair[:1] or ["true_pairs.tsv"]), str(truth), "-o", str(output)]
        raise InputError(
            f"{truth}: expected the true pairs, found a table that pair wrote. TRUTH comes before "
            f"PAIRS: pepseq evaluate-pairs {shlex.join(words)}"
        )


def _is_by_pair(table: str | Path) -> bool:
    return bool(read_run_record(table).get("command") == "pair")


def _evaluate_table(path: str | Path, truth: str | Path, lines: TrueLines) -> PairEvaluation:
    table = _read_pairs(path)
    true = _true_pairs(table, path, truth, lines) - table.known
    sizes = table.free_sizes()
    counts = count_correct(table.confidences, true, sizes)
    judged = {protein for pair in true for protein in (("A", pair.a), ("B", pair.b))}
    made, right = ([0] * (len(BANDS) - 1) for _ in range(2))
    for pair, confidence in table.confidences.items():
        if max(sizes[pair.species]) > 1 and judged & {("A", pair.a), ("B", pair.b)}:
            band = sum(confidence >= edge for edge in BANDS[1:-1])
            made[band] += 1
            right[band] += pair in true
    return PairEvaluation(str(path), _method(path), counts, list(zip(made, right, strict=True)))


def _read_pairs(path: str | Path) -> _PairTable:
    confidences: dict[SpeciesPair, float] = {}
    known: set[SpeciesPair] = set()
    species: dict[tuple[str, str], str] = {}
    columns = (*PAIR_COLUMNS[:4], "known")
    for line, (name, a, b, confidence, given) in read_table(path, columns):
        try:
            share = float(confidence)
        except ValueError:
            share = -1
        if not 0 <= share <= 1 or given not in ("yes", "no"):
            raise InputError(
                f"{path}:{line}: expected a confidence from 0 to 1 and yes or no for known, found "
                f"{quoted(confidence)} and {quoted(given)}"
            )
        for family, protein in (("A", a), ("B", b)):
            if species.setdefault((family, protein), name) != name:
                raise InputError(f"{path}:{line}: expected {quoted(protein)} in one species")
        if given == "yes":
            known.add(SpeciesPair(name, a, b))
        else:
            confidences[SpeciesPair(name, a, b)] = share
    species |= _read_unpaired(path)
    return _PairTable(confidences, known, species)


def _read_unpaired(path: str | Path) -> dict[tuple[str, str], str]:
    """Return the species of the unpaired proteins beside a table of pairs, by family and id."""
    beside = f"{path}.unpaired.tsv"
    if not os.path.isfile(beside):
        raise InputError(
            f"{path}: expected {Path(beside).name} beside it, in which pair lists the proteins "
            "without a pair, found none: keep both files of pair together, under one name"
        )
    if missing := set(UNPAIRED_COLUMNS) - set(read_columns(beside)):
        raise InputError(f"{beside}:1: expected a column {min(missing)}, found none")
    return {
        (row["family"], row["protein"]): row["species"]
        for row in read_rows(beside)
        if row["species"]
    }


def _true_pairs(
    table: _PairTable, path: str | Path, truth: str | Path, lines: TrueLines
) -> set[SpeciesPair]:
    true: set[SpeciesPair] = set()
    for line, (a, b) in lines:
        names = []
        for family, protein in (("A", a), ("B", b)):
            if (family, protein) not in table.species:
                raise InputError(
                    f"{truth}:{line}: expected a protein of family {family} in {path} or its "
                    f"{Path(path).name}.unpaired.tsv, with a species, found {quoted(protein)}"
                )
            names.append(table.species[family, protein])
        if names[0] != names[1]:
            raise InputError(
                f"{truth}:{line}: expected two proteins of one species, found {quoted(a)} of "
                f"{quoted(names[0])} and {quoted(b)} of {quoted(names[1])}"
            )
        true.add(SpeciesPair(names[0], a, b))
    return true


def _method(path: str | Path) -> str:
    """Return the method as the run record says it, "" if there is none."""
    try:
        return printable(str(read_run_record(path)["settings"]["method"]))
    except (KeyError, TypeError):
        return ""


def _write_evaluations(
    folder: Path, evaluations: Sequence[PairEvaluation], formats: Sequence[str]
) -> None:
    from pepseq.evaluation.comparison_figures import draw_pair_accuracy
    from pepseq.evaluation.figure_style import save_figures
    from pepseq.evaluation.tables import write_rows

    write_rows(folder / "accuracy.tsv", [evaluation.accuracy_row() for evaluation in evaluations])
    write_rows(folder / "confidence.tsv", [row for e in evaluations for row in e.confidence_rows()])
    names = [evaluation.method or Path(evaluation.path).name for evaluation in evaluations]
    correct = [percent(e.counts.correct, e.counts.true) for e in evaluations]
    chance = [percent(e.counts.chance, e.counts.true) for e in evaluations]
    save_figures(folder / "pairing", formats, draw_pair_accuracy, names, correct, chance)
