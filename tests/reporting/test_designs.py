"""The section about sets of labels, and what q-values promise."""

import pandas as pd
import pytest
from result_files import read_page, run_record

from pepseq.design.design_table import DESIGN_COLUMNS
from pepseq.identification.fit_table import LOOKUP_COLUMNS
from pepseq.reporting.build import report

PROMISE = (
    "with a q-value of at most {}, about {} in 100 are expected to be there by chance. A q-value"
)
SETS = [("DE,K", 2, 1, 0.9), ("C,Y", 2, 2, 0.6), ("DE", 1, 1, 0.5)]


def page_of(sources, folder):
    report(sources, folder / "page.html", force=True)
    return read_page(folder / "page.html")


def text_of(page):
    return " ".join(page.text.split())


def test_fits_have_the_promise(tmp_path):
    fits = tmp_path / "fits.tsv"
    fits.write_text("\t".join(LOOKUP_COLUMNS) + "\n")
    run_record(fits, "lookup", [], [fits], max_q=0.05)
    assert "Of the fits " + PROMISE.format("0.05", 5) in text_of(page_of(fits, tmp_path))


def design_table(path, error_free=1.0, sets=SETS):
    rows = [
        (n, labels, count, of_count, share, 0.3, 0.7, 0.8, 0.4, error_free)
        for n, (labels, count, of_count, share) in enumerate(sets, 1)
    ]
    frame = pd.DataFrame(rows, columns=list(DESIGN_COLUMNS))
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, sep="\t", index=False)
    return path


@pytest.mark.parametrize("name", ["labels.tsv", "labels.parquet"])
def test_sets_of_labels_are_a_ranked_table_and_a_figure(tmp_path, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    table = design_table(tmp_path / name)
    run_record(table, "design", [], [table], reads=20000, reference={"proteins": 200})
    page = page_of(tmp_path, tmp_path)
    data = page.data["design-1-data"]
    assert [row[:4] for row in data["rows"]] == [
        [1, "DE,K", pytest.approx(90), pytest.approx(30)],
        [2, "C,Y", pytest.approx(60), pytest.approx(30)],
        [3, "DE", pytest.approx(50), pytest.approx(30)],
    ]
    text = text_of(page)
    assert "ranked by the share of the 200 proteins, then of peptides" in text
    assert "in 20,000 reads, without errors. The best set is DE,K: 90.0 % of the proteins" in text
    (drawing,) = page.every("svg")
    assert drawing["aria-labelledby"] == "design-1-counts-t design-1-counts-d"
    assert "C,Y: 60.0 % of proteins" in page.text


def test_error_rates_are_said_and_a_table_without_a_best_set_has_no_figure(tmp_path):
    text = text_of(page_of(design_table(tmp_path / "a.tsv", error_free=0.7), tmp_path))
    assert "with the error rates of the run." in text
    page = page_of(design_table(tmp_path / "b.tsv", sets=[("C", 1, 2, 0.5)]), tmp_path)
    assert not page.every("svg") and page.data["design-1-data"]["rows"]


def test_names_are_text_and_not_html(tmp_path):
    table = design_table(tmp_path / "d.tsv", sets=[("<b>&$_{", 1, 1, 0.5)])
    page = page_of(table, tmp_path)
    assert "b" not in [tag for tag, _ in page.tags] and "<b>&$_{" in page.text
