"""Amounts from reads of whole peptides with confused labels."""

import numpy as np
import pandas as pd
import pytest
from places import DATA

import pepseq
from pepseq.errors import SettingsError
from pepseq.sequences.fasta import read_fasta

PROTEINS = {record.id: record.sequence for record in read_fasta(DATA / "ecoli_536.fasta")}
NAMES = [*"KCYM", "_"]
MATRIX = pd.DataFrame(
    [
        [0.85, 0.00, 0.00, 0.05, 0.1],
        [0.00, 0.80, 0.00, 0.15, 0.05],
        [0.02, 0.00, 0.90, 0.00, 0.08],
        [0.01, 0.30, 0.00, 0.60, 0.09],
        [0.00, 0.00, 0.01, 0.00, 0.99],
    ],
    index=NAMES,
    columns=NAMES,
)
EQUAL = {"missed_label": 0.09, "misread": 0.08}


def confused(sequences, matrix, seed=1):
    """Return reads of peptides, of all residues, that show at least one label."""
    generator = np.random.default_rng(seed)
    cumulated = matrix.to_numpy().cumsum(1)
    row = {ord(name): n for n, name in enumerate(NAMES[:-1])}
    symbols = np.array([*"KCYMX"])
    reads = []
    for sequence in sequences:
        rows = [row.get(byte, len(NAMES) - 1) for byte in sequence.encode()]
        drawn = (generator.random(len(rows))[:, None] > cumulated[rows]).sum(1)
        reads.append("".join(symbols[np.minimum(drawn, len(NAMES) - 1)]))
    return [read for read in reads if read.strip("X")]


@pytest.fixture(scope="module")
def sample():
    """Reads of 20 proteins, over two orders of magnitude, and their molar fractions."""
    from pepseq.digestion.digest import digest
    from pepseq.templates.substitution import encode

    generator = np.random.default_rng(5)
    chosen = generator.choice([*PROTEINS], 20, replace=False).tolist()
    copies = np.logspace(0, 2, 20)
    text = "".join(PROTEINS[name] for name in chosen)
    offsets = np.cumsum([0, *(len(PROTEINS[name]) for name in chosen)])
    peptides = digest(encode(text), offsets, pepseq.DigestConfig())
    weights = copies[peptides.protein] * peptides.weight
    drawn = generator.choice(len(weights), 25_000, p=weights / weights.sum())
    reads = confused([text[peptides.begin[d] : peptides.end[d]] for d in drawn], MATRIX)
    return reads, dict(zip(chosen, copies / copies.sum(), strict=True))


def misplaced(amounts, truth):
    """Return the share of molecules that are given to a wrong protein."""
    given = dict(zip(amounts.table["proteins"], amounts.table["molar_fraction"], strict=True))
    return sum(abs(given.get(name, 0) - truth.get(name, 0)) for name in given | truth) / 2


def test_the_matrix_finds_the_amounts_better_than_equal_rates(sample):
    reads, truth = sample
    shared = {"reads": reads, "reference": PROTEINS, "readout": "KCYM"}
    config = pepseq.QuantifyConfig(threads=1, max_q=1.0)
    by_matrix = pepseq.quantify_reads(**shared, config=config, confusion=MATRIX)
    config = pepseq.QuantifyConfig(threads=1, max_q=1.0, **EQUAL)
    by_rates = pepseq.quantify_reads(**shared, config=config)
    assert misplaced(by_matrix, truth) < 0.025 < misplaced(by_rates, truth)
    assert by_matrix.from_background < 0.002 * len(reads) < by_rates.from_background


def test_the_matrix_of_equal_rates_gives_the_same_table(sample):
    reads = sample[0][:3000]
    missed, misread = EQUAL.values()
    matrix = np.full((5, 5), misread * (1 - missed) / 3)
    np.fill_diagonal(matrix, (1 - missed) * (1 - misread))
    matrix[:, 4], matrix[4] = missed, [0, 0, 0, 0, 1]
    matrix = pd.DataFrame(matrix, index=NAMES, columns=NAMES)
    config = pepseq.QuantifyConfig(threads=1, max_q=1.0, **EQUAL)
    by_rates = pepseq.quantify_reads(reads, PROTEINS, "KCYM", config=config)
    config = pepseq.QuantifyConfig(threads=1, max_q=1.0)
    by_matrix = pepseq.quantify_reads(reads, PROTEINS, "KCYM", config=config, confusion=matrix)
    one, other = by_rates.table.set_index("proteins"), by_matrix.table.set_index("proteins")
    assert by_rates.found == by_matrix.found
    fractions = one["molar_fraction"].to_dict()
    assert other["molar_fraction"].to_dict() == pytest.approx(fractions, abs=1e-5)


def test_labels_that_are_only_made_up_are_no_reason_to_leave_a_read_out():
    matrix = pd.DataFrame([[0.9, 0.1], [0.2, 0.8]], index=["K", "C"], columns=["K", "C"])
    reads, reference = ["XXK", "XXC"] * 5 + ["XXK"] * 20, {"a": "AAKGGK", "b": "GAKAAR"}
    amounts = pepseq.quantify_reads(reads, reference, "KC", confusion=matrix)
    assert amounts.reads == 30
    with pytest.raises(pepseq.errors.InputError, match="no peptide of the reference has the label"):
        pepseq.quantify_reads(reads, reference, "KC")


def test_the_command_takes_the_matrix_and_records_it(sample, tmp_path, run):
    reads = "".join(f">{n}\n{read}\n" for n, read in enumerate(sample[0][:3000]))
    (tmp_path / "r.fa").write_text(reads)
    MATRIX.to_csv(tmp_path / "c.tsv", sep="\t")
    call = (tmp_path / "r.fa", "-o", tmp_path / "o.tsv", "--reference", DATA / "ecoli_536.fasta")
    done = run("quantify", *call, "--readout", "KCYM", "--confusion", tmp_path / "c.tsv")
    assert done.code == 0 and "from proteins of the reference" in done.err
    record = pd.read_json(tmp_path / "o.tsv.run.json", typ="series")
    assert record["settings"]["confusion"]["M"]["C"] == pytest.approx(0.3)
    assert str(tmp_path / "c.tsv") in str(record["inputs"])


def test_dye_sequences_take_no_matrix():
    config = pepseq.QuantifyConfig(dye_sequences=True)
    with pytest.raises(SettingsError, match="for dye sequences and scores give error rates"):
        pepseq.quantify_reads([".0"], PROTEINS, "KCYM", config=config, confusion=MATRIX)
