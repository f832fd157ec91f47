"""README and the pages of docs/, as tests read them."""

import re

from places import ROOT

from pepseq.cli.commands import COMMANDS

README = (ROOT / "README.md").read_text()
PAGES = {
    path.relative_to(ROOT / "docs").as_posix(): path.read_text()
    for path in sorted((ROOT / "docs").rglob("*.md"))
}
"""Text of each page, by its path in docs/."""

COMMAND_PAGES = [f"reference/commands/{name}.md" for name in COMMANDS if name != "report"]
COMMAND_PAGES.append("reference/commands/report.md")
ORDER = ["get-started.md", *(p for p in PAGES if p.startswith("tutorials/")), *COMMAND_PAGES]
"""Pages whose commands run first; a page of a command uses outputs of those before it."""

IN_ORDER = [README, *(PAGES[page] for page in ORDER)]
IN_ORDER += [text for page, text in PAGES.items() if page not in ORDER]
TEXT = "\n".join(IN_ORDER)
SECTION = r"^## (.*)\n((?:(?!^## ).*\n)+)"
FORMATS = dict(re.findall(SECTION, PAGES["reference/file-formats.md"], re.M))
"""Text of each section of the page on file formats, by its heading."""


def blocks(language: str, text: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.S | re.M)
