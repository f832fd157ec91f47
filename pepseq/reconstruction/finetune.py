"""Train a masked protein language model to complete readouts (Pham et al. 2024).

While a run goes on, its checkpoints lie in `.<output>.training` beside the output folder, which
appears whole at the end. A run that was stopped is resumed from there.
"""

import dataclasses
import json
import logging
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import torch
import transformers
from transformers import EarlyStoppingCallback, TrainerState, TrainingArguments

from pepseq.errors import InputError, OutputError, SettingsError, TryAgainError
from pepseq.files import (
    disk_errors,
    locked,
    replace_folder,
    run_record,
    sha256,
    to_json,
)
from pepseq.models.checkpoints import (
    DESCRIPTION,
    check_manifest,
    find_checkpoint,
    write_manifest,
)
from pepseq.models.protbert import load_network, pick_device, pick_precision, read_vocabulary
from pepseq.models.scratch import new_network
from pepseq.readout.readout import Readout
from pepseq.reconstruction.config import FinetuneConfig
from pepseq.reconstruction.curves import metrics_table, plot_losses
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
    output, started = Path(output), time.time()
    readouts = [readout] if isinstance(readout, str | Readout) else list(readout)
    readouts = list(dict.fromkeys(r if isinstance(r, Readout) else Readout(r) for r in readouts))
    train, validation = _as_list(train), _as_list(validation)
    training = output.parent / f".{output.name}.training"
    with locked(output):
        settings = _settings(train, validation, readouts, model, from_scratch, config)
        if resume and _is_done(output, settings):
            log.info("%s: finished already, nothing to do", output)
            return json.loads((output / DESCRIPTION).read_text())
        _prepare(output, training, settings, resume, force)
        if config.threads:
            torch.set_num_threads(config.threads)
        trainer = _trainer(
            train, validation, readouts, model, from_scratch, config, training, tensorboard
        )
        _train(trainer, training, config)
        description = _describe(trainer, readouts, settings, started)
        if trainer.is_world_process_zero():
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


def _settings(train, validation, readouts, model, from_scratch, config) -> dict:
    """Return all that decides the result, to compare on resuming."""
    for path in (*train, *validation):
        if not Path(path).is_file():
            raise InputError(f"{path}: no such file")
    if from_scratch is None:
        checkpoint = find_checkpoint(model)
        folder = Path(checkpoint.source)
        base = {"model": folder.name if folder.is_dir() else checkpoint.source}
        if folder.is_dir():
            files = sorted(p for p in folder.iterdir() if p.suffix in (".safetensors", ".bin"))
            base["sha256"] = {p.name: sha256(p) for p in files}
    else:
        network = new_network(from_scratch)[0].config.to_diff_dict()
        base = {"from_scratch": {k: v for k, v in network.items() if k != "transformers_version"}}
    return {
        "readouts": [str(r) for r in readouts],
        "base": base,
        "train": {Path(p).name: sha256(p) for p in train},
        "validation": {Path(p).name: sha256(p) for p in validation},
        **dataclasses.asdict(config),
    }


def _is_done(output: Path, settings: dict) -> bool:
    if not (output / DESCRIPTION).exists():
        return False
    check_manifest(output)
    _compare(json.loads((output / DESCRIPTION).read_text())["settings"], settings, output)
    return True


def _compare(before: dict, now: dict, where: Path) -> None:
    free = {"device", "threads"}
    for key in sorted((before.keys() | now.keys()) - free):
        if before.get(key) != json.loads(json.dumps(now.get(key))):
            raise InputError(
                f"{where}: cannot resume, {key} differs: was {before.get(key)}, is {now.get(key)}; "
                "resume with what it was, or start over with --force"
            )


def _prepare(output: Path, training: Path, settings: dict, resume: bool, force: bool) -> None:
    """Make the working folder, or check that the one of an earlier run fits."""
    if output.exists() and not force:
        raise OutputError(f"{output}: exists already; --force overwrites it")
    path = training / "settings.json"
    if int(os.environ.get("RANK", 0)):
        return
    if path.exists() and resume:
        _compare(json.loads(path.read_text()), settings, training)
        return
    if path.exists() and not force:
        raise OutputError(
            f"{training}: an unfinished run; --resume goes on with it, --force starts over"
        )
    with disk_errors(training):
        shutil.rmtree(training, ignore_errors=True)
        training.mkdir(parents=True)
        path.write_bytes(to_json(settings))


def _trainer(
    train, validation, readouts, model, from_scratch, config, training, tensorboard
) -> MaskedTrainer:
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    device = pick_device(config.device)
    precision = pick_precision(config.precision, device)
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
    os.environ.setdefault("TENSORBOARD_LOGGING_DIR", f"{training}/tensorboard")
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
            if checkpoint and _is_over(checkpoint, config):
                trainer.state = TrainerState.load_from_json(checkpoint / "trainer_state.json")
                trainer._load_best_model()
            else:
                trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except Stopped as stop:
        raise TryAgainError(
            f"stopped at step {trainer.state.global_step}; the same command with --resume goes on"
        ) from stop


def newest_whole_checkpoint(folder: Path) -> Path | None:
    """Return the newest checkpoint whose files are those of its manifest, its best one's too.

    Damaged ones are named in the log and removed.
    """
    found = sorted(folder.glob("checkpoint-*"), key=lambda p: int(p.name.split("-")[1]))
    while found:
        newest = found.pop()
        try:
            check_manifest(newest)
            state = json.loads((newest / "trainer_state.json").read_text())
            if state["best_model_checkpoint"]:
                check_manifest(Path(state["best_model_checkpoint"]))
            log.info("resuming at %s", newest.name)
            return newest
        except InputError as error:
            log.warning("passing over %s: %s", newest.name, error)
            shutil.rmtree(newest)
    return None


def _is_over(checkpoint: Path, config: FinetuneConfig) -> bool:
    state = json.loads((checkpoint / "trainer_state.json").read_text())
    stopper = state["stateful_callbacks"]["EarlyStoppingCallback"]["attributes"]
    return (
        state["global_step"] >= state["max_steps"]
        or stopper["early_stopping_patience_counter"] >= config.patience
    )


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
