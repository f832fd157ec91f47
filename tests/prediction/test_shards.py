"""A prediction shared by several jobs gives, merged, the bytes of one run."""

import gzip
import json
import shutil

import pytest

from pepseq.errors import InputError, SettingsError
from pepseq.prediction import predictor
from pepseq.prediction.predictor import ChunkSettings
from pepseq.prediction.shards import Shard, ShardSelector
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record, read_fasta

BAD = [("bad", "M!K"), ("p00", "MXK"), ("stray", "MXD")]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Chunks of a few records, so that twenty are worth sharing."""
    monkeypatch.setattr(predictor, "CHUNKS", ChunkSettings(residues=150, batches=1))


@pytest.fixture
def source(fasta, small_proteins):
    """Twenty readouts and, among them, three records that cannot be used."""
    good = [mask_sequence(s, Readout("K1")).residues for _, s in small_proteins]
    records = [(f"p{n:02} OX=562", residues) for n, residues in enumerate(good)]
    return fasta("r.fasta", records[:5] + BAD[:2] + records[5:] + BAD[2:])


@pytest.fixture
def known(fasta, proteins):
    return fasta("known.fasta", proteins[5:30])


@pytest.fixture
def predicted(run, source, protbert, known, tmp_path):
    """Predict with templates and network, or one of them, in `of` shards (None: unsharded)."""
    ways = {
        "auto": ["--model", protbert, "--reference", known],
        "model": ["--model", protbert, "--batch-residues", "150"],
        "templates": ["--mode", "templates", "--reference", known],
    }

    def predicted(of, way="auto", name="part", codes=(0,), extra=("--keep-going",), **change):
        common = ["predict", change.get("source", source), *ways[way], "--readout", "K1"]
        common += ["--device", "cpu", "--threads", 1, *extra]
        outputs = []
        for number in range(1, of + 1) if of else [0]:
            out = tmp_path / f"{name}{number}.fasta"
            mine = ["--shard", f"{number}/{of}"] if of else []
            done = run(*common, *mine, "-o", out, "--table", tmp_path / f"{name}{number}.tsv.gz")
            assert done.code in codes, done.err
            outputs.append(out)
        return outputs

    return predicted


def merged(run, parts, out, *more):
    table = out.with_suffix(".tsv.gz")
    return run("merge", *parts, "-o", out, "--table", table, "--keep-going", *more)


@pytest.mark.parametrize("way", ["auto", "model", "templates"])
@pytest.mark.parametrize("of", [1, 3, 9])
def test_merged_shards_are_the_bytes_of_one_run(way, of, predicted, run, tmp_path):
    predicted(None, way, "one")
    parts = predicted(of, way)
    counts = [part.read_text().count(">") for part in parts]
    assert sum(counts) == 20 and (of > 3) == (0 in counts)
    done = merged(run, parts[::-1], tmp_path / "all.fasta")
    assert done.code == 0 and f"20 proteins, 870 residues from {of} shards" in done.err
    for end in (".fasta", ".tsv.gz", ".fasta.failed.tsv"):
        assert (tmp_path / f"all{end}").read_bytes() == (tmp_path / f"one0{end}").read_bytes()
    assert (tmp_path / "all.fasta.failed.tsv").read_text().count("\n") == 4
    records = [json.loads((tmp_path / f"{n}.fasta.run.json").read_text()) for n in ("all", "one0")]
    assert records[0].pop("merged")["shards"] == of
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
    assert result.code == 2 and result.err.startswith("Error: --shard: expected i/n")
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


def change_record(path, change):
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


def missing_record(parts):
    parts[1].with_name(f"{parts[1].name}.run.json").unlink()
    return "part2.fasta: expected its run record part2.fasta.run.json, found none"


def no_shard(parts):
    beside = parts[1].with_name(f"{parts[1].name}.run.json")
    change_record(beside, lambda r: r["settings"].pop("shard"))
    return "expected the run record of predict --shard, found another"


def broken_record(parts):
    parts[1].with_name(f"{parts[1].name}.run.json").write_text("[1")
    return "expected the run record of predict --shard, found another"


def other_version(parts):
    beside = parts[1].with_name(f"{parts[1].name}.run.json")
    change_record(beside, lambda r: r.update(pepseq="0.0.9"))
    return "not of the same run as"


def other_torch(parts):
    beside = parts[2].with_name(f"{parts[2].name}.run.json")
    change_record(beside, lambda r: r["libraries"].update(torch="1.0"))
    return "libraries was"


def half_written(parts):
    parts[1].write_bytes(parts[1].read_bytes()[:-30])
    return "part2.fasta: damaged or changed"


def one_residue(parts):
    text = parts[1].read_text()
    at = len(text) - 5
    parts[1].write_text(text[:at] + ("A" if text[at] != "A" else "G") + text[at + 1 :])
    return "part2.fasta: damaged or changed"


def short_table(parts):
    table = parts[1].with_name("part2.tsv.gz")
    table.write_bytes(table.read_bytes()[:-30])
    return "part2.tsv.gz: compressed data are damaged or cut short"


def longer_table(parts):
    table = parts[1].with_name("part2.tsv.gz")
    table.write_bytes(gzip.compress(gzip.decompress(table.read_bytes()) + b"p\n"))
    return "part2.tsv.gz: damaged or changed"


def no_table(parts):
    parts[1].with_name("part2.tsv.gz").unlink()
    return "part2.tsv.gz beside it, found none"


def no_failed(parts):
    parts[0].with_name("part1.fasta.failed.tsv").unlink()
    return "part1.fasta.failed.tsv beside it, found none"


def changed_failed(parts):
    path = parts[0].with_name("part1.fasta.failed.tsv")
    path.write_text(path.read_text().replace("stray", "strax"))
    return "part1.fasta.failed.tsv: damaged or changed"


def left_out(parts):
    del parts[1]
    return "expected 3 shards, found none for 2"


def twice(parts):
    for end in ("", ".run.json", ".failed.tsv"):
        shutil.copy(f"{parts[0]}{end}", f"{parts[1]}{end}")
    return "both are shard 1"


def not_there(parts):
    parts[1].unlink()
    return "part2.fasta: no such file, or the job that writes it is not done"


def no_seconds(parts):
    beside = parts[1].with_name(f"{parts[1].name}.run.json")
    change_record(beside, lambda r: r.pop("seconds"))
    return "expected the run record of predict --shard, found another"


def odd_number(parts):
    beside = parts[1].with_name(f"{parts[1].name}.run.json")
    change_record(beside, lambda r: r["settings"]["shard"].update(number="2"))
    return "expected the run record of predict --shard, found another"


def more_shards_than_any(parts):
    beside = parts[1].with_name(f"{parts[1].name}.run.json")
    change_record(beside, lambda r: r["settings"]["shard"].update(of=10**12))
    return "expected the run record of predict --shard, found another"


def nested_record(parts):
    parts[1].with_name(f"{parts[1].name}.run.json").write_text("[" * 100_000)
    return "expected the run record of predict --shard, found another"


def long_table_name(parts):
    beside = parts[1].with_name(f"{parts[1].name}.run.json")
    change_record(beside, lambda r: r["settings"]["shard"].update(table="t" * 300))
    return "beside it, found none"


FAULTS = [missing_record, no_shard, broken_record, other_version, other_torch, half_written]
FAULTS += [one_residue, short_table, longer_table, no_table, no_failed, changed_failed]
FAULTS += [left_out, twice, not_there, no_seconds, odd_number, more_shards_than_any]
FAULTS += [nested_record, long_table_name]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.__name__)
def test_shards_that_are_not_all_of_one_run_are_refused(fault, predicted, run, tmp_path):
    parts = predicted(3, "templates")
    words = fault(parts)
    old = tmp_path / "all.fasta"
    old.write_text("precious")
    result = merged(run, parts, old, "--force")
    assert result.code == 65 and words in result.err, result.err
    assert len(result.err.splitlines()) == 1 and old.read_text() == "precious"
    assert not list(tmp_path.glob(".all*")) and not (tmp_path / "all.fasta.run.json").exists()


def test_shards_of_another_input_or_setting_are_refused(predicted, run, source, fasta, tmp_path):
    parts = predicted(2, "templates")
    other = tmp_path / "other.fasta"
    other.write_text(source.read_text().replace("p07", "p7x"))
    changed = predicted(2, "templates", "input", source=other)
    result = merged(run, [parts[0], changed[1]], tmp_path / "all.fasta")
    assert result.code == 65 and "input was" in result.err
    options = ("--keep-going", "--min-confidence", "0.3")
    changed = predicted(2, "templates", "setting", extra=options)
    result = merged(run, [parts[0], changed[1]], tmp_path / "all.fasta")
    assert result.code == 65 and "min_confidence was '0.0', is '0.3'" in result.err
    changed = predicted(3, "templates", "three")
    result = merged(run, [parts[0], *changed[1:]], tmp_path / "all.fasta")
    assert result.code == 65 and "number of shards was '2', is '3'" in result.err


def test_a_network_retrained_meanwhile_is_noticed(run, source, protbert, tmp_path):
    folder = shutil.copytree(protbert, tmp_path / "net")
    call = ["predict", source, "--model", folder, "--readout", "K1", "--keep-going"]
    assert run(*call, "-o", tmp_path / "1", "--shard", "1/2").code == 0
    with open(folder / "model.safetensors", "r+b") as weights:
        weights.seek(-1, 2)
        weights.write(b"\x01")
    assert run(*call, "-o", tmp_path / "2", "--shard", "2/2").code == 0
    result = run("merge", tmp_path / "1", tmp_path / "2", "-o", tmp_path / "all")
    assert result.code == 65 and "model_sha256 was" in result.err


def test_tables_are_neither_lost_nor_invented(predicted, run, source, protbert, tmp_path):
    parts = predicted(1, "templates")
    result = run("merge", *parts, "-o", tmp_path / "all")
    assert result.code == 2 and "--table" in result.err
    call = ["predict", source, "--model", protbert, "--readout", "K1", "--keep-going"]
    run(*call, "-o", tmp_path / "bare", "--shard", "1/1")
    result = merged(run, [tmp_path / "bare"], tmp_path / "all.fasta")
    assert result.code == 2 and "no tables" in result.err
    assert run("merge", tmp_path / "bare", "-o", "-", "--keep-going").out.count(">") == 20


def test_merge_overwrites_nothing_and_no_shard(predicted, run, tmp_path):
    parts = predicted(1, "templates")
    (tmp_path / "all.fasta").write_text("old")
    assert merged(run, parts, tmp_path / "all.fasta").code == 74
    assert (tmp_path / "all.fasta").read_text() == "old"
    before = parts[0].read_bytes()
    assert merged(run, parts, parts[0], "--force").code == 2
    assert parts[0].read_bytes() == before


def test_in_python(tmp_path):
    import pepseq

    with pytest.raises(SettingsError, match="found none"):
        pepseq.merge([], tmp_path / "o")
    with pytest.raises(InputError, match="no such file"):
        pepseq.merge([tmp_path / "x"], tmp_path / "o")


def test_a_run_record_of_a_shard_is_never_an_output(predicted, run, tmp_path):
    parts = predicted(2, "templates")
    record = tmp_path / "part1.fasta.run.json"
    before = record.read_bytes()
    assert merged(run, parts, record, "--force").code == 2
    result = run("merge", *parts, "-o", tmp_path / "all", "--table", record, "--force")
    assert result.code == 2 and record.read_bytes() == before


def test_names_with_tabs_and_other_controls_are_merged(predicted, run, source, tmp_path):
    odd = tmp_path / "a\tb\x1b.fasta"
    odd.write_text(source.read_text() + ">up\x0bdown\nM1X\n")
    parts = predicted(2, "templates", source=odd)
    done = merged(run, parts, tmp_path / "all.fasta")
    assert done.code == 0, done.err
    listed = (tmp_path / "all.fasta.failed.tsv").read_text()
    last = listed.splitlines()[-1].split("\t")
    assert last[0].endswith("a\\tb\\x1b.fasta") and last[2] == "up\\x0bdown" and len(last) == 4
    assert listed == (tmp_path / "part1.fasta.failed.tsv").read_text()
