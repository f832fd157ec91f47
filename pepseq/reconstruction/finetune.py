"""Train a masked protein language model to complete readouts (Pham et al. 2024).

While a run goes on, its checkpoints lie in `.<output>.training` beside the output folder, which
appears whole at the end. A run that was stopped is resumed from there.
"""

import importlib.util
import json
import logging
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import torch
import transformers
from transformers import EarlyStoppingCallback, TrainerState, TrainingArguments

from pepseq.errors import SettingsError, TryAgainError
from pepseq.files import disk_errors, locked, replace_folder, run_record, to_json
from pepseq.models.checkpoints import DESCRIPTION, find_checkpoint, write_manifest
from pepseq.models.protbert import load_network, pick_device, pick_precision, read_vocabulary
from pepseq.models.scratch import new_network
from pepseq.readout.readout import Readout
from pepseq.reconstruction.config import FinetuneConfig
from pepseq.reconstruction.curves import metrics_table, plot_losses
from pepseq.reconstruction.resume import (
    is_done,
    is_over,
    newest_whole_checkpoint,
    prepare_training,
    run_settings,
)
from pepseq.reconstruction.trainer import MaskedTrainer, SafeCheckpoints, ShowProgress, Stopped
from pepseq.reconstruction.training_data import TrainingBatches
from pepseq.sequences.fasta import read_fasta

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
    config: FinetuneConfig = FinetuneConfig(),  # noqa: B008 - frozen
    resume: bool = False,
    force: bool = False,
    tensorboard: bool = False,
) -> dict:
    """Train a network on whole proteins and return what `<output>/pepseq.json` says of it.

    `train` and `validation` are FASTA files; each protein is masked by every readout given. The
    network starts from `model` (a folder or a Hugging Face id), or, with `from_scratch` (`tiny`,
    `small` or a JSON file), from random weights. `output` becomes a folder that `predict` and
    transformers can load.

    Raises SettingsError, InputError (bad data or model, changed settings on resuming, loss not
    finite), OutputError, and TryAgainError when stopped by SIGTERM or out of memory.
    """
    if (model is None) == (from_scratch is None):
        raise SettingsError("expected either --model or --from-scratch")
    output, started = Path(output).absolute(), time.time()
    readouts = [readout] if isinstance(readout, str | Readout) else list(readout)
    readouts = list(dict.fromkeys(r if isinstance(r, Readout) else Readout(r) for r in readouts))
    train, validation = _as_list(train), _as_list(validation)
    training = output.parent / f".{output.name}.training"
    main = int(os.environ.get("RANK", 0)) == 0
    with locked(output) if main else nullcontext():
        settings = run_settings(train, validation, readouts, model, from_scratch, config)
        if resume and is_done(output, settings):
            log.info("%s: finished already, nothing to do", output)
            return json.loads((output / DESCRIPTION).read_text())
        if main:
            prepare_training(output, training, settings, resume, force)
        if config.threads:
            torch.set_num_threads(config.threads)
        trainer = _trainer(
            train, validation, readouts, model, from_scratch, config, training, tensorboard
        )
        _train(trainer, training, config)
        description = _describe(trainer, readouts, settings, started)
        if main:
            with disk_errors(output):
                _write(trainer, config, description, training / "final")
                replace_folder(training / "final", output, force)
                inputs = [*train, *validation]
                record = run_record("finetune", settings, inputs, started)
                Path(f"{output}.run.json").write_bytes(to_json(record))
                shutil.rmtree(training)
    return description


def _as_list(paths: Paths) -> list[str]:
    return [str(p) for p in ([paths] if isinstance(paths, str | Path) else paths)]


