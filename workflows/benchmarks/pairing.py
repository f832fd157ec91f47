"""Pairing methods on families whose true pairs are known, beside DiffPaSS: a table of accuracy.

    pip install diffpass==0.2.0
    python workflows/benchmarks/pairing.py HKRR_HK.fasta.gz HKRR_RR.fasta.gz 'field:|:2' \
        --depths 50 100 200 500 --diffpass

Row i of family A truly pairs with row i of B. Half of the species, drawn with seed 0, are for
choosing settings (`--half settings`), the others are reported. A draw takes species with two pairs
or more in random order, up to about the depth asked for. Rows of B are shuffled before any method
sees them. `--whole` takes all species; `--known` gives the pairs of a share of the species to every
method of pepseq and counts only the others. `--published` makes the draws of the benchmark of MSA
Pairformer, of about this many pairs, from the species of both halves:

    python workflows/benchmarks/pairing.py HKRR_HK.fasta.gz HKRR_RR.fasta.gz 'field:|:2' \
        --published 384
    python workflows/benchmarks/pairing.py MALGK_MALG.fasta.gz MALGK_MALK.fasta.gz 'field:_:-1' \
        --published 256

Accuracy is the share of true pairs found: mean over draws, standard deviation in brackets. DiffPaSS
is its mutual information with the bootstrap, one run, as its authors use it (`--step` other than 1
makes it faster). Times are medians over draws. At the end stands how often pairs are right by the
confidence that pepseq gives them, over all draws.
"""

import argparse
import time
from collections import Counter
from itertools import pairwise
from statistics import mean, median, stdev
from typing import NamedTuple

import numpy as np

import pepseq
from pepseq.evaluation.pair_counts import fraction_correct
from pepseq.pairing.msa import SYMBOLS, Alignment, read_alignment
from pepseq.sequences.species import read_species

EDGES = (0, 0.2, 0.4, 0.6, 0.8, 0.95, 1.01)


class Result(NamedTuple):
    """Accuracy and seconds of a method on a draw; of each pair its confidence and if right."""

    accuracy: float
    seconds: float
    pairs: list[tuple[float, bool]]


