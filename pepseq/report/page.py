"""The page as a whole: heading, contents, sections, style and script."""

from collections.abc import Sequence

from pepseq.report.accuracy import accuracy, headline
from pepseq.report.compared import crosswise, true_pairs
from pepseq.report.discover import Found
from pepseq.report.html import Html, escaped, join, section, shown, tag
from pepseq.report.link import Judged, Prediction
from pepseq.report.others import fits, left_out, pairings, splits, training
from pepseq.report.proteins import proteins
from pepseq.report.provenance import reproduce
from pepseq.report.reading import reading
from pepseq.report.script import SCRIPT
from pepseq.report.structures import structures
from pepseq.report.style import STYLE
from pepseq.version import __version__

TITLE = "Proteins completed by pepseq"

NAMED = 4
"""So many test sets are named at the top."""

CONTENTS = {
    "reading": "What was read",
    "accuracy": "Accuracy",
    "across": "Across species",
    "structures": "Structures",
    "proteins": "Proteins",
    "fits": "Fits",
    "true-pairs": "True pairs",
    "pairs": "Pairs",
    "training": "Training",
    "split": "Data",
    "reproduce": "Reproduce",
    "words": "Words",
}
"""Sections in their order, and what the contents call them."""

WORDS = {
    "readout": "what the experiment identifies, such as KCYM; also the partial sequence it gives",
    "observed (read), hidden residue": "identified by the readout, or not",
    "hidden-residue accuracy": "right hidden residues / hidden residues",
    "macro": "mean over proteins: each protein counts the same",
    "micro": "over residues: each residue counts the same",
    "confidence": "probability that pepseq gives to the residue it wrote",
    "calibration error (ECE)": "by how much confidence and accuracy differ, averaged over "
    "residues in 15 classes of confidence; 0 is perfect",
    "template": "a known protein that the readout fits and that residues are copied from",
    "identity": "share of a whole protein that is the same in the nearest known one",
    "TM-score": "likeness of two structures, 0 to 1; above 0.5 they mostly have the same fold",
    "RMSD": "root of the mean squared distance between corresponding CA atoms, in Å",
    "lDDT": "share of the distances between near atoms of the reference that the model keeps, 0-1",
    "pLDDT": "the lDDT that a predictor expects of its own model, 0-100: its confidence",
}


def page(
    found: Found,
    predictions: Sequence[Prediction],
    judged: Sequence[Judged],
    title: str | None,
    date: str,
) -> str:
    """Return the page's HTML."""
    made = {
        "reading": reading(found, predictions, judged),
        "accuracy": accuracy(judged) if judged else None,
        "across": crosswise(found),
        "structures": structures(found, predictions),
        "proteins": proteins(found, predictions),
        "fits": fits(found),
        "true-pairs": true_pairs(found),
        "pairs": pairings(found),
        "training": training(found),
        "split": splits(found),
        "reproduce": reproduce(found, predictions, __version__),
        "words": _words(),
    }
    sections = {key: made[key] for key in CONTENTS if made[key] is not None}
    links = [tag("li", None, tag("a", {"href": f"#{key}"}, CONTENTS[key])) for key in sections]
    heading = title or TITLE
    body = [
        tag("a", {"class": "skip", "href": "#main"}, "Skip to the results"),
        tag(
            "header",
            None,
            tag("h1", None, heading),
            tag("p", {"class": "lead"}, _lead(predictions, judged)),
            tag("p", {"class": "made"}, f"pepseq {__version__}, {date}"),
        ),
        tag("nav", {"aria-label": "Contents"}, tag("ul", None, *links)),
        tag("main", {"id": "main", "tabindex": -1}, join(sections.values(), "\n"), left_out(found)),
        Html(f"<script>{SCRIPT}</script>"),
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{_head(heading)}\n</head>\n'
        f"<body>\n{join(body, chr(10))}\n</body>\n</html>\n"
    )


def _head(heading: str) -> Html:
    """Return the page's title and style, and the rule that it loads nothing."""
    parts = [
        Html('<meta charset="utf-8">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        Html(
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
            "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
        ),
        tag("title", None, heading),
        Html(f"<style>{STYLE}</style>"),
    ]
    return join(parts, "\n")


def _lead(predictions: Sequence[Prediction], judged: Sequence[Judged]) -> Html:
    """Say in a sentence or two what came out."""
    said = []
    for one in judged[:NAMED]:
        macro, micro = (shown(value, 1) for value in headline(one))
        said.append(
            f"{one.name}: {macro} % of the hidden residues are right on average over proteins "
            f"(macro), {micro} % over residues (micro)."
            if not said
            else f"{one.name}: {macro} % (macro), {micro} % (micro)."
        )
    if len(judged) > NAMED:
        said.append(f"{len(judged) - NAMED} more test sets follow.")
    if predictions and not judged:
        counted = sum(len(one.proteins) for one in predictions)
        hidden = sum(protein.hidden for one in predictions for protein in one.proteins)
        said.append(
            f"{counted:,} proteins with {hidden:,} hidden residues were completed. The truth was "
            "not given, so confidence is what there is to go by."
        )
    return escaped(" ".join(said) or "Results of pepseq.")


def _words() -> Html:
    entries = [
        part
        for word in WORDS.items()
        for part in (tag("dt", None, word[0]), tag("dd", None, word[1]))
    ]
    return section("words", "Words", tag("dl", {"class": "words"}, *entries))
