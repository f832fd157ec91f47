"""Older names of keys of the configuration, which users' files may have."""


def rename_old_keys():
    """Accept `at_most` for `max_proteins` of `split`, and `sure` for `known_confidence` of pairing."""
    species = config.get("species")
    for section in (config, *(species.values() if isinstance(species, dict) else ())):
        split = section.get("split") if isinstance(section, dict) else None
        if isinstance(split, dict) and "at_most" in split:
            split.setdefault("max_proteins", split.pop("at_most"))
    pairing = config.get("pairing")
    for families in pairing.values() if isinstance(pairing, dict) else ():
        if isinstance(families, dict) and "sure" in families:
            families.setdefault("known_confidence", families.pop("sure"))


rename_old_keys()