def _trainer(
    train, validation, readouts, model, from_scratch, config, training, tensorboard
) -> MaskedTrainer:
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    device = pick_device(config.device)
    precision = pick_precision(config.precision, device)
    if precision == "fp16" and device.type != "cuda":
        raise SettingsError("--precision fp16: trains on a CUDA GPU only; choose fp32 or bf16")
    transformers.set_seed(config.seed)
    if from_scratch is None:
        network, tokenizer, vocabulary = load_network(find_checkpoint(model))
    else:
        network, tokenizer = new_network(from_scratch)
        vocabulary = read_vocabulary(tokenizer, str(from_scratch))
    positions = network.config.max_position_embeddings
    if config.window + len(vocabulary.start) + len(vocabulary.end) > positions:
        raise SettingsError(
            f"window: expected at most {positions - 2} residues for this network, "
            f"found {config.window}"
        )
    if config.gradient_checkpointing:
        network.gradient_checkpointing_enable({"use_reentrant": False})
    if config.lora:
        network = _with_adapters(network, config.lora)
    data = [
        TrainingBatches(read_fasta(p), readouts, vocabulary, config) for p in (train, validation)
    ]
    for name, part in zip(("training", "validation"), data, strict=True):
        log.info(
            "%s: %d proteins, %d residues, %d batches",
            name,
            part.proteins,
            part.residues,
            len(part),
        )
    safe = SafeCheckpoints()
    trainer = MaskedTrainer(
        model=network,
        processing_class=tokenizer,
        train=data[0],
        validation=data[1],
        args=_arguments(config, device, precision, training, tensorboard, len(data[0])),
        callbacks=[EarlyStoppingCallback(config.patience, config.threshold), ShowProgress(), safe],
    )
    trainer.remove_callback(transformers.ProgressCallback)
    trainer.remove_callback(transformers.PrinterCallback)
    safe.trainer = trainer
    return trainer


def _arguments(config, device, precision, training, tensorboard, batches) -> TrainingArguments:
    if tensorboard and importlib.util.find_spec("tensorboard") is None:
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
        report_to=["tensorboard"] if tensorboard else [],
        disable_tqdm=True,
    )


def _with_adapters(network, rank: int):
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise SettingsError("--lora needs the package peft: pip install 'pepseq[lora]'") from error
    adapters = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=["query", "key", "value"])
    return get_peft_model(network, adapters)


def _train(trainer: MaskedTrainer, training: Path, config: FinetuneConfig) -> None:
    """Train to the end, from the newest whole checkpoint if there is one."""
    checkpoint = newest_whole_checkpoint(training / "checkpoints")
    try:
        with trainer.callback_handler.callbacks[-1]:
            if checkpoint and is_over(checkpoint, config):
                trainer.state = TrainerState.load_from_json(checkpoint / "trainer_state.json")
                trainer._load_best_model()
            else:
                trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except Stopped as stop:
        raise TryAgainError(
            f"stopped at step {trainer.state.global_step}; the same command with --resume goes on"
        ) from stop


def _describe(trainer: MaskedTrainer, readouts, settings: dict, started: float) -> dict:
    best = min(
        (row for row in trainer.state.log_history if "eval_loss" in row),
        key=lambda row: row["eval_loss"],
    )
    data = trainer.train_dataset
    return {
        "readouts": [str(r) for r in readouts],
        "window": settings["window"],
        "validation": {
            "step": best["step"],
            "loss": best["eval_loss"],
            "hidden_residue_accuracy_micro": best["eval_accuracy"],
        },
        "train": {"proteins": data.proteins, "residues": data.residues},
        "steps": trainer.state.global_step,
        "seconds": round(time.time() - started, 1),
        "device": str(trainer.args.device),
        "settings": settings,
        "versions": run_record("finetune", {}, [], started)["libraries"],
    }


def _write(trainer: MaskedTrainer, config, description: dict, folder: Path) -> None:
    """Write network, tokenizer, description, curves and manifest."""
    shutil.rmtree(folder, ignore_errors=True)
    network = trainer.accelerator.unwrap_model(trainer.model)
    if config.lora:
        network = network.merge_and_unload()
    dtype = {"fp32": torch.float32, "fp16": torch.float16}[config.save_precision]
    network.to(dtype).save_pretrained(folder)
    trainer.processing_class.save_pretrained(folder)
    table = metrics_table(trainer.state.log_history)
    table.to_csv(folder / "metrics.tsv", sep="\t", index=False)
    plot_losses(table, folder / "loss.png")
    (folder / DESCRIPTION).write_bytes(to_json(description))
    for path in folder.iterdir():
        path.chmod(0o644)
    write_manifest(folder)
