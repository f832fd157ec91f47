"""Which readout a file holds, and which of its records fit it."""

import logging
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pepseq.errors import InputError, SettingsError
from pepseq.io.failures import FailedRecord
from pepseq.io.json_files import read_json
from pepseq.io.outputs import STDIO
from pepseq.models.checkpoints import Checkpoint
from pepseq.prediction.reconstruction import candidates_of
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record, read_fasta
from pepseq.sequences.residues import FREQUENCIES, label_symbol

log = logging.getLogger(__name__)
FITTING_SHARE = 0.99
MOST_UNKNOWN = 0.01
"""A complete protein may have so many unknown residues, which count as hidden in a readout."""
UNLIKELY = 1e-6
"""A label that never occurs is doubted if chance explains it with a lower probability."""
CYCLE_RATES = ("lost_cycle", "extra_cycle", "p_edman_failure")
"""Rates of `mask` with which a readout's length differs from its protein's."""
PEPTIDE, ENOUGH_RECORDS = 50, 20
"""Of so many readouts or more, most are of whole proteins only if they have more residues."""


def choose_readout(
    source: str | Path,
    checkpoint: Checkpoint,
    wanted: str | Readout | None,
    anything: bool = False,
    missed: float = 0.0,
) -> tuple[Readout, int]:
    """Return the readout to complete `source` with, and how many residues there are.

    The readout is the one wanted, or else the smallest of the model's that holds the observed
    residues of at least 99 % of the records. With `anything` the wanted one need not be the
    model's. `missed` is the rate of missed labels, see `warn_of_absent`. Raises SettingsError if
    neither says one, and InputError, with the way out, if none of the model's readouts fits, or if
    the records are complete proteins.
    """
    groups = {s: members for r in checkpoint.readouts for s, members in r.group_symbols.items()}
    kinds: Counter[str] = Counter()
    total = complete = 0
    for record in read_fasta(source, reads=True, bad=[], groups=groups):
        kinds["".join(sorted(set(record.sequence) - {HIDDEN}))] += 1
        total, complete = total + len(record.sequence), complete + is_complete(record.sequence)
    if wanted is not None:
        wanted = wanted if isinstance(wanted, Readout) else Readout(wanted)
        _check_wanted(checkpoint, wanted, anything)
        warn_of_absent(source, wanted, set().union(*kinds), total, missed)
        return wanted, total
    for readout in sorted(checkpoint.readouts, key=lambda r: -len(r.hidden)):
        same = {s for s, members in readout.group_symbols.items() if groups[s] == members}
        allowed = same | set(readout.observed)
        fits = sum(n for kind, n in kinds.items() if set(kind) <= allowed)
        if fits >= FITTING_SHARE * kinds.total():
            return readout, total
    seen = "".join(_shown(symbol, groups) for symbol in sorted(set().union(*kinds)))
    example = min(checkpoint.readouts, key=lambda r: len(r.observed), default=Readout("K1"))
    if complete >= FITTING_SHARE * kinds.total() and set(seen) - set(str(example)):
        raise InputError(complete_proteins(source, example))
    raise _no_readout(source, checkpoint, anything, seen)


def _check_wanted(checkpoint: Checkpoint, wanted: Readout, anything: bool) -> None:
    """Refuse a readout that the network does not complete."""
    if checkpoint.readouts and wanted not in checkpoint.readouts and not anything:
        raise InputError(
            f"--readout {wanted}: {checkpoint.name} completes {_known(checkpoint, 'or')}; "
            f"{_way_out(checkpoint)}"
        )


def _no_readout(
    source: str | Path, checkpoint: Checkpoint, anything: bool, seen: str
) -> InputError | SettingsError:
    """Return the error for a file whose readout cannot be determined; `seen` are its labels."""
    if not checkpoint.readouts:
        return SettingsError(
            f"{checkpoint.name} does not say what it was trained to complete: give --readout, such "
            "as --readout KCYM"
        )
    if anything:
        return SettingsError(
            f"{source}: could not determine the readout: observed residues {seen} fit neither "
            f"{_known(checkpoint, 'nor')}. Specify it with --readout, for example: pepseq predict "
            f"{_file(source)} --readout {shlex.quote(seen)} -o completed.fasta"
        )
    return InputError(
        f"{source}: expected readouts of {_known(checkpoint, 'or')}, which {checkpoint.name} "
        f"completes, found the observed residues {seen}; {_way_out(checkpoint)}"
    )


def _known(checkpoint: Checkpoint, between: str) -> str:
    return f" {between} ".join(map(str, checkpoint.readouts))


def is_complete(residues: str) -> bool:
    """Return whether nearly all residues of a record are amino acids, none hidden or of a group."""
    return residues.isupper() and residues.count(HIDDEN) <= MOST_UNKNOWN * len(residues)


