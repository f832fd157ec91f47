"""One call of a command with a fault: what it left behind, and whether that is as promised."""

import hashlib
import json
import re
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from commands import LIMIT, Command, Inputs, pepseq

HELD, FAILED, MISSED = "held", "failed", "not reached"
_TIMES = {"started", "seconds", "written"}
_OWN_TRACEBACK = re.compile(r"Traceback \(most recent call last\).*?/pepseq/", re.S)
_NEVER = ("Exception ignored", "a bug in pepseq", "Fatal Python error", "Segmentation fault")


@dataclass(frozen=True)
class Outcome:
    """What became of a case; `leftovers` are hidden files that a finished rerun left."""

    kind: str
    number: int
    command: str
    fault: str
    verdict: str
    reason: str = ""
    leftovers: str = ""
    repaired: bool = False


@dataclass(frozen=True)
class Variant:
    """A command without an older result, or with `--force` over one.

    `template` is the folder in which it starts; `before` and `after` are snapshots of that folder
    and of what an undisturbed run makes of it, which takes `seconds`.
    """

    command: Command
    force: bool
    template: Path
    arguments: list[str]
    before: dict[str, str]
    after: dict[str, str]
    hidden: set[str]
    seconds: float

    @property
    def label(self) -> str:
        """Return the command's name, with `--force` where it has it."""
        return f"{self.command.name} --force" if self.force else self.command.name

    def fresh(self, folder: Path) -> None:
        """Copy the template to a folder that does not exist yet."""
        shutil.copytree(self.template, folder)


@dataclass
class Bench:
    """What all cases share.

    `names` are the commands that are tried; `start` is how many seconds pepseq takes to say its
    version; `places` has, for each variant's label, its system calls that faults are injected at.
    """

    folder: Path
    seed: int
    names: list[str]
    inputs: Inputs
    start: float = 0.0
    variants: list[Variant] = field(default_factory=list)
    places: dict[str, list] = field(default_factory=dict)


def snapshot(folder: Path, template: Path | None = None) -> tuple[dict[str, str], set[str]]:
    """Return the digest of each file that has its final name, and the names of hidden files.

    Times in run records do not count, nor do the names of the folder and of the template that it is
    a copy of, nor the index of a reference, which may be made or not.
    """
    places = [str(place).encode() for place in (folder, template) if place]
    files, hidden = {}, set()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if any(part.endswith(".pepseq-index") for part in name.parts):
            continue
        if any(part.startswith(".") for part in name.parts):
            hidden.add(str(name))
        elif path.is_dir():
            files[f"{name}/"] = ""
        else:
            files[str(name)] = _digest(path, places)
    return files, hidden


def _digest(path: Path, places: list[bytes]) -> str:
    content = path.read_bytes()
    for place in places:
        content = content.replace(place, b"")
    if path.name.endswith(".run.json") or path.name in ("pepseq.json", "manifest.json"):
        with suppress(ValueError, RecursionError):  # half-written: its bytes are compared
            content = json.dumps(_without_times(json.loads(content))).encode()
    return hashlib.sha256(content).hexdigest()


def _without_times(value):
    """Return a run record without times, and without the digest of a file that has them."""
    if isinstance(value, dict):
        left_out = _TIMES | {"pepseq.json"}
        return {k: _without_times(v) for k, v in value.items() if k not in left_out}
    return [_without_times(one) for one in value] if isinstance(value, list) else value


def state(found: dict[str, str], before: dict[str, str], after: dict[str, str]) -> str:
    """Return old, new, or what is mixed; `damaged` begins the text if a file is neither."""
    if found == after:
        return "new"
    if found == before:
        return "old"
    changed = [n for n in sorted({*before, *after, *found}) if before.get(n) != after.get(n)]
    changed += [n for n in found if n not in changed and found[n] != after.get(n)]
    words, damaged = [], False
    for name in changed:
        this = found.get(name)
        if this == after.get(name):
            words.append(f"{name} is new" if this is not None else f"{name} is gone")
        elif this == before.get(name):
            words.append(f"{name} is old" if this is not None else f"{name} is absent")
        elif this is None:
            words.append(f"{name} is missing")
        else:
            words.append(f"{name} is neither old nor new")
            damaged = True
    return ("damaged: " if damaged else "mixed: ") + ", ".join(words)


