"""`pepseq pair` on the command line: faults, and what each gets."""

import os
import signal
import subprocess
import sys
import time
from random import Random

import pytest
from places import DATA

from pepseq.io.atomic_files import locked

A, B = DATA / "pairs_a.fasta", DATA / "pairs_b.fasta"
COMMON = ("--method", "random", "--runs", 2)


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path / name

    return write


def shell(line, cwd, **environment):
    return subprocess.run(
        line.replace("pepseq", f"{sys.executable} -m pepseq", 1),
        shell=True,
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_messages_and_outputs_of_a_run(run, tmp_path):
    msa, plot = tmp_path / "p.a3m.gz", tmp_path / "p.svg"
    files = ("-o", tmp_path / "o.tsv", "--paired-msa", msa, "--plot", plot)
    result = run("pair", A, B, *files, *COMMON)
    assert result.code == 0 and result.out == ""
    lines = result.err.splitlines()
    assert f"{msa}: 111 paired rows, unpaired rows: 4 of A, 3 of B; the query is " in lines.pop(-2)
    assert lines == [
        "species by bracket (found by auto), such as 'species_15'; no species for 0 of 115 "
        "proteins of A and 0 of 114 proteins of B; 30 species in both families (30 with "
        "paralogs), 0 only in A, 0 only in B",
        "111 pairs in 30 species by method random, 7 proteins without a pair",
    ]
    sides = ["o.tsv", "o.tsv.run.json", "o.tsv.unpaired.tsv", "p.a3m.gz", "p.svg"]
    assert names(tmp_path) == sides
    assert len((tmp_path / "o.tsv").read_text().splitlines()) == 112
    assert len((tmp_path / "o.tsv.unpaired.tsv").read_text().splitlines()) == 8


def test_a_family_from_stdin_and_pairs_to_stdout(tmp_path, run):
    assert run("pair", A, B, "-o", tmp_path / "o", *COMMON).code == 0
    line = f"pepseq -q pair - {B} -o - --method random --runs 2 < {A}"
    done = shell(line, tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout == (tmp_path / "o").read_text()
    assert shell(f"pepseq pair - - -o x < {A}", tmp_path).returncode == 2


@pytest.fixture
def no_work(monkeypatch):
    from pepseq.pairing import pair_alignments

    monkeypatch.setattr(pair_alignments, "pair_in_rounds", lambda *_: pytest.fail("at work"))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--query", "none"], 65, "expected a protein of FAMILY_A in a pair"),
        (["--paired-msa", "file/p.a3m"], 74, "file/p.a3m: cannot be written"),
        (["--plot", "file/p.png"], 74, "file/p.png: cannot be written"),
        (["--known", "known.csv"], 65, "known.csv:2: 'x': there is no such protein in family A"),
        (["--alignment-a", "2"], 65, "expected 2 alignments or more, found 1"),
    ],
)
def test_inputs_and_outputs_are_checked_before_the_work(
    run, write, tmp_path, monkeypatch, no_work, arguments, code, words
):
    monkeypatch.chdir(tmp_path)
    write("file", "")
    write("known.csv", "protein_a,protein_b\nx,y\n")
    result = run("pair", A, B, "-o", "o", *COMMON, *arguments)
    assert result.code == code and words in result.err
    assert names(tmp_path) == ["file", "known.csv"]


def test_bad_records_are_found_before_the_work(run, write, tmp_path, no_work):
    twice = write("a.fa", A.read_text().replace(">A006 ", ">pröt ").replace(">A007 ", ">pröt "))
    result = run("pair", twice, B, "-o", tmp_path / "o", *COMMON)
    assert result.code == 65 and names(tmp_path) == ["a.fa"]
    assert "1 of 229 records cannot be used: " in result.err and result.err.count("\n") == 1
    assert (
        ": 'pröt': an earlier record has the same id" in result.err and "--keep-going" in result.err
    )


@pytest.mark.parametrize(
    "form",
    [
        lambda rows: "".join('"' + '"\t"'.join(row) + '"\n' for row in rows),
        lambda rows: "\r\n".join(";".join(row) for row in rows),
        lambda rows: "\n".join("\t".join(row) for row in rows).encode("utf-16"),
    ],
)
def test_known_pairs_as_r_and_spreadsheets_write_them(run, write, tmp_path, form):
    rows = [line.split("\t") for line in (DATA / "pairs_true.tsv").read_text().splitlines()[:4]]
    known = write("known.csv", form(rows))
    assert run("pair", A, B, "-o", tmp_path / "o", "--known", known, *COMMON).code == 0
    assert (tmp_path / "o").read_text().count("\tyes\n") == 3


