"""How many jobs a prediction has: shards of many readouts, parts of a wide reference."""

import gzip
from functools import cache

JOBS = {"reads": 20000, "parts": 1, **(config.get("jobs") or {})}
OF_SEARCH = ("missed_label", "misread", "part_residues")


@cache
def count_reads(path):
    """Return the number of readouts in a file."""
    with gzip.open(path, "rb") as stream:
        return sum(line.startswith(b">") for line in stream)


def shards_of(wildcards):
    """Return the shards that a prediction is merged from, none if one job predicts all."""
    names = {"readout": wildcards.readout, "species": wildcards.tested}
    number = max(1, -(-count_reads(checkpoints.mask.get(**names).output[0]) // JOBS["reads"]))
    in_parts = JOBS["parts"] > 1 and wildcards.mode != "model"
    if number == 1 and not in_parts:
        return []
    folder = under(f"shards/{wildcards.readout}/{wildcards.mode}")
    pair = f"{wildcards.trained}-on-{wildcards.tested}"
    return [f"{folder}/{pair}/{n}-of-{number}.fasta.gz" for n in range(1, number + 1)]


def searches_of(wildcards):
    """Return the searches of all parts of the reference for a shard, none if it has one part."""
    if JOBS["parts"] == 1 or wildcards.mode == "model":
        return []
    folder = under(f"searches/{wildcards.readout}/{wildcards.trained}-on-{wildcards.tested}")
    shard, parts = f"{wildcards.shard}-of-{wildcards.shards}", JOBS["parts"]
    return [f"{folder}/{shard}/{n}-of-{parts}.searches" for n in range(1, parts + 1)]


def search_options():
    """Return the options of predict that search has too."""
    given = config.get("predict") or {}
    return options({key: given[key] for key in OF_SEARCH if key in given})
