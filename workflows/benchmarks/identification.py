"""Share of reads whose best fit is the right protein: labels, misreads, gaps and read length.

    python workflows/benchmarks/identification.py PROTEINS.fasta.gz --figure identification.png

The question of Bhandari and Goldman (2024, NAR Genomics and Bioinformatics 6: lqae126). The
reference is 20,000 distinct proteins of 50 to 2,000 residues, drawn with a fixed seed. For each
cell of the tables, reads are drawn with a fixed seed: whole proteins, or fragments of proteins that
are at least as long. Labels are added in the order of ORDER: the amino acids of K1, those of K2,
then acids, amides, F, P, G and the aliphatic ones. `pepseq.readout.noise` adds the errors: a
misread label is reported as another one, each as often; a deletion is a residue that the read
lacks; an insertion is an unlabelled residue that the protein lacks, both at the same rate. What a
table does not vary has the value of BASE.

`lookup` gets the kind of read and the misread rate. It has no option for rates of insertions and
deletions, and aligns with its fixed gap costs. A read is right if its first fit is the protein that
gave it. A wrong read without gaps is missed by the search if more of its labels agree at its true
place than at its first fit, or if it has no fit: no label lies on an unlabelled residue at the true
place, so that this scores higher. Brackets hold exact 95 % intervals (Clopper-Pearson).
"""

import argparse
import itertools
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

import pepseq
from pepseq.evaluation.figure_style import BLUE, GREY, ORANGE, figure_bytes
from pepseq.identification.false_discoveries import Interval, share_with_interval
from pepseq.readout.masking import mask_sequence
from pepseq.readout.noise import Noise, add_noise
from pepseq.sequences.fasta import read_fasta
from pepseq.sequences.residues import AMINO_ACIDS

ORDER = "KCYMRHWSTDENQFPGAVIL"
SHORTEST, LONGEST, SEED, WHOLE = 50, 2000, 1, 0


@dataclass(frozen=True)
class Cell:
    """What is read: number of labels, error rates, and residues of a fragment (WHOLE: all)."""

    labels: int
    misread: float
    gaps: float
    length: int


Read = tuple[int, int, str]
"""Number of the protein, first residue (0-based), text."""


class Counts(NamedTuple):
    """Numbers of reads, of right ones, and of wrong ones that the search missed."""

    reads: int
    right: int
    missed: int


BASE = Cell(9, 0.1, 0.0, 100)
LABELS_OF_LINES = ("labels", (4, 9, 20))
PANELS = {
    "labels": ((2, 3, 4, 6, 9, 20), ("length", (20, 100, WHOLE))),
    "misread": ((0.0, 0.1, 0.2, 0.3, 0.5), LABELS_OF_LINES),
    "gaps": ((0.0, 0.05, 0.1, 0.2), LABELS_OF_LINES),
    "length": ((20, 100, 200), LABELS_OF_LINES),
}
"""Values of each factor; the factor, and its values, that has a line each beside it."""
NAMES = {
    "labels": "amino acids told apart",
    "misread": "misread rate",
    "gaps": "rate of insertions and of deletions",
    "length": "length of fragment, residues",
}


def draw_proteins(path: str, number: int) -> list[str]:
    """Return this many distinct proteins without unknown residues."""
    distinct = dict.fromkeys(record.sequence for record in read_fasta(path, repeated_ids=True))
    kept = [p for p in distinct if SHORTEST <= len(p) <= LONGEST and set(p) <= set(AMINO_ACIDS)]
    chosen = np.random.default_rng(SEED).permutation(len(kept))[:number]
    return [kept[place] for place in chosen]


def draw_reads(proteins: list[str], cell: Cell, number: int) -> list[Read]:
    """Return reads of a cell, each of another protein."""
    generator = np.random.default_rng(SEED)
    readout = pepseq.Readout(ORDER[: cell.labels])
    noise = Noise(misread=cell.misread, lost_cycle=cell.gaps, extra_cycle=cell.gaps)
    reads = []
    for place in generator.permutation(len(proteins)):
        protein = proteins[place]
        length = cell.length or len(protein)
        if len(reads) == number or length > len(protein):
            continue
        begin = int(generator.integers(len(protein) - length + 1))
        masked = mask_sequence(protein[begin : begin + length], readout)
        text = add_noise(masked, readout, noise, generator).residues
        reads.append((int(place), begin, text))
    return reads


