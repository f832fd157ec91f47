"""A reference searched in parts by several jobs gives the bytes of one run."""

import json
import os
import random

import pytest
from known import changed, masked

from pepseq.errors import SettingsError
from pepseq.prediction import predictor
from pepseq.prediction import search as search_module
from pepseq.prediction.predictor import ChunkSettings
from pepseq.prediction.shards import PartShare
from pepseq.readout.readout import Readout

K1 = Readout("K1")
PART_RESIDUES = 4000


def read_of(protein, kind):
    if kind == "tryptic":
        inner = protein.find("K", 5) + 1
        return masked(protein[inner : protein.find("K", inner) + 1])
    start = random.Random(len(protein)).randrange(30)
    return masked({"protein": protein, "prefix": protein[:40]}.get(kind, protein[start:][:50]))


@pytest.fixture
def known(fasta, proteins):
    """A small file and one that makes a stratum of several parts: relatives, and a copy."""
    relatives = [(f"r{n}", changed(s, 0.4, n)) for n, (_, s) in enumerate(proteins[:40])]
    few = [(name, changed(s, 0.1)) for name, s in proteins[:2]]
    return fasta("few.fasta", few), fasta("many.fasta", [*relatives, *proteins[60:100], few[0]])


@pytest.fixture
def reads(fasta, proteins):
    """Return a file of reads of a kind; one read comes twice, and one has no relative."""

    def reads(kind):
        sources = [s for _, s in proteins[:6]] + [proteins[0][1], proteins[150][1]]
        records = [(f"p{n}", read_of(s, kind)) for n, s in enumerate(sources)]
        return fasta(f"{kind}.fasta", [(name, read) for name, read in records if len(read) > 4])

    return reads


@pytest.fixture
def common(known):
    """The options that all calls have."""
    paths = [word for path in known for word in ("--reference", path)]
    return ["--readout", "K1", "--part-residues", PART_RESIDUES, *paths]


@pytest.fixture
def searched(run, tmp_path, common):
    """Search for reads in so many jobs; return their files."""

    def searched(source, of, *more, folder="found"):
        (tmp_path / folder).mkdir(exist_ok=True)
        files = []
        for number in range(1, of + 1):
            files.append(tmp_path / folder / f"{number}.searches")
            call = ["search", source, "--part", f"{number}/{of}", "-o", files[-1], *common, *more]
            done = run(*call, "--threads", 1 + number % 2)
            assert done.code == 0, done.err
        return files

    return searched


@pytest.fixture
def predict(run, tmp_path, common):
    """Predict; return FASTA, table and log."""

    def predict(source, name, *more, mode="templates"):
        out, table = tmp_path / f"{name}.fasta", tmp_path / f"{name}.tsv"
        options = ["--mode", mode, "--device", "cpu", "--threads", 1, *common, *more]
        done = run("predict", source, "-o", out, "--table", table, *options)
        assert done.code == 0, done.err
        return out.read_bytes(), table.read_bytes(), done.err

    return predict


@pytest.mark.parametrize(
    ("kind", "jobs"),
    [("protein", (2, 7)), ("prefix", (1, 3, 40)), ("tryptic", (3, 7)), ("fragment", (2,))],
)
def test_searches_of_all_parts_give_the_bytes_of_one_run(kind, jobs, reads, searched, predict):
    source = reads(kind)
    one = predict(source, "one", "--kind", kind)
    assert b"template=" in one[0] or kind == "tryptic"
    for of in jobs:
        files = searched(source, of, "--kind", kind, folder=f"of{of}")
        random.Random(of).shuffle(files)
        given = [word for file in files for word in ("--searches", file)]
        found = predict(source, f"of{of}", "--kind", kind, *given)
        assert found[:2] == one[:2]


def test_the_network_gets_the_same_templates(reads, searched, predict, tmp_path):
    source, errors = reads("protein"), ("--missed-label", 0.1, "--misread", 0.02)
    one = predict(source, "one", *errors, mode="auto")
    searched(source, 3, *errors)
    found = predict(source, "found", "--searches", tmp_path / "found", *errors, mode="auto")
    assert found[:2] == one[:2] and "searches are not in the files" not in found[2]


