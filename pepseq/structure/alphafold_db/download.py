"""Models from AlphaFold DB into a folder, protein by protein, so that a later run resumes."""

import logging
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path

from pepseq.errors import InputError, PepseqError, TryAgainError
from pepseq.http.client import (
    HttpClient,
    HttpConfig,
    ServerUnreachable,
    is_offline,
    without_password,
)
from pepseq.http.concurrent import request_all
from pepseq.io.failures import FailedRecord, refuse_failed
from pepseq.io.outputs import STDIO
from pepseq.io.progress import Progress
from pepseq.io.run_record import run_record
from pepseq.processes.signals import stopped_by_sigterm
from pepseq.settings import check_config
from pepseq.structure.alphafold_db.accessions import (
    RequestedProtein,
    is_uniparc,
    read_requested_proteins,
)
from pepseq.structure.alphafold_db.config import FetchConfig
from pepseq.structure.alphafold_db.entries import (
    CITE,
    HOST,
    FetchedModel,
    ModelEntry,
    alphafold_url,
    fetch_model,
    find_entries,
)
from pepseq.structure.alphafold_db.rows import FETCH_COLUMNS, NO_MODEL, protein_rows
from pepseq.structure.result_folder import (
    DONE,
    Row,
    StructureFolder,
    open_folder,
    refuse_bad_proteins,
    write_run_record,
)

