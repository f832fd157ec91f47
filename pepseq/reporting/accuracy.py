"""What the sections about reads, accuracy and comparisons show."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pepseq.errors import SettingsError
from pepseq.evaluation.identity import WITHOUT_IDENTICAL
from pepseq.io.tables import Row
from pepseq.readout.readout import Readout
from pepseq.reporting import figures
from pepseq.reporting.predicted_proteins import OBSERVED
from pepseq.reporting.provenance import network, reference_proteins
from pepseq.reporting.results import EvaluationFolder, NamedTable, RecordedRun, Results
from pepseq.reporting.values import distinct_names, nested, number, shown, total
from pepseq.sequences.residues import AMINO_ACIDS

_RATES = ("missed_label", "misread", "lost_cycle", "extra_cycle")


def observed_and_hidden(results: Results) -> dict[str, Any] | None:
    """Return the readouts, and how many residues of each result are hidden."""
    rows = []
    for table in results.predictions:
        readout = table.run.setting("readout") if table.run else None
        readout = readout or nested(table.evaluation, "summary.readout")
        observed = sum(protein.digits.count(OBSERVED) for protein in table.proteins)
        counts = (len(table.proteins), observed, sum(p.hidden for p in table.proteins))
        rows.append(_row(table.name, readout, counts, table.run))
    listed = [table.evaluation for table in results.predictions]
    for evaluation in results.evaluations.values():
        if evaluation not in listed:
            keys = ("proteins.scored", "residues.observed", "residues.hidden")
            totals = [int(number(nested(evaluation.summary, key)) or 0) for key in keys]
            readout = evaluation.summary.get("readout")
            rows.append(_row(evaluation.name, readout, totals, evaluation.predicted_by))
    readouts = [row["readout"] for row in rows]
    readouts += [run.setting("readout") for run in results.runs.values()]
    named = dict.fromkeys(text for text in readouts if isinstance(text, str))
    strips = [strip for text in named if (strip := _strip(text))]
    errors = [text for run in results.runs.values() if (text := _sequencing_errors(run))]
    return {"strips": strips, "rows": rows, "errors": errors} if strips or rows else None


def _row(name: str, readout: object, counts: Sequence[int], run: RecordedRun | None) -> dict:
    """Return a row from counts of proteins, observed and hidden residues."""
    proteins, observed, hidden = counts
    share = 100 * hidden / (observed + hidden) if observed + hidden else None
    row = {"name": name, "readout": readout, "proteins": proteins, "residues": observed + hidden}
    row |= {"observed": observed, "hidden": hidden, "share": share}
    return row | {"reference": reference_proteins(run), "network": network(run)}


def _strip(text: str) -> dict[str, Any] | None:
    """Return a readout, and for each amino acid whether it is observed, in a group or hidden."""
    try:
        readout = Readout(text)
    except SettingsError:
        return None
    kinds = dict.fromkeys(AMINO_ACIDS, "hidden") | dict.fromkeys("".join(readout.groups), "group")
    return {"readout": readout, "kinds": kinds | dict.fromkeys(readout.observed, "observed")}


def _sequencing_errors(run: RecordedRun) -> str:
    """Return which errors of sequencing a run simulated or allowed for; empty for none."""
    simulated = run.record["command"] == "mask"
    rates = {r: number(run.setting(f"noise.{r}" if simulated else r)) for r in _RATES}
    given = ", ".join(f"{r.replace('_', ' ')} {rate:g}" for r, rate in rates.items() if rate)
    verb = "simulated" if simulated else "allowed for"
    return f"{run.output.name}: {verb}: {given}." if given else ""


def accuracy(results: Results) -> dict[str, Any] | None:
    """Return each evaluation, and several ones side by side."""
    evaluations = results.evaluations.values()
    listed = [_evaluation(f"accuracy-{i}", e) for i, e in enumerate(evaluations, 1)]
    return {"evaluations": listed, "crossed": _crossed(listed)} if listed else None


def _crossed(evaluations: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return tests by their reference proteins, if there are several of both."""
    cells: dict[tuple[tuple[str, ...], str], str] = {}
    for e in evaluations:
        source = f"{e['reference'] or e['name']}, {nested(e, 'summary.readout')}"
        if (e["test"], source) in cells:
            return None
        cells[e["test"], source] = _both_shares(e)
    grid = _grid("Test proteins", cells)
    return grid if len(grid["rows"]) > 1 and len(grid["columns"]) > 2 else None


def _both_shares(row: Mapping[str, Any]) -> str:
    return f"{shown(row['macro'], 1)} ({shown(row['micro'], 1)})"


def _grid(corner: str, cells: Mapping[Any, str]) -> dict[str, Any]:
    """Return a table of cells by row and column; a row is shown by the first of its names."""
    rows = dict.fromkeys(row for row, _ in cells)
    columns = dict.fromkeys(column for _, column in cells)
    return {
        "columns": [("", corner, "id"), *((column, column, 1) for column in columns)],
        "rows": [{"": row[0], **{c: cells.get((row, c)) for c in columns}} for row in rows],
    }


