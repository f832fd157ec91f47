"""The page: whole HTML, everything escaped, readable by all, loading nothing."""

import itertools
import json
import re
import shutil

import pytest
from evaluation_folder import write
from places import ROOT
from result_files import HOSTILE, read_page, readout_table, real_results, run_record

from pepseq.identification.fit_table import LOOKUP_COLUMNS
from pepseq.pairing.pairs import PAIR_COLUMNS, UNPAIRED_COLUMNS
from pepseq.reporting.build import report
from pepseq.reporting.predicted_proteins import read_proteins
from pepseq.splitting.report import COLUMNS as SPLIT_COLUMNS
from pepseq.structure.folding.fold import FOLD_COLUMNS
from pepseq.structure.scoring.rows import SCORE_COLUMNS
from pepseq.training.loss_curves import COLUMNS

STYLE = (ROOT / "pepseq/reporting/static/style.css").read_text()


def rows_of(path, columns, *rows):
    """Write a table; a row gives some columns, others are empty."""
    lines = ["\t".join(str(row.get(column, "")) for column in columns) for row in rows]
    path.write_text("\n".join(["\t".join(columns), *lines]) + "\n", encoding="utf-8")


def everything(folder, proteins, monkeypatch, names=None):
    """Fill a folder with results of every kind; return the true and the completed proteins."""
    truth, done = real_results(folder, proteins, monkeypatch, names=names)
    first, other = list(truth)[:2]
    score = {"correspondence": "index", "normalised_by": "reference", "corresponding": 9}
    rows_of(
        folder / "scores",
        SCORE_COLUMNS,
        {**score, "id": first, "model": "m", "tm_score": 0.875, "model_different": 2},
        {**score, "id": other, "model": "m", "tm_score": 0.25, "different": 3},
    )
    fit = {"rank": 1, "score": 12.5, "labels_matched": 3, "labels": 4, "equal_fits": 1}
    rows_of(
        folder / "fits",
        LOOKUP_COLUMNS,
        {**fit, "id": first, "protein": first, "q_value": 0.001},
        {**fit, "id": other, "protein": other, "q_value": 0.5},
        {"id": "none"},
    )
    fold = {"id": first, "state": "done", "engine": first}
    rows_of(
        folder / "folds",
        FOLD_COLUMNS,
        {**fold, "mean_plddt": 60},
        {**fold, "mean_plddt": 80},
        {"id": other, "state": "failed"},
    )
    pair = {"species": first, "protein_a": "a", "protein_b": "b", "rank": 1, "known": "no"}
    rows_of(folder / "pairs", PAIR_COLUMNS, {**pair, "confidence": 0.95})
    rows_of(folder / "left", UNPAIRED_COLUMNS, {"family": "A", "reason": first})
    (folder / "net").mkdir()
    step = {"step": 10, "train_loss": 2.5, "validation_loss": 2.25, "validation_accuracy": 0.5}
    rows_of(folder / "net" / "metrics", list(COLUMNS.values()), step, {**step, "step": 20})
    run_record(folder / "pairs", "pair", [first], method=first, species=first)
    return truth, done


@pytest.fixture
def made(tmp_path, small_proteins, monkeypatch):
    """A page of everything, parsed, with the proteins in it."""
    truth, done = everything(tmp_path / "results", small_proteins, monkeypatch)
    report(tmp_path / "results", tmp_path / "page.html")
    return read_page(tmp_path / "page.html"), truth, done, tmp_path


def test_the_numbers_are_those_of_the_evaluation(made):
    page, _, _, folder = made
    summary = json.loads((folder / "results/accuracy/summary.json").read_text())
    for name in ("macro", "micro"):
        share = summary["hidden_residue_accuracy"][name]
        assert f"{share:.1f}" in page.text and f"{share:.2f}" in page.text
    hidden = summary["residues"]["hidden"]
    assert f"20 proteins with {hidden:,} hidden residues, compared with the truth" in page.text
    assert "1 of 2 pairs have a TM-score above 0.5" in page.text
    assert "1 of 2 models are not of the predicted sequence" in page.text
    assert "done270.0failed1–" in page.text.replace(" ", "")
    for line in ("one place, q-value up to 0.01", "something, q-value above 0.01", "nothing"):
        assert f"fit {line}133.3" in page.text.replace("\n", "")


