"""Inject faults into pepseq's commands and count which promises held.

    python workflows/benchmarks/fault_campaign --jobs 2
    python workflows/benchmarks/fault_campaign --only kills --kills 50 --commands mask predict
    python workflows/benchmarks/fault_campaign --only kills --case 137

Kills at random moments, faults at system calls that publish outputs (with strace), damaged indices
of a reference, damaged inputs. Everything runs on the small files of data/ in a temporary folder,
and each case depends on the seed and its number alone (a kill also on the machine's speed). After
each disturbed run, outputs must be all old or all new, and the same command again must give what
an undisturbed run gives. The exit code is 1 if a promise did not hold. To try another checkout, set
PYTHONPATH to it.
"""

import argparse
import multiprocessing
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "tests"))
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import indices
import inputs
import kills
import syscalls
from commands import COMMANDS, Inputs
from trial import FAILED, HELD, MISSED, Bench, Outcome, undisturbed, variants_of

KINDS = {"kills": kills, "strace": syscalls, "indices": indices, "inputs": inputs}
NUMBERS = {"kills": 500, "strace": 200, "indices": 500, "inputs": 1000}
_shared: list[Bench] = []


def read_arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for kind, number in NUMBERS.items():
        parser.add_argument(f"--{kind}", type=int, default=number, help="number of cases")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(KINDS))
    parser.add_argument("--commands", nargs="+", help="only these commands, such as mask pair")
    parser.add_argument("--case", type=int, help="repeat this one case, and keep its folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="cases at the same time")
    arguments = parser.parse_args()
    if wrong := set(arguments.only) - set(KINDS):
        parser.error(f"--only: expected some of {', '.join(KINDS)}, found {', '.join(wrong)}")
    if arguments.case is not None and len(arguments.only) != 1:
        parser.error("--case: expected one kind with --only")
    return arguments


def main() -> None:
    """Run the campaign and print its table and its failures."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what ignores it here
    arguments = read_arguments()
    began, used = time.time(), sum(os.times()[:4])
    folder = Path(tempfile.mkdtemp(prefix="fault-campaign-"))
    os.environ |= {"XDG_CACHE_HOME": str(folder / "cache"), "PEPSEQ_HOME": str(folder / "home")}
    skipped = "strace" in arguments.only and not syscalls.available()
    outcomes: list[Outcome] = []
    kinds = [kind for kind in arguments.only if not (kind == "strace" and skipped)]
    try:
        with _uniprot() as server:
            bench = prepare(folder, server, arguments, kinds)
            for one in run_cases(bench, arguments, kinds):
                outcomes.append(one)
    except KeyboardInterrupt:
        _say("interrupted: the table is of what was done")
    finally:
        if arguments.case is None:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"folder: {folder}", file=sys.stderr)
    processors = sum(os.times()[:4]) - used
    print(_heading(arguments, time.time() - began, processors))
    print_table(outcomes)
    if skipped:
        print("| system call | all | skipped: strace is not here, or may not trace | | | | |")
    print_failures(outcomes, arguments)
    sys.exit(any(one.verdict == FAILED for one in outcomes))


def prepare(folder: Path, server: str, arguments: argparse.Namespace, kinds: list[str]) -> Bench:
    """Make inputs and undisturbed results."""
    names = arguments.commands or [*(c.name for c in COMMANDS), "show", "models"]
    bench = Bench(folder, arguments.seed, names, Inputs(folder / "inputs"))
    for kind in ("indices", "inputs"):
        if kind in kinds:
            KINDS[kind].prepare(bench)
    if {"kills", "strace"} & set(kinds):
        bench.start = undisturbed(["--version"], folder)
        commands = [c for c in COMMANDS if c.name in names]
        with ThreadPoolExecutor(arguments.jobs) as pool:
            made = pool.map(lambda c: variants_of(c, bench.inputs, folder, server), commands)
            bench.variants = [variant for variants in made for variant in variants]
            if "strace" in kinds:
                folders = (folder / f"places-{n}" for n in range(len(bench.variants)))
                found = pool.map(syscalls.places, bench.variants, folders)
                labels = (variant.label for variant in bench.variants)
                bench.places = dict(zip(labels, found, strict=True))
    _say(f"prepared in {folder}")
    return bench


def run_cases(bench: Bench, arguments: argparse.Namespace, kinds: list[str]) -> Iterator[Outcome]:
    """Yield outcomes until each kind has as many injected faults as asked for."""
    context = multiprocessing.get_context("fork")  # children begin with what is imported here
    with ProcessPoolExecutor(arguments.jobs, context, _begin, (bench,)) as pool:
        try:
            for kind in kinds:
                yield from _cases_of(kind, pool, arguments)
        finally:
            pool.shutdown(cancel_futures=True)


def _cases_of(
    kind: str, pool: ProcessPoolExecutor, arguments: argparse.Namespace
) -> Iterator[Outcome]:
    wanted, number = getattr(arguments, kind), 0
    keep = arguments.case is not None
    while wanted > 0:
        numbers = [arguments.case] if keep else range(number, number + wanted)
        tasks = {pool.submit(_run, kind, n, keep): n for n in numbers}
        number += wanted
        for done, task in enumerate(as_completed(tasks), 1):
            if error := task.exception():
                told = (KINDS[kind].KIND, tasks[task], "campaign", "", FAILED, repr(error))
                one = Outcome(*told)
            else:
                one = task.result()
            wanted -= one.verdict != MISSED
            if done % 50 == 0 or one.verdict == FAILED:
                _say(f"{kind} {one.number} ({done} of {len(tasks)}): {one.verdict}")
            yield one
        if keep:
            return


def _begin(bench: Bench) -> None:
    """Keep in a child what all its cases share; ctrl-C is for the parent."""
    os.setsid()
    _shared.append(bench)


def _run(kind: str, number: int, keep: bool) -> Outcome:
    folder = _shared[0].folder / f"{kind}-{number}"
    try:
        return KINDS[kind].run(_shared[0], number, folder)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _uniprot() -> Iterator[str]:
    """Yield the address of a played UniProt that runs in a process of its own."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=_play, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def _play(pipe) -> None:
    from uniprot_server import play_uniprot, proteins

    with play_uniprot(proteins(1500)) as plays:
        plays.before = lambda *_: time.sleep(0.1)  # so that kills come between pages
        pipe.send(plays.url)
        pipe.poll(None)


def print_table(outcomes: list[Outcome]) -> None:
    """Print how many faults were injected, and how many runs held, by kind and command."""
    print("| kind of fault | command | injected | held | failed | repaired | leftovers |")
    print("|---|---|---|---|---|---|---|")
    for kind in dict.fromkeys(one.kind for one in outcomes):
        own = [one for one in outcomes if one.kind == kind and one.verdict != MISSED]
        commands = sorted({one.command.split()[0] for one in own})
        for name in commands:
            _row(kind, name, [o for o in own if o.command.split()[0] == name])
        if len(commands) > 1:
            _row(kind, "all", own)


def _row(kind: str, name: str, outcomes: list[Outcome]) -> None:
    counts = Counter(one.verdict for one in outcomes)
    repaired = sum(one.repaired for one in outcomes)
    left = sum(bool(one.leftovers) for one in outcomes)
    cells = (kind, name, len(outcomes), counts[HELD], counts[FAILED], repaired, left)
    print("| " + " | ".join(map(str, cells)) + " |")


def print_failures(outcomes: list[Outcome], arguments: argparse.Namespace) -> None:
    """Print each failure with the command that repeats it, and what was left over."""
    options = {module.KIND: kind for kind, module in KINDS.items()}
    chosen = f" --commands {' '.join(arguments.commands)}" if arguments.commands else ""
    for one in (one for one in outcomes if one.verdict == FAILED):
        again = f"--only {options[one.kind]} --case {one.number} --seed {arguments.seed}{chosen}"
        print(f"\n{one.kind} {one.number}: {one.command}\n  fault: {one.fault}")
        print(f"  found: {one.reason}")
        print(f"  again: python workflows/benchmarks/fault_campaign {again}")
    for name, count in Counter(o.leftovers for o in outcomes if o.leftovers).most_common(10):
        print(f"\nleft over after a run that succeeded ({count}): {name}")


def _heading(arguments: argparse.Namespace, seconds: float, processors: float) -> str:
    import pepseq

    place = Path(pepseq.__file__).parent
    return (
        f"{place}, seed {arguments.seed}, {arguments.jobs} jobs, {platform.platform()}: "
        f"{seconds / 60:.1f} min, {processors / 60:.1f} min of processor time\n"
    )


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
