"""The commands that faults are injected into, and the small real files that they read."""

import gzip
import json
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parents[3] / "data"
SIDE_FILES = (".run.json", ".failed.tsv", ".unpaired.tsv")
LIMIT = 300
"""Seconds after which a command counts as hanging."""


@dataclass(frozen=True)
class Command:
    """A call of pepseq in a folder that holds its inputs, and another call with the same outputs.

    `older` makes the older result that `--force` replaces; `stopped` are the exit codes promised
    after SIGTERM; `plain` is what the call has in place of `--force`; `{server}` in the arguments
    is the address of the played UniProt.
    """

    name: str
    arguments: str
    older: str
    inputs: str
    outputs: str
    stopped: tuple[int, ...] = (143,)
    plain: str = ""

    def call(self, server: str, force: bool) -> list[str]:
        """Return the arguments."""
        more = "--force" if force else self.plain
        return f"{self.arguments} {more}".format(server=server).split()

    def call_older(self, server: str) -> list[str]:
        """Return the arguments that make the older result."""
        return self.older.format(server=server).split()


_TRAIN = (
    "finetune --train reference.fasta --validation proteins.fasta --readout KCYM --threads 1 "
    "--from-scratch tiny --max-steps 3 --evaluate-every 1 --batch-residues 1024 --window 128 "
    "-o network"
)
_PREDICT = (
    "predict readouts.fasta -o whole.fasta --table residues.tsv --reference reference.fasta "
    "--readout KCYM --threads 1"
)
_EVALUATE = (
    "evaluate proteins.fasta whole.fasta --readout KCYM --table residues.tsv -o accuracy "
    "--reference reference.fasta"
)
_LOOKUP = "lookup readouts.fasta --reference reference.fasta --readout KCYM --threads 1 -o fits.tsv"
_PAIR = (
    "pair family_a.fasta family_b.fasta -o pairs.tsv --paired-msa paired.a3m --runs 2 --threads 1"
)
_SCORE = "score models references -o scores.tsv --superposed superposed --threads 1"
_MERGE = "merge one.fasta two.fasta -o merged.fasta --table merged.tsv"
_DOWNLOAD = "download --taxon 562 --server {server} -o ecoli.fasta.gz"
_REPORT = "report accuracy residues.tsv whole.fasta pairs.tsv -o report.html"

COMMANDS = [
    Command(
        "mask",
        "mask proteins.fasta -o readouts.fasta --readout KCYM",
        "mask proteins.fasta -o readouts.fasta --readout K2",
        "proteins.fasta",
        "readouts.fasta",
    ),
    Command(
        "predict",
        _PREDICT,
        _PREDICT + " --misread 0.01 --min-confidence 0.9",
        "readouts.fasta reference.fasta",
        "whole.fasta residues.tsv",
    ),
    Command("lookup", _LOOKUP, _LOOKUP + " --best 1", "readouts.fasta reference.fasta", "fits.tsv"),
    Command(
        "split",
        "split proteins.fasta -o parts --fractions 0.5,0.25,0.25 --threads 1",
        "split proteins.fasta -o parts --fractions 0.5,0.25,0.25 --threads 1 --seed 7",
        "proteins.fasta",
        "parts",
    ),
    Command(
        "evaluate",
        _EVALUATE,
        _EVALUATE + " --background reference.fasta",
        "proteins.fasta whole.fasta residues.tsv reference.fasta",
        "accuracy",
    ),
    Command(
        "compare",
        "compare --evaluation reference proteins accuracy -o comparison",
        "compare --evaluation other proteins accuracy -o comparison",
        "accuracy",
        "comparison",
    ),
    Command(
        "pair",
        _PAIR,
        _PAIR + " --method random --seed 3",
        "family_a.fasta family_b.fasta",
        "pairs.tsv paired.a3m",
    ),
    Command(
        "evaluate-pairs",
        "evaluate-pairs true.tsv pairs.tsv -o pairing",
        "evaluate-pairs true.tsv pairs.tsv chance.tsv -o pairing",
        "true.tsv pairs.tsv chance.tsv",
        "pairing",
    ),
    Command(
        "score",
        _SCORE,
        _SCORE + " --lddt none --normalise shorter",
        "models references",
        "scores.tsv superposed",
    ),
    Command(
        "finetune",
        _TRAIN,
        _TRAIN + " --seed 7",
        "reference.fasta proteins.fasta",
        "network",
        (75,),
        "--resume",
    ),
    Command("download", _DOWNLOAD, _DOWNLOAD + " --exclude-name x", "", "ecoli.fasta.gz", (75,)),
    Command(
        "merge",
        _MERGE,
        "merge third.fasta fourth.fasta -o merged.fasta --table merged.tsv",
        "one.fasta one.tsv two.fasta two.tsv third.fasta third.tsv fourth.fasta fourth.tsv",
        "merged.fasta merged.tsv",
    ),
    Command(
        "report",
        _REPORT,
        _REPORT + " --title Older",
        "accuracy residues.tsv whole.fasta pairs.tsv proteins.fasta",
        "report.html",
    ),
]


