"""The page in a real Chromium: sorting, finding and opening proteins.

Needs Debian's `chromium` or the like on the path. Without one, what the script is given and what it
draws is tested by `test_report_page`: the data in the page, and sequences as Python draws them.
"""

import json
import re
import shutil
import subprocess
from html import unescape
from types import SimpleNamespace

import pandas as pd
import pytest
from result_files import HOSTILE, digits_of, real_results, varied

from pepseq.identification.fit_table import LOOKUP_COLUMNS
from pepseq.quantification.quantities import QUANTIFY_COLUMNS
from pepseq.reporting.build import report

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

BEFORE = """<script>
window.faults = [];
addEventListener("error", (event) => faults.push(event.message));
addEventListener("securitypolicyviolation", (event) => faults.push(event.blockedURI));
</script>"""

AFTER = """
said.faults = faults;
const result = document.createElement("pre");
result.id = "probe-result";
result.textContent = JSON.stringify(said);
document.body.replaceChildren(result);
</script>"""

PROBE = r"""<script>
const list = document.querySelector(".list"), said = {};
const heads = [...list.querySelectorAll("thead th")];
const shown = () => [...list.querySelectorAll("button.open")].map((b) => b.textContent);
const column = (at) =>
  [...list.querySelectorAll("tbody tr:not(.opened)")].map((r) => r.cells[at].textContent);
const status = () => list.querySelector(".said").textContent;
const printed = () => list.querySelector(".printed").textContent;
const find = (text) => {
  const input = list.querySelector("input");
  input.value = text;
  input.dispatchEvent(new Event("input"));
};
const tools = [...document.querySelectorAll(".tools")];
said.heads = heads.map((h) => h.textContent);
said.buttons = heads.every((h) => h.firstElementChild.tagName === "BUTTON");
said.first = {
  ids: shown(), status: status(), hidden: tools.map((t) => t.hidden), printed: printed(),
};
tools[1].querySelector("button").click();
said.more = {
  count: shown().length, status: status(), hidden: tools[1].hidden, printed: printed(),
};
const right = said.heads.indexOf("correct, %");
heads[right].querySelector("button").click();
said.up = { values: column(right), sort: heads.map((h) => h.getAttribute("aria-sort")) };
heads[right].querySelector("button").click();
said.down = { values: column(right), sort: heads.map((h) => h.getAttribute("aria-sort")) };
find(WANTED);
said.found = { ids: shown(), status: status() };
const open = list.querySelector("button.open");
open.focus();
said.focused = document.activeElement === open;
open.click();
const drawn = list.querySelector("tr.opened");
const texts = (name) => [...drawn.querySelectorAll(`.seq ${name}`)].map((e) => e.textContent);
said.opened = {
  expanded: open.getAttribute("aria-expanded"), residues: texts("b").join(""),
  digits: texts("u").join(""), positions: texts("i"), wrong: drawn.querySelectorAll(".w").length,
  text: drawn.querySelector("pre").textContent, words: drawn.querySelector("details p").textContent,
  hidden: drawn.querySelector(".seq").getAttribute("aria-hidden"),
  html: drawn.querySelector(".seq").innerHTML.replace(/<\/?div[^>]*>/g, ""),
  list: drawn.querySelector("ul").textContent,
};
find(WANTED + " ");
said.kept = list.querySelectorAll("tr.opened").length;
list.querySelector("button.open").click();
said.closed = list.querySelectorAll("tr.opened").length;
find("");
find(WANTED);
said.stays = list.querySelectorAll("tr.opened").length;
find("no such protein");
said.none = { count: shown().length, status: status() };
find("");
const table = document.querySelector("figure table.sortable");
const button = table.querySelectorAll("thead button")[1];
button.click();
const values = () =>
  [...table.tBodies[0].rows].map((r) => Number(r.cells[1].textContent.replace(/,/g, "")));
said.table = { up: values(), down: (button.click(), values()) };
said.example = document.querySelector(".examples .seq").innerHTML;
said.wide = [document.documentElement.scrollWidth, innerWidth];
"""


def chromium(folder, *arguments):
    """Run Chromium without a window and return what it prints."""
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
    flags += ["--disable-dev-shm-usage", "--no-first-run", "--virtual-time-budget=5000"]
    done = subprocess.run(
        [CHROMIUM, *flags, *arguments], capture_output=True, timeout=120, check=True
    )
    return done.stdout.decode()


def probe(folder, page, script):
    """Return what a script says that runs in a page after the page's own."""
    (folder / "probed.html").write_text(
        page.replace("<head>", "<head>" + BEFORE).replace("</body>", script + AFTER + "</body>")
    )
    dumped = chromium(
        folder, "--window-size=500,900", "--dump-dom", (folder / "probed.html").as_uri()
    )
    result = re.search('<pre id="probe-result">(.*?)</pre>', dumped, re.S)
    assert result, dumped[-3000:]
    return json.loads(unescape(result[1]))


