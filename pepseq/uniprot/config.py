"""Settings of download, with their defaults. Imports nothing heavy."""

from dataclasses import dataclass

from pepseq.errors import quoted
from pepseq.settings import check, require

UNIREF, UNIPROTKB = DATABASES = ("uniref", "uniprotkb")
IDENTITIES = (100, 90, 50)


@dataclass(frozen=True)
class DownloadConfig:
    """A search of UniProt; at least one of `taxon` and `query` is needed.

    taxon: number or name of a taxon; the search includes the taxa below it.
    database: `uniref` (clusters, one representative each) or `uniprotkb` (every entry).
    identity: sequence identity of UniRef's clusters in percent, 100, 90 or 50; None is 100.
    exclude_names: entries with one of these texts in their name are left out.
    query: further condition in UniProt's query language.
    reviewed: uniprotkb only: reviewed entries (Swiss-Prot).
    server: address of the server; None for PEPSEQ_UNIPROT_URL, else UniProt's own.
    """

    taxon: int | str | None = None
    database: str = UNIREF
    identity: int | None = None
    exclude_names: tuple[str, ...] = ()
    query: str | None = None
    reviewed: bool = False
    server: str | None = None

    def __post_init__(self) -> None:
        check(self)
        taxon = str(self.taxon or "").strip()
        require(bool(taxon or (self.query or "").strip()), "give a taxon, a query or both")
        require(
            self.database in DATABASES,
            f"database: expected {' or '.join(DATABASES)}, found {quoted(str(self.database))}",
        )
        require(
            self.identity in (None, *IDENTITIES),
            f"identity: expected 100, 90 or 50, found {self.identity}",
        )
        require(
            self.identity is None or self.database == UNIREF,
            "identity: applies to the database uniref only, not to uniprotkb",
        )
        require(
            not self.reviewed or self.database == UNIPROTKB,
            "reviewed: applies to the database uniprotkb only, not to uniref",
        )
        names = self.exclude_names
        require(
            isinstance(names, tuple | list)
            and all(isinstance(name, str) and name.strip() for name in names),
            f"exclude_names: expected a tuple of texts, found {quoted(repr(names))}",
        )
        object.__setattr__(self, "exclude_names", tuple(names))
