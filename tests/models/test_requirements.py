"""Without torch and transformers: what needs them says so, all else runs."""

import subprocess
import sys

import pytest

from pepseq.errors import SettingsError
from pepseq.models import requirements
from pepseq.models.checkpoints import find_checkpoint, find_folding_model
from pepseq.models.requirements import EXTRA, LIBRARIES

WITHOUT = f"""
import sys

class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {LIBRARIES!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Without())
from pepseq.cli.commands import run
for arguments in {{arguments!r}}:
    code, message = run(arguments)
    print(code, message.strip())
"""


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setattr(requirements.importlib.util, "find_spec", lambda name: None)


@pytest.mark.parametrize("model", ["protbert", "Rostlab/prot_bert"])
def test_base_models_name_the_extra_before_a_download(nothing_installed, model):
    with pytest.raises(SettingsError) as error:
        find_checkpoint(model)
    assert str(error.value) == f"--model {model}: needs torch, which is not installed: {EXTRA}"
    with pytest.raises(SettingsError, match="needs torch"):
        find_folding_model("facebook/esmfold_v1")


def test_a_folder_of_a_base_model_names_the_extra(nothing_installed, protbert):
    with pytest.raises(SettingsError, match="needs torch"):
        find_checkpoint(protbert)


def test_the_bundled_network_runs_without(fasta, tmp_path):
    reads = str(fasta("reads.fasta", [("a", "MKXXCXXYXK"), ("b", "MXXXXK")]))
    rows = [("a|x", "MKV"), ("b|x", "MKI"), ("a|y", "MRV"), ("b|y", "MKL")]
    families = [str(fasta(name, rows)) for name in ("a.fasta", "b.fasta")]
    commands = [
        ["predict", reads, "-o", str(tmp_path / "whole.fasta")],
        ["lookup", reads, "--readout", "KCYM", "--reference", "bundled", "-o", str(tmp_path / "l")],
        [
            "pair",
            *families,
            "--method",
            "mirrortree",
            "--species",
            "field:|:2",
            "-o",
            str(tmp_path / "pairs.tsv"),
        ],
        ["doctor"],
        ["finetune", "--train", reads, "--validation", reads, "--readout", "K1", "-o", "network"],
    ]
    code = WITHOUT.replace("{arguments!r}", repr(commands))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    codes = [
        line for line in done.stdout.splitlines() if line[:2] in ("0 ", "2 ", "1 ") or line == "0"
    ]
    assert [line.split()[0] for line in codes] == ["0", "0", "0", "0", "2"], done
    assert codes[-1].endswith(f"needs torch, which is not installed: {EXTRA}")
