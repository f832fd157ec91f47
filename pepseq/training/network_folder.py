"""The folder of a trained network: weights, tokenizer, description, loss curves, manifest."""

import shutil
import time
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from pepseq.errors import OutputError
from pepseq.io.run_record import run_record, to_json
from pepseq.models.checkpoints import DESCRIPTION, find_checkpoint, write_manifest
from pepseq.models.devices import DTYPES
from pepseq.training.loss_curves import metrics_table, plot_losses
from pepseq.training.plan import TrainingPlan
from pepseq.training.trainer import MaskedTrainer


def describe_network(
    trainer: MaskedTrainer, plan: TrainingPlan, settings: dict[str, Any], started: float
) -> dict[str, Any]:
    """Return the content of `pepseq.json`: readouts, window, best validation, data, settings."""
    best = min(
        (row for row in trainer.state.log_history if "eval_loss" in row),
        key=lambda row: row["eval_loss"],
    )
    data = trainer.train_dataset
    return {
        "readouts": [str(readout) for readout in plan.readouts],
        "window": data.window,
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


def write_network_folder(
    trainer: MaskedTrainer, plan: TrainingPlan, description: dict[str, Any]
) -> Path:
    """Write the folder inside the working folder, and return its path; OutputError."""
    folder = plan.working_folder / "final"
    shutil.rmtree(folder, ignore_errors=True)
    network: Any = trainer.accelerator.unwrap_model(trainer.model)
    if plan.config.lora:
        network = network.merge_and_unload()
    tokenizer: Any = trainer.processing_class
    try:
        if tokenizer is None:  # a readout network
            network.save_network(folder, Path(find_checkpoint(plan.model).source))
        else:
            network.to(DTYPES[plan.config.save_precision]).save_pretrained(folder)
            tokenizer.save_pretrained(folder)
    except (RuntimeError, SafetensorError) as error:
        raise OutputError(f"{folder}: cannot be written: {error}") from error
    table = metrics_table(trainer.state.log_history)
    table.to_csv(folder / "metrics.tsv", sep="\t", index=False)
    plot_losses(table, folder / "loss.png")
    (folder / DESCRIPTION).write_bytes(to_json(description))
    for path in folder.iterdir():
        path.chmod(0o644)
    write_manifest(folder)
    return folder
