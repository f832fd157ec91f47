"""The names of the files of complexes that are paired, folded and scored."""

import shlex


def quoted(words):
    """Return words as a shell takes them."""
    return " ".join(map(shlex.quote, words))


def complexes():
    """Return the tables of scores of the complexes that are paired and folded."""
    return [
        f"{config['results']}/complexes/{name}/scores.tsv" for name in config.get("complexes") or {}
    ]


def models_of(name):
    """Return the folders of the structures of a complex, one for each way of pairing."""
    methods = config["complexes"][name]["methods"]
    return [f"{config['results']}/complexes/{name}/models/{method}" for method in methods]


def complex_results():
    """Return what the report shows of complexes: models, scores, interfaces and pairs."""
    shown = complexes()
    for name, given in (config.get("complexes") or {}).items():
        folder = f"{config['results']}/complexes/{name}"
        shown += [f"{folder}/interfaces.tsv", *models_of(name)]
        shown += [f"{folder}/pairs/{method}.tsv" for method in given["methods"]]
    return shown
