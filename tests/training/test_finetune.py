import hashlib
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from pepseq import FinetuneConfig, finetune, mask, predict
from pepseq.errors import InputError, OutputError, SettingsError, TryAgainError
from pepseq.models.checkpoints import check_manifest, find_checkpoint, write_manifest
from pepseq.models.masked_lm import read_vocabulary
from pepseq.models.random_weights import new_masked_lm
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record, read_fasta
from pepseq.training.data import IGNORED, TrainingBatches
from pepseq.training.resume import newest_whole_checkpoint
from pepseq.training.trainer import MaskedTrainer, masked_loss

QUICK = dict(
    max_steps=12, evaluate_every=4, batch_residues=600, learning_rate=1e-3, device="cpu", threads=1
)


@pytest.fixture
def train(fasta, proteins):
    """Sixty real proteins, the longest cut to 150 residues."""
    return fasta("train.fasta", [(i, s[:150]) for i, s in proteins[:60]])


@pytest.fixture
def validation(fasta, proteins):
    """Ten others."""
    return fasta("validation.fasta", [(i, s[:150]) for i, s in proteins[60:70]])


def learn(train, validation, out, *, resume=False, keep_going=False, **changes):
    """Train a tiny network on KCYM for a moment."""
    return finetune(
        train,
        validation,
        out,
        "K1",
        from_scratch="tiny",
        config=FinetuneConfig(**QUICK | changes),
        resume=resume,
        keep_going=keep_going,
    )


def weights_of(folder):
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def batches(records, readouts=("KCYM",), **settings):
    _, tokenizer = new_masked_lm("tiny")
    config = FinetuneConfig(**{"window": 1022} | settings)
    return TrainingBatches(
        [Record(i, "", s, 1) for i, s in records],
        [Readout(r) for r in readouts],
        read_vocabulary(tokenizer, "tiny"),
        config,
    ), tokenizer


def test_what_is_scored_is_what_is_hidden_and_known():
    data, tokenizer = batches([("a", "MAGXUCK")])
    item = data[0]
    tokens = tokenizer.convert_ids_to_tokens(item["input_ids"][0])
    assert tokens == ["[CLS]", "M"] + ["[MASK]"] * 4 + ["C", "K", "[SEP]"]
    labels = [
        None if x == IGNORED else tokenizer.convert_ids_to_tokens(int(x)) for x in item["labels"][0]
    ]
    assert labels == [None, None, "A", "G", None, None, None, None, None]
    everything, _ = batches([("a", "MAGXUCK")], loss="all")
    assert (everything[0]["labels"] != IGNORED).sum() == 5


def test_members_of_a_group_are_hidden_and_candidates():
    data, tokenizer = batches([("a", "MEAGCDK")], readouts=("CKM[DE]",))
    item = data[0]
    tokens = tokenizer.convert_ids_to_tokens(item["input_ids"][0])
    assert tokens == ["[CLS]", "M", *["[MASK]"] * 3, "C", "[MASK]", "K", "[SEP]"]
    candidates = tokenizer.convert_ids_to_tokens(data.candidates(0).tolist())
    scored = tokenizer.convert_ids_to_tokens(item["labels"][item["labels"] != IGNORED].tolist())
    assert scored == ["E", "A", "G", "D"] and set(scored) <= set(candidates)
    assert not set(candidates) & set("CKM")


def test_batches_depend_on_the_records_and_the_seed_alone(proteins):
    first, _ = batches(proteins[:30], batch_residues=900)
    again, _ = batches(proteins[:30], batch_residues=900)
    other, _ = batches(proteins[:30], batch_residues=900, seed=2)
    for i in range(len(first)):
        assert all(torch.equal(first[i][k], again[i][k]) for k in ("input_ids", "labels"))
    assert len(other) == len(first)


