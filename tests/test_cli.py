import os
import resource
import subprocess
import sys

import pytest

from pepseq.cli.commands import COMMANDS
from pepseq.version import __version__

TABLE = "id\tposition\tresidue\tsource\tconfidence\tsecond\tthird\na\t1\tM\tobserved\t1\t\t\n"


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_is_fast_and_imports_no_torch(command):
    code = (
        "import sys; from pepseq.cli.commands import cli\n"
        f"try: cli({[*command, '--help']!r})\n"
        "except SystemExit: print([m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.startswith("Usage: ") and done.stdout.endswith("[]\n")
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5  # seconds


def test_the_list_of_commands_has_the_first_lines_of_their_help():
    import importlib

    for name, text in COMMANDS.items():
        command = importlib.import_module(f"pepseq.cli.{name.replace('-', '_')}").command
        assert command.name == name and command.help.startswith(text)


def test_the_version_is_printed(run):
    assert run("--version").out == f"pepseq, version {__version__}\n"


@pytest.mark.parametrize("arguments", [["nonsense"], ["mask"], ["predict", "x", "--device", "tpu"]])
def test_wrong_usage_has_exit_code_2(run, arguments):
    result = run(*arguments)
    assert result.code == 2 and "Usage" in result.err


@pytest.mark.parametrize("name", ["missing.fasta", "."])
def test_a_missing_input_is_an_input_error_of_one_line(run, name, tmp_path):
    source = tmp_path / "r"
    source.write_text(">a\nMXK\n")
    for command in (
        ["mask", name, "--readout", "K1"],
        ["predict", name],
        ["predict", name, "--mode", "templates"],
        ["predict", source, "--reference", name],
    ):
        result = run(*command, "-o", tmp_path / "o")
        assert result.code == 65 and len(result.err.strip().splitlines()) == 1


def test_a_bug_is_reported_in_one_line(run, fasta, tmp_path, monkeypatch):
    import pepseq.readout.simulation as module

    monkeypatch.setattr(module, "mask_table", lambda *a: 1 / 0)
    source = fasta("p", [("a", "MK")])
    result = run("mask", source, "-o", tmp_path / "o", "--readout", "K1")
    assert result.code == 1 and "ZeroDivisionError" in result.err
    assert len(result.err.strip().splitlines()) == 1


def test_quiet_prints_no_messages(run, fasta, tmp_path, protbert):
    source = fasta("r", [("a", "MXK")])
    common = ["predict", source, "--model", protbert, "--readout", "K1"]
    assert "1 of 3 residues" in run(*common, "-o", tmp_path / "1").err
    assert run("-q", *common, "-o", tmp_path / "2").err == ""


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("mask - -o out --readout K1 <&-", 65, "stdin"),
        ("mask in -o - --readout K1 >&-", 74, "stdout"),
        ("mask missing -o out --readout K1 2>/dev/full", 65, ""),
        ("mask - - -o out --readout K1 <in", 2, "only one input from stdin"),
        ("mask in -o out --readout K1 >&-", 0, ""),
        ("models list >&-", 74, "stdout: is closed"),
        ("show a table >&-", 74, "stdout: is closed"),
        ("mask in -o /proc/out --readout K1", 74, "/proc/out: cannot be written"),
    ],
)
def test_closed_and_full_streams_have_their_exit_codes(tmp_path, line, code, words):
    (tmp_path / "in").write_text(">a\nMAK\n")
    (tmp_path / "table").write_text(TABLE)
    done = subprocess.run(
        f"{sys.executable} -m pepseq {line}",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == code and words in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "line", ["--help", "models list", "show a table", "mask in -o - --readout K1"]
)
def test_a_full_device_is_an_output_error_of_one_line(tmp_path, line, unbuffered):
    (tmp_path / "in").write_text(">a\nMAK\n")
    (tmp_path / "table").write_text(TABLE)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pepseq", *line.split()],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )
    assert done.returncode == 74
    assert done.stderr == "Error: stdout: cannot be written: No space left on device\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "table"]


def test_no_file_gets_the_number_of_a_closed_stream(tmp_path):
    (tmp_path / "in").write_text(">a\nMAK\n")
    code = "import os; from pepseq.cli import streams; streams.set_up(); print(os.dup(0))"
    done = subprocess.run(
        f"{sys.executable} -c '{code}' 2>&-", shell=True, capture_output=True, text=True
    )
    assert int(done.stdout) > 2


@pytest.mark.parametrize(
    ("words", "suggested"),
    [
        (["pedict"], "No such command 'pedict'. Did you mean 'predict'?"),
        (["evaluat"], "No such command 'evaluat'. Did you mean 'evaluate' or 'evaluate-pairs'?"),
        (["xyz"], "No such command 'xyz'."),
        (["help", "pedict"], "No such command 'pedict'. Did you mean 'predict'?"),
        (["models", "dowload"], "No such command 'dowload'. Did you mean 'download'?"),
        (["predict", "--tabel"], "'--table'"),
    ],
)
def test_mistyped_names_get_a_suggestion(run, words, suggested):
    done = run(*words)
    assert done.code == 2 and suggested in done.err


@pytest.mark.parametrize("words", [[], ["mask"], ["models"], ["models", "download"]])
def test_the_command_help_prints_help(run, words):
    assert run("help", *words).out == run(*words, "--help").out


def test_mask_logs_the_number_of_proteins(run, fasta, tmp_path):
    source = fasta("p", [(f"p{number}", "MAK") for number in range(1234)])
    done = run("mask", source, "-o", tmp_path / "o", "--readout", "K1")
    assert done.err == f"masked 1,234 proteins: {tmp_path / 'o'}\n"
    source = fasta("p", [("a", "MK"), ("a", "MAK")])
    call = ["mask", source, "-o", tmp_path / "p.o", "--readout", "K1", "--keep-going"]
    assert run(*call).err == f"masked 1 protein (1 left out): {tmp_path / 'p.o'}\n"
    assert run("-q", *call, "--force").err == ""


@pytest.mark.slow
@pytest.mark.parametrize("records", [2, 9000], ids=["written at the end", "written meanwhile"])
def test_a_closed_pipe_leaves_no_other_output(tmp_path, records):
    """Standard output is written to its end before any file gets its name."""
    (tmp_path / "r").write_text("".join(f">p{number}\nMXXKXC\n" for number in range(records)))
    (tmp_path / "r2").write_text(">a\nMAGKAC\n")
    call = "predict r -o - --table t.tsv --mode templates --readout K1 --reference r2"
    done = subprocess.run(
        f"({sys.executable} -m pepseq -q {call}; echo $? >code) | true",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": ""},
    )
    assert (tmp_path / "code").read_text() == "74\n" and done.stderr == ""
    left = [path.name for path in tmp_path.iterdir() if "index" not in path.name]
    assert sorted(left) == ["code", "r", "r2"]


def test_messages_contain_no_control_characters(run, tmp_path):
    name = "m\x1b[31m\x07"
    table = tmp_path / f"{name}.tsv"
    table.write_text(TABLE)
    said = [
        run("mask", tmp_path / name, "-o", tmp_path / "o", "--readout", "K1").err,
        run("report", table, "-o", tmp_path / "p.html").err,
    ]
    for text in said:
        assert r"m\x1b[31m\x07" in text and "\x1b" not in text and "\x07" not in text
