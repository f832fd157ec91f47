"""The section about amounts: its cells are those of the tables, its truth belongs to the table."""

import gzip
import json
import re
import shutil

import pandas as pd
import pytest
from evaluation_folder import rows, write
from result_files import HOSTILE, read_page, run_record

import pepseq
from pepseq.evaluation import figure_style
from pepseq.io import dataframes
from pepseq.quantification.quantities import COPIES_COLUMNS, QUANTIFY_COLUMNS
from pepseq.reporting.amount_figures import MAX_RANKS, rank_abundance
from pepseq.reporting.build import report
from pepseq.reporting.discovery import find_results, log_results
from pepseq.reporting.results import KINDS

READOUT = "KCYM"
TITLES = {
    "Molar fraction": "molar_fraction",
    "95 % from": "low",
    "to": "high",
    "Mass fraction": "mass_fraction",
    "Expected reads": "expected_reads",
    "Unique reads": "unique_reads",
    "q-value": "q_value",
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory, proteins):
    """A folder with a simulated sample of real proteins, its amounts and their evaluation."""
    folder = tmp_path_factory.mktemp("sample")
    listed = dict(proteins[:50]) | {"twin": proteins[0][1]}
    reference = write(folder / "reference.fasta", listed)
    config = pepseq.SimulateConfig(abundance="lognormal:1.5", present=30, threads=1)
    pepseq.simulate(reference, folder / "reads.fasta", READOUT, 3000, config=config)
    settings = pepseq.QuantifyConfig(threads=1)
    pepseq.quantify(folder / "reads.fasta", folder / "one.tsv", reference, READOUT, config=settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figure_style, "figure_bytes", lambda *_: b"figure")
        truth = folder / "reads.fasta.truth.tsv"
        pepseq.evaluate_quantity_tables(truth, folder / "one.tsv", folder / "scores")
    return folder


def page_of(sources, folder, **more):
    report(sources, folder / "page.html", force=True, **more)
    return read_page(folder / "page.html")


def columns_of(data):
    """Return the columns of a list on the page, by their titles."""
    titles = [title for title, _ in data["columns"]]
    return dict(zip(titles, zip(*data["rows"], strict=True), strict=True))


def text_of(page):
    return " ".join(page.text.split())


def amounts_table(path, *cells, columns=QUANTIFY_COLUMNS):
    """Write a table of `quantify`; each row gives some cells, the others are 0.25 or texts."""
    usual = dict.fromkeys(columns, 0.25) | {"description": "", "q_value": 0.001}
    given = [usual | row for row in cells]
    pd.DataFrame(given, columns=list(columns)).to_csv(path, sep="\t", index=False)
    return path


def test_the_cells_are_those_of_the_table(sample, tmp_path):
    page, table = page_of(sample, tmp_path), rows(sample / "one.tsv")
    assert len(table) > 10
    shown = columns_of(page.data["amounts-1-data"])
    assert list(shown["Rank"]) == list(range(1, len(table) + 1))
    assert list(shown["Group"]) == [row["group"] for row in table]
    assert list(shown["Description"]) == [row["description"] for row in table]
    for title, name in TITLES.items():
        assert list(shown[title]) == [float(row[name]) for row in table], name
    others = ["; ".join(row["proteins"].split(";")[1:]) for row in table]
    assert list(shown["Other proteins of the group"]) == others and "twin" in others
    true = {row["group"]: row["true_molar_fraction"] for row in rows(sample / "scores/groups.tsv")}
    assert list(shown["True molar fraction"]) == [float(true[row["group"]]) for row in table]


