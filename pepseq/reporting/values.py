"""Values of small tables and of JSON: cells may be empty, and ids may be any text."""

from collections.abc import Sequence
from pathlib import Path

from pepseq.errors import InputError, quoted
from pepseq.io.compression import without_suffix
from pepseq.io.tables import Row

Column = tuple[str, str, str | int]
"""A column of a table: key, title and kind; see the macro `table`."""
TENTHS = 10
MIN_FRACTION = 1e-12
"""Smaller fractions of a sample are drawn as this: they are of less than a molecule."""
_MAX_NUMBER = 1e15
"""Beyond this a cell holds no count and no measurement."""


def number(value: object) -> float | None:
    """Return a number of a cell or of JSON; None for an empty cell and for anything else.

    >>> number("12.5"), number(3), number(""), number(None), number("nan"), number("1e308")
    (12.5, 3.0, None, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if abs(result) <= _MAX_NUMBER else None


def fraction(value: object) -> float | None:
    """Return a number from 0 to 1, one above 0 as at least MIN_FRACTION; None for anything else.

    >>> fraction("0.25"), fraction("1e-300"), fraction(0), fraction("1.5"), fraction("")
    (0.25, 1e-12, 0.0, None, None)
    """
    known = number(value)
    if known is None or not 0 <= known <= 1:
        return None
    return max(known, MIN_FRACTION) if known else known


def nested(value: object, path: str) -> object:
    """Return a key or attribute of nested dicts and objects; None if there is none.

    >>> nested({"a": {"b": 1}}, "a.b"), nested({"a.b": 2}, "a.b"), nested([], "a.b")
    (1, 2, None)
    """
    if isinstance(value, dict) and path in value:
        return value[path]
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else getattr(value, key, None)
    return value


def as_list(value: object) -> list:
    """Return a list as it is, and an empty one for anything else."""
    return value if isinstance(value, list) else []


def total(rows: Sequence[Row], column: str) -> int:
    """Return the sum of a column; cells without a number count as 0."""
    return int(sum(number(row.get(column)) or 0 for row in rows))


def mean(values: Sequence[float | None]) -> float | None:
    """Return the mean of the values that are not None; None if there is none."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def tenth(path: str | Path, cell: str) -> int:
    """Return the tenth of a confidence, 0 to 9; InputError for one that is not from 0 to 1."""
    share = number(cell)
    if share is None or not 0 <= share <= 1:
        raise InputError(f"{path}: the confidence {quoted(cell)} is not from 0 to 1")
    return min(int(TENTHS * share), TENTHS - 1)


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """Return the last part of each path, or as many parts as make different paths different.

    >>> distinct_names([Path("/x/a/t.tsv"), Path("/x/b/t.tsv")])
    ['a/t.tsv', 'b/t.tsv']
    """
    names: list[str] = []
    for parts in range(1, 2 + max((len(path.parts) for path in paths), default=0)):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(set(paths)):
            break
    return names


def short_names(paths: Sequence[Path], places: Sequence[Path]) -> list[str]:
    """Return file names without suffixes; those that come several times have their place.

    >>> short_names([Path("a/t.tsv"), Path("b/u.tsv.gz")], [Path("a"), Path("b")])
    ['t', 'u']
    """
    stems = [Path(without_suffix(path.name)).stem for path in paths]
    named = zip(stems, distinct_names(places), strict=True)
    return [stem if stems.count(stem) == 1 else f"{stem} ({place})" for stem, place in named]


def significant(value: object) -> str:
    """Return a number with three significant digits; other texts as `shown` has them.

    >>> significant("0.292823"), significant(0.0000123456), significant(21783.2), significant("0")
    ('0.293', '1.23e-5', '21,783', '0')
    """
    known = number(value)
    if known is None or abs(known) >= 100 or not known:
        return shown(value if known is None else round(known))
    if abs(known) >= 0.001:
        return f"{known:#.3g}".rstrip(".")
    mantissa, _, exponent = f"{known:.2e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def shown(value: object, digits: int = 0) -> str:
    """Return a number with this many decimals, a whole one with commas; other texts as they are.

    >>> shown("1234"), shown(0.5, 2), shown(None), shown("none", 1)
    ('1,234', '0.50', '–', 'none')
    """
    known = number(value)
    if known is None:
        return "–" if value is None or value == "" else str(value)
    return f"{known:.{digits}f}" if digits else f"{int(known):,}"


def columns(text: str) -> list[Column]:
    """Return the columns of a table from text.

    >>> columns("id=Protein|id; macro=macro, %|2; reason=Reason")
    [('id', 'Protein', 'id'), ('macro', 'macro, %', 2), ('reason', 'Reason', '')]
    """
    listed: list[Column] = []
    for part in text.split(";"):
        key, _, rest = part.strip().partition("=")
        title, _, kind = rest.partition("|")
        listed.append((key, title, int(kind) if kind.isdigit() else kind))
    return listed
