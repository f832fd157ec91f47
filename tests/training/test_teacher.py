"""A network that learns a larger one's probabilities learns them, and only on request."""

import hashlib
import json
import shutil

import numpy as np
import pytest
import torch
from known import K1
from safetensors.torch import load_file
from training_runs import interrupt, quick_config, train_tiny, weights_of
from transformers import AutoModelForMaskedLM, AutoTokenizer

from pepseq import FinetuneConfig
from pepseq.errors import InputError, SettingsError
from pepseq.models.checkpoints import find_checkpoint
from pepseq.models.masked_lm import read_vocabulary
from pepseq.models.random_weights import new_masked_lm
from pepseq.models.registry import find_known_model
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.training.data import IGNORED, TrainingBatches
from pepseq.training.plan import TrainingPlan
from pepseq.training.teacher import Teacher, find_teacher
from pepseq.training.trainer import MaskedTrainer, masked_loss


@pytest.fixture(scope="session")
def odd_teacher(esm2, tmp_path_factory):
    """A tiny ESM-2 to which nearly every hidden residue is a tryptophan."""
    folder = shutil.copytree(esm2, tmp_path_factory.mktemp("odd") / "odd")
    network = AutoModelForMaskedLM.from_pretrained(folder)
    tokens = AutoTokenizer.from_pretrained(folder).get_vocab()
    with torch.no_grad():
        network.lm_head.decoder.weight.mul_(0.01)
        network.lm_head.bias.zero_()
        network.lm_head.bias[tokens["W"]] = 4.0
        network.lm_head.bias[tokens["H"]] = 2.0
    network.save_pretrained(folder)
    return folder


@pytest.fixture
def learn(train, validation, tmp_path):
    """Train a tiny network on KCYM for a moment."""

    def learn(name, teacher=None, resume=False, force=False, readout="K1", **changes):
        return train_tiny(
            train,
            validation,
            tmp_path / name,
            readout=readout,
            teacher=teacher,
            config=quick_config(**changes),
            resume=resume,
            force=force,
        )

    return learn


def masked_rows(proteins, readout=K1):
    return ["".join(a if a in readout.observed else "X" for a in s[:60]) for _, s in proteins[:4]]


@pytest.mark.parametrize("name", ["protbert", "esm2"])
def test_it_says_what_transformers_says_of_the_network(name, request):
    folder = request.getfixturevalue(name)
    rows = ["MXXKXC", "XXYXXMXXXK"]
    answers = Teacher(find_checkpoint(folder), "cpu").log_probabilities(rows, "WAG")
    tokenizer = AutoTokenizer.from_pretrained(folder, do_lower_case=False)
    network = AutoModelForMaskedLM.from_pretrained(folder).eval()
    columns = tokenizer.convert_tokens_to_ids(list("WAG"))
    for row, answer in zip(rows, answers, strict=True):
        text = " ".join(tokenizer.mask_token if a == "X" else a for a in row)
        logits = network(**tokenizer(text, return_tensors="pt")).logits[0, 1:-1]
        expected = logits[:, columns].log_softmax(-1).detach().numpy()
        assert answer.dtype == np.float32 and answer.shape == (len(row), 3)
        assert np.allclose(answer, expected, atol=1e-5)
    assert Teacher(find_checkpoint(folder), "cpu").log_probabilities([], "WAG") == []


@pytest.mark.parametrize("weight", [0.3, 1.0])
def test_the_loss_is_a_mean_of_two_cross_entropies(esm2, proteins, weight):
    network, tokenizer = new_masked_lm("tiny")
    teacher = Teacher(find_checkpoint(esm2), "cpu")
    records = [Record(i, "", f"M{s[:50]}U", 1) for i, s in proteins[:5]]
    readouts = [K1, Readout("KM[DE]")]
    vocabulary = read_vocabulary(tokenizer, "tiny")
    settings = (readouts, vocabulary, FinetuneConfig(window=1022, teacher_weight=weight))
    taught = TrainingBatches(records, *settings, teacher)
    plain = TrainingBatches(records, *settings)
    assert len(taught) == len(plain) == 2
    for index in range(2):
        item = taught[index]
        targets = item.pop("targets")
        assert item.keys() == plain[index].keys()
        assert all(torch.equal(item[k], plain[index][k]) for k in ("input_ids", "labels"))
        candidates, labels = taught.candidates(index), item["labels"]
        outputs = network(input_ids=item["input_ids"], attention_mask=item["attention_mask"])
        letters = tokenizer.convert_ids_to_tokens(candidates.tolist())
        total, count = 0.0, 0
        for row, tokens in enumerate(item["input_ids"]):
            words = tokenizer.convert_ids_to_tokens(tokens[item["attention_mask"][row] > 0])[1:-1]
            text = "".join("X" if word == "[MASK]" else word for word in words)
            said = teacher.log_probabilities([text], "".join(letters))[0]
            own = outputs.logits[row, :, candidates].log_softmax(-1)[1:-1].detach().numpy()
            for place, label in enumerate(labels[row, 1 : 1 + len(text)].tolist()):
                if label != IGNORED:
                    truth = own[place, candidates.tolist().index(label)]
                    to_teacher = (np.exp(said[place]) * own[place]).sum()
                    total -= (1 - weight) * truth + weight * to_teacher
                    count += 1
        loss = masked_loss(outputs, labels, None, candidates, targets)
        assert count > 100 and loss.item() == pytest.approx(total / count, rel=1e-4)


