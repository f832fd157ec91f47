"""Nouns in the singular or the plural, for messages."""


def plural(number: int, noun: str, several: str = "") -> str:
    """Return a noun in the form that its number asks for; `several` is by default noun + s.

    >>> plural(1, "read"), plural(0, "read"), plural(2, "species", "species")
    ('read', 'reads', 'species')
    """
    return noun if number == 1 else several or f"{noun}s"
