"""Arrays on disk: piece by piece or at once, checked, and given back when there are too many."""

import numpy as np
import pytest

from pepseq.templates import array_files
from pepseq.templates.array_files import ArrayWriter, DamagedError, pieces, read_array

ARRAY = np.arange(10_000, dtype=np.int64)


def write(path, parts, salt="a"):
    writer = ArrayWriter(path, np.int64, salt)
    for part in parts:
        writer.append(part)
        assert np.array_equal(writer.written(), ARRAY[: writer.size])
    writer.finish()
    assert np.array_equal(writer.written(), ARRAY)
    writer.close()


def read(path, salt="a", kind=np.int64, in_memory=False):
    with open(path, "rb") as stream:
        return read_array(stream, kind, salt, in_memory)


@pytest.mark.parametrize("parts", [[ARRAY], np.split(ARRAY, [1, 1, 5000])])
@pytest.mark.parametrize("in_memory", [False, True])
def test_what_is_written_is_read(tmp_path, parts, in_memory, monkeypatch):
    monkeypatch.setattr(array_files, "_PIECE_BYTES", 1 << 12)
    write(tmp_path / "a.npy", parts)
    write(tmp_path / "b.npy", [ARRAY])
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()
    array = read(tmp_path / "a.npy", in_memory=in_memory)
    assert np.array_equal(array, ARRAY) and not array.flags.writeable
    assert np.array_equal(np.load(tmp_path / "a.npy"), ARRAY)
    write(None, parts)


@pytest.mark.parametrize("place", [0, 20, 127, 128, 70_000, -5, -1])
def test_a_changed_byte_is_noticed(tmp_path, place):
    write(tmp_path / "a.npy", [ARRAY])
    content = bytearray((tmp_path / "a.npy").read_bytes())
    content[place] ^= 1
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(DamagedError, match="checksum"):
        read(tmp_path / "a.npy")


def test_an_array_of_another_name_or_type_is_refused(tmp_path):
    write(tmp_path / "a.npy", [ARRAY])
    with pytest.raises(DamagedError, match="checksum"):
        read(tmp_path / "a.npy", salt="b")
    with pytest.raises(DamagedError, match="type or size"):
        read(tmp_path / "a.npy", kind=np.uint64)


def test_pieces_overlap(monkeypatch):
    monkeypatch.setattr(array_files, "_PIECE_BYTES", 32)
    assert [part.tolist() for part in pieces(ARRAY[:9], overlap=1)] == [
        [0, 1, 2, 3, 4],
        [4, 5, 6, 7, 8],
        [8],
    ]


def resident_of_files():
    with open("/proc/self/smaps") as stream:
        text = stream.read()
    return sum(
        int(part.split("Rss:")[1].split()[0])
        for part in text.split("VmFlags")
        if "large.npy" in part
    )


def test_mapped_arrays_are_given_back(tmp_path):
    writer = ArrayWriter(tmp_path / "large.npy", np.uint8, "")
    writer.append(np.ones(1 << 24, np.uint8))
    writer.finish()
    writer.close()
    array = read(tmp_path / "large.npy", "", np.uint8)
    assert resident_of_files() < 1000, "expected the memory of the check to be given back"
    assert array.sum() == 1 << 24 and resident_of_files() > 15_000
    array_files.limit_resident(1 << 40)
    assert resident_of_files() > 15_000
    array_files.limit_resident(0)
    assert resident_of_files() == 0 and array.sum() == 1 << 24
