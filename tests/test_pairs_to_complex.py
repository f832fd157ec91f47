"""The whole path from two families to a scored complex, with a program that plays the predictor."""

import gzip
import re
import sys
from pathlib import Path

import pytest
from complex_references import known_complex
from places import DATA, SHARED
from programs import rows, table
from structures import WorkersInProcess

STANDIN = Path(__file__).with_name("complex_programs.py")
MALG_MALK = [SHARED / "paralogs" / f"MALGK_{name}.fasta.gz" for name in ("MALG", "MALK")]


def read(path):
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = text.decode().splitlines()
    return [(head[1:], row) for head, row in zip(lines[::2], lines[1::2], strict=True)]


def write_malg_malk(folder):
    """The proteins of 30 species of 3 to 8 pairs; the order of family B is not that of A."""
    families = [read(path) for path in MALG_MALK]
    of_species = {}
    for place, (head, _) in enumerate(families[0]):
        of_species.setdefault(head.rpartition("_")[2], []).append(place)
    chosen = [own for own in of_species.values() if 3 <= len(own) <= 8][:30]
    names = []
    for number, family in enumerate(families):
        records = [family[place] for own in chosen for place in own][:: -1 if number else 1]
        text = "".join(f">{head}\n{row}\n" for head, row in records)
        (folder / f"family_{'ab'[number]}.fasta").write_text(text)
        names.append([head for head, _ in records])
    pairs = "".join(f"{name}\t{name}\n" for name in names[0])
    (folder / "truth.tsv").write_text(f"protein_a\tprotein_b\n{pairs}")
    return (names[0][0], names[0][0]), ["--species", "field:_:-1"]


def write_planted(folder):
    for name in ("a", "b"):
        (folder / f"family_{name}.fasta").write_bytes((DATA / f"pairs_{name}.fasta").read_bytes())
    (folder / "truth.tsv").write_bytes((DATA / "pairs_true.tsv").read_bytes())
    return ("A001", "B054"), []


@pytest.mark.parametrize("data", [write_planted, write_malg_malk])
def test_better_pairs_give_better_complexes(data, run, tmp_path, monkeypatch):
    if data is write_malg_malk and not MALG_MALK[0].exists():
        pytest.skip("no MALG-MALK here")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pepseq.structure.scoring.workers.Workers", WorkersInProcess)
    query, species = data(tmp_path)
    Path("known.tsv").write_text("protein_a\tprotein_b\n" + "\t".join(query) + "\n")
    pairing = ["--known", "known.tsv", "--query", query[0], "--runs", 4, "--threads", 1, *species]
    shares, lines = {}, ["id\tmodel\treference"]
    for method in ("order", "random", "information"):
        given = ["family_a.fasta", "family_b.fasta", "-o", f"{method}.tsv", "--method", method]
        done = run("pair", *given, "--paired-msa", f"{method}.a3m", *pairing)
        assert done.code == 0, done.err
        if not Path("known.pdb").exists():
            lengths = [int(n) for n in re.findall(r"\d+", Path("order.a3m").read_text())[:2]]
            joined = Path("order.a3m").read_text().splitlines()[2]
            chains = joined[: lengths[0]], joined[lengths[0] :]
            Path("known.pdb").write_text(known_complex(chains))
        words = f"{sys.executable} {STANDIN} {tmp_path}/known.pdb {tmp_path}/truth.tsv"
        engine = f"command:{words} {{a3m}} {{folder}}"
        done = run("fold", f"{method}.a3m", "-o", f"models/{method}", "--engine", engine)
        assert done.code == 0, done.err
        row = rows(Path("models") / method)[method]
        shares[method] = float(row["iptm"])
        assert row["chains"] == "2" and row["different"] == row["missing"] == "0"
        lines.append(f"{method}\tmodels/{method}/{row['file']}\tknown.pdb")
    Path("models.tsv").write_text("\n".join(lines) + "\n")
    score = ["score", "models.tsv", "-o", "scores.tsv", "--complex"]
    assert run(*score, "--interfaces", "interfaces.tsv", "--threads", 1).code == 0
    dockq = {row["id"]: float(row["dockq"]) for row in table(Path("scores.tsv"))}
    assert shares["information"] > max(shares["order"], shares["random"]) + 0.1
    assert sorted(dockq, key=dockq.get) == sorted(shares, key=shares.get)
    assert dockq["information"] > dockq["random"] + 0.02
    results = ["scores.tsv", "interfaces.tsv", "models", "order.tsv", "information.tsv"]
    assert run("report", *results, "-o", "page.html").code == 0
    page = Path("page.html").read_text()
    assert "Predicted and known complexes" in page and "DockQ of each model" in page
    assert "information</bdi> has the highest DockQ" in page or "information has the" in page
    shown = re.search(r"models side by side.*?</table>", page, re.S)[0]
    assert shown.count("<tr>") == 4
    assert f"{shares['random']:.3f}" in shown and f"{dockq['random']:.3f}" in shown
    assert "iRMSD" in page
