"""Programs that play structure predictors: shell scripts, with every fault that those have."""

import csv
import os
import subprocess
import sys
import time

from structures import coil, pdb

from pepseq.structure.folding.fold import FOLD_COLUMNS

ONE, TWO, THREE = "MKTAYIAKQRQISF", "MKTAYIAKQRQISFV", "MKTAYIAKQRQISFVKSH"
PROTEINS = [("a/b", THREE), ("sp|P12345|AATM_RABIT", ONE), ("a|b", TWO)]
TEMPLATE = "command:fake-fold {fasta} {pdb}"

FOLD = """#!/bin/sh
# fake-fold FASTA OUTPUT: the end of the sequence says what goes wrong
read -r header < "$1"
sequence=$(tail -n 1 "$1")
echo "$sequence" >> "$CALLS"
case $sequence in
  *WWW) echo "warming up"; echo "no memory on device" >&2; exit 3 ;;
  *CCC) exit 0 ;;
  *HHH) echo "no structure" > "$2"; exit 0 ;;
  *YYY) trap "" TERM; sleep 1000 & echo $! >> "$PIDS"; wait ;;
  *KKK) kill -9 $$ ;;
  *PPP) cp "$STRUCTURES/other.pdb" "$2"; exit 0 ;;
esac
cp "$STRUCTURES/$sequence.pdb" "$2"
"""

COLABFOLD = """#!/bin/sh
# colabfold_batch [OPTIONS] FASTA RESULTS: MODE says what goes wrong, from the second protein on
echo "$@" >> "$CALLS"
while [ $# -gt 2 ]; do shift; done
number=0
while read -r line; do
  case $line in
    ">"*) name=${line#>}; continue ;;
  esac
  out=$2/$name
  [ -e "$out.done.txt" ] && continue
  echo "Query $name"
  number=$((number + 1))
  if [ $number -gt 1 ]; then
    case $MODE in
      fail) echo "CUDA_ERROR_OUT_OF_MEMORY"; exit 1 ;;
      partial) echo half > "${out}_unrelaxed_rank_001_alphafold2_ptm_model_3_seed_000.pdb"
        exit 9 ;;
      skip) echo "Could not predict $name. Not Enough GPU memory?"; continue ;;
      hang) sleep 1000 & echo $! >> "$PIDS"; echo $$ >> "$PIDS"; wait ;;
    esac
  fi
  echo "$line" >> "$FOLDED"
  cp "$STRUCTURES/other.pdb" "${out}_unrelaxed_rank_002_alphafold2_ptm_model_1_seed_000.pdb"
  cp "$STRUCTURES/$line.pdb" "${out}_unrelaxed_rank_001_alphafold2_ptm_model_3_seed_000.pdb"
  echo '{"plddt": [50], "ptm": 0.75}' > \\
    "${out}_scores_rank_001_alphafold2_ptm_model_3_seed_000.json"
  : > "$out.done.txt"
done < "$1"
"""


def install(folder, monkeypatch, sequences):
    """Put the programs on the PATH, which write coils of these sequences; return the folder."""
    folder.mkdir()
    for name, text in (("fake-fold", FOLD), ("colabfold_batch", COLABFOLD)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("STRUCTURES", str(folder))
    for name in ("CALLS", "PIDS", "FOLDED"):
        monkeypatch.setenv(name, str(folder / name.lower()))
        (folder / name.lower()).write_text("")
    for sequence in sequences:
        (folder / f"{sequence}.pdb").write_text(pdb(coil(len(sequence)), sequence))
    (folder / "other.pdb").write_text(pdb(coil(20), "G" * 20))
    return folder


def rows(folder):
    """The rows of a folder's table by id."""
    text = (folder / "structures.tsv").read_text()
    assert tuple(text.splitlines()[0].split("\t")) == FOLD_COLUMNS
    return {row["id"]: row for row in csv.DictReader(text.splitlines(), delimiter="\t")}


def table(path):
    """The rows of a table."""
    return list(csv.DictReader(path.read_text().splitlines(), delimiter="\t"))


def is_alive(pid):
    """Whether a process runs."""
    try:
        with open(f"/proc/{pid}/stat") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def have_ended(pids, seconds=5):
    """Whether all processes end within some seconds; a killed one is not gone at once."""
    until = time.monotonic() + seconds
    while any(map(is_alive, pids)) and time.monotonic() < until:
        time.sleep(0.02)
    return not any(map(is_alive, pids))


def start_pepseq(call, until, **options):
    """Start pepseq; return its process once `until()` holds."""
    process = subprocess.Popen([sys.executable, "-m", "pepseq", *map(str, call)], **options)
    while not until():
        assert process.poll() is None
        time.sleep(0.02)
    return process
