"""DataFrames as TSV and Parquet."""

import importlib.util

import pandas as pd
import pytest

from pepseq.errors import InputError, SettingsError
from pepseq.io.dataframes import format_frame, frame_of_rows, read_parquet

FRAME = pd.DataFrame({"group": ["G1", "G2"], "molar_fraction": [0.75, 0.25], "reads": [3, 1]})


def test_a_table_is_the_same_after_it_was_written(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "amounts.parquet"
    path.write_bytes(format_frame(FRAME, path))
    pd.testing.assert_frame_equal(read_parquet(path), FRAME)


@pytest.mark.parametrize("content", [b"", b"group\tmolar_fraction\n", b"PAR1PAR1"])
def test_what_is_no_parquet_is_an_input_error(tmp_path, content):
    pytest.importorskip("pyarrow")
    path = tmp_path / "amounts.parquet"
    path.write_bytes(content)
    with pytest.raises(InputError, match="amounts.parquet: cannot be read as Parquet"):
        read_parquet(path)


def test_without_pyarrow_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"a.parquet: .* pip install 'pepseq\[parquet\]'"):
        format_frame(FRAME, "a.parquet")
    with pytest.raises(SettingsError, match=r"pip install 'pepseq\[parquet\]'"):
        read_parquet("a.parquet")


def test_other_names_are_tsv():
    lines = format_frame(FRAME, "amounts.tsv.gz").decode().splitlines()
    assert lines == ["group\tmolar_fraction\treads", "G1\t0.75\t3", "G2\t0.25\t1"]


def test_a_text_that_parquet_cannot_hold_is_an_input_error():
    pytest.importorskip("pyarrow")
    frame = frame_of_rows([{"group": "caf\udce9"}], ["group"], [])
    with pytest.raises(InputError, match="Parquet holds UTF-8 only, and the table has 'café'"):
        format_frame(frame, "amounts.parquet")
    assert format_frame(frame, "amounts.tsv") == b"group\ncaf\xe9\n"
