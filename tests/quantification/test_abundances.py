import numpy as np
import pandas as pd
import pytest

from pepseq.errors import InputError, SettingsError
from pepseq.quantification.abundances import draw_copies
from pepseq.quantification.simulation_config import SimulateConfig

IDS = [f"p{number}" for number in range(2000)]


def draw(**settings):
    return draw_copies(IDS, SimulateConfig(**settings))


def table(tmp_path, *rows, header="protein\tcopies"):
    (tmp_path / "a.tsv").write_text("".join(f"{row}\n" for row in (header, *rows)))
    return str(tmp_path / "a.tsv")


def test_equal_copies():
    assert (draw() == 1).all()


def test_lognormal_copies_have_the_standard_deviation():
    logs = np.log(draw(abundance="lognormal:2.5", seed=3))
    assert logs.std() == pytest.approx(2.5, rel=0.05) and abs(logs.mean()) < 0.2
    assert (draw(abundance="lognormal:0") == 1).all()
    assert (draw(abundance="lognormal:1", seed=1) != draw(abundance="lognormal:1", seed=2)).all()


def test_proteins_that_are_present_are_drawn_by_the_seed():
    first, again, other = (draw(present=50, seed=seed) for seed in (1, 1, 2))
    assert (first > 0).sum() == (other > 0).sum() == 50
    assert (first == again).all() and (first != other).any()


def test_present_proteins_keep_the_copies_of_their_seed():
    some, all_ = draw(abundance="lognormal:1", present=50), draw(abundance="lognormal:1")
    assert (some[some > 0] == all_[some > 0]).all()


def test_a_table_lists_the_proteins_that_are_present(tmp_path):
    path = table(tmp_path, "p3\t1.5\tx", "p0\t2e3\ty", "p5\t0\t", header="protein\tcopies\tnote")
    copies = draw(abundance=path)
    assert {n: c for n, c in enumerate(copies.tolist()) if c} == {0: 2000.0, 3: 1.5}
    assert np.flatnonzero(draw(abundance=path, present=1)).tolist()[0] in (0, 3)


@pytest.mark.parametrize("given", [{"p1": 2, "p0": 0.5}, pd.Series({"p1": 2, "p0": 0.5})])
def test_copies_in_memory(given):
    frame = pd.DataFrame(
        {"protein": list(given.keys()), "copies": list(given.values)}
        if isinstance(given, pd.Series)
        else {"protein": list(given), "copies": list(given.values())}
    )
    for copies in (given, frame):
        assert draw_copies(IDS, SimulateConfig(), copies).tolist()[:3] == [0.5, 2.0, 0.0]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["p1\t-1"], ":2: copies of 'p1': expected a number of 0 or more, found '-1'"),
        (["p1\t1", "p2\tnan"], ":3: copies of 'p2': expected a number of 0 or more, found 'nan'"),
        (["p1\tinf"], ":2: copies of 'p1'"),
        (["p1\t1_000"], ":2: copies of 'p1'"),
        (["p1\t\u0661"], ":2: copies of 'p1'"),
        (["p1\tmany"], ":2: copies of 'p1'"),
        (["p1\t1", "x\t1"], ":3: 'x' is no id of the proteins"),
        (["p1\t1", "p1\t1"], ":3: 'p1' occurs in "),
        (["p1\t0"], ": expected copies above 0 of at least one protein, found none"),
        ([], ": expected copies above 0 of at least one protein, found none"),
        (["p1\t1e308", "p2\t1e308"], ": the sum of all copies is too large"),
        (["p1\t"], ":2: the cell of copies is empty"),
        (["p1"], ":2: expected 2 cells"),
    ],
)
def test_a_faulty_row_is_named(tmp_path, rows, words):
    path = table(tmp_path, *rows)
    with pytest.raises(InputError) as error:
        draw(abundance=path)
    assert str(error.value).startswith(f"{path}{words}") and str(error.value).isprintable()


def test_a_table_without_copies_is_named(tmp_path):
    with pytest.raises(InputError, match="expected one column copies"):
        draw(abundance=table(tmp_path, "p1\t1", header="protein\tamount"))


@pytest.mark.parametrize(
    ("copies", "words"),
    [
        ({"x": 1}, "copies:1: 'x' is no id"),
        ({"p1": None}, "copies:1: copies of 'p1'"),
        (pd.DataFrame({"protein": ["p1"]}), "copies: the DataFrame has no column copies"),
        ([1.0], "copies: expected a mapping of ids to copies or a DataFrame"),
    ],
)
def test_faulty_copies_in_memory_are_named(copies, words):
    with pytest.raises(InputError, match=f"^{words}"):
        draw_copies(IDS, SimulateConfig(), copies)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"abundance": "lognormal:"}, "abundance: expected lognormal:S with S from 0 to 50"),
        ({"abundance": "lognormal:nan"}, "abundance: expected lognormal:S"),
        ({"abundance": "lognormal:-1"}, "abundance: expected lognormal:S"),
        ({"present": 2001}, "present: expected at most 2,000, .* found 2,001"),
    ],
)
def test_settings_that_do_not_fit_are_named(settings, words):
    with pytest.raises(SettingsError, match=f"^{words}"):
        draw(**settings)
