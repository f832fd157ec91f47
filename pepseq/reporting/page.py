"""The page as a whole: its sections, and the templates that show them."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pepseq.reporting import (
    accuracy,
    amounts,
    complexes,
    identified,
    label_sets,
    other_results,
    protein_lists,
    provenance,
    structures,
)
from pepseq.reporting.results import Results
from pepseq.reporting.values import columns, nested, shown, significant
from pepseq.version import __version__

_FOLDER = Path(__file__).parent
_SECTIONS: dict[str, tuple[str, str, Any]] = {
    "reads": ("Reads", "Observed and hidden residues", accuracy.observed_and_hidden),
    "accuracy": ("Accuracy", "Accuracy of hidden residues", accuracy.accuracy),
    "across": ("Across species", "Accuracy across species", accuracy.across_species),
    "structures": ("Structures", "Predicted and reference structures", structures.structures),
    "complexes": ("Complexes", "Predicted and known complexes", complexes.complexes),
    "proteins": ("Proteins", "The proteins, one by one", protein_lists.protein_lists),
    "amounts": ("Amounts", "Amounts of proteins", amounts.amounts),
    "identified": ("Proteins found", "Proteins that were found", identified.identified),
    "fits": ("Fits", "Reference proteins that the reads fit", other_results.fits),
    "true-pairs": ("True pairs", "True pairs found", accuracy.true_pairs),
    "pairs": ("Pairs", "Interacting proteins", other_results.pairings),
    "designs": ("Labels", "Sets of labels", label_sets.label_sets),
    "training": ("Training", "Training", other_results.training),
    "split": ("Data", "Training and test proteins", other_results.splits),
    "reproduce": ("Reproduce", "How to reproduce this", provenance.reproduce),
    "words": ("Words", "Words", lambda results: True),
}
"""Sections in their order, by the name of their template: name in the contents, heading, and the
function that returns the values to show, or nothing for no section."""


def render_page(results: Results, **texts: str) -> str:
    """Return the page's HTML; `texts` are its title and its date."""
    made = {key: values(results) for key, (_, _, values) in _SECTIONS.items()}
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            version=__version__,
            contents={key: _SECTIONS[key][:2] for key in made if made[key]},
            sections=made,
            evaluations=(made["accuracy"] or {}).get("evaluations", []),
            lists=(made["proteins"] or {}).get("lists", []),
            samples=(made["amounts"] or {}).get("samples", []),
            identified=made["identified"],
            left_out=other_results.left_out(results),
            static=lambda name: (_FOLDER / "static" / name).read_text("utf-8"),
            **texts,
        )
    )


def environment() -> Environment:
    """Return where templates lie: values are escaped, and a value that is missing is an error."""
    loader = FileSystemLoader(_FOLDER / "templates")
    templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    templates.trim_blocks = templates.lstrip_blocks = True
    templates.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    templates.filters |= {"shown": shown, "significant": significant}
    templates.filters |= {"nested": nested, "columns": columns}
    return templates
