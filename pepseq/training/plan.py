"""The plan of a training run: data, network to start from, settings, and the folders of the run."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pepseq.errors import InputError, SettingsError
from pepseq.io.run_record import sha256
from pepseq.models.checkpoints import Checkpoint, find_checkpoint, weights_sha256
from pepseq.models.random_weights import new_masked_lm
from pepseq.readout.readout import Readout
from pepseq.training.config import FinetuneConfig
from pepseq.training.teacher import find_teacher


@dataclass(frozen=True)
class TrainingPlan:
    """The request of a user.

    train, validation: FASTA files.
    readouts: each protein is masked by every one of them.
    output: the folder of the trained network, without links.
    model, from_scratch: the network to start from, or sizes for random weights.
    """

    train: list[str]
    validation: list[str]
    readouts: list[Readout]
    output: Path
    model: str | Path | None = None
    from_scratch: str | Path | None = None
    teacher: str | Path | None = None
    config: FinetuneConfig = field(default_factory=FinetuneConfig)
    keep_going: bool = False
    tensorboard: bool = False
    offline: bool = False

    def __post_init__(self) -> None:
        if self.model is not None and self.from_scratch is not None:
            raise SettingsError("give --model or --from-scratch, not both")

    @property
    def inputs(self) -> list[str | Path]:
        """The FASTA files."""
        return [*self.train, *self.validation]

    @property
    def working_folder(self) -> Path:
        """The folder of settings and checkpoints while the network is trained."""
        return self.output.parent / f".{self.output.name}.training"

    def settings(self) -> dict[str, Any]:
        """Return everything that determines the result, to compare when a run is resumed.

        Raises InputError for a missing file or network, SettingsError for contradictions.
        """
        for path in self.inputs:
            if not Path(path).is_file():
                problem = (
                    "is not a regular file; give a file, because a pipe cannot be read twice"
                    if Path(path).exists()
                    else "no such file"
                )
                raise InputError(f"{path}: {problem}")
        return {
            "readouts": [str(readout) for readout in self.readouts],
            "base": self._base(),
            "train": [[Path(path).name, sha256(path)] for path in self.train],
            "validation": [[Path(path).name, sha256(path)] for path in self.validation],
            **self._config_values(),
        }

    def _base(self) -> dict[str, Any]:
        """Return the identity of the network to start from."""
        if self.from_scratch is None:
            return _identity(find_checkpoint(self.model, self.offline))
        sizes = new_masked_lm(self.from_scratch)[0].config.to_diff_dict()
        sizes.pop("transformers_version", None)
        return {"from_scratch": sizes}

    def _config_values(self) -> dict[str, Any]:
        """Return the settings of the config, those of a teacher only if there is one."""
        values = dataclasses.asdict(self.config)
        weight = values.pop("teacher_weight")
        if self.teacher is not None:
            if self.config.loss == "all":
                raise SettingsError("--teacher: needs --loss hidden, not all")
            identity = _identity(find_teacher(self.teacher, self.readouts, self.offline))
            values |= {"teacher": identity, "teacher_weight": weight}
        elif weight != FinetuneConfig.teacher_weight:
            raise SettingsError(f"--teacher-weight {weight}: needs a --teacher")
        return values


def _identity(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return id and revision of a network, or the SHA-256 of its weights."""
    folder = Path(checkpoint.source)
    if checkpoint.published is not None:
        return {"model": checkpoint.published}  # its files were checked by find_checkpoint
    if folder.is_dir():
        return {"model": folder.name, "sha256": weights_sha256(folder)}
    return {"model": checkpoint.source}
