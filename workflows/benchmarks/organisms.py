"""The organisms that predict names for samples of known organism.

    python workflows/benchmarks/organisms.py 536.faa.gz USA300.faa.gz 536.faa.gz+USA300.faa.gz \
        --reference K12.faa.gz COL.faa.gz

Each argument is a sample: proteins of a proteome, drawn with a fixed seed, or with `--kind` their
peptides, fragments or first residues; files joined by + give a mixture with as many of each.
"""

import argparse
import random

from strangers import draw, usable_proteins

import pepseq
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout

SHORTEST = 30


def reads_of(path: str, number: int, kind: str) -> list[str]:
    """Return complete sequences of this many reads."""
    if kind != "protein":
        return draw(path, number, kind, None)
    proteins = sorted(set(usable_proteins(path, SHORTEST)))
    return random.Random(1).sample(proteins, min(number, len(proteins)))


def main() -> None:
    """Print a row for each sample."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("samples", nargs="+")
    parser.add_argument("--reference", nargs="+", help="default: the bundled one")
    parser.add_argument("--kind", default="protein")
    parser.add_argument("--readout", type=Readout, default=Readout("KCYM"))
    parser.add_argument("--most", type=int, default=300, help="draw so many reads")
    arguments = parser.parse_args()
    config = pepseq.PredictConfig(mode="templates", kind=arguments.kind, threads=1)
    print("| sample | organisms of templates | advice |\n|---|---|---|")
    for sample in arguments.samples:
        paths = sample.split("+")
        number = arguments.most // len(paths)
        whole = [read for path in paths for read in reads_of(path, number, arguments.kind)]
        reads = [mask_sequence(read, arguments.readout).residues for read in whole]
        done = pepseq.reconstruct(
            reads, arguments.readout, reference=arguments.reference, config=config
        )
        found = done.organisms
        advice = ["mixture"] * bool(found.mixture)
        if arguments.kind == "protein":
            advice += ["few templates"] * found.has_few_templates
            advice += ["lacks an organism or strain"] * found.is_relative
        name = " + ".join(path.rsplit("/", 1)[-1].split(".")[0] for path in paths)
        print(f"| {name} | {found.text()} | {', '.join(advice)} |", flush=True)


if __name__ == "__main__":
    main()
