"""Predicted and reference structures in, a table of TM-score, RMSD, lDDT and pLDDT out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pepseq.errors import SettingsError
from pepseq.evaluation.config import FIGURE_FORMATS
from pepseq.io.atomic_files import disk_errors
from pepseq.io.compression import without_suffix
from pepseq.io.failures import FailedRecord, refuse_failed, write_failed
from pepseq.io.files import check_outputs, check_path, list_paths
from pepseq.io.output_folder import check_output_folder, recorded_files
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.progress import Progress
from pepseq.io.run_record import run_record
from pepseq.processes.cores import available_cores
from pepseq.sequences.fasta import read_fasta
from pepseq.settings import check_config, require
from pepseq.structure.model_names import PairOfFiles, all_pairs, find_pairs, short_id
from pepseq.structure.scoring.complex_rows import ComplexRow
from pepseq.structure.scoring.config import FOLD_THRESHOLD, ScoreConfig
from pepseq.structure.scoring.notes import log_notes
from pepseq.structure.scoring.score_files import (
    Rows,
    format_alignment,
    format_interfaces,
    format_scores,
)

if TYPE_CHECKING:
    from pepseq.structure.scoring.pair_scores import ScoredPair, ScoringJob

_MAX_STEM_LENGTH = 200


@dataclass(frozen=True)
class ScoreSummary:
    """What `score` did.

    pairs: how many have scores; same_fold: those of a TM-score above 0.5; mean_tm_score: over
    `pairs`; bad: pairs left out; mean_dockq: over the complexes that have one, else None.
    """

    pairs: int
    same_fold: int
    mean_tm_score: float
    bad: list[FailedRecord]
    mean_dockq: float | None = None


def score(
    model: str | Path,
    reference: str | Path | None,
    output: str | Path,
    *,
    sequences: str | Path | None = None,
    superposed: str | Path | None = None,
    interfaces: str | Path | None = None,
    alignment: str | Path | None = None,
    heat_map: str | Path | None = None,
    config: ScoreConfig = ScoreConfig(),  # noqa: B008 - frozen
    force: bool = False,
    keep_going: bool = False,
) -> ScoreSummary:
    """Write a table that compares predicted with reference structures, with one row for each pair.

    model, reference: two files, two folders whose files are matched by id, a TSV of pairs and None,
        or with `all_pairs` one folder and None.
    output: a TSV with the columns SCORE_COLUMNS, of complexes COMPLEX_COLUMNS; what cannot be
        computed is empty. TM-score: Zhang and Skolnick 2004; lDDT: Mariani et al. 2013; DockQ: Basu
        and Wallner 2016.
    sequences: a FASTA of the reconstructions by the same ids.
    superposed: where models are written superposed on their references: a file for two files, else
        a folder.
    interfaces: a table with one row for each interface of complexes (INTERFACE_COLUMNS).
    alignment: a FASTA of corresponding residues, two records for each two chains.
    heat_map: PNG or SVG of the TM-scores of all pairs, by its suffix.

    Raises SettingsError, InputError (bad input; after writing the good pairs, unless
    `keep_going`), OutputError and TryAgainError.
    """
    started = time.time()
    check_config(config, ScoreConfig)
    _check_files(config, reference, sequences, interfaces)
    picture = _picture_format(config, heat_map)
    check_path(model, "model")
    given = [path for path in (model, reference, sequences) if path is not None]
    inputs = [str(path) for path in list_paths(given, "input", required=True)]
    ids, pairs = all_pairs(model) if config.all_pairs else ([], find_pairs(model, reference))
    files = [path for pair in pairs.pairs for path in (pair.model, pair.reference)]
    for path in dict.fromkeys(files):
        _refuse_stream(path)
    # the run record names inputs as they were given, one twice as well
    inputs += dict.fromkeys(path for path in files if path not in inputs)
    written = [path for path in (output, interfaces, alignment, heat_map) if path is not None]
    check_outputs(written, [*inputs], force)
    many = reference is None or Path(model).is_dir()
    if superposed is not None:
        check_outputs([superposed], [*inputs, *written], force, folder=many)
        if many:
            names = recorded_files(output, superposed)
            check_output_folder(
                superposed, inputs, force, names, f"the files that {output}.run.json lists"
            )
    jobs = _jobs(pairs.pairs, superposed, many, config, _read_sequences(sequences))
    bad = list(pairs.bad)
    rows: Rows = []
    with Outputs(force) as outputs:
        stream = outputs.open(output, "score table", is_table=True)
        aligned = None if alignment is None else outputs.open(alignment, "alignment of residues")
        writer = _SuperposedModels(outputs, superposed, many, force)
        for pair, job, scored in _score_all(pairs.pairs, jobs, config, bad):
            rows.append((pair, scored.row))
            if aligned is not None:
                aligned.write(format_alignment(pair, scored.alignment))
            if job.superposed and scored.superposed is not None:
                writer.write(pair.id, job.superposed, scored.superposed)
        stream.write(format_scores(rows, config.complex))
        if interfaces is not None:
            outputs.add(interfaces, format_interfaces(rows), "interfaces of complexes")
        if heat_map is not None:
            outputs.add(heat_map, _draw_heat_map(ids, rows, config, picture), "heat map")
        write_failed(outputs, output, bad, len(rows))
        outputs.record(output, run_record("score", asdict(config), inputs, started))
    log_notes(pairs, rows, sequences, config)
    refuse_failed(bad, len(rows), output, keep_going)
    return _summarise(rows, bad)


def _summarise(rows: Rows, bad: list[FailedRecord]) -> ScoreSummary:
    tm_scores = [row.tm_score for _, row in rows]
    dockq = [row.dockq for _, row in rows if isinstance(row, ComplexRow) and row.dockq is not None]
    return ScoreSummary(
        pairs=len(rows),
        same_fold=sum(tm_score > FOLD_THRESHOLD for tm_score in tm_scores),
        mean_tm_score=sum(tm_scores) / len(tm_scores),
        bad=bad,
        mean_dockq=sum(dockq) / len(dockq) if dockq else None,
    )


def _check_files(
    config: ScoreConfig,
    reference: str | Path | None,
    sequences: str | Path | None,
    interfaces: str | Path | None,
) -> None:
    """Raise SettingsError for an input or output that does not go with the settings."""
    require(config.complex or interfaces is None, "interfaces: only written with complex")
    require(not config.complex or sequences is None, "sequences: not compared with complexes")
    require(
        not config.all_pairs or reference is None,
        "reference: not used with all_pairs, which compares the files of one folder",
    )
    require(not config.all_pairs or sequences is None, "sequences: not compared with all_pairs")


def _picture_format(config: ScoreConfig, heat_map: str | Path | None) -> str:
    """Return the format of the heat map by its name, or "" for none; raises SettingsError."""
    if heat_map is None:
        return ""
    require(config.all_pairs, "heat_map: only drawn with all_pairs")
    suffix = Path(heat_map).suffix.lower().removeprefix(".")
    require(
        suffix in FIGURE_FORMATS,
        f"heat_map: expected a name that ends in .png, .svg or .pdf, found {Path(heat_map).name}",
    )
    return suffix


def _draw_heat_map(ids: list[str], rows: Rows, config: ScoreConfig, picture: str) -> bytes:
    from pepseq.structure.scoring.heat_map import draw_heat_map, score_matrix

    by_id = {pair.id: row for pair, row in rows}
    return draw_heat_map(ids, score_matrix(ids, by_id, config.normalise), picture)


def _refuse_stream(path: str) -> None:
    """Raise SettingsError for a structure that a worker process cannot open."""
    if path == STDIO or path.startswith(("/dev/", "/proc/")):
        raise SettingsError(
            f"{path}: score reads structures from files, not from a stream; save it to a file"
        )


def _read_sequences(path: str | Path | None) -> dict[str, str]:
    """Return the reconstructions by the id that a file name would have."""
    sequence_of: dict[str, str] = {}
    for record in [] if path is None else read_fasta(path):
        sequence_of.setdefault(short_id(record.id), record.sequence)
    return sequence_of


def _jobs(
    pairs: list[PairOfFiles],
    superposed: str | Path | None,
    many: bool,
    config: ScoreConfig,
    sequence_of: dict[str, str],
) -> list[ScoringJob]:
    from pepseq.structure.scoring.pair_scores import ScoringJob

    return [
        ScoringJob(
            pair.model,
            pair.reference,
            config,
            sequence_of.get(short_id(pair.id)),
            _superposed_format(pair, superposed, many),
        )
        for pair in pairs
    ]


def _superposed_format(pair: PairOfFiles, superposed: str | Path | None, many: bool) -> str | None:
    """Return the format of a superposed model: that of its name, or in a folder the model's."""
    if superposed is None:
        return None
    name = without_suffix(pair.model if many else superposed).lower()
    if name.endswith((".cif", ".mmcif")):
        return "cif"
    if many or name.endswith((".pdb", ".ent")):
        return "pdb"
    raise SettingsError(f"superposed: expected a name in .pdb or .cif, found {superposed}")


