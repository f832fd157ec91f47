"""Sphinx configuration: `sphinx-build -W --keep-going -n docs site`."""

import re

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx_click.ext import ClickDirective

from pepseq.version import __version__

project = "pepseq"
release = version = __version__
copyright = "the authors of pepseq, GPL-3.0-or-later"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_click"]
autodoc_typehints = "none"
nitpicky = True
smartquotes = False

myst_heading_anchors = 4

html_theme = "furo"
html_title = f"pepseq {__version__}"
html_show_sphinx = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["pepseq.css"]


class Options(ClickDirective):
    """Usage and options of a command, without headings: the page has one."""

    def run(self) -> list[nodes.Node]:
        """Return the nodes."""
        [section] = super().run()
        for rubric in list(section.findall(nodes.rubric)):
            if rubric.astext() in ("Usage", "Options"):
                rubric.parent.remove(rubric)
        return section.children[1:]


def drop_description(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Leave out what the page of a command says; keep descriptions of commands below it."""
    if context.parent is None:
        lines.clear()


def drop_arguments(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Leave out arguments, which the usage shows."""
    lines.clear()


def join_choices(lines: list[str]) -> list[str]:
    """Return the lines of an option with choices and default at the end of its text."""
    joined: list[str] = []
    for line in lines:
        found = re.match(r" +:(default|options): (.*)", line)
        if not found:
            joined.append(line.replace(":|:", r":\|:"))
            continue
        while not joined[-1].strip():
            joined.pop()
        value = found[2].replace("'", "")
        if found[1] == "options":
            value = ", ".join(f"``{choice}``" for choice in value.split(" | "))
        joined[-1] += f" {'One of' if found[1] == 'options' else 'Default:'} {value}."
    return [*joined, ""]


def group_options(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Put options in the sections and the order of the help."""
    if isinstance(context.command, click.Group):
        return
    blocks: dict[str, list[str]] = {}
    for line in lines:
        if found := re.match(r"\.\. option:: (-[\w-]+)", line):
            block = blocks[found[1]] = []
        block.append(line)
    lines.clear()
    for title, options in context.command.option_sections(context).items():
        shown = [blocks[option.opts[0]] for option in options if option.opts[0] in blocks]
        if shown:
            name = {"Options": "Other options"}.get(title, title)
            lines += [f".. rubric:: {name}", "", *(ln for b in shown for ln in join_choices(b))]


def keep_text(app: Sphinx, kind: str, name: str, obj: object, options, lines: list[str]) -> None:
    """Show a docstring as `help` does: docstrings are plain text."""
    lines[:] = [".. code-block:: text", "", *(f"   {line}".rstrip() for line in lines)]


def wrap_commands(app: Sphinx, tree: nodes.document) -> None:
    """Let the style sheet wrap long command lines, but no long lines of outputs."""
    for block in tree.findall(nodes.literal_block):
        long = [line for line in block.astext().splitlines() if len(line) > 90]
        if block.get("language") in ("sh", "console") and all(" -" in line for line in long):
            block["classes"].append("wrapped")


def setup(app: Sphinx) -> None:
    """Add the directive `options`, and change what sphinx-click and autodoc write."""
    app.connect("autodoc-process-docstring", keep_text)
    app.connect("doctree-read", wrap_commands)
    app.add_directive("options", Options)
    app.connect("sphinx-click-process-description", drop_description)
    app.connect("sphinx-click-process-arguments", drop_arguments)
    app.connect("sphinx-click-process-options", group_options)
