"""Accuracy of ways to combine templates, on readouts of one proteome against reference proteomes.

Proteins identical to a reference one are left out. With --halves the reference files are pooled,
and one random half of their distinct proteins (fixed seed) is completed from the other.

    python workflows/benchmarks/templates.py TEST.faa.gz --reference K12.faa.gz --reference W.faa.gz
    python workflows/benchmarks/templates.py --halves --reference K12.faa.gz --reference W.faa.gz

Ways: `best`, copy the best template and write the commonest candidate elsewhere; `vote`, each
template votes with 2 ** score; `profile`, the same with exchanges of BLOSUM62 at 12 % change;
`copying`, the copying model with amino acid frequencies where no template fits; `default`, with
the bundled network there, for proteins of which templates leave much open; `rows`, that network
sees the templates as rows and corrects the copying model; `iterative`, as `rows`, the surest
quarter of what is open being fixed in each of four rounds.
"""

import argparse
import random
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from pepseq import PredictConfig, Readout
from pepseq.evaluation.metrics import calibration_counts, calibration_error
from pepseq.models.checkpoints import find_checkpoint
from pepseq.network.inputs import NetworkInput, is_identified
from pepseq.prediction.networks import load_network
from pepseq.prediction.predictor import CHUNKS
from pepseq.prediction.template_model import CopyEvidence, TemplateModel
from pepseq.readout.masking import mask_sequence
from pepseq.readout.noise import Noise, add_noise, record_generator
from pepseq.sequences.fasta import Record, read_fasta
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.reference_files import open_reference
from pepseq.templates.stratified_finder import StratifiedFinder
from pepseq.templates.substitution import encode, exchanges

WAYS = ("best", "vote", "profile", "copying", "default", "rows", "iterative")
ROUNDS = 4


def proteins(paths: list[str], pooled: bool) -> tuple[list[str], list[str]]:
    """Return the proteins to complete and their sources; both from `paths` if pooled."""
    distinct = {r.sequence: r.id for path in paths for r in read_fasta(path, repeated_ids=True)}
    everything = sorted(distinct)
    if pooled:
        random.Random(1).shuffle(everything)
        return everything[::2], everything[1::2]
    return everything, []


def reference_file(sequences: list[str], folder: Path) -> Path:
    """Write one half as FASTA and return its path."""
    path = folder / "half.fasta"
    path.write_text("".join(f">p{n}\n{s}\n" for n, s in enumerate(sequences)))
    return path


def by_votes(model: TemplateModel, evidence: CopyEvidence, changed: float | None) -> np.ndarray:
    """Return (length, 20) votes of templates weighted by 2 ** score."""
    templates, length = evidence.templates, len(evidence.none)
    votes = np.tile(model.finder.strata[0].background * 1e-3, (length, 1))
    if not len(templates.scores):
        return votes
    table = exchanges(model.finder.strata[0].background, changed or 0.0)
    shares = 2.0 ** (templates.scores - templates.scores.max())
    for share, line in zip(shares / shares.sum(), templates.aligned, strict=True):
        votes[line < 20] += share * table[line[line < 20]]
    return votes


class Score:
    """Counts right residues of one way, over proteins."""

    def __init__(self):
        self.accuracies, self.lengths, self.bins = [], [], np.zeros((3, 15))
        self.right = self.hidden = 0

    def add(self, length: int, right: np.ndarray, confidence: np.ndarray) -> None:
        """Count one protein's hidden residues."""
        self.accuracies.append(right.mean())
        self.lengths.append(length)
        self.right, self.hidden = self.right + right.sum(), self.hidden + len(right)
        self.bins = self.bins + calibration_counts(confidence, right)

    def cells(self) -> str:
        """Return macro (micro), macro by length class, calibration error."""
        accuracies, lengths = np.array(self.accuracies) * 100, np.array(self.lengths)
        classes = (lengths < 100, (lengths >= 400) & (lengths <= 1024), lengths > 1024)
        by_length = " | ".join(f"{accuracies[c].mean():.1f}" if c.any() else "-" for c in classes)
        total = f"{accuracies.mean():.2f} ({100 * self.right / self.hidden:.2f})"
        return f"{total} | {by_length} | {calibration_error(self.bins):.4f}"


