"""JSON of any size, depth and content is read whole or refused in one line."""

import gzip
import json

import pytest

from pepseq.errors import InputError
from pepseq.io import json_files
from pepseq.models.checkpoints import check_manifest
from pepseq.models.conversion import write_converted_index


@pytest.mark.parametrize("value", [{"a": [1, {"b": None}]}, [], "text", 3.5, None])
def test_written_values_are_read_back(tmp_path, value):
    path = tmp_path / "x.json"
    path.write_text(json.dumps(value))
    assert json_files.read_json(path) == value
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert json_files.read_json(path) == value


def test_the_limit_on_depth_is_below_that_of_python(tmp_path):
    path = tmp_path / "x.json"
    for opened, closed in (("[", "]"), ('{"a":', "}")):
        for depth in (json_files.MAX_DEPTH - 1, json_files.MAX_DEPTH + 1, 400, 100_000):
            path.write_text(opened * depth + "1" + closed * depth)
            if depth < json_files.MAX_DEPTH:
                assert json_files.read_json(path)
            else:
                with pytest.raises(InputError, match="expected JSON nested up to"):
                    json_files.read_json(path)


def test_the_limit_on_size_is_of_decompressed_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(json_files, "MAX_BYTES", 1000)
    path = tmp_path / "x.json"
    path.write_bytes(gzip.compress(b"1" + b" " * 1000))
    with pytest.raises(InputError, match="up to 1000 bytes"):
        json_files.read_json(path)
    path.write_bytes(gzip.compress(b"1" + b" " * 999))
    assert json_files.read_json(path) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"9" * 5000, b"[1] 2"])
def test_a_file_without_json_is_an_error_of_one_line(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.json: expected JSON, found: ") as error:
        json_files.read_json(path)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("depth", [json_files.MAX_DEPTH + 1, 100_000])
def test_too_deep_json_is_a_value_error(depth):
    with pytest.raises(ValueError, match="nested up to"):
        json_files.decode_json("[" * depth + "]" * depth)


@pytest.mark.parametrize("content", ["[" * 100_000, "{", "[]", '{"sha256": [1]}', "null"])
def test_a_damaged_manifest_is_bad_input(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InputError, match="manifest.json: expected a list of files"):
        check_manifest(tmp_path)


@pytest.mark.parametrize("content", ["[" * 100_000, "{", "[]", '{"weight_map": [1]}', "null"])
def test_a_damaged_index_of_weights_is_bad_input(tmp_path, content):
    (tmp_path / "pytorch_model.bin.index.json").write_text(content)
    with pytest.raises(InputError, match="index.json"):
        write_converted_index(tmp_path)
