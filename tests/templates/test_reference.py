"""The index of a reference: built once, kept where it can be, never trusted when damaged."""

import gzip
import itertools
import json
import multiprocessing
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from known import K1

from pepseq.errors import InputError
from pepseq.io.atomic_files import held_folder
from pepseq.templates import distinct_digests, reference_builder
from pepseq.templates import reference_files as module
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.reference_files import open_reference
from pepseq.templates.substitution import count_codes, encode, frequencies

SYMBOLS = read_symbols(K1)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A user's cache folder of our own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def known(fasta, proteins):
    return fasta("known.fasta", proteins[:20])


@pytest.fixture
def readings(monkeypatch):
    """The FASTA files that were parsed."""
    paths = []

    def read(path, **settings):
        paths.append(str(path))
        return read_fasta(path, **settings)

    read_fasta = module.read_fasta
    monkeypatch.setattr(module, "read_fasta", read)
    return paths


def contents(reference):
    return [(reference.header(p), reference.protein(p).tolist()) for p in range(len(reference))]


def index_of(path):
    (folder,) = path.with_name(path.name + ".pepseq-index").iterdir()
    return folder


def block(path):
    """Put a file where an index would go: nothing can be written there, by root either."""
    path.with_name(path.name + ".pepseq-index").write_text("")


def test_holds_every_protein_in_order(known, proteins):
    reference = open_reference([known])
    assert contents(reference) == [(i, encode(s).tolist()) for i, s in proteins[:20]]
    assert reference.name(3) == proteins[3][0] and len(reference) == 20


def test_is_built_once(known, readings):
    first = contents(open_reference([known]))
    open_reference([known]).seeds(SYMBOLS, 2)
    before = {p: p.stat().st_mtime_ns for p in index_of(known).iterdir()}
    again = open_reference([known])
    again.seeds(SYMBOLS, 2)
    assert readings == [str(known)] and contents(again) == first
    assert before == {p: p.stat().st_mtime_ns for p in index_of(known).iterdir()}
    assert not list(known.parent.rglob(".*.partial"))


def test_is_built_anew_when_the_bytes_change(known, readings, proteins):
    open_reference([known])
    known.write_text(known.read_text() + ">new one\nMKV\n")
    assert contents(open_reference([known]))[-1] == ("new one", encode("MKV").tolist())
    assert len(readings) == 2


def test_seeds_of_other_labels_are_kept_apart(known):
    reference = open_reference([known])
    two, three = reference.seeds(SYMBOLS, 2), reference.seeds(SYMBOLS, 3)
    other = reference.seeds(read_symbols(K1.__class__("CY[DE]")), 2)
    assert len({len(two[1]), len(three[1]), len(other[1])}) == 3
    for labels, expected in ((2, two), (3, three)):
        again = open_reference([known]).seeds(SYMBOLS, labels)
        assert all(np.array_equal(one, array) for one, array in zip(again, expected, strict=True))


def test_an_index_of_another_version_is_built_anew(known, readings):
    open_reference([known])
    about = index_of(known) / "index.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"format": 0}))
    assert len(open_reference([known])) == 20 and len(readings) == 2


def test_beside_a_reference_that_cannot_be_written_the_user_s_cache_is_used(known, cache, readings):
    block(known)
    for _ in range(2):
        reference = open_reference([known])
        assert reference.index.folder.parent == cache / "pepseq" and len(reference) == 20
    assert len(readings) == 1


def test_with_no_place_to_write_it_still_works(known, cache, readings):
    block(known)
    cache.write_text("")
    for _ in range(2):
        reference = open_reference([known])
        assert reference.index is None and len(reference.seeds(SYMBOLS, 2)[1]) > 0
    assert len(readings) == 2


def test_without_a_home_nothing_is_written_into_the_working_folder(known, monkeypatch, tmp_path):
    block(known)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as for a user without a home
    assert open_reference([known]).index is None
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be ignored, says the XDG specification
    assert open_reference([known]).index is None
    assert not list((tmp_path / "here").iterdir())


