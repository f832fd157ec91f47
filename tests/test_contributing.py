"""CONTRIBUTING.md names files and objects that exist."""

import re

from places import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text()


def test_files_that_are_named_exist():
    paths = re.findall(r"`((?:pepseq|tests|workflows|\.ci)/[\w./-]+)", TEXT)
    assert len(paths) > 20
    for path in paths:
        if not re.search(r"PACKAGE|NAME|COMMAND", path):
            assert (ROOT / path).exists(), path


def test_every_package_is_in_the_table():
    packages = {path.parent.name for path in (ROOT / "pepseq").glob("*/__init__.py")}
    rows = set(re.findall(r"^\| `(\w+)`", TEXT, re.M))
    assert packages <= rows, packages - rows


def test_names_stand_in_the_file_that_is_named_with_them():
    pairs = re.findall(r"`([A-Z_a-z]+)(?:\.\w+)?` (?:in|of) `(pepseq/[\w./]+\.py)`", TEXT)
    assert len(pairs) >= 6
    for name, path in pairs:
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text()), (name, path)
