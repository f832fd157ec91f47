"""`pepseq finetune`."""

import dataclasses
import logging
import os
from functools import partial

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command
from pepseq.training.config import PRECISIONS, FinetuneConfig
from pepseq.training.process_group import errors_reported_once, is_first_process

log = logging.getLogger(__name__)
setting = partial(options.setting, FinetuneConfig)


@click.command(
    "finetune",
    cls=Command,
    example="pepseq finetune --train train.fasta --validation validation.fasta --readout KCYM "
    "--model protbert -o network",
    main=("output", "train", "validation", "readout", "model"),
)
@click.option(
    "--train",
    multiple=True,
    required=True,
    type=options.INPUT,
    metavar="FASTA",
    help="Training proteins; may be given several times.",
)
@click.option(
    "--validation",
    multiple=True,
    required=True,
    type=options.INPUT,
    metavar="FASTA",
    help="Validation proteins, which choose the best checkpoint; may be given several times.",
)
@click.option(
    "--readout",
    multiple=True,
    required=True,
    type=options.READOUT,
    help=f"{options.READOUT_HELP} If given several times, one network learns all of them.",
)
@options.model
@options.offline
@click.option(
    "--from-scratch",
    metavar="CONFIG",
    help="Random weights of ProtBert's architecture instead of --model: size tiny or small, or a "
    "JSON file of BertConfig's settings.",
)
@click.option(
    "--teacher",
    metavar="NAME_OR_FOLDER",
    help="Additional network to learn probabilities from, named as for --model.",
)
@setting(
    "teacher_weight", "Share of the teacher in the loss; the rest is that of the true amino acids."
)
@options.output(metavar="FOLDER", text="Folder for the trained network.")
@setting("loss", "Residues that are scored: hidden residues only, or all residues as in the paper.")
@setting(
    "window",
    "Residues of the windows into which longer proteins are cut.  [default: 1022, or the limit of "
    "the network or its teacher if that is smaller]",
)
@setting(
    "overlap",
    "Residues that neighbouring windows share.  [default: 128, or half a smaller window]",
)
@setting("batch_residues", "Tokens in one batch on each device, padding included.")
@setting("accumulate", "Number of batches accumulated for one step.")
@setting("epochs", "Upper limit of epochs, each over all training proteins.")
@setting("max_steps", "Upper limit of steps; 0 for no limit.")
@setting("learning_rate", "Highest learning rate.")
@setting("schedule", "Schedule of the learning rate after its warmup.")
@setting("warmup", "Share of the steps over which the learning rate rises.")
@setting("weight_decay", "Weight decay of AdamW.")
@setting("evaluate_every", "Steps between validations; each is also a checkpoint.")
@setting("patience", "Validations without progress after which training ends.")
@setting("threshold", "Decrease of the validation loss that counts as progress.")
@setting("lora", "Rank of low-rank adapters (needs peft); 0 trains all weights.")
@setting("gradient_checkpointing", "Recompute activations: less memory, more time.")
@setting("seed", "Seed of weights, order and dropout.")
@options.device
@options.precision(PRECISIONS)
@setting("save_precision", "Precision of the saved weights.")
@options.threads
@click.option("--tensorboard", is_flag=True, help="Also log for TensorBoard.")
@click.option("--resume", is_flag=True, help="Resume an interrupted run, if there is one.")
@options.keep_going
@options.force
def command(train, validation, output, readout, **arguments):
    """Train a protein language model to predict hidden residues.

    The network starts from the readout network that comes with pepseq, a published model (--model
    protbert), or random weights (--from-scratch).
    """
    if not is_first_process():
        logging.getLogger("pepseq").setLevel(logging.ERROR)
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # read when torch is imported
    fields = [field.name for field in dataclasses.fields(FinetuneConfig)]
    with errors_reported_once():
        config = FinetuneConfig(**{name: arguments.pop(name) for name in fields})
        from pepseq.training.finetune import finetune

        description = finetune(train, validation, output, readout, config=config, **arguments)
    best = description["validation"]
    log.info(
        "%s: the network of step %d of %d, hidden-residue accuracy %.2f %% (micro, validation)",
        output,
        best["step"],
        description["steps"],
        100 * best["hidden_residue_accuracy_micro"],
    )
