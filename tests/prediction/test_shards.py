"""A prediction in shards gives, merged, the bytes of one run."""

import json

import pytest
from shard_runs import BAD, merged

from pepseq.io.progress import Progress
from pepseq.prediction.shards import Shard, ShardSelector
from pepseq.sequences.fasta import Record, read_fasta


@pytest.mark.parametrize("way", ["auto", "model", "templates"])
@pytest.mark.parametrize("of", [1, 3, 9])
def test_merged_shards_are_the_bytes_of_one_run(way, of, predicted, run, tmp_path):
    predicted(None, way, "one")
    parts = predicted(of, way)
    counts = [part.read_text().count(">") for part in parts]
    assert sum(counts) == 20 and (of > 3) == (0 in counts)
    done = merged(run, parts[::-1], tmp_path / "all.fasta")
    assert done.code == 0 and f"20 proteins, 870 residues from {of} shard" in done.err
    for end in (".fasta", ".tsv.gz", ".fasta.failed.tsv"):
        assert (tmp_path / f"all{end}").read_bytes() == (tmp_path / f"one0{end}").read_bytes()
    assert (tmp_path / "all.fasta.failed.tsv").read_text().count("\n") == 4


@pytest.mark.parametrize("way", ["auto", "model", "templates"])
def test_progress_counts_each_residue_once(way, predicted, monkeypatch):
    counted = []
    monkeypatch.setattr(Progress, "add", lambda self, amount: counted.append(amount))
    predicted(None, way)
    assert sum(counted) == 870 and len(counted) >= 6, "not all at once"


def test_the_run_record_of_merged_shards_is_that_of_one_run(predicted, run, tmp_path):
    predicted(None, "auto", "one")
    assert merged(run, predicted(3), tmp_path / "all.fasta").code == 0
    records = [json.loads((tmp_path / f"{n}.fasta.run.json").read_text()) for n in ("all", "one0")]
    assert records[0].pop("merged")["shards"] == 3
    for record in records:
        assert record.pop("seconds") > 0 and record.pop("started") and record.pop("argv")
        record["outputs"] = [(o["kind"], o["bytes"], o["sha256"]) for o in record["outputs"]]
    assert records[0] == records[1]


def test_shards_have_as_many_residues_give_or_take_a_chunk_and_every_record_once():
    chunks = [[Record(f"{n}", "", "X" * (n % 70 + 1), 1)] for n in range(500)]
    total = sum(len(record.sequence) for (record,) in chunks)
    for of in (1, 2, 7, 60, 600):
        selectors = [ShardSelector(Shard(number, of), total) for number in range(1, of + 1)]
        parts = [list(selector.select(iter(chunks))) for selector in selectors]
        assert [chunk for part in parts for chunk in part] == chunks
        sizes = [sum(len(r.sequence) for (r,) in part) for part in parts]
        assert max(sizes) <= total / of + 71 and min(sizes) >= total / of - 71
        assert len({str(selector.whole.describe()) for selector in selectors}) == 1


@pytest.mark.parametrize(
    "text", ["0/4", "5/4", "4", "1/0", "-1/4", "1/4/2", "a/b", "1.5/4", "²/3", "1/3000000000"]
)
def test_wrong_shards_are_one_line(run, source, tmp_path, text):
    result = run("predict", source, "-o", tmp_path / "o", "--shard", text)
    assert result.code == 2 and result.err.startswith("Error: --shard") and "i/n" in result.err
    assert len(result.err.splitlines()) == 1 and not (tmp_path / "o").exists()


def test_streams_cannot_be_shared(run, source, tmp_path):
    for call in (["-", "-o", tmp_path / "o"], [source, "-o", "-"]):
        result = run("predict", *call, "--shard", "1/2")
        assert result.code == 2 and "--shard: expected" in result.err
    out = tmp_path / "o"
    assert run("predict", source, "-o", out, "--table", "-", "--shard", "1/2").code == 2


def test_bad_records_are_65_from_every_shard_and_from_merge(predicted, run, tmp_path):
    parts = predicted(2, codes=(65,), extra=())
    for part in parts:
        assert part.with_name(f"{part.name}.failed.tsv").read_text().count("\n") == 4
    table = tmp_path / "all.tsv"
    done = run("merge", *parts, "-o", tmp_path / "all", "--table", table)
    assert done.code == 65 and "3 of 23 records were left out" in done.err
    assert sum(1 for _ in read_fasta(tmp_path / "all")) == 20


def test_files_of_nothing_but_bad_records_are_refused(run, fasta, protbert, tmp_path):
    source = fasta("bad", BAD[:1])
    call = ["predict", source, "-o", tmp_path / "o", "--readout", "K1", "--model", protbert]
    assert run(*call, "--shard", "1/2").code == 65 and not (tmp_path / "o").exists()
