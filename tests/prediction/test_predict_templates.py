"""`predict --reference`: known proteins as templates, and every fault of theirs."""

import json
import os
import random
import shutil

import numpy as np
import pandas as pd
import pytest
from known import K1, K2, masked, shuffled

from pepseq import PredictConfig, predict
from pepseq.errors import SettingsError
from pepseq.prediction import predictor
from pepseq.prediction.residue_table import TABLE_COLUMNS
from pepseq.readout.masking import mask_sequence
from pepseq.sequences.fasta import read_fasta

ALONE = PredictConfig(mode="templates")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def known(fasta, proteins):
    return fasta("known.fasta", proteins[:60])


@pytest.fixture
def readouts(fasta, proteins):
    return fasta("readouts.fasta", [(i, masked(s)) for i, s in proteins[:12]])


def sequences(path):
    return {r.id: r.sequence for r in read_fasta(path)}


def table_of(path):
    return pd.read_csv(path, sep="\t", keep_default_na=False)


def accuracy(path, pairs, readout=K1):
    found = sequences(path)
    same = [
        a == b
        for name, true in pairs
        for a, b in zip(true, found[name], strict=True)
        if a not in readout.observed
    ]
    return np.mean(same)


def test_readouts_of_known_proteins_are_recovered_in_both_modes(
    known, readouts, proteins, tmp_path
):
    for mode in ("templates", "auto"):
        done = predict(
            readouts,
            tmp_path / mode,
            reference=known,
            table=tmp_path / f"{mode}.tsv",
            config=PredictConfig(mode=mode),
        )
        assert accuracy(tmp_path / mode, proteins[:12]) > 0.97 and done.confidence > 0.9
        before, after = list(read_fasta(readouts, reads=True)), list(read_fasta(tmp_path / mode))
        for old, new in zip(before, after, strict=True):
            assert old.id == new.id and mask_sequence(new.sequence, K1).residues == old.sequence
            assert f"template={old.id}" in new.description
        table = table_of(tmp_path / f"{mode}.tsv")
        assert tuple(table.columns) == TABLE_COLUMNS
        assert "".join(table.residue) == "".join(sequences(tmp_path / mode).values())
        assert ((table.template_weight >= 0) & (table.template_weight <= 1 + 1e-6)).all()
        assert ((table.agreement >= 0) & (table.agreement <= 1 + 1e-6)).all()
        assert (table.templates[table.template_weight > 0.9] != "").all()
    settings = json.loads((tmp_path / "templates.run.json").read_text())["settings"]
    assert settings["model"] is None and settings["reference"]["proteins"] == 60
    assert settings["reference"]["files"][0]["path"] == str(known)


def test_the_bundled_proteome_is_the_default(readouts, proteins, tmp_path):
    predict(readouts, tmp_path / "o", config=ALONE)
    assert accuracy(tmp_path / "o", proteins[:12]) > 0.6


