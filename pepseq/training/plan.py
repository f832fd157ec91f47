"""From what a user asks for to a trainer: network, data, transformers' arguments."""

import importlib.util
import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import transformers
from transformers import EarlyStoppingCallback, TrainingArguments

from pepseq.errors import SettingsError
from pepseq.io.failures import FailedRecord
from pepseq.models.checkpoints import find_checkpoint
from pepseq.models.devices import pick_device, pick_precision
from pepseq.models.masked_lm import (
    Vocabulary,
    load_masked_lm,
    max_residues,
    read_vocabulary,
)
from pepseq.models.random_weights import new_masked_lm
from pepseq.models.windows import DEFAULT_WINDOW, check_overlap
from pepseq.network.masked_lm_adapter import load_for_training
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta
from pepseq.training.callbacks import SafeCheckpoints, ShowProgress
from pepseq.training.config import FinetuneConfig
from pepseq.training.data import TrainingBatches
from pepseq.training.teacher import Teacher, find_teacher
from pepseq.training.trainer import MaskedTrainer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What to train on what, and the folder it is done in."""

    train: list[str]
    validation: list[str]
    readouts: list[Readout]
    model: str | Path | None
    from_scratch: str | Path | None
    config: FinetuneConfig
    training: Path
    tensorboard: bool
    keep_going: bool
    offline: bool
    bad: list[FailedRecord]
    teacher: str | Path | None = None


def make_trainer(job: Job) -> MaskedTrainer:
    """Load the network and the data of a job, and return the trainer for them."""
    config = job.config
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    device = pick_device(config.device)
    precision = pick_precision(config.precision, device)
    if precision == "fp16" and device.type != "cuda":
        raise SettingsError("--precision fp16: trains on a CUDA GPU only; choose fp32 or bf16")
    teacher = None if job.teacher is None else _load_teacher(job, device)
    transformers.set_seed(config.seed)
    tokenizer = None
    if job.from_scratch is None:
        checkpoint = find_checkpoint(job.model, job.offline)
        if checkpoint.any_readout:
            network, vocabulary = load_for_training(checkpoint.source)
        else:
            network, tokenizer, vocabulary = load_masked_lm(checkpoint)
    else:
        network, tokenizer = new_masked_lm(job.from_scratch)
        vocabulary = read_vocabulary(tokenizer, str(job.from_scratch))
    job = replace(job, config=_with_window(config, max_residues(network, vocabulary), teacher))
    if config.gradient_checkpointing:
        if not network.supports_gradient_checkpointing:
            raise SettingsError("--gradient-checkpointing: this network does not know it")
        network.gradient_checkpointing_enable({"use_reentrant": False})
    if config.lora:
        network = _with_adapters(network, config.lora)
    train, validation = _read_data(job, vocabulary, teacher)
    safe = SafeCheckpoints()
    trainer = MaskedTrainer(
        model=network,
        processing_class=tokenizer,
        train=train,
        validation=validation,
        args=_arguments(job, device, precision),
        callbacks=[EarlyStoppingCallback(config.patience, config.threshold), ShowProgress(), safe],
    )
    trainer.remove_callback(transformers.ProgressCallback)
    trainer.remove_callback(transformers.PrinterCallback)
    safe.trainer = trainer
    return trainer


def _load_teacher(job: Job, device: torch.device) -> Teacher:
    """Return the teacher, on this process's GPU."""
    _check_processes(device)
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    return Teacher(find_teacher(job.teacher, job.readouts, job.offline), job.config.device)


def _with_window(config: FinetuneConfig, most: int, teacher: Teacher | None) -> FinetuneConfig:
    """Return settings with a window and an overlap; SettingsError if a network cannot take them."""
    limits = {f"--teacher {teacher.name}": teacher.max_window} if teacher else {}
    limits["this network"] = most
    window = config.window or min(DEFAULT_WINDOW, *limits.values())
    for name, limit in limits.items():
        if window > limit:
            raise SettingsError(
                f"window: expected at most {limit} residues for {name}, found {window}; without "
                "--window the most that it can take is used"
            )
    return replace(config, window=window, overlap=check_overlap(window, config.overlap))


def _read_data(
    job: Job, vocabulary: Vocabulary, teacher: Teacher | None
) -> tuple[TrainingBatches, TrainingBatches]:
    """Return the batches to learn from and those to validate with, which know the truth alone."""
    data = []
    for name, paths, taught_by in (
        ("training", job.train, teacher),
        ("validation", job.validation, None),
    ):
        records = read_fasta(paths, bad=job.bad if job.keep_going else None)
        part = TrainingBatches(records, job.readouts, vocabulary, job.config, taught_by, name)
        data.append(part)
        log.info(
            "%s: %d proteins, %d residues, %d batches",
            name,
            part.proteins,
            part.residues,
            len(part),
        )
    return data[0], data[1]


def _check_processes(device: torch.device) -> None:
    """Refuse more processes on this machine than it has GPUs: transformers gives each its own."""
    process, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if device.type == "cuda" and process >= gpus:
        raise SettingsError(
            f"process {process + 1} on this machine: expected a GPU for each process, found {gpus}"
        )


def _arguments(job: Job, device: torch.device, precision: str) -> TrainingArguments:
    _check_processes(device)
    config, training = job.config, job.training
    if job.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise SettingsError("--tensorboard needs the package: pip install tensorboard")
    name = training.name.removeprefix(".").removesuffix(".training")
    os.environ.setdefault("TENSORBOARD_LOGGING_DIR", str(training.parent / f"{name}.tensorboard"))
    return TrainingArguments(
        output_dir=str((training / "checkpoints").resolve()),
        per_device_train_batch_size=1,
        gradient_accumulation_steps=config.accumulate,
        num_train_epochs=config.epochs,
        max_steps=config.max_steps or -1,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.schedule,
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        eval_strategy="steps",
        save_strategy="steps",
        logging_strategy="steps",
        eval_steps=config.evaluate_every,
        save_steps=config.evaluate_every,
        logging_steps=max(1, config.evaluate_every // 10),
        save_total_limit=3,
        load_best_model_at_end=True,
        metric_for_best_model="loss",
        greater_is_better=False,
        restore_callback_states_from_checkpoint=True,
        seed=config.seed,
        use_cpu=device.type == "cpu",
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        remove_unused_columns=False,
        logging_nan_inf_filter=False,
        report_to=["tensorboard"] if job.tensorboard else [],
        disable_tqdm=True,
        log_level="error",
        log_level_replica="error",
    )


def _with_adapters(network, rank: int):
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise SettingsError("--lora needs the package peft: pip install 'pepseq[lora]'") from error
    adapters = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=["query", "key", "value"])
    return get_peft_model(network, adapters)
