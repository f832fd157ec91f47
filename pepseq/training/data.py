"""Training examples: windows of proteins, masked by what a readout hides, in whole batches."""

import logging
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from pepseq.errors import InputError
from pepseq.models.batching import plan_batches
from pepseq.models.masked_lm import Vocabulary
from pepseq.models.windows import cut_windows
from pepseq.readout.masking import mask_table
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.training.config import FinetuneConfig
from pepseq.training.teacher import Teacher

log = logging.getLogger(__name__)
IGNORED = -100
_AMINO_ACIDS = frozenset(AMINO_ACIDS)


class TrainingBatches(Dataset):
    """Batches of masked windows; item i is a whole batch, the same whenever it is asked for.

    `config` says the window and the overlap. What is masked depends on the protein and the readout
    alone. Every protein is there once for each readout; a window in which nothing known is hidden
    is left out. With a `teacher`, a batch also has `targets`: the probabilities to learn, (rows,
    tokens, candidates), float32. Raises InputError, which begins with `name`, if no window is left.
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
        self._vocabulary, self.scores_all = vocabulary, config.loss == "all"
        self.window = config.window
        self._teacher, self._teacher_weight = teacher, config.teacher_weight
        self._tables = [mask_table(readout) for readout in readouts]
        emission = vocabulary.emission
        self._emission = [torch.from_numpy(emission(r)) for r in readouts] if emission else []
        self._ids, self._sequences = [], []
        for record in records:
            self._ids.append(record.id)
            self._sequences.append(record.sequence)
        self.proteins, self.residues = len(self._ids), sum(map(len, self._sequences))
        self._windows, self._batches, dropped = [], [], 0
        for number, readout in enumerate(self.readouts):
            windows = []
            for protein, sequence in enumerate(self._sequences):
                for start, end in cut_windows(len(sequence), config.window, config.overlap):
                    if _AMINO_ACIDS.intersection(sequence[start:end]) <= set(readout.observed):
                        dropped += 1
                    else:
                        windows.append((protein, start, end))
            np.random.default_rng(config.seed).shuffle(windows)
            specials = len(vocabulary.start) + len(vocabulary.end)
            lengths = [end - start + specials for _, start, end in windows]
            for batch in plan_batches(lengths, config.batch_residues) if windows else []:
                self._batches.append((number, [windows[i] for i in batch]))
        if not self._batches:
            raise InputError(
                f"{name}: expected a protein with a hidden residue to learn from, found none in "
                f"{self.proteins} read"
            )
        if dropped:
            log.info("left out %d windows in which nothing is hidden", dropped)

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> dict:
        number, windows = self._batches[index]
        truth = [self._sequences[protein][start:end] for protein, start, end in windows]
        masked = [sequence.translate(self._tables[number]) for sequence in truth]
        input_ids, attention_mask = self._vocabulary.encode(masked)
        labels, _ = self._vocabulary.encode(truth)
        residues = torch.from_numpy(self._vocabulary.residues)
        known = torch.isin(labels, residues)
        scored = known if self.scores_all else known & ~torch.isin(input_ids, residues)
        item = {
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            "labels": labels.masked_fill(~scored, IGNORED),
            "batch": index,
        }
        if self._emission:
            item["emission"] = self._emission[number].expand(len(truth), -1, -1)
        if self._teacher is not None:
            item["targets"] = self._targets(index, masked, labels)
        return item

    def _targets(self, index: int, masked: list[str], labels: torch.Tensor) -> torch.Tensor:
        """Return the truth and the teacher's probabilities of the candidates, by their weights."""
        targets = (labels[..., None] == self.candidates(index)).float()
        unobserved = self.readouts[self._batches[index][0]].unobserved
        first = len(self._vocabulary.start)
        answers = self._teacher.log_probabilities(masked, unobserved)
        for row, answer in zip(targets, answers, strict=True):
            probabilities = torch.from_numpy(answer).exp()
            row[first : first + len(answer)].lerp_(probabilities, self._teacher_weight)
        return targets

    def hidden(self, item: dict) -> torch.Tensor:
        """Return which positions of a batch are hidden and known, shape (rows, tokens)."""
        residues = torch.from_numpy(self._vocabulary.residues)
        return ~torch.isin(item["input_ids"], residues) & (item["labels"] != IGNORED)

    def candidates(self, index: int) -> torch.Tensor:
        """Return the token ids of the amino acids that batch `index` hides."""
        readout = self.readouts[self._batches[index][0]]
        return torch.from_numpy(
            self._vocabulary.table[np.frombuffer(readout.unobserved.encode(), dtype=np.uint8)]
        )

    def describe(self, index: int) -> str:
        """Name the proteins of a batch."""
        names = list(dict.fromkeys(self._ids[protein] for protein, _, _ in self._batches[index][1]))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return f"batch {index} ({', '.join(names[:3])}{more})"