def main() -> None:
    """Print a row for each depth and method."""
    arguments = _arguments()
    a, b = (read_alignment(path, []) for path in (arguments.family_a, arguments.family_b))
    names = read_species(arguments.species, (a.ids, a.ids), (a.headers, a.headers)).a
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    species = np.array([numbers[name] for name in names])
    pool = np.random.default_rng(0).permutation(len(numbers))
    pool = pool[: len(pool) // 2] if arguments.half == "settings" else pool[len(pool) // 2 :]
    draws = {
        f"about {depth}": [_draw(species, pool, depth, seed) for seed in range(arguments.draws)]
        for depth in arguments.depths
    }
    if arguments.published:
        by_name = np.unique(names, return_inverse=True)[1]
        draws[f"published, {arguments.published}"] = [
            _published_draw(a, b, by_name, arguments.published, seed)
            for seed in range(arguments.draws)
        ]
    if arguments.whole:
        draws["all"] = [np.arange(len(species))]
    pairs_by_method = {method: [] for method in arguments.methods}
    print("| depth | method | correct pairs | seconds |\n|---|---|---|---|", flush=True)
    for label, drawn in draws.items():
        chance = mean(len(np.unique(species[rows])) / len(rows) for rows in drawn)
        print(f"| {label} | chance | {chance:.3f} | |", flush=True)
        for method in arguments.methods:
            results = [_pepseq(a, b, species, rows, method, arguments.known) for rows in drawn]
            _print(label, method, results)
            pairs_by_method[method] += [pair for result in results for pair in result.pairs]
        if arguments.diffpass:
            results = [_diffpass(a, b, species, rows, arguments.step) for rows in drawn]
            _print(label, "DiffPaSS", results)
    print("\n| method | confidence | pairs | right |\n|---|---|---|---|")
    for method, pairs in pairs_by_method.items():
        for low, high in pairwise(EDGES):
            right = [is_right for confidence, is_right in pairs if low <= confidence < high]
            share = f"{mean(right):.3f}" if right else "-"
            print(f"| {method} | {low}-{min(high, 1)} | {len(right)} | {share} |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("family_a")
    parser.add_argument("family_b")
    parser.add_argument("species", help="rule for the species of family A, as in pepseq pair")
    parser.add_argument("--depths", nargs="*", type=int, default=[])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--half", choices=("report", "settings"), default="report")
    parser.add_argument("--published", type=int, default=0)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--known", type=float, default=0.0)
    parser.add_argument("--methods", nargs="*", default=["information"])
    parser.add_argument("--diffpass", action="store_true")
    parser.add_argument("--step", type=int, default=1)
    return parser.parse_args()


def _print(label: str, method: str, results: list[Result]) -> None:
    accuracies = [result.accuracy for result in results]
    seconds = median(result.seconds for result in results)
    several = len(results) > 1
    spread = f" ({stdev(accuracies):.3f})" if several else ""
    each = f" <!-- {', '.join(f'{accuracy:.3f}' for accuracy in accuracies)} -->" if several else ""
    print(
        f"| {label} | {method} | {mean(accuracies):.3f}{spread} | {seconds:.0f} |{each}", flush=True
    )


def _draw(species: np.ndarray, pool: np.ndarray, depth: int, seed: int) -> np.ndarray:
    """Return the rows of species of two or more in random order, to about the depth."""
    count = Counter(species.tolist())
    pool = [number for number in pool.tolist() if count[number] > 1]
    taken, rows = [], 0
    for number in np.random.default_rng(1000 + seed).permutation(pool).tolist():
        if rows and abs(rows + count[number] - depth) > abs(rows - depth):
            if rows >= 0.8 * depth:
                break
            continue
        taken.append(number)
        rows += count[number]
        if rows >= depth:
            break
    return np.flatnonzero(np.isin(species, taken))


def _published_draw(
    a: Alignment, b: Alignment, species: np.ndarray, depth: int, seed: int
) -> np.ndarray:
    """Return the rows of a draw of the benchmark of MSA Pairformer (and of DiffPALM before it).

    `species` are numbers in the order of the names. The species are shuffled until some first ones
    of them have `depth` pairs within a tenth, each 2 to 100; the number of species is drawn among
    those that fit. Pairs of the same two sequences are kept once, and species then left with one
    pair are dropped. Published draws also give the first pair to the method; these do not.
    """
    count = np.bincount(species)
    random = np.random.default_rng(seed)
    while True:
        order = np.arange(len(count))
        random.shuffle(order)
        fitting = np.flatnonzero(abs(np.cumsum(count[order]) - depth) <= 0.1 * depth)
        if len(fitting):
            taken = np.sort(order[: random.choice(fitting) + 1])
            if (count[taken] > 1).all() and (count[taken] <= 100).all():
                break
    pairs = {}
    for row in np.concatenate([np.flatnonzero(species == number) for number in taken]):
        pairs.setdefault(a.codes[row].tobytes() + b.codes[row].tobytes(), row)
    rows = np.array(sorted(pairs.values()))
    left = np.bincount(species[rows])
    return rows[left[species[rows]] > 1]


def _pepseq(
    a: Alignment, b: Alignment, species: np.ndarray, rows: np.ndarray, method: str, share: float
) -> Result:
    """Return the result of pepseq; the pairs of a `share` of the species are known."""
    random = np.random.default_rng(len(rows))
    own = np.unique(species[rows])
    given = random.permutation(own)[: round(share * len(own))]
    family_a, family_b = _named_rows(a, rows), _named_rows(b, random.permutation(rows))
    known = [(str(row), str(row)) for row in rows if species[row] in given]
    species_of = {str(row): str(species[row]) for row in rows}
    config = pepseq.PairConfig(method=method)
    started = time.perf_counter()
    pairing = pepseq.pair_alignments(
        family_a, family_b, species=species_of, known=known, config=config
    )
    seconds = time.perf_counter() - started
    made = [pair for pair in pairing.pairs if not pair.known]
    true = [(species_of[str(row)], str(row), str(row)) for row in rows if species[row] not in given]
    accuracy = fraction_correct([(p.species, p.protein_a, p.protein_b) for p in made], true)
    pairs = [(round(p.confidence, 4), p.protein_a == p.protein_b) for p in made]
    return Result(accuracy, seconds, pairs)


def _named_rows(family: Alignment, rows: np.ndarray) -> dict[str, str]:
    symbols = np.frombuffer(SYMBOLS.encode(), np.uint8)[family.codes]
    return {str(row): symbols[row].tobytes().decode() for row in rows}


def _diffpass(
    a: Alignment, b: Alignment, species: np.ndarray, rows: np.ndarray, step: int
) -> Result:
    """Return the result of DiffPaSS's mutual information, bootstrapped; without confidences."""
    import torch
    from diffpass.train import InformationPairing

    torch.manual_seed(len(rows))
    np.random.seed(len(rows))
    random = np.random.default_rng(len(rows))
    groups = [rows[species[rows] == number] for number in np.unique(species[rows])]
    shuffled = [random.permutation(group) for group in groups]
    x, y = (
        torch.nn.functional.one_hot(torch.from_numpy(codes).long(), len(SYMBOLS)).float()
        for codes in (a.codes[np.concatenate(groups)], b.codes[np.concatenate(shuffled)])
    )
    started = time.perf_counter()
    model = InformationPairing(group_sizes=[len(group) for group in groups])
    fitted = model.fit_bootstrap(x, y, step_size=step, show_pbar=False)
    partners = fitted.hard_perms[-1][-1]
    seconds = time.perf_counter() - started
    right = 0
    for group, partner, order in zip(groups, shuffled, partners, strict=True):
        right += int((group[np.asarray(order)] == partner).sum())
    return Result(right / len(rows), seconds, [])


if __name__ == "__main__":
    main()
