"""References under a name: made whole or not at all, found by name, checked, updated, removed."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading

import pytest
from places import ROOT
from uniprot_server import Bad, proteins

from pepseq import lookup, predict
from pepseq.errors import InputError, OutputError, SettingsError, TryAgainError
from pepseq.io.atomic_files import locked
from pepseq.library import add as module
from pepseq.library.add import add_reference, update_reference
from pepseq.library.entries import (
    interrupted_downloads,
    list_references,
    read_reference,
    reference_paths,
)
from pepseq.library.maintenance import remove_reference, verify_reference
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.templates.reference_files import open_reference
from pepseq.uniprot.config import DownloadConfig

SEQUENCES = [
    "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQ",
    "MADEEKLPPGWEKRMSRSSGRVYYFNHITNASQWERPSGNSSSGGKNGQGEPARVR",
    "MSKGEELFTGVVPILVELDGDVNGHKFSVSGEGEGDATYGKLTLKFICTTGKLPVP",
]
HEADERS = [
    "sp|A1|A1_ECOLI Some protein OS=Escherichia coli (strain K12) OX=83333 GN=a PE=1 SV=1",
    "sp|A2|A2_ECOLI Some protein OS=Escherichia coli (strain K12) OX=83333 GN=b PE=1 SV=1",
    "other protein without an organism",
]


@pytest.fixture
def known(tmp_path):
    path = tmp_path / "known.fasta"
    path.write_text("".join(f">{h}\n{s}\n" for h, s in zip(HEADERS, SEQUENCES, strict=True)))
    return path


@pytest.fixture
def reads(tmp_path):
    path = tmp_path / "reads.fasta"
    hidden = [mask_sequence(s, Readout("KCYM")).residues for s in SEQUENCES]
    path.write_text("".join(f">r{n}\n{s}\n" for n, s in enumerate(hidden)))
    return path


def hidden_names(home):
    """What killed or failed runs might leave."""
    return [p.name for p in (home / "references").iterdir() if p.name.startswith(".")]


def test_a_reference_of_files_is_used_by_its_name(known, reads, tmp_path, home):
    added = add_reference("mine", [known])
    assert (added.proteins, added.records, added.left_out) == (3, 3, 0)
    assert added.residues == sum(map(len, SEQUENCES)) and added.without_organism == 1
    organism = {"taxon": 83333, "name": "Escherichia coli (strain K12)", "proteins": 2}
    assert added.organisms == (organism,) and added.organism_count == 1
    assert list_references() == [added] == [read_reference("mine")]
    by_path, by_name = tmp_path / "path.fasta", tmp_path / "name.fasta"
    settings = {"readout": "KCYM", "offline": True}
    predict(reads, by_name, reference="mine", **settings)
    assert not list(tmp_path.glob("known*index")) and not (tmp_path / "cache").exists()
    predict(reads, by_path, reference=known, **settings)
    assert by_name.read_bytes() == by_path.read_bytes()
    known.unlink()
    lookup(reads, tmp_path / "fits.tsv", ["mine"], "KCYM")
    assert "sp|A1|A1_ECOLI" in (tmp_path / "fits.tsv").read_text()
    assert not hidden_names(home)


def test_the_index_of_a_mixture_is_kept_in_the_library(known, tmp_path):
    add_reference("mine", known)
    other = tmp_path / "other.fasta"
    other.write_text(">x\nMKVLAAGIVK\n")
    paths = reference_paths([str(other), "mine"])
    assert paths == [str(other), *read_reference("mine").paths]
    folder = open_reference(paths).index.folder
    assert folder.is_relative_to(read_reference("mine").folder)
    assert not list(tmp_path.glob("*.pepseq-index"))


def test_a_file_wins_over_a_name_and_an_unknown_name_lists_those_there(
    known, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^mine: no such file, and no .*is empty\); add one"):
        reference_paths("mine")
    add_reference("theirs", known)
    with pytest.raises(InputError, match=r"there: theirs\); add one: pepseq reference add mine"):
        reference_paths(["theirs", "mine"])
    (tmp_path / "theirs").mkdir()
    assert reference_paths("theirs") == read_reference("theirs").paths
    (tmp_path / "theirs").rmdir()
    shutil.copy(known, tmp_path / "theirs")
    assert reference_paths("theirs") == ["theirs"]
    assert reference_paths(["a.fasta", "x/y", "-", known]) == ["a.fasta", "x/y", "-", known]


@pytest.mark.parametrize("name", ["", "a.fasta", "../x", "-a", "a b", "bundled", "a" * 65, "ä", 3])
def test_names_that_are_none(known, name, home):
    with pytest.raises(SettingsError, match="a name of a reference consists of"):
        add_reference(name, known)
    assert not home.exists()


def test_nothing_appears_where_the_files_are_no_proteins(tmp_path, home):
    bad = tmp_path / "bad.fasta"
    bad.write_text(">r\nXXKXXXXCXXXMXX\n")
    with pytest.raises(InputError, match=f"^{bad}: these are reads"):
        add_reference("bad", bad)
    assert list_references() == [] and not hidden_names(home)
    with pytest.raises(InputError, match=r"no such file|No such file|missing"):
        add_reference("bad", tmp_path / "none.fasta")
    for arguments in ({}, {"files": bad, "search": DownloadConfig(taxon=562)}):
        with pytest.raises(SettingsError, match="one of them"):
            add_reference("bad", **arguments)


def test_files_of_one_name_and_records_left_out(known, tmp_path, caplog):
    other = tmp_path / "b" / "known.fasta"
    other.parent.mkdir()
    other.write_text(">x\nMKV1AAG\n>y\nMKVLAAGIVK\n")
    added = add_reference("two", [known, other])
    assert [file.name for file in added.files] == ["1-known.fasta", "2-known.fasta"]
    assert (added.proteins, added.left_out) == (4, 1)
    open_reference(added.paths)
    assert "the first: 2-known.fasta:1: 'x'" in caplog.text and ".partial" not in caplog.text


def test_standard_input(known, run):
    assert run("reference", "add", "mine", "-", stdin=known.read_bytes()).code == 0
    assert read_reference("mine").proteins == 3
    with pytest.raises(InputError, match="made of standard input; add the reference again"):
        update_reference("mine")


def test_a_name_that_is_there_is_replaced_only_by_force(known, tmp_path, home):
    first = add_reference("mine", known)
    other = tmp_path / "other.fasta"
    other.write_text(">x\nMKVLAAGIVK\n")
    with pytest.raises(OutputError, match="--force replaces it"):
        add_reference("mine", other)
    assert list_references() == [first]
    assert add_reference("mine", other, force=True).proteins == 1
    assert [r.proteins for r in list_references()] == [1] and not hidden_names(home)


def test_files_are_copied_again_when_they_changed(known):
    add_reference("mine", known)
    assert not update_reference("mine")
    known.write_text(known.read_text() + ">new\nMKVLAAGIVK\n")
    assert update_reference("mine") and read_reference("mine").proteins == 4
    known.unlink()
    with pytest.raises(InputError, match=f"^{known}"):
        update_reference("mine")


def test_removed_references_are_gone(known, home):
    add_reference("mine", known)
    remove_reference("mine")
    assert list_references() == [] and not list((home / "references").iterdir())
    with pytest.raises(InputError, match="no reference of this name"):
        remove_reference("mine")


@pytest.mark.parametrize("keep_time", [False, True])
def test_a_changed_file_is_refused(known, keep_time):
    (path,) = add_reference("mine", known).paths
    about = path.stat()
    path.write_bytes(path.read_bytes().replace(b"MKTAY", b"MKTAW"))
    if keep_time:
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert [file.state for file in verify_reference("mine")] == ["changed"]
    with pytest.raises(InputError, match=f"^{path}: changed; add .* reference add mine --force"):
        reference_paths("mine")
    path.unlink()
    assert [file.state for file in verify_reference("mine")] == ["missing"]
    with pytest.raises(InputError, match=f"^{path}: missing"):
        reference_paths("mine")


def test_every_flipped_bit_of_a_record_is_noticed(known):
    path = add_reference("mine", known).folder / "reference.json"
    content = path.read_bytes()
    for place in range(0, len(content) - 1, 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(InputError, match=r"reference\.json: .*reference add mine --force"):
            reference_paths("mine")
    path.write_bytes(content[:100])
    with pytest.raises(InputError, match="damaged"):
        list_references()
    path.unlink()
    with pytest.raises(InputError, match="No such file"):
        reference_paths("mine")
    add_reference("mine", known, force=True)
    assert reference_paths("mine")


def test_a_download_is_a_reference(uniprot, home):
    added = add_reference("coli", search=DownloadConfig(taxon=562, identity=90))
    assert uniprot.asked[0][1]["query"] == ["(taxonomy_id:562) AND (identity:0.9)"]
    assert added.records == 1234 and added.release == "2026_01"
    assert added.source["taxon"]["name"] == "Escherichia coli"
    assert {organism["taxon"] for organism in added.organisms} == {562, 83333, 511145, 543}
    assert len(open_reference(reference_paths("coli"))) == added.proteins
    assert not hidden_names(home)


def test_a_download_that_was_cut_goes_on(uniprot, home):
    search = DownloadConfig(taxon=562)
    uniprot.faults = [Bad(), Bad(status=500), Bad(status=500)]
    with pytest.raises(TryAgainError):
        add_reference("coli", search=search)
    assert list_references() == [] and hidden_names(home) == [".coli.download"]
    assert interrupted_downloads() == ["coli"]
    uniprot.asked.clear()
    assert add_reference("coli", search=search).records == 1234
    assert [asked.get("cursor") for _, asked in uniprot.asked] == [["c500"], ["c1000"]]
    assert not hidden_names(home)


def test_a_killed_run_leaves_nothing_that_counts(uniprot, home, tmp_path):
    """Killed at the second page, and while the reference is made; then the same command."""
    code = (
        "import os, signal, sys; from pepseq.cli.main import main; from pepseq.library import add\n"
        "def kill(*more): os.kill(os.getpid(), signal.SIGKILL)\n"
        "if sys.argv[1] == 'last': add._publish = kill\n"
        "if sys.argv[1] == 'page': from pepseq.uniprot import download as d; "
        "old = d.Pages.add; d.Pages.add = lambda s, p: kill() if s.state else old(s, p)\n"
        "main(['reference', 'add', 'coli', '--taxon', '562'])"
    )
    run = [sys.executable, "-c", code]
    assert subprocess.run([*run, "page"], cwd=ROOT).returncode == -signal.SIGKILL
    assert list_references() == [] and interrupted_downloads() == ["coli"]
    uniprot.asked.clear()
    assert subprocess.run([*run, "last"], cwd=ROOT).returncode == -signal.SIGKILL
    assert [asked["cursor"] for _, asked in uniprot.asked] == [["c500"], ["c1000"]]
    assert list_references() == [] and len(hidden_names(home)) > 1
    uniprot.asked.clear()
    assert subprocess.run([*run, "no"], cwd=ROOT).returncode == 0
    assert read_reference("coli").records == 1234 and not uniprot.asked and not hidden_names(home)


def test_a_download_is_not_repeated_if_only_the_last_step_failed(uniprot, monkeypatch, home):
    search = DownloadConfig(taxon=562)

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "_publish", fail)
        with pytest.raises(OutputError, match="No space left"):
            add_reference("coli", search=search)
    assert list_references() == []
    uniprot.asked.clear()
    with monkeypatch.context() as patch:
        patch.setattr(module, "_publish", fail)
        with pytest.raises(OutputError):
            add_reference("coli", search=search)
    assert not uniprot.asked
    add_reference("coli", search=DownloadConfig(taxon=564))
    assert uniprot.asked and not hidden_names(home)


def test_a_password_is_not_kept(uniprot):
    server = uniprot.url.replace("//", "//me:secret@")
    added = add_reference("coli", search=DownloadConfig(taxon=562, server=server))
    assert "secret" not in (added.folder / "reference.json").read_text()
    assert added.source["server"] == added.source["search"]["server"] == uniprot.url


def test_an_update_downloads_another_release(uniprot):
    add_reference("coli", search=DownloadConfig(taxon=562))
    uniprot.asked.clear()
    assert not update_reference("coli") and len(uniprot.asked) == 1
    uniprot.records, uniprot.release = proteins(600, seed=6), "2026_02"
    assert update_reference("coli")
    after = read_reference("coli")
    assert (after.records, after.release) == (600, "2026_02")
    assert (
        json.loads((after.folder / "reference.json").read_text())["source"]["release"] == "2026_02"
    )


def test_an_interrupted_download_is_removed_too(uniprot, home):
    uniprot.faults = [Bad(), Bad(status=500), Bad(status=500)]
    with pytest.raises(TryAgainError):
        add_reference("coli", search=DownloadConfig(taxon=562))
    remove_reference("coli")
    assert not list((home / "references").iterdir())


def test_a_second_run_is_told_to_wait(known, home):
    with locked(home / "references" / "mine"):
        for attempt in (lambda: add_reference("mine", known), lambda: remove_reference("other")):
            with pytest.raises((TryAgainError, InputError)):
                attempt()
    assert list_references() == []


def _add(path, force, results):
    try:
        results.put(add_reference("mine", path, force=force).proteins)
    except (OutputError, TryAgainError) as error:
        results.put(type(error).__name__)


def test_two_processes_at_once_leave_one_whole_reference(known):
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    workers = [context.Process(target=_add, args=(known, True, results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert 3 in found and set(found) <= {3, "TryAgainError"}
    assert [file.state for file in verify_reference("mine")] == ["as recorded"]


def test_a_reader_sees_whole_references_while_they_are_replaced(known, tmp_path):
    other = tmp_path / "other.fasta"
    other.write_text(">x\nMKVLAAGIVK\n")
    add_reference("mine", known)
    counts, done = set(), threading.Event()

    def read():
        while not done.is_set():
            counts.add(read_reference("mine").proteins)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(20):
        add_reference("mine", (other, known)[number % 2], force=True)
    done.set()
    reader.join()
    assert counts == {1, 3}
