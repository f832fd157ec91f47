"""What compare and evaluate-pairs wrote, on the page, and the calls that repeat them."""

import html
import shlex

import pytest
from evaluation_folder import prepare, write
from result_files import read_page

HEADER = "species\tprotein_a\tprotein_b\tconfidence\trank\tknown\n"


@pytest.fixture
def page(tmp_path, monkeypatch, run):
    """A page of a comparison of three evaluations and of an evaluation of pairs."""
    call = prepare(tmp_path, monkeypatch)
    call("-o", "good")
    write("wrong.fasta", {"p1": "MGGK", "p2": "AAAA", "p3": "KCYM", "p4": "MAAKL"})
    call("-o", "bad", files=("truth.fasta", "wrong.fasta"))
    some = [("<coli>", "coli", "good"), ("mouse", "coli", "bad"), ("mouse", "yeast", "bad")]
    given = [word for one in some for word in ("--evaluation", *one)]
    assert run("compare", *given, "-o", "comparison").code == 0
    (tmp_path / "family").mkdir()
    (tmp_path / "family/pairs.tsv").write_text(
        f"{HEADER}x\ta1\tb1\t1\t1\tno\nx\ta2\tb2\t0.7\t2\tno\nx\ta3\tb3\t1\t3\tno\nx\ta4\tb4\t1\t4\tno\n"
    )
    (tmp_path / "family/pairs.tsv.unpaired.tsv").write_text("family\tspecies\tprotein\treason\n")
    (tmp_path / "true.tsv").write_text("protein_a\tprotein_b\na1\tb1\na2\tb2\na3\tb4\n")
    pairs = ("true.tsv", "family/pairs.tsv", "-o", "family/accuracy")
    assert run("evaluate-pairs", *pairs).code == 0
    done = run("report", "comparison", "family", "-o", "page.html")
    assert done.code == 0 and "not recognised" not in done.err, done.err
    return (tmp_path / "page.html").read_text()


def test_both_have_their_section_and_numbers(page, tmp_path):
    read_page(tmp_path / "page.html")
    across = page.partition('id="across"')[2].partition("</section>")[0]
    assert "&lt;coli&gt;" in across and "<coli>" not in page
    lines = (tmp_path / "comparison/compared.tsv").read_text().splitlines()[1:]
    for macro, micro in (line.split("\t")[5:8:2] for line in lines):
        assert f"{float(macro):.1f} ({float(micro):.1f})" in across
    found = page.partition('id="true-pairs"')[2].partition("</section>")[0]
    assert "66.7" in found and "accuracy: true pairs found" in found


def test_pairs_of_each_confidence_are_counted(page, tmp_path):
    text = read_page(tmp_path / "page.html").text.partition("True pairs found")[2]
    said = "accuracy: how often pairs of pairs.tsv are correct, by their confidence"
    bands = text.partition(said)[2].partition("How to reproduce")[0].replace(" ", "")
    assert "0.600.8011100.0" in bands and "0.951.003133.3" in bands


def test_the_calls_on_the_page_repeat_them(page, tmp_path, run):
    calls = [
        html.unescape(line)
        for line in page.splitlines()
        if "pepseq compare" in line or "pepseq evaluate-pairs" in line
    ]
    text = "\n".join(calls)
    for command, output in (("compare", "comparison"), ("evaluate-pairs", "accuracy")):
        start = text.index(f"pepseq {command} ")
        words = shlex.split(text[start:].partition("</")[0].partition("\n")[0])
        words[words.index("-o") + 1] = f"again-{output}"
        assert run(*words[1:]).code == 0, words
    for name, again in (
        ("comparison/compared.tsv", "comparison"),
        ("family/accuracy/accuracy.tsv", "accuracy"),
    ):
        new = tmp_path / f"again-{again}" / name.rpartition("/")[2]
        assert new.read_bytes() == (tmp_path / name).read_bytes()
