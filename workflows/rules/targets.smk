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


def wanted():
    """Return the files that the workflow ends with."""
    return [
        f"{config['results']}/comparison/compared.tsv",
        *structures(),
        *pairings(),
        f"{config['results']}/report.html",
    ]
