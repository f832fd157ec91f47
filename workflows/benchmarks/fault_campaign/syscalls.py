"""Faults at system calls that publish outputs: renames, syncs and unlinks, with strace."""

import random
import re
import shutil
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from commands import pepseq
from kills import promised
from trial import MISSED, Bench, Outcome, Variant, finish, judge, start

KIND = "system call"
SETS = {
    "rename": "rename,renameat,renameat2,link,linkat",
    "sync": "fsync,fdatasync",
    "unlink": "unlink,unlinkat,rmdir",
}
_WEIGHTS = {"rename": 4, "sync": 2, "unlink": 1}
_ACTIONS = [f"signal=SIG{name}" for name in ("TERM", "KILL", "INT")]
_ACTIONS += [f"error={name}" for name in ("ENOSPC", "EIO", "EACCES")]
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)")
_PATH = re.compile(r'"([^"]*)"|<([^>]*)>')


@dataclass(frozen=True)
class Place:
    """A system call of an undisturbed run: the N-th of its set in its thread."""

    group: str
    when: int


def available() -> bool:
    """Return whether strace is here and may trace."""
    if not shutil.which("strace"):
        return False
    code, _ = finish(start(["strace", "-f", "-o", "/dev/null", "true"], Path("/")))
    return code == 0


def places(variant: Variant, folder: Path) -> list[Place]:
    """Run a command under strace and return its calls on files in its own folder."""
    variant.fresh(folder)
    log = folder.with_suffix(".log")
    finish(start(_strace(log, ",".join(SETS.values()), variant), folder))
    group_of = {name: group for group, names in SETS.items() for name in names.split(",")}
    found: list[Place] = []
    counts: Counter[tuple[str, str]] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        if call := _CALL.match(line):
            thread, name, rest = call.groups()
            group = group_of[name]
            counts[thread, group] += 1
            paths = [Path(a or b) for a, b in _PATH.findall(rest)]
            if any(not p.is_absolute() or p.is_relative_to(folder) for p in paths):
                found.append(Place(group, counts[thread, group]))
    return list(dict.fromkeys(found))


def run(bench: Bench, number: int, folder: Path) -> Outcome:
    """Run a command with a fault at one of its system calls, and run it again."""
    draw = random.Random(f"{bench.seed} {KIND} {number}")
    variant = bench.variants[number % len(bench.variants)]
    own = bench.places[variant.label]
    group = draw.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    place = draw.choice([p for p in own if p.group == group] or own)
    action = draw.choice(_ACTIONS)
    variant.fresh(folder)
    log = folder.with_suffix(".log")
    names = SETS[place.group]
    inject = f"inject={names}:{action}:when={place.when}"
    code, errors = finish(start(_strace(log, names, variant, "-e", inject), folder))
    fault = f"strace -f -e trace={names} -e {inject}"
    told = (KIND, number, variant.label, fault)
    sent = signal.Signals[action.partition("=")[2]] if action.startswith("signal") else None
    hit = "(INJECTED)" if sent is None else sent.name
    if hit not in log.read_text(errors="replace"):
        return Outcome(*told, MISSED)
    expected = (0, 74) if sent is None else promised(variant.command.stopped, sent)
    return Outcome(*told, **judge(variant, folder, code, errors, expected, sent == signal.SIGKILL))


def _strace(log: Path, names: str, variant: Variant, *more: str) -> list[str]:
    traced = ["strace", "-f", "--seccomp-bpf", "-y", "-o", str(log), "-e", f"trace={names}"]
    return [*traced, *more, *pepseq(variant.arguments)]