class _SuperposedModels:
    """Writes superposed models: one file, or with `many` a folder of files named by id."""

    def __init__(self, outputs: Outputs, path: str | Path | None, many: bool, force: bool):
        self._outputs, self._path, self._folder = outputs, path, None
        if path is not None and many:
            self._folder = outputs.folder(path, "superposed structures", force)

    def write(self, name: str, form: str, content: bytes) -> None:
        """Write a model; in a folder, with a number after its id if that is taken."""
        if self._folder is None:
            assert self._path is not None
            self._outputs.add(self._path, content, "superposed structure")
            return
        stem = short_id(name)[:_MAX_STEM_LENGTH]
        path, number = self._folder / f"{stem}.{form}", 1
        while path.exists():
            number += 1
            path = self._folder / f"{stem}-{number}.{form}"
        with disk_errors(path):
            path.write_bytes(content)


def _score_all(
    pairs: list[PairOfFiles],
    jobs: list[ScoringJob],
    config: ScoreConfig,
    bad: list[FailedRecord],
) -> Iterator[tuple[PairOfFiles, ScoringJob, ScoredPair]]:
    """Yield each pair with its job and its scores, in order; those without go to `bad`."""
    from pepseq.structure.scoring.workers import Workers

    count = min(config.threads or available_cores(), max(len(jobs), 1))
    with (
        Workers(count, config.time_limit) as workers,
        Progress("scoring", len(jobs), "pairs") as progress,
    ):
        for pair, job, result in zip(pairs, jobs, workers.score_all(jobs), strict=True):
            if isinstance(result, str):
                bad.append(_failed(pair, result))
            else:
                yield pair, job, result
            progress.add(1)


def _failed(pair: PairOfFiles, reason: str) -> FailedRecord:
    for place in (f"{pair.file}:{pair.line}: ", f"{pair.file}: "):
        reason = reason.removeprefix(place)
    return FailedRecord(pair.file, pair.line, pair.id, reason)