def test_bad_records_are_left_out_and_listed(run, write, tmp_path):
    text = A.read_text()
    broken = write("a.fa", text.replace(">A007 ", ">A006 ").replace(">A009 ", "># [x]\n1\n>A009 "))
    result = run("pair", broken, B, "-o", tmp_path / "o", *COMMON, "--keep-going")
    assert result.code == 0
    failed = (tmp_path / "o.failed.tsv").read_text().splitlines()
    assert [line.split("\t")[2] for line in failed[1:]] == ["A006", "#"]
    first = (tmp_path / "o").read_bytes()
    clean = write("clean.fa", "".join(f">{r}" for r in text.split(">") if r and r[:4] != "A007"))
    run("pair", clean, B, "-o", tmp_path / "o", *COMMON, "--force")
    assert (tmp_path / "o").read_bytes() == first and not (tmp_path / "o.failed.tsv").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.rstrip("\n"),
        lambda text: "".join(
            line if line[0] == ">" else line.lower() for line in text.splitlines(keepends=True)
        ),
        lambda text: text.replace("-", "."),
    ],
)
def test_twins_of_a_clean_family_give_the_same_pairs(run, write, tmp_path, change):
    twin = write("twin.fa", change(B.read_text()))
    for name, b in (("1", B), ("2", twin)):
        assert run("pair", A, b, "-o", tmp_path / name, *COMMON).code == 0
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "found an empty file"),
        (b">a [x]\nMAG\n>b [x]\nMA\n", "'b' (line 3) has 2"),
        (b">a [x]\nM\0G\n", "'a': expected amino acids or gaps"),
        (b">a\0 [x]\nMG\n", "a NUL byte"),
        (b"\x1f\x8b\x08junk", "compressed data"),
        (b">a [x]\n---\n>b [x]\n---\n", "the rows hold gaps only"),
        (b">only one\nMAG\n", "could not find the species in the headers"),
    ],
)
def test_a_bad_family_is_an_input_error_in_one_line_and_leaves_nothing(
    run, write, tmp_path, text, words
):
    bad = write("bad", text)
    older = write("o", "older")
    result = run("pair", A, bad, "-o", older, "--force", *COMMON)
    assert result.code == 65 and words in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert older.read_text() == "older" and names(tmp_path) == ["bad", "o"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-o", "a"], 2, "overwrite an input"),
        (["-o", "o", "--paired-msa", "b", "--force"], 2, "overwrite an input or another output"),
        (["-o", "o", "--paired-msa", "o"], 2, "overwrite an input or another output"),
        (["-o", "o", "--plot", "o.unpaired.tsv"], 2, "overwrite an input or another output"),
        (["-o", "k", "--known", "k.unpaired.tsv"], 2, "overwrite an input or another output"),
        (["-o", "t", "--species", "table:t"], 2, "overwrite an input or another output"),
        (["-o", "o", "--plot", "p.bmp"], 2, "plot: expected a name that ends in"),
        (["-o", "o", "--species", "organism"], 2, "species: unknown rule 'organism'"),
        (["-o", "o", "--species", "regex:(?P<species>a{99999999999999})"], 2, "regular expression"),
        (["-o", "o", "--species", f"regex:{'(' * 9999}{')' * 9999}"], 2, "regular expression"),
        (["-o", "o", "--species", "table:none"], 65, "none: no such file"),
        (["-o", "o", "--known", "none"], 65, "none: no such file"),
        (["-o", "o", "--runs", "0"], 2, "--runs"),
        (["-o", "o", "--paired-only"], 2, "paired-only: applies to an .a3m only"),
        (["-o", "o", "--paired-only", "--paired-msa", "p.fa"], 2, "paired-only: applies to"),
        (["-o", "older"], 74, "older: already exists"),
        (["-o", "/dev/full"], 74, "is not a regular file"),
        (["-o", "/dev/full", "--force"], 74, "is not a regular file"),
    ],
)
def test_bad_settings_and_outputs_end_the_run_and_change_no_file(
    run, write, tmp_path, monkeypatch, arguments, code, words
):
    monkeypatch.chdir(tmp_path)
    write("a", A.read_bytes())
    write("b", B.read_bytes())
    for name in ("older", "k.unpaired.tsv", "t"):
        write(name, "protein_a\tprotein_b\tprotein\tspecies\n")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    result = run("pair", "a", "b", *arguments)
    assert result.code == code and words in result.err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_second_run_on_one_output_is_kept_out(run, tmp_path):
    with locked(tmp_path / "o"):
        result = run("pair", A, B, "-o", tmp_path / "o", *COMMON)
    assert result.code == 75 and "another run is writing this file" in result.err
    assert run("pair", A, B, "-o", tmp_path / "o", *COMMON).code == 0


