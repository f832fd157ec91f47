"""Damaged inputs: refused in one line, or read, with outputs whole or absent."""

import json
import random
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from commands import LIMIT, pepseq
from damage import TEXT, damaged, packed
from forked import call, warm_up
from trial import FAILED, HELD, Bench, Outcome, faulty_messages, finish, snapshot, start

KIND = "input"
_CODES = (0, 2, 65, 74, 75)
_PACKED = (".gz", ".xz", ".bz2", ".zst")


@dataclass(frozen=True)
class Target:
    """A call, the inputs that it reads, and the one (a file, or a file in a folder) to damage."""

    arguments: str
    inputs: str
    damaged: str
    outputs: str


_TEMPLATES = "--mode templates --readout KCYM --threads 1 -o whole.fasta --table residues.tsv"
_PREDICT = f"predict readouts.fasta --reference reference.fasta {_TEMPLATES}"
_NETWORK = "predict readouts.fasta --model network --threads 1 -o whole.fasta"
_LOOKUP = "lookup {} --reference reference.fasta --threads 1 -o fits.tsv"
_EVALUATE = "evaluate proteins.fasta whole.fasta --readout KCYM --table residues.tsv -o accuracy"
_PAIR = "pair family_a.fasta family_b.fasta -o pairs.tsv --paired-msa paired.a3m --runs 2"
_MERGE = "merge one.fasta two.fasta -o merged.fasta --table merged.tsv"
_SHARDS = "one.fasta one.tsv two.fasta two.tsv"
_REPORT = "report accuracy residues.tsv whole.fasta pairs.tsv -o report.html"
_REPORTED = "accuracy residues.tsv whole.fasta pairs.tsv proteins.fasta"
_SCORE = "score models references -o scores.tsv --superposed superposed --threads 1"
_TRAIN = (
    "finetune --train reference.fasta --validation proteins.fasta --readout KCYM --threads 1 "
    "--evaluate-every 1 --batch-residues 1024 --window 128 -o trained --max-steps"
)
_TRAINED = "reference.fasta proteins.fasta config.json"
_RESUMED = f"{_TRAIN} 20 --from-scratch tiny --resume"