@pytest.fixture(scope="module")
def seen(tmp_path_factory, proteins):
    """What a probe in the page sees and does, with the proteins that are in it."""
    folder = tmp_path_factory.mktemp("browser")
    cut = [(id, residues[: 60 + 7 * at]) for at, (id, residues) in enumerate(proteins[:70])]
    names = {cut[0][0]: HOSTILE, cut[1][0]: "ecoli|" + "x" * 300}
    with pytest.MonkeyPatch.context() as patch:
        truth, done = real_results(
            folder / "results", cut, patch, wrong=0.15, names=names, at=varied
        )
    report(folder / "results", folder / "page.html")
    script = PROBE.replace("WANTED", json.dumps(HOSTILE).replace("<", "\\u003c"))
    result = probe(folder, (folder / "page.html").read_text(), script)
    return SimpleNamespace(**result, truth=truth, proteins=done)


def test_nothing_goes_wrong_and_nothing_is_too_wide(seen):
    assert seen.faults == []
    assert seen.wide[0] <= seen.wide[1]


def test_the_list_shows_some_and_then_all(seen):
    ids = list(seen.proteins)
    assert seen.first["ids"] == ids[:50]
    assert seen.first["status"] == "50 of 70 shown" and seen.first["hidden"] == [False, False]
    assert seen.first["printed"] == "50 of 70 proteins; the page on a screen has all."
    assert seen.more == {"count": 70, "status": "70 of 70 shown", "hidden": True, "printed": ""}


def test_a_head_sorts_up_and_down_and_says_so(seen):
    at = seen.heads.index("correct, %")
    assert seen.buttons
    up, down = ([float(value) for value in state["values"]] for state in (seen.up, seen.down))
    assert up == sorted(up) and down == sorted(down, reverse=True) and up[0] < down[0]
    for state, word in ((seen.up, "ascending"), (seen.down, "descending")):
        assert state["sort"] == [word if i == at else None for i in range(len(seen.heads))]
    assert seen.table["up"] == sorted(seen.table["up"])
    assert seen.table["down"] == sorted(seen.table["up"], reverse=True)


def test_a_protein_is_found_and_opened(seen):
    residues, truth = seen.proteins[HOSTILE], seen.truth[HOSTILE]
    assert seen.found == {"ids": [HOSTILE], "status": "1 of 1 shown"}
    wrong = [i for i, (a, b) in enumerate(zip(residues, truth, strict=True)) if a != b]
    assert wrong
    opened = seen.opened
    assert opened["residues"] == residues and opened["expanded"] == "true"
    assert opened["digits"] == digits_of(residues, varied).replace("*", "•")
    assert opened["positions"] == [str(n) for n in range(1, len(residues) + 1, 10)]
    assert 1 <= opened["wrong"] <= len(wrong)
    assert f"{wrong[0] + 1} {residues[wrong[0]]} (true {truth[wrong[0]]})" in opened["words"]
    assert opened["text"].replace("\n", "") == f">{HOSTILE}{residues}"
    assert opened["list"].startswith("t1: ") and opened["hidden"] == "true"
    assert seen.focused and (seen.kept, seen.closed, seen.stays) == (1, 0, 0)
    assert seen.none == {"count": 0, "status": "0 of 0 shown"}


def test_the_script_draws_a_sequence_as_the_page_has_it(seen):
    from pepseq.reporting.page import environment
    from pepseq.reporting.predicted_proteins import PredictedProtein

    residues = seen.proteins[HOSTILE]
    digits = digits_of(residues, varied)
    protein = PredictedProtein(HOSTILE, residues, digits, 1, 0.95, (), 0, seen.truth[HOSTILE])
    drawn = str(environment().get_template("macros.html.j2").module.sequence(protein))
    drawn = drawn.strip().removeprefix('<div class="seq" aria-hidden="true">')
    assert seen.opened["html"].strip() == drawn.partition("</div>")[0].strip()
    assert seen.example.startswith("<span><i>1</i><b>")


PROBE_OF_FITS = r"""<script>
const details = document.querySelector("details"), said = {};
details.open = true;
const named = [...details.querySelectorAll("summary, caption")];
said.named = named.map((e) => e.textContent.trim());
said.seen = named.map((e) => e.getBoundingClientRect().height > 2);
said.rows = [...details.querySelectorAll("tr")].map((r) => [...r.cells].map((c) => c.textContent));
"""


