"""The batch files for SLURM: docs/ shows them, and their commands run with a simulated SLURM."""

import gzip
import os
import re
import subprocess
import sys

import pandas as pd
import pytest
from documentation import TEXT
from places import DATA, ROOT

from pepseq.models.checkpoints import check_manifest

FOLDER = ROOT / "workflows" / "slurm"
FILES = sorted(FOLDER.glob("*.sbatch"))
SBATCH = f"""#!{sys.executable}
import os, re, subprocess, sys
at = next(i for i, a in enumerate(sys.argv) if a.endswith(".sbatch"))
options, call = sys.argv[1:at], sys.argv[at:]
asked = dict(re.findall(r"^#SBATCH --([a-z-]+)=(.*)$", open(call[0]).read(), re.M))
asked |= dict(o.removeprefix("--").split("=") for o in options if "=" in o)
first, _, last = asked.get("array", "0").partition("-")
tasks = range(int(first), int(last or first) + 1)
common = {{"SLURM_JOB_ID": "4242", "SLURM_JOB_NODELIST": "node[1-2]"}}
common |= {{"SLURM_CPUS_PER_TASK": asked["cpus-per-task"]}}
common |= {{"SLURM_JOB_NUM_NODES": asked.get("nodes", "1")}}
if "gpus-per-node" in asked:
    common["SLURM_GPUS_ON_NODE"] = asked["gpus-per-node"]
if "--parsable" in options:
    print("4242", flush=True)
for task in tasks:
    mine = {{"SLURM_ARRAY_TASK_ID": str(task), "SLURM_ARRAY_TASK_COUNT": str(len(tasks))}}
    mine = common | (mine if "array" in asked else {{}})
    done = subprocess.run(["bash", *call], env=os.environ | mine, stdout=sys.stderr)
    if done.returncode:
        sys.exit(done.returncode)
"""
PROGRAMS = {
    "pepseq": f'exec {sys.executable} -m pepseq "$@"',
    "torchrun": f'exec {sys.executable} -m torch.distributed.run "$@"',
    "srun": 'exec "$@"',
    "scontrol": '[ "$*" = "show hostnames node[1-2]" ] && echo localhost && sleep .2 && echo node2',
    "sbatch": SBATCH,
}


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """Run a line in a folder with data/ and workflows/, on a machine with a simulated SLURM."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, body in PROGRAMS.items():
        (programs / name).write_text(body if name == "sbatch" else f"#!/bin/bash\n{body}\n")
        (programs / name).chmod(0o755)
    (tmp_path / "data").symlink_to(DATA)
    (tmp_path / "workflows").symlink_to(ROOT / "workflows")
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def shell(line):
        return subprocess.run(
            ["bash", "-euc", line], cwd=tmp_path, capture_output=True, text=True, timeout=300
        )

    return shell


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_docs_show_each_file_and_bash_reads_it(path):
    assert f"`workflows/slurm/{path.name}`" in TEXT
    assert f"```bash\n{path.read_text()}```" in TEXT
    assert subprocess.run(["bash", "-n", path]).returncode == 0
    options = re.findall(r"^#SBATCH (.*)$", path.read_text(), re.M)
    assert all(re.fullmatch(r"--[a-z-]+=\S+", option) for option in options)


@pytest.mark.slow
def test_documented_job_array_and_merge_are_one_run(shell, protbert, tmp_path):
    lines = re.search(r"^job=\$\(sbatch.*\nsbatch .*merge\.sbatch.*$", TEXT, re.M)[0]
    tiny = f"--mode model --model {protbert} --readout K1 --device cpu"
    lines = lines.replace("--parsable", "--parsable --array=1-2 --cpus-per-task=1")
    lines = lines.replace(")\n", f" {tiny})\n")
    done = shell(lines)
    assert done.returncode == 0, done.stderr
    assert "200 proteins, 64663 residues from 2 shards" in done.stderr
    call = f"pepseq predict data/readouts_KCYM.fasta -o one.fasta.gz --table one.tsv.gz {tiny}"
    assert shell(f"{call} --threads 1").returncode == 0
    for end in ("fasta.gz", "tsv.gz"):
        assert (tmp_path / f"whole.{end}").read_bytes() == (tmp_path / f"one.{end}").read_bytes()
    assert all(gzip.open(tmp_path / "shards" / f"{n}.fasta.gz").read(1) for n in (1, 2))

    (tmp_path / "shards" / "2.fasta.gz").unlink()
    merge = "sbatch workflows/slurm/merge.sbatch shards again.fasta again.tsv"
    done = shell(merge)
    assert done.returncode == 65 and "but these are missing: 2" in done.stderr
    again = re.search(r"^SHARDS=8 sbatch.*$", TEXT, re.M)[0].replace("=8", "=2")
    again = again.replace("--array=3", "--array=2 --cpus-per-task=1")
    assert shell(f"{again} {tiny}; {merge}").returncode == 0


@pytest.mark.slow
def test_documented_search_in_parts_is_one_run(shell, tmp_path):
    lines = re.search(r"^options=.*\nfound=.*\nmade=.*\nsbatch .*merge\.sbatch.*$", TEXT, re.M)[0]
    lines = lines.replace("--parsable", "--parsable --array=1-2 --cpus-per-task=1")
    lines = lines.replace("--searches", "--mode templates --searches")
    options = re.search('options="(.*)"', lines)[1]
    done = shell(lines)
    assert done.returncode == 0, done.stderr
    assert "200 reads, KCYM: 2 of 4 parts of the reference searched" in done.stderr
    call = f"pepseq predict data/readouts_KCYM.fasta -o one.fasta.gz --table one.tsv.gz {options}"
    assert shell(f"{call} --mode templates --threads 1").returncode == 0
    for end in ("fasta.gz", "tsv.gz"):
        assert (tmp_path / f"whole.{end}").read_bytes() == (tmp_path / f"one.{end}").read_bytes()
    (tmp_path / "found" / "2.searches").unlink()
    again = "PARTS=2 sbatch --array=2 --cpus-per-task=1 workflows/slurm/search.sbatch"
    assert shell(f"{again} data/readouts_KCYM.fasta found {options}").returncode == 0
    assert (tmp_path / "found" / "2.searches").exists()


@pytest.mark.slow
def test_documented_samples_are_quantified_as_a_job_array(shell, tmp_path):
    lines = re.search(r"^sbatch .*quantify\.sbatch.*\npepseq merge-amounts.*$", TEXT, re.M)[0]
    done = shell(lines)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "amounts_of_samples.tsv", sep="\t")
    assert list(table)[3:] == ["control_1", "control_2", "drug_1", "drug_2"] and len(table) > 100
    sheet = tmp_path / "sheet.tsv"
    sheet.write_bytes(b"reads\tsample\r\ndata/samples/drug_1.tsv.gz\tday 1\r\n")
    again = lines.partition("\n")[0].replace("data/samples/samples.tsv", "sheet.tsv")
    assert shell(again.replace("--array=1-4", "--array=1")).returncode == 0
    same = (tmp_path / "amounts" / name for name in ("day 1.tsv", "drug_1.tsv"))
    assert len({path.read_bytes() for path in same}) == 1
    done = shell(again.replace("--array=1-4", "--array=2"))
    assert done.returncode == 65 and "sheet.tsv:3: expected a sample and its file" in done.stderr


@pytest.mark.slow
def test_finetune_starts_a_process_for_each_gpu(shell, tmp_path):
    toy = "--readout K1 --from-scratch tiny --max-steps 4 --evaluate-every 2 --device cpu"
    train = "--train data/ecoli_536.fasta --validation data/ecoli_W3110_validation.fasta.gz"
    call = "sbatch --gpus-per-node=2 workflows/slurm/finetune.sbatch"
    done = shell(f"{call} {train} {toy} --batch-residues 2000 --threads 1 -o net")
    assert done.returncode == 0, done.stderr
    check_manifest(tmp_path / "net")
    epochs = pd.read_csv(tmp_path / "net" / "metrics.tsv", sep="\t").epoch
    batches = int(re.search(r"training: .* (\d+) batches", done.stderr)[1])
    assert abs(epochs.max() - 4 / -(-batches // 2)) < 1e-6
    assert done.stderr.count("training: ") == 1