def test_every_residue_is_there_for_every_readout(proteins):
    data, _ = batches(proteins[:40], ("K1", "K2"), window=100, overlap=0, batch_residues=500)
    scored = sum(int((data[i]["labels"] != IGNORED).sum()) for i in range(len(data)))
    expected = sum(r not in o for _, s in proteins[:40] for r in s for o in ("KCYM", "KCYMRHWST"))
    assert scored >= expected and scored < 1.2 * expected
    assert all(data[i]["input_ids"].numel() <= 500 for i in range(len(data)))


def test_proteins_with_nothing_hidden_are_left_out_and_nothing_at_all_is_refused():
    data, _ = batches([("a", "KCYM"), ("b", "MAK")])
    assert len(data) == 1 and "b" in data.describe(0)
    with pytest.raises(InputError, match="hidden residue to learn from"):
        batches([("a", "KCYM")])


def test_the_loss_is_transformers_own():
    network, _ = new_masked_lm("tiny")
    ids = torch.randint(5, 25, (3, 11))
    labels = torch.where(torch.rand(3, 11) < 0.5, ids, IGNORED)
    outputs = network(input_ids=ids, labels=labels)
    assert torch.allclose(masked_loss(outputs, labels), outputs.loss)


def test_a_trained_folder_holds_all_it_should_and_can_be_used(train, validation, tmp_path):
    out = tmp_path / "net"
    description = finetune(
        train, validation, out, ["K1", "K2"], from_scratch="tiny", config=FinetuneConfig(**QUICK)
    )
    check_manifest(out)
    names = {p.name for p in out.iterdir()}
    assert {
        "model.safetensors",
        "config.json",
        "pepseq.json",
        "manifest.json",
        "metrics.tsv",
        "loss.png",
    } <= names
    assert description["readouts"] == ["KCYM", "KCYMRHWST"]
    assert description["settings"]["train"][0][1] == hashlib.sha256(train.read_bytes()).hexdigest()
    metrics = pd.read_csv(out / "metrics.tsv", sep="\t")
    losses = metrics.validation_loss.dropna()
    assert metrics.step.max() == 12 and len(losses) == 4 and losses.is_monotonic_decreasing
    assert str(tmp_path) not in (out / "pepseq.json").read_text()
    assert (tmp_path / "net.run.json").exists() and not (tmp_path / ".net.training").exists()
    assert find_checkpoint(out).readouts == (Readout("K1"), Readout("K2"))
    mask(train, tmp_path / "readouts", "K2")
    assert predict(tmp_path / "readouts", tmp_path / "o", model=out).readout == Readout("K2")


def test_learning_beats_the_commonest_amino_acid(fasta, proteins, tmp_path):
    """Fifteen proteins seen many times are partly learned by heart."""
    train = fasta("few.fasta", [(i, s[:150]) for i, s in proteins[:15]])
    config = FinetuneConfig(
        **QUICK
        | {"max_steps": 100, "evaluate_every": 50, "learning_rate": 1e-2, "batch_residues": 1000}
    )
    description = finetune(train, train, tmp_path / "net", "K1", from_scratch="tiny", config=config)
    hidden = [r for record in read_fasta(train) for r in record.sequence if r not in "KCYM"]
    commonest = max(hidden.count(a) for a in set(hidden)) / len(hidden)
    assert description["validation"]["hidden_residue_accuracy_micro"] > commonest + 0.1


@pytest.mark.parametrize("name", ["protbert", "esm2"])
@pytest.mark.parametrize("lora", [0, 2])
def test_published_architectures_train(name, lora, request, train, validation, tmp_path):
    folder = request.getfixturevalue(name)
    finetune(
        train,
        validation,
        tmp_path / "net",
        "K1",
        model=folder,
        config=FinetuneConfig(**QUICK | {"lora": lora, "max_steps": 4}),
    )
    before, after = (load_file(f / "model.safetensors") for f in (folder, tmp_path / "net"))
    changed = {k for k in before if k in after and not torch.equal(before[k], after[k])}
    assert changed and (
        not lora or all("query" in k or "key" in k or "value" in k for k in changed)
    )


