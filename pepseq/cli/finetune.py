"""`pepseq finetune`."""

import dataclasses
import logging
import os
import sys
import time
from contextlib import contextmanager

import click

from pepseq.cli import options
from pepseq.errors import LostProcessError, PepseqError, StoppedError
from pepseq.processes.signals import Stop
from pepseq.training.config import LOSSES, SCHEDULES, FinetuneConfig

SECONDS_OF_SILENCE = 15
log = logging.getLogger(__name__)


def setting(name: str, text: str, kind=None, **more):
    """Return an option for a field of FinetuneConfig, with its default."""
    default = getattr(FinetuneConfig, name)
    return click.option(
        f"--{name.replace('_', '-')}",
        name,
        default=default,
        show_default=default is not None,
        type=kind,
        help=text,
        **more,
    )


@click.command("finetune")
@click.option(
    "--train",
    multiple=True,
    required=True,
    type=options.INPUT,
    metavar="FASTA",
    help="Proteins to learn from; may be given several times.",
)
@click.option(
    "--validation",
    multiple=True,
    required=True,
    type=options.INPUT,
    metavar="FASTA",
    help="Proteins to choose the best checkpoint by; may be given several times.",
)
@click.option(
    "--readout",
    multiple=True,
    required=True,
    type=options.READOUT,
    help=f"{options.READOUT_HELP} Given several times, one network learns them all.",
)
@options.model
@options.offline
@click.option(
    "--from-scratch",
    metavar="CONFIG",
    help="Instead of --model: random weights of ProtBert's architecture, size tiny or "
    "small, or as a JSON file of BertConfig's settings says.",
)
@click.option(
    "--teacher",
    metavar="NAME_OR_FOLDER",
    help="Learn the probabilities that this network gives, too: named as for --model.",
)
@setting("teacher_weight", "Share of the loss that is to the teacher; the rest is to the truth.")
@options.output(metavar="FOLDER", text="Folder for the trained network.")
@setting("loss", "Score hidden residues alone, or all as the paper does.", click.Choice(LOSSES))
@setting(
    "window",
    "Longest stretch of residues; longer proteins are cut.  [default: 1022, or what the network "
    "and its teacher can take if that is less]",
    click.IntRange(min=1),
)
@setting(
    "overlap",
    "Residues that neighbouring windows share.  [default: 128, or half a smaller window]",
    click.INT,
)
@setting("batch_residues", "Tokens in one batch on each device, padding included.")
@setting("accumulate", "Batches added up to one step.")
@setting("epochs", "Rounds over the training proteins, at most.")
@setting("max_steps", "Steps, at most; 0 for no limit.")
@setting("learning_rate", "Highest learning rate.")
@setting("schedule", "How the learning rate falls.", click.Choice(SCHEDULES))
@setting("warmup", "Share of the steps over which the learning rate rises.")
@setting("weight_decay", "Weight decay of AdamW.")
@setting("evaluate_every", "Steps between validations; each is a checkpoint.")
@setting("patience", "Validations without progress after which training ends.")
@setting("threshold", "Fall of the validation loss that counts as progress.")
@setting("lora", "Rank of low-rank adapters (needs peft); 0 trains all weights.")
@setting("gradient_checkpointing", "Less memory, more time.", is_flag=True)
@setting("seed", "Seed of weights, order and dropout.")
@options.device
@options.precision(("auto", "fp32", "bf16", "fp16"))
@setting("save_precision", "Precision of the saved weights.", click.Choice(("fp32", "fp16")))
@options.threads
@click.option("--tensorboard", is_flag=True, help="Also log for TensorBoard.")
@click.option("--resume", is_flag=True, help="Go on with an unfinished run, if there is one.")
@options.keep_going
@options.force
def command(
    train,
    validation,
    readout,
    model,
    from_scratch,
    teacher,
    output,
    tensorboard,
    resume,
    keep_going,
    force,
    offline,
    **settings,
):
    """Train a protein language model to predict hidden residues.

    Start from the readout network that comes with pepseq, a published model (--model protbert), or
    --from-scratch.
    """
    names = {field.name for field in dataclasses.fields(FinetuneConfig)}
    config = FinetuneConfig(**{name: settings[name] for name in names})
    with _one_voice():
        from pepseq.training.finetune import finetune

        done = finetune(
            train,
            validation,
            output,
            readout,
            model=model,
            from_scratch=from_scratch,
            teacher=teacher,
            config=config,
            resume=resume,
            force=force,
            keep_going=keep_going,
            tensorboard=tensorboard,
            offline=offline,
        )
    best = done["validation"]
    log.info(
        "%s: the network of step %d of %d, hidden-residue accuracy %.2f %% (micro, validation)",
        output,
        best["step"],
        done["steps"],
        100 * best["hidden_residue_accuracy_micro"],
    )


@contextmanager
def _one_voice():
    """Let the first of several processes speak for all.

    Others wait before they tell an error: if the first has it too, they are ended meanwhile.
    One that has only lost another waits longest.
    """
    process = int(os.environ.get("RANK", "0"))
    if process:
        logging.getLogger("pepseq").setLevel(logging.ERROR)
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # read when torch is imported
    try:
        yield
    except PepseqError as error:
        if process and isinstance(error, StoppedError):
            sys.exit(error.exit_code)  # so did the first, and says so
        lost = isinstance(error, LostProcessError)
        try:
            time.sleep(2 * SECONDS_OF_SILENCE if lost else SECONDS_OF_SILENCE if process else 0)
        except Stop:
            sys.exit(error.exit_code)
        raise
