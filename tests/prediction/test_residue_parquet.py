"""The table of residues in Parquet format."""

import pandas as pd
import pytest

import pepseq
from pepseq import PredictConfig
from pepseq.errors import InputError, SettingsError
from pepseq.evaluation.confidence_table import read_confidences

pytest.importorskip("pyarrow")
TEMPLATES = PredictConfig(mode="templates", device="cpu")
READS = ">p\nMKXXXXXXXXKXXXXXCXXXKXKXXXYXXCKXXXXXKXXXXXKKKX\n>q\nCXXKXXXMXXX\n"


def write_tables(folder, reads=READS, **options):
    source = folder / "reads.fasta"
    source.write_bytes(reads.encode("utf-8", "surrogateescape"))
    tables = [folder / "table.tsv", folder / "table.parquet"]
    for table in tables:
        output = folder / f"{table.suffix[1:]}.fasta"
        pepseq.predict(source, output, readout="KCYM", table=table, config=TEMPLATES, **options)
    return tables


def test_parquet_has_the_cells_of_the_text(tmp_path):
    text, parquet = write_tables(tmp_path)
    cells = pd.read_csv(text, sep="\t", dtype=str, keep_default_na=False)
    frame = pd.read_parquet(parquet)
    assert list(frame.columns) == list(cells.columns) and len(frame) == len(cells) == 57
    for column in frame.columns:
        expected = cells[column]
        if pd.api.types.is_numeric_dtype(frame[column]):
            expected = pd.to_numeric(expected.mask(expected == ""))
            assert frame[column].equals(expected.astype(frame[column].dtype)), column
        else:
            assert frame[column].tolist() == expected.tolist()
    assert frame["flag"].eq("").all() and frame["second_confidence"].isna().any()


def test_evaluate_reads_parquet_as_text(tmp_path):
    for of_text, of_parquet in zip(*map(read_confidences, write_tables(tmp_path)), strict=True):
        assert of_text.id == of_parquet.id and of_text.line == of_parquet.line
        for name in ("position", "residue", "source", "confidence", "second", "third"):
            assert getattr(of_text, name).tolist() == getattr(of_parquet, name).tolist()


def test_an_id_that_is_no_utf8_is_refused(tmp_path):
    with pytest.raises(InputError, match="Parquet holds UTF-8 only"):
        write_tables(tmp_path, READS.replace("q", "q\udcff"))
    assert not (tmp_path / "table.parquet").exists()


def test_a_shard_writes_text_only(tmp_path):
    with pytest.raises(SettingsError, match="tables of shards are text"):
        pepseq.predict("reads.fasta", "o.fasta", table="t.parquet", config=TEMPLATES, shard="1/2")
