"""Train the network that comes with pepseq: from FASTA files to its model folder.

    python workflows/train_bundled.py --corpus corpus.fasta.gz --proteomes FOLDER -o bundled

CORPUS holds proteins of Enterobacterales and, with ids that begin with sp_, of Swiss-Prot; FOLDER
holds train_*.faa.gz. Held out for validation: 400 of Swiss-Prot and the strains EC590 (E. coli) and
KF1 (E. albertii). Everything is drawn from fixed seeds. The same command with the same -o resumes
an interrupted run. Needs the package onnx.

With --start FOLDER --readout READOUT a trained network is trained further for one readout alone,
without templates; the difference is the cost of one network for all readouts.
"""

import argparse
import json
import os
import platform
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from bundled_corpus import HELD_OUT_STRAINS, Corpus, template_examples, validation_examples
from safetensors.torch import load_file
from torch import distributed, multiprocessing

from pepseq import Readout
from pepseq.errors import PepseqError
from pepseq.io.run_record import sha256, to_json
from pepseq.models.checkpoints import DESCRIPTION, write_manifest
from pepseq.network.architecture import BUNDLED_SIZES
from pepseq.network.export import write_graph, write_network
from pepseq.network.model import GRAPH, WEIGHTS, ReadoutModel
from pepseq.network.net import ReadoutNet
from pepseq.network.pretraining import Schedule, Trainer, validate
from pepseq.network.temperature import fit_temperatures
from pepseq.network.training_examples import Example, PlainExamples
from pepseq.training.loss_curves import metrics_table, plot_losses
from pepseq.training.template_examples import StoredExamples

EASY_STEPS = 300
"""First steps, in which all proteins are read as KCYM."""
RENDEZVOUS = "processes"
"""File by which the processes of a run find each other."""
MIN_ARGUMENTS = {"steps": 1, "every": 1, "processes": 1, "rounds": 1}
MIN_ARGUMENTS |= dict.fromkeys(("templates_from", "decay", "examples"), 0)


def train(process: int, arguments: argparse.Namespace, data: Corpus) -> None:
    """Train in one of several processes; the first writes checkpoints and curves."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    work = arguments.work
    distributed.init_process_group(
        "gloo",
        init_method=f"file://{(work / RENDEZVOUS).resolve()}",
        rank=process,
        world_size=arguments.processes,
    )
    torch.manual_seed(1)
    net, easy_steps = ReadoutNet(BUNDLED_SIZES), EASY_STEPS
    if arguments.start:
        net.load_state_dict(load_file(arguments.start / WEIGHTS))
        easy_steps = 0
    trainer = Trainer(net, schedule(arguments), arguments.device)
    if (work / "state.pt").exists():
        trainer.restore(torch.load(work / "state.pt", map_location=arguments.device))
    readouts = [Readout(arguments.readout)] if arguments.readout else ()
    plain = PlainExamples(data.residues, data.offsets, data.background, readouts)
    stored = StoredExamples(sorted(work.glob("templates-*.npz")))

    def draw(rng: np.random.Generator, step: int) -> Example:
        if step < easy_steps:
            return plain.draw_easy(rng)
        with_templates = step >= arguments.templates_from and rng.random() < arguments.share
        return (stored if with_templates else plain).draw(rng)

    before = curve(work)[-1]["seconds"] if trainer.step else 0.0
    started, first, mean = time.time(), trainer.residues, None
    checks = validation_examples(data, 100, arguments.examples > 0) if process == 0 else {}
    for loss in trainer.run(draw):
        mean = loss if mean is None else 0.99 * mean + 0.01 * loss
        last = trainer.step == trainer.schedule.steps
        if process == 0 and (trainer.step % arguments.every == 0 or last):
            row = {"step": trainer.step, "loss": mean, "residues": trainer.residues}
            row["seconds"] = round(before + time.time() - started, 1)
            row["residues_per_second"] = (trainer.residues - first) / (time.time() - started)
            row["learning_rate"] = trainer.schedule.rate(trainer.step)
            row["validation"] = {n: validate(trainer.net, part) for n, part in checks.items()}
            with open(work / "curve.jsonl", "a") as stream:
                stream.write(json.dumps(row) + "\n")
            print(json.dumps(row), flush=True)
            torch.save(trainer.state(), work / "state.part")
            os.replace(work / "state.part", work / "state.pt")
    distributed.destroy_process_group()


def curve(work: Path) -> list[dict]:
    """Return the rows that were written during training."""
    return [json.loads(line) for line in (work / "curve.jsonl").read_text().splitlines()]


def schedule(arguments: argparse.Namespace) -> Schedule:
    """Return the schedule of these arguments."""
    return Schedule(arguments.steps, decay=arguments.decay)


def finish(arguments: argparse.Namespace, data: Corpus) -> None:
    """Calibrate the network on held-out proteins and write its folder."""
    net = ReadoutNet(BUNDLED_SIZES)
    state = torch.load(arguments.work / "state.pt", map_location="cpu")
    net.load_state_dict(state["net"])
    folder = arguments.output
    folder.mkdir(parents=True, exist_ok=True)
    write_graph(BUNDLED_SIZES, folder / GRAPH)
    write_network(net, folder, data.background)
    model = ReadoutModel(folder, "cpu")
    examples = validation_examples(data, 1500, arguments.examples > 0)
    cases = []
    for part in examples.values():
        logs = model.log_probabilities([example.input for example in part])
        for example, log_probabilities in zip(part, logs, strict=True):
            truth = np.where(example.scored, example.truth.astype(int), -1)
            cases.append((example.input, log_probabilities, truth))
    write_network(net, folder, data.background, fit_temperatures(cases))
    rows = curve(arguments.work)
    write_curves(rows, folder)
    description = {
        "readouts": ["KCYM", "KCYMRHWST"],
        "window": 1022,
        "validation": {name: validate(net, part) for name, part in examples.items()},
        "train": {
            "proteins": len(data.offsets) - 1,
            "residues": int(data.offsets[-1]),
            "examples_with_templates": len(
                StoredExamples(sorted(arguments.work.glob("templates-*.npz")))
            ),
            "files": [[path.name, sha256(path)] for path in data.files],
        },
        "settings": {
            **BUNDLED_SIZES,
            "start": arguments.start and sha256(arguments.start / WEIGHTS),
            "readout": arguments.readout,
            **asdict(schedule(arguments)),
            "templates_from": arguments.templates_from,
            "easy": EASY_STEPS,
            "share_with_templates": arguments.share,
            "processes": arguments.processes,
        },
        "residues_seen": state["residues"],
        "seconds": rows[-1]["seconds"],
        "hardware": f"{arguments.processes} threads of {processor()}",
        "versions": {"torch": torch.__version__, "numpy": np.__version__},
    }
    (folder / DESCRIPTION).write_bytes(to_json(description))
    for path in folder.iterdir():
        path.chmod(0o644)
    write_manifest(folder)


def write_curves(rows: list[dict], folder: Path) -> None:
    """Write metrics.tsv and loss.png; the validation shown is of held-out Swiss-Prot, KCYM."""
    history = [
        {
            "step": row["step"],
            "loss": row["loss"],
            "learning_rate": row["learning_rate"],
            "eval_loss": row["validation"]["Swiss-Prot KCYM"]["nats"],
            "eval_accuracy": row["validation"]["Swiss-Prot KCYM"]["micro"] / 100,
        }
        for row in rows
    ]
    table = metrics_table(history)
    table.to_csv(folder / "metrics.tsv", sep="\t", index=False)
    plot_losses(table, folder / "loss.png")


def processor() -> str:
    """Return the name of this machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def find_fault(arguments: argparse.Namespace) -> str:
    """Return what is wrong with the arguments, or an empty text."""
    strains = [arguments.proteomes / f"train_{name}.faa.gz" for name in HELD_OUT_STRAINS]
    start = [arguments.start / WEIGHTS] if arguments.start else []
    if missing := [path for path in (arguments.corpus, *strains, *start) if not path.is_file()]:
        return f"expected the file {missing[0]}, found none"
    for name, least in MIN_ARGUMENTS.items():
        if (value := getattr(arguments, name)) < least:
            return f"--{name.replace('_', '-')}: expected {least} or more, found {value}"
    if not 0 <= arguments.share <= 1:
        return f"--share: expected 0 to 1, found {arguments.share}"
    if find_spec("onnx") is None:
        return "expected the package onnx, found none: pip install '.[recipe]'"
    if arguments.output.exists() and not (arguments.output / DESCRIPTION).exists():
        return f"{arguments.output}: expected nothing there, or what this wrote before"
    try:
        Readout(arguments.readout or "K1")
    except PepseqError as error:
        return f"--readout: {error}"
    return ""


