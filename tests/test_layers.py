"""Data flows down the page and imports point up it; heavy things are imported where needed."""

import ast
import subprocess
import sys

import pytest
from places import ROOT

import pepseq

ORDER = [
    *("errors", "version", "settings", "kernels", "processes", "io", "http"),
    *("sequences", "uniprot", "readout", "digestion", "fluorosequencing"),
    *("templates", "library", "models", "network", "prediction"),
    *("quantification", "identification"),
    *("training", "pairing", "evaluation", "structure", "design", "splitting", "reporting", "cli"),
]
FILES = sorted((ROOT / "pepseq").rglob("*.py"))


def room(name):
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else None


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_up(path):
    own = path.relative_to(ROOT).parts[1].removesuffix(".py")
    if own not in ORDER:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pepseq."):
            assert ORDER.index(room(node.module)) <= ORDER.index(own), (path, node.module)


def test_only_the_command_line_imports_click():
    for path in FILES:
        text = path.read_text()
        if "import click" in text:
            assert path.parent.name == "cli", path


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("pepseq", "torch transformers numpy pandas"),
        ("pepseq.cli.main", "click logging"),
        ("pepseq.cli.commands", "torch transformers pandas matplotlib numpy importlib.metadata"),
        ("pepseq.cli.predict", "torch transformers pandas matplotlib numpy"),
        ("pepseq.cli.simulate", "torch transformers pandas matplotlib numpy numba"),
        ("pepseq.cli.quantify", "torch transformers pandas matplotlib numpy numba"),
        ("pepseq.cli.design", "torch transformers pandas matplotlib numpy numba"),
        ("pepseq.cli.merge_amounts", "torch transformers pandas matplotlib numpy numba"),
        ("pepseq.evaluation.evaluate", "torch transformers matplotlib numba pandas"),
        ("pepseq.evaluation.identity", "torch transformers matplotlib"),
        ("pepseq.pairing.pair", "torch transformers pandas matplotlib scipy numba"),
        ("pepseq.structure.scoring.score", "torch transformers pandas gemmi biotite tmtools"),
        ("pepseq.reporting.build", "torch transformers pandas matplotlib numba gemmi"),
        ("pepseq.structure.folding.fold", "torch transformers pandas gemmi biotite tmtools"),
        (
            "pepseq.structure.alphafold_db.download",
            "torch transformers pandas gemmi biotite tmtools",
        ),
        ("pepseq.readout.masking", "torch transformers pandas"),
    ],
)
def test_nothing_heavy_is_imported_early(module, without):
    code = f"import sys, {module}; print([m for m in {without.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_data_file_is_packaged():
    packaged = {"models/bundled", "models/architectures", "templates/bundled"}
    packaged |= {"reporting/static", "reporting/templates"}
    patterns = (ROOT / "pyproject.toml").read_text()
    assert all(f'"{name.partition("/")[2]}/*' in patterns for name in packaged)
    for path in (ROOT / "pepseq").rglob("*"):
        made = path.suffix in (".py", ".pyc", ".nbi", ".nbc") or ".pepseq-index" in str(path)
        if path.is_file() and not made and path.name != "py.typed":
            assert f"{path.parent.parent.name}/{path.parent.name}" in packaged, path


def test_editors_see_the_names_that_are_imported_on_first_use():
    tree = ast.parse((ROOT / "pepseq" / "__init__.py").read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {name.asname: node.module for node in block.body for name in node.names}
    assert seen == pepseq._MODULE_OF
    assert all(callable(getattr(pepseq, name)) for name in seen)


def test_no_public_name_is_a_package_too():
    names = {path.name for path in (ROOT / "pepseq").iterdir()}
    assert not {*pepseq._MODULE_OF} & {name.removesuffix(".py") for name in names}
