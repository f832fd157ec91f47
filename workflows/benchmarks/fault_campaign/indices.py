"""Damaged indices of a reference: predict and lookup say so once, and results do not change."""

import os
import random
import shutil
from pathlib import Path

from damage import BINARY, damaged
from forked import call, warm_up
from trial import FAILED, HELD, Bench, Outcome, faulty_messages, snapshot

KIND = "index"
_CALLS = {
    "predict": "predict readouts.fasta -o whole.fasta --table residues.tsv --mode templates "
    "--reference reference.fasta --readout KCYM --threads 1",
    "lookup": "lookup readouts.fasta --reference reference.fasta --readout KCYM -o fits.tsv "
    "--threads 1",
}


def prepare(bench: Bench) -> None:
    """Make a folder with a whole index, what the calls give with it, and indices of others."""
    inputs, folder = bench.inputs, bench.folder
    whole, other = folder / "index", folder / "index-other"
    for place in (whole, other):
        place.mkdir()
        inputs.copy("readouts.fasta reference.fasta", place)
    shutil.copy(inputs.folder / "other.fasta", other / "reference.fasta")
    for place in (whole, other):
        for arguments in _CALLS.values():
            warm_up(arguments.split(), place)
    outputs = folder / "index-outputs"
    outputs.mkdir()
    for path in whole.glob("*.*"):
        if path.is_file() and path.name not in ("readouts.fasta", "reference.fasta"):
            path.rename(outputs / path.name)


def run(bench: Bench, number: int, folder: Path) -> Outcome:
    """Damage one file of an index and compare what both calls, in random order, give."""
    draw = random.Random(f"{bench.seed} {KIND} {number}")
    shutil.copytree(bench.folder / "index", folder)
    files = sorted(p for p in folder.glob("*.pepseq-index/*/**/*") if p.is_file())
    path = files[number % len(files)]
    others = [p.read_bytes() for p in files if p != path]
    others += [p.read_bytes() for p in (bench.folder / "index-other").rglob(path.name)]
    if draw.random() < 0.05:
        path.unlink()
        how = "removed"
    else:
        how, content = damaged(path.read_bytes(), draw, BINARY, others)
        times = path.stat()
        path.write_bytes(content)
        if draw.random() < 0.5:
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            how += ", time of change kept"
    order = draw.sample(list(_CALLS), 2)
    calls = [call(_CALLS[name].split(), folder) for name in order]
    found = map(_wrong, order, calls, [folder] * 2, [bench.folder] * 2)
    wrong = next(filter(None, found), "") or _silence(calls, path.name, how)
    told = f"{path.name}: {how}; {order[0]}, then {order[1]}"
    return Outcome(KIND, number, "predict+lookup", told, FAILED if wrong else HELD, wrong)


def _wrong(name: str, called: tuple[int | None, str], folder: Path, base: Path) -> str:
    code, errors = called
    last = (errors.strip().splitlines() or [""])[-1]
    if code is None:
        return f"{name}: did not end"
    if code or faulty_messages(errors):
        return f"{name}: exit code {code}: {faulty_messages(errors) or last}"
    expected = {"predict": ("whole.fasta", "residues.tsv"), "lookup": ("fits.tsv",)}[name]
    found, clean = snapshot(folder)[0], snapshot(base / "index-outputs")[0]
    differ = [n for n in expected if found.get(n) != clean[n]]
    return f"{name}: exit code 0, {', '.join(differ)} differ" if differ else ""


def _silence(calls: list[tuple[int | None, str]], file: str, how: str) -> str:
    """Return what is wrong with the messages: damage is said in one line of one of the calls."""
    lines = [
        line for _, errors in calls for line in errors.splitlines() if line.startswith("index ")
    ]
    if file.startswith("seeds-") and how == "removed":  # seeds are built where they are missing
        return f"unexpected message: {lines[0]}" if lines else ""
    return "" if len(lines) == 1 else f"expected one line about the index, found {lines}"
