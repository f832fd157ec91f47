"""Nucleotides in the place of proteins are refused wherever proteins are read; peptides never."""

import random

import pytest

from pepseq.errors import InputError
from pepseq.sequences.fasta import read_fasta

GENOME = "".join(random.Random(1).choices("ACGT", k=3000))


def records(text, width=300):
    return [(f"g{i}", text[i : i + width]) for i in range(0, len(text), width)]


@pytest.mark.parametrize(
    "text",
    [
        GENOME,
        GENOME.lower(),
        GENOME.replace("T", "U"),
        GENOME[:1000] + "N" * 500 + GENOME[1000:],
        GENOME[:1500] + "RYKM" * 10 + GENOME[1500:],
        "".join(random.Random(1).choices("ACGT", (45, 5, 5, 45), k=3000)),
        GENOME[:110],
    ],
)
@pytest.mark.parametrize("kind", [{}, {"reads": True}, {"rows": True}])
def test_nucleotides_are_refused_with_the_command_that_translates_them(fasta, text, kind):
    path = fasta("genes.fasta", records(text))
    with pytest.raises(InputError, match="these look like nucleotides, not amino acids") as caught:
        next(read_fasta(path, **kind))
    assert f"pyrodigal -i {path} -a proteins.fasta" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "sequences",
    [
        ["GATTACA", "ACGT", "TAG", "CAT"],
        ["ACGTACGTACGT"] * 8,
        ["AATAATAATAAT" * 40],  # antifreeze glycoprotein
        ["GAGAGSGAGAGS" * 40],  # silk
        ["GGNGNGANGGAG" * 40],
        ["ACGUACGUACGUAC"],
    ],
)
def test_peptides_of_few_amino_acids_are_proteins(fasta, sequences):
    path = fasta("p.fasta", [(f"p{i}", s) for i, s in enumerate(sequences)])
    assert [r.sequence for r in read_fasta(path)] == sequences


@pytest.mark.parametrize("symbol", "X?._x")
def test_reads_of_acgt_are_not_refused(fasta, symbol, proteins):
    shown = [(i, "".join(a if a in "ACGT" else symbol for a in s)) for i, s in proteins[:5]]
    assert len(list(read_fasta(fasta("r.fasta", shown), reads=True))) == 5


def test_a_gene_among_proteins_does_not_stop_the_others(fasta, proteins):
    path = fasta("p.fasta", [("gene", GENOME[:300]), *proteins[:30]])
    assert len(list(read_fasta(path))) == 31


@pytest.mark.parametrize(
    "call",
    [
        "mask {genes} -o {out} --readout KCYM",
        "predict {genes} -o {out} --readout KCYM",
        "predict {reads} -o {out} --reference {genes}",
        "lookup {reads} -o {out} --reference {genes} --readout KCYM",
        "split {genes} -o {out}",
        "pair {genes} {genes} -o {out}",
        "evaluate {genes} {reads} -o {out} --readout KCYM",
    ],
)
def test_every_command_refuses_nucleotides(run, fasta, tmp_path, call):
    files = {
        "genes": fasta("genes.fasta", records(GENOME)),
        "reads": fasta("r.fasta", [("a", "MXXKXXYX" * 10)]),
    }
    done = run(*call.format(**files, out=tmp_path / "out").split())
    assert done.code == 65 and "these look like nucleotides" in done.err
    assert not (tmp_path / "out").exists() and not (tmp_path / "out.run.json").exists()