def test_the_proteins_can_be_got_back_from_the_page(made):
    page, truth, done, _ = made
    data = page.data["proteins-1-data"]
    assert {row[0]: row[1] for row in data["proteins"]} == done
    for id, residues, digits, code, taken, _ in data["proteins"]:
        restored, at = list(residues), 0
        for skip, residue in re.findall(r"(\d+)([A-Z])", code):
            at += int(skip)
            restored[at] = residue
            at += 1
        assert "".join(restored) == truth[id]
        assert [r in "KCYM" for r in residues] == [d == "*" for d in digits]
        assert sum(one[1] for one in taken) == len(residues) - digits.count("*")
    assert [column[0] for column in data["columns"]][3:5] == ["correct, %", "mean confidence, %"]


def test_accuracies_of_the_list_are_those_of_the_evaluation(made):
    page, *_, folder = made
    lines = (folder / "results/accuracy/proteins.tsv").read_text().splitlines()
    rows = [dict(zip(lines[0].split("\t"), line.split("\t"), strict=True)) for line in lines[1:]]
    listed = page.data["proteins-1-data"]["proteins"]
    assert [row[5][0] for row in listed] == [float(row["accuracy"]) for row in rows]


def test_the_page_loads_nothing(made):
    page, *_, folder = made
    assert all(tag not in ("link", "img", "iframe", "object", "image") for tag, _ in page.tags)
    for _, attributes in page.tags:
        assert not {"src", "srcset", "xlink:href", "action"} & attributes.keys()
        assert attributes.get("href", "#").startswith("#")
        assert not any(name.startswith("on") for name in attributes)
    text = (folder / "page.html").read_text()
    assert "://" not in text and "url(" not in text and "@import" not in text
    assert "default-src &#x27;none&#x27;" in text or "default-src 'none'" in text


def test_ids_are_unique_and_every_reference_leads_somewhere(made):
    page, *_ = made
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.tags:
        wanted = attributes.get("aria-labelledby", "").split()
        wanted += [attributes["href"][1:]] if "href" in attributes else []
        wanted += [attributes["for"]] if "for" in attributes else []
        assert set(wanted) <= set(ids)


def test_headings_landmarks_figures_and_tables_are_named(made):
    page, *_ = made
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    names = [tag for tag, _ in page.tags]
    assert [names.count(name) for name in ("header", "nav", "main")] == [1, 1, 1]
    drawings = page.every("svg")
    assert len(drawings) == names.count("figure") >= 6
    assert all(one["role"] == "img" and one["aria-labelledby"] for one in drawings)
    assert names.count("desc") == len(drawings)
    assert names.count("caption") == names.count("table") > 8
    assert all(one.get("scope") in ("row", "col") for one in page.every("th"))
    first = next(attributes for tag, attributes in page.tags if tag == "a")
    assert first == {"class": "skip", "href": "#main"}


def test_hostile_ids_are_text(tmp_path, small_proteins, monkeypatch):
    names = {id: f"{HOSTILE}{at}" for at, (id, _) in enumerate(small_proteins)}
    _, done = everything(tmp_path / "results", small_proteins, monkeypatch, names)
    folder = tmp_path / "results"
    unicode = "\u202eevil\U0001f9ec\ud800</td>"
    rows_of(folder / "more", ("id", "model", "reference", "tm_score", "correspondence"))
    with (folder / "more").open("ab") as stream:
        stream.write(f"{unicode}\tm\tr\t0.5\t{HOSTILE}\n".encode("utf-8", "surrogatepass"))
    report(folder, tmp_path / "page.html", title=HOSTILE)
    page = read_page(tmp_path / "page.html")
    scripts = [one.get("type") for one in page.every("script")]
    assert scripts.count(None) == 1 and len(scripts) == 2
    assert [row[0] for row in page.data["proteins-1-data"]["proteins"]] == list(done)
    assert HOSTILE in page.text and "evil" in page.text
    content = (tmp_path / "page.html").read_text()
    assert "<script>alert" not in content and "\0" not in content
    assert "<!--" not in content.replace("<!DOCTYPE", "")