def count_right(cell: Cell, reads: list[Read], proteins: list[str], reference: Path) -> Counts:
    """Return numbers of reads, of those whose first fit is their protein, and of missed ones."""
    config = pepseq.LookupConfig(
        kind="fragment" if cell.length else "protein", misread=cell.misread, best=1, threads=1
    )
    labels, right, missed = ORDER[: cell.labels], 0, 0
    found = pepseq.find_proteins([text for *_, text in reads], labels, reference, config=config)
    for read, (place, begin, text) in zip(found, reads, strict=True):
        if read.fits and read.fits[0].protein == f"p{place}":
            right += 1
        elif not cell.gaps:
            true = proteins[place][begin : begin + len(text)]
            agree = sum(a == b for a, b in zip(text, true, strict=True))
            missed += not read.fits or agree > (read.fits[0].labels_matched or 0)
    return Counts(len(reads), right, missed)


def save_figure(path: Path, shares: dict[Cell, Interval]) -> None:
    """Save the figure as a PNG file of few colours, which is small."""
    path.write_bytes(figure_bytes("png", draw, shares))
    Image.open(path).convert("RGB").quantize(64).save(path, optimize=True)


def draw(figure: Figure, shares: dict[Cell, Interval]) -> None:
    """Draw a panel for each factor, with lines and intervals."""
    figure.set_size_inches(4.6, 3.3)
    for axes, name in zip(figure.subplots(2, 2).flat, PANELS, strict=True):
        _draw_panel(axes, name, shares)


def _draw_panel(axes: Axes, name: str, shares: dict[Cell, Interval]) -> None:
    values, (other, lines) = PANELS[name]
    for line, color, marker in zip(lines, (ORANGE, BLUE, GREY), "os^", strict=True):
        cells = [shares[replace(BASE, **{name: value, other: line})] for value in values]
        share, low, high = 100 * np.array(cells).T
        axes.errorbar(
            values,
            share,
            (share - low, high - share),
            marker=marker,
            color=color,
            markersize=3.5,
            linewidth=1,
            elinewidth=0.6,
            label=line_name(other, line),
        )
    if name == "length":
        axes.set_xscale("log")
        axes.set_xticks(values, map(str, values))
        axes.minorticks_off()
    axes.set(xlabel=NAMES[name], ylabel="Right, %", ylim=(0, 104))
    axes.legend(fontsize=5)


def line_name(factor: str, value: int) -> str:
    """Return what a line or column of a table is of.

    >>> line_name("labels", 4), line_name("length", 20), line_name("length", WHOLE)
    ('4 labels', 'fragments of 20', 'whole proteins')
    """
    if factor == "labels":
        return f"{value} labels"
    return f"fragments of {value}" if value else "whole proteins"


def table_of(name: str, counts: dict[Cell, Counts]) -> str:
    """Return the table of a factor: shares in percent, and reads that the search missed."""
    values, (other, lines) = PANELS[name]
    rows = [[NAMES[name], *(line_name(other, line) for line in lines)]]
    for value in values:
        rows.append([f"{value:g}"])
        for line in lines:
            found = counts[replace(BASE, **{name: value, other: line})]
            share, low, high = share_with_interval(found.right, found.reads)
            missed = f", {found.missed} missed" if found.missed else ""
            rows[-1].append(f"{100 * share:.0f} ({100 * low:.0f}-{100 * high:.0f}){missed}")
    rows.insert(1, ["---"] * len(rows[0]))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def main() -> None:
    """Print a table for each factor, and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("proteins")
    parser.add_argument("--number", type=int, default=20_000, help="proteins of the reference")
    parser.add_argument("--reads", type=int, default=100, help="reads of each cell")
    parser.add_argument("--figure", type=Path, required=True)
    arguments = parser.parse_args()
    proteins = draw_proteins(arguments.proteins, arguments.number)
    counts: dict[Cell, Counts] = {}
    with tempfile.TemporaryDirectory() as folder:
        reference = Path(folder) / "reference.fasta"
        reference.write_text("".join(f">p{n}\n{p}\n" for n, p in enumerate(proteins)))
        for name, (values, (other, lines)) in PANELS.items():
            for value, line in itertools.product(values, lines):
                cell = replace(BASE, **{name: value, other: line})
                if cell not in counts:
                    reads = draw_reads(proteins, cell, arguments.reads)
                    counts[cell] = count_right(cell, reads, proteins, reference)
                    seconds = f"{time.process_time():.0f} CPU s"
                    print(cell, counts[cell], seconds, file=sys.stderr, flush=True)
            print(table_of(name, counts), flush=True)
    shares = {cell: share_with_interval(c.right, c.reads) for cell, c in counts.items()}
    save_figure(arguments.figure, shares)


if __name__ == "__main__":
    main()
