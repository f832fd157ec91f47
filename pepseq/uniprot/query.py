"""Requests to UniProt: its address, taxa by number or name, and queries of searches.

The interface is UniProt's REST API, https://www.uniprot.org/help/api_queries.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urljoin

import httpx2

from pepseq.errors import InputError, quoted
from pepseq.http.client import HttpClient
from pepseq.http.responses import RejectedError, RetryError, not_json_error
from pepseq.io.json_files import decode_json
from pepseq.uniprot.config import UNIPROTKB, UNIREF, DownloadConfig

SERVER = "https://rest.uniprot.org"
PAGE_SIZE = 500
"""Records on a page, the most that UniProt allows."""
NAME_FIELDS = {UNIREF: "name", UNIPROTKB: "protein_name"}
"""Query field of each database for the name of an entry."""
_MAX_TAXON_PAGES = 20
_MAX_LISTED_TAXA = 10
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel="?next\b')


@dataclass(frozen=True)
class Taxon:
    """A taxon: its number, scientific name, rank, and the numbers of all taxa above it."""

    id: int
    name: str
    rank: str
    above: tuple[int, ...]


def uniprot_url(server: str | None = None) -> str:
    """Return `server`, or the address of PEPSEQ_UNIPROT_URL, or UniProt's own."""
    return (server or os.environ.get("PEPSEQ_UNIPROT_URL") or SERVER).rstrip("/")


def find_taxon(http: HttpClient, server: str, taxon: int | str) -> Taxon:
    """Return a taxon by its number or name (scientific, common, synonym or mnemonic; any case).

    Raises InputError if there is no such taxon, and if several have this name: they are listed.
    """
    text = str(taxon).strip()
    number = int(text) if text.isdecimal() else _find_number_of_name(http, server, text)
    try:
        entry = _read_json(http.get(f"{server}/taxonomy/{number}", "application/json", _read_json))
    except RejectedError as error:
        raise InputError(f"taxon: UniProt has no taxon with the number {number}") from error
    try:
        if not entry.get("active", True):
            raise InputError(f"taxon: UniProt no longer uses the taxon with the number {number}")
        above = tuple(int(ancestor["taxonId"]) for ancestor in entry.get("lineage") or [])
        return Taxon(number, str(entry["scientificName"]), str(entry.get("rank", "")), above)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{server}/taxonomy/{number}: expected a taxon, found {entry}") from error


def search_url(server: str, config: DownloadConfig, taxon: Taxon | None) -> str:
    """Return the address of a search's first page."""
    settings = {"query": search_query(config, taxon), "format": "fasta", "size": PAGE_SIZE}
    return f"{server}/{config.database}/search?{urlencode(settings)}"


def search_query(config: DownloadConfig, taxon: Taxon | None) -> str:
    """Return the query of a search, in UniProt's query language."""
    parts = [f"(taxonomy_id:{taxon.id})"] if taxon else []
    if config.database == UNIREF:
        parts.append(f"(identity:{(config.identity or 100) / 100:.1f})")
    parts += ["(reviewed:true)"] * config.reviewed
    query = (config.query or "").strip()
    parts += [f"({query})"] if query else []
    field = NAME_FIELDS[config.database]
    excluded = [f" NOT ({field}:{_quoted(name)})" for name in config.exclude_names]
    return " AND ".join(parts) + "".join(excluded)


def next_link(response: httpx2.Response) -> str | None:
    """Return the address of the page after this one, from its Link header; None for the last."""
    match = _NEXT.search(response.headers.get("Link", ""))
    return urljoin(str(response.url), match[1]) if match else None


def _quoted(text: str) -> str:
    return '"' + text.strip().replace("\\", "\\\\").replace('"', '\\"') + '"'


def _find_number_of_name(http: HttpClient, server: str, name: str) -> int:
    """Return the number of the one taxon that has this name."""
    named: dict[int, str] = {}
    similar: dict[int, str] = {}
    for entry in _search_taxa(http, server, name):
        names = [entry.get(key) for key in ("scientificName", "commonName", "mnemonic")]
        names += [*(entry.get("synonyms") or []), *(entry.get("otherNames") or [])]
        has_name = name.lower() in (str(other).lower() for other in names)
        label = f"{entry.get('taxonId')} {entry.get('scientificName')} ({entry.get('rank')})"
        (named if has_name else similar)[int(entry["taxonId"])] = label
    if len(named) == 1:
        return next(iter(named))
    labels = [*(named or similar).values()]
    listed = "; ".join(labels[:_MAX_LISTED_TAXA])
    listed += "; ..." if len(labels) > _MAX_LISTED_TAXA else ""
    if named:
        problem = f"{len(named)} taxa have the name {quoted(name)}: "
    else:
        problem = f"no taxon has the name {quoted(name)}" + ("; similar ones: " if similar else "")
    hint = "; give the number of one" if labels else ""
    raise InputError(f"taxon: {problem}{listed}{hint}")


def _search_taxa(http: HttpClient, server: str, name: str) -> Iterator[dict[str, Any]]:
    """Yield the taxa that UniProt finds by a name, as JSON objects."""
    query = urlencode(
        {"query": _quoted(name), "format": "json", "size": PAGE_SIZE}, quote_via=quote
    )
    url: str | None = f"{server}/taxonomy/search?{query}"
    for _ in range(_MAX_TAXON_PAGES):
        if url is None:
            return
        response = http.get(url, "application/json", _read_taxa)
        yield from _read_taxa(response)
        url = next_link(response)


def _read_taxa(response: httpx2.Response) -> list[dict[str, Any]]:
    """Return the taxa on a page; RetryError for another answer."""
    content = _read_json(response)
    taxa = content.get("results") if isinstance(content, dict) else None
    if not isinstance(taxa, list) or not all(
        isinstance(taxon, dict) and str(taxon.get("taxonId")).isdecimal() for taxon in taxa
    ):
        raise RetryError("the answer is no list of taxa")
    return taxa


def _read_json(response: httpx2.Response) -> Any:
    try:
        return decode_json(response.content)
    except ValueError as error:
        raise not_json_error(response) from error
