"""What the report is about."""


def networks():
    """Return the losses of every network that is trained."""
    return sorted(
        {
            f"{config['results']}/models/{readout}/{trained}/metrics.tsv"
            for readout, mode, trained, _ in completions()
            if mode != "templates"
        }
    )


def reported():
    """Return what the report is about: a file of each result."""
    tables = completions() if (config.get("report") or {}).get("residues") else []
    return (
        comparisons()
        + [f"{config['results']}/splits/{name}/report.tsv" for name in config.get("species", {})]
        + [f"{evaluation_of(one)}/summary.json" for one in completions()]
        + networks()
        + [f"{prediction_of(one)}.fasta.gz" for one in completions()]
        + [f"{prediction_of(one)}.tsv.gz" for one in tables]
        + structures()
        + pairings()
        + amounts()
        + complex_results()
    )


def shown(path):
    """Return what the report is told of a file: the folder that is the result, or the file."""
    folder = Path(path).parent
    if folder.name == "accuracy":
        return str(folder.parent)
    if path.endswith(".gz") or folder.name == "structures" or "complexes" in folder.parts:
        return path
    return str(folder)
