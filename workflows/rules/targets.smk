"""What belongs together and what is wanted in the end, from the names of the configuration."""


def columns_of(one):
    """Return (trained, tested, folder) as compare takes them; modes other than model are named."""
    _, mode, trained, tested = one
    training = trained if mode == "model" else f"{trained}:{mode}"
    return f"{training} {tested} {evaluation_of(one)}"


def reconstructions_of(name):
    """Return the reconstructions that structures were predicted of, if they are the workflow's."""
    made = config["structures"][name].get("reconstructions")
    return f"{prediction_of([made[key] for key in KEYS])}.fasta.gz" if made else []


def structures():
    """Return the tables of scores of structures."""
    return [f"{config['results']}/structures/{name}.tsv" for name in config.get("structures") or {}]


def pairings():
    """Return the tables of accuracy of the pairing benchmark."""
    return [
        f"{config['results']}/pairing/{name}/accuracy/accuracy.tsv"
        for name in config.get("pairing") or {}
    ]


def amounts():
    """Return the tables of amounts of several samples."""
    return [
        f"{config['results']}/amounts/{name}/amounts.tsv" for name in config.get("amounts") or {}
    ]


def references_of(name):
    """Return the files, other than reads, that the amounts of a name depend on."""
    given = config["amounts"][name]
    others = [given.get(key) for key in ("errors", "known", "score_ids")]
    return [*files_of(given["reference"]), *filter(None, others)]


def comparisons():
    """Return the table of the comparison across species, none without species."""
    return [f"{config['results']}/comparison/compared.tsv"] if completions() else []


def wanted():
    """Return the files that the workflow ends with."""
    return [
        *comparisons(),
        *structures(),
        *pairings(),
        *amounts(),
        *complexes(),
        f"{config['results']}/report.html",
    ]