HTTP_SETTINGS = HttpConfig(connect_timeout=5.0)
MAX_CONSECUTIVE_FAILURES = 3
"""Accessions in a row that the server did not give, after all tries, when a run ends."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FetchSummary:
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
) -> FetchSummary:
    """Fetch the AlphaFold DB models of proteins into a folder.

    `ids` is a FASTA file, whose sequences are compared with those of the models, or a list of ids,
    one per line. `structures.tsv` in the folder lists the file of each protein: FETCH_COLUMNS, a
    row for each model, or one that says that there is none. If called again, it downloads what is
    missing.

    Raises SettingsError, InputError (bad ids, after fetching the others, unless `keep_going`; no
    network), OutputError, and TryAgainError when the server cannot be reached or breaks off for
    good, when SIGTERM stops the run, or another run writes the folder.
    """
    started = time.time()
    check_config(config, FetchConfig)
    bad: list[FailedRecord] = []
    proteins = read_requested_proteins(ids, bad)
    with (
        _server(config) as (http, url),
        open_folder(output, FETCH_COLUMNS, [ids], force) as folder,
        stopped_by_sigterm("model"),
    ):
        missing = [protein for protein in proteins if not _is_done(folder, protein, config)]
        folder.mark_outdated(protein.id for protein in missing)
        if len(missing) < len(proteins):
            done = len(proteins) - len(missing)
            log.info("%d of %d proteins are done already", done, len(proteins))
        fetch = _Fetch(http, url, folder, config, str(ids), bad)
        fetch.run(missing)
        folder.finish((protein.id for protein in proteins), [ids])
        rows = [folder.rows[protein.id][0] for protein in proteins if protein.id in folder.rows]
        worked = any(protein.id in folder.rows for protein in missing)
        record = run_record("fetch-structures", asdict(config) | {"server": url}, [ids], started)
        record |= {"attribution": CITE}
        write_run_record(output, record, bad, good=len(rows), worked=worked, force=force)
    if fetch.unavailable:
        left_out = f", {len(bad)} left out (see {Path(output)}.failed.tsv)" if bad else ""
        raise TryAgainError(
            f"{len(fetch.unavailable)} of {len(proteins)} proteins could not be fetched, "
            f"{len(rows)} are done{left_out}; the same command resumes: {fetch.unavailable[0]}"
        )
    refuse_bad_proteins(bad, len(rows), output, keep_going)
    return _summarise(rows, {protein.id for protein in missing}, bad)


def _summarise(rows: list[Row], new: set[str], bad: list[FailedRecord]) -> FetchSummary:
    """Count the first row of each protein; `new` are the ids of this call."""
    states = [row["state"] for row in rows]
    return FetchSummary(
        states.count(DONE),
        sum(row["state"] == DONE and row["id"] in new for row in rows),
        states.count(NO_MODEL),
        sum(row["agreement"] == "different" for row in rows),
        bad,
    )


def list_model_entries(
    ids: str | Path, config: FetchConfig
) -> Iterator[tuple[RequestedProtein, list[ModelEntry]]]:
    """Yield each protein with its models, as AlphaFold DB lists them; nothing is fetched.

    Raises what `fetch_structures` does, for the first fault.
    """
    bad: list[FailedRecord] = []
    proteins = read_requested_proteins(ids, bad)
    with _server(config) as (http, url):
        for protein in proteins:
            yield protein, _list_entries(http, url, protein.accession, config)
    refuse_failed(bad, len(proteins), STDIO, False)


def _list_entries(
    http: HttpClient, server: str, accession: str, config: FetchConfig
) -> list[ModelEntry]:
    if is_uniparc(accession):
        return []
    return find_entries(http, server, accession, config.format)


@contextmanager
def _server(config: FetchConfig) -> Iterator[tuple[HttpClient, str]]:
    if is_offline():
        raise InputError(
            "fetch-structures needs a network; unset PEPSEQ_OFFLINE (or HF_HUB_OFFLINE, "
            "TRANSFORMERS_OFFLINE)"
        )
    url = alphafold_url(config.server)
    with HttpClient(url, [f"https://{HOST}"], HTTP_SETTINGS) as http:
        yield http, without_password(url)


def _is_done(folder: StructureFolder, protein: RequestedProtein, config: FetchConfig) -> bool:
    """Return whether all rows of a protein are in the folder, with whole files of this format."""
    rows = folder.rows.get(protein.id, [])
    if not rows or rows[0]["sequence_sha256"] != protein.sequence_sha256:
        return False
    if rows[0]["state"] == NO_MODEL:
        return True
    return rows[0]["models"] == str(len(rows)) and all(
        folder.is_whole(row) and row["file"].endswith(f".{config.format}") for row in rows
    )


@dataclass
class _Fetch:
    """A run that fetches models into a folder.

    source: the file of the ids; bad: proteins that the server refused; unavailable: for each
    protein that the server could not give, why.
    """

    http: HttpClient
    server: str
    folder: StructureFolder
    config: FetchConfig
    source: str
    bad: list[FailedRecord]
    unavailable: list[TryAgainError] = field(default_factory=list)

    def run(self, proteins: list[RequestedProtein]) -> None:
        """Fetch the models of proteins, one request for those of the same accession.

        The first accession is requested alone, so that a missing network is found, and logged,
        once. A server that cannot be reached, or that fails MAX_CONSECUTIVE_FAILURES times in a
        row, ends the run for all.
        """
        of_accession: dict[str, list[RequestedProtein]] = {}
        for protein in proteins:
            of_accession.setdefault(protein.accession, []).append(protein)
        names = list(of_accession)
        first = request_all(names[:1], self._request, 1)
        rest = request_all(names[1:], self._request, self.config.connections)
        failures = 0
        progress = Progress("fetching", len(proteins), "proteins")
        with progress, closing(first), closing(rest):
            for accession, answer in chain(first, rest):
                same_accession = of_accession.pop(accession)
                if not isinstance(answer, TryAgainError):
                    failures = 0
                    self._store(same_accession, answer)
                    progress.add(len(same_accession))
                    continue
                failures += 1
                self.unavailable += [answer] * len(same_accession)
                if failures >= MAX_CONSECUTIVE_FAILURES or isinstance(answer, ServerUnreachable):
                    self.unavailable += [answer] * sum(map(len, of_accession.values()))
                    return

    def _request(self, accession: str) -> list[FetchedModel]:
        entries = _list_entries(self.http, self.server, accession, self.config)
        stem, form = self.folder.work / accession, self.config.format
        return [
            fetch_model(self.http, entry, Path(f"{stem}-{number}.{form}"))
            for number, entry in enumerate(entries)
        ]

    def _store(
        self, proteins: list[RequestedProtein], answer: list[FetchedModel] | PepseqError
    ) -> None:
        """Put rows and files of an accession into the folder, or its proteins into `bad`."""
        if isinstance(answer, InputError):
            reason = str(answer)
            self.bad += [FailedRecord(self.source, p.line, p.id, reason) for p in proteins]
            return
        if isinstance(answer, PepseqError):
            raise answer
        named = [(model, _file_name(self.folder, model)) for model in answer]
        for protein in proteins:
            self.folder.add(protein.id, protein_rows(protein, named))
        for model, file in named:
            self.folder.publish(model.path, file)


def _file_name(folder: StructureFolder, model: FetchedModel) -> str:
    """Return the name of a model's file: as on the server, if no other file has it."""
    return folder.names.claim(model.entry.stem, model.entry.url) + model.path.suffix
