"""`merge` refuses shards that are not all of one run, unchanged."""

import gzip
import json
import shutil

import pytest
from shard_runs import merged

import pepseq
from pepseq.errors import InputError, SettingsError


def change_record(path, change):
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


def missing_record(parts):
    parts[1].with_name(f"{parts[1].name}.run.json").unlink()
    return "part2.fasta: its run record part2.fasta.run.json is missing"


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
    return "expected 3 shards, but these are missing: 2"


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


def test_merge_in_python_names_what_is_missing(tmp_path):
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


def test_searches_are_no_shards(tmp_path):
    path = tmp_path / "1.searches"
    path.write_bytes(b"")
    with pytest.raises(InputError, match="give them to pepseq predict --searches"):
        pepseq.merge([path], tmp_path / "o.fasta")