def test_predictions_alone_make_a_useful_page(tmp_path, small_proteins):
    readout_table(tmp_path / "t.tsv", dict(small_proteins), at=lambda i, p: (p % 10) / 10)
    done = report(tmp_path / "t.tsv", tmp_path / "page.html")
    page = read_page(tmp_path / "page.html")
    assert (done.results, done.proteins) == (1, 20)
    assert (
        "The truth was not given" in page.text and "Confidence of predicted residues." in page.text
    )
    assert "correct, %" not in page.text and "Accuracy" not in page.text
    data = page.data["proteins-1-data"]
    assert all(row[3] is None for row in data["proteins"])
    shares = re.findall(r"0\.\d0 [01]\.\d0 (\d+) ", page.text)
    counts = [sum(row[2].count(str(n)) for row in data["proteins"]) for n in range(10)]
    assert shares[:10] == [str(n) for n in counts] or len(shares) == 0
    given = report(tmp_path / "t.tsv", tmp_path / "b.html", truth=_fasta(tmp_path, small_proteins))
    assert given.bytes > done.bytes and "correct, %" in read_page(tmp_path / "b.html").text


def _fasta(folder, proteins):
    return write(folder / "truth.fasta", dict(proteins))


def test_each_table_of_scores_stands_by_itself(tmp_path, small_proteins):
    first, other = [id for id, _ in small_proteins][:2]
    predicted = write(tmp_path / "t.fasta", dict(small_proteins))
    table = readout_table(tmp_path / "t.tsv", dict(small_proteins))
    run_record(predicted, "predict", (), [predicted, table], readout="KCYM")
    score = {"correspondence": "index", "normalised_by": "reference", "corresponding": 9}
    score["model_different"] = 0
    made = {
        "a.tsv": [(first, "x", "y", 0.75), (other, "x", "y", 0.25)],
        "b.tsv": [(first, "x", "x", 1.0)],
        "c.tsv": [(other, "x", "y", 0.25), (other, "x", "z", 0.625)],
    }
    for name, rows in made.items():
        cells = [
            {**score, "id": id, "model": f"{name[0]}/{m}", "reference": f"{name[0]}/{r}"}
            | {"tm_score": tm}
            for id, m, r, tm in rows
        ]
        rows_of(tmp_path / name, SCORE_COLUMNS, *cells)
        run_record(tmp_path / name, "score", [predicted])
    sources = [tmp_path / name for name in ("t.tsv", *made)]
    report(sources, tmp_path / "p.html", truth=_fasta(tmp_path, small_proteins))
    page = read_page(tmp_path / "p.html")
    assert "of 5 pairs" not in page.text and "1 is the same structure" not in page.text
    assert "have the same fold (Xu and Zhang 2010)" in page.text
    parts = page.text.partition("TM-scores: a.tsv")[2].partition("The proteins, one by one")[0]
    of_a, _, parts = parts.partition("TM-scores: b.tsv")
    of_b, _, of_c = parts.partition("TM-scores: c.tsv")
    for part, said in (
        (of_a, "1 of 2 pairs have"),
        (of_b, "1 of 1 pair has"),
        (of_c, "1 of 2 pairs have"),
    ):
        assert said in part and part.count("TM-score against accuracy") >= 1
    assert "1 of 1 pairs compare a file with itself" in of_b and "itself" not in of_a + of_c
    side = page.text.partition("Tables of scores side by side")[2].partition("TM-scores:")[0]
    assert "a.tsvaa210.5000" in side.replace(" ", "")
    data = page.data["proteins-1-data"]
    titles = [column[0] for column in data["columns"]]
    assert [t for t in titles if "TM" in t] == ["TM-score, a.tsv", "TM-score, b.tsv"]
    at = titles.index("TM-score, a.tsv") - 3
    rows = {row[0]: row[5][at : at + 2] for row in data["proteins"]}
    assert rows[first] == [0.75, 1.0] and rows[other] == [0.25, None]
    report(sources[:2], tmp_path / "one.html")
    titles = [c[0] for c in read_page(tmp_path / "one.html").data["proteins-1-data"]["columns"]]
    assert [t for t in titles if "TM" in t] == ["TM-score"]


