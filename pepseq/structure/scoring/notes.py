"""What a reader of a table of scores should know, as messages."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from pepseq.errors import quoted
from pepseq.structure.model_names import PairOfFiles, PairsOfFiles
from pepseq.structure.scoring.config import ScoreConfig
from pepseq.structure.scoring.rows import ScoreRow
from pepseq.structure.scoring.score_files import Rows

_MAX_IDS_LISTED = 5
log = logging.getLogger(__name__)


def log_notes(
    pairs: PairsOfFiles,
    rows: Rows,
    sequences: str | Path | None,
    config: ScoreConfig,
) -> None:
    """Log what a reader of the table should know."""
    if pairs.lower_ranked:
        log.info(
            "models skipped because their id has a better-ranked model: %d", pairs.lower_ranked
        )
    if pairs.unpaired:
        log.warning("left out because there is no model: %s", _listed("reference", pairs.unpaired))
    same = [pair.id for pair, _ in rows if _is_same_file(pair)]
    if same:
        log.warning("a file is compared with itself in %s", _listed("pair", same))
    shifted = [pair.id for pair, row in rows if 2 * row.different > row.corresponding]
    if shifted and config.residues_by == "index":
        log.warning(
            "most corresponding residues differ (are they the same protein, with the same residue "
            "numbers?) in %s; --correspondence sequence does not need the same numbers",
            _listed("pair", shifted),
        )
    without_sequence = [
        pair.id for pair, row in rows if isinstance(row, ScoreRow) and row.model_missing is None
    ]
    if sequences is not None and without_sequence:
        log.warning("%s has no sequence for %s", sequences, _listed("pair", without_sequence))


def _is_same_file(pair: PairOfFiles) -> bool:
    return os.path.realpath(pair.model) == os.path.realpath(pair.reference)


def _listed(noun: str, ids: Sequence[str]) -> str:
    """Return how many there are of something, and the first of their ids."""
    count = f"1 {noun}" if len(ids) == 1 else f"{len(ids)} {noun}s"
    more = f" and {len(ids) - _MAX_IDS_LISTED} more" if len(ids) > _MAX_IDS_LISTED else ""
    return f"{count}: {', '.join(map(quoted, ids[:_MAX_IDS_LISTED]))}{more}"
