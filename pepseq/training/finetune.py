"""Training of a masked protein language model to complete reads (Pham et al. 2024).

The checkpoints of a run are in `.<output>.training` beside the output folder, which appears whole
at the end. An interrupted run is resumed from there.
"""

import logging
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from pepseq.io.atomic_files import disk_errors, locked
from pepseq.io.failures import FailedRecord, write_failed
from pepseq.io.files import check_path, list_paths
from pepseq.io.json_files import decode_json
from pepseq.io.outputs import Outputs
from pepseq.io.publishing import recover
from pepseq.io.run_record import run_record
from pepseq.models.checkpoints import DESCRIPTION
from pepseq.models.requirements import require_libraries
from pepseq.readout.readout import Readout
from pepseq.settings import check_config, require
from pepseq.training.config import FinetuneConfig
from pepseq.training.network_folder import describe_network, write_network_folder
from pepseq.training.plan import TrainingPlan
from pepseq.training.process_group import is_first_process
from pepseq.training.resume import check_output, is_done
from pepseq.training.training_run import run_training

log = logging.getLogger(__name__)
Paths = str | Path | Sequence[str | Path]


def finetune(
    train: Paths,
    validation: Paths,
    output: str | Path,
    readout: str | Readout | Sequence[str | Readout],
    *,
    model: str | Path | None = None,
    from_scratch: str | Path | None = None,
    teacher: str | Path | None = None,
    config: FinetuneConfig = FinetuneConfig(),  # noqa: B008 - frozen
    resume: bool = False,
    force: bool = False,
    keep_going: bool = False,
    tensorboard: bool = False,
    offline: bool = False,
) -> dict[str, Any]:
    """Train a network on whole proteins, and return the content of `<output>/pepseq.json`.

    `train` and `validation` are FASTA files; each protein is masked by every readout. The network
    starts from `model` (a folder, a known model's name or a Hugging Face id; None for the bundled
    default; with `offline` nothing is downloaded), or, with `from_scratch` (`tiny`, `small` or a
    JSON file), from random weights. With a `teacher`, named as a `model`, it also learns that
    network's probabilities, see `FinetuneConfig.teacher_weight`. `output` is a folder that
    `predict` and transformers can load. With `keep_going`, records that cannot be read are left out
    and listed in `<output>.failed.tsv`; otherwise the first of them ends the run before training.

    Raises SettingsError; InputError (bad data or model, changed settings when resuming, a loss that
    is not finite); OutputError; TryAgainError when stopped by SIGTERM or out of memory.
    """
    started = time.time()
    check_config(config, FinetuneConfig)
    check_path(output, "output")
    readouts: list[Any] = list(readout) if isinstance(readout, tuple | list) else [readout]
    require_libraries("finetune")
    require(readouts, "readout: expected at least one, found none")
    plan = TrainingPlan(
        train=[str(path) for path in list_paths(train, "train", required=True)],
        validation=[str(path) for path in list_paths(validation, "validation", required=True)],
        readouts=list(dict.fromkeys(r if isinstance(r, Readout) else Readout(r) for r in readouts)),
        output=Path(os.path.realpath(output)),
        model=model,
        from_scratch=from_scratch,
        teacher=teacher,
        config=config,
        keep_going=keep_going,
        tensorboard=tensorboard,
        offline=offline,
    )
    first = is_first_process()
    with locked(plan.output) if first else nullcontext():
        if first:
            recover(plan.output)
        settings = plan.settings()
        if resume and is_done(plan.output, plan.working_folder, settings):
            log.info("%s: finished already, nothing to do", plan.output)
            if first:
                _complete_run_record(plan, settings, started)
            return decode_json((plan.output / DESCRIPTION).read_text())
        check_output(plan.output, plan.inputs, [model, teacher], force)
        failed: list[FailedRecord] = []
        trainer = run_training(plan, settings, failed, resume=resume, force=force)
        description = describe_network(trainer, plan, settings, started)
        if first:
            with Outputs() as outputs, disk_errors(plan.output):
                folder = write_network_folder(trainer, plan, description)
                outputs.adopt(folder, plan.output, "model", force, str(output))
                write_failed(outputs, plan.output, failed, trainer.train_dataset.proteins)
                record = run_record("finetune", settings, plan.inputs, started)
                outputs.record(plan.output, record)
            shutil.rmtree(plan.working_folder, ignore_errors=True)
    return description


def _complete_run_record(plan: TrainingPlan, settings: dict[str, Any], started: float) -> None:
    """Write the run record of a finished run if it is missing, and remove the working folder."""
    if not Path(f"{plan.output}.run.json").exists():
        with Outputs() as outputs, disk_errors(plan.output):
            outputs.record(plan.output, run_record("finetune", settings, plan.inputs, started))
    shutil.rmtree(plan.working_folder, ignore_errors=True)