def test_the_bundled_proteome_has_a_name(readouts, known, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    common = (readouts, "--mode", "templates")
    assert run("predict", *common, "-o", "default").code == 0
    assert run("predict", *common, "-o", "named", "--reference", "bundled").code == 0
    assert sequences(tmp_path / "default") == sequences(tmp_path / "named")
    graded = ("evaluate", known, "named", "--readout", "K1", "--reference", "bundled")
    result = run(*graded, "-o", "accuracy")
    assert "templates/bundled" in (tmp_path / "accuracy.run.json").read_text(), result
    assert (tmp_path / "accuracy" / "identity.tsv").exists()
    (tmp_path / "bundled").mkdir()  # no file
    assert run("predict", *common, "-o", "again", "--reference", "bundled").code == 0
    (tmp_path / "bundled").rmdir()
    shutil.copy(known, "bundled")  # a file of that name comes first
    result = run("predict", *common, "-o", "own", "--reference", "bundled")
    assert result.code == 0 and sequences(tmp_path / "own") != sequences(tmp_path / "named")


def test_the_network_alone_knows_no_templates(readouts, run, tmp_path):
    table = tmp_path / "t"
    assert (
        run("predict", readouts, "-o", tmp_path / "o", "--mode", "model", "--table", table).code
        == 0
    )
    rows = table_of(table)
    assert tuple(rows.columns) == TABLE_COLUMNS
    for column in ("templates", "template_weight", "agreement", "flag"):
        assert set(rows[column]) == {""}
    settings = json.loads((tmp_path / "o.run.json").read_text())["settings"]
    assert settings["reference"] is None and "template=" not in (tmp_path / "o").read_text()


def test_a_model_without_a_reference_is_noticed(protbert, known, readouts, run, tmp_path):
    call = ("predict", readouts, "--model", protbert, "--readout", "K1", "--force")
    call = (*call, "--device", "cpu", "-o", tmp_path / "o")
    assert "no templates (give --reference)" in run(*call).err
    assert "no templates" not in run(*call, "--reference", known).err
    assert "no templates" not in run(*call, "--mode", "model").err


def test_many_equal_templates_count_all(fasta, tmp_path):
    copies = [(f"p{n}", "MGGGGGGR" + "ADEFGHILNPQ"[n % 11] * (1 + n // 11)) for n in range(90)]
    predict(
        fasta("peptide", [("p", "MXXXXXXX")]),
        tmp_path / "o",
        reference=[fasta("copies", copies)],
        table=tmp_path / "t",
        readout="KCYM",
        config=PredictConfig(kind="tryptic", mode="templates"),
    )
    rows = table_of(tmp_path / "t")
    assert (rows.template_weight > 0.99).all() and (rows.templates == "").all()
    assert sequences(tmp_path / "o") == {"p": "MGGGGGGR"}
    assert "template=" not in (tmp_path / "o").read_text()


def test_unsure_residues_are_counted(readouts, known, run, tmp_path):
    call = ("predict", readouts, "--reference", known, "--mode", "templates", "-o")
    assert "less sure" not in run(*call, tmp_path / "all").err
    said = run(*call, tmp_path / "sure", "--min-confidence", "0.995").err
    unsure = "".join(sequences(tmp_path / "sure").values()).count("X")
    assert unsure > 0 and f"; {unsure} less sure than 0.995: X" in said


def test_an_own_model_goes_with_a_reference_of_its_own(
    protbert, known, readouts, proteins, tmp_path
):
    options = {"model": protbert, "readout": "K1", "config": PredictConfig(device="cpu")}
    predict(readouts, tmp_path / "with", reference=[known], **options)
    predict(readouts, tmp_path / "without", **options)
    assert accuracy(tmp_path / "with", proteins[:12]) > 0.97
    assert accuracy(tmp_path / "without", proteins[:12]) < 0.3


def test_a_readout_that_is_no_default_must_be_named(known, fasta, run, proteins, tmp_path):
    readout = K1.__class__("CY[DE]")
    source = tmp_path / "r"
    source.write_text(
        "".join(f">{i}\n{masked(s, readout).replace('d', '[DE]')}\n" for i, s in proteins[:9])
    )
    common = ["predict", source, "--reference", known, "-o", tmp_path / "o"]
    assert run(*common).code == 2
    result = run(*common, "--readout", "CY[DE]")
    assert result.code == 0
    assert accuracy(tmp_path / "o", proteins[:9], readout) > 0.97


def test_unrelated_proteins_have_little_template_weight(known, fasta, proteins, tmp_path):
    source = fasta("r", [(i, masked(shuffled(s))) for i, s in proteins[:30]])
    predict(source, tmp_path / "o", reference=known, table=tmp_path / "t", config=ALONE)
    assert table_of(tmp_path / "t").template_weight.mean() < 0.05
    assert "template=" not in (tmp_path / "o").read_text()


@pytest.mark.parametrize("kind", ["prefix", "tryptic", "fragment"])
def test_parts_of_proteins_are_found(known, fasta, proteins, tmp_path, kind):
    parts = []
    for name, protein in proteins[:30]:
        begin, end = (0, 45) if kind == "prefix" else (25, 70)
        if kind == "tryptic":
            cuts = [
                i + 1 for i, a in enumerate(protein[:-1]) if a in "KR" and protein[i + 1] != "P"
            ]
            begin = next((i for i in cuts if i > 20), 0)
            end = next((i for i in cuts if i > begin + 30), len(protein))
        parts.append((name, protein[begin:end]))
    source = fasta("r", [(i, masked(s, K2)) for i, s in parts])
    config = PredictConfig(mode="templates", kind=kind)
    predict(source, tmp_path / "o", reference=known, config=config)
    assert accuracy(tmp_path / "o", parts, K2) > 0.95


def test_planted_errors_are_seen_through_and_flagged(known, fasta, proteins, tmp_path):
    draw = random.Random(4)
    pairs, planted = [], {}
    for name, protein in proteins[:12]:
        residues = list(masked(protein, K2))
        seen = [i for i, a in enumerate(residues) if a != "X"]
        missed, misread = draw.sample(seen, len(seen) // 10), draw.sample(seen[2:-2], 1)[0]
        for at in missed:
            residues[at] = "X"
        residues[misread] = draw.choice([a for a in K2.observed if a != protein[misread]])
        planted[name] = misread
        pairs.append((name, "".join(residues)))
    config = PredictConfig(mode="templates", missed_label=0.1, misread=0.02)
    predict(fasta("r", pairs), tmp_path / "o", reference=known, table=tmp_path / "t", config=config)
    found, rows = sequences(tmp_path / "o"), table_of(tmp_path / "t")
    flagged = 0
    for name, protein in proteins[:12]:
        wrong = [i for i, a in enumerate(protein) if a != found[name][i]]
        assert len(wrong) <= 1 + len(protein) // 50
        flags = rows[(rows.id == name) & (rows.flag == "misread?")].position.tolist()
        flagged += planted[name] + 1 in flags
        assert set(flags) <= {planted[name] + 1}
    assert flagged >= 11
    assert set(rows.flag) == {"", "misread?"}


def test_less_sure_residues_are_written_as_x(known, readouts, run, tmp_path):
    common = ["predict", readouts, "--reference", known, "--mode", "templates"]
    tables = []
    for share in ("0", "0.95", "1"):
        table = tmp_path / f"{share}.tsv"
        more = ["-o", tmp_path / share, "--table", table, "--min-confidence", share]
        assert run(*common, *more).code == 0
        tables.append(table.read_text())
        rows = table_of(table)
        residues = "".join(sequences(tmp_path / share).values())
        for written, residue, source, sure in zip(
            residues, rows.residue, rows.source, rows.confidence, strict=True
        ):
            if source == "observed" or sure > float(share) + 1e-6:
                assert written == residue
            elif sure < float(share) - 1e-6:
                assert written == "X"
    assert tables == tables[:1] * 3 and residues.count("X") > 100
    assert run("predict", readouts, "-o", tmp_path / "p", "--min-confidence", "1.1").code == 2


def test_chunks_threads_and_the_order_of_records_change_nothing(
    known, readouts, fasta, tmp_path, monkeypatch
):
    pairs = [(r.id, r.sequence) for r in read_fasta(readouts, reads=True)]
    random.Random(3).shuffle(pairs)
    results = set()
    for number, (source, threads, chunk) in enumerate(
        [(readouts, 1, 1 << 16), (readouts, 4, 1), (fasta("other", pairs), 2, 700)]
    ):
        monkeypatch.setattr(predictor, "CHUNKS", predictor.ChunkSettings(residues=chunk))
        config = PredictConfig(mode="templates", threads=threads)
        out = tmp_path / f"{number}"
        predict(source, out, reference=known, table=f"{out}.tsv", config=config)
        rows = table_of(f"{out}.tsv").sort_values(["id", "position"]).to_csv(index=False)
        results.add((tuple(sorted((r.header, r.sequence) for r in read_fasta(out))), rows))
    assert len(results) == 1


def test_the_order_of_references_changes_at_most_names(fasta, proteins, readouts, tmp_path):
    one, two = fasta("one", proteins[:30]), fasta("two", proteins[30:60])
    for name, order in (("a", [one, two]), ("b", [two, one])):
        predict(
            readouts, tmp_path / name, reference=order, table=f"{tmp_path / name}.tsv", config=ALONE
        )
    assert sequences(tmp_path / "a") == sequences(tmp_path / "b")
    tables = [table_of(tmp_path / f"{name}.tsv") for name in "ab"]
    assert np.allclose(tables[0].template_weight, tables[1].template_weight, atol=1e-5)


def test_a_second_run_reads_the_index_and_gives_the_same(known, readouts, run, tmp_path):
    common = ["predict", readouts, "--reference", known, "--mode", "templates"]
    first, second = run(*common, "-o", "-"), run(*common, "-o", "-")
    assert first.out == second.out != "" and "distinct proteins" not in second.err


@pytest.mark.parametrize(
    "residues",
    ["X", "K", "XXX", "KCYM", "X" * 60_000, "MX" * 1500, "MXXK" * 10_000],
    ids=["one", "one seen", "nothing seen", "nothing hidden", "60000", "3000", "40000"],
)
def test_readouts_that_fit_nothing(fasta, residues, tmp_path):
    known = fasta("k", [("a", "MAKLCDYE" * 20), ("b", "MXXXVVVVVVV")])
    predict(
        fasta("r", [("p", residues)]),
        tmp_path / "o",
        reference=known,
        table=tmp_path / "t",
        config=ALONE,
    )
    result = sequences(tmp_path / "o")["p"]
    assert len(result) == len(residues) == len(table_of(tmp_path / "t"))
    assert mask_sequence(result, K1).residues == residues


@pytest.mark.parametrize("known", [[("x", "XUZ")], [("m", "M")], [("titin", "MAKEVC" * 6000)]])
@pytest.mark.parametrize("kind", ["protein", "prefix", "tryptic", "fragment"])
def test_odd_references(fasta, known, kind, tmp_path):
    source = fasta("r", [("a", "MXKXXC" * 30), ("b", "X"), ("c", "MXKX"), ("d", "MXKXXC" * 300)])
    config = PredictConfig(mode="templates", kind=kind)
    predict(source, tmp_path / "o", reference=fasta("k", known), config=config)
    assert [len(s) for s in sequences(tmp_path / "o").values()] == [180, 1, 4, 1800]


def test_all_twenty_amino_acids_with_missed_labels(known, fasta, proteins, tmp_path):
    everything = "ACDEFGHIKLMNPQRSTVWY"
    draw = random.Random(1)
    pairs = [(i, "".join(a if draw.random() > 0.3 else "X" for a in s)) for i, s in proteins[:5]]
    config = PredictConfig(mode="auto", missed_label=0.3)
    done = predict(
        fasta("r", pairs), tmp_path / "o", reference=known, readout=everything, config=config
    )
    assert done.hidden > 100 and sequences(tmp_path / "o") == dict(proteins[:5])


BAD_REFERENCES = {
    "empty": b"",
    "bad records only": b">a\nM-K\n>b\n",
    "not FASTA": b"@read\nMKV\n+\nIII\n",
    "HTML": b"<html></html>",
    "binary": b"\0\1\2\3",
    "cut gzip": b"\x1f\x8b\x08\0\0\0\0\0\0\3\x4b",
    "missing": None,
    "folder": "folder",
}


@pytest.mark.parametrize("kind", BAD_REFERENCES)
def test_a_bad_reference_is_one_line_and_65(run, readouts, tmp_path, kind):
    bad, text = tmp_path / "bad.fasta", BAD_REFERENCES[kind]
    if text == "folder":
        bad.mkdir()
    elif text is not None:
        bad.write_bytes(text)
    before = sorted(tmp_path.iterdir())
    result = run(
        "predict", readouts, "--reference", bad, "-o", tmp_path / "o", "--table", tmp_path / "t"
    )
    assert result.code == 65 and len(result.err.strip().splitlines()) == 1
    assert "bad.fasta" in result.err and sorted(tmp_path.iterdir()) == before


def test_some_bad_records_of_a_reference_are_left_out_with_a_word(
    run, readouts, known, proteins, tmp_path
):
    known.write_text(known.read_text() + ">bad\nM-K\n")
    result = run("predict", readouts, "--reference", known, "-o", tmp_path / "o")
    assert result.code == 0 and "1 records left out" in result.err
    assert accuracy(tmp_path / "o", proteins[:12]) > 0.97


@pytest.mark.parametrize(
    "arguments",
    [
        ["--mode", "model", "--reference", "known.fasta", "-o", "o"],
        ["--mode", "templates", "--model", "folder", "-o", "o"],
        ["--reference", "known.fasta", "-o", "known.fasta", "--force"],
        ["--reference", "known.fasta", "-o", "o", "--table", "known.fasta", "--force"],
        ["--mode", "some", "-o", "o"],
        ["--kind", "some", "-o", "o"],
        ["--missed-label", "1", "-o", "o"],
        ["--misread", "-0.1", "-o", "o"],
        ["--misread", "nan", "-o", "o"],
        ["--reference", "-", "-o", "o", "-"],
    ],
)
def test_contradictions_are_2(run, readouts, known, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    before = known.read_bytes(), sorted(tmp_path.iterdir())
    more = [readouts.name] if arguments[-1] != "-" else []
    result = run("predict", *more, *arguments)
    assert result.code == 2 and (known.read_bytes(), sorted(tmp_path.iterdir())) == before


def test_settings_that_make_no_sense():
    for wrong in (
        {"mode": "some"},
        {"kind": "some"},
        {"missed_label": 1.0},
        {"misread": -0.1},
        {"min_confidence": float("nan")},
    ):
        with pytest.raises(SettingsError):
            PredictConfig(**wrong)


def test_a_reference_may_come_from_stdin_or_a_pipe(known, readouts, run, tmp_path):
    import threading

    predict(readouts, tmp_path / "o", reference=known, config=ALONE)
    common = ["predict", readouts, "--mode", "templates"]
    piped = run(*common, "--reference", "-", "-o", tmp_path / "p", stdin=known.read_bytes())
    assert piped.code == 0, piped.err
    os.mkfifo(tmp_path / "fifo")
    threading.Thread(target=lambda: (tmp_path / "fifo").write_bytes(known.read_bytes())).start()
    predict(readouts, tmp_path / "q", reference=tmp_path / "fifo", config=ALONE)
    for name in "pq":
        assert (tmp_path / name).read_bytes() == (tmp_path / "o").read_bytes()


def test_a_label_that_is_never_read_is_spoken_of(fasta, proteins, tmp_path, caplog):
    source = fasta("r", [(i, masked(s)) for i, s in proteins[:20]])
    predict(source, tmp_path / "o", readout="KCYMWH")
    assert "residues is H or W (about" in caplog.text
    caplog.clear()
    predict(source, tmp_path / "p", readout="KCYM")
    assert "which the readout" not in caplog.text