def main() -> None:
    """Print a row for each way and readout."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("test", nargs="*")
    parser.add_argument("--reference", action="append", required=True)
    parser.add_argument("--halves", action="store_true")
    parser.add_argument("--readout", nargs="+", default=["KCYM", "K2"])
    parser.add_argument("--way", nargs="+", choices=WAYS, default=["best", "default"])
    parser.add_argument("--missed-label", type=float, default=0.0)
    parser.add_argument("--misread", type=float, default=0.0)
    parser.add_argument("--model", help="instead of the bundled network")
    parser.add_argument("--settled", type=float, default=CHUNKS.settled, help="share left open")
    parser.add_argument("--most", type=int, help="draw so many proteins")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        queries, references = [], arguments.reference
        if arguments.halves:
            queries, half = proteins(references, True)
            references = [reference_file(half, Path(name))]
        else:
            queries, _ = proteins(arguments.test, False)
        known = {r.sequence for path in references for r in read_fasta(path, repeated_ids=True)}
        queries = [s for s in queries if s not in known]
        random.Random(2).shuffle(queries)
        reference = open_reference(references)
        print(f"{len(queries[: arguments.most])} proteins, {len(reference)} known", flush=True)
        print("| readout | way | macro (micro) | <100 | 400-1,024 | >1,024 | ECE |")
        print("|---|---|---|---|---|---|---|")
        for text in arguments.readout:
            measure(Readout(text), queries[: arguments.most], reference, arguments)


def measure(readout: Readout, queries: list[str], reference, arguments) -> None:
    """Complete all queries and print a row for each way."""
    noise = Noise(missed_label=arguments.missed_label, misread=arguments.misread)
    config = PredictConfig(missed_label=noise.missed_label, misread=noise.misread)
    finder = StratifiedFinder(reference, read_symbols(readout, noise.missed_label, noise.misread))
    model, network = TemplateModel(finder, readout), None
    if {"default", "rows", "iterative"} & set(arguments.way):
        network = load_network(find_checkpoint(arguments.model), config, readout)
    allowed = np.array([a in readout.hidden for a in AMINO_ACIDS])
    scores = {way: Score() for way in arguments.way}
    seconds = time.perf_counter()
    with ThreadPoolExecutor(arguments.threads) as pool:
        for start in range(0, len(queries), 500):
            chunk = queries[start : start + 500]
            masked = [
                add_noise(mask_sequence(s, readout), readout, noise, record_generator("", s, 1))
                for s in chunk
            ]
            records = [Record(f"p{i}", "", m.residues, i) for i, m in enumerate(masked)]
            found = list(pool.map(model.find_evidence, (r.sequence for r in records)))
            left_open = [
                i for i, e in enumerate(found) if network and e.none.mean() > arguments.settled
            ]
            reads = [records[i].sequence for i in left_open]
            evidence_of_open = [found[i] for i in left_open]
            answers = {}
            for way in arguments.way:
                if left_open and way in ("default", "rows", "iterative"):
                    by_read = by_network(way, network, model, reads, evidence_of_open)
                    answers[way] = dict(zip(left_open, by_read, strict=True))
            for i, (sequence, record, evidence) in enumerate(
                zip(chunk, records, found, strict=True)
            ):
                truth = encode(sequence)
                hidden = np.array([a in readout.hidden for a in sequence])
                if not hidden.any():
                    continue
                for way, score in scores.items():
                    answer = answers.get(way, {}).get(i)
                    chosen, sure = decide(way, model, record, evidence, answer, allowed)
                    score.add(len(sequence), chosen[hidden] == truth[hidden], sure[hidden])
    for way, score in scores.items():
        print(f"| {readout} | {way} | {score.cells()} |", flush=True)
    print(f"{time.perf_counter() - seconds:.0f} s, {arguments.threads} threads")


def by_network(
    way: str, network, model: TemplateModel, reads: list[str], evidence: list[CopyEvidence]
) -> list[np.ndarray]:
    """Return the probabilities, (length, 20), that a network gives for each read."""
    if way == "default":
        return network.probabilities(reads, evidence, model)
    inputs = [model.network_input(*pair) for pair in zip(reads, evidence, strict=True)]
    answers = [np.exp(logs) for logs in network.model.log_probabilities(inputs)]
    for last in range(ROUNDS, 1, -1) if way == "iterative" else ():
        inputs = [surest_fixed(*pair, last) for pair in zip(inputs, answers, strict=True)]
        answers = [np.exp(logs) for logs in network.model.log_probabilities(inputs)]
    return answers


def surest_fixed(read: NetworkInput, answer: np.ndarray, rounds: int) -> NetworkInput:
    """Return an input in which the surest 1 / rounds of what is open are as if observed."""
    emission, prior = read.emission.copy(), read.prior.copy()
    open_ = np.flatnonzero(~is_identified(emission))
    number = -(-len(open_) // rounds)
    fixed = open_[np.argsort(-answer[open_].max(1), kind="stable")[:number]]
    for values in (emission, prior):
        values[fixed] = np.eye(20)[answer[fixed].argmax(1)]
    return replace(read, emission=emission, prior=prior)


def decide(way, model, record, evidence, answer, allowed) -> tuple[np.ndarray, np.ndarray]:
    """Return the amino acid codes that one way chooses at each residue, and how sure it is."""
    if way in ("copying", "default", "rows", "iterative"):
        result = model.reconstruct(record, evidence, answer)
        return encode(result.sequence), result.confidence
    votes = by_votes(model, evidence, 0.12 if way == "profile" else None)
    if way == "best" and len(evidence.templates.scores):
        line = evidence.templates.aligned[0]
        votes[line < 20] *= 1e-3
        votes[np.flatnonzero(line < 20), line[line < 20]] += 1
    votes[:, ~allowed] = 0
    votes /= votes.sum(1, keepdims=True)
    return votes.argmax(1), votes.max(1)


if __name__ == "__main__":
    main()
