"""Pairing methods on families whose true pairs are known, beside DiffPaSS: a table of accuracy.

    pip install diffpass==0.2.0
    python workflows/benchmarks/pairing.py HKRR_HK.fasta.gz HKRR_RR.fasta.gz 'field:|:2' \
        --depths 50 100 200 500 --diffpass

Row i of family A truly pairs with row i of B. Half of the species, drawn with seed 0, are for
choosing settings (`--half settings`), the others are reported. A draw takes species with two pairs
or more in random order, up to about the depth asked for. Rows of B are shuffled and renamed before
any method sees them. `--whole` takes all species; `--known` gives the pairs of a share of the
species to every method of pepseq and counts only the others.

Accuracy is the share of true pairs found: mean over draws, standard deviation in brackets. DiffPaSS
is its mutual information with the bootstrap, one run, as its authors use it (`--step` other than 1
makes it faster). Times are medians over draws. At the end stands how often pairs are right by the
confidence that pepseq gives them, over all draws.
"""

import argparse
import csv
import tempfile
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from statistics import mean, median, stdev

import numpy as np

import pepseq
from pepseq.evaluation.pair_counts import fraction_correct
from pepseq.pairing.msa import SYMBOLS, Alignment, read_alignment
from pepseq.sequences.fasta import format_fasta
from pepseq.sequences.species import read_species

EDGES = (0, 0.2, 0.4, 0.6, 0.8, 0.95, 1.01)


