"""Simulated reads of whole peptides: residues that are identified, missed or misread."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pepseq.errors import SettingsError
from pepseq.fluorosequencing.sampling import random, sample_reads
from pepseq.kernels import kernel, read_only
from pepseq.quantification.sample import Sample, channel_of_code
from pepseq.quantification.simulation_config import SimulateConfig
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import LINE_WIDTH


class Labelling(NamedTuple):
    """What the kernels need of a sample and a readout.

    `channels`: channel of each residue code, the number of `labels` for none; `begin`, `end`: of
    peptides; others: as in `Sample` and `SimulateConfig`.
    """

    residues: np.ndarray
    channels: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    labels: int
    missed_label: float
    misread: float


def check_misreads(readout: Readout, misread: float) -> None:
    """Raise SettingsError for misreads of a readout that has no other label to report."""
    if misread and len(readout.labels) < 2:
        raise SettingsError(f"misread: misreads need two labels or more, the readout is {readout}")


def peptide_reads(
    sample: Sample, readout: Readout, reads: int, config: SimulateConfig
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (generator states, peptides) of reads with a label, in blocks; see `format_reads`.

    Each label is missed with `missed_label`, else reported as another label, each equally often,
    with `misread`.
    """
    check_misreads(readout, config.misread)
    chosen, amounts = sample.labelled_peptides(readout)
    labelling = _labelling(sample, readout, config)

    def simulate(state: np.ndarray, drawn: np.ndarray) -> np.ndarray:
        states = np.empty(len(drawn), np.uint64)
        _find_visible(labelling, chosen[drawn], state, states)
        return states

    for states, drawn in sample_reads(simulate, amounts, reads, config.seed, config.threads):
        yield states, chosen[drawn]


def format_reads(
    sample: Sample,
    readout: Readout,
    config: SimulateConfig,
    states: np.ndarray,
    peptides: np.ndarray,
    first_id: int,
) -> bytes:
    """Return reads of `peptide_reads` as FASTA; their ids are numbers from `first_id` on."""
    symbols = [label if len(label) == 1 else f"[{label}]" for label in readout.labels] + [HIDDEN]
    texts = np.frombuffer("".join(symbols).encode(), np.uint8)
    ends = np.cumsum([0, *map(len, symbols)])
    lengths = sample.peptides.end[peptides] - sample.peptides.begin[peptides]
    longest = max(map(len, symbols))
    size = int((lengths * longest + lengths // LINE_WIDTH + 24).sum())
    content = np.empty(size, np.uint8)
    labelling = _labelling(sample, readout, config)
    used = _format(labelling, peptides, states, read_only(texts), ends, first_id, content)
    return content[:used].tobytes()


def _labelling(sample: Sample, readout: Readout, config: SimulateConfig) -> Labelling:
    channels, labels = channel_of_code(readout), len(readout.labels)
    channels[channels < 0] = labels
    return Labelling(
        read_only(sample.residues),
        read_only(channels),
        read_only(sample.peptides.begin),
        read_only(sample.peptides.end),
        labels,
        config.missed_label,
        config.misread,
    )


@kernel
def _report(labelling, place, state):
    """Return the label that is reported for a residue, `labels` for none."""
    labels = labelling.labels
    channel = labelling.channels[labelling.residues[place]]
    if channel == labels:
        return labels
    if labelling.missed_label > 0 and random(state) < labelling.missed_label:
        return labels
    if labelling.misread > 0 and random(state) < labelling.misread:
        return (channel + 1 + int(random(state) * (labels - 1))) % labels
    return channel


@kernel
def _find_visible(labelling, peptides, state, states):
    """Write the generator's state before each read, 0 for a read without a label."""
    for i in range(len(peptides)):
        first_state = state[0]
        is_visible = False
        for place in range(labelling.begin[peptides[i]], labelling.end[peptides[i]]):
            is_visible |= _report(labelling, place, state) < labelling.labels
        states[i] = 0
        if is_visible:
            states[i] = first_state
        random(state)  # so that the next read has another state, whatever the rates


@kernel
def _format(labelling, peptides, states, texts, ends, first_id, content):
    """Write reads as FASTA, with the labels that `_find_visible` drew; return the bytes used."""
    used = 0
    state = np.zeros(1, np.uint64)
    for i in range(len(peptides)):
        state[0] = states[i]
        content[used] = ord(">")
        digits, rest = 0, first_id + i
        while rest > 0:
            digits, rest = digits + 1, rest // 10
        rest = first_id + i
        for digit in range(digits, 0, -1):
            content[used + digit] = ord("0") + rest % 10
            rest //= 10
        used += digits + 1
        first = labelling.begin[peptides[i]]
        for place in range(first, labelling.end[peptides[i]]):
            if (place - first) % LINE_WIDTH == 0:
                content[used] = ord("\n")
                used += 1
            symbol = _report(labelling, place, state)
            for k in range(ends[symbol], ends[symbol + 1]):
                content[used] = texts[k]
                used += 1
        content[used] = ord("\n")
        used += 1
    return used
