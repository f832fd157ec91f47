"""Older names of keys of the configuration, which users' files may have."""


def rename_old_keys():
    """Accept `at_most`, the older name of `max_proteins`, in every section `split`."""
    species = config.get("species")
    for section in (config, *(species.values() if isinstance(species, dict) else ())):
        split = section.get("split") if isinstance(section, dict) else None
        if isinstance(split, dict) and "at_most" in split:
            split.setdefault("max_proteins", split.pop("at_most"))


rename_old_keys()