def main() -> None:
    """Print a row for each depth and method."""
    arguments = _arguments()
    a, b = (read_alignment(path, []) for path in (arguments.family_a, arguments.family_b))
    names = read_species(arguments.species, (a.ids, a.ids), (a.headers, a.headers)).a
    number = {name: at for at, name in enumerate(dict.fromkeys(names))}
    species = np.array([number[name] for name in names])
    pool = np.random.default_rng(0).permutation(len(number))
    pool = pool[: len(pool) // 2] if arguments.half == "settings" else pool[len(pool) // 2 :]
    draws = {
        f"about {depth}": [_draw(species, pool, depth, seed) for seed in range(arguments.draws)]
        for depth in arguments.depths
    }
    if arguments.whole:
        draws["all"] = [np.arange(len(species))]
    sure = {method: [] for method in arguments.methods}
    print("| depth | method | correct pairs | seconds |\n|---|---|---|---|", flush=True)
    for label, some in draws.items():
        chance = mean(len(np.unique(species[rows])) / len(rows) for rows in some)
        print(f"| {label} | chance | {chance:.3f} | |", flush=True)
        for method in arguments.methods:
            done = [_pepseq(a, b, species, r, method, arguments.known) for r in some]
            _print(label, method, [one[:2] for one in done])
            sure[method] += [pair for one in done for pair in one[2]]
        if arguments.diffpass:
            _print(label, "DiffPaSS", [_diffpass(a, b, species, r, arguments.step) for r in some])
    print("\n| method | confidence | pairs | right |\n|---|---|---|---|")
    for method, pairs in sure.items():
        for low, high in pairwise(EDGES):
            some = [right for confidence, right in pairs if low <= round(confidence, 4) < high]
            share = f"{mean(some):.3f}" if some else "-"
            print(f"| {method} | {low}-{min(high, 1)} | {len(some)} | {share} |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("family_a")
    parser.add_argument("family_b")
    parser.add_argument("species", help="rule for the species of family A, as in pepseq pair")
    parser.add_argument("--depths", nargs="*", type=int, default=[])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--half", choices=("report", "settings"), default="report")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--known", type=float, default=0.0)
    parser.add_argument("--methods", nargs="*", default=["information"])
    parser.add_argument("--diffpass", action="store_true")
    parser.add_argument("--step", type=int, default=1)
    return parser.parse_args()


def _print(label: str, method: str, results: list[tuple[float, float]]) -> None:
    right, seconds = zip(*results, strict=True)
    spread = f" ({stdev(right):.3f})" if len(right) > 1 else ""
    each = ", ".join(f"{one:.3f}" for one in right)
    print(
        f"| {label} | {method} | {mean(right):.3f}{spread} | {median(seconds):.0f} |"
        + (f" <!-- {each} -->" if len(right) > 1 else ""),
        flush=True,
    )


def _draw(species: np.ndarray, pool: np.ndarray, depth: int, seed: int) -> np.ndarray:
    """Return the rows of species of two or more in random order, to about the depth."""
    count = Counter(species.tolist())
    pool = [one for one in pool.tolist() if count[one] > 1]
    taken, rows = [], 0
    for one in np.random.default_rng(1000 + seed).permutation(pool).tolist():
        if rows and abs(rows + count[one] - depth) > abs(rows - depth):
            if rows >= 0.8 * depth:
                break
            continue
        taken.append(one)
        rows += count[one]
        if rows >= depth:
            break
    return np.flatnonzero(np.isin(species, taken))


def _pepseq(
    a: Alignment, b: Alignment, species: np.ndarray, rows: np.ndarray, method: str, share: float
) -> tuple[float, float, list[tuple[float, bool]]]:
    """Return accuracy and seconds of `pepseq pair`; of each pair its confidence and if right."""
    random = np.random.default_rng(len(rows))
    own = np.unique(species[rows])
    given = random.permutation(own)[: round(share * len(own))]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for side, family, order in (("a", a, rows), ("b", b, random.permutation(rows))):
            symbols = np.frombuffer(SYMBOLS.encode(), np.uint8)[family.codes]
            (folder / side).write_bytes(
                b"".join(
                    format_fasta(f"{side}{row}|{species[row]}", symbols[row].tobytes().decode())
                    for row in order
                )
            )
        known = [row for row in rows if species[row] in given]
        lines = [f"a{row}|{species[row]}\tb{row}|{species[row]}" for row in known]
        (folder / "known").write_text("\n".join(["protein_a\tprotein_b", *lines]) + "\n")
        config = pepseq.PairConfig(method=method, species="field:|:2")
        started = time.perf_counter()
        pepseq.pair(
            *(folder / "a", folder / "b", folder / "pairs"),
            known=folder / "known" if known else None,
            config=config,
        )
        seconds = time.perf_counter() - started
        with open(folder / "pairs", newline="") as stream:
            made = {
                (row["species"], row["protein_a"][1:], row["protein_b"][1:]): float(
                    row["confidence"]
                )
                for row in csv.DictReader(stream, delimiter="\t")
                if row["known"] == "no"
            }
    true = [row for row in rows if species[row] not in given]
    truth = [(str(species[row]), *2 * (f"{row}|{species[row]}",)) for row in true]
    sure = [(confidence, a == b) for (_, a, b), confidence in made.items()]
    return fraction_correct(made, truth), seconds, sure


def _diffpass(
    a: Alignment, b: Alignment, species: np.ndarray, rows: np.ndarray, step: int
) -> tuple[float, float]:
    """Return accuracy and seconds of DiffPaSS's mutual information, bootstrapped."""
    import torch
    from diffpass.train import InformationPairing

    torch.manual_seed(len(rows))
    np.random.seed(len(rows))
    random = np.random.default_rng(len(rows))
    groups = [rows[species[rows] == one] for one in np.unique(species[rows])]
    shuffled = [random.permutation(group) for group in groups]
    x, y = (
        torch.nn.functional.one_hot(torch.from_numpy(codes).long(), len(SYMBOLS)).float()
        for codes in (a.codes[np.concatenate(groups)], b.codes[np.concatenate(shuffled)])
    )
    started = time.perf_counter()
    model = InformationPairing(group_sizes=[len(group) for group in groups])
    found = model.fit_bootstrap(x, y, step_size=step, show_pbar=False).hard_perms[-1][-1]
    seconds = time.perf_counter() - started
    right = 0
    for group, partner, order in zip(groups, shuffled, found, strict=True):
        right += int((group[np.asarray(order)] == partner).sum())
    return right / len(rows), seconds


if __name__ == "__main__":
    main()