@pytest.mark.parametrize("accumulate", [1, 3])
def test_accumulated_batches_give_one_large_batchs_gradient(
    accumulate, train, validation, tmp_path
):
    """The loss of a step is a mean over its hidden residues, however they are batched."""
    config = FinetuneConfig(
        **QUICK | {"accumulate": accumulate, "max_steps": 1, "evaluate_every": 1}
    )
    seen = []
    original = MaskedTrainer.compute_loss

    def spy(self, model, inputs, *a, num_items_in_batch=None, **k):
        seen.append(int((inputs["labels"] != IGNORED).sum()))
        spy.total = int(num_items_in_batch)
        return original(self, model, inputs, *a, num_items_in_batch=num_items_in_batch, **k)

    MaskedTrainer.compute_loss = spy
    try:
        finetune(train, validation, tmp_path / "net", "K1", from_scratch="tiny", config=config)
    finally:
        MaskedTrainer.compute_loss = original
    assert len(seen) == accumulate and spy.total == sum(seen)


def command_line(train, validation, out, *more):
    """A slow-enough run, as `pepseq` takes it."""
    line = f"finetune --train {train} --validation {validation} -o {out} --readout K1"
    line += " --from-scratch tiny --max-steps 60 --evaluate-every 10 --batch-residues 600"
    return [*line.split(), *"--learning-rate 1e-3 --device cpu --threads 1".split(), *more]


def start(*arguments):
    """Start it in a process of its own."""
    line = [sys.executable, "-m", "pepseq", *command_line(*arguments)]
    return subprocess.Popen(line, stderr=subprocess.PIPE, text=True)


def wait_for(path, process):
    until = time.monotonic() + 60
    while not path.exists() and time.monotonic() < until and process.poll() is None:
        time.sleep(0.02)


def test_a_killed_run_resumes_to_bitwise_equal_weights(run, train, validation, tmp_path):
    straight = run(*command_line(train, validation, tmp_path / "straight"))
    assert straight.code == 0, straight.err

    killed = start(train, validation, tmp_path / "net")
    wait_for(tmp_path / ".net.training/checkpoints/checkpoint-20/manifest.json", killed)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -9 and not (tmp_path / "net").exists()
    refused = run(*command_line(train, validation, tmp_path / "net"))
    assert refused.code == 74 and "--resume" in refused.err
    stopped = start(train, validation, tmp_path / "net", "--resume")
    wait_for(tmp_path / ".net.training/checkpoints/checkpoint-40/manifest.json", stopped)
    stopped.send_signal(signal.SIGTERM)
    code, words = stopped.wait(60), stopped.stderr.read()
    assert code in (75, 0), words
    if code == 75:
        assert "run the same command with --resume" in words and "Traceback" not in words
    resumed = run(*command_line(train, validation, tmp_path / "net", "--resume"))
    assert resumed.code == 0, resumed.err
    assert weights_of(tmp_path / "net") == weights_of(tmp_path / "straight")
    validations = [
        pd.read_csv(tmp_path / n / "metrics.tsv", sep="\t").dropna(subset="validation_loss")
        for n in ("net", "straight")
    ]
    assert validations[0].validation_loss.tolist() == validations[1].validation_loss.tolist()
    again = run(*command_line(train, validation, tmp_path / "net", "--resume"))
    assert again.code == 0 and "finished already" in again.err