def test_what_was_found_is_said(sample, tmp_path):
    text = text_of(page_of(sample, tmp_path))
    record = json.loads((sample / "one.tsv.run.json").read_text())
    counts, found = record["quantify"], len(rows(sample / "one.tsv"))
    assert (
        f"{found} of the 50 groups of proteins were found with a q-value of at most 0.01." in text
    )
    share = 100 * counts["from_proteins"] / counts["reads"]
    assert f"Of 3,000 reads ({counts['distinct']:,} different), {share:.1f} % come from" in text
    assert "Of the groups with a q-value of at most 0.01, about 1 in 100 are expected" in text
    assert (
        f"Amounts of proteins, estimated by pepseq one: {found} groups of proteins found." in text
    )
    summary = json.loads((sample / "scores/summary.json").read_text())
    assert f"{summary['found']} of the {summary['present']} groups that are present were" in text
    for name, digits in (("share_found", 1), ("spearman", 3), ("pearson", 3), ("log10_rmse", 3)):
        assert f"{summary[name]:.{digits}f}" in text
    by_reads = rows(sample / "scores/by_reads.tsv")
    listed = text.partition("Measures by true number of reads: scores")[2]
    for row in by_reads:
        assert "".join(row[c] for c in ("reads", "groups", "present", "found")) in listed


def test_every_group_is_drawn_and_nothing_is_a_picture(sample, tmp_path):
    page, found = page_of(sample, tmp_path), len(rows(sample / "one.tsv"))
    content = (tmp_path / "page.html").read_text()
    ranks = content.partition('id="amounts-1-ranks-d"')[2].partition("</svg>")[0]
    assert ranks.count("<title>") == found and ranks.count("<title>1. ecoli_536|") == 1
    scatter = content.partition('id="amounts-1-truth-1-scatter-d"')[2].partition("</svg>")[0]
    for row in rows(sample / "scores/groups.tsv"):
        name, present = row["group"], row["status"] in ("found", "missed")
        estimate = f"{float(row['molar_fraction']):.3g}" if row["molar_fraction"] else "none"
        true = f"{float(row['true_molar_fraction']):.3g}"
        title = f"<title>{name}: estimated {estimate}, true {true}</title>"
        assert scatter.count(title) == present, title
    assert "image" not in {tag for tag, _ in page.tags}


def test_of_many_groups_some_are_drawn():
    listed = [
        {"rank": n, "group": f"g{n}", "molar_fraction": 2.0**-n, "low": None, "high": None}
        for n in range(1, 1001)
    ]
    drawn = re.findall(r"<title>(\d+)\.", rank_abundance("k", listed[:950]).marks)
    assert len(drawn) == MAX_RANKS and (drawn[0], drawn[-1]) == ("1", "950")
    assert rank_abundance("k", []) is None
    for fraction in (0, 2, None):
        assert rank_abundance("k", [listed[0] | {"molar_fraction": fraction}]) is None