def test_the_heading_of_fits_is_seen_once_and_reads_are_shown(tmp_path):
    fit = {"rank": 1, "protein": "P1", "score": 9, "labels_matched": 2, "labels": 2}
    fits = [
        {**fit, "id": n, "equal_fits": 1, "q_value": 0.5, "count": 3, "sequence": f"..{n % 3}"}
        for n in range(201)
    ]
    table = pd.DataFrame(fits, columns=list(LOOKUP_COLUMNS))
    table.to_csv(tmp_path / "fits.tsv", sep="\t", index=False)
    report(tmp_path / "fits.tsv", tmp_path / "page.html")
    seen = SimpleNamespace(**probe(tmp_path, (tmp_path / "page.html").read_text(), PROBE_OF_FITS))
    assert seen.named == ["Best fits (the first 200 of 201)"] * 2 and seen.seen == [True, False]
    assert seen.rows[0][:3] == ["Read", "Sequence", "Best fit"]
    assert [row[:2] for row in seen.rows[1:4]] == [["0", "..0"], ["1", "..1"], ["2", "..2"]]


PROBE_OF_AMOUNTS = r"""<script>
const list = document.querySelector(".list"), said = {};
const heads = [...list.querySelectorAll("thead th")].map((h) => h.textContent);
const rows = () => [...list.querySelectorAll("tbody tr")].map((r) =>
  [...r.cells].map((c) => c.textContent));
const status = () => list.querySelector(".said").textContent;
const find = (text) => {
  const input = list.querySelector("input");
  input.value = text;
  input.dispatchEvent(new Event("input"));
  return [rows().map((row) => row[0]), status()];
};
const wide = list.querySelector(".wide"), hint = wide.previousElementSibling;
wide.scrollLeft = 10000;
said.scrolls = {
  hint: [hint.className, hint.textContent, hint.hidden], tab: wide.tabIndex, role: wide.role,
  cut: wide.scrollLeft + wide.clientWidth < wide.scrollWidth - 1,
  last: list.querySelector("thead th:last-child").getBoundingClientRect().right <= innerWidth,
  page: [document.documentElement.scrollWidth, innerWidth],
  narrow: document.querySelectorAll(".scrolls:not([hidden])").length,
};
said.heads = heads;
said.first = [rows(), status(), list.querySelector(".printed").textContent];
list.parentElement.querySelector(":scope > .tools button").click();
said.more = [rows().length, status()];
list.querySelectorAll("thead button")[heads.indexOf("Unique reads")].click();
said.up = rows().map((row) => row[heads.indexOf("Unique reads")]);
said.buttons = list.querySelectorAll("tbody button").length;
said.found = [find("other17"), find("PROTEIN 8"), find("<SCRIPT>"), find("nothing")];
"""


def test_amounts_are_sorted_and_found_and_look_as_in_the_page(tmp_path):
    columns = ("group", "proteins", "description", *QUANTIFY_COLUMNS[3:])
    lines = ["\t".join(columns)]
    for n in range(1, 81):
        numbers = (1000.3 / n, 1000 - n, 0.2 / n**2, 0.2 / n**3, 0.1 / n**2, 0.3 / n**2, 0.001)
        name = HOSTILE.replace(";", "") if n == 5 else f"g{n}"
        lines.append(
            "\t".join([name, f"{name};other{n}", f"Protein {n}", *(f"{x:.6g}" for x in numbers)])
        )
    (tmp_path / "amounts.tsv").write_text("\n".join(lines) + "\n")
    report(tmp_path / "amounts.tsv", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    seen = SimpleNamespace(**probe(tmp_path, page, PROBE_OF_AMOUNTS))
    assert seen.faults == [] and seen.buttons == 0
    hint = "More columns: scroll the table to the right →"
    assert seen.scrolls["hint"] == ["scrolls", hint, False] and seen.scrolls["narrow"] == 1
    assert (seen.scrolls["tab"], seen.scrolls["role"]) == (0, "region")
    assert seen.scrolls["last"] and not seen.scrolls["cut"]
    assert seen.scrolls["page"][0] <= seen.scrolls["page"][1]
    body = page.partition('class="list"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    in_page = [
        [unescape(re.sub("<[^>]*>", "", cell)) for cell in re.findall("<t[hd].*?</t[hd]>", row)]
        for row in body.split("</tr>")[:-1]
    ]
    printed = "50 of 80 groups; the page on a screen has all."
    assert seen.first == [in_page, "50 of 80 shown", printed]
    assert len(in_page) == 50 and in_page[1][1:5] == ["g2", "Protein 2", "0.0500", "0.0250"]
    assert seen.more == [80, "80 of 80 shown"]
    assert seen.up == [str(unique) for unique in range(920, 970)]
    assert seen.found == [
        [["17"], "1 of 1 shown"],
        [["80", "8"], "2 of 2 shown"],
        [["5"], "1 of 1 shown"],
        [[], "0 of 0 shown"],
    ]
