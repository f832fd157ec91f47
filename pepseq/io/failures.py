"""Records that a run leaves out: listed in `<output>.failed.tsv`, file, line, id and reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import InputError, found, printable
from pepseq.io.outputs import STDIO, Outputs


@dataclass(frozen=True)
class FailedRecord:
    """A record that was left out, where it stands, and why."""

    file: str
    line: int
    id: str
    reason: str

    def __str__(self) -> str:
        return f"{printable(self.file)}:{self.line}: {found(self.id)}: {self.reason}"


def format_failed(bad: Iterable[FailedRecord]) -> bytes:
    """Return the table of bad records: file, line, id, reason (TSV with a header), printable."""
    rows = ["\t".join(map(printable, (b.file, str(b.line), b.id, b.reason))) + "\n" for b in bad]
    return ("file\tline\tid\treason\n" + "".join(rows)).encode()


def write_failed(outputs: Outputs, output: str | Path, bad: list[FailedRecord], good: int) -> None:
    """List bad records in `<output>.failed.tsv`; InputError if no good one is left."""
    if bad and not good:
        raise InputError(f"{bad[0]} (and no other record is any better)")
    if str(output) == STDIO:
        return
    path = f"{Path(output)}.failed.tsv"
    outputs.add(path, format_failed(bad), "failed records") if bad else outputs.drop(path)


def refuse_failed(
    bad: list[FailedRecord], good: int, output: str | Path, keep_going: bool
) -> list[FailedRecord]:
    """Return the bad records; InputError if there are some and `keep_going` is not set."""
    if bad and not keep_going:
        where = "" if str(output) == STDIO else f"; all are listed in {Path(output)}.failed.tsv"
        raise InputError(
            f"{len(bad)} of {len(bad) + good} records were left out, the others are done: "
            f"{bad[0]}{where}"
        )
    return bad
