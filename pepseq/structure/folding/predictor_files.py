"""The files that predictors of complexes write: the best structure of a folder and its scores.

| program | structure | scores |
|---|---|---|
| AlphaFold 3 | `NAME_model.cif` | `NAME_summary_confidences.json`, `NAME_confidences.json` |
| Boltz 2.2 | `NAME_model_0.cif`, `.pdb` | `confidence_NAME_model_0.json`, `pae_NAME_model_0.npz` |
| Chai 0.6 | `pred.model_idx_N.cif` | `scores.model_idx_N.npz` |
| ColabFold 1.6 | `NAME_*rank_001_*.pdb` | `NAME_scores_rank_001_*.json` |

AlphaFold 3: https://github.com/google-deepmind/alphafold3/blob/main/docs/output.md; the others by
their source. Of a program that is not in the table, one structure is expected.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path

from pepseq.structure.folding.confidences import Confidences, read_confidences, read_value

_STRUCTURE = re.compile(r".*\.(pdb|cif)")
_CHAI = re.compile(r"pred\.model_idx_(\d+)\.cif")
_BOLTZ = re.compile(r"(?P<name>.+_model_0)\.(pdb|cif)")
_ALPHAFOLD3 = re.compile(r"(?P<name>.+)_model\.cif")
_COLABFOLD = re.compile(r"(?P<name>.+)_(relaxed|unrelaxed)_(?P<rank>rank_0*1_.+)\.pdb")
_SAMPLE = re.compile(r"seed-\d+_sample-\d+")
"""Folder of one of the samples of AlphaFold 3, the best of which lies outside."""


def find_prediction(folder: Path) -> tuple[Path, Confidences] | str:
    """Return the best structure of a folder with its scores, or the reason why there is none."""
    structures = sorted(
        path for path in _files(folder) if _STRUCTURE.fullmatch(path.name) and path.is_file()
    )
    for find in (_chai, _boltz, _alphafold3, _colabfold):
        if found := find(structures):
            path, scores = found
            return path, read_confidences(*scores)
    if len(structures) == 1:
        return structures[0], read_confidences()
    return f"expected the files of a known program or one structure, found {len(structures)}"


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder, but not of the samples of AlphaFold 3."""
    for path in folder.rglob("*"):
        if not any(_SAMPLE.fullmatch(part) for part in path.relative_to(folder).parts[:-1]):
            yield path


_Found = tuple[Path, list[Path | None]] | None


def _chai(structures: list[Path]) -> _Found:
    scored = []
    for path in structures:
        if match := _CHAI.fullmatch(path.name):
            scores = path.with_name(f"scores.model_idx_{match[1]}.npz")
            scored.append((-_aggregate_score(scores), int(match[1]), path, scores))
    return (min(scored)[2], [min(scored)[3]]) if scored else None


def _aggregate_score(scores: Path) -> float:
    """Return the score by which Chai ranks a model; a model without a score comes last."""
    value = read_value(scores, "aggregate_score")
    return -math.inf if value is None else value


def _boltz(structures: list[Path]) -> _Found:
    for path in structures:
        if match := _BOLTZ.fullmatch(path.name):
            confidence = path.with_name(f"confidence_{match['name']}.json")
            return path, [confidence, path.with_name(f"pae_{match['name']}.npz")]
    return None


def _alphafold3(structures: list[Path]) -> _Found:
    for path in structures:
        if match := _ALPHAFOLD3.fullmatch(path.name):
            summary = path.with_name(f"{match['name']}_summary_confidences.json")
            return path, [summary, path.with_name(f"{match['name']}_confidences.json")]
    return None


def _colabfold(structures: list[Path]) -> _Found:
    for path in structures:  # relaxed comes before unrelaxed
        if match := _COLABFOLD.fullmatch(path.name):
            return path, [path.with_name(f"{match['name']}_scores_{match['rank']}.json")]
    return None