@pytest.mark.slow
def test_with_all_the_weight_a_network_comes_to_say_what_its_teacher_says(
    learn, odd_teacher, proteins, tmp_path
):
    quick = {"max_steps": 40, "evaluate_every": 40, "learning_rate": 1e-2, "warmup": 0.0}
    learn("taught", odd_teacher, teacher_weight=1.0, **quick)
    learn("alone", **quick)
    rows = masked_rows(proteins[70:])
    teacher = Teacher(find_checkpoint(odd_teacher), "cpu")
    said = np.concatenate(teacher.log_probabilities(rows, K1.hidden))

    def divergence(name):
        network = Teacher(find_checkpoint(tmp_path / name), "cpu")
        own = np.concatenate(network.log_probabilities(rows, K1.hidden))
        return (np.exp(said) * (said - own)).sum(1).mean()

    assert divergence("taught") < 0.05 and divergence("alone") > 1.0


@pytest.mark.slow
def test_a_teacher_changes_nothing_but_the_loss(learn, odd_teacher, tmp_path):
    """First weights and order are those of a run without it: a weight near 0 gives that run."""
    alone = learn("alone")
    taught = learn("taught", odd_teacher, teacher_weight=1e-9)
    one, other = (load_file(tmp_path / n / "model.safetensors") for n in ("alone", "taught"))
    assert all(torch.allclose(one[k], other[k], atol=1e-4) for k in one)
    learn("half", odd_teacher)
    half = load_file(tmp_path / "half" / "model.safetensors")
    assert not all(torch.allclose(one[k], half[k], atol=1e-4) for k in one)
    assert alone["settings"].keys() & {"teacher", "teacher_weight"} == set()
    weights = (odd_teacher / "model.safetensors").read_bytes()
    assert taught["settings"]["teacher"] == {
        "model": "odd",
        "sha256": {"model.safetensors": hashlib.sha256(weights).hexdigest()},
    }
    assert taught["settings"]["teacher_weight"] == 1e-9
    assert json.loads((tmp_path / "taught" / "pepseq.json").read_text()) == taught


@pytest.mark.slow
def test_out_of_memory_does_the_batch_in_parts_with_the_same_gradient(
    learn, odd_teacher, tmp_path, monkeypatch
):
    learn("whole", odd_teacher, lora=2)
    original = MaskedTrainer.compute_loss

    def small(self, model, inputs, *a, **k):
        if len(inputs["input_ids"]) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(self, model, inputs, *a, **k)

    monkeypatch.setattr(MaskedTrainer, "compute_loss", small)
    learn("parts", odd_teacher, lora=2)
    one, other = (load_file(tmp_path / n / "model.safetensors") for n in ("whole", "parts"))
    assert all(torch.allclose(one[k], other[k], atol=1e-4) for k in one)


