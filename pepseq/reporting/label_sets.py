"""What the section about sets of labels shows: tables of `design`, ranked, and their figure."""

from typing import Any

from matplotlib.figure import Figure

from pepseq.design.figures import draw_by_count
from pepseq.errors import showable
from pepseq.evaluation.inline_svg import FigureSize, InlineSvg, inline_svg
from pepseq.io.dataframes import frame_of_rows
from pepseq.reporting.long_tables import Rows, filled_columns, long_table
from pepseq.reporting.results import NamedTable, Results
from pepseq.reporting.values import columns, fraction, number

_SIZE = FigureSize(4.4, 3.1, left=0.5, right=0.12, bottom=0.62, top=0.43)
"""Up to three lines below the axis, and two of the legend."""
_COUNTS = ("rank", "label_count", "rank_of_count")
_SHARES = (
    *("proteins_identified", "peptides_identified", "completion_accuracy"),
    *("peptides_readable", "reads_identifying", "reads_error_free"),
)
_COLUMNS = """rank=Rank|0; labels=Labels|id;
percent_proteins_identified=Proteins identified, %|1;
percent_peptides_identified=Peptides identified, %|1;
percent_completion_accuracy=Residues completed correctly, %|1;
percent_peptides_readable=Peptides readable, %|1; percent_reads_identifying=Reads identifying, %|1;
percent_reads_error_free=Reads without errors, %|1; label_count=Number of labels|0;
rank_of_count=Rank among as many labels|0"""


def label_sets(results: Results) -> list[dict[str, Any]]:
    """Return each table of sets of labels, the best set first."""
    tables = results.read_tables("designs")
    return [_section(f"design-{i}", table) for i, table in enumerate(tables, 1)]


def _section(key: str, table: NamedTable) -> dict[str, Any]:
    rows = [_row(row) for row in table.rows]
    rows.sort(key=lambda row: (row["rank"] is None, row["rank"]))
    return {
        "key": key,
        "name": table.name,
        "sets": len(rows),
        "best": next(iter(rows), None),
        "has_errors": any((row["reads_error_free"] or 1) < 1 for row in rows),
        "reads": number(table.run.setting("reads")) if table.run else None,
        "proteins": number(table.run.setting("reference.proteins")) if table.run else None,
        "by_count": _by_count(f"{key}-counts", rows),
        **long_table(rows, filled_columns(columns(_COLUMNS), rows)),
    }


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its numbers, and its shares in percent too."""
    shares = {name: fraction(row.get(name)) for name in _SHARES}
    percent = {f"percent_{k}": None if v is None else 100 * v for k, v in shares.items()}
    counts = {name: number(row.get(name)) for name in _COUNTS}
    return {"labels": str(row["labels"]), **counts, **shares, **percent}


def _by_count(key: str, rows: Rows) -> InlineSvg | None:
    """Return what sets identify against their number of labels; None without a best set."""
    needed = (*_COUNTS, *_SHARES[:3])
    known = [
        row | {"labels": showable(row["labels"])}
        for row in rows
        if None not in [row[name] for name in needed]
    ]
    if not any(row["rank_of_count"] == 1 for row in known):
        return None
    frame = frame_of_rows(known, ("labels", *needed), needed).astype({"label_count": int})

    def draw(figure: Figure) -> dict[str, list[str]]:
        axes = figure.add_subplot()
        draw_by_count(axes, frame)
        axes.lines[0].set_gid("sets")
        figure.legend(loc="outside upper center", ncols=2)
        said = "{labels}: {percent_proteins_identified:.1f} % of proteins"
        return {"sets": [said.format_map(row) for row in known]}

    return inline_svg(key, _SIZE, draw)
