"""An index of a reference is not used when damaged, forged, or written by who knows whom."""

import os
import random
import shutil

import numpy as np
import pytest
from known import K1, masked

from pepseq.templates import index as module
from pepseq.templates.decoys import decoys_of
from pepseq.templates.finder import TemplateFinder
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.reference_files import open_reference

SYMBOLS = read_symbols(K1)
OTHER = 54321
READOUT = masked("MKLVYTRAGSCKLYMKAAC" * 3)
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A user's cache folder of our own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pepseq"


@pytest.fixture
def known(fasta, proteins):
    return fasta("known.fasta", proteins[:20])


def index_of(path):
    (folder,) = path.with_name(path.name + ".pepseq-index").iterdir()
    return folder


def files_of(known):
    """Every file of the index, those of its decoys too, in some order."""
    return sorted(path for path in index_of(known).rglob("*") if path.is_file())


def answers(known):
    """What predict and lookup take from a reference: what it holds, its seeds and decoys', fits."""
    reference = open_reference([known])
    headers = [reference.header(p) for p in range(len(reference))]
    arrays = [reference.residues, reference.offsets, *reference.seeds(SYMBOLS, 2)]
    arrays += decoys_of(reference, "protein").seeds(SYMBOLS, 2)
    scores = TemplateFinder(reference, SYMBOLS).find(READOUT).scores
    counts = {name: reference.described[name] for name in ("records", "left_out", "proteins")}
    return headers, [array.tolist() for array in [*arrays, scores]], counts


