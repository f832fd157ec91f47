"""How right completed proteins are: the part of the page that evaluations fill."""

from collections.abc import Sequence

from pepseq.report.figures import (
    by_amino_acid,
    by_identity,
    by_length,
    confusion,
    reliability,
)
from pepseq.report.html import Column, Html, identifier, paragraph, section, shown, table, tag
from pepseq.report.link import Judged
from pepseq.report.provenance import known_proteins, network
from pepseq.report.tables import Row, number, part

MACRO = "macro, %"
MICRO = "micro, %"


def accuracy(judged: Sequence[Judged]) -> Html:
    """Return the section about accuracy: all evaluations side by side, then each by itself."""
    words = paragraph(
        "Hidden-residue accuracy is the share of hidden residues that were completed with the true "
        "amino acid. ",
        tag("em", None, "Macro"),
        " is the mean over proteins: each protein counts the same, however short. ",
        tag("em", None, "Micro"),
        " is over residues: each residue counts the same, so long proteins weigh more.",
    )
    each = [_one(f"accuracy-{at}", one) for at, one in enumerate(judged, 1)]
    compared = _compare(judged) if len(judged) > 1 else None
    return section("accuracy", "How many hidden residues are right", words, compared, *each)


def headline(one: Judged) -> tuple[float | None, float | None]:
    """Return the hidden-residue accuracy of an evaluation, macro and micro, in percent."""
    shares = part(one.evaluation.summary, "hidden_residue_accuracy")
    return number(part(shares, "macro")), number(part(shares, "micro"))


def _compare(judged: Sequence[Judged]) -> Html:
    """Return the evaluations side by side and, if several references met one test, crosswise."""
    columns = [
        Column("Test proteins", text=True),
        Column("Readout", text=True),
        Column("Known proteins", text=True),
        Column("Network", text=True),
        Column("Proteins"),
        Column(MACRO),
        Column(MICRO),
        Column("fully right, %"),
        Column("<100 residues, macro, %"),
        Column("100–1,024"),
        Column(">1,024"),
        Column("ECE", 4),
    ]
    rows = []
    for one in judged:
        summary = one.evaluation.summary
        classes = {row.get("length"): row for row in one.evaluation.tables.get("lengths", [])}
        rows.append(
            [
                identifier(one.name),
                part(summary, "readout"),
                known_proteins(one.run) or "not recorded",
                network(one.run) or "not recorded",
                _count(part(summary, "proteins", "scored")),
                *headline(one),
                number(part(summary, "fully_right")),
                *(number(part(classes, c, "macro")) for c in ("<100", "100-1024", ">1024")),
                number(part(summary, "calibration", "expected_calibration_error")),
            ]
        )
    caption = "Test sets side by side: hidden-residue accuracy by species and by length"
    return tag("div", None, table(caption, columns, rows), _cross(judged))


def _cross(judged: Sequence[Judged]) -> Html | None:
    """Return tests by what they were completed from, if there are several of both."""
    cells: dict[tuple[tuple[str, str], str], str] = {}
    for one in judged:
        made = f"{known_proteins(one.run) or one.name}, {part(one.evaluation.summary, 'readout')}"
        macro, micro = (shown(value, 1) for value in headline(one))
        key = (one.truth, one.test or one.name), made
        if key in cells:
            return None
        cells[key] = f"{macro} ({micro})"
    tests = list(dict.fromkeys(test for test, _ in cells))
    sources = list(dict.fromkeys(source for _, source in cells))
    if len(tests) < 2 or len(sources) < 2:
        return None
    rows = [[identifier(test[0]), *(cells.get((test, s)) for s in sources)] for test in tests]
    columns = [Column("Test proteins", text=True), *(Column(source) for source in sources)]
    caption = "Across species: each test completed from each reference, macro (micro) in %"
    return table(caption, columns, rows)


def _count(value: object) -> int | None:
    counted = number(value)
    return None if counted is None else int(counted)


