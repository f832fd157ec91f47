"""Records that a run leaves out, and their list `<output>.failed.tsv`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import InputError, printable, quoted
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.tables import format_tsv


@dataclass(frozen=True)
class FailedRecord:
    """A record that was left out: its file, line and id, and the reason."""

    file: str
    line: int
    id: str
    reason: str

    def __str__(self) -> str:
        return f"{printable(self.file)}:{self.line}: {quoted(self.id)}: {self.reason}"


def format_failed(bad: Iterable[FailedRecord]) -> bytes:
    """Return the table of bad records: file, line, id and reason, printable."""
    rows = ((record.file, str(record.line), record.id, record.reason) for record in bad)
    return format_tsv([("file", "line", "id", "reason"), *(map(printable, row) for row in rows)])


def no_usable_record(bad: Sequence[FailedRecord]) -> InputError:
    """Return the error of an input in which every record is bad."""
    others = f" (none of the {len(bad)} records can be used)" if len(bad) > 1 else ""
    return InputError(f"{bad[0]}{others}")


def refuse_in_memory(bad: Sequence[FailedRecord]) -> None:
    """Raise InputError if there are bad records; it names the first and the number of the others.

    >>> refuse_in_memory([FailedRecord("reads", n, f"P{n}", "has no label") for n in (2, 5)])
    Traceback (most recent call last):
    pepseq.errors.InputError: reads:2: 'P2': has no label (and 1 more)
    """
    if bad:
        more = f" (and {len(bad) - 1:,} more)" if len(bad) > 1 else ""
        raise InputError(f"{bad[0]}{more}")


def write_failed(outputs: Outputs, output: str | Path, bad: list[FailedRecord], good: int) -> None:
    """List bad records in `<output>.failed.tsv`; InputError if there is no good record."""
    if bad and not good:
        raise no_usable_record(bad)
    if str(output) == STDIO:
        return
    path = f"{Path(output)}.failed.tsv"
    outputs.add(path, format_failed(bad), "failed records") if bad else outputs.drop(path)


def refuse_failed(
    bad: list[FailedRecord], good: int, output: str | Path, keep_going: bool
) -> list[FailedRecord]:
    """Return the bad records; InputError if there are any, unless `keep_going`."""
    if bad and not keep_going:
        where = "" if str(output) == STDIO else f"; all are listed in {Path(output)}.failed.tsv"
        raise InputError(
            f"{len(bad)} of {len(bad) + good} records were left out because they cannot be used: "
            f"{bad[0]}{where}"
        )
    return bad
