"""ColabFold's own parser on the alignments that pepseq writes.

It runs where PEPSEQ_COLABFOLD is a Python that has `colabfold`, its AlphaFold and JAX, which take
about 0.7 GB: `pip install 'colabfold[alphafold]'`. No weights are needed.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
from places import DATA, SHARED
from test_folding_inputs import A3M, A, B

from pepseq.pairing.config import PairConfig
from pepseq.pairing.pair import pair
from pepseq.structure.folding.complex_a3m import read_complex_a3m

PYTHON = os.environ.get("PEPSEQ_COLABFOLD")
pytestmark = pytest.mark.skipif(not PYTHON, reason="PEPSEQ_COLABFOLD is not set")
READING = Path(__file__).parents[1] / "colabfold_reading.py"


def colabfold_reads(*paths):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [PYTHON, READING, *paths], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def headers_and_rows(text):
    lines = text.splitlines()
    return [(head[1:], row) for head, row in zip(lines[::2], lines[1::2], strict=True)]


def check(found, alignment):
    """ColabFold reads what pepseq reads: chains, copies, and the rows of each."""
    assert found["is_complex"] == (sum(alignment.copies) > 1)
    assert (tuple(found["chains"]), tuple(found["copies"])) == (alignment.chains, alignment.copies)
    lengths = [len(c) * n for c, n in zip(alignment.chains, alignment.copies, strict=True)]
    assert found["residues"] == sum(lengths)
    for place, chain in enumerate(alignment.chains):
        number = str(101 + place)
        paired = [(row.names[place], row.segments[place]) for row in alignment.paired]
        if len(alignment.chains) > 1:
            assert headers_and_rows(found["paired"][place]) == [(number, chain), *paired]
        unpaired = [(number, chain), *alignment.unpaired[place]]
        assert headers_and_rows(found["unpaired"][place]) == unpaired


def test_alignments_of_complexes(tmp_path):
    """Two chains, copies, one chain; each pair mode."""
    texts = [A3M, A3M.replace("1,1", "1,2", 1), f"#8\t2\n>101\n{A}\n>r\nMKTAYIA-\n"]
    texts += [f"#8,5,8\t1,1,1\n>101\t102\t103\n{A}{B}{A}\n>a\tDUMMY\tc\n{A}-----{A[:7]}-\n"]
    paths, expected = [], []
    for number, text in enumerate(texts):
        (tmp_path / "given.a3m").write_text(text)
        for mode in ("unpaired_paired", "paired", "unpaired"):
            alignment = read_complex_a3m(tmp_path / "given.a3m").arranged(mode)
            paths.append(tmp_path / f"{number}_{mode}.a3m")
            paths[-1].write_text(alignment.a3m())
            expected.append(alignment)
    for found, alignment in zip(colabfold_reads(*paths), expected, strict=True):
        check(found, alignment)


@pytest.mark.parametrize("paired_only", [False, True])
def test_alignments_that_pair_writes(tmp_path, paired_only):
    path = tmp_path / "pairs.a3m"
    families = DATA / "pairs_a.fasta", DATA / "pairs_b.fasta"
    config = PairConfig(method="random", runs=1, threads=1)
    pair(*families, tmp_path / "p.tsv", paired_msa=path, paired_only=paired_only, config=config)
    alignment = read_complex_a3m(path)
    (found,) = colabfold_reads(path)
    check(found, alignment)
    assert len(alignment.paired) == 110 and sum(map(len, alignment.unpaired)) in (0, 7)
    assert path.read_text() == alignment.a3m()


def test_the_alignment_of_real_families(tmp_path):
    """MALG and MALK, 2,979 pairs; the proteins are not in the same order in both."""
    families = [SHARED / "paralogs" / f"MALGK_{name}.fasta.gz" for name in ("MALG", "MALK")]
    if not families[0].exists():
        pytest.skip("no MALG-MALK here")
    path = tmp_path / "malg_malk.a3m"
    config = PairConfig(method="random", species="field:_:-1", runs=1, threads=1, min_confidence=1)
    pair(*families, tmp_path / "p.tsv", paired_msa=path, config=config)
    alignment = read_complex_a3m(path)
    (found,) = colabfold_reads(path)
    assert len(alignment.paired) > 2900
    assert found["rows"] > 1000  # AlphaFold takes at most half of 2,048 rows for pairs
    assert found["residues"] == sum(map(len, alignment.chains))
    headers = [line for line in found["paired"][1].splitlines() if line[:1] == ">"]
    assert [head[1:] for head in headers[1:]] == [row.names[1] for row in alignment.paired]