@pytest.mark.parametrize("target", ["o", "x/o"])
def test_an_output_that_cannot_be_written_is_an_output_error(tmp_path, write, target):
    write("x", "a file")
    if target == "o":
        line = f"ulimit -f 0; trap '' XFSZ; pepseq pair {A} {B} -o o --method random"
    else:
        line = f"pepseq pair {A} {B} -o {target} --method random"
    done = shell(line, tmp_path)
    assert done.returncode == 74 and "Traceback" not in done.stderr
    assert names(tmp_path) == ["x"]


def test_a_full_or_closed_stdout_is_an_output_error(tmp_path):
    full = shell(f"pepseq pair {A} {B} -o - --method random > /dev/full", tmp_path)
    assert full.returncode == 74 and "No space left" in full.stderr
    assert len(full.stderr.strip().splitlines()) == 2 and "Traceback" not in full.stderr
    closed = shell(f"(pepseq -q pair {A} {B} -o - --method random; echo $? >&2) | true", tmp_path)
    assert closed.stderr == "74\n"
    closed = shell(f"pepseq pair {A} {B} -o - --method random >&-", tmp_path)
    assert "stdout: is closed" in closed.stderr


def test_ids_never_become_file_names(run, write, tmp_path):
    a = write("a", ">../../etc/a [../x]\nMAG\n>/b [../x]\nMAC\n")
    b = write("b", ">../../etc/b [../x]\nMAG\n")
    (tmp_path / "in").mkdir()
    result = run("pair", a, b, "-o", tmp_path / "in" / "o", *COMMON)
    assert result.code == 0
    assert names(tmp_path) == ["a", "b", "in"]
    assert names(tmp_path / "in") == ["o", "o.run.json", "o.unpaired.tsv"]


def test_the_query_of_an_a3m_has_residues(run, write, tmp_path):
    a = write("a", ">a1 [x]\n---\n>a2 [y]\nMAG\n>a3 [z]\nMA-\n")
    b = write("b", ">b1 [x]\nMK\n>b2 [y]\n--\n>b3 [z]\nKM\n")
    arguments = ("-o", tmp_path / "o", "--paired-msa", tmp_path / "p.a3m", *COMMON)
    bracket = ("--species", "bracket")
    assert run("pair", a, b, *arguments, *bracket).code == 0
    assert (tmp_path / "p.a3m").read_text().startswith("#2,2\t1,1\n>101\t102\nMAKM\n")
    a = write("a", ">a1 [x]\n---\n>a2 [y]\nMAG\n")
    result = run("pair", a, b, *arguments, *bracket, "--force")
    assert result.code == 65 and "both with residues, found none" in result.err


AT_WORK = """
import pathlib, sys
import pepseq.pairing.information as module
from pepseq.cli.main import main
module.SEARCH = module.PairingSearchSettings(sweeps=10**6)
step = getattr(module, sys.argv[1])
def tell(*arguments):
    pathlib.Path(sys.argv[2]).touch()
    return step(*arguments)
setattr(module, sys.argv[1], tell)
main(sys.argv[3:])
"""


@pytest.mark.parametrize(
    ("number", "step"), [(signal.SIGINT, "covariance"), (signal.SIGTERM, "anneal")]
)
def test_a_run_that_is_stopped_ends_soon_and_leaves_nothing(write, tmp_path, number, step):
    """A run here takes many minutes; what is compiled at its start may take some of the wait."""
    random = Random(1)
    text = "".join(
        f">{at} [{at // 3}]\n{''.join(random.choices('ACDE-', k=30))}\n" for at in range(600)
    )
    family, folder, at_work = write("family", text), tmp_path / "out", tmp_path / "at_work"
    folder.mkdir()
    line = [sys.executable, "-c", AT_WORK, step, at_work, "pair", family, family]
    options = "--species bracket --method mirrortree --threads 2".split()
    process = subprocess.Popen([*line, "-o", folder / "o", *options], stderr=subprocess.PIPE)
    try:
        while process.poll() is None and not at_work.exists():
            time.sleep(0.02)
        time.sleep(0.2)
        assert process.poll() is None
        process.send_signal(number)
        assert process.wait(90) == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    finally:
        process.kill()
        process.communicate()
    assert list(folder.iterdir()) == []


