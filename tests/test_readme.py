"""What README and docs/ say is what the commands do: examples run, tables are complete."""

import gzip
import importlib
import json
import os
import re
import runpy
import shlex
import shutil
from pathlib import Path

import click
import pytest
from documentation import COMMAND_PAGES, FORMATS, IN_ORDER, PAGES, README, TEXT, blocks
from evaluation_folder import rows
from places import DATA, ROOT
from pytest import approx

import pepseq
from pepseq.cli.commands import COMMANDS, GROUPS
from pepseq.design.design_table import DESIGN_COLUMNS
from pepseq.identification.fit_table import LOOKUP_COLUMNS
from pepseq.identification.found_proteins import PROTEIN_COLUMNS
from pepseq.prediction.residue_table import TABLE_COLUMNS
from pepseq.quantification.quantities import COPIES_COLUMNS, QUANTIFY_COLUMNS
from pepseq.quantification.score_tables import SCORE_COLUMNS, WHATPROT_COLUMNS
from pepseq.structure.alphafold_db.download import FETCH_COLUMNS
from pepseq.structure.folding.fold import FOLD_COLUMNS
from pepseq.structure.scoring import rows as structure_rows
from pepseq.structure.scoring.complex_rows import COMPLEX_COLUMNS, INTERFACE_COLUMNS
from pepseq.training.loss_curves import COLUMNS