def test_searches_that_no_file_has_are_done(reads, searched, predict, monkeypatch, tmp_path):
    """A thorough search depends on all parts; the files lack some, and then it is done."""
    source = reads("protein")
    one = predict(source, "one")
    with monkeypatch.context() as patch:
        patch.setattr("pepseq.prediction.template_model.THOROUGH_KINDS", ())
        searched(source, 3)
    found = predict(source, "found", "--searches", tmp_path / "found")
    assert found[:2] == one[:2] and "searches are not in the files of pepseq search" in found[2]


def test_shards_of_reads_beside_parts_of_the_reference(
    reads, searched, predict, run, tmp_path, monkeypatch
):
    for module in (predictor, search_module):
        monkeypatch.setattr(module, "CHUNKS", ChunkSettings(residues=400, batches=1))
    source = reads("protein")
    one = predict(source, "one")
    for way in ("whole", "sharded"):
        for shard in ("1/2", "2/2"):
            mine = ["--shard", shard]
            searched(source, 3, *(mine if way == "sharded" else []), folder=f"{way}{shard[0]}")
            found = predict(
                source, f"{way}{shard[0]}", *mine, "--searches", tmp_path / f"{way}{shard[0]}"
            )
            assert "searches are not in the files" not in found[2]
        out = tmp_path / f"{way}.fasta"
        parts = [tmp_path / f"{way}{n}.fasta" for n in (2, 1)]
        done = run("merge", *parts, "-o", out, "--table", out.with_suffix(".tsv"))
        assert done.code == 0, done.err
        assert (out.read_bytes(), out.with_suffix(".tsv").read_bytes()) == one[:2]
    call = ["predict", source, "-o", tmp_path / "x", "--shard", "2/2"]
    done = run(*call, "--searches", tmp_path / "sharded1", *searched_options(tmp_path))
    assert done.code == 65 and "1.searches: a search of --shard 1/2; give --shard 1/2" in done.err


def searched_options(folder):
    record = json.loads((folder / "sharded1" / "1.searches.run.json").read_text())
    argv = record["argv"]
    start = argv.index("--readout")
    return argv[start : argv.index("--shard")]


def cut(files):
    files[1].write_bytes(files[1].read_bytes()[:-40])
    return "2.searches: damaged or cut: its checksum differs; run pepseq search again"


def empty(files):
    files[1].write_bytes(b"")
    return "2.searches: expected a file that pepseq search wrote"


def flipped(files):
    content = bytearray(files[1].read_bytes())
    content[len(content) // 2] ^= 1
    files[1].write_bytes(content)
    return "2.searches: damaged or cut: its checksum differs; run pepseq search again"


def another_file(files):
    files[1].write_text(">a\nMXX\n")
    return "2.searches: expected a file that pepseq search wrote"


def missing(files):
    files[1].unlink()
    return "expected searches of 3 parts, but these are missing: 2"


def twice(files):
    files[1].with_name("9.searches").write_bytes(files[0].read_bytes())
    return "1.searches and "


def none(files):
    for file in files:
        file.unlink()
    return "expected files *.searches, found none; run pepseq search first"


@pytest.mark.parametrize("harm", [cut, empty, flipped, another_file, missing, twice, none])
def test_files_that_are_not_those_of_one_search_are_refused(
    harm, reads, searched, run, common, tmp_path
):
    source = reads("prefix")
    words = harm(searched(source, 3, "--kind", "prefix"))
    out = tmp_path / "out.fasta"
    call = ["predict", source, "-o", out, "--kind", "prefix", "--mode", "templates", *common]
    done = run(*call, "--searches", tmp_path / "found")
    assert done.code == 65 and words in done.err and done.err.count("\n") == 1
    assert not out.exists()


def test_searches_of_other_runs_are_refused(reads, searched, run, common, fasta, tmp_path, known):
    source = reads("prefix")
    (one,) = searched(source, 1, "--kind", "prefix")
    (tmp_path / "two").mkdir()
    _, second = searched(source, 2, "--kind", "prefix", folder="two")
    other = fasta("other.fasta", [("a", "MXK")])
    few = known[0]
    for call, words in (
        ([other, "--kind", "prefix"], "not a search of this run: reads was"),
        ([source, "--kind", "protein"], "kind was 'prefix', is 'protein'; run pepseq search again"),
        ([source, "--kind", "prefix", "--misread", 0.1], "misread was '0.0', is '0.1'"),
        ([source, "--kind", "prefix", "--part-residues", 9999], "part_residues was '4000'"),
        ([source, "--kind", "prefix", "--reference", few], "reference was"),
        ([source, "--kind", "prefix", "--searches", second], "1.searches: of 1 parts, but"),
        ([source, "--kind", "prefix", "--searches", tmp_path / "no"], "no: no such file"),
    ):
        options = ["-o", tmp_path / "out", "--mode", "templates", *common]
        done = run("predict", *options, *call, "--searches", one)
        assert done.code == 65 and words in done.err, done.err
        assert done.err.strip().splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--part", "0/2"], "--part: expected i/n with i from 1 to n, such as 3/8, found '0/2'"),
        (["--part", "3/2"], "--part: expected i/n with i from 1 to n, such as 3/8, found '3/2'"),
        (["-o", "1.txt"], "1.txt: expected a name that ends in .searches"),
        (["-o", "1.searches.gz"], "expected a name that ends in .searches"),
    ],
)
def test_wrong_options_are_refused(options, words, reads, run, common):
    call = ["search", reads("prefix"), "--part", "1/2", "-o", "1.searches", *common, *options]
    done = run(*call)
    assert done.code == 2 and words in done.err


