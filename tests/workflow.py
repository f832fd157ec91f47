"""Snakemake on a copy of the checkout's data and workflow, and a SLURM that is played."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

from places import ROOT

SMALL = "workflows/config.small.yaml"
PAPER = "workflows/config.paper.yaml"
AMOUNTS = "workflows/config.amounts.yaml"
COMPLEX = "workflows/config.complex.yaml"


def environment(**more):
    """The variables of a process that finds this checkout's pepseq, and has no network."""
    scripts = str(Path(sys.executable).parent)
    path = os.pathsep.join(filter(None, [more.pop("path", ""), scripts, os.environ["PATH"]]))
    python = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    home = {"XDG_CACHE_HOME": more.pop("cache")} if "cache" in more else {}
    nothing = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    nothing["no_proxy"] = "127.0.0.1,localhost"
    return {**os.environ, "PATH": path, "PYTHONPATH": python, **nothing, **home, **more}


def checkout(folder):
    """Copy what the workflow needs of a clone into a folder."""
    for name in ("data", "workflows"):
        leave = shutil.ignore_patterns("*.pepseq-index", "benchmarks")
        shutil.copytree(ROOT / name, folder / name, ignore=leave)
    return folder


def command(config, *more):
    """Return the command line of a run."""
    snakemake = [sys.executable, "-m", "snakemake", "-s", "workflows/Snakefile"]
    return [*snakemake, *(["--configfile", config] if config else []), "--nocolor", *map(str, more)]


def snakemake(folder, config, *more, **variables):
    """Run the workflow in a folder and wait; stdout and stderr are together in `stdout`."""
    return subprocess.run(
        command(config, *more),
        cwd=folder,
        env=environment(cache=str(folder / ".cache"), **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def kill_after(folder, config, jobs, *more):
    """Run the workflow, kill -9 its process group after so many jobs, and return what it said."""
    running = subprocess.Popen(
        command(config, *more),
        cwd=folder,
        env=environment(cache=str(folder / ".cache")),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    lines = []
    for line in running.stdout:
        lines.append(line)
        if line.startswith("Finished jobid") and len(finished("".join(lines))) >= jobs:
            os.killpg(running.pid, signal.SIGKILL)
            break
    lines += running.stdout  # ends when the last of the group is dead
    assert running.wait() == -signal.SIGKILL
    return "".join(lines)


def counts(output):
    """Return how many jobs of each rule there are to do, as snakemake's first table says."""
    table = output.partition("Job stats:")[2].strip().partition("\n\n")[0]
    rows = re.findall(r"^(\w+) +(\d+)$", table, re.M)
    return {rule: int(count) for rule, count in rows}


def finished(output):
    """Return the jobs that were done, as (rule, what is told of it)."""
    started = {}
    header = r"^(?:local)?(?:rule|checkpoint) (\w+):\n((?:    .*\n)+)"
    for rule, told in re.findall(header, output, re.M):
        number = re.search(r"jobid: (\d+)", told)[1]
        outputs = re.search(r"output: (.*)", told)
        started[number] = rule, outputs[1] if outputs else ""
    return [started[number] for number in re.findall(r"^Finished jobid: (\d+)", output, re.M)]


def script(path, text):
    """Write a program."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def play_slurm(folder, runs):
    """Put programs of SLURM's names into a folder: sbatch writes down what it is given.

    With `runs` it does the job, or each task of an array, there and then, and sacct says that it is
    done; else it refuses.
    """
    record = f'printf "%s\\n" "$@" -- > {folder}/$$.call\n'
    record += f"cat {folder}/$$.call >> {folder}/record\n"  # at once: calls may overlap
    do = (
        'tasks=\nfor word in "$@"; do case $word in --wrap=*) job=${word#--wrap=};; '
        '--array=*) tasks=$(seq -s " " $(echo ${word#--array=} | tr - " "));; esac; done\n'
        'run() {\n  sh -c "$job" > {folder}/$1.out 2>&1 && state=COMPLETED || state=FAILED\n'
        '  echo "$1|$state" >> {folder}/states\n}\n'
        '[ "$tasks" ] || run $$\n'
        "export SLURM_ARRAY_TASK_MIN=${tasks%% *} SLURM_ARRAY_TASK_ID\n"
        "for SLURM_ARRAY_TASK_ID in $tasks; do run $$_$SLURM_ARRAY_TASK_ID; done\necho $$\n"
    ).replace("{folder}", str(folder))
    script(folder / "sbatch", record + (do if runs else "echo refused >&2; exit 1\n"))
    script(folder / "sacct", f"cat {folder}/states\n")
    script(
        folder / "srun",
        'while case "$1" in -*) true;; *) false;; esac; do shift; done\nexec "$@"\n',
    )
    for name in ("squeue", "scancel", "sacctmgr", "scontrol", "sinfo"):
        script(folder / name, "exit 0\n")


def submitted(folder):
    """Return the words of each call of sbatch, by rule."""
    calls = [call.splitlines() for call in (folder / "record").read_text().split("\n--\n") if call]
    rule = [next(w for w in call if w.startswith("rule_")) for call in calls]
    return {name.split("_")[1]: call for name, call in zip(rule, calls, strict=True)}