def _targets() -> list[Target]:
    mask = "mask {} -o readouts.fasta --readout KCYM"
    names = ["proteins.fasta", *(f"proteins.fasta{end}" for end in _PACKED if _can_pack(end))]
    found = [Target(mask.format(name), name, name, "readouts.fasta") for name in names]
    noise = "mask proteins.fasta -o noisy.fasta --labels DE,C,Y --noise noise.json"
    found += [Target(noise, "proteins.fasta noise.json", "noise.json", "noisy.fasta")]

    def add(arguments: str, inputs: str, to_damage: str, outputs: str) -> None:
        found.extend(Target(arguments, inputs, one, outputs) for one in to_damage.split())

    both = "readouts.fasta reference.fasta"
    add(_PREDICT, both, both, "whole.fasta residues.tsv")
    add(_NETWORK, "readouts.fasta network", "network network network", "whole.fasta")
    add(_LOOKUP.format("readouts.fasta --readout KCYM"), both, both, "fits.tsv")
    dyes = _LOOKUP.format("dyes.tsv --labels DE,C,Y --dye-sequences --kind tryptic")
    add(dyes, "dyes.tsv reference.fasta", "dyes.tsv", "fits.tsv")
    evaluated = "proteins.fasta whole.fasta residues.tsv"
    add(_EVALUATE, evaluated, evaluated, "accuracy")
    families = "family_a.fasta family_b.fasta"
    add(_PAIR, families, families, "pairs.tsv paired.a3m")
    a3m = _PAIR.replace("family_a.fasta", "family_a.a3m")
    add(a3m, "family_a.a3m family_b.fasta", "family_a.a3m", "pairs.tsv paired.a3m")
    known, species = f"{families} known.tsv", f"{families} species.tsv"
    add(f"{_PAIR} --known known.tsv", known, "known.tsv", "pairs.tsv paired.a3m")
    add(f"{_PAIR} --known known.csv", f"{families} known.csv", "known.csv", "pairs.tsv paired.a3m")
    add(f"{_PAIR} --species table:species.tsv", species, "species.tsv", "pairs.tsv paired.a3m")
    pairs = "true.tsv pairs.tsv"
    add("evaluate-pairs true.tsv pairs.tsv -o pairing", pairs, pairs, "pairing")
    add("split proteins.fasta -o parts", "proteins.fasta", "proteins.fasta", "parts")
    add(_MERGE, _SHARDS, "one.fasta one.fasta.run.json one.tsv", "merged.fasta merged.tsv")
    add(_SCORE, "models references", "models models references", "scores.tsv superposed")
    mmcif = "score model.cif reference.cif -o scores.tsv --threads 1"
    add(mmcif, "model.cif reference.cif", "model.cif", "scores.tsv")
    listed = "score listed.tsv -o scores.tsv --threads 1"
    add(listed, "listed.tsv models references", "listed.tsv", "scores.tsv")
    report = "accuracy accuracy residues.tsv whole.fasta.run.json pairs.tsv"
    add(_REPORT, _REPORTED, report, "report.html")
    compare = "compare --evaluation a b accuracy -o comparison"
    add(compare, "accuracy", "accuracy accuracy accuracy.run.json", "comparison")
    add("show {id} residues.tsv", "residues.tsv", "residues.tsv", "")
    add(f"{_TRAIN} 1 --from-scratch config.json", _TRAINED, _TRAINED, "trained")
    add(f"{_TRAIN} 1 --model network", f"{_TRAINED} network", "network", "trained")
    add(_RESUMED, f"{_TRAINED} .trained.training", ".trained.training", "trained")
    add("models convert weights.bin -o weights.safetensors", "weights.bin", "weights.bin", "")
    return found


def _can_pack(suffix: str) -> bool:
    return suffix != ".zst" or shutil.which("zstd") is not None


def prepare(bench: Bench) -> None:
    """Make what the calls read, run each once without damage, and import what they import."""
    place = bench.inputs.folder
    for name in " ".join(t.inputs for t in _own(bench)).split():
        for made, make in _MAKERS.items():
            if Path(name).match(made) and not (place / name).exists():
                make(place / name)
    for number, target in enumerate({t.arguments: t for t in _own(bench)}.values()):
        clean = bench.folder / f"clean-{number}"
        clean.mkdir()
        bench.inputs.copy(target.inputs, clean)
        warm_up(_call(target, clean), clean, (0, 65))  # 65: older versions read no .xz or .csv


def run(bench: Bench, number: int, folder: Path) -> Outcome:
    """Damage an input, call what reads it, and look at exit code, messages and outputs."""
    draw = random.Random(f"{bench.seed} {KIND} {number}")
    targets = _own(bench)
    target = targets[number % len(targets)]
    folder.mkdir()
    bench.inputs.copy(target.inputs, folder)
    how = _damage(folder / target.damaged, draw, bench.inputs.folder)
    started = time.monotonic()
    code, errors = call(_call(target, folder), folder)
    seconds = time.monotonic() - started
    wrong = _wrong(target, folder, code, errors, seconds)
    hidden = sorted(snapshot(folder)[1])
    left = ", ".join(n for n in hidden if ".training" not in n)
    told = (KIND, number, target.arguments, how)
    return Outcome(*told, FAILED if wrong else HELD, wrong, left)


def _own(bench: Bench) -> list[Target]:
    return [t for t in _targets() if t.arguments.split()[0] in bench.names]


def _call(target: Target, folder: Path) -> list[str]:
    """Return the arguments; `{id}` is the first protein."""
    arguments = target.arguments
    if "{id}" in arguments:
        text = (folder.parent / "inputs" / "proteins.fasta").read_text()
        return [text[1:].split()[0] if word == "{id}" else word for word in arguments.split()]
    return arguments.split()