def test_reads_must_be_a_file_that_other_jobs_have(run, reads, searched, common, tmp_path):
    done = run("search", "-", "--part", "1/2", "-o", tmp_path / "1.searches", *common)
    assert done.code == 2 and "--part: expected a file that every job can read" in done.err


def test_searches_without_a_reference_are_refused(run, reads, searched, tmp_path):
    source = reads("prefix")
    searched(source, 1, "--kind", "prefix")
    call = ["predict", source, "-o", tmp_path / "o", "--mode", "model", "--readout", "K1"]
    done = run(*call, "--searches", tmp_path / "found")
    assert done.code == 2 and "--searches: no reference is used" in done.err


def test_a_file_does_not_depend_on_threads_and_has_a_record(reads, run, common, tmp_path):
    source = reads("protein")
    for threads in (1, 2):
        out = tmp_path / f"{threads}.searches"
        call = ["search", source, "--part", "2/3", "-o", out, *common, "--threads", threads]
        assert run(*call).code == 0
    contents = [(tmp_path / f"{n}.searches").read_bytes() for n in (1, 2)]
    assert contents[0] == contents[1]
    record = json.loads((tmp_path / "1.searches.run.json").read_text())
    assert record["command"] == "search" and record["settings"]["job"] == "2/3"
    assert record["settings"]["parts"] > 5 and record["outputs"][0]["kind"] == "searches"


def test_a_job_without_a_part_says_so(reads, run, fasta, proteins, tmp_path):
    call = ["search", reads("protein"), "--reference", fasta("few.fasta", proteins[:3])]
    done = run(*call, "--readout", "K1", "--part", "2/2", "-o", tmp_path / "2.searches")
    assert done.code == 0
    told = "nothing to search: the reference has 1 part; use fewer jobs, or smaller parts"
    assert told in done.err


def test_each_part_has_one_job():
    for parts in (1, 5, 12):
        shares = [PartShare(number, 5).numbers(parts) for number in range(1, 6)]
        assert sorted(n for share in shares for n in share) == list(range(parts))
    with pytest.raises(SettingsError, match="--part"):
        PartShare.parse("1")


def test_reads_that_cannot_be_used_are_named(run, fasta, tmp_path, common):
    good, bad = ("a", "MXKXXCXXXXYXXXK"), ("b", "MX1XK")
    call = ["search", "--part", "1/1", "-o", tmp_path / "1.searches", *common]
    done = run(*call, fasta("some.fasta", [good, bad]))
    assert done.code == 0 and "1 read left out, the first: " in done.err
    done = run(*call, "--force", fasta("none.fasta", [bad]))
    assert done.code == 65 and "found '1' at residue 3" in done.err


def test_a_pipe_among_files_of_searches_is_refused(run, reads, searched, tmp_path, common):
    source = reads("protein")
    searched(source, 1)
    os.mkfifo(tmp_path / "found" / "2.searches")
    call = ["predict", source, "-o", tmp_path / "o.fasta", "--mode", "templates", *common]
    done = run(*call, "--searches", tmp_path / "found")
    assert done.code == 65 and "2.searches: expected a file of searches" in done.err
