"""Simulated reads of a sample as dye sequences, equal ones counted."""

import numpy as np

from pepseq.fluorosequencing.dye_codes import dye_texts
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.fluorosequencing.molecules import label_peptides, visible_reads
from pepseq.io.progress import Progress
from pepseq.quantification.distinct import sum_counts
from pepseq.quantification.sample import Sample, channel_of_code
from pepseq.quantification.simulation_config import SimulateConfig
from pepseq.readout.readout import Readout


def count_dye_reads(
    sample: Sample,
    readout: Readout,
    reads: int,
    errors: SequencingErrors,
    config: SimulateConfig,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distinct dye sequences of simulated reads, their counts, and reads by protein.

    Dye sequences are bytes of shape (distinct,), most frequent first; counts int64 of the same
    shape; reads of each protein int64 of shape (proteins,).
    """
    chosen, amounts = sample.labelled_peptides(readout)
    begin, end = sample.peptides.begin[chosen], sample.peptides.end[chosen]
    labelled = label_peptides(sample.residues, begin, end, channel_of_code(readout))
    protein = sample.peptides.protein[chosen]
    reads_of_protein = np.zeros(len(sample.ids), np.int64)
    codes, counts = np.zeros(0, np.int64), np.zeros(0, np.int64)
    blocks = visible_reads(
        labelled, amounts, errors, config.cycles, reads, config.seed, config.threads
    )
    with Progress("simulating", reads, "reads") as progress:
        for block, peptides in blocks:
            reads_of_protein += np.bincount(protein[peptides], minlength=len(sample.ids))
            codes, counts = sum_counts([(codes, counts), np.unique(block, return_counts=True)])
            progress.add(len(block))
    order = np.lexsort((codes, -counts))
    texts = dye_texts(codes[order], errors.channels, config.cycles)
    return texts, counts[order], reads_of_protein


def format_dye_reads(texts: np.ndarray, counts: np.ndarray, channels: int) -> bytes:
    r"""Return a file of dye sequences as whatprot's, with the ids 1, 2, 3 and so on.

    >>> format_dye_reads(np.array([b"..1", b"0"]), np.array([5, 2]), 2)
    b'2\n2\n..1\t5\t1\n0\t2\t2\n'
    """
    head = b"%d\n%d\n" % (channels, len(texts))
    rows = zip(texts.tolist(), counts.tolist(), range(1, len(texts) + 1), strict=True)
    return head + b"".join(b"%b\t%d\t%d\n" % row for row in rows)
