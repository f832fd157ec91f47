"""Small results as the commands write them, and a reader of the page that is made of them."""

import json
import random
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from evaluation_folder import draw_nothing, write

from pepseq.evaluation.evaluate import evaluate
from pepseq.io.run_record import describe_file
from pepseq.prediction.residue_table import TABLE_COLUMNS

READ = "KCYM"
HOSTILE = "<script>alert(1)</script>&amp;\"'|--><!--"
VOID = {"meta", "br", "input"}


def sure(id, position):
    """A confidence that does not change along a protein."""
    return 0.95


def varied(id, position):
    """Confidences of every tenth in turn."""
    return (7 * position % 10) / 10 + 0.05


def digits_of(residues, at):
    """Return the digits that stand for a protein's confidences."""
    tenths = (str(int(10 * at("", p))) for p in range(1, len(residues) + 1))
    return "".join("*" if r in READ else d for r, d in zip(residues, tenths, strict=True))


def readout_table(path, proteins, templates=True, at=sure):
    """Write a table as `predict --table` does; `at` gives confidences by id and position."""
    lines = ["\t".join(TABLE_COLUMNS)]
    for id, residues in proteins.items():
        for position, residue in enumerate(residues, 1):
            seen = residue in READ
            confidence = 1.0 if seen else at(id, position)
            cells = [id, position, residue, "observed" if seen else "predicted"]
            cells += [f"{confidence:.6f}", *([""] * 4 if seen else ["A", "0.01", "G", "0.005"])]
            taken = templates and confidence > 0.5
            cells += ["t1;t2" if taken else "", f"{0.9 * taken:.6f}", "1.000000", ""]
            lines.append("\t".join(map(str, cells)))
    path.write_text("\n".join(lines) + "\n")
    return path


def run_record(output, command, inputs=(), outputs=None, **settings):
    """Write a run record beside an output, by default with the output if it is a file.

    Records of older versions have no outputs: `outputs=()`.
    """
    if outputs is None:
        outputs = [output] if output.is_file() else []
    record = {
        "command": command,
        "pepseq": "0.1.0",
        "settings": settings,
        "inputs": [{"sha256": "0" * 64, **describe_file(path)} for path in inputs],
        "libraries": {"numpy": "2.0"},
        "python": "3.11.7",
        "started": "2026-01-02T03:04:05Z",
        "seconds": 1.5,
    }
    if outputs:
        record["outputs"] = [describe_file(path) for path in outputs]
    output.with_name(output.name + ".run.json").write_text(json.dumps(record))


def real_results(folder, proteins, monkeypatch, wrong=0.1, names=None, at=sure):
    """Complete real proteins with some errors, evaluate them; return the completed by id."""
    draw_nothing(monkeypatch)
    folder.mkdir(exist_ok=True)
    dice = random.Random(3)
    truth = {(names or {}).get(id, id): residues for id, residues in proteins}
    done = {
        id: "".join(
            dice.choice("ADEFGHILNPQRSTVW") if r not in READ and dice.random() < wrong else r
            for r in residues
        )
        for id, residues in truth.items()
    }
    write(folder / "true.fasta", truth)
    (folder / "done.fasta").write_text(
        "".join(
            f">{id} confidence={_mean(residues, at):.4f}\n{residues}\n"
            for id, residues in done.items()
        )
    )
    readout_table(folder / "residues.tsv", done, at=at)
    run_record(folder / "done.fasta", "predict", ["readouts.fasta"], readout=READ, model=None)
    evaluate(
        folder / "true.fasta",
        folder / "done.fasta",
        folder / "accuracy",
        READ,
        table=folder / "residues.tsv",
    )
    return truth, done


def _mean(residues, at):
    hidden = [at("", p) for p, r in enumerate(residues, 1) if r not in READ]
    return sum(hidden) / len(hidden) if hidden else 1.0


@dataclass
class Page(HTMLParser):
    """What a page holds; fails for tags that do not fit together."""

    text: str = ""
    tags: list = field(default_factory=list)
    open: list = field(default_factory=list)
    data: dict = field(default_factory=dict)

    def __post_init__(self):
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, (tag, self.open[-5:], self.getpos())

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            attributes = self.tags[-1][1]
            if attributes.get("type") == "application/json":
                self.data[attributes["id"]] = json.loads(data)
        elif not self.open or self.open[-1] != "style":
            self.text += data

    def every(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def read_page(path):
    """Parse a page; check that it is whole."""
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    assert page.open == []
    page.text = re.sub(r"\s+", " ", page.text)
    return page