def flipped(path, draw):
    content = bytearray(path.read_bytes())
    first = len(content) // 2 if path.suffix == ".json" else 0  # another format is no damage
    content[draw.randrange(first, len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def zeroed(path, draw):
    content = path.read_bytes()
    at = draw.randrange(len(content) // 2)
    path.write_bytes(content[:at] + bytes(len(content) - at))


def linked(path, draw):
    """A whole file, elsewhere."""
    elsewhere = path.parents[3] / "elsewhere"
    shutil.copy(path, elsewhere)
    path.unlink()
    path.symlink_to(elsewhere)


def special(make):
    def damage(path, draw):
        path.unlink()
        make(path)

    return damage


DAMAGE = {
    "a bit": flipped,
    "another bit": flipped,
    "zeros": zeroed,
    "cut": lambda p, draw: p.write_bytes(p.read_bytes()[: draw.randrange(p.stat().st_size)]),
    "short": lambda p, draw: p.write_bytes(p.read_bytes()[:-3]),
    "long": lambda p, draw: p.write_bytes(p.read_bytes() + b"\0"),
    "empty": lambda p, draw: p.write_bytes(b""),
    "swapped": lambda p, draw: shutil.copy(draw.choice([*set(p.parent.glob("*.npy")) - {p}]), p),
    "a pickle": lambda p, draw: p.write_bytes(b"\x80\x04N."),
    "a list": lambda p, draw: p.write_text("[]"),
    "nested": lambda p, draw: p.write_text('{"format":' * 100_000),
    "odd": lambda p, draw: p.write_text(
        f'{{"format": {module.FORMAT}, "proteins": NaN, "left_out": {{}}}}'
    ),
    "a folder": special(os.mkdir),
    "a pipe": special(os.mkfifo),
    "a link": linked,
    "a link to a device": special(lambda p: p.symlink_to("/dev/zero")),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_said_in_one_line_and_mended(known, caplog, damage):
    expected = answers(known)
    draw = random.Random(damage)
    files = files_of(known)
    assert len(files) == 10
    for path in files:
        caplog.clear()
        DAMAGE[damage](path, draw)
        assert answers(known) == expected, path.name
        said = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
        assert len(said) == 1 and path.parent.name in said[0], path.name
        assert f" is damaged ({path.name}: " in said[0] and said[0].endswith("): rebuilt")
        caplog.clear()
        assert answers(known) == expected and not caplog.records, path.name
    assert files_of(known) == files and not list(known.parent.rglob(".*"))


def test_missing_files(known, caplog):
    expected = answers(known)
    for path in files_of(known):
        caplog.clear()
        path.unlink()
        assert answers(known) == expected
        assert (f"({path.name}: missing): rebuilt" in caplog.text) != ("seeds" in path.name)
    for path in files_of(known)[::2]:
        path.unlink()
    assert answers(known) == expected


def test_an_index_of_an_older_version_is_rebuilt_with_a_word(known, caplog):
    expected = answers(known)
    path = index_of(known) / "index.json"
    path.write_text(path.read_text().replace(f'"format": {module.FORMAT}', '"format": 0'))
    assert answers(known) == expected
    assert "is of an older version of pepseq: rebuilt" in caplog.text
    caplog.clear()
    assert answers(known) == expected and not caplog.records


def test_files_of_another_reference_are_not_taken_for_its_own(known, fasta, proteins):
    expected = answers(known)
    other = fasta("other.fasta", [(f"{i}x", s[::-1]) for i, s in proteins[:20]])
    answers(other)
    for path in index_of(other).glob("*.npy"):
        shutil.copy(path, index_of(known))
    assert answers(known) == expected
    mine, folder = index_of(known), index_of(known).parent
    shutil.rmtree(mine)
    shutil.copytree(index_of(other), folder / mine.name)
    assert answers(known) == expected


@pytest.mark.parametrize(
    ("name", "forge"),
    [
        ("residues", lambda a: np.where(a == 3, 21, a).astype(a.dtype)),
        ("residues", lambda a: a[:-1]),
        ("offsets", lambda a: np.where(a == a[5], a[7], a)),
        ("offsets", lambda a: np.where(a == a[5], -(2**62), a)),
        ("offsets", lambda a: a + 1),
        ("offsets", lambda a: a[:0]),
        ("offsets", lambda a: a[[0, -1]]),
        ("name_offsets", lambda a: np.where(a == a[5], 2**62, a)),
        ("offsets", lambda a: a.astype(np.float64)),
        ("offsets", lambda a: a.astype(">i8")),
        ("seeds-*-positions", lambda a: np.where(np.arange(len(a)) == 5, 2**31, a).astype(a.dtype)),
        ("seeds-*-positions", lambda a: a[:-1]),
        ("seeds-*-starts", lambda a: np.where(a == a[100], a[-1] + 9, a).astype(a.dtype)),
        ("seeds-*-starts", lambda a: a[::2].copy()),
        ("seeds-*-starts", lambda a: a[:0]),
        ("seeds-*-starts", lambda a: a.astype(np.int64)),
    ],
)
def test_what_is_out_of_range_never_reaches_a_kernel(known, caplog, name, forge):
    """Whoever forges an array forges its checksum too."""
    expected = answers(known)
    (path,) = index_of(known).glob(f"{name}.npy")
    array = np.load(path)
    open_reference([known]).index.save_array(path.stem, forge(array))
    assert answers(known) == expected and "is damaged" in caplog.text
    assert np.array_equal(np.load(path), array)


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_files_that_others_may_write_are_left_alone(known, cache, caplog, mode):
    expected = answers(known)
    (path,) = index_of(known).glob("offsets.npy")
    path.chmod(mode)
    for _ in range(2):
        caplog.clear()
        assert answers(known) == expected and open_reference([known]).index.folder.parent == cache
        assert f"{index_of(known)} cannot be trusted (offsets.npy: others may write" in caplog.text
        assert f": {cache}" in caplog.text and "is used instead" in caplog.text
    assert path.stat().st_mode & 0o777 == mode


def give_away(folder, user=OTHER):
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, user, -1)


@AS_ROOT
def test_an_index_of_another_user_is_left_alone(known, cache, caplog):
    expected = answers(known)
    give_away(index_of(known))
    assert answers(known) == expected and open_reference([known]).index.folder.parent == cache
    assert "cannot be trusted (index.json: of another user)" in caplog.text
    assert index_of(known).stat().st_uid == OTHER


@AS_ROOT
def test_an_index_of_the_reference_s_owner_is_read_into_memory(known, cache, caplog):
    """For its owner might change it after it was checked."""
    expected = answers(known)
    give_away(index_of(known))
    os.chown(known, OTHER, -1)
    reference = open_reference([known])
    assert reference.index.folder == index_of(known) and not caplog.records
    for path in index_of(known).glob("*.npy"):
        os.truncate(path, 0)
    assert reference.residues.tolist() == expected[1][0]
    assert answers(known) == expected and open_reference([known]).index.folder.parent == cache
    assert f"{index_of(known)} is damaged (residues.npy: checksum): {cache}" in caplog.text


@pytest.mark.parametrize(("umask", "file", "folder"), [(0o77, 0o600, 0o700), (0, 0o644, 0o755)])
def test_modes_follow_the_umask_and_nobody_else_may_write(known, umask, file, folder):
    before = os.umask(umask)
    try:
        answers(known)
    finally:
        os.umask(before)
    for path in [index_of(known), index_of(known).parent, *index_of(known).rglob("*")]:
        assert path.stat().st_mode & 0o777 == (folder if path.is_dir() else file), path


def test_what_has_been_mapped_stays_when_the_index_is_rebuilt(known):
    expected = answers(known)
    reference = open_reference([known])
    mapped = reference.residues, *reference.seeds(SYMBOLS, 2)
    for path in files_of(known):
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content[:50])
    assert answers(known) == expected
    assert [a.tolist() for a in mapped] == [expected[1][n] for n in (0, 2, 3)]


def test_files_are_on_disk_before_they_have_their_names(known, monkeypatch):
    synced, sync_to_disk = [], module.sync_to_disk

    def watch(path):
        synced.append(path)
        assert path.name.endswith(".partial")
        assert not {p.name for p in path.iterdir()} & {p.name for p in path.parent.iterdir()}
        sync_to_disk(path)

    monkeypatch.setattr(module, "sync_to_disk", watch)
    answers(known)
    assert len(synced) == 3


def test_a_name_that_somebody_planted_is_not_followed(known, tmp_path, monkeypatch):
    """A link in the place of a file that is being written."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    reference = open_reference([known])
    planted = reference.index.folder / "planted"
    planted.symlink_to(victim)
    monkeypatch.setattr("pepseq.io.atomic_files.new_partial", lambda path: planted)
    reference.seeds(SYMBOLS, 2)
    assert victim.read_text() == "mine" and not list(reference.index.folder.glob("seeds-*"))


def test_a_reference_without_labels_has_an_index_too(fasta):
    known = fasta("k.fasta", [("a", "AAAAAA"), ("b", "LLLL")])
    first = answers(known)
    assert answers(known) == first and len(open_reference([known]).seeds(SYMBOLS, 2)[1]) == 0
