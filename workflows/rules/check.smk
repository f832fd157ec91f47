"""The configuration against its schema: what is wrong ends the workflow in one line."""

import re

import jsonschema
import yaml

from snakemake.exceptions import WorkflowError

NAME = "[A-Za-z0-9_]+"


def check(path):
    """Raise WorkflowError naming the key of the configuration that is wrong."""
    with open(path) as stream:
        schema = yaml.safe_load(stream)
    errors = jsonschema.Draft202012Validator(schema).iter_errors(config)
    first = min(errors, key=lambda error: list(map(str, error.absolute_path)), default=None)
    wrong = said(first) if first else contradiction() or amount_contradiction()
    if wrong:
        raise WorkflowError(f"configuration: {wrong}")


def said(error):
    """Return what is wrong with a value, in one line."""
    where = ".".join(map(str, error.absolute_path)) or "top level"
    known = error.schema.get("properties", {})
    if error.validator == "additionalProperties":
        extra = sorted(map(str, set(error.instance) - set(known)))
        if known:
            return f"{where}: unknown key {extra[0]!r}; known: {', '.join(known)}"
        wrong = next(name for name in extra if not re.fullmatch(NAME, name))
        return f"{where}: expected names of letters, digits and underscores, found {wrong!r}"
    if error.validator == "pattern" and "description" in error.schema:
        return f"{where}: expected {error.schema['description']}, found {error.instance!r}"
    return f"{where}: {error.message[:300]}"


def contradiction():
    """Return what the schema cannot see: names that nothing has, choices that exclude each other."""
    species, readouts = config.get("species", {}), config.get("readouts", {})
    for name, given in species.items():
        if len(given.keys() & {"taxon", "proteins"}) != 1:
            return f"species.{name}: expected one of taxon and proteins"
        shares = {**config["split"], **given.get("split", {})}.get("fractions", [1])
        if abs(sum(shares) - 1) > 1e-6:
            return f"species.{name}: expected fractions of a split that add up to 1, found {shares}"
    for name, given in readouts.items():
        if set("ACDEFGHIKLMNPQRSTVWY") <= set(given["readout"].upper()):
            return f"readouts.{name}: expected a readout that hides some amino acids"
        for other in given.get("species", []):
            if other not in species:
                return f"readouts.{name}.species: no species {other!r} is given"
    tuned, trains = config.get("finetune", {}), set(config.get("modes", [])) - {"templates"}
    if trains and ("model" in tuned) == ("from_scratch" in tuned):
        return "finetune: expected one of model and from_scratch"
    for name, given in (config.get("structures") or {}).items():
        made = given.get("reconstructions")
        if made and tuple(made[key] for key in KEYS) not in completions():
            return f"structures.{name}.reconstructions: the workflow makes no such reconstructions"