@pytest.fixture
def unfinished(train, validation, tmp_path, monkeypatch):
    """A run that stopped between its last checkpoint and its end, and how to call it again."""
    import pepseq.training.finetune as module

    out = tmp_path / "net"

    def call(resume=True, **changes):
        return finetune(
            train,
            validation,
            out,
            changes.pop("readout", "K1"),
            from_scratch="tiny",
            config=FinetuneConfig(**QUICK | changes),
            resume=resume,
        )

    write = module._write
    monkeypatch.setattr(module, "_write", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        call(resume=False)
    monkeypatch.setattr(module, "_write", write)
    call.out, call.checkpoints = out, tmp_path / ".net.training" / "checkpoints"
    return call


def test_a_run_killed_after_its_last_step_only_writes_its_result(unfinished, monkeypatch):
    monkeypatch.setattr(MaskedTrainer, "train", lambda *a, **k: pytest.fail("trained again"))
    unfinished()
    check_manifest(unfinished.out)


@pytest.mark.parametrize(
    "name",
    [
        "model.safetensors",
        "optimizer.pt",
        "rng_state.pth",
        "scheduler.pt",
        "trainer_state.json",
        "manifest.json",
    ],
)
@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped"])
def test_a_damaged_checkpoint_is_passed_over(unfinished, name, damage, caplog):
    path = unfinished.checkpoints / "checkpoint-12" / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            content[:-7]
            if damage == "truncated"
            else content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
        )
    caplog.set_level("INFO", "pepseq")
    assert newest_whole_checkpoint(unfinished.checkpoints.parent).name == "checkpoint-8"
    assert "passing over checkpoint-12" in caplog.text