def test_a_killed_run_is_done_again_as_if_it_had_not_been(run, tmp_path):
    assert run("pair", A, B, "-o", tmp_path / "o", *COMMON).code == 0
    code = (
        "import os, signal, sys\nfrom pepseq.pairing.method_choice import METHODS\n"
        "import pepseq.pairing.pair as module\n"
        "METHODS['information'] = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "module.pair(*sys.argv[1:])\n"
    )
    (tmp_path / "again").mkdir()
    target = tmp_path / "again" / "o"
    done = subprocess.run([sys.executable, "-c", code, A, B, target])
    assert done.returncode == -9 and not target.exists()
    assert run("pair", A, B, "-o", target, *COMMON).code == 0
    for name in ("o", "o.unpaired.tsv"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert names(tmp_path / "again") == ["o", "o.run.json", "o.unpaired.tsv"]


@pytest.mark.slow
def test_no_home_and_the_C_locale(tmp_path):
    line = f"pepseq pair {A} {B} -o o --plot p.png"
    done = shell(f"unset HOME; {line}", tmp_path, LC_ALL="C", MPLCONFIGDIR="")
    assert done.returncode == 0, done.stderr
    assert "p.png" in names(tmp_path)


def test_the_query_and_the_least_confidence_of_a_paired_alignment(run, tmp_path):
    name = "A101"
    arguments = ("--paired-msa", tmp_path / "p.a3m", "--query", name, "--min-confidence", 0.9)
    result = run("pair", A, B, "-o", tmp_path / "o", "--method", "information", *arguments)
    assert result.code == 0 and f"the query is {name} with " in result.err
    pairs = [line.split("\t") for line in (tmp_path / "o").read_text().splitlines()[1:]]
    sure = {(a, b) for _, a, b, confidence, *_ in pairs if float(confidence) >= 0.9}
    headers = [line for line in (tmp_path / "p.a3m").read_text().splitlines() if line[0] == ">"]
    written = {tuple(header[1:].split("\t")) for header in headers[1:] if "\t" in header}
    (query,) = {(a, b) for _, a, b, *_ in pairs if a == name}
    assert 20 < len(written) < len(pairs) and written == sure - {query}
    refused = run("pair", A, B, "-o", tmp_path / "o2", "--paired-msa", "-", "--query", "none")
    assert refused.code == 65 and "expected a protein of FAMILY_A" in refused.err


def test_the_unpaired_rows_are_left_out_on_request(run, tmp_path):
    for name, options in (("both.a3m", ()), ("paired.a3m", ("--paired-only",))):
        msa = ("--paired-msa", tmp_path / name, *options)
        result = run("pair", A, B, "-o", tmp_path / "o", *COMMON, *msa, "--force")
        assert result.code == 0
    both, paired = ((tmp_path / f"{n}.a3m").read_text().splitlines() for n in ("both", "paired"))
    assert "paired.a3m: 111 paired rows, unpaired rows: 0 of A, 0 of B; " in result.err
    single = [line[1:] for line in both if line[0] == ">" and "\t" not in line]
    unpaired = [row.split("\t") for row in (tmp_path / "o.unpaired.tsv").read_text().splitlines()]
    assert sorted(single) == sorted(["101", "102", *(row[2] for row in unpaired[1:])])
    assert len(both) == len(paired) + 2 * 7 and set(paired) < set(both)


def test_other_fields_that_name_the_species_are_listed(run, tmp_path):
    for side in "ab":
        rows = [(sp, at) for sp in ("Homo", "Mus", "Rattus") for at in range(3)]
        text = "".join(f">{side}{n}|p{at}|{sp}\n{'MK' * 5}\n" for n, (sp, at) in enumerate(rows))
        (tmp_path / side).write_text(text)
    result = run("pair", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "o")
    assert result.code == 0
    assert "use another one that fits as well" in result.err and "field:|:" in result.err
    assert "such as 'Homo'" in result.err or "such as 'p0'" in result.err
