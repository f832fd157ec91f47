"""Keys of the configuration: they are texts, and may have older names in users' files."""

from snakemake.exceptions import WorkflowError


def key_that_is_no_text(value):
    """Return the place of the first key that is a number or the like, None if all are texts."""
    if isinstance(value, list):
        return next(filter(None, map(key_that_is_no_text, value)), None)
    for key, inner in value.items() if isinstance(value, dict) else ():
        if not isinstance(key, str):
            return str(key)
        below = key_that_is_no_text(inner)
        if below:
            return f"{key}.{below}"
    return None


def rename_old_keys():
    """Accept `at_most` for `max_proteins` of `split`, and `sure` for `known_confidence` of pairing."""
    rename("split", config.get("split"), "at_most", "max_proteins")
    for section, settings in entries_of("species"):
        split = settings.get("split")
        rename(f"{section}.split", split, "at_most", "max_proteins")
    for section, settings in entries_of("pairing"):
        rename(section, settings, "sure", "known_confidence")


def entries_of(key):
    """Return place and settings of each entry of a section; wrong types are left to the check."""
    entries = config.get(key)
    entries = entries.items() if isinstance(entries, dict) else ()
    return [(f"{key}.{name}", of) for name, of in entries if isinstance(of, dict)]


def rename(section, settings, old, new):
    """Rename a key; WorkflowError if both names are given."""
    if not isinstance(settings, dict) or old not in settings:
        return
    if new in settings:
        raise WorkflowError(
            f"configuration: {section}: {old} is the older name of {new}; delete {old}"
        )
    settings[new] = settings.pop(old)


number = key_that_is_no_text(config)
if number:
    raise WorkflowError(f"configuration: expected texts as keys, found {number}: quote it")
rename_old_keys()