def _open(path, queue):
    reference = open_reference([path])
    seeds = reference.seeds(SYMBOLS, 2)
    queue.put((contents(reference), [array.tolist() for array in seeds]))


def test_several_processes_at_once(known):
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    processes = [context.Process(target=_open, args=(known, queue)) for _ in range(4)]
    for process in processes:
        process.start()
    results = [queue.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert all(process.exitcode == 0 for process in processes)
    assert results == results[:1] * 4
    assert not list(known.parent.rglob(".*.partial"))


def test_the_run_record_names_the_files_of_this_run(known, tmp_path, cache):
    block(known)
    open_reference([known])
    copy = tmp_path / "copy.fasta"
    shutil.copy(known, copy)
    block(copy)
    assert open_reference([copy]).described["files"][0]["path"] == str(copy)


def test_copies_count_once_and_repeated_ids_get_a_number(fasta):
    pairs = [("a", "MKV"), ("b", "MKV"), ("a", "MKL"), ("a", "mkv"), ("a", "AAA"), ("c", "MKL")]
    reference = open_reference([fasta("k", pairs), fasta("l", [("b", "MKI"), ("a", "MKV")])])
    assert [reference.name(p) for p in range(len(reference))] == ["a", "a#2", "a#3", "b"]
    assert reference.described["records"] == 8 and reference.described["proteins"] == 4


def test_several_files_are_one_reference(fasta, proteins):
    one, two = fasta("one", proteins[:3]), fasta("two", proteins[3:5])
    assert [n for n, _ in contents(open_reference([one, two]))] == [i for i, _ in proteins[:5]]
    turned = open_reference([two, one])
    assert [n for n, _ in contents(turned)] == [i for i, _ in proteins[3:5] + proteins[:3]]


def test_an_index_that_another_process_made_meanwhile_is_left_alone(known, monkeypatch):
    """Jobs that start together all read the file; the last one must not unmap the others' index."""
    write, inodes = module._write_files, []

    def race(paths, arrays):
        monkeypatch.setattr(module, "_write_files", write)
        first = open_reference([known])
        inodes.append((first.index.folder / "residues.npy").stat().st_ino)
        return write(paths, arrays)

    monkeypatch.setattr(module, "_write_files", race)
    second = open_reference([known])
    assert inodes == [(second.index.folder / "residues.npy").stat().st_ino]
    assert not list(second.index.folder.parent.glob(".*.partial"))


def test_gzip_lower_case_and_windows_lines_give_the_same(tmp_path, known):
    text = known.read_text()
    other = tmp_path / "known.gz"
    other.write_bytes(gzip.compress(text.replace("KL", "kl").encode()))
    windows = tmp_path / "windows"
    windows.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert contents(open_reference([other])) == contents(open_reference([known]))
    assert contents(open_reference([windows])) == contents(open_reference([known]))


def test_bad_records_are_left_out_and_said_each_time(fasta, caplog):
    path = fasta("k", [("a", "MKV"), ("b", "M-V"), ("c", "")])
    for _ in range(2):
        caplog.clear()
        assert [n for n, _ in contents(open_reference([path]))] == ["a"]
        assert "2 records left out" in caplog.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty file"),
        (">a\n>b\n", "no record can be used"),
        (">a\nM-K\n", "no record can be used"),
        ("<html>", "HTML"),
        ("MKV\n", "expected FASTA"),
    ],
)
def test_what_is_no_reference_is_refused(tmp_path, text, message):
    path = tmp_path / "bad"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        open_reference([path])
    assert str(path) in str(error.value)
    assert not (tmp_path / "bad.pepseq-index").exists()