def complete_proteins(source: str | Path, readout: Readout | str) -> str:
    """Return the message for complete proteins in the place of readouts."""
    return (
        f"{source}: these look like complete proteins, not readouts (no hidden residues). Hide "
        f"residues first: pepseq mask {_file(source)} --readout {shlex.quote(str(readout))} -o "
        "readouts.fasta"
    )


def _file(source: str | Path) -> str:
    """Return a file as it is given on the command line; an example of one for a stream."""
    name = str(source)
    return shlex.quote(name) if name not in (STDIO, "stdin") else "proteins.fasta"


def _way_out(checkpoint: Checkpoint) -> str:
    largest = max(checkpoint.readouts, key=lambda r: len(r.observed))
    return (
        f"hide the others first with `pepseq mask --readout {largest}`, or train a network for "
        "this readout with `pepseq finetune` and give it as --model"
    )


def fitting(
    records: Iterable[Record],
    readout: Readout,
    candidates: str,
    source: str | Path,
    bad: list[FailedRecord],
    groups: Mapping[str, str] | None = None,
) -> Iterator[Record]:
    """Yield the records that hold nothing outside the readout; the others go to `bad`.

    Where the readout leaves no candidates, hidden residues are outside it too. `groups` has the
    members of the groups in the records, to name them. Raises InputError at the end if no record
    fits and all are complete proteins.
    """
    first, fits, complete = len(bad), 0, 0
    allowed = {*readout.observed, *readout.group_symbols}
    allowed |= {HIDDEN} if candidates_of(readout, candidates) else set()
    for record in records:
        if outside := set(record.sequence) - allowed:
            letter = min(outside, key=record.sequence.index)
            reason = (
                f"expected residues of the readout {readout}"
                f"{' or hidden ones' if HIDDEN in allowed else ''}, found "
                f"{_shown(letter, groups or {})!r} at residue {record.sequence.index(letter) + 1}"
            )
            bad.append(FailedRecord(str(source), record.line, record.id, reason))
            complete += HIDDEN in allowed and is_complete(record.sequence)
        else:
            fits += 1
            yield record
    if complete and not fits and complete >= FITTING_SHARE * (len(bad) - first):
        raise InputError(complete_proteins(source, readout))


def warn_of_absent(
    source: str | Path, readout: Readout, symbols: set[str], residues: int, missed: float = 0.0
) -> None:
    """Warn of labels of the readout that never occur among so many residues of readouts.

    `symbols` are those that occur. A label is doubted if the probability that none of the residues
    has it, (1 - (1 - `missed`) x its frequency in Swiss-Prot) ** residues, is below UNLIKELY.
    """
    doubted, expected = [], 0.0
    for label in readout.labels:
        share = (1 - missed) * sum(FREQUENCIES[amino_acid] for amino_acid in label)
        if label_symbol(label) not in symbols and (1 - share) ** residues < UNLIKELY:
            doubted.append(label if len(label) == 1 else f"[{label}]")
            expected += share * residues
    if doubted:
        log.warning(
            "%s: none of %d residues is %s (about %.0f expected), which the readout %s identifies: "
            "check --readout, because hidden residues are taken to be none of these",
            source,
            residues,
            " or ".join(doubted),
            expected,
            readout,
        )


def warn_of_cycles(source: str | Path) -> None:
    """Warn if the run record beside a file says that `mask` simulated lost or extra cycles."""
    try:
        run = read_json(f"{source}.run.json")
        noise = run["settings"]["noise"] if run["command"] == "mask" else {}
        rates = [f"{name} {noise[name]:g}" for name in CYCLE_RATES if noise and noise.get(name)]
    except (InputError, KeyError, TypeError, ValueError, AttributeError):
        return
    if rates:
        log.warning(
            "%s: simulated with %s, so readouts may be longer or shorter than their proteins: "
            "predict keeps the length of each readout, and evaluate cannot score such "
            "predictions. To identify the proteins: pepseq lookup %s --reference PROTEINS.fasta "
            "--readout READOUT -o fits.tsv",
            source,
            ", ".join(rates),
            source,
        )


def noticing_peptides(records: Iterable[Record], kind: str, source: str | Path) -> Iterator[Record]:
    """Yield all records; warn at the end if they are said to be proteins but most are short."""
    total = short = 0
    for record in records:
        total, short = total + 1, short + (len(record.sequence) <= PEPTIDE)
        yield record
    if kind == "protein" and total >= ENOUGH_RECORDS and 2 * short > total:
        log.warning(
            "%s: %d of %d readouts have %d residues or fewer, but are taken for whole proteins: if "
            "they are peptides, say which with --kind",
            source,
            short,
            total,
            PEPTIDE,
        )


def _shown(symbol: str, groups: Mapping[str, str]) -> str:
    """Return a symbol of a readout as it stands in a file."""
    return f"[{groups[symbol]}]" if symbol in groups else symbol
