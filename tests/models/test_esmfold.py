import gemmi
import numpy as np
import pytest
import torch

from pepseq.errors import InputError
from pepseq.models.checkpoints import Checkpoint, find_folding_model
from pepseq.models.esmfold import (
    ATOM_NAMES,
    MAX_ATTENTION_BYTES,
    FoldingNetwork,
    default_chunk_size,
)
from pepseq.structure.folding.esmfold import format_pdb

SEQUENCE = "MKTAYIAKQRXISFVKSHFW"


@pytest.fixture(scope="module")
def network(esmfold):
    return FoldingNetwork(Checkpoint(str(esmfold)), "cpu")


def test_a_prediction_is_what_the_network_says(network):
    output = network._network.infer(SEQUENCE)
    done = network.fold(SEQUENCE)
    assert done.atoms.shape == (20, 37, 3) and done.present.shape == (20, 37)
    ca = output.positions[-1, 0, :, 1].numpy()
    known = [i for i, residue in enumerate(SEQUENCE) if residue != "X"]
    assert np.array_equal(done.atoms[known, ATOM_NAMES.index("CA")], ca[known])
    assert np.allclose(done.plddt, 100 * output.plddt[0, :, 1].numpy())
    assert 0 < done.plddt.min() < done.plddt.max() < 100 and np.ptp(done.plddt) > 1
    assert 0 <= done.ptm <= 1
    assert not done.present[SEQUENCE.index("X")].any()


def test_the_pdb_file_has_every_atom_in_its_place(network, tmp_path):
    from biotite.structure.io.pdb import PDBFile

    done = network.fold(SEQUENCE)
    path = tmp_path / "x.pdb"
    path.write_bytes(format_pdb(SEQUENCE, done))
    assert all(len(line) == 80 for line in path.read_text().splitlines())
    structure = gemmi.read_pdb(str(path))
    structure.setup_entities()
    (chain,) = structure[0]
    assert chain.name == "A" and [r.seqid.num for r in chain] == [*range(1, 11), *range(12, 21)]
    names = {r.seqid.num: r.name for r in chain}
    assert names[1] == "MET" and names[20] == "TRP" and 11 not in names
    atoms = {r.seqid.num: {a.name for a in r} for r in chain}
    assert atoms[4] == {"N", "CA", "C", "O", "CB"} and len(atoms[20]) == 14
    for residue in chain:
        index = residue.seqid.num - 1
        for atom in residue:
            place = done.atoms[index, ATOM_NAMES.index(atom.name)]
            assert np.allclose(atom.pos.tolist(), place, atol=6e-4)
            assert atom.b_iso == pytest.approx(done.plddt[index], abs=0.006)
            assert atom.element.name == atom.name[0]
    array = PDBFile.read(str(path)).get_structure(model=1, extra_fields=["b_factor"])
    assert len(array) == done.present.sum() and set(array.element) <= {"C", "N", "O", "S"}


@pytest.mark.parametrize("chunk", [1, 3, 64])
def test_chunks_make_no_difference(network, esmfold, chunk):
    other = FoldingNetwork(Checkpoint(str(esmfold)), "cpu", chunk_size=chunk)
    one, two = network.fold(SEQUENCE), other.fold(SEQUENCE)
    assert np.allclose(one.atoms, two.atoms, atol=1e-3)
    assert np.allclose(one.plddt, two.plddt, atol=1e-3)


@pytest.mark.parametrize("length", [1, 100, 406, 407, 1000, 5000, 9999])
def test_the_first_chunk_is_the_largest_that_fits(length):
    chunk, row = default_chunk_size(length, 4), 4 * length * length * 4
    if chunk is None:
        assert length * row <= MAX_ATTENTION_BYTES
    else:
        assert length * row > MAX_ATTENTION_BYTES and chunk & (chunk - 1) == 0
        assert chunk == 1 or chunk * row <= MAX_ATTENTION_BYTES
        assert 2 * chunk * row > MAX_ATTENTION_BYTES


@pytest.mark.parametrize(("precision", "near"), [("bf16", 0.5), ("fp16", 0.05)])
def test_only_the_language_model_is_in_half_precision(network, esmfold, precision, near):
    half = FoldingNetwork(Checkpoint(str(esmfold)), "cpu", precision)
    kinds = {True: set(), False: set()}
    for name, weight in half._network.named_parameters():
        kinds[name.startswith("esm.")].add(weight.dtype)
    kind = {"bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    assert kinds == {True: {kind}, False: {torch.float32}}
    one, two = network.fold(SEQUENCE), half.fold(SEQUENCE)
    assert 0 < np.abs(one.atoms - two.atoms).max() < near


def test_chunks_are_halved_while_memory_runs_out(esmfold, monkeypatch):
    other, tried = FoldingNetwork(Checkpoint(str(esmfold)), "cpu"), []
    infer, trunk = other._network.infer, other._network.trunk

    def small(sequence, fits=3):
        tried.append(trunk.chunk_size)
        if trunk.chunk_size is None or trunk.chunk_size > fits:
            raise torch.OutOfMemoryError("out")
        return infer(sequence)

    monkeypatch.setattr(other._network, "infer", small)
    assert len(other.fold(SEQUENCE).plddt) == 20 and tried == [None, 10, 5, 2]
    monkeypatch.setattr(other._network, "infer", lambda sequence: small(sequence, 0))
    with pytest.raises(
        InputError, match="20 residues do not fit into memory, even with a chunk size of 1"
    ):
        other.fold(SEQUENCE)
    assert tried[4:] == [None, 10, 5, 2, 1]


def test_no_numbers_are_an_error(esmfold):
    other = FoldingNetwork(Checkpoint(str(esmfold)), "cpu")
    with torch.no_grad():
        other._network.trunk.trunk2sm_s.weight.fill_(float("nan"))
    with pytest.raises(InputError, match="not finite numbers"):
        other.fold(SEQUENCE)


def test_other_networks_and_missing_ones_are_refused(esm2, esmfold, caches, tmp_path):
    with pytest.raises(InputError, match="expected an ESMFold, found a esm"):
        FoldingNetwork(find_folding_model(esm2))
    with pytest.raises(InputError, match=r"put config\.json, pytorch_model\.bin from"):
        find_folding_model(None, offline=True)
    with pytest.raises(InputError, match="put config"):
        find_folding_model("facebook/esmfold_v1", offline=True)
    for wrong in ("protbert", "nonsense", tmp_path):
        with pytest.raises(InputError, match="not a model folder"):
            find_folding_model(wrong)
    assert find_folding_model(esmfold).source == str(esmfold) and not caches.asked


def test_a_known_model_is_taken_from_the_cache(hub, esmfold):
    import shutil

    from pepseq.models.registry import find_known_model

    known = find_known_model("esmfold")
    shutil.copytree(esmfold, known.folder)
    found = find_folding_model(offline=True)
    assert found.source == str(known.folder) and found.published.startswith("facebook/esmfold_v1@")


def test_missing_weights_are_refused(esmfold, tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file

    shutil.copytree(esmfold, tmp_path / "m")
    weights = load_file(tmp_path / "m" / "model.safetensors")
    del weights["trunk.trunk2sm_s.weight"]
    save_file(weights, tmp_path / "m" / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"found none for trunk\.trunk2sm_s\.weight"):
        FoldingNetwork(Checkpoint(str(tmp_path / "m")))
