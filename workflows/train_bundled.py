"""Train the network that comes with pepseq, from FASTA files to the folder in the package.

    python workflows/train_bundled.py --corpus corpus.fasta.gz --proteomes FOLDER -o bundled

CORPUS holds proteins of Enterobacterales and, with ids that begin with sp_, of Swiss-Prot; FOLDER
holds train_*.faa.gz. Held out for validation: 400 of Swiss-Prot and the strains EC590 (E. coli) and
KF1 (E. albertii). Everything is drawn from fixed seeds. A run that is stopped goes on when it is
started again with the same -o. Needs the package onnx.

With --start FOLDER --readout READOUT a trained network is trained on for one readout alone, without
templates: what one network for all readouts costs.
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
from pepseq.sequences.fasta import read_fasta
from pepseq.templates.reference import open_reference
from pepseq.templates.substitution import encode
from pepseq.training.loss_curves import metrics_table, plot_losses
from pepseq.training.template_examples import StoredExamples, draw_examples, save_examples

EASY = 300
"""Steps at the beginning in which all proteins are read as KCYM: from nothing to anything."""
MEETING = "processes"
"""File in which the processes of a run find each other."""
HELD_OUT = 400
STRAINS = ("ecoli_EC590", "albertii_KF1")
SHORTEST = 7
LEAST = {"steps": 1, "every": 1, "processes": 1, "rounds": 1} | dict.fromkeys(
    ("templates_from", "decay", "examples"), 0
)


class Data:
    """The proteins of a run: `train` and `held_out` residue codes, and files of references."""

    def __init__(self, corpus: Path, proteomes: Path):
        self.files = [corpus, *sorted(proteomes.glob("train_*.faa.gz"))]
        records = list(read_fasta(corpus, repeated_ids=True))
        swiss_prot = np.array([record.id.startswith("sp_") for record in records])
        shuffled = np.random.default_rng(0).permutation(np.flatnonzero(swiss_prot))
        out = set(shuffled[:HELD_OUT].tolist())
        strains = {path.name[6:-7]: sequences(path) for path in self.files[1:]}
        self.held_out = [encode(records[i].sequence) for i in sorted(out)]
        self.strains = {name: strains[name] for name in STRAINS}
        kept = [record.sequence for i, record in enumerate(records) if i not in out]
        own = [s for name, part in strains.items() if name not in STRAINS for s in part]
        codes = [encode(s) for s in kept + own if len(s) >= SHORTEST]
        self.residues = np.concatenate(codes)
        self.offsets = np.concatenate([[0], np.cumsum([len(c) for c in codes])])
        counts = np.bincount(self.residues, minlength=21)[:20]
        self.background = counts / counts.sum()
        never = {s for name in STRAINS for s in strains[name]}
        self.own = sorted(set(own) - never)
        related = (r.sequence for r, sp in zip(records, swiss_prot, strict=True) if not sp)
        self.related = [s for s in related if s not in never]
        self.references = [p for p in self.files[1:] if "ecoli" in p.name or "ferg" in p.name]


def sequences(path: Path) -> list[str]:
    """Return the proteins of a file."""
    return [record.sequence for record in read_fasta(path, repeated_ids=True)]


def template_examples(data: Data, seed: int, rounds: int, path: Path) -> None:
    """Write examples with templates: in each round 200 proteins, read and looked up in one way."""
    rng, examples = np.random.default_rng([7, seed]), []
    reference = open_reference(data.references)
    for _ in range(rounds):
        proteins = data.own if rng.random() < 0.5 else data.related
        examples += draw_examples(reference, proteins, 200, rng)
    save_examples(examples, path)


def validation_examples(data: Data, number: int, with_templates: bool) -> dict[str, list[Example]]:
    """Return examples of held-out proteins, without templates and with, by name."""
    rng = np.random.default_rng(5)
    offsets = np.concatenate([[0], np.cumsum([len(c) for c in data.held_out])])
    plain = {"any": (), "KCYM": [Readout("K1")], "K2": [Readout("K2")]}
    found = {}
    for name, readouts in plain.items():
        codes = np.concatenate(data.held_out)
        drawn = PlainExamples(codes, offsets, data.background, readouts)
        found[f"Swiss-Prot {name}"] = [drawn.draw(rng) for _ in range(number)]
    for strain, proteins in data.strains.items() if with_templates else ():
        paths = [path for path in data.references if strain not in path.name]
        reference = open_reference(paths)
        for readout in (None, None, None, None, Readout("K1"), Readout("K1"), Readout("K2")):
            name = f"{strain} with templates, {readout or 'any'}"
            some = draw_examples(reference, proteins, 50, rng, readout)
            found.setdefault(name, []).extend(some)
    return found


def train(process: int, arguments, data: Data) -> None:
    """Train in one of several processes; the first writes checkpoints and curves."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    work = arguments.work
    distributed.init_process_group(
        "gloo",
        init_method=f"file://{(work / MEETING).resolve()}",
        rank=process,
        world_size=arguments.processes,
    )
    torch.manual_seed(1)
    net, easy = ReadoutNet(BUNDLED_SIZES), EASY
    if arguments.start:
        net.load_state_dict(load_file(arguments.start / WEIGHTS))
        easy = 0
    trainer = Trainer(net, schedule(arguments), arguments.device)
    if (work / "state.pt").exists():
        trainer.restore(torch.load(work / "state.pt", map_location=arguments.device))
    readouts = [Readout(arguments.readout)] if arguments.readout else ()
    plain = PlainExamples(data.residues, data.offsets, data.background, readouts)
    stored = StoredExamples(sorted(work.glob("templates-*.npz")))

    def draw(rng: np.random.Generator, step: int) -> Example:
        if step < easy:
            return plain.draw_easy(rng)
        with_templates = step >= arguments.templates_from and rng.random() < arguments.share
        return (stored if with_templates else plain).draw(rng)

    before = curve(work)[-1]["seconds"] if trainer.step else 0.0
    started, first, mean = time.time(), trainer.residues, None
    checks = validation_examples(data, 100, arguments.examples > 0) if process == 0 else {}
    for loss in trainer.run(draw):
        mean = loss if mean is None else 0.99 * mean + 0.01 * loss
        over = trainer.step == trainer.schedule.steps
        if process == 0 and (trainer.step % arguments.every == 0 or over):
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