def _evaluation(key: str, evaluation: EvaluationFolder) -> dict[str, Any]:
    tables, (truth, truth_sha256) = evaluation.tables, evaluation.input("truth")
    accuracy = nested(evaluation.summary, "hidden_residue_accuracy")
    error = nested(evaluation.summary, "calibration.expected_calibration_error")
    identity = [row for row in tables["identity"] if number(row.get("proteins"))]
    others = [row for row in identity if row.get("band") == WITHOUT_IDENTICAL]
    bands = [row for row in identity if row not in others]
    amino_acids = [row for row in tables["amino_acids"] if number(row.get("n"))]
    amino_acids.sort(key=lambda row: -(number(row.get("recall")) or 0))
    return {
        "key": key,
        "name": evaluation.name,
        "test": ((truth or evaluation.folder).name, truth_sha256 or evaluation.name),
        "summary": evaluation.summary,
        "macro": number(nested(accuracy, "macro")),
        "micro": number(nested(accuracy, "micro")),
        "macro_of_others": number(others[0].get("macro")) if others else None,
        "ece": number(error),
        "reference": reference_proteins(evaluation.predicted_by),
        "network": network(evaluation.predicted_by),
        "classes": {row.get("length"): row.get("macro") for row in tables["lengths"]},
        "baselines": tables["baselines"],
        "methods": _methods(evaluation.summary, tables["baselines"]),
        "lengths": [row for row in tables["lengths_fine"] if number(row.get("proteins"))],
        "by_length": figures.by_length(f"{key}-length", tables),
        "identity": bands[::-1] + [row for row in identity if row not in bands],
        "by_identity": figures.by_identity(f"{key}-identity", bands),
        "amino_acids": amino_acids,
        "by_amino_acid": figures.by_amino_acid(f"{key}-amino", amino_acids),
        "calibration": [row for row in tables["calibration"] if number(row.get("residues"))],
        "reliability": figures.reliability(f"{key}-reliability", tables["calibration"], error),
        "confusion": _confusion(tables["confusion"], amino_acids),
    }


def _methods(summary: dict[str, Any], baselines: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the accuracies of pepseq and of the baselines."""
    names = {
        "commonest": "always the commonest amino acid",
        "neighbours": "the commonest between the same two neighbours",
    }
    fitted = {"truth": " (counted in the truth itself, which flatters it)"}
    rows: list[dict[str, Any]] = [
        {"name": "pepseq, hidden residues", "fully_right": summary.get("fully_right")},
        {"name": "pepseq, whole sequence (observed residues count as well)"},
    ]
    for row, shares in zip(rows, ("hidden_residue_accuracy", "identity"), strict=True):
        row |= {name: nested(summary, f"{shares}.{name}") for name in ("macro", "micro", "sd")}
    for row in baselines:
        name = names.get(row.get("baseline", ""), row.get("baseline", ""))
        rows.append({**row, "name": name + fitted.get(row.get("fitted_on", ""), "")})
    return rows


def _confusion(rows: Sequence[Row], amino_acids: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Return for each hidden amino acid the percentages in which each was predicted."""
    counted = {row.get("true", ""): row for row in rows}
    predicted = [a for a in AMINO_ACIDS if total(rows, a)]
    shares = {}
    for true in sorted({row.get("amino_acid", "") for row in amino_acids} & counted.keys()):
        counts = [total([counted[true]], a) for a in predicted]
        whole = sum(counts) or 1
        shares[true] = {a: 100 * n / whole for a, n in zip(predicted, counts, strict=True)}
    return shares if predicted else {}


def across_species(results: Results) -> list[dict[str, Any]]:
    """Return, for each readout of a comparison, the accuracy by training and test set."""
    grids = []
    for table in results.read_tables("compared"):
        for readout in dict.fromkeys(row["readout"] for row in table.rows):
            of_readout = [row for row in table.rows if row["readout"] == readout]
            cells = {((r["tested_on"],), r["trained_on"]): _both_shares(r) for r in of_readout}
            grids.append({"readout": readout, **_grid("Tested on", cells)})
    return grids


def true_pairs(results: Results) -> dict[str, Any] | None:
    """Return how many true pairs each method found, and how often pairs are correct."""
    by_method = results.read_tables("true_pairs")
    for table in by_method:
        names = _names_of_pairs(table)
        for row in table.rows:
            row["pairs"] = names[row["pairs"]]
    by_confidence = [
        (table.name, name, [row for row in table.rows if row["pairs"] == path])
        for table in results.read_tables("pair_confidence")
        for path, name in _names_of_pairs(table).items()
    ]
    section = {"by_method": by_method, "by_confidence": by_confidence}
    return section if by_method or by_confidence else None


def _names_of_pairs(table: NamedTable) -> dict[str, str]:
    """Return the names of the tables of pairs that were compared, by their paths."""
    paths = list(dict.fromkeys(row["pairs"] for row in table.rows))
    return dict(zip(paths, distinct_names(list(map(Path, paths))), strict=True))
