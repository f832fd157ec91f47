"""`predict` with templates: known proteins, relatives, peptides and misread labels."""

import json
import random

import pytest
from known import K1, K2, masked, shuffled
from prediction_files import accuracy, sequences, table_of

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
def reads(fasta, proteins):
    return fasta("reads.fasta", [(i, masked(s)) for i, s in proteins[:12]])


@pytest.mark.parametrize("mode", ["templates", "auto"])
def test_reads_of_known_proteins_are_recovered(mode, known, reads, proteins, tmp_path):
    config = PredictConfig(mode=mode)
    done = predict(reads, tmp_path / "o", reference=known, config=config)
    assert accuracy(tmp_path / "o", proteins[:12]) > 0.97 and done.confidence > 0.9
    before, after = list(read_fasta(reads, reads=True)), list(read_fasta(tmp_path / "o"))
    for old, new in zip(before, after, strict=True):
        assert old.id == new.id and mask_sequence(new.sequence, K1).residues == old.sequence
        assert f"template={old.id}" in new.description


@pytest.mark.parametrize("mode", ["templates", "auto"])
def test_the_table_names_the_templates_of_each_residue(mode, known, reads, tmp_path):
    config, path = PredictConfig(mode=mode), tmp_path / "t.tsv"
    predict(reads, tmp_path / "o", reference=known, table=path, config=config)
    table = table_of(path)
    assert tuple(table.columns) == TABLE_COLUMNS
    assert "".join(table.residue) == "".join(sequences(tmp_path / "o").values())
    for shares in (table.template_weight, table.agreement):
        assert shares.between(0, 1 + 1e-6).all()
    assert (table.templates[table.template_weight > 0.9] != "").all()


def test_the_run_record_describes_the_reference(known, reads, tmp_path):
    predict(reads, tmp_path / "o", reference=known, config=ALONE)
    settings = json.loads((tmp_path / "o.run.json").read_text())["settings"]
    assert settings["model"] is None and settings["reference"]["proteins"] == 60
    assert settings["reference"]["files"][0]["path"] == str(known)


def test_the_network_alone_knows_no_templates(reads, run, tmp_path):
    table = tmp_path / "t"
    assert (
        run("predict", reads, "-o", tmp_path / "o", "--mode", "model", "--table", table).code == 0
    )
    rows = table_of(table)
    assert tuple(rows.columns) == TABLE_COLUMNS
    for column in ("templates", "template_weight", "agreement", "flag"):
        assert set(rows[column]) == {""}
    settings = json.loads((tmp_path / "o.run.json").read_text())["settings"]
    assert settings["reference"] is None and "template=" not in (tmp_path / "o").read_text()


def test_all_of_many_equal_templates_count(fasta, tmp_path):
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


def test_unsure_residues_are_counted(reads, known, run, tmp_path):
    call = ("predict", reads, "--reference", known, "--mode", "templates", "-o")
    assert "written as X" not in run(*call, tmp_path / "all").err
    said = run(*call, tmp_path / "sure", "--min-confidence", "0.995").err
    unsure = "".join(sequences(tmp_path / "sure").values()).count("X")
    assert unsure > 0 and f"; {unsure} with a confidence below 0.995, written as X" in said


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


def test_less_sure_residues_are_written_as_x(known, reads, run, tmp_path):
    common = ["predict", reads, "--reference", known, "--mode", "templates"]
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
    assert run("predict", reads, "-o", tmp_path / "p", "--min-confidence", "1.1").code == 2


def test_chunks_threads_and_the_order_of_records_change_nothing(
    known, reads, fasta, tmp_path, monkeypatch
):
    pairs = [(r.id, r.sequence) for r in read_fasta(reads, reads=True)]
    random.Random(3).shuffle(pairs)
    results = set()
    for number, (source, threads, chunk) in enumerate(
        [(reads, 1, 1 << 16), (reads, 4, 1), (fasta("other", pairs), 2, 700)]
    ):
        monkeypatch.setattr(predictor, "CHUNKS", predictor.ChunkSettings(residues=chunk))
        config = PredictConfig(mode="templates", threads=threads)
        out = tmp_path / f"{number}"
        predict(source, out, reference=known, table=f"{out}.tsv", config=config)
        rows = table_of(f"{out}.tsv").sort_values(["id", "position"]).to_csv(index=False)
        results.add((tuple(sorted((r.header, r.sequence) for r in read_fasta(out))), rows))
    assert len(results) == 1


@pytest.mark.parametrize(
    "residues",
    ["X", "K", "XXX", "KCYM", "X" * 60_000, "MX" * 1500, "MXXK" * 10_000],
    ids=["one", "one seen", "nothing seen", "nothing hidden", "60000", "3000", "40000"],
)
def test_reads_that_fit_no_template_are_done(fasta, residues, tmp_path):
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


def test_all_twenty_amino_acids_with_missed_labels(known, fasta, proteins, tmp_path):
    everything = "ACDEFGHIKLMNPQRSTVWY"
    draw = random.Random(1)
    pairs = [(i, "".join(a if draw.random() > 0.3 else "X" for a in s)) for i, s in proteins[:5]]
    config = PredictConfig(mode="auto", missed_label=0.3)
    done = predict(
        fasta("r", pairs), tmp_path / "o", reference=known, readout=everything, config=config
    )
    assert done.hidden > 100 and sequences(tmp_path / "o") == dict(proteins[:5])


def test_settings_of_templates_outside_their_bounds_are_refused():
    for wrong in (
        {"mode": "some"},
        {"kind": "some"},
        {"missed_label": 1.0},
        {"misread": -0.1},
        {"min_confidence": float("nan")},
    ):
        with pytest.raises(SettingsError):
            PredictConfig(**wrong)


def test_a_label_that_is_never_read_is_warned_of(fasta, proteins, tmp_path, caplog):
    source = fasta("r", [(i, masked(s)) for i, s in proteins[:20]])
    predict(source, tmp_path / "o", readout="KCYMWH")
    assert "residues, none is H or W (about" in caplog.text
    caplog.clear()
    predict(source, tmp_path / "p", readout="KCYM")
    assert "which the readout" not in caplog.text
