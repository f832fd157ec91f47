"""The trainer of a training plan: network, teacher, data, and the arguments of transformers."""

import importlib.util
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
import transformers
from transformers import EarlyStoppingCallback, PreTrainedModel, TrainingArguments

from pepseq.errors import SettingsError
from pepseq.io.failures import FailedRecord
from pepseq.io.plurals import plural
from pepseq.models.checkpoints import find_checkpoint
from pepseq.models.devices import pick_device, pick_precision
from pepseq.models.masked_lm import (
    LoadedMaskedLM,
    Vocabulary,
    load_masked_lm,
    max_residues,
    read_vocabulary,
)
from pepseq.models.random_weights import new_masked_lm
from pepseq.models.windows import DEFAULT_WINDOW, check_overlap
from pepseq.network.masked_lm_adapter import load_for_training
from pepseq.sequences.fasta import read_fasta
from pepseq.training.callbacks import SealedCheckpoints, TrainingProgress
from pepseq.training.config import FinetuneConfig
from pepseq.training.data import TrainingBatches
from pepseq.training.plan import TrainingPlan
from pepseq.training.process_group import check_gpu_of_process, local_process
from pepseq.training.teacher import Teacher, find_teacher
from pepseq.training.trainer import MaskedTrainer

log = logging.getLogger(__name__)


def make_trainer(plan: TrainingPlan, failed: list[FailedRecord]) -> MaskedTrainer:
    """Load network and data of a plan, and return the trainer for them.

    With `plan.keep_going`, records that cannot be read are added to `failed`.
    """
    config = plan.config
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    device = pick_device(config.device)
    precision = pick_precision(config.precision, device)
    if precision == "fp16" and device.type != "cuda":
        raise SettingsError("--precision fp16: trains on a CUDA GPU only; choose fp32 or bf16")
    teacher = None if plan.teacher is None else _load_teacher(plan.teacher, plan, device)
    transformers.set_seed(config.seed)
    network, tokenizer, vocabulary = _load_network(plan)
    config = _with_window(config, max_residues(network, vocabulary), teacher)
    if config.gradient_checkpointing:
        if not network.supports_gradient_checkpointing:
            raise SettingsError("--gradient-checkpointing: this network does not support it")
        network.gradient_checkpointing_enable({"use_reentrant": False})
    if config.lora:
        network = _with_adapters(network, config.lora)
    train, validation = _read_data(replace(plan, config=config), vocabulary, teacher, failed)
    trainer = MaskedTrainer(
        model=network,
        processing_class=tokenizer,
        train=train,
        validation=validation,
        args=_arguments(plan, device, precision),
        callbacks=[EarlyStoppingCallback(config.patience, config.threshold), TrainingProgress()],
    )
    trainer.add_callback(SealedCheckpoints(trainer))
    trainer.remove_callback(transformers.ProgressCallback)
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer


def _load_teacher(name: str | Path, plan: TrainingPlan, device: torch.device) -> Teacher:
    """Return the teacher, on the GPU of this process."""
    check_gpu_of_process(device)
    if device.type == "cuda":
        torch.cuda.set_device(local_process())
    return Teacher(find_teacher(name, plan.readouts, plan.offline), plan.config.device)


def _load_network(plan: TrainingPlan) -> LoadedMaskedLM:
    """Return the network to start from; a readout network has no tokenizer."""
    if plan.from_scratch is not None:
        network, tokenizer = new_masked_lm(plan.from_scratch)
        vocabulary = read_vocabulary(tokenizer, str(plan.from_scratch))
        return LoadedMaskedLM(network, tokenizer, vocabulary)
    checkpoint = find_checkpoint(plan.model, plan.offline)
    if checkpoint.any_readout:
        readout_network, vocabulary = load_for_training(checkpoint.source)
        return LoadedMaskedLM(readout_network, None, vocabulary)
    return load_masked_lm(checkpoint)


def _with_window(
    config: FinetuneConfig, max_window: int, teacher: Teacher | None
) -> FinetuneConfig:
    """Return settings with a window and an overlap; SettingsError if a network cannot take them."""
    limits = {f"--teacher {teacher.name}": teacher.max_window} if teacher else {}
    limits["this network"] = max_window
    window = config.window or min(DEFAULT_WINDOW, *limits.values())
    for name, limit in limits.items():
        if window > limit:
            raise SettingsError(
                f"window: expected at most {limit} residues for {name}, found {window}; without "
                "--window its maximum is used"
            )
    return replace(config, window=window, overlap=check_overlap(window, config.overlap))


def _read_data(
    plan: TrainingPlan, vocabulary: Vocabulary, teacher: Teacher | None, failed: list[FailedRecord]
) -> tuple[TrainingBatches, TrainingBatches]:
    """Return the batches of training and of validation; the teacher is for training alone."""
    data = []
    for name, paths, teacher_of_part in (
        ("training", plan.train, teacher),
        ("validation", plan.validation, None),
    ):
        records = read_fasta(paths, bad=failed if plan.keep_going else None)
        part = TrainingBatches(
            records, plan.readouts, vocabulary, plan.config, teacher_of_part, name
        )
        nouns = plural(part.proteins, "protein"), plural(len(part), "batch", "batches")
        counts = part.proteins, nouns[0], part.residues, len(part), nouns[1]
        log.info("%s: %d %s, %d residues, %d %s", name, *counts)
        data.append(part)
    return data[0], data[1]


def _arguments(plan: TrainingPlan, device: torch.device, precision: str) -> TrainingArguments:
    """Return the arguments of transformers' Trainer."""
    check_gpu_of_process(device)
    config = plan.config
    if plan.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise SettingsError("--tensorboard needs the package: pip install tensorboard")
    os.environ.setdefault("TENSORBOARD_LOGGING_DIR", f"{plan.output}.tensorboard")
    return TrainingArguments(
        output_dir=str((plan.working_folder / "checkpoints").resolve()),
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
        report_to=["tensorboard"] if plan.tensorboard else [],
        disable_tqdm=True,
        log_level="error",
        log_level_replica="error",
    )


def _with_adapters(network: PreTrainedModel, rank: int) -> PreTrainedModel:
    """Return the network with low-rank adapters, the only weights that are trained."""
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise SettingsError("--lora needs the package peft: pip install 'pepseq[lora]'") from error
    adapters = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=["query", "key", "value"])
    return cast(PreTrainedModel, get_peft_model(network, adapters))
