"""Accuracy by identity to the nearest reference protein, without families of templates and with.

    python workflows/benchmarks/distant_relatives.py TEST.faa.gz --reference K12.faa.gz

Of each file `--most` proteins are drawn (fixed seed) of those that are not in a reference letter
for letter. Their reads are completed as by `pepseq predict`: templates, and the bundled network
where these leave much open. "Copy" is a copy of the protein that is nearest by full sequence.
Percent of hidden residues, mean over proteins; ECE is the expected calibration error (0 to 1).
"""

import argparse
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from pepseq import PredictConfig, Readout
from pepseq.evaluation.metrics import calibration_counts, calibration_error
from pepseq.evaluation.nearest import IDENTICAL, LOWER_EDGES, find_nearest
from pepseq.models.checkpoints import find_checkpoint
from pepseq.prediction.networks import NetworkPredictor, load_network
from pepseq.prediction.predictor import CHUNKS
from pepseq.prediction.template_model import CopyEvidence, TemplateModel
from pepseq.readout.masking import HIDDEN, mask_sequence
from pepseq.sequences.fasta import Record, read_fasta
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.families import FAMILIES
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.reference_files import open_reference
from pepseq.templates.stratified_finder import StratifiedFinder
from pepseq.templates.substitution import encode

WAYS = "without families", "with families"


def draw(path: str, references: list[str], number: int) -> list[str]:
    """Return proteins of known residues that are in no reference."""
    known = {r.sequence for name in references for r in read_fasta(name, repeated_ids=True)}
    distinct = sorted({r.sequence for r in read_fasta(path, repeated_ids=True)} - known)
    usable = [protein for protein in distinct if set(protein) <= set(AMINO_ACIDS)]
    return random.Random(1).sample(usable, min(number, len(usable)))


def both_ways(model: TemplateModel, read: str) -> list[CopyEvidence]:
    """Return the evidence of a read's templates in each of WAYS."""
    found = model.find_evidence(read)
    plain = model.weigh_templates(read, found.templates)
    is_settled = plain.copied.max(1).mean() >= FAMILIES.settled
    return [plain, plain if is_settled else found]


def score(
    model: TemplateModel, network: NetworkPredictor, protein: str, readout: Readout
) -> list[tuple[float, np.ndarray]]:
    """Return accuracy and calibration counts of a protein's hidden residues, for each of WAYS."""
    read = mask_sequence(protein, readout).residues
    hidden = np.array([residue == HIDDEN for residue in read])
    scores = []
    for evidence in both_ways(model, read):
        probabilities = None
        if evidence.none.mean() > CHUNKS.settled:
            probabilities = network.probabilities([read], [evidence], model)[0]
        result = model.reconstruct(Record("read", "", read, 1), evidence, probabilities)
        right = (encode(result.sequence) == encode(protein))[hidden]
        scores.append((right.mean(), calibration_counts(result.confidence[hidden], right)))
    return scores


def measure(path: str, readout: Readout, references: list[str], number: int, threads: int) -> None:
    """Print a row for each band of identity."""
    proteins = [p for p in draw(path, references, number) if set(p) & set(readout.hidden)]
    nearest = find_nearest(proteins, references, readout, threads)
    finder = StratifiedFinder(open_reference(references), read_symbols(readout))
    model = TemplateModel(finder, readout)
    network = load_network(find_checkpoint(None), PredictConfig(threads=threads), readout)
    with ThreadPoolExecutor(threads) as pool:
        scores = list(pool.map(lambda p: score(model, network, p, readout), proteins))
    hidden = [sum(residue in readout.hidden for residue in protein) for protein in proteins]
    copied = 100 * nearest.copied / np.array(hidden)
    for name in ("all", *LOWER_EDGES):
        rows = [i for i, band in enumerate(nearest.bands) if name in ("all", band)]
        if not rows or IDENTICAL in {nearest.bands[i] for i in rows}:
            continue
        cells = [f"{copied[rows].mean():.1f}"]
        for way in range(len(WAYS)):
            of_way = [scores[i][way] for i in rows]
            error = calibration_error(sum(counts for _, counts in of_way))
            cells.append(f"{100 * np.mean([right for right, _ in of_way]):.1f} | {error:.3f}")
        row = " | ".join([Path(path).name, str(readout), name, str(len(rows)), *cells])
        print(f"| {row} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("proteins", nargs="+")
    parser.add_argument("--reference", action="append", required=True)
    parser.add_argument("--readout", nargs="+", default=["KCYM", "K2"])
    parser.add_argument("--most", type=int, default=300, help="proteins drawn of each file")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    columns = " | ".join(f"{way} | ECE" for way in WAYS)
    print(f"| proteins | readout | identity, % | number | copy | {columns} |")
    print("|---" * 9 + "|", flush=True)
    for path in arguments.proteins:
        for readout in map(Readout, arguments.readout):
            measure(path, readout, arguments.reference, arguments.most, arguments.threads)


if __name__ == "__main__":
    main()
