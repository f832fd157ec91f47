"""Models from AlphaFold DB into a folder, protein by protein, so that a later run goes on."""

import logging
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

from pepseq.errors import InputError, OutputError, SettingsError, TryAgainError
from pepseq.http.client import HttpClient, HttpConfig, ServerUnreachable, is_offline, shown
from pepseq.http.concurrent import request_all
from pepseq.io.failures import FailedRecord, refuse_failed
from pepseq.io.outputs import STDIO
from pepseq.io.progress import Progress
from pepseq.io.run_record import run_record, sha256
from pepseq.processes.signals import stopped_by_sigterm
from pepseq.structure.alphafold_db.accessions import Wanted, read_wanted
from pepseq.structure.alphafold_db.config import FetchConfig
from pepseq.structure.alphafold_db.entries import (
    CITE,
    HOST,
    LICENCE,
    Entry,
    Model,
    fetch_entry,
    find_entries,
    is_uniparc,
    server_url,
)
from pepseq.structure.file_names import text_sha256
from pepseq.structure.result_folder import (
    DONE,
    Row,
    StructureFolder,
    format_cell,
    open_folder,
    refuse_none_good,
    write_run_record,
)

FETCH_COLUMNS = (
    "id",
    "accession",
    "state",
    "file",
    "entry",
    "version",
    "fragment",
    "models",
    "start",
    "end",
    "residues",
    "mean_plddt",
    "agreement",
    "different",
    "missing",
    "url",
    "licence",
    "sequence_sha256",
    "file_sha256",
    "reason",
)
NO_MODEL = "no model"
PATIENCE = HttpConfig(connect_timeout=5.0)
GIVE_UP_AFTER = 3
"""Proteins in a row that the server did not give, after all tries, when a run ends."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fetched:
    """What `fetch_structures` did.

    models: proteins that have a model; new: of these, fetched by this call; without: proteins that
    have none in AlphaFold DB; differ: models whose sequence is not the FASTA's; bad: ids that are
    no accession, or that the server refused.
    """

    models: int
    new: int
    without: int
    differ: int
    bad: list[FailedRecord]


def fetch_structures(
    ids: str | Path,
    output: str | Path,
    *,
    config: FetchConfig = FetchConfig(),  # noqa: B008 - frozen
    force: bool = False,
    keep_going: bool = False,
) -> Fetched:
    """Fetch the AlphaFold DB models of proteins into a folder.

    `ids` is a FASTA file, with whose sequences the models are compared, or a list of ids, one on a
    line. `structures.tsv` in the folder says which file is of which protein: FETCH_COLUMNS, a row
    for each model, or one that says that there is none. The same call again fetches what is
    missing.

    Raises SettingsError, InputError (bad ids, after fetching the others, unless `keep_going`; no
    network), OutputError, and TryAgainError when the server cannot be reached or breaks off for
    good, when SIGTERM stops the run, or another run writes the folder.
    """
    started = time.time()
    bad: list[FailedRecord] = []
    wanted = read_wanted(ids, bad)
    with (
        _server(config) as (http, url),
        open_folder(output, FETCH_COLUMNS, [ids], force) as folder,
        stopped_by_sigterm("model"),
    ):
        todo = [one for one in wanted if not _is_there(folder, one, config)]
        folder.mark_outdated(one.id for one in todo)
        if len(todo) < len(wanted):
            there = len(wanted) - len(todo)
            log.info("%d of %d proteins are done already", there, len(wanted))
        later = _fetch_all(http, url, folder, todo, config, str(ids), bad)
        folder.finish((one.id for one in wanted), [ids])
        rows = [folder.rows[one.id][0] for one in wanted if one.id in folder.rows]
        worked = any(one.id in folder.rows for one in todo)
        record = run_record("fetch-structures", asdict(config) | {"server": url}, [ids], started)
        record |= {"attribution": CITE}
        write_run_record(output, record, bad, good=len(rows), worked=worked, force=force)
    if later:
        raise _not_to_be_had(later, len(wanted), len(rows), bad, output)
    refuse_none_good(bad, len(rows), output)
    refuse_failed(bad, len(rows), output, keep_going)
    return _summary(rows, {one.id for one in todo}, bad)


def _not_to_be_had(
    later: list[TryAgainError], wanted: int, done: int, bad: list[FailedRecord], output: str | Path
) -> TryAgainError:
    left_out = f", {len(bad)} left out (see {Path(output)}.failed.tsv)" if bad else ""
    return TryAgainError(
        f"{len(later)} of {wanted} proteins were not to be had, {done} are done{left_out}; the "
        f"same command goes on: {later[0]}"
    )


def _summary(rows: list[Row], new: set[str], bad: list[FailedRecord]) -> Fetched:
    """Count the first row of each protein; `new` are the ids of this call."""
    states = [row["state"] for row in rows]
    return Fetched(
        states.count(DONE),
        sum(row["state"] == DONE and row["id"] in new for row in rows),
        states.count(NO_MODEL),
        sum(row["agreement"] == "different" for row in rows),
        bad,
    )


def list_models(ids: str | Path, config: FetchConfig) -> Iterator[tuple[Wanted, list[Entry]]]:
    """Yield each protein with its models, as AlphaFold DB lists them; nothing is fetched.

    Raises what `fetch_structures` does, for the first fault.
    """
    bad: list[FailedRecord] = []
    wanted = read_wanted(ids, bad)
    with _server(config) as (http, url):
        for one in wanted:
            uniparc = is_uniparc(one.accession)
            yield one, [] if uniparc else find_entries(http, url, one.accession, config.format)
    refuse_failed(bad, len(wanted), STDIO, False)


@contextmanager
def _server(config: FetchConfig) -> Iterator[tuple[HttpClient, str]]:
    if is_offline():
        raise InputError("fetch-structures: expected a network, found offline set (PEPSEQ_OFFLINE)")
    url = server_url(config.server)
    with HttpClient(url, [f"https://{HOST}"], PATIENCE) as http:
        yield http, shown(url)


def _is_there(folder: StructureFolder, one: Wanted, config: FetchConfig) -> bool:
    """Say whether all rows of a protein are in the folder, with whole files of this format."""
    rows = folder.rows.get(one.id, [])
    if not rows or rows[0]["sequence_sha256"] != _digest(one):
        return False
    if rows[0]["state"] == NO_MODEL:
        return True
    return rows[0]["models"] == str(len(rows)) and all(
        folder.is_whole(row) and row["file"].endswith(f".{config.format}") for row in rows
    )


def _digest(one: Wanted) -> str:
    return text_sha256(one.sequence) if one.sequence else ""


def _fetch_all(
    http: HttpClient,
    server: str,
    folder: StructureFolder,
    todo: list[Wanted],
    config: FetchConfig,
    file: str,
    bad: list[FailedRecord],
) -> list[TryAgainError]:
    """Fetch models, put files and rows into the folder; return why others were not to be had.

    The first protein is asked for alone, so that a missing network is found, and said, once. A
    server that cannot be reached, or that fails GIVE_UP_AFTER times in a row, ends it for all.
    """
    of_accession: dict[str, list[Wanted]] = {}
    for one in todo:
        of_accession.setdefault(one.accession, []).append(one)
    later, in_a_row = [], 0

    def ask(accession: str) -> list[Model]:
        if is_uniparc(accession):
            return []
        entries = find_entries(http, server, accession, config.format)
        return [
            fetch_entry(http, entry, folder.work / f"{accession}-{number}.{config.format}")
            for number, entry in enumerate(entries)
        ]

    names = list(of_accession)
    first, rest = (
        request_all(names[:1], ask, 1),
        request_all(names[1:], ask, config.connections),
    )
    with Progress("fetching", len(todo), "proteins") as progress, closing(first), closing(rest):
        for accession, answer in chain(first, rest):
            proteins = of_accession.pop(accession)
            if isinstance(answer, OutputError | SettingsError):
                raise answer
            if isinstance(answer, TryAgainError):
                later += [answer] * len(proteins)
                in_a_row += 1
                if in_a_row >= GIVE_UP_AFTER or isinstance(answer, ServerUnreachable):
                    return later + [answer] * sum(map(len, of_accession.values()))
                continue
            in_a_row = 0
            if isinstance(answer, InputError):
                bad += [FailedRecord(file, one.line, one.id, str(answer)) for one in proteins]
                continue
            named = [(model, _file(folder, model)) for model in answer]
            for one in proteins:
                folder.add(one.id, _rows(one, named))
            for model, file in named:
                folder.publish(model.path, file)
            progress.add(len(proteins))
    return later


def _file(folder: StructureFolder, model: Model) -> str:
    """Return what a model's file is to be called: as on the server, if nothing else is."""
    return folder.names.claim(model.entry.stem, model.entry.url) + model.path.suffix