def schedule(arguments) -> Schedule:
    """Return the schedule of these arguments."""
    return Schedule(arguments.steps, decay=arguments.decay)


def finish(arguments, data: Data) -> None:
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
            "easy": EASY,
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


def fault(arguments) -> str:
    """Return what is wrong with the arguments, or ""."""
    strains = [arguments.proteomes / f"train_{name}.faa.gz" for name in STRAINS]
    start = [arguments.start / WEIGHTS] if arguments.start else []
    if missing := [path for path in (arguments.corpus, *strains, *start) if not path.is_file()]:
        return f"expected the file {missing[0]}, found none"
    for name, least in LEAST.items():
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


def keep_inputs(arguments, data: Data, parser: argparse.ArgumentParser) -> None:
    """Remember what a run learns, or refuse to go on with another."""
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
    parser.add_argument("--templates-from", type=int, default=13800, help="step they come in")
    parser.add_argument("--share", type=float, default=0.25, help="of examples with templates then")
    parser.add_argument("--decay", type=int, default=9000, help="step the rate begins to fall")
    parser.add_argument("--examples", type=int, default=2, help="files of examples with templates")
    parser.add_argument("--rounds", type=int, default=50, help="of 200 proteins in each file")
    parser.add_argument("--start", type=Path, help="folder of a network to begin with")
    parser.add_argument("--readout", help="the only one to train")
    parser.add_argument("--every", type=int, default=500, help="steps between validations")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    arguments.work = Path(f"{arguments.output}.training")
    if wrong := fault(arguments):
        parser.error(wrong)
    data = Data(arguments.corpus, arguments.proteomes)
    if not data.held_out:
        parser.error(f"{arguments.corpus}: expected proteins whose ids begin with sp_, found none")
    keep_inputs(arguments, data, parser)
    with ProcessPoolExecutor(arguments.processes) as pool:
        jobs = []
        for seed in range(1, arguments.examples + 1):
            path = arguments.work / f"templates-{seed}.npz"
            if not path.exists():
                jobs.append(pool.submit(template_examples, data, seed, arguments.rounds, path))
        for job in jobs:
            job.result()
    (arguments.work / MEETING).unlink(missing_ok=True)
    multiprocessing.spawn(train, (arguments, data), arguments.processes)
    finish(arguments, data)


if __name__ == "__main__":
    main()