def test_the_truth_belongs_to_the_table_that_was_compared(sample, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(sample, folder)
    text = (folder / "one.tsv").read_text()
    (folder / "other.tsv").write_text(text.rpartition("\n")[0].rpartition("\n")[0] + "\n")
    page = page_of(folder, tmp_path)
    first, second = (columns_of(page.data[f"amounts-{n}-data"]) for n in (1, 2))
    assert "True molar fraction" in first and "True molar fraction" not in second
    said = text_of(page).partition("other 2")[2]
    assert "with a q-value of at most 0.01. " in said and "reads come from these groups." in said
    assert text_of(page).count("Against the truth (scores)") == 1
    found = len(rows(folder / "one.tsv"))
    side_by_side = text_of(page).partition("from none, %")[2].partition("one 2")[0]
    assert side_by_side.startswith(f" one{found}0.01003,000")
    assert f"other{found - 1}0.0100––" in side_by_side
    alone = page_of(folder / "scores", tmp_path)
    assert text_of(alone).count("Against the truth (scores)") == 1 and not alone.data


def test_a_run_is_known_by_the_sha256_of_its_table(sample, tmp_path):
    (tmp_path / "table.txt.gz").write_bytes(gzip.compress((sample / "one.tsv").read_bytes()))
    shutil.copy(sample / "one.tsv", tmp_path / "copy.txt")
    text = text_of(page_of([tmp_path, sample / "one.tsv"], tmp_path))
    assert text.count("Of 3,000 reads (") == 2 and text.count("reads come from these groups") == 1


def test_what_simulate_wrote_is_not_called_unknown(sample, caplog):
    with caplog.at_level("INFO"):
        log_results(find_results([sample]))
    assert not [line for line in caplog.messages if line.startswith("not recognised")]
    assert sum("(quantify)" in line for line in caplog.messages) == 1
    assert sum("(evaluate-quantities)" in line for line in caplog.messages) == 1


def test_parquet_is_shown_as_tsv_is(sample, tmp_path):
    pytest.importorskip("pyarrow")
    table = pd.read_csv(sample / "one.tsv", sep="\t")
    table.loc[3, "mass_fraction"] = None
    for name in ("a.tsv", "b.parquet"):
        (tmp_path / name).write_bytes(dataframes.format_frame(table, tmp_path / name))
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    pd.DataFrame({"id": ["x"], "rank": [1]}).to_parquet(tmp_path / "other.parquet")
    page = page_of(tmp_path, tmp_path)
    assert page.data["amounts-1-data"] == page.data["amounts-2-data"]
    assert columns_of(page.data["amounts-2-data"])["Mass fraction"][3] is None
    found = find_results([tmp_path])
    assert {p.name for p in found.unknown} == {"broken.parquet", "other.parquet", "page.html"}


def test_without_pyarrow_that_is_said_in_one_line(sample, tmp_path, run, monkeypatch):
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    shutil.copy(sample / "one.tsv", tmp_path)
    monkeypatch.setattr(dataframes.importlib.util, "find_spec", lambda name: None)
    done = run("report", tmp_path, "-o", tmp_path / "p.html")
    assert done.code == 0 and done.err.count("pip install 'pepseq[parquet]'") == 1
    alone = run("report", tmp_path / "b.parquet", "-o", tmp_path / "q.html")
    assert alone.code == 2 and alone.err.count("\n") == 1 and "pyarrow" in alone.err


def test_copies_are_shown_and_ids_are_text(tmp_path):
    columns, hostile = (*QUANTIFY_COLUMNS, *COPIES_COLUMNS), HOSTILE.replace(";", "")
    listed = [
        {"group": "low", "proteins": "low", "molar_fraction": 0.125, "copies": 12},
        {"group": hostile, "proteins": f"{hostile};{hostile}2", "description": HOSTILE},
    ]
    amounts_table(tmp_path / f"{hostile.replace('/', '')}.tsv", *listed, columns=columns)
    page = page_of(tmp_path, tmp_path)
    shown = columns_of(page.data["amounts-1-data"])
    assert list(shown)[:5] == ["Rank", "Group", "Copies", "95 % from", "to"]
    assert shown["Group"] == (hostile, "low") and shown["Copies"] == (0.25, 12)
    assert shown["Other proteins of the group"] == (f"{hostile}2", "")
    assert page.text.count(hostile) >= 3 and HOSTILE in page.text
    assert "<script>alert" not in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(("max_q", "found"), [(1, 1), (0.2, 2), (None, 1)])
def test_groups_that_are_not_accepted_are_last_and_have_no_rank(tmp_path, max_q, found):
    fractions = {"sure": (0.25, 0.001), "unsure": (0.5, 0.1), "absent": (0.125, 1)}
    listed = [
        {"group": name, "proteins": name, "molar_fraction": fraction, "q_value": q}
        for name, (fraction, q) in fractions.items()
        if q <= (max_q or 1)
    ]
    table = amounts_table(tmp_path / "all.tsv", *listed)
    if max_q:
        run_record(table, "quantify", max_q=max_q)
    page = page_of(tmp_path, tmp_path)
    shown = columns_of(page.data["amounts-1-data"])
    orders = {1: ("sure", "unsure", "absent"), 2: ("unsure", "sure")}
    assert shown["Group"] == orders[found]
    assert shown["Rank"] == (1, None, None) if found == 1 else (1, 2)
    assert f"all: {found} groups of proteins found." in text_of(page)
    assert ("the others in the table have no rank" in text_of(page)) == (found == 1)
    drawn = (tmp_path / "page.html").read_text().partition("ranks-d")[2].partition("</svg>")[0]
    assert drawn.count("<title>") == found


def test_a_sample_without_a_protein_is_said_to_be_empty(tmp_path):
    amounts_table(tmp_path / "none.tsv")
    page = page_of(tmp_path, tmp_path)
    assert "0 groups of proteins were found with" in text_of(page) and not page.data


@pytest.mark.parametrize("form", ["wide", "long"])
def test_samples_stand_side_by_side(tmp_path, form):
    table = pd.DataFrame({"group": ["a", "b"], "proteins": ["a;c", "b"], "description": ["A", ""]})
    if form == "wide":
        table["one.run"], table["two"] = [0.75, 0.25], [None, 1e-5]
    else:
        table = pd.concat([table.assign(sample="one.run"), table[1:].assign(sample="two")])
        table["molar_fraction"] = [0.75, 0.25, 1e-5]
    table.to_csv(tmp_path / "joined.tsv", sep="\t", index=False)
    page = page_of(tmp_path, tmp_path)
    assert columns_of(page.data["joined-1-data"]) == {
        "Group": ("a", "b"),
        "Description": ("A", ""),
        "one.run": (0.75, 0.25),
        "two": (None, 1e-5),
        "Other proteins of the group": ("c", ""),
    }
    assert "of 2 groups in 2 samples" in text_of(page) and "1.00e-5" in page.text


def test_kinds_of_tables_of_amounts_are_told_apart(sample):
    from pepseq.evaluation.quantities import GROUP_COLUMNS

    about = ("group", "proteins", "description")
    for kind, columns in (
        ("amounts", (*QUANTIFY_COLUMNS, *COPIES_COLUMNS)),
        ("amounts_long", ("sample", *QUANTIFY_COLUMNS)),
        ("amounts_wide", (*about, "one", "two")),
        ("amounts_compared", GROUP_COLUMNS),
    ):
        assert [other for other in KINDS if KINDS[other].fits(columns)] == [kind]


def test_the_command_says_how_many_groups(sample, tmp_path, run):
    done = run("report", sample / "one.tsv", "-o", tmp_path / "p.html")
    assert f"1 result, 0 proteins, amounts of {len(rows(sample / 'one.tsv'))} groups" in done.err


def test_damaged_numbers_stop_nothing(sample, tmp_path):
    cells = ("x", "1e300", "-5", "nan", "", "inf", "1e-320", "0", "2")
    folder = tmp_path / "results"
    shutil.copytree(sample, folder)
    for name in ("one.tsv", "scores/groups.tsv"):
        header, *lines = [line.split("\t") for line in (folder / name).read_text().splitlines()]
        for at, line in enumerate(lines):
            line[4:] = [cells[(at + n) % len(cells)] for n in range(len(line) - 4)]
        text = "\n".join("\t".join(line) for line in (header, *lines))
        (folder / name).write_text(text + "\n")
    summary = json.loads((folder / "scores/summary.json").read_text())
    summary |= {"log10_median_error": 1e9, "spearman": [], "by_reads": [{"reads": []}, 3, None]}
    (folder / "scores/summary.json").write_text(json.dumps(summary))
    page = page_of(folder, tmp_path)
    assert page.data["amounts-1-data"]["rows"] and "Against the truth (scores)" in text_of(page)
    assert None in columns_of(page.data["amounts-1-data"])["Molar fraction"]
    (folder / "scores/summary.json").unlink()
    assert "– of the – groups" in text_of(page_of(folder / "scores", tmp_path))
