"""The benchmark of false discovery rates counts wrong reads and estimates them by entrapment."""

import random
import sys

import pandas as pd
import pytest
from places import ROOT

TRUE = ["MKCYW", "MKAYW", "AAAAK"]
SEQUENCES = {"a": "MKCYWAAAAK", "b": "MRCYW", "0_p_target": "GGGGK"}


@pytest.fixture
def benchmark(monkeypatch):
    """The module of the benchmark."""
    monkeypatch.syspath_prepend(str(ROOT / "workflows" / "benchmarks"))
    import entrapment

    yield entrapment
    for name in ("entrapment", "design", "tryptic"):
        sys.modules.pop(name, None)


def fits_of(*rows):
    columns = ["id", "rank", "protein", "begin", "end", "equal_fits", "q_value"]
    return pd.DataFrame(rows, columns=columns).assign(q_value_related=lambda t: t.q_value / 2)


def test_relatives_have_one_length_and_half_the_residues(benchmark):
    assert benchmark.is_relative("MKCY", "MKAA")
    assert not benchmark.is_relative("MKCY", "MAAA")
    assert not benchmark.is_relative("MKCYW", "MKCY")


def counted(benchmark, fits, limits=(0.01,)):
    found = benchmark.count_accepted(fits, TRUE, SEQUENCES, list(limits))
    return [
        (f.reads, f.wrong, f.relatives, f.unrelated, f.peptides, f.wrong_peptides, f.entrapment)
        for f in found
    ]


def test_a_read_is_right_if_one_of_its_equal_fits_is(benchmark):
    fits = fits_of(("0", 1, "b", 1, 5, 2, 0.001), ("0", 2, "a", 1, 5, None, None))
    assert counted(benchmark, fits) == [(1, 0, 1, 0, 0, 0, 0)]  # two peptides fit equally well
    fits.loc[0, "equal_fits"] = 1
    assert counted(benchmark, fits) == [(1, 1, 1, 0, 1, 1, 0)]


def test_each_limit_counts_its_reads_and_peptides(benchmark):
    fits = fits_of(
        ("0", 1, "a", 1, 5, 1, 0.001),
        ("1", 1, "a", 1, 5, 1, 0.02),  # a wrong read of a peptide that is in the sample
        ("2", 1, "0_p_target", 1, 5, 1, 0.03),
    )
    assert counted(benchmark, fits, [0.01, 0.02, 0.05]) == [
        (1, 0, 2, 0, 1, 0, 0),  # the second read is accepted as a relative
        (2, 1, 3, 1, 1, 0, 0),
        (3, 2, 3, 1, 2, 1, 1),
    ]


def test_a_tie_with_the_reference_is_no_entrapment_hit(benchmark):
    fits = fits_of(("2", 1, "0_p_target", 1, 5, 2, 0.001), ("2", 2, "a", 1, 5, None, None))
    assert counted(benchmark, fits) == [(1, 1, 1, 1, 0, 0, 0)]


@pytest.mark.parametrize("foreign", [False, True])
def test_rows_have_all_columns(benchmark, monkeypatch, capsys, tmp_path, foreign):
    known, other = tmp_path / "known.fa", tmp_path / "other.fa"
    residues = random.Random(3).choices
    draw = lambda: "".join(residues("ACDEFGHIKLMNPQRSTVWY", k=400))  # noqa: E731
    known.write_text("".join(f">p{n}\n{draw()}\n" for n in range(12)))
    other.write_text("".join(f">q{n}\n{draw()}\n" for n in range(12)))
    call = ["entrapment.py", known, "--reference", known, "--errors", "none", "--scales"]
    call += ["--readout", "K2", "--limits", "0.05", "0.2"]
    call += ["--entrapment", other] if foreign else []
    monkeypatch.setattr(sys, "argv", list(map(str, call)))
    benchmark.main()
    _, _, header, line, *table = capsys.readouterr().out.splitlines()
    assert len(table) == 4 and {text.count("|") for text in (header, line, *table)} == {18}
    cells = [dict(zip(header.split(" | "), text.split(" | "), strict=True)) for text in table]
    kinds = [row["entrapment"] for row in cells]
    assert kinds == ["none", "none", *["foreign" if foreign else "shuffled"] * 2]
    paired = [bool(row["paired estimate, % |"].strip(" |")) for row in cells]
    assert paired == [False, False, not foreign, not foreign]
    assert all(row["lower bound, %"].startswith("0.0 (0.0-") for row in cells[2:])