def _one(key: str, one: Judged) -> Html:
    """Return everything about one evaluation."""
    tables = one.evaluation.tables
    figures = [
        by_length(f"{key}-length", tables.get("lengths_fine", [])),
        by_identity(f"{key}-identity", tables.get("identity", [])),
        by_amino_acid(f"{key}-amino", tables.get("amino_acids", [])),
        reliability(
            f"{key}-reliability",
            tables.get("calibration", []),
            part(one.evaluation.summary, "calibration"),
        ),
    ]
    return section(
        key,
        f"Accuracy: {one.name}",
        _sentence(one),
        _numbers(one),
        _overall(one),
        tag("div", {"class": "figures"}, *figures),
        confusion(tables.get("confusion", []), tables.get("amino_acids", [])),
        level=3,
    )


def _sentence(one: Judged) -> Html:
    """Say in words what was scored."""
    summary = one.evaluation.summary
    counts = {name: _count(part(summary, "residues", name)) for name in ("hidden", "observed")}
    wrong = _count(part(summary, "residues", "observed_and_wrong"))
    noted = (
        f" {wrong:,} of the {shown(counts['observed'])} residues read differ from the truth: "
        "misread or missed labels."
        if wrong
        else ""
    )
    left_out = _count(part(summary, "records", "left_out"))
    lost = f" {left_out:,} proteins could not be compared and were left out." if left_out else ""
    return paragraph(
        f"{shown(_count(part(summary, 'proteins', 'scored')))} proteins with "
        f"{shown(counts['hidden'])} hidden residues, compared with the truth.{noted}{lost}"
    )


def _numbers(one: Judged) -> Html:
    """Return the few numbers to remember."""
    summary = one.evaluation.summary
    macro, micro = headline(one)
    first = next(iter(one.evaluation.tables.get("baselines", [])), {})
    error = number(part(summary, "calibration", "expected_calibration_error"))
    listed = [
        (shown(macro, 1), "% right, macro (mean over proteins)"),
        (shown(micro, 1), "% right, micro (over residues)"),
        (shown(number(first.get("macro")), 1), "% by always writing the commonest, macro"),
        (shown(number(part(summary, "fully_right")), 1), "% of proteins without an error"),
    ]
    if error is not None:
        listed.append((shown(error, 3), "calibration error (0 is perfect)"))
    items = [
        tag("div", None, tag("dt", None, meaning), tag("dd", None, value))
        for value, meaning in listed
    ]
    return tag("dl", {"class": "numbers"}, *items)


def _overall(one: Judged) -> Html:
    """Return accuracies beside the baselines."""
    summary, tables = one.evaluation.summary, one.evaluation.tables
    rows: list[list[object]] = [
        [
            "pepseq, hidden residues",
            *headline(one),
            number(part(summary, "hidden_residue_accuracy", "sd")),
            number(part(summary, "fully_right")),
        ],
        [
            "pepseq, whole sequence (residues read count as well)",
            number(part(summary, "identity", "macro")),
            number(part(summary, "identity", "micro")),
            None,
            None,
        ],
        *(_baseline(row) for row in tables.get("baselines", [])),
    ]
    columns = [
        Column("Completed by", text=True),
        Column(MACRO),
        Column(MICRO),
        Column("sd between proteins"),
        Column("fully right, %"),
    ]
    return table("Accuracy, and what needs no method at all", columns, rows, sortable=False)


def _baseline(row: Row) -> list[object]:
    names = {
        "commonest": "always the commonest amino acid",
        "neighbours": "the commonest between the same two neighbours",
    }
    name = names.get(row.get("baseline", ""), row.get("baseline", ""))
    if row.get("fitted_on") == "truth":
        name += " (counted in the truth itself, which flatters it)"
    return [name, *(number(row.get(column)) for column in ("macro", "micro", "sd", "fully_right"))]
