"""Choice of the readout of some reads: the one that is given, or one of the model's."""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pepseq.errors import InputError, PepseqError, SettingsError
from pepseq.models.checkpoints import Checkpoint
from pepseq.prediction.read_filter import (
    FITTING_SHARE,
    complete_proteins_message,
    file_argument,
    format_symbol,
    is_complete_protein,
)
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record


@dataclass(frozen=True)
class ReadSurvey:
    """Counts of some reads: how many hold each set of symbols (sorted, hidden ones left out).

    `groups`: members of the groups in the reads and in the model's readouts, by their symbol;
    `complete`: reads that look like complete proteins.
    """

    symbol_sets: Counter[str]
    groups: Mapping[str, str]
    residues: int
    complete: int

    @property
    def symbols(self) -> set[str]:
        """All symbols that occur, hidden ones left out."""
        return set().union(*self.symbol_sets)

    def fits(self, symbols: set[str]) -> bool:
        """Return whether at least 99 % of the reads hold these symbols only."""
        fitting = sum(n for kind, n in self.symbol_sets.items() if set(kind) <= symbols)
        return fitting >= FITTING_SHARE * self.symbol_sets.total()


def groups_of(readouts: Iterable[Readout]) -> dict[str, str]:
    """Return the members of the readouts' groups by their symbol, as `read_fasta` takes them."""
    return {s: members for r in readouts for s, members in r.group_symbols.items()}


def survey_reads(records: Iterable[Record], groups: Mapping[str, str]) -> ReadSurvey:
    """Return the counts of reads; `groups`, see ReadSurvey, may grow while they are read."""
    symbol_sets: Counter[str] = Counter()
    residues = complete = 0
    for record in records:
        symbol_sets["".join(sorted(set(record.sequence) - {HIDDEN}))] += 1
        residues += len(record.sequence)
        complete += is_complete_protein(record.sequence)
    return ReadSurvey(symbol_sets, groups, residues, complete)


def choose_readout(
    survey: ReadSurvey,
    checkpoint: Checkpoint,
    readout: str | Readout | None,
    source: str,
) -> Readout:
    """Return the readout to reconstruct some reads with.

    It is the given one, or else the smallest of the model's that holds the observed residues of at
    least 99 % of the reads. A given one need not be the model's if the model completes any.
    `source` names the reads in messages. Raises SettingsError if the readout cannot be determined,
    and InputError, with the way out, if the model does not complete it, or if the reads are
    complete proteins.
    """
    if readout is not None:
        readout = readout if isinstance(readout, Readout) else Readout(readout)
        _check_readout(checkpoint, readout)
        return readout
    for known in sorted(checkpoint.readouts, key=lambda r: -len(r.hidden)):
        same = {s for s, members in known.group_symbols.items() if survey.groups[s] == members}
        if survey.fits(same | set(known.observed)):
            return known
    labels = "".join(format_symbol(symbol, survey.groups) for symbol in sorted(survey.symbols))
    example = min(checkpoint.readouts, key=lambda r: len(r.observed), default=Readout("K1"))
    mostly_complete = survey.complete >= FITTING_SHARE * survey.symbol_sets.total()
    if mostly_complete and set(labels) - set(str(example)):
        raise InputError(complete_proteins_message(source, example))
    raise _unknown_readout(source, checkpoint, labels)


def _check_readout(checkpoint: Checkpoint, readout: Readout) -> None:
    """Raise InputError for a readout that the network does not complete."""
    known = checkpoint.any_readout or not checkpoint.readouts or readout in checkpoint.readouts
    if not known:
        raise InputError(
            f"--readout {readout}: {checkpoint.name} completes "
            f"{_join_readouts(checkpoint, 'or')}; {_way_out(checkpoint)}"
        )


def _unknown_readout(source: str, checkpoint: Checkpoint, labels: str) -> PepseqError:
    """Return the error for reads of which the readout cannot be determined, with these labels."""
    if not checkpoint.readouts:
        return SettingsError(
            f"{checkpoint.name} has no readouts of its own: specify one with --readout, such as "
            "--readout KCYM"
        )
    if checkpoint.any_readout:
        return SettingsError(
            f"{source}: could not determine the readout: observed residues {labels} fit neither "
            f"{_join_readouts(checkpoint, 'nor')}. Specify it with --readout, for example: pepseq "
            f"predict {file_argument(source)} --readout {shlex.quote(labels)} -o completed.fasta"
        )
    return InputError(
        f"{source}: expected reads of {_join_readouts(checkpoint, 'or')}, which {checkpoint.name} "
        f"completes, found the observed residues {labels}; {_way_out(checkpoint)}"
    )


def _join_readouts(checkpoint: Checkpoint, conjunction: str) -> str:
    return f" {conjunction} ".join(map(str, checkpoint.readouts))


def _way_out(checkpoint: Checkpoint) -> str:
    largest = max(checkpoint.readouts, key=lambda r: len(r.observed))
    return (
        f"hide the others first with `pepseq mask --readout {largest}`, or train a network for "
        "this readout with `pepseq finetune` and give it as --model"
    )
