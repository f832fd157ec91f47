"""Kills: SIGKILL, SIGTERM or SIGINT at a random moment of a command."""

import os
import random
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from commands import pepseq
from trial import FAILED, MISSED, Bench, Outcome, finish, judge, start

KIND = "kill"
_SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
_WEIGHTS = {"finetune": 1, "evaluate": 2, "compare": 2, "score": 2, "split": 2}
"""Share of the cases that slow commands get; others have 3."""
SECONDS_TO_END = 60


def run(bench: Bench, number: int, folder: Path) -> Outcome:
    """Run a command, send it a signal at a random moment, and run it again."""
    draw = random.Random(f"{bench.seed} {KIND} {number}")
    weights = [_WEIGHTS.get(v.command.name, 3) for v in bench.variants]
    variant = draw.choices(bench.variants, weights)[0]
    sent = draw.choice(_SIGNALS)
    share = draw.uniform(0, 1) if draw.random() < 0.6 else draw.uniform(0.8, 1)
    everyone = sent == signal.SIGINT or draw.random() < 0.3
    variant.fresh(folder)
    delay = share * variant.seconds
    process = start(pepseq(variant.arguments), folder)
    with suppress(subprocess.TimeoutExpired):
        process.wait(delay)
    told = (KIND, number, variant.label, f"{sent.name} after {delay:.3f} s{' to all' * everyone}")
    if process.poll() is not None:
        finish(process)
        return Outcome(*told, MISSED)
    (os.killpg if everyone else os.kill)(process.pid, sent)
    began = time.monotonic()
    code, errors = finish(process, SECONDS_TO_END)
    went_on = time.monotonic() - began
    if "init_import_site" in errors:  # Python itself was not yet there
        return Outcome(*told, MISSED)
    expected = promised(variant.command.stopped, sent, delay < bench.start)
    if code == 0 and went_on > max(1, variant.seconds / 3):
        return Outcome(*told, FAILED, f"went on for {went_on:.1f} s and ended with 0")
    judged = judge(variant, folder, code, errors, expected, sent == signal.SIGKILL)
    return Outcome(*told, **judged)


def promised(stopped: tuple[int, ...], sent: signal.Signals, early: bool = False) -> tuple:
    """Return the exit codes promised after a signal, 0 if the command was all but done.

    A process that ends by the signal itself is 130 or 143 to the shell; where `stopped` is another
    code, this is right only while Python starts (`early`).
    """
    if sent == signal.SIGKILL:
        return (-sent, 0)  # 0 also where it hit a process of many that is made again
    if sent == signal.SIGINT:
        return (130, -sent, 0)
    raw = (143, -sent) if early or 143 in stopped else ()
    return (*stopped, *raw, 0)
