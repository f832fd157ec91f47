"""The benchmark of the identification question draws reads and counts the right ones."""

import random
import sys
from dataclasses import replace

import pytest
from places import ROOT

from pepseq.sequences.residues import AMINO_ACIDS


@pytest.fixture
def benchmark(monkeypatch):
    """The module of the benchmark."""
    monkeypatch.syspath_prepend(str(ROOT / "workflows" / "benchmarks"))
    import identification

    yield identification
    sys.modules.pop("identification", None)


@pytest.fixture
def proteins():
    draw = random.Random(1)
    return ["".join(draw.choices(AMINO_ACIDS, k=120)) for _ in range(6)]


def test_proteins_are_distinct_known_and_of_usual_length(benchmark, proteins, tmp_path):
    others = [proteins[0], "M" * 49, "M" * 2001, "MX" * 40]
    path = tmp_path / "proteins.fasta"
    path.write_text("".join(f">{n}\n{p}\n" for n, p in enumerate(proteins + others)))
    drawn = benchmark.draw_proteins(str(path), 10)
    assert sorted(drawn) == sorted(proteins)
    assert benchmark.draw_proteins(str(path), 2) == drawn[:2]


def test_labels_are_all_amino_acids_in_the_order_of_the_presets(benchmark):
    assert sorted(benchmark.ORDER) == sorted(AMINO_ACIDS)
    assert benchmark.ORDER.startswith("KCYMRHWST")


def test_reads_have_the_length_and_the_errors_of_their_cell(benchmark, proteins):
    exact = benchmark.Cell(20, 0.0, 0.0, 30)
    reads = benchmark.draw_reads(proteins, exact, 4)
    assert len(reads) == len({place for place, *_ in reads}) == 4
    assert all(proteins[place][begin : begin + 30] == text for place, begin, text in reads)
    misread = benchmark.draw_reads(proteins, replace(exact, misread=0.5, length=0), 6)
    pairs = [
        (a, b) for place, _, text in misread for a, b in zip(text, proteins[place], strict=True)
    ]
    assert 0.4 < sum(a != b for a, b in pairs) / len(pairs) < 0.6
    gaps = benchmark.draw_reads(proteins, replace(exact, gaps=0.2, length=0), 6)
    inserted = sum(text.count("X") for *_, text in gaps)
    kept = sum(len(text) for *_, text in gaps) - inserted
    assert 0.7 < kept / 720 < 0.9 and 0.1 < inserted / 720 < 0.4
    assert not benchmark.draw_reads(proteins, replace(exact, length=200), 6)


def test_right_and_missed_reads_are_counted(benchmark, proteins, tmp_path):
    reference = tmp_path / "reference.fasta"
    reference.write_text("".join(f">p{n}\n{p}\n" for n, p in enumerate(proteins)))
    cell = benchmark.Cell(9, 0.1, 0.0, 60)
    reads = benchmark.draw_reads(proteins, cell, 6)
    assert benchmark.count_right(cell, reads, proteins, reference) == (6, 6, 0)
    of_others = [((place + 1) % 6, begin, text) for place, begin, text in reads]
    assert benchmark.count_right(cell, of_others, proteins, reference) == (6, 0, 0)
    reference.write_text(f">p9\n{proteins[0][:60]}\n")  # the true proteins are not found
    found = benchmark.count_right(cell, reads, proteins, reference)
    assert found.right == 0 and found.missed >= 5


def test_tables_and_figure_show_each_cell(benchmark, tmp_path):
    counts = {}
    for name, (values, (other, lines)) in benchmark.PANELS.items():
        for value in values:
            for line in lines:
                cell = replace(benchmark.BASE, **{name: value, other: line})
                counts[cell] = benchmark.Counts(100, 90, 3)
    table = benchmark.table_of("misread", counts).splitlines()
    assert table[0] == "| misread rate | 4 labels | 9 labels | 20 labels |"
    assert table[2] == "| 0 |" + " 90 (82-95), 3 missed |" * 3
    shares = {cell: benchmark.share_with_interval(90, 100) for cell in counts}
    benchmark.save_figure(tmp_path / "a.png", shares)
    assert (tmp_path / "a.png").stat().st_size < 150_000