def _rows(one: Wanted, models: list[tuple[Model, str]]) -> list[Row]:
    """Return the rows of a protein whose models' files have these names."""
    row = {"id": one.id, "accession": one.accession, "sequence_sha256": _digest(one)}
    if not models:
        reason = f"AlphaFold DB has no model of {one.accession}"
        if is_uniparc(one.accession):
            reason = "UniParc entries have no model in AlphaFold DB"
        return [row | {"state": NO_MODEL, "models": "0", "reason": reason}]
    row |= {"state": DONE, "models": str(len(models))}
    return [
        row | {"file": file, "file_sha256": sha256(model.path)} | _cells(one, model, len(models))
        for model, file in models
    ]


def _cells(one: Wanted, model: Model, models: int) -> Row:
    """Return what a row says of one of the models of a protein, a fragment if there are more."""
    from pepseq.structure.chain_choice import compare_to_sequence
    from pepseq.structure.scoring.pair_scores import mean_plddt

    entry, chain = model.entry, max(model.structure.chains, key=len)
    different = missing = agreement = None
    if one.sequence:
        fragment = models > 1 and entry.residues is not None
        part = one.sequence[entry.start - 1 : entry.end] if fragment else one.sequence
        different, missing = compare_to_sequence(chain, part or one.sequence)
        agreement = "different" if different or missing else "same"
    return {
        "entry": entry.name,
        "version": entry.version,
        "fragment": str(entry.fragment),
        "start": format_cell(entry.start),
        "end": format_cell(entry.end),
        "residues": str(len(chain)),
        "mean_plddt": format_cell(mean_plddt(model.structure, chain)),
        "agreement": format_cell(agreement),
        "different": format_cell(different),
        "missing": format_cell(missing),
        "url": entry.url,
        "licence": LICENCE,
    }
