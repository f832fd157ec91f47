"""What the experiment read and what stayed hidden: the first section of the page."""

from collections.abc import Sequence

from pepseq.errors import SettingsError
from pepseq.readout.readout import Readout
from pepseq.report.discover import Found, Run
from pepseq.report.html import Column, Html, paragraph, section, table, tag
from pepseq.report.link import Judged, Prediction
from pepseq.report.proteins import hidden_share
from pepseq.report.provenance import known_proteins, network
from pepseq.report.tables import number, part
from pepseq.sequences.residues import AMINO_ACIDS


def reading(
    found: Found, predictions: Sequence[Prediction], judged: Sequence[Judged]
) -> Html | None:
    """Return which amino acids were read, and how much of the proteins that is."""
    readouts = [_readout_of(one.run) for one in predictions]
    readouts += [part(one.evaluation.summary, "readout") for one in judged]
    readouts += [_readout_of(run) for run in found.runs.values()]
    named = dict.fromkeys(text for text in readouts if isinstance(text, str))
    strips = [strip for text in named if (strip := _strip(text)) is not None]
    rows = _rows(predictions, judged)
    if not strips and not rows:
        return None
    columns = [
        Column("Proteins", text=True),
        Column("Readout", text=True),
        Column("Number"),
        Column("Residues"),
        Column("read"),
        Column("hidden"),
        Column("hidden, %", 1),
        Column("Known proteins to copy from", text=True),
        Column("Network", text=True),
    ]
    return section(
        "reading",
        "What was read, and what was hidden",
        paragraph(
            "The experiment names some amino acids and leaves all others blank. pepseq fills in "
            "each blank with the likeliest amino acid and says how sure it is."
        ),
        *strips,
        table("What was completed", columns, rows) if rows else None,
        _noise(found),
    )


def _readout_of(run: Run | None) -> object:
    return part(run and run.record, "settings", "readout")


def _strip(text: str) -> Html | None:
    """Return the twenty amino acids with those framed that are read."""
    try:
        readout = Readout(text)
    except SettingsError:
        return None
    items = []
    for amino_acid in AMINO_ACIDS:
        group = next((group for group in readout.groups if amino_acid in group), None)
        kind = "read" if amino_acid in readout.observed else "group" if group else "hidden"
        items.append(tag("span", {"class": kind}, amino_acid))
    groups = f"; seen only as one of a group: {', '.join(readout.groups)}" if readout.groups else ""
    words = (
        f"Readout {readout}: {', '.join(readout.observed) or 'none'} are read{groups}; "
        f"{', '.join(readout.hidden) or 'none'} stay hidden."
    )
    return tag(
        "div",
        {"class": "readout"},
        tag("p", {"class": "strip", "aria-hidden": "true"}, *items),
        tag("p", None, words),
    )


def _rows(predictions: Sequence[Prediction], judged: Sequence[Judged]) -> list[list[object]]:
    rows: list[list[object]] = []
    shares = hidden_share(predictions)
    for one in predictions:
        read, hidden = shares[one.table]
        readout = _readout_of(one.run) or (one.evaluation and one.evaluation.summary.get("readout"))
        row = [one.name, readout, len(one.proteins), read + hidden, read, hidden]
        rows.append([*row, _percent(hidden, read + hidden), *_sources(one.run)])
    shown = {one.evaluation.folder for one in predictions if one.evaluation}
    for one in judged:
        if one.evaluation.folder not in shown:
            summary = one.evaluation.summary
            names = ("observed", "hidden")
            read, hidden = (int(number(part(summary, "residues", n)) or 0) for n in names)
            proteins = int(number(part(summary, "proteins", "scored")) or 0)
            row = [one.name, part(summary, "readout"), proteins, read + hidden, read, hidden]
            rows.append([*row, _percent(hidden, read + hidden), *_sources(one.run)])
    return rows


def _percent(some: int, whole: int) -> float | None:
    return 100 * some / whole if whole else None


def _sources(run: Run | None) -> list[str | None]:
    return [known_proteins(run) or "not recorded", network(run) or "not recorded"]


def _noise(found: Found) -> Html | None:
    """Say which errors of sequencing were simulated, or allowed for."""
    said = []
    for run in found.runs.values():
        settings = part(run.record, "settings")
        rates = part(settings, "noise") if run.record["command"] == "mask" else settings
        names = ("missed_label", "misread", "lost_cycle", "extra_cycle")
        given = [
            f"{n.replace('_', ' ')} {number(part(rates, n)):g}"
            for n in names
            if number(part(rates, n))
        ]
        if given:
            verb = "simulated" if run.record["command"] == "mask" else "allowed for"
            said.append(f"{run.output.name}: {verb}: {', '.join(given)}.")
    return paragraph("Errors of sequencing. ", " ".join(said)) if said else None