def test_a_pipe_is_read_without_an_index(known, tmp_path):
    import threading

    os.mkfifo(tmp_path / "pipe")
    threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(known.read_bytes())).start()
    reference = open_reference([tmp_path / "pipe"])
    assert len(reference) == 20 and reference.index is None


def test_unknown_residues_and_long_proteins_are_kept_whole(fasta):
    reference = open_reference([fasta("k", [("x", "XUZOBJ"), ("titin", "MAKE" * 9000)])])
    assert reference.protein(0).tolist() == [20] * 6 and len(reference.protein(1)) == 36_000


def test_readouts_are_no_known_proteins(tmp_path):
    (tmp_path / "r").write_text(">a\nMXXXXK\n")
    with pytest.raises(InputError, match="these are reads"):
        open_reference([tmp_path / "r"])


def read_arrays(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.npy")}


def test_parts_of_any_size_give_the_same_bytes(fasta, proteins, monkeypatch):
    """A large file first, whose proteins are arranged after those of the small one."""
    small = fasta("small", [("one", proteins[5][1]), *proteins[:2], ("one", "MKV")])
    large = fasta("large", [*proteins, ("again", proteins[7][1]), (proteins[3][0], "MKL")] * 2)
    arrays = []
    for residues in (1 << 22, 1, 700):
        monkeypatch.setattr(reference_builder, "_PART_RESIDUES", residues)
        monkeypatch.setattr(distinct_digests, "_INITIAL_SLOTS", 2)
        reference = open_reference([large, small])
        assert [len(part) for part in reference.strata()] == [4, len(proteins) - 3 + 1]
        assert reference.name(3) == "one" and reference.name(4) == proteins[2][0]
        assert reference.name(len(reference) - 1) == f"{proteins[3][0]}#2"
        arrays.append(read_arrays(reference.index.folder))
        shutil.rmtree(reference.index.folder)
    assert arrays[0] == arrays[1] == arrays[2] and len(arrays[0]) == len(module.ARRAY_TYPES)


def test_an_interrupted_build_leaves_nothing(known, cache, monkeypatch):
    def interrupt(path, **settings):
        yield from itertools.islice(read_fasta(path, **settings), 3)
        raise KeyboardInterrupt

    read_fasta = module.read_fasta
    monkeypatch.setattr(module, "read_fasta", interrupt)
    with pytest.raises(KeyboardInterrupt):
        open_reference([known])
    assert os.listdir(known.parent) == [known.name] and not cache.exists()


def test_what_a_killed_build_left_is_removed_by_the_next_one(known, proteins):
    """The folder of one that is at work stays."""
    open_reference([known])
    index = index_of(known)
    parent, name = index.parent, index.name
    dead, other = parent / f".{name}.{'0' * 16}.partial", parent / f".x.{'0' * 16}.partial"
    for folder in (dead, other):
        folder.mkdir()
        (folder / "residues.npy").write_bytes(b"cut")
    with held_folder(index) as at_work:
        assert not dead.exists() and other.exists()
        shutil.rmtree(index)
        assert len(open_reference([known])) == 20 and at_work.is_dir()
    assert not at_work.exists()


def test_frequencies_are_counted_when_the_index_is_built(fasta, proteins, monkeypatch):
    small, large = fasta("small", proteins[:2]), fasta("large", proteins)
    reference = open_reference([small, large])
    copies = [replace(part, code_counts=None) for part in (reference, *reference.strata())]
    monkeypatch.setattr("pepseq.templates.reference.count_codes", None)
    for part, copy in zip([reference, *reference.strata()], copies, strict=True):
        found = part.frequencies(), part.first_frequencies()
        with monkeypatch.context() as patch:
            patch.setattr("pepseq.templates.reference.count_codes", count_codes)
            assert np.array_equal(found, [copy.frequencies(), copy.first_frequencies()])
    residues = reference.residues[: reference.offsets[2]]
    assert np.array_equal(
        reference.strata()[0].frequencies(), frequencies(np.bincount(residues, minlength=21))
    )