def _damage(path: Path, draw: random.Random, inputs: Path) -> str:
    """Damage a file, or one in a folder whose manifest may be gone; return how."""
    label, suffix = path.name, path.suffix if path.suffix in _PACKED else ""
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
        chosen = draw.choice(files)
        label = str(chosen.relative_to(path.parent))
        if draw.random() < 0.5 and chosen.name != "manifest.json":
            for manifest in path.rglob("manifest.json"):
                manifest.unlink()
                label += " (manifest removed)"
        path = chosen
    others = [p.read_bytes() for p in sorted(inputs.iterdir()) if p.is_file()]
    inside = bool(suffix) and draw.random() < 0.5
    content = (inputs / path.name.removesuffix(suffix) if inside else path).read_bytes()
    how, content = damaged(content, draw, TEXT, others)
    path.write_bytes(packed(content, suffix) if inside else content)
    return f"{label}: {how}{' before compression' * inside}"


def _wrong(target: Target, folder: Path, code: int | None, errors: str, seconds: float) -> str:
    """Return what is not as promised, or nothing."""
    last = (errors.strip().splitlines() or [""])[-1]
    if code is None:
        return f"did not end within {seconds:.0f} s"
    if words := faulty_messages(errors):
        return f"exit code {code}: {words}"
    if code not in _CODES:
        return f"exit code {code}: {last}"
    if code == 75 and "memory" in errors:
        return f"out of memory: {last}"
    told = [line for line in errors.splitlines() if line.startswith("Error: ")]
    if (code and not last) or len(told) > 1:
        return f"exit code {code} with {len(told)} errors told: {last}"
    outputs = target.outputs.split()
    there = [name for name in outputs if (folder / name).exists()]
    if 0 < len(there) < len(outputs):
        return f"exit code {code}, but of the outputs only {', '.join(there)}: {last}"
    if code == 0 and len(there) < len(outputs):
        return "exit code 0 without outputs"
    if there and code not in (0, 65):
        return f"exit code {code}, but there are {', '.join(there)}"
    return ""


def _compress(path: Path) -> None:
    path.write_bytes(packed(path.with_suffix("").read_bytes(), path.suffix))


def _species(path: Path) -> None:
    first, second = ((path.parent / f"species_{f}.tsv").read_text() for f in "ab")
    path.write_text(first + second.partition("\n")[2])


def _listed(path: Path) -> None:
    models = sorted((path.parent / "models").iterdir())
    rows = [f"{m.stem}\tmodels/{m.name}\treferences/{m.name}" for m in models]
    path.write_text("\n".join(["id\tmodel\treference", *rows, ""]))


def _mmcif(path: Path) -> None:
    from structures import cif

    path.write_text(cif(min((path.parent / f"{path.stem}s").iterdir()).read_text()))


def _config(path: Path) -> None:
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    path.write_text(json.dumps(sizes | {"intermediate_size": 64}, indent=2))


def _weights(path: Path) -> None:
    code = "import sys, torch; torch.save({'a.weight': torch.ones(4, 3)}, sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=LIMIT)


def _stopped_training(path: Path) -> None:
    """Train until there are checkpoints, then stop as a batch system does."""
    process = start(pepseq(_RESUMED.split()), path.parent)
    told = []
    for line in process.stderr:
        told.append(line)
        if line.startswith("step 3 "):
            process.terminate()
            break
    finish(process)
    if not path.exists():
        raise SystemExit(f"pepseq {_RESUMED}: left no checkpoints: {''.join(told)}")


_MAKERS = {f"proteins.fasta{suffix}": _compress for suffix in _PACKED}
_MAKERS |= {
    "*.a3m": lambda path: shutil.copy(path.with_suffix(".fasta"), path),
    "species.tsv": _species,
    "known.csv": lambda p: p.write_text(p.with_suffix(".tsv").read_text().replace("\t", ",")),
    "listed.tsv": _listed,
    "*.cif": _mmcif,
    "config.json": _config,
    "weights.bin": _weights,
    ".trained.training": _stopped_training,
}
