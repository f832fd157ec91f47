"""Training examples: windows of proteins, masked by a readout, in whole batches."""

import logging
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from pepseq.errors import InputError
from pepseq.models.batching import plan_batches
from pepseq.models.masked_lm import Vocabulary
from pepseq.models.windows import DEFAULT_WINDOW, check_overlap, cut_windows
from pepseq.readout.masking import mask_table
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.training.config import FinetuneConfig
from pepseq.training.teacher import Teacher

log = logging.getLogger(__name__)
IGNORED = -100
"""Label of positions that are not scored."""
_AMINO_ACIDS = frozenset(AMINO_ACIDS)


class _Window(NamedTuple):
    """Residues `start` to `end` of the protein with this number."""

    protein: int
    start: int
    end: int


class _Batch(NamedTuple):
    """Windows masked by the readout with this number."""

    readout: int
    windows: list[_Window]


class TrainingBatches(Dataset[dict[str, Any]]):
    """Batches of masked windows; item i is a whole batch, the same at every access.

    The mask depends on the protein and the readout alone. Every protein comes once for each
    readout; windows without a hidden amino acid are left out. With a `teacher`, a batch also has
    `targets`: the probabilities to learn, (rows, tokens, candidates), float32. Raises InputError,
    which begins with `name`, if no window is left.
    """

    def __init__(
        self,
        records: Iterable[Record],
        readouts: Sequence[Readout],
        vocabulary: Vocabulary,
        config: FinetuneConfig,
        teacher: Teacher | None = None,
        name: str = "proteins",
    ):
        self.readouts = list(readouts)
        self.scores_all = config.loss == "all"
        self.window = DEFAULT_WINDOW if config.window is None else config.window
        self._vocabulary = vocabulary
        self._teacher, self._teacher_weight = teacher, config.teacher_weight
        self._tables = [mask_table(readout) for readout in readouts]
        emission = vocabulary.emission
        self._emission = [torch.from_numpy(emission(r)) for r in readouts] if emission else []
        self._ids: list[str] = []
        self._sequences: list[str] = []
        for record in records:
            self._ids.append(record.id)
            self._sequences.append(record.sequence)
        self.proteins, self.residues = len(self._ids), sum(map(len, self._sequences))
        self._batches = self._make_batches(config)
        if not self._batches:
            raise InputError(
                f"{name}: none of the {self.proteins} proteins has a hidden residue to learn from"
            )

    def _make_batches(self, config: FinetuneConfig) -> list[_Batch]:
        """Return the batches of each readout in turn; their windows are shuffled by the seed."""
        special_tokens = len(self._vocabulary.start) + len(self._vocabulary.end)
        batches, left_out = [], 0
        for number, readout in enumerate(self.readouts):
            cuts = self._cut_windows(check_overlap(self.window, config.overlap))
            windows = [window for window in cuts if self._has_hidden_residue(window, readout)]
            left_out += len(cuts) - len(windows)
            if not windows:
                continue
            np.random.default_rng(config.seed).shuffle(windows)
            lengths = [window.end - window.start + special_tokens for window in windows]
            for indices in plan_batches(lengths, config.batch_residues):
                batches.append(_Batch(number, [windows[i] for i in indices]))
        if left_out and batches:
            log.info("left out %d windows in which nothing is hidden", left_out)
        return batches

    def _cut_windows(self, overlap: int) -> list[_Window]:
        return [
            _Window(protein, start, end)
            for protein, sequence in enumerate(self._sequences)
            for start, end in cut_windows(len(sequence), self.window, overlap)
        ]

    def _has_hidden_residue(self, window: _Window, readout: Readout) -> bool:
        residues = self._sequences[window.protein][window.start : window.end]
        return not _AMINO_ACIDS.intersection(residues) <= set(readout.observed)

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> dict[str, Any]:
        number, windows = self._batches[index]
        truth = [self._sequences[protein][start:end] for protein, start, end in windows]
        masked = [sequence.translate(self._tables[number]) for sequence in truth]
        input_ids, attention_mask = self._vocabulary.encode(masked)
        labels, _ = self._vocabulary.encode(truth)
        residues = torch.from_numpy(self._vocabulary.residues)
        known = torch.isin(labels, residues)
        scored = known if self.scores_all else known & ~torch.isin(input_ids, residues)
        item: dict[str, Any] = {
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            "labels": labels.masked_fill(~scored, IGNORED),
            "batch": index,
        }
        if self._emission:
            item["emission"] = self._emission[number].expand(len(truth), -1, -1)
        if self._teacher is not None:
            item["targets"] = self._targets(self._teacher, index, masked, labels)
        return item

    def _targets(
        self, teacher: Teacher, index: int, masked: list[str], labels: torch.Tensor
    ) -> torch.Tensor:
        """Return the weighted mean of the truth and of the teacher's probabilities."""
        targets = (labels[..., None] == self.candidates(index)).float()
        first = len(self._vocabulary.start)
        unobserved = self.readouts[self._batches[index].readout].unobserved
        log_probabilities = teacher.log_probabilities(masked, unobserved)
        for row, of_residues in zip(targets, log_probabilities, strict=True):
            probabilities = torch.from_numpy(of_residues).exp()
            row[first : first + len(of_residues)].lerp_(probabilities, self._teacher_weight)
        return targets

    def hidden(self, item: dict[str, Any]) -> torch.Tensor:
        """Return whether each position of a batch is hidden and known, shape (rows, tokens)."""
        residues = torch.from_numpy(self._vocabulary.residues)
        return ~torch.isin(item["input_ids"], residues) & (item["labels"] != IGNORED)

    def candidates(self, index: int) -> torch.Tensor:
        """Return the token ids of the amino acids that batch `index` hides."""
        readout = self.readouts[self._batches[index].readout]
        return torch.from_numpy(
            self._vocabulary.table[np.frombuffer(readout.unobserved.encode(), dtype=np.uint8)]
        )

    def describe(self, index: int) -> str:
        """Return the number and the first proteins of a batch, for a message."""
        windows = self._batches[index].windows
        names = list(dict.fromkeys(self._ids[window.protein] for window in windows))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return f"batch {index} ({', '.join(names[:3])}{more})"