PROTEINS, RESIDUES = 13, 100
PRESETS = ("KCYM", "K2")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """An empty folder with data/; of E. coli, the first proteins, and what trains is short."""
    shutil.copytree(DATA, tmp_path / "data")
    if "PEPSEQ_HEAVY_TESTS" not in os.environ:
        for name in ("ecoli_536.fasta", "readouts_KCYM.fasta"):
            path = tmp_path / "data" / name
            path.write_text(">".join(path.read_text().split(">")[: PROTEINS + 1]))
        for path in (tmp_path / "data").glob("*.fasta.gz"):
            records = gzip.decompress(path.read_bytes()).decode().split(">")[1 : PROTEINS + 1]
            pairs = [record.split("\n", 1) for record in records]
            short = "".join(f">{i}\n{s.replace(chr(10), '')[:RESIDUES]}\n" for i, s in pairs)
            path.write_bytes(gzip.compress(short.encode()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_every_command_line_runs(checkout, run):
    lines = [line for t in IN_ORDER for block in blocks("sh", t) for line in block.splitlines()]
    calls = [part.strip() for line in lines for part in line.split("&&") if "pepseq " in part]
    calls = [c for c in calls if c.split()[0] in ("pepseq", ".venv/bin/pepseq")]
    assert len(calls) >= 8
    for call in calls:
        result = run(*shlex.split(call)[1:])
        assert result.code == 0, (call, result.err)
    runpy.run_path(ROOT / "docs" / "make_overview.py")["main"](checkout / "overview.png")
    assert (checkout / "overview.png").stat().st_size > 20_000
    for folder in ("evaluation", "accuracy"):
        for table in (checkout / folder).glob("*.tsv"):
            for column in table.read_text().splitlines()[0].split("\t"):
                known = f"`{column}`" in FORMATS["Folder of an evaluation"] or len(column) == 1
                assert known, (table, column)


@pytest.mark.slow
def test_the_commands_from_reads_to_amounts_run(tmp_path, monkeypatch, run):
    """The five commands on all proteins, with fewer reads; the amounts are near the true ones."""
    shutil.copytree(DATA, tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    commands, shown = blocks("console", PAGES["tutorials/amounts.md"])
    all_reads = "PEPSEQ_HEAVY_TESTS" in os.environ
    fewer, changed = re.subn(r"(?<= --reads )100000(?= )", "5000", commands)
    lines = (commands if all_reads else fewer).splitlines()
    assert changed == 1 and len(lines) == 5
    messages = []
    for line in lines:
        program, *arguments = shlex.split(line)
        result = run(*arguments)
        assert program == "pepseq" and result.code == 0, (line, result.err)
        messages += result.err.splitlines()
    reads_line, groups_line, cut, header, *_ = shown.splitlines()
    assert not all_reads or {reads_line, groups_line} <= set(messages)

    truth, amounts = rows("sample.tsv.truth.tsv"), rows("amounts.tsv")
    columns = [list(amounts[0])[place - 1] for place in (1, 4, 6, 8, 9, 10)]
    assert "cut -f 1,4,6,8-10 " in cut and columns == header.split()
    present = {row["protein"] for row in truth if float(row["copies"]) > 0}
    found = {row["proteins"] for row in amounts if float(row["q_value"]) <= 0.01}
    assert len(present) == 150 and len(found) >= 50
    assert len(found - present) <= 0.05 * len(found)
    most = max(truth, key=lambda row: float(row["molar_fraction"]))
    assert amounts[0]["proteins"] == most["protein"]
    assert float(amounts[0]["molar_fraction"]) == approx(float(most["molar_fraction"]), rel=0.25)
    summary = json.loads(Path("quantities/summary.json").read_text())
    assert summary["found"] == len(found & present) and summary["spearman"] > 0.8
    reads = int(Path("sample.tsv").read_text().splitlines()[1])
    assert {row["id"] for row in rows("fits.tsv")} == set(map(str, range(1, reads + 1)))
    page = Path("amounts.html").read_text()
    assert all(protein in page for protein in found)


def test_the_python_example_runs(checkout):
    examples = blocks("python", PAGES["reference/python.md"])
    assert len(examples) == len(blocks("python", TEXT)) >= 3
    for block in examples:
        exec(compile(block, "python.md", "exec"), {})
    assert (checkout / "scores" / "summary.json").exists()


def options_of(command):
    """Options of a command and of the commands below it."""
    below = command.commands.values() if isinstance(command, click.Group) else []
    own = [p for p in command.params if isinstance(p, click.Option)]
    return own + [option for child in below for option in options_of(child)]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_page_with_its_options(name):
    module = f"pepseq.cli.{name.replace('-', '_')}"
    page = PAGES[f"reference/commands/{name}.md"]
    assert f".. options:: {module}:command\n   :prog: pepseq {name}\n" in page
    options = options_of(importlib.import_module(module).command)
    assert all(option.help for option in options)
    known = {name for option in options for name in option.opts + option.secondary_opts}
    rows = re.findall(r"^\| ((?:`-[\w-]+`(?:, )?)+) \|", page, re.M)
    named = {option for row in rows for option in re.findall(r"`(-[\w-]+)`", row)}
    assert named <= known, named - known


def test_the_page_of_commands_has_their_groups():
    page = PAGES["reference/commands/index.md"]
    for group, names in GROUPS.items():
        assert f"- {group}: " + ", ".join(f"[`{n}`]({n}.md)" for n in names) + "\n" in page, group


def test_what_readme_expects_was_measured():
    """The figures are those of the tables of the benchmarks."""
    cells = [line.strip("| ").split(" | ") for line in PAGES["benchmarks/proteins.md"].splitlines()]
    measured = {(row[0], row[1]): row[3] for row in cells if len(row) == 8 and row[1] in PRESETS}
    for line in PAGES["benchmarks/network.md"].splitlines():
        row = line.strip("| ").split(" | ")
        if len(row) == 6 and row[0] == "*E. coli* 536":
            measured["most common", row[1]] = row[2]
    names = {"150 proteins of Swiss-Prot": "novel", "*E. coli* 536": "*E. coli* 536"}
    names |= {"*E. albertii*": "*E. albertii* 016904755"}
    names |= {"*E. fergusonii*": "*E. fergusonii* 020097475"}
    rows = re.findall(r"^\| (.*?) \| (.*?) \| ([\d.]+) \| ([\d.]+) \|$", README, re.M)
    assert len(rows) == 5
    for reference, test, kcym, k2 in rows:
        name = "most common" if "common amino acid" in reference else names[test]
        assert measured[name, "KCYM"].split()[0] == kcym
        assert measured[name, "K2"].split()[0] == k2


def test_the_gallery_shows_each_figure_that_its_script_makes():
    figures = set(runpy.run_path(ROOT / "docs" / "make_gallery.py")["FIGURES"])
    assert figures == {path.stem for path in (ROOT / "docs" / "gallery").glob("*.png")}
    assert figures == set(re.findall(r"\]\(gallery/(\w+)\.png\)", PAGES["gallery.md"]))


def test_every_page_has_its_place_in_a_list_of_contents():
    listed = {"index.md"}
    for page, text in PAGES.items():
        for block in blocks(r"\{toctree\}", text):
            names = [line for line in block.splitlines() if line and line[0] != ":"]
            listed |= {(Path(page).parent / f"{name}.md").as_posix() for name in names}
    assert listed == set(PAGES)


def test_the_page_of_functions_has_all():
    named = re.findall(r"^\.\. auto(?:function|class):: pepseq\.(\w+)$", TEXT, re.M)
    assert sorted(named) == sorted(set(pepseq.__all__) - {"__version__"})


def test_every_column_and_exit_code_is_explained():
    columns = {
        "Table of residues": TABLE_COLUMNS,
        "Folder of predicted structures": FOLD_COLUMNS,
        "Table of amounts": QUANTIFY_COLUMNS + COPIES_COLUMNS,
        "Scores of dye sequences": SCORE_COLUMNS + WHATPROT_COLUMNS,
        "Table of label sets": DESIGN_COLUMNS,
        "Table of fits": LOOKUP_COLUMNS,
        "Table of proteins found": PROTEIN_COLUMNS,
        "Folder of downloaded structures": FETCH_COLUMNS,
        "Table of structure scores": (
            *structure_rows.SCORE_COLUMNS,
            *COMPLEX_COLUMNS,
            *INTERFACE_COLUMNS,
        ),
        "Trained network": COLUMNS.values(),
    }
    for section, names in columns.items():
        for column in names:
            assert f"`{column}`" in FORMATS[section], (section, column)
    for code in (0, 1, 2, 65, 74, 75):
        assert f"| {code} |" in PAGES["reference/commands/index.md"]


def test_readme_is_short_and_its_links_lead_somewhere():
    assert len(README.splitlines()) <= 200
    sources = {ROOT / "docs" / page: text for page, text in PAGES.items()}
    sources |= {ROOT / "README.md": README}
    links = 0
    for source, text in sources.items():
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
            assert (source.parent / target).exists(), (source, target)
            links += 1
    assert links > 100 and set(COMMAND_PAGES) <= set(PAGES)


def test_set_up_is_two_lines_each_with_a_mark():
    marks = re.findall(r"<!-- set-up (\d) -->\n```sh\n(.*?)```", README, re.S)
    assert [number for number, _ in marks] == ["1", "2"]
    assert all(len(block.splitlines()) == 1 for _, block in marks)


def test_no_gap_is_left():
    assert "@@" not in TEXT
