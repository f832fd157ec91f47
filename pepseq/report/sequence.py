"""One sequence as HTML: blocks of ten, coloured by confidence, marked where read and where wrong.

The page's script draws the same for a protein that is opened; see `script`.
"""

from collections.abc import Iterator

from pepseq.report.html import Html, details, escaped, tag
from pepseq.report.residues import OBSERVED, Protein

BLOCK = 10
BANDS = ((0, 3, "below 0.3"), (3, 6, "0.3 to 0.6"), (6, 9, "0.6 to 0.9"), (9, 10, "0.9 or more"))
"""Tenths of confidence that have one colour: from, below, in words."""
_LINE = 60
_WRONG_AT_MOST = 40


def band(digit: str) -> str:
    """Return the class of a residue by its digit of confidence."""
    if digit == OBSERVED:
        return "o"
    return next(f"c{at}" for at, (low, high, _) in enumerate(BANDS) if low <= int(digit) < high)


def sequence_html(protein: Protein) -> Html:
    """Return blocks of ten residues; hidden from screen readers, see `sequence_words`."""
    blocks = [_block(protein, at) for at in range(0, len(protein.residues), BLOCK)]
    return tag("div", {"class": "seq", "aria-hidden": "true"}, Html(" ".join(blocks)))


def _block(protein: Protein, start: int) -> Html:
    stop = start + BLOCK
    wrong = {at for at in protein.wrong if start <= at < stop} if protein.truth else set()
    runs = "".join(
        f'<span class="{kind}">{escaped(text)}</span>'
        for kind, text in _runs(protein, start, stop, wrong)
    )
    digits = protein.digits[start:stop].replace(OBSERVED, "•")
    true = (
        "".join(protein.truth[at] if at in wrong else " " for at in range(start, stop))
        if wrong
        else ""
    )
    below = f"<em>{escaped(true.rstrip())}</em>" if wrong else ""
    return Html(f"<span><i>{start + 1}</i><b>{runs}</b><u>{digits}</u>{below}</span>")


def _runs(protein: Protein, start: int, stop: int, wrong: set[int]) -> Iterator[tuple[str, str]]:
    """Yield stretches of residues that look the same."""
    kind, text = "", ""
    for at, residue in enumerate(protein.residues[start:stop], start):
        new = band(protein.digits[at]) + (" w" if at in wrong else "")
        if new != kind and text:
            yield kind, text
            text = ""
        kind, text = new, text + residue
    yield kind, text


def sequence_words(protein: Protein) -> Html:
    """Return the same in words and as text to copy."""
    lines = [protein.residues[i : i + _LINE] for i in range(0, len(protein.residues), _LINE)]
    words = f"{len(protein.residues):,} residues, {protein.hidden:,} of them hidden."
    if protein.truth is not None:
        wrong = protein.wrong
        listed = ", ".join(
            f"{at + 1} {protein.residues[at]} (true {protein.truth[at]})"
            for at in wrong[:_WRONG_AT_MOST]
        )
        more = f" and {len(wrong) - _WRONG_AT_MOST} more" if len(wrong) > _WRONG_AT_MOST else ""
        words += f" Wrong: {listed}{more}." if wrong else " None is wrong."
    pre = tag("pre", {"tabindex": 0}, f">{protein.id}\n" + "\n".join(lines))
    return details("As text", tag("p", None, words), pre)


def legend() -> Html:
    """Return what the marks of a sequence mean."""
    samples = [
        tag("li", None, tag("span", {"class": f"sample c{at}"}, "A"), f" confidence {words}")
        for at, (_, _, words) in enumerate(BANDS)
    ]
    samples.append(tag("li", None, tag("span", {"class": "sample o"}, "K"), " read, marked •"))
    samples.append(
        tag(
            "li", None, tag("span", {"class": "sample w"}, "A"), " wrong; the true one stands below"
        )
    )
    text = (
        "Under each residue stands the tenth of its confidence: 9 is 0.9 or more, 0 is below 0.1. "
        "The small number above each block of ten is the position of its first residue."
    )
    return tag(
        "div",
        {"class": "key-to-sequences"},
        tag("ul", {"class": "legend"}, *samples),
        tag("p", None, text),
    )
