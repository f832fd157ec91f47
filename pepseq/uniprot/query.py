"""What UniProt is asked for: the server, a taxon by number or name, the query of a search.

The interface is UniProt's REST API, https://www.uniprot.org/help/api_queries.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urljoin

import httpx2

from pepseq.errors import InputError, found
from pepseq.http.client import HttpClient
from pepseq.http.responses import RejectedError, RetryError
from pepseq.io.json_files import decode_json
from pepseq.uniprot.config import UNIREF, DownloadConfig

SERVER = "https://rest.uniprot.org"
PAGE = 500
"""Records on a page, the most that UniProt gives."""
NAMES = {UNIREF: "name", "uniprotkb": "protein_name"}
"""The field of each database that holds an entry's name."""
_MOST_TAXON_PAGES = 20
_LISTED = 10
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel="?next\b')


@dataclass(frozen=True)
class Taxon:
    """A taxon: its number, scientific name, rank, and the numbers of all taxa above it."""

    id: int
    name: str
    rank: str
    above: tuple[int, ...]


def server_url(server: str | None = None) -> str:
    """Return the server's address: the one given, PEPSEQ_UNIPROT_URL, or UniProt's own."""
    return (server or os.environ.get("PEPSEQ_UNIPROT_URL") or SERVER).rstrip("/")


def find_taxon(http: HttpClient, server: str, taxon: int | str) -> Taxon:
    """Ask for a taxon by number or name (scientific, common, synonym or mnemonic; any case).

    Raises InputError if there is none of this number, and if not exactly one has this name: then
    the candidates are listed.
    """
    text = str(taxon).strip()
    number = int(text) if text.isdecimal() else _find_by_name(http, server, text)
    try:
        entry = _json(http.get(f"{server}/taxonomy/{number}", "application/json", _json))
    except RejectedError as error:
        raise InputError(f"taxon: expected one that UniProt knows, found {number}") from error
    try:
        if not entry.get("active", True):
            raise InputError(f"taxon: expected one in use, found {number}, which no longer is")
        above = tuple(int(one["taxonId"]) for one in entry.get("lineage") or [])
        return Taxon(number, str(entry["scientificName"]), str(entry.get("rank", "")), above)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{server}/taxonomy/{number}: expected a taxon, found {entry}") from error


def search_url(server: str, config: DownloadConfig, taxon: Taxon | None) -> str:
    """Return the address of a search's first page."""
    settings = {"query": search_query(config, taxon), "format": "fasta", "size": PAGE}
    return f"{server}/{config.database}/search?{urlencode(settings)}"


def search_query(config: DownloadConfig, taxon: Taxon | None) -> str:
    """Return what is asked for in UniProt's query language."""
    parts = [f"(taxonomy_id:{taxon.id})"] if taxon else []
    if config.database == UNIREF:
        parts.append(f"(identity:{(config.identity or 100) / 100:.1f})")
    parts += ["(reviewed:true)"] * config.reviewed
    parts += [f"({config.query.strip()})"] if (config.query or "").strip() else []
    field = NAMES[config.database]
    excluded = [f" NOT ({field}:{_quoted(name)})" for name in config.exclude_names]
    return " AND ".join(parts) + "".join(excluded)


def next_link(response: httpx2.Response) -> str | None:
    """Return the address of the page after this one, from its Link header; None for the last."""
    match = _NEXT.search(response.headers.get("Link", ""))
    return urljoin(str(response.url), match[1]) if match else None


def _quoted(text: str) -> str:
    return '"' + text.strip().replace("\\", "\\\\").replace('"', '\\"') + '"'


def _find_by_name(http: HttpClient, server: str, name: str) -> int:
    """Return the number of the one taxon that has this name."""
    named, others = {}, {}
    for entry in _search_taxa(http, server, name):
        names = [entry.get(key) for key in ("scientificName", "commonName", "mnemonic")]
        names += [*(entry.get("synonyms") or []), *(entry.get("otherNames") or [])]
        same = name.lower() in (str(one).lower() for one in names)
        label = f"{entry.get('taxonId')} {entry.get('scientificName')} ({entry.get('rank')})"
        (named if same else others)[int(entry["taxonId"])] = label
    if len(named) == 1:
        return next(iter(named))
    labels = [*(named or others).values()]
    listed = "; ".join(labels[:_LISTED]) + ("; ..." if len(labels) > _LISTED else "")
    raise InputError(
        f"taxon: expected one that is named {found(name)}, found {len(named) or 'none'}"
        f"{': ' if named else '; similar ones: ' if others else ''}{listed}"
        f"{'; give its number' if labels else ''}"
    )


def _search_taxa(http: HttpClient, server: str, name: str) -> Iterator[dict]:
    query = urlencode({"query": _quoted(name), "format": "json", "size": PAGE}, quote_via=quote)
    url = f"{server}/taxonomy/search?{query}"
    for _ in range(_MOST_TAXON_PAGES):
        response = http.get(url, "application/json", _taxa)
        yield from _taxa(response)
        url = next_link(response)
        if url is None:
            return


def _taxa(response: httpx2.Response) -> list[dict]:
    """Return the taxa on a page; RetryError if there is something else."""
    found_here = _json(response)
    taxa = found_here.get("results") if isinstance(found_here, dict) else None
    if not isinstance(taxa, list) or not all(
        isinstance(one, dict) and str(one.get("taxonId")).isdecimal() for one in taxa
    ):
        raise RetryError("expected a list of taxa, found something else")
    return taxa


def _json(response: httpx2.Response) -> dict:
    try:
        return decode_json(response.content)
    except ValueError as error:
        raise RetryError(
            f"expected JSON, found {found(response.content[:80].decode('utf-8', 'replace'))}"
        ) from error
