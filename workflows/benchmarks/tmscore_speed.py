"""Time of one pair: `pepseq score` beside the programs TMscore and TMalign, in one run.

    python workflows/benchmarks/tmscore_speed.py --residues 300 --pairs 100

Pairs are a chain that tmtools carries, cut to so many residues, and noisy copies of it. The
programs run once a pair, as many at once as pepseq has processes. Start-up of pepseq (Python and
its processes, once a run) is told apart: it is the time of a run of one pair for each process.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from structures import pdb, real_chains

import pepseq
from pepseq.structure.scoring.config import ScoreConfig


def write_pairs(folder: Path, residues: int, pairs: int) -> list[Path]:
    """Write one reference and its noisy copies, of 0 to 3 angstrom."""
    draw = np.random.default_rng(1)
    numbers, xyz = next(c for c in real_chains() if len(c[0]) >= residues)
    numbers, xyz = numbers[:residues], xyz[:residues]
    (folder / "reference.pdb").write_text(pdb(xyz, numbers=numbers))
    models = []
    for number in range(pairs):
        models.append(folder / f"{number}.pdb")
        noise = draw.normal(0, 3 * number / pairs, xyz.shape)
        models[-1].write_text(pdb(xyz + noise, numbers=numbers))
    return models


def program(name: str, models: list[Path], reference: Path, threads: int) -> float:
    """Return the seconds that a program takes for all pairs."""
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(
            pool.map(
                lambda m: subprocess.run([name, m, reference], capture_output=True, check=True),
                models,
            )
        )
    return time.perf_counter() - started


def ours(folder: Path, models: list[Path], reference: Path, config: ScoreConfig) -> float:
    """Return the seconds that `pepseq.score` takes for all pairs, without its start-up."""

    def seconds(models: list[Path]) -> float:
        table = folder / "pairs.tsv"
        rows = "".join(f"{model.name}\t{reference.name}\n" for model in models)
        table.write_text(f"model\treference\n{rows}")
        started = time.perf_counter()
        pepseq.score(table, None, folder / "scores.tsv", config=config, force=True)
        return time.perf_counter() - started

    start_up = seconds(models[: config.threads])
    return (seconds(models) - start_up) * len(models) / (len(models) - config.threads)


def main() -> None:
    """Measure and print milliseconds a pair."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--residues", type=int, default=300)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = write_pairs(folder, arguments.residues, arguments.pairs)
        reference = folder / "reference.pdb"
        for title, correspondence in (("TMscore", "index"), ("TMalign", "align")):
            theirs = program(title, models, reference, arguments.threads)
            print(f"{title:24} {1000 * theirs / len(models):7.1f} ms a pair")
            for lddt in ("none", "ca"):
                config = ScoreConfig(
                    correspondence=correspondence, lddt=lddt, threads=arguments.threads
                )
                mine = ours(folder, models, reference, config)
                label = f"pepseq {correspondence}, lddt {lddt}"
                print(f"{label:24} {1000 * mine / len(models):7.1f} ms a pair")


if __name__ == "__main__":
    main()