@pytest.mark.slow
def test_a_resumed_run_ends_the_same_and_needs_the_same_teacher(
    learn, odd_teacher, esm2, train, validation, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr("pepseq.training.finetune.write_network_folder", interrupt)
        with pytest.raises(KeyboardInterrupt):
            learn("net", odd_teacher, accumulate=2)
    for teacher, changes, named in (
        (esm2, {}, "teacher differs: was .*odd.*, is .*esm2"),
        (None, {}, "teacher differs: was .*odd.*, is None"),
        (odd_teacher, {"teacher_weight": 0.4}, "teacher_weight differs: was 0.5, is 0.4"),
    ):
        with pytest.raises(InputError, match=named):
            learn("net", teacher, resume=True, accumulate=2, **changes)
    last = tmp_path / ".net.training/checkpoints/checkpoint-12/optimizer.pt"
    last.write_bytes(b"")
    learn("net", odd_teacher, resume=True, accumulate=2)
    learn("straight", odd_teacher, accumulate=2)
    assert weights_of(tmp_path / "net") == weights_of(tmp_path / "straight")
    with pytest.raises(InputError, match="teacher differs"):
        learn("net", esm2, resume=True, accumulate=2)


def test_what_learned_can_teach_those_readouts_alone(learn, tmp_path):
    learn("first", max_steps=4)
    learn("second", tmp_path / "first", max_steps=4)
    with pytest.raises(
        InputError, match=r"^--teacher .*first: expected a network that completes KCYMRHWST, or"
    ):
        learn("third", tmp_path / "first", readout=["K1", "K2"])
    assert not (tmp_path / "third").exists() and not (tmp_path / ".third.training").exists()


@pytest.mark.slow
def test_a_published_teacher_is_known_by_its_revision(
    learn, hub, legacy_protbert, protbert, tmp_path
):
    hub(find_known_model("protbert"), legacy_protbert)
    window = {"window": 50, "overlap": 5, "max_steps": 4}
    settings = learn("net", "protbert", **window)["settings"]
    assert settings["teacher"] == {
        "model": "Rostlab/prot_bert@7a894481acdc12202f0a415dd567f6cfdb698908"
    }
    learn("folder", protbert, **window)
    assert weights_of(tmp_path / "net") == weights_of(tmp_path / "folder")


def test_wrong_settings_are_refused(learn, odd_teacher, tmp_path):
    for weight in (0, -0.1, 1.1, float("nan")):
        with pytest.raises(SettingsError, match="teacher_weight: expected above 0 and 1 or less"):
            FinetuneConfig(teacher_weight=weight)
    with pytest.raises(SettingsError, match="--teacher: needs --loss hidden"):
        learn("net", odd_teacher, loss="all")
    with pytest.raises(SettingsError, match=r"--teacher-weight 0\.7: needs a --teacher"):
        learn("net", teacher_weight=0.7)
    (tmp_path / "net").mkdir()
    teacher = shutil.copytree(odd_teacher, tmp_path / "net" / "teacher")
    with pytest.raises(SettingsError, match="the folder contains an input or a model"):
        learn("net", teacher, force=True)


def test_a_teacher_that_is_none_is_refused(learn, odd_teacher, protbert, tmp_path):
    def refused(teacher, match, error=InputError, **changes):
        with pytest.raises(error, match=match) as caught:
            learn("net", teacher, **changes)
        assert len(str(caught.value).splitlines()) == 1 and "--model" not in str(caught.value)
        assert not (tmp_path / "net").exists() and not (tmp_path / ".net.training").exists()

    refused(tmp_path / "none", "^--teacher '.*none': not a model folder, one of protbert")
    refused(tmp_path, "^--teacher .*: not a model folder, because it contains no config.json")
    folder = shutil.copytree(odd_teacher, tmp_path / "broken")
    refused(
        folder,
        "^window: expected at most 1024 residues for --teacher .*broken, found 1100",
        SettingsError,
        window=1100,
    )
    config = json.loads((folder / "config.json").read_text())
    other = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}
    (folder / "config.json").write_text(json.dumps(config | other))
    refused(folder, "^--teacher .*broken: expected a masked protein language model")
    folder = shutil.copytree(protbert, tmp_path / "nan")
    network = AutoModelForMaskedLM.from_pretrained(folder)
    torch.nn.init.constant_(network.cls.predictions.bias, float("nan"))
    network.save_pretrained(folder)
    refused(folder, "^--teacher .*nan: expected finite logits", window=1022)


def test_a_teacher_that_cannot_be_had_is_refused(caches):
    for name, match in (
        ("esm2-8m", "^--teacher esm2-8m: not on this machine, and offline: put config.json"),
        ("no-one/nothing", "^--teacher no-one/nothing: not in the local cache.* as --teacher$"),
    ):
        with pytest.raises(InputError, match=match):
            Teacher(find_teacher(name, [K1], offline=True), "cpu")


def test_the_command(run, train, validation, odd_teacher, tmp_path):
    line = f"finetune --train {train} --validation {validation} --readout K1 --from-scratch tiny"
    line += f" --max-steps 4 --evaluate-every 4 --batch-residues 600 --device cpu -o {tmp_path}/n"
    taught = ["--teacher", odd_teacher, "--teacher-weight"]
    done = run(*line.split(), *taught, "1.5")
    assert done.code == 2 and "--teacher-weight" in done.err
    done = run(*line.split(), "--teacher", tmp_path)
    assert done.code == 65 and done.err.startswith("Error: --teacher ")
    assert run(*line.split(), *taught, "0.75").code == 0
    settings = json.loads((tmp_path / "n" / "pepseq.json").read_text())["settings"]
    assert settings["teacher_weight"] == 0.75 and settings["teacher"]["model"] == "odd"
    again = run(*line.split(), *taught, "0.75", "--resume")
    assert again.code == 0 and "finished already" in again.err


def test_each_process_has_its_teacher_on_its_own_gpu(odd_teacher, tmp_path, monkeypatch):
    from pepseq.training import trainer_setup

    choices = []

    def load_on_cpu(checkpoint, device):
        choices.append(device)
        return Teacher(checkpoint, "cpu")

    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("torch.cuda.set_device", choices.append)
    monkeypatch.setattr(trainer_setup, "Teacher", load_on_cpu)
    monkeypatch.setenv("LOCAL_RANK", "1")
    plan = TrainingPlan([], [], [K1], tmp_path, config=FinetuneConfig(device="cuda"), offline=True)
    trainer_setup._load_teacher(odd_teacher, plan, torch.device("cuda"))
    assert choices == [1, "cuda"]