def faulty_messages(errors: str) -> str:
    """Return what a command must never print, or nothing."""
    if _OWN_TRACEBACK.search(errors):
        return "a traceback: " + errors.strip().splitlines()[-1]
    for words in _NEVER:
        if words in errors:
            return next(line for line in errors.splitlines() if words in line)
    return ""


def variants_of(command: Command, inputs: Inputs, folder: Path, server: str) -> list[Variant]:
    """Make templates and undisturbed results of a command, plain and with `--force`."""
    variants = []
    for force in (False, True):
        template = folder / "templates" / f"{command.name}{'-force' * force}"
        template.mkdir(parents=True)
        inputs.copy(command.inputs, template)
        if force:
            undisturbed(command.call_older(server), template)
            for path in template.glob("*.pepseq-index"):
                shutil.rmtree(path)
        copy = folder / "undisturbed" / template.name
        shutil.copytree(template, copy)
        arguments = command.call(server, force)
        seconds = undisturbed(arguments, copy)
        (before, _), (after, hidden) = snapshot(template), snapshot(copy, template)
        one = Variant(command, force, template, arguments, before, after, hidden, seconds)
        variants.append(one)
    return variants


def undisturbed(arguments: list[str], folder: Path) -> float:
    """Run a command that must succeed and return its seconds."""
    started = time.perf_counter()
    code, errors = finish(start(pepseq(arguments), folder))
    if code:
        raise SystemExit(f"pepseq {' '.join(arguments)}: ended with {code}: {errors}")
    return time.perf_counter() - started


def start(command: list[str], folder: Path) -> subprocess.Popen:
    """Start a process in a session of its own, its messages in a pipe."""
    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def finish(process: subprocess.Popen, limit: float = LIMIT) -> tuple[int | None, str]:
    """Return exit code and messages; None if the process, or one that it started, lives on."""
    try:
        _, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.kill()
        return None, ""
    return process.returncode, errors


def judge(
    variant: Variant, folder: Path, code: int | None, errors: str, expected: tuple, killed: bool
) -> dict:
    """Return verdict, reason, leftovers and repaired of a disturbed run, after a plain rerun.

    `expected` are the exit codes that are promised. After SIGKILL (`killed`) outputs may be mixed
    if the rerun puts them right; a half-written file never may lie there.
    """

    def failed(reason: str) -> dict:
        return {"verdict": FAILED, "reason": reason}

    if code is None:
        return failed("did not end, or left a process behind")
    if words := faulty_messages(errors):
        return failed(words)
    files, _ = snapshot(folder, variant.template)
    now = state(files, variant.before, variant.after)
    shutting_down = code == -signal.SIGTERM and now == "new"  # Python's own end: 143 to the shell
    if code not in expected and not shutting_down:
        last = (errors.strip().splitlines() or [""])[-1]
        return failed(f"exit code {code}, expected {expected}: {last}")
    if now == "new" and not variant.force:
        return {"verdict": HELD}
    if now.startswith("damaged") or (now.startswith("mixed") and not killed):
        return failed(now)
    if code == 0 and now != "new":
        return failed(f"exit code 0, but outputs are {now}")
    code, errors = finish(start(pepseq(variant.arguments), folder))
    files, hidden = snapshot(folder, variant.template)
    if code != 0 or faulty_messages(errors):
        last = (errors.strip().splitlines() or [""])[-1]
        return failed(f"{now}; the rerun ended with {code}: {last}")
    again = state(files, variant.before, variant.after)
    if again != "new":
        return failed(f"{now}; after the rerun {again}")
    left = ", ".join(sorted(hidden - variant.hidden))
    return {"verdict": HELD, "leftovers": left, "repaired": now.startswith("mixed")}