def test_scores_of_other_predictions_of_the_same_ids_have_no_accuracy(tmp_path, small_proteins):
    tables, proteins = [], dict(small_proteins)
    for name in ("old", "new"):
        predicted = write(tmp_path / f"{name}.fasta", proteins | {"of": name.upper()})
        tables.append(readout_table(tmp_path / f"{name}.tsv", proteins | {"of": name.upper()}))
        run_record(predicted, "predict", (), [predicted, tables[-1]], readout="KCYM")
    row = {"id": small_proteins[0][0], "model": "m", "reference": "r", "tm_score": 0.5}
    scores = tmp_path / "scores.tsv"
    rows_of(scores, SCORE_COLUMNS, row | {"model_different": 0})
    run_record(scores, "score", [tmp_path / "old.fasta"])
    said = "No run record shows that the models were compared with the predictions on this page"
    for sources, shown in (([*tables, scores], [True, False]), ([tables[1], scores], [False])):
        report(sources, tmp_path / "p.html", truth=_fasta(tmp_path, small_proteins), force=True)
        page = read_page(tmp_path / "p.html")
        assert ("TM-score against accuracy" in page.text) == (said not in page.text) == any(shown)
        lists = (page.data[f"proteins-{n}-data"]["columns"] for n in range(1, len(shown) + 1))
        assert ["TM-score" in dict(columns) for columns in lists] == shown
    rows_of(scores, SCORE_COLUMNS, row | {"model_different": 0, "tm_score": 0.75})
    report(
        [*tables, scores], tmp_path / "p.html", truth=_fasta(tmp_path, small_proteins), force=True
    )
    assert said in read_page(tmp_path / "p.html").text  # the record is of another table


def test_scores_of_models_that_may_be_of_other_proteins_have_no_accuracy(tmp_path, small_proteins):
    readout_table(tmp_path / "t.tsv", dict(small_proteins))
    row = {"id": small_proteins[0][0], "model": "m", "reference": "r", "tm_score": 0.5}
    rows_of(tmp_path / "scores.tsv", SCORE_COLUMNS, row)
    sources = [tmp_path / "t.tsv", tmp_path / "scores.tsv"]
    report(sources, tmp_path / "p.html", truth=_fasta(tmp_path, small_proteins))
    page = read_page(tmp_path / "p.html")
    assert "is not recorded (score --sequences), so the accuracy" in page.text
    assert "TM-score against accuracy" not in page.text
    titles = [column[0] for column in page.data["proteins-1-data"]["columns"]]
    assert not [title for title in titles if "TM" in title]


def test_results_of_one_name_are_told_apart_by_their_folders(tmp_path, small_proteins):
    confidence = ("pairs", "from", "to", "made", "correct", "accuracy")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        table = readout_table(tmp_path / name / "t.tsv", dict(small_proteins))
        reads = write(tmp_path / name / "reads.fasta", {"p": name.upper()})
        run_record(table, "predict", [reads])
        rows_of(tmp_path / name / "fits.tsv", LOOKUP_COLUMNS, {"id": name})
        rows_of(tmp_path / name / "report.tsv", SPLIT_COLUMNS, {"split": name})
        pairs = [{"pairs": f"/x/{family}/pairs.tsv"} for family in (f"a-{name}", f"b-{name}")]
        rows_of(tmp_path / name / "confidence.tsv", confidence, *pairs)
    report([tmp_path / "one", tmp_path / "two"], tmp_path / "p.html")
    text = read_page(tmp_path / "p.html").text
    for name in ("one", "two"):
        for file in ("t.tsv", "fits.tsv", "report.tsv"):
            assert f"{name}/{file}: " in text
        assert f"Parts of {name}, and" in text and f"pairs of a-{name}/pairs.tsv are" in text
        inputs = text.partition("the same SHA-256 means the same content")[2]
        assert f"{name}/reads.fasta" in inputs