class Code:
    """Makes a file if it is unpickled and run."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize(
    "name", ["optimizer.pt", "scheduler.pt", "rng_state.pth", "scaler.pt", "trainer_state.json"]
)
def test_a_checkpoint_that_holds_something_else_is_refused_and_never_run(
    unfinished, tmp_path, name
):
    """Also where the manifest has been written for it; the file that is wrong is named."""
    checkpoint = unfinished.checkpoints / "checkpoint-8"
    shutil.rmtree(unfinished.checkpoints / "checkpoint-12")
    if name.endswith(".json"):
        (checkpoint / name).write_text('{"global_step": "8"}')
    else:
        torch.save({"state": Code(tmp_path / "was-run")}, checkpoint / name)
    write_manifest(checkpoint)
    with pytest.raises(InputError, match=f"checkpoint-8: cannot load .*{name}.*--force"):
        unfinished()
    assert not (tmp_path / "was-run").exists() and not unfinished.out.exists()


def test_other_files_in_a_checkpoint_are_ignored(unfinished):
    for name in ("notes.txt", "pytorch_model.bin", ".nfs1"):
        (unfinished.checkpoints / "checkpoint-12" / name).write_bytes(b"x")
    unfinished()
    check_manifest(unfinished.out)


def test_resuming_from_an_older_checkpoint_ends_the_same(unfinished, train, validation, tmp_path):
    (unfinished.checkpoints / "checkpoint-12" / "optimizer.pt").write_bytes(b"")
    unfinished()
    learn(train, validation, tmp_path / "straight")
    assert weights_of(unfinished.out) == weights_of(tmp_path / "straight")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seed": 5}, "seed differs: was 1, is 5"),
        ({"readout": "K2"}, "readouts differs"),
        ({"learning_rate": 0.1}, "learning_rate differs"),
    ],
)
def test_changed_settings_are_refused_on_resuming(unfinished, changes, named):
    with pytest.raises(InputError, match=named):
        unfinished(**changes)


def test_changed_data_are_refused_on_resuming(unfinished, train):
    train.write_text(train.read_text().replace("A", "G", 1))
    with pytest.raises(InputError, match="train differs"):
        unfinished()


def test_a_loss_that_is_not_finite_stops_before_the_step_and_names_the_batch(
    train, validation, tmp_path
):
    with pytest.raises(InputError, match=r"loss is nan at batch \d+ \(ecoli_536\|"):
        learn(train, validation, tmp_path / "net", learning_rate=1e30, warmup=0.0)
    assert not (tmp_path / "net").exists()


def test_out_of_memory_does_the_batch_in_parts_with_the_same_gradient(
    train, validation, tmp_path, monkeypatch
):
    learn(train, validation, tmp_path / "whole")
    original = MaskedTrainer.compute_loss

    def small(self, model, inputs, *a, **k):
        if len(inputs["input_ids"]) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(self, model, inputs, *a, **k)

    monkeypatch.setattr(MaskedTrainer, "compute_loss", small)
    learn(train, validation, tmp_path / "parts")
    one, other = (load_file(tmp_path / n / "model.safetensors") for n in ("whole", "parts"))
    assert all(torch.allclose(one[k], other[k], atol=1e-4) for k in one)

    monkeypatch.setattr(
        MaskedTrainer,
        "compute_loss",
        lambda *a, **k: (_ for _ in ()).throw(torch.OutOfMemoryError("CUDA out of memory")),
    )
    with pytest.raises(TryAgainError, match="--batch-residues"):
        learn(train, validation, tmp_path / "none")


def test_early_stopping_keeps_the_best(train, validation, tmp_path):
    description = learn(
        train, validation, tmp_path / "net", max_steps=400, patience=2, threshold=5.0
    )
    assert description["steps"] == 12
    metrics = pd.read_csv(tmp_path / "net" / "metrics.tsv", sep="\t")
    assert description["validation"]["loss"] == pytest.approx(metrics.validation_loss.min())


def test_wrong_calls_are_refused(run, train, validation, tmp_path, protbert):
    common = ["finetune", "--train", train, "--validation", validation, "-o", tmp_path / "n"]
    both = ["--model", protbert, "--from-scratch", "tiny"]
    assert run(*common, "--readout", "K1", *both).code == 2
    assert run(*common, "--readout", "K1", "--from-scratch", "huge").code == 65
    assert run(*common, "--readout", "KZ", "--from-scratch", "tiny").code == 2
    assert run(*common, "--readout", "K1", "--from-scratch", "tiny", "--window", "9999").code == 2
    bad = tmp_path / "bad"
    bad.write_text(">a\nMA!K\n")
    result = run(
        "finetune",
        "--train",
        bad,
        "--validation",
        validation,
        "-o",
        tmp_path / "n",
        "--readout",
        "K1",
        "--from-scratch",
        "tiny",
    )
    assert result.code == 65 and "bad:1: 'a': expected amino acids" in result.err
    with pytest.raises(SettingsError):
        finetune(train, validation, tmp_path / "n", "K1", model=protbert, from_scratch="tiny")
    (tmp_path / "n").mkdir()
    with pytest.raises(OutputError):
        finetune(train, validation, tmp_path / "n", "K1", from_scratch="tiny")


def test_a_moved_run_resumes(train, validation, tmp_path, monkeypatch):
    def stop_late(self, state, *a):
        raise KeyboardInterrupt

    (tmp_path / "before").mkdir()
    monkeypatch.setattr("pepseq.training.finetune._write", stop_late)
    with pytest.raises(KeyboardInterrupt):
        learn(train, validation, tmp_path / "before" / "net")
    monkeypatch.undo()
    (tmp_path / "before").rename(tmp_path / "after")
    monkeypatch.setattr(MaskedTrainer, "train", lambda *a, **k: pytest.fail("trained again"))
    learn(train, validation, tmp_path / "after" / "net", resume=True)
    check_manifest(tmp_path / "after" / "net")


def test_a_forced_run_that_was_stopped_is_resumed(unfinished, train, validation):
    unfinished(resume=True)
    first = weights_of(unfinished.out)
    config = FinetuneConfig(**QUICK | {"seed": 2})
    call = dict(from_scratch="tiny", config=config)
    with pytest.raises(InputError, match="seed differs"):
        finetune(train, validation, unfinished.out, "K1", resume=True, **call)
    with pytest.raises(OutputError, match="exists already"):
        finetune(train, validation, unfinished.out, "K1", **call)
    finetune(train, validation, unfinished.out, "K1", force=True, **call)
    assert weights_of(unfinished.out) != first


def test_force_never_deletes_what_is_not_a_trained_network(train, validation, tmp_path, run):
    common = [
        "finetune",
        "--validation",
        validation,
        "--readout",
        "K1",
        "--from-scratch",
        "tiny",
        "--max-steps",
        "2",
        "--evaluate-every",
        "2",
        "--device",
        "cpu",
        "--force",
    ]
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("dear")
    result = run(*common, "--train", train, "-o", folder)
    assert result.code == 74 and "notes.txt" in result.err
    inside = folder / "train.fasta"
    inside.write_text(train.read_text())
    assert run(*common, "--train", inside, "-o", folder).code == 2
    assert (folder / "notes.txt").read_text() == "dear" and inside.exists()


def test_a_validation_loss_that_is_not_finite_is_refused(train, validation, tmp_path):
    with pytest.raises(InputError, match="validation loss is nan"):
        learn(
            train,
            validation,
            tmp_path / "net",
            learning_rate=1e30,
            warmup=0.0,
            max_steps=1,
            evaluate_every=1,
        )


def test_the_order_of_training_files_is_part_of_the_run(fasta, proteins, validation, tmp_path):
    a, b = fasta("a", proteins[:20]), fasta("b", proteins[20:40])
    config = FinetuneConfig(**QUICK)
    finetune([a, b], validation, tmp_path / "net", "K1", from_scratch="tiny", config=config)
    with pytest.raises(InputError, match="train differs"):
        finetune(
            [b, a],
            validation,
            tmp_path / "net",
            "K1",
            from_scratch="tiny",
            config=config,
            resume=True,
        )


def test_keep_going_leaves_bad_records_out(fasta, proteins, validation, tmp_path):
    train = fasta("train", [*proteins[:20], ("bad", "MA!K")])
    learn(train, validation, tmp_path / "net", max_steps=4, keep_going=True)
    assert "bad" in (tmp_path / "net.failed.tsv").read_text()


def test_a_full_disk_while_saving_is_an_output_error(train, validation, tmp_path, monkeypatch):
    from transformers import Trainer

    def full(self, *a):
        raise RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0")

    monkeypatch.setattr(Trainer, "_save_checkpoint", full)
    with pytest.raises(OutputError, match="cannot be written"):
        learn(train, validation, tmp_path / "net")


def test_the_choice_is_among_the_candidates():
    network, _ = new_masked_lm("tiny")
    ids = torch.randint(5, 25, (3, 11))
    candidates = torch.arange(5, 15)
    labels = torch.where((torch.rand(3, 11) < 0.5) & (ids < 15), ids, IGNORED)
    outputs = network(input_ids=ids)
    log_p = outputs.logits[..., candidates].log_softmax(-1)
    scored = labels != IGNORED
    expected = -log_p[scored].gather(1, (labels[scored] - 5)[:, None]).mean()
    assert torch.allclose(masked_loss(outputs, labels, candidates=candidates), expected)


@pytest.mark.parametrize("as_teacher", [False, True])
def test_without_a_window_it_takes_what_the_network_has(
    train, validation, small_network, tmp_path, as_teacher
):
    network = {"teacher": small_network} if as_teacher else {"model": small_network}
    network |= {"from_scratch": "tiny"} if as_teacher else {}

    def tuned(name, **changes):
        config = FinetuneConfig(**QUICK | {"max_steps": 2, "evaluate_every": 1} | changes)
        return finetune(train, validation, tmp_path / name, "K1", config=config, **network)

    assert tuned("net")["window"] == 62
    assert find_checkpoint(tmp_path / "net").window == 62
    with pytest.raises(
        SettingsError, match=r"^window: expected at most 62 residues for .*found 99"
    ):
        tuned("other", window=99)
    assert not (tmp_path / "other").exists()
