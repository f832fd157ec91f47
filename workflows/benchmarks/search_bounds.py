"""Accuracy and time of searches in a large reference with other bounds, to choose them.

    python workflows/benchmarks/search_bounds.py LARGE.fasta TRAIN.faa.gz... --longest 150

Of each file of proteins, which should be validation data, 100 random ones are predicted from
templates alone. Rows: labels of seeds, places of a read's seeds, proteins with which a short
protein is compared without gaps. Milliseconds are those of the search that is not thorough, CPU
time of one thread.
"""

import argparse
import dataclasses
import time

import numpy as np

from pepseq.prediction.template_model import TemplateModel
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record, read_fasta
from pepseq.templates import read_starts, searches
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.reference_files import open_reference
from pepseq.templates.search_settings import SEED_SEARCH, UNGAPPED_SCAN
from pepseq.templates.stratified_finder import StratifiedFinder

SEEDS = (
    {"max_mean_places": {2: 0, 3: 1e9}},
    {"max_mean_places": {2: 0, 3: 0}},
    {"max_places": 1 << 18},
    {"max_places": 1 << 16},
)
SHORT = tuple({"max_proteins": 1 << power} for power in (30, 16, 15, 14, 13, 10))


def main() -> None:
    """Print a row for each choice."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("reference")
    parser.add_argument("proteins", nargs="+")
    parser.add_argument("--readout", default="KCYM")
    parser.add_argument("--longest", type=int, default=100_000)
    parser.add_argument("--number", type=int, default=100)
    arguments = parser.parse_args()
    reference, readout = open_reference([arguments.reference]), Readout(arguments.readout)
    proteins = []
    for path in arguments.proteins:
        known = [r.sequence for r in read_fasta(path) if 30 < len(r.sequence) <= arguments.longest]
        order = np.random.default_rng(1).permutation(len(known))[: arguments.number]
        proteins += [known[n] for n in order]
    print("| choice | labels of seeds | accuracy, % | ms a read |\n|---|---|---|---|")
    for choice in ({}, *SEEDS, *SHORT):
        of_seeds = "max_proteins" not in choice
        seeds = dataclasses.replace(SEED_SEARCH, **(choice if of_seeds else {}))
        scan = dataclasses.replace(UNGAPPED_SCAN, **({} if of_seeds else choice))
        searches.SEED_SEARCH, read_starts.UNGAPPED_SCAN = seeds, scan
        finder = StratifiedFinder(reference, read_symbols(readout))
        labels = [part.seed_search.labels for part in finder.strata]
        accuracy, milliseconds = measure(TemplateModel(finder, readout), proteins, readout)
        row = choice or "as set", labels, f"{accuracy:.2f}", f"{milliseconds:.1f}"
        print(f"| {' | '.join(map(str, row))} |", flush=True)


def measure(model: TemplateModel, proteins: list[str], readout: Readout) -> tuple[float, float]:
    """Return the accuracy of hidden residues in percent and the time of a search."""
    shares, seconds = [], 0.0
    for number, protein in enumerate([proteins[0], *proteins]):  # the first compiles
        read = mask_sequence(protein, readout).residues
        start = time.thread_time()
        model.finder.find(read)
        seconds += (time.thread_time() - start) * (number > 0)
        guess = model.reconstruct(Record("", "", read, 1), model.find_evidence(read)).sequence
        hidden = [t == g for t, r, g in zip(protein, read, guess, strict=True) if r == "X"]
        shares.append(np.mean(hidden) if hidden else 1.0)
    return 100 * float(np.mean(shares[1:])), 1000 * seconds / len(proteins)


if __name__ == "__main__":
    main()