def test_examples_say_how_many_have_less(tmp_path):
    proteins = {f"p{n:02}": "A" * 50 for n in range(20)}
    readout_table(tmp_path / "t.tsv", proteins)
    truth = {id: "G" * max(0, 5 - n) + "A" * (50 - max(0, 5 - n)) for n, id in enumerate(proteins)}
    report(tmp_path / "t.tsv", tmp_path / "p.html", truth=write(tmp_path / "t.fa", truth))
    page = read_page(tmp_path / "p.html")
    assert "Three examples, of the 20 proteins of 40 to 420 residues" in page.text
    assert page.text.count("100.0 % of the hidden residues correct; 5 of the 20 have less, 14") == 2
    assert (
        "p02: 94.0 % of the hidden residues correct; 2 of the 20 have less, 0 others" in page.text
    )


@pytest.mark.slow
def test_several_evaluations_stand_side_by_side_and_crosswise(
    tmp_path, small_proteins, monkeypatch
):
    for species in ("albertii", "fergusonii"):
        for reference in ("K12", "Sakai"):
            folder = tmp_path / f"{species}_{reference}"
            proteins = small_proteins[:6] if species < "c" else small_proteins[6:12]
            real_results(folder, proteins, monkeypatch)
            files = {"files": [{"path": f"x/{reference}.faa"}]}
            run_record(folder / "done.fasta", "predict", readout="KCYM", reference=files)
    folders = sorted(tmp_path.iterdir())
    report(folders, tmp_path / "page.html")
    page = read_page(tmp_path / "page.html")
    assert "Test sets side by side" in page.text
    cross = page.text[page.text.index("Across species") :][:400]
    assert re.search(r"K12.faa, KCYM\s*Sakai.faa, KCYM", cross)
    shares = re.findall(r"\d+\.\d \(\d+\.\d\)", cross)
    assert len(shares) == 4 and shares[0] == shares[1] != shares[2] == shares[3]
    report(folders[:2], tmp_path / "two.html")
    assert "Across species" not in read_page(tmp_path / "two.html").text


def test_the_first_evaluations_are_in_the_lead(tmp_path, small_proteins, monkeypatch):
    real_results(tmp_path / "r", small_proteins[:4], monkeypatch)
    for number in range(5):
        shutil.copytree(tmp_path / "r" / "accuracy", tmp_path / "copies" / f"copy{number}")
    report(tmp_path / "copies", tmp_path / "page.html")
    lead = read_page(tmp_path / "page.html").text.partition("pepseq 0")[0]
    assert "copy0" in lead and "copy3" in lead and "copy4" not in lead
    assert "1 more test sets follow." in lead