def _shard(name: str, number: int, more: str = "") -> str:
    return (
        f"predict readouts.fasta -o {name}.fasta --table {name}.tsv --shard {number}/2 "
        f"--reference reference.fasta --readout KCYM --threads 1{more}"
    )


_MORE = {
    "one.fasta": _shard("one", 1),
    "two.fasta": _shard("two", 2),
    "third.fasta": _shard("third", 1, " --misread 0.01"),
    "fourth.fasta": _shard("fourth", 2, " --misread 0.01"),
    "chance.tsv": "pair family_a.fasta family_b.fasta -o chance.tsv --method random --threads 1",
    "dyes.tsv": "mask proteins.fasta -o dyes.tsv --labels DE,C,Y --dye-sequences",
}
_MADE_WITH = {"residues.tsv": "whole.fasta", "paired.a3m": "pairs.tsv"}
_MADE_WITH |= {f"{name}.tsv": f"{name}.fasta" for name in ("one", "two", "third", "fourth")}


def pepseq(arguments: list[str]) -> list[str]:
    """Return the command line of a call of the pepseq that Python imports."""
    return [sys.executable, "-m", "pepseq", *arguments]


class Inputs:
    """A folder of inputs, each written or made by pepseq when first asked for."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._lock = threading.Lock()
        folder.mkdir()
        _write_sources(folder)

    def copy(self, names: str, to: Path) -> None:
        """Copy inputs, with the files that belong to them, into a folder."""
        for name in names.split():
            with self._lock:
                self.make(name)
            for path in (self.folder / f"{name}{end}" for end in ("", *SIDE_FILES)):
                if path.is_dir():
                    shutil.copytree(path, to / path.name)
                elif path.exists():
                    shutil.copy2(path, to / path.name)

    def make(self, name: str) -> None:
        """Run the command that writes an input, and first those that write what it reads."""
        name = _MADE_WITH.get(name, name)
        if (self.folder / name).exists():
            return
        made = {c.outputs.split()[0]: c.arguments for c in COMMANDS} | _MORE
        arguments = made[name].split()
        for word in arguments[1 : arguments.index("-o")]:
            if word in made or word in _MADE_WITH:
                self.make(word)
        done = subprocess.run(
            pepseq(arguments), cwd=self.folder, capture_output=True, text=True, timeout=LIMIT
        )
        if done.returncode:
            raise SystemExit(f"pepseq {' '.join(arguments)}: {done.stderr}")


def _records(path: Path) -> list[str]:
    """Return the records of a FASTA file, each as text."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return [f">{record}" for record in text.split(">")[1:]]


def _write_sources(folder: Path) -> None:
    proteins = [r for r in _records(DATA / "ecoli_536.fasta") if 60 < len(r) < 260][:6]
    known = [r for r in _records(DATA / "ecoli_W3110_train.fasta.gz") if len(r) < 320][:16]
    (folder / "proteins.fasta").write_text("".join(proteins))
    (folder / "reference.fasta").write_text("".join(proteins[:3] + known))
    (folder / "other.fasta").write_text("".join(proteins[3:] + known[:8]))
    some = [f"species_{number:02d}" for number in range(1, 6)]
    for family in "ab":
        records = _records(DATA / f"pairs_{family}.fasta")
        chosen = [r for r in records if any(f"[{name}]" in r for name in some)]
        (folder / f"family_{family}.fasta").write_text("".join(chosen))
        rows = [r[1:].split("]")[0].replace(" [", "\t") for r in chosen]
        (folder / f"species_{family}.tsv").write_text("\n".join(["protein\tspecies", *rows, ""]))
    header, *rows = (DATA / "pairs_true.tsv").read_text().splitlines()
    rows = [row for row in rows if row.split("\t")[0] in some]
    (folder / "true.tsv").write_text("\n".join([header, *rows, ""]))
    (folder / "known.tsv").write_text("\n".join([header, *rows[:3], ""]))
    for name in ("models", "references"):
        (folder / name).mkdir()
        for path in sorted((DATA / "structures" / name).glob("*.pdb"))[:2]:
            shutil.copy(path, folder / name)
    channel = {"p_dud": 0.07, "p_bleach": 0.05, "mu": 1.0, "sig": 0.16}
    noise = {"p_edman_failure": 0.06, "p_detach": 0.05, "channel_models": [channel] * 3}
    (folder / "noise.json").write_text(json.dumps(noise, indent=2))
