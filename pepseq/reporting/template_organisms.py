"""The organisms of templates, as a run record holds them."""

from typing import Any

from pepseq.reporting.results import RecordedRun
from pepseq.templates.template_organisms import ORGANISMS_OF_TEMPLATES, SampleOrganisms

_MAX_ROWS = 20


def template_organisms(run: RecordedRun | None) -> dict[str, Any] | None:
    """Return rows of organisms, and the names of a mixture; None if a run recorded none."""
    described = run.record.get(ORGANISMS_OF_TEMPLATES) if run else None
    try:
        found = SampleOrganisms.read(described) if isinstance(described, dict) else None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    if found is None or not found.by_name:
        return None
    rows = [
        {
            "organism": name,
            "reads": counts.reads,
            "of_reads": 100 * counts.reads / max(found.all.reads, 1),
            "of_residues": 100 * counts.residues / max(found.all.residues, 1),
            "near": 100 * counts.near_share,
        }
        for name, counts in found.ordered
    ]
    return {
        "rows": rows[:_MAX_ROWS],
        "all": len(rows),
        "common": found.common,
        "mixture": found.mixture,
    }
