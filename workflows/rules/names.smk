"""What the configuration asks for: species, options of commands, files that are wanted."""

import shlex
from pathlib import Path

KEYS = ("readout", "mode", "trained_on", "tested_on")


def species_of(readout):
    """Return the species that a readout is trained and tested on: all, unless some are named."""
    return config["readouts"][readout].get("species") or list(config["species"])


def completions():
    """Return (readout, mode, trained on, tested on) of every prediction."""
    return [
        (readout, mode, trained, tested)
        for readout in config.get("readouts", {})
        for mode in config["modes"]
        for trained in species_of(readout)
        for tested in species_of(readout)
    ]


def options(section, *others):
    """Return a section's keys as pepseq's options; null and false are left out, `others` too."""
    words = []
    for key, value in (section or {}).items():
        if key in others or value is None or value is False:
            continue
        many = value if isinstance(value, list) else [value]
        if value and isinstance(value, list) and not isinstance(value[0], str):
            many = [",".join(map(str, value))]
        for one in many:
            words.append("--" + key.replace("_", "-"))
            words += [] if one is True else [shlex.quote(str(one))]
    return " ".join(words)


def under(folder):
    """Return a path inside the folder of results."""
    return f"{config['results']}/{folder}"


def prediction_of(one):
    """Return the path, without its end, of the prediction of (readout, mode, trained, tested)."""
    readout, mode, trained, tested = one
    return f"{config['results']}/predictions/{readout}/{mode}/{trained}-on-{tested}"


def evaluation_of(one):
    """Return the folder of the evaluation of (readout, mode, trained, tested)."""
    readout, mode, trained, tested = one
    return f"{config['results']}/evaluations/{readout}/{mode}/{trained}-on-{tested}"