def test_the_print_says_that_it_has_some_of_the_proteins(tmp_path):
    said = "50 of 60 proteins; the page on a screen has all."
    for count in (50, 60):
        readout_table(tmp_path / "t.tsv", {f"p{n}": "MALK" for n in range(count)})
        report(tmp_path / "t.tsv", tmp_path / "p.html", force=True)
        assert (said in read_page(tmp_path / "p.html").text) == (count == 60)
    screen, _, printed = STYLE.partition("@media print")
    assert ".printed { display: none; }" in screen and ".printed { display: block; }" in printed


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mixed(one, other, share):
    pairs = [(int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_contrast_is_that_of_wcag_aa(scheme):
    style = re.sub("#(.)(.)(.)(?=[;}])", r"#\1\1\2\2\3\3", STYLE)
    colours = dict(
        re.findall(r"--([\w]+): (#\w{6})", style.split(":root {")[scheme + 1].split("}")[0])
    )
    assert {"paper", "ink", "muted", "accent", "wrong", "c0", "c1", "c2"} <= colours.keys()
    for text in ("ink", "muted", "accent", "wrong"):
        assert contrast(colours[text], colours["paper"]) >= 4.5, text
    for band in ("c0", "c1", "c2"):
        assert contrast(colours["ink"], colours[band]) >= 4.5, band
    assert contrast(colours["ink"], mixed(colours["accent"], colours["paper"], 0.45)) >= 4.5
    tints = [luminance(colours[name]) for name in ("paper", "c2", "c1", "c0")]
    assert tints == sorted(tints, reverse=scheme != 1)


def test_runs_with_the_same_first_protein_are_told_apart(tmp_path):
    for name, other in (("a", "MKAG"), ("b", "MKAL")):
        table = readout_table(tmp_path / f"{name}.tsv", {"same": "MKAC", "other": other})
        lines = [
            f">{one.id} confidence={one.confidence:.4f}\n{one.residues}\n"
            for one in read_proteins(table)
        ]
        (tmp_path / f"{name}.fasta").write_text("".join(lines))
        reference = {"files": [{"path": f"strain_{name}.fasta"}]}
        outputs = [tmp_path / f"{name}.fasta", table]
        settings = {"readout": "KCYM", "reference": reference}
        run_record(tmp_path / f"{name}.fasta", "predict", (), outputs, **settings)
    results = [tmp_path / f"{n}.{e}" for n in "ab" for e in ("fasta", "tsv")]
    report(results, tmp_path / "page.html")
    text = read_page(tmp_path / "page.html").text
    rows = text[text.index("Reference proteins") :][:200]
    assert rows.index("strain_a.fasta") < rows.index("strain_b.fasta")


def test_a_record_that_names_no_outputs_says_nothing_of_a_table(tmp_path):
    table = readout_table(tmp_path / "t.tsv", {"p": "MALK"})
    run_record(tmp_path / "t.fasta", "predict", (), (), readout="KCYM", model="mine", reference=[])
    report(tmp_path, tmp_path / "page.html")
    text = read_page(tmp_path / "page.html").text
    assert "Predicted proteins" in text and "not recordednot recorded" in text
    assert 'pepseq predict: t.fasta, settings {"readout": "KCYM", "model": "mine"' in text
    run_record(tmp_path / "t.fasta", "predict", (), [table], model="mine", reference=[])
    report(tmp_path, tmp_path / "page.html", force=True)
    assert "not recorded" not in read_page(tmp_path / "page.html").text


@pytest.mark.parametrize(("share", "stranger"), [(0.034, True), (0.96, False)])
def test_the_share_of_peptides_that_fit_is_shown(tmp_path, small_proteins, share, stranger):
    table = readout_table(tmp_path / "t.tsv", dict(small_proteins))
    predicted = write(tmp_path / "t.fasta", dict(small_proteins))
    fitting = {"share": share, "reads": 500, "of_this_reference": not stranger}
    settings = {"readout": "KCYM", "peptides_that_fit": fitting}
    run_record(predicted, "predict", (), [predicted, table], **settings)
    report([tmp_path], tmp_path / "page.html")
    text = " ".join(read_page(tmp_path / "page.html").text.split())
    assert f"bout {100 * share:.0f} % of the reads fit the reference (500 were compared" in text
    assert ("The sample is not of this reference" in text) == stranger


def test_a_run_without_a_share_says_nothing_of_it(tmp_path, small_proteins):
    table = readout_table(tmp_path / "t.tsv", dict(small_proteins))
    predicted = write(tmp_path / "t.fasta", dict(small_proteins))
    for fitting in (None, [], {"share": "x"}, {"reads": 3}):
        run_record(predicted, "predict", (), [predicted, table], peptides_that_fit=fitting)
        report([tmp_path], tmp_path / "page.html", force=True)
        assert "of the reads fit" not in read_page(tmp_path / "page.html").text


def test_the_lead_leaves_out_proteins_that_are_in_the_reference(
    tmp_path, small_proteins, monkeypatch
):
    real_results(tmp_path, small_proteins[:4], monkeypatch)
    identity = tmp_path / "accuracy" / "identity.tsv"
    rows = "band\tproteins\tmacro\nidentical\t1\t100\nwithout identical\t3\t76.44\n"
    identity.write_text(rows)
    report(tmp_path, tmp_path / "page.html")
    lead = " ".join(read_page(tmp_path / "page.html").text.partition("pepseq 0")[0].split())
    assert (
        "76.4 % of the hidden residues are correct, on average over the proteins that are not in "
        "the reference letter for letter (" in lead
    )
    assert lead.rstrip().endswith("% over all).")
