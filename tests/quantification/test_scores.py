"""Amounts of proteins from the scores that whatprot or probeam gave reads."""

import pandas as pd
import pytest

import pepseq
from pepseq.errors import InputError
from pepseq.quantification.score_tables import read_scores
from pepseq.readout.readout import Readout

LABELS = Readout.from_labels("DE,C,Y")
PROTEINS = {"a": "MACKGEK", "b": "MYKCCK", "c": "MGDK", "twin": "MGEK"}
SEQUENCES = {"7": "..1", "8": ".0", "9": ".2", "10": "11", "11": "..0"}
COUNTS = {"7": 1, "8": 1, "9": 1, "10": 1, "11": 2}
CONFIG = pepseq.QuantifyConfig(scores=True)


def scores_of(reads, share=0.9):
    """Scores of reads, of which each has most of its probability in one id."""
    rows = []
    for read, name in enumerate(reads):
        other = "9" if name != "9" else "7"
        rows += [(f"r{read}", name, share), (f"r{read}", other, 0.08)]
    return pd.DataFrame(rows, columns=["read", "id", "score"])


SCORES = scores_of(["7"] * 30 + ["8"] * 30 + ["11"] * 60)


def quantify(scores, **more):
    return pepseq.quantify_reads(scores, PROTEINS, LABELS, config=CONFIG, **more)


def sequences():
    frame = pd.DataFrame({"id": list(SEQUENCES), "sequence": list(SEQUENCES.values())})
    return frame.assign(count=list(COUNTS.values()))


def test_amounts_from_scores():
    amounts = quantify(SCORES, score_ids=sequences())
    fractions = amounts.table.set_index("proteins")["molar_fraction"]
    assert amounts.reads == 120 and amounts.distinct == 3
    assert fractions["c;twin"] == pytest.approx(2 / 3, abs=0.05)
    assert fractions["a"] == pytest.approx(1 / 3, abs=0.05)


def test_ids_may_be_dye_sequences_of_the_reference():
    named = SCORES.assign(id=SCORES["id"].map(SEQUENCES))
    table = quantify(named).table
    expected = quantify(SCORES, score_ids=sequences()).table
    assert table["group"].tolist() == expected["group"].tolist()
    assert table["molar_fraction"].tolist() == expected["molar_fraction"].tolist()


def test_order_of_rows_changes_nothing():
    expected = quantify(SCORES, score_ids=sequences()).table
    shuffled = SCORES.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(quantify(shuffled, score_ids=sequences()).table, expected)


def test_files_of_whatprot(run, fasta, tmp_path):
    lines = "".join(f"{text}\t{COUNTS[name]}\t{name}\n" for name, text in SEQUENCES.items())
    (tmp_path / "dye-seqs.tsv").write_text(f"3\n5\n{lines}")
    top = SCORES.iloc[::2]
    rows = "".join(f"{n},{name},{0.9}\n" for n, name in enumerate(top["id"]))
    (tmp_path / "hybrid.csv").write_text(f"radmat_iz, best_pep_iz, best_pep_score\n{rows}")
    out, reference = tmp_path / "amounts.tsv", fasta("reference", list(PROTEINS.items()))
    args = ("quantify", tmp_path / "hybrid.csv", "--reference", reference, "-o", out)
    args = (*args, "--labels", "DE,C,Y", "--scores", "--score-ids", tmp_path / "dye-seqs.tsv")
    result = run(*args, "--dud", "0.07")
    assert result.code == 0 and "120 reads (3 distinct)" in result.err
    table = pd.read_csv(out, sep="\t")
    assert table["proteins"].tolist()[0] == "c;twin"


