"""Records of shards, and the merge of their outputs."""

BAD = [("bad", "M!K"), ("p00", "MXK"), ("stray", "MXD")]


def merged(run, parts, out, *more):
    """Run merge on shards and their tables."""
    table = out.with_suffix(".tsv.gz")
    return run("merge", *parts, "-o", out, "--table", table, "--keep-going", *more)
