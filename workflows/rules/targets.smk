"""What belongs together and what is wanted in the end, from the names of the configuration."""

import os
import re


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


def files_of(references):
    """Return the file by which a change of each reference is seen: of a name, its record."""
    data = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share") / "pepseq"
    library = Path(os.environ.get("PEPSEQ_HOME") or data).expanduser() / "references"
    return [
        (
            str(library / given / "reference.json")
            if re.fullmatch("[A-Za-z0-9_-]+", given) and not Path(given).is_file()
            else given
        )
        for given in references
        if given != "bundled"
    ]


def more_references(mode):
    """Return the references that predict takes beside training proteins; a network takes none."""
    return [] if mode == "model" else (config.get("predict") or {}).get("reference", [])


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
        f"{config['results']}/report.html",
    ]
