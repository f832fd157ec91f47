"""Help of commands: groups, sections and examples; citation, log file, doctor."""

import re
import shlex

import click
import click.testing
import pytest

from pepseq.cli.commands import COMMANDS, GROUPS, cli
from pepseq.cli.help_sections import Command
from pepseq.io.terminal_table import format_for_terminal
from pepseq.version import __version__

CONTEXT = click.Context(cli, info_name="pepseq")


def commands():
    found = {}

    def add(command, name):
        if isinstance(command, click.Group):
            for sub in command.list_commands(CONTEXT):
                add(command.get_command(CONTEXT, sub), f"{name} {sub}".strip())
        else:
            found[name] = command

    add(cli, "")
    return found


ALL = commands()


def help_of(name):
    return click.testing.CliRunner().invoke(cli, [*name.split(), "--help"]).output


@pytest.mark.parametrize("name", ALL)
def test_example_can_be_parsed_and_names_the_command(name):
    command = ALL[name]
    assert isinstance(command, Command)
    program, *arguments = shlex.split(command.example)
    assert program == "pepseq" and arguments[: len(name.split())] == name.split()
    command.make_context(name, arguments[len(name.split()) :])


@pytest.mark.parametrize("name", ALL)
def test_help_has_the_example_unwrapped_and_each_option_once(name):
    text = help_of(name)
    assert f"Example:\n  {ALL[name].example}\n" in text
    after = text.partition("Example:")[2]
    options = [p for p in ALL[name].params if isinstance(p, click.Option) and not p.hidden]
    for option in options:
        start = f"  {', '.join(option.opts)} "
        assert sum(f"{line} ".startswith(start) for line in after.split("\n")) == 1
    assert text.rstrip().endswith("Show this message and exit.") == ("Running:" in text)


def test_main_options_exist_and_come_first():
    for name, command in ALL.items():
        names = {p.name for p in command.params}
        assert set(command.main_options) <= names, name
    text = help_of("predict")
    assert text.index("--reference") < text.index("--table") < text.index("Options:\n  --")


def test_pepseq_alone_lists_all_commands_in_groups():
    text = click.testing.CliRunner().invoke(cli, ["--help"]).output
    places = [text.index(f"\n{title}:\n") for title in GROUPS]
    assert places == sorted(places)
    assert all(f"\n  {name} " in text for name in COMMANDS)


def test_citation_names_the_papers(run):
    done = run("--citation")
    assert (done.code, done.err) == (0, "") and "arXiv:2408.00892" in done.out


def test_log_file_has_messages_and_errors_with_their_time(run, fasta, tmp_path):
    log, reads = tmp_path / "log.txt", tmp_path / "reads.fasta"
    mask = (
        "--log-file",
        log,
        "mask",
        fasta("p.fasta", [("a", "MKC")]),
        "--readout",
        "K1",
        "-o",
        reads,
    )
    assert run(*mask).code == 0
    assert run(*mask).code == 74
    first, second = log.read_text().splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} INFO masked 1 protein: .+", first)
    assert " ERROR Error: " in second and second.endswith("--force overwrites it")


def test_log_file_that_cannot_be_written(run, fasta):
    result = run(
        "--log-file",
        "/nowhere/log.txt",
        "mask",
        fasta("p.fasta", [("a", "MKC")]),
        "--readout",
        "K1",
    )
    assert (result.code, result.out) == (74, "")
    assert result.err == "Error: /nowhere/log.txt: No such file or directory\n"


def test_doctor_prints_a_table_without_network(run, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    result = run("doctor")
    rows = [line.split("\t") for line in result.out.splitlines()]
    assert (result.code, result.err) == (0, "") and rows[0] == ["part", "state", "advice"]
    states = {part: state for part, state, _ in rows[1:]}
    assert states["pepseq"] == __version__ and states["references"] == "none of your own"
    assert states["extra align"].startswith(("pyfamsa ", "not here"))


@pytest.mark.parametrize("command", ["mask", "predict", "lookup", "score", "pair", "merge"])
def test_output_is_standard_output_by_default(command):
    output = next(p for p in ALL[command].params if p.name == "output")
    assert output.default == "-" and not output.required


def test_table_on_a_terminal_is_aligned_and_names_columns_without_room(
    run, fasta, monkeypatch, tmp_path
):
    reads = fasta("reads.fasta", [("read_1", "MKXXCXYK")])
    known = fasta("known.fasta", [("protein_1", "MKAACAYK"), ("other", "MAAAAAAAAK")])
    lookup = ("lookup", reads, "--readout", "KCYM", "--reference", known)
    piped = run(*lookup)
    header = piped.out.split("\n")[0].split("\t")
    monkeypatch.setattr("pepseq.io.outputs.is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    shown = run(*lookup)
    lines = shown.out.splitlines()
    assert lines[0].split() == header[: len(lines[0].split())] and max(map(len, lines)) <= 40
    assert lines[1].index("protein_1") == lines[0].index("protein")
    assert f"too narrow for the columns {', '.join(header[len(lines[0].split()) :])};" in shown.err
    assert "\t" not in shown.out


def test_wide_columns_are_left_out_of_a_terminal_first():
    rows = [("id", "model", "tm_score", "rmsd"), ("a", "/a/long/path/of/a/model.pdb", "0.9", "1.5")]
    text, left_out = format_for_terminal(rows, 24)
    assert (text, left_out) == ("id  tm_score  rmsd\na   0.9       1.5\n", ["model"])
    assert format_for_terminal(rows, 12)[1] == ["model", "rmsd"]


@pytest.mark.parametrize("name", ["search", "simulate", "fold", "evaluate", "split", "report"])
def test_a_required_output_that_is_missing_is_wrong_usage(run, name):
    arguments = [p.name or "" for p in ALL[name].params if isinstance(p, click.Argument)]
    result = run(name, *arguments)
    assert result.code == 2 and "Usage: pepseq" in result.err and "Missing option" in result.err
    output = next(p for p in ALL[name].params if p.name == "output")
    assert output.required