def test_dye_sequences_that_reads_were_not_scored_with(caplog):
    kept = sequences()[lambda frame: ~frame["id"].isin(["9", "10"])]
    scores = SCORES[SCORES["id"] != "9"]
    with caplog.at_level("WARNING"):
        table = quantify(scores, score_ids=kept).table
    assert "of the reference's labelled peptides have a dye sequence that reads were" in caplog.text
    assert "b" not in table["group"].tolist()
    with pytest.raises(InputError, match="no dye sequence of the reference is among those that"):
        quantify(scores.assign(id="x"), score_ids={"x": "000000"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"score": -0.1}, "scores: row 2: score: expected a score from 0 to 1, found '-0.1'"),
        ({"score": None}, "scores: row 2: the cell of score is empty"),
        ({"score": 0.5}, "scores: row 1: expected scores of a read that add up to more than 0 and"),
        ({"id": "7"}, "scores: row 2: the read has the id '7' twice, first in scores: row 1"),
        ({"id": "x"}, "scores: row 2: 'x' is no id of the dye sequences that reads were scored"),
        ({"id": None}, "scores: row 2: the cell of id is empty"),
        ({"read": None}, "scores: row 2: the cell of read is empty"),
        ({"id": "7 "}, "scores: row 2: the read has the id '7' twice, first in scores: row 1"),
    ],
)
def test_faulty_scores(changes, message):
    table = SCORES.astype({"read": object, "id": object, "score": object})
    for column, value in changes.items():
        table.loc[1, column] = value
    with pytest.raises(InputError, match=message):
        quantify(table, score_ids=sequences())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("read\tid\tscore\n", "s.tsv: expected rows below the header, found none"),
        ("read\tid\nr\t7\n", "s.tsv:1: expected the columns read, id, score, or those of whatprot"),
        ("read\tid\tscore\nr\t7\t0.5\n\nr\t8\t-1\n", "s.tsv:4: score: expected a score from 0 to"),
        ("read\tid\tscore\nr\t7\t\n", "s.tsv:2: the cell of score is empty"),
        ("read\tid\tscore\nr\t7\tmany\n", "s.tsv:2: score: expected a score from 0 to 1, found"),
        ("read,id,score\nr,7,0.5\nr,,0.5\n", "s.tsv:3: the cell of id is empty"),
        ("read\tid\tscore\nr\t7\t0\n", "s.tsv:2: expected scores of a read that add up to more"),
        ("read\tid\tscore\nr\t7\t.5\tx\n", "s.tsv:2: expected 3 cells as in the header, found 4"),
        ("read\tid\tscore\nr\t7\tTrue\n", "s.tsv:2: score: expected a score from 0 to 1, found a"),
        ("read\tid\tscore\nr\t7\t.5\n\0\n", "s.tsv:3: expected text, found binary data"),
        ('"read","id","score"\n"r","7","1.7"\n', "s.tsv:2: score: expected a score from 0 to 1"),
        ('read,id,score\n"r\ns",7,.5\n', "s.tsv:2: expected 3 cells as in the header, found 1"),
        ("PK\x03\x04xl/\0", "s.tsv: this is an Excel workbook, not text; save it as CSV"),
    ],
)
def test_faulty_files_of_scores(text, message, tmp_path):
    (tmp_path / "s.tsv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_scores(tmp_path / "s.tsv")


def test_ids_that_look_like_numbers_stay_texts(tmp_path):
    (tmp_path / "s.tsv").write_text("read\tid\tscore\n01\t.1\t.5\n1\t0.1\t.5\n1\t1.0\t.5\n")
    scores = read_scores(tmp_path / "s.tsv")
    assert scores.names == [".1", "0.1", "1.0"] and scores.read.tolist() == [0, 1, 1]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_spreadsheets_of_scores(tmp_path, encoding, quote):
    rows = [["read", "id", "score"], ["a", "7", "0.5"], ["b", "8", "1"]]
    lines = (",".join(f"{quote}{cell}{quote}" for cell in row) for row in rows)
    (tmp_path / "s.csv").write_bytes("\r\n".join(lines).encode(encoding))
    scores = read_scores(tmp_path / "s.csv")
    assert scores.names == ["7", "8"] and scores.score.tolist() == [0.5, 1]


def test_two_ids_of_one_dye_sequence_are_one():
    ids = {"7": "..1", "7b": "..1.", "8": ".0", "9": ".2"}
    rows = [("r", "7", 0.5), ("r", "7b", 0.25), ("s", "8", 0.9), ("t", "7", 0.75)]
    twice = pd.DataFrame(rows, columns=["read", "id", "score"])
    assert quantify(twice, score_ids=ids).distinct == 2


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (SCORES[:0], "scores: expected rows, found none"),
        (SCORES.assign(id=[["7"]] * len(SCORES)), "scores: row 1: id: expected texts or numbers"),
        (SCORES.assign(score=True), "scores: row 1: score: expected a score from 0 to 1, found a"),
    ],
)
def test_frames_that_hold_no_scores(table, message):
    with pytest.raises(InputError, match=message):
        quantify(table, score_ids=sequences())


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ({"7": "..5"}, "score_ids:1: '7': expected a dye sequence of 3 channels"),
        (pd.DataFrame({"id": ["7"]}), "score_ids: expected one column sequence"),
        (pd.DataFrame({"id": ["7", "7"], "sequence": ["0", "1"]}), "id '7' occurs twice"),
    ],
)
def test_faulty_ids(ids, message):
    with pytest.raises(InputError, match=message):
        quantify(SCORES, score_ids=ids)
