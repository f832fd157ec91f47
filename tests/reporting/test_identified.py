"""The section about proteins found by `lookup`."""

from result_files import HOSTILE, read_page, run_record

from pepseq.identification.found_proteins import PROTEIN_COLUMNS
from pepseq.reporting.build import report

PROMISE = (
    "with a q-value of at most {}, about {} in 100 are expected to be there by chance. A q-value"
)


def proteins_table(path, *rows):
    cells = [dict.fromkeys(PROTEIN_COLUMNS, "") | row for row in rows]
    lines = ["\t".join(map(str, row.values())) for row in cells]
    path.write_text("\n".join(["\t".join(PROTEIN_COLUMNS), *lines]) + "\n", encoding="utf-8")
    return path


def protein(name, q_value, lead=20.0, **more):
    counts = {"reads": 5, "unique_reads": 3, "lead": lead, "q_value": q_value}
    return {"group": name, "proteins": name, **counts, **more}


def page_of(sources, folder):
    report(sources, folder / "page.html", force=True)
    return read_page(folder / "page.html")


def text_of(page):
    return " ".join(page.text.split())


def test_proteins_are_ranked_and_those_above_the_limit_have_no_rank(tmp_path):
    twins = protein("b", 0.04, proteins="b;b2", description="a kinase")
    rows = protein("a", 0.5), twins, protein("c", 0.004), protein("d", 0.04, lead=30.0)
    table = proteins_table(tmp_path / "p.tsv", *rows)
    run_record(tmp_path / "fits.tsv", "lookup", [], [table], max_q=0.05)
    page = page_of(tmp_path, tmp_path)
    data = page.data["identified-1-data"]
    assert [row[:2] for row in data["rows"]] == [[1, "c"], [2, "d"], [3, "b"], [None, "a"]]
    titles = [title for title, _ in data["columns"]]
    assert dict(zip(titles, data["rows"][2], strict=True)) == {
        "Rank": 3,
        "Group": "b",
        "q-value": 0.04,
        "Unique reads": 3,
        "Reads": 5,
        "Lead, bits": 20,
        "Description": "a kinase",
        "Other proteins of the group": "b2",
    }
    text = text_of(page)
    assert "3 of the 4 groups of proteins with a unique read were found with a q-value" in text
    assert "Of the groups " + PROMISE.format("0.05", 5) in text
    assert "p.tsv: 3 groups of proteins found." in text


def test_the_limit_is_the_usual_one_if_it_is_not_known_and_small_samples_are_explained(tmp_path):
    table = proteins_table(tmp_path / "p.tsv", protein("a", 0.25))
    text = text_of(page_of(table, tmp_path))
    assert "0 of the 1 groups" in text and "The lowest q-value is 0.250; among n groups" in text
    assert "Of the groups " + PROMISE.format("0.01", 1) in text
    empty = text_of(page_of(proteins_table(tmp_path / "empty.tsv"), tmp_path))
    assert "0 of the 0 groups" in empty and "Find a group" not in empty


def test_names_are_text_and_not_html(tmp_path):
    named = protein(HOSTILE.replace("\t", " "), 0.001, description=HOSTILE.replace("\t", " "))
    proteins_table(tmp_path / "p.tsv", named)
    page = page_of(tmp_path, tmp_path)
    assert page.data["identified-1-data"]["rows"]
    assert "img" not in [tag for tag, _ in page.tags]