def check_inputs(
    arguments: argparse.Namespace, data: Corpus, parser: argparse.ArgumentParser
) -> None:
    """Store what a run learns from, or end if the run to resume has another input."""
    start = arguments.start and sha256(arguments.start / WEIGHTS)
    files = [[path.name, sha256(path)] for path in data.files]
    inputs = {"files": files, "start": start, "readout": arguments.readout}
    arguments.work.mkdir(parents=True, exist_ok=True)
    path = arguments.work / "inputs.json"
    if not path.exists():
        path.write_bytes(to_json(inputs))
    elif json.loads(path.read_text()) != inputs:
        parser.error(f"{arguments.work}: expected a run of these files, --start and --readout")


def main() -> None:
    """Make examples with templates, train, calibrate and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--proteomes", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=15500)
    parser.add_argument(
        "--templates-from", type=int, default=13800, help="step from which examples have templates"
    )
    parser.add_argument(
        "--share", type=float, default=0.25, help="share of examples with templates then"
    )
    parser.add_argument("--decay", type=int, default=9000, help="step from which the rate falls")
    parser.add_argument("--examples", type=int, default=2, help="files of examples with templates")
    parser.add_argument("--rounds", type=int, default=50, help="of 200 proteins in each file")
    parser.add_argument("--start", type=Path, help="folder of a network to start from")
    parser.add_argument("--readout", help="the only readout to train")
    parser.add_argument("--every", type=int, default=500, help="steps between validations")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    arguments.work = Path(f"{arguments.output}.training")
    if fault := find_fault(arguments):
        parser.error(fault)
    data = Corpus(arguments.corpus, arguments.proteomes)
    if not data.held_out:
        parser.error(f"{arguments.corpus}: expected proteins whose ids begin with sp_, found none")
    check_inputs(arguments, data, parser)
    with ProcessPoolExecutor(arguments.processes) as pool:
        jobs = []
        for seed in range(1, arguments.examples + 1):
            path = arguments.work / f"templates-{seed}.npz"
            if not path.exists():
                jobs.append(pool.submit(template_examples, data, seed, arguments.rounds, path))
        for job in jobs:
            job.result()
    (arguments.work / RENDEZVOUS).unlink(missing_ok=True)
    multiprocessing.spawn(train, (arguments, data), arguments.processes)
    finish(arguments, data)


if __name__ == "__main__":
    main()
