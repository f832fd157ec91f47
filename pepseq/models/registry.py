"""Published base models with a short name, and their folders on this machine.

Models of the Hugging Face hub are in its cache (HF_HOME), the MSA Transformer in torch hub's
(TORCH_HOME), where other programs find them too.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

MASKED = "masked language model"
MSA = "MSA Transformer"
FOLDING = "structure predictor"
FAIR_ESM_URL = "https://dl.fbaipublicfiles.com/fair-esm/models"
"""Where fair-esm publishes its weights; PEPSEQ_MODELS_URL names a mirror."""
_ESM2_PINS = (
    "https://github.com/Synthyra/FastPLMs/blob/077c17659c87aef2f909b726e080dead6a0245d1/"
    "src/fastplms/models.toml"
)
_PROTBERT = "Elnaggar et al. 2021, doi:10.1109/TPAMI.2021.3095381"
_ESM2 = "Lin et al. 2023, doi:10.1126/science.ade2574"


@dataclass(frozen=True)
class KnownModel:
    """A published model.

    id: Hugging Face id, or the address of its one file.
    weights: files of weights, each with its SHA-256 if a source that can be cited gives one.
    other_files: further files that are needed.
    revision: commit of the repository.
    pins: source of revision and SHA-256.
    """

    name: str
    kind: str
    id: str
    parameters: str
    licence: str
    citation: str
    weights: Mapping[str, str | None]
    other_files: tuple[str, ...] = ()
    revision: str | None = None
    pins: str | None = None

    @property
    def page(self) -> str:
        """The address from which a user can download the files."""
        if self.kind == MSA:
            return self.id
        return f"https://huggingface.co/{self.id}/tree/{self.revision}"

    @property
    def folder(self) -> Path:
        """The folder of the files on this machine, also if it does not exist."""
        if self.kind == MSA:
            return torch_hub_folder()
        from huggingface_hub.constants import HF_HUB_CACHE

        repository = "models--" + self.id.replace("/", "--")
        return Path(HF_HUB_CACHE) / repository / "snapshots" / str(self.revision)

    def present_files(self) -> dict[str, Path]:
        """Return the files on this machine by name, converted weights included."""
        names = [*self.other_files, *self.weights, *map(safetensors_name, self.weights)]
        if len(self.weights) > 1:
            names += [safetensors_name(name) for name in self.other_files]
        paths = {name: self.folder / name for name in names}
        return {name: path for name, path in paths.items() if path.is_file()}

    def missing_files(self) -> list[str]:
        """Return the names of needed files that are not on this machine."""
        present = self.present_files()
        weights = [name for name in self.weights if safetensors_name(name) not in present]
        return [name for name in (*self.other_files, *weights) if name not in present]

    def placement_advice(self) -> str:
        """Return the advice which files to put into which folder."""
        return f"put {', '.join(self.missing_files())} from {self.page} into {self.folder}"

    def download_advice(self) -> str:
        """Return the advice which files to put where, and the command that downloads them."""
        return f"{self.placement_advice()}, or run: pepseq models download {self.name}"


def safetensors_name(name: str) -> str:
    """Return the name of a converted file of weights, or of its index; other names unchanged."""
    for old, new in ((".bin.index.json", ".safetensors.index.json"), (".bin", ".safetensors")):
        if name.endswith(old):
            return name.removesuffix(old).replace("pytorch_model", "model") + new
    return name.removesuffix(".pt") + ".safetensors" if name.endswith(".pt") else name


def torch_hub_folder() -> Path:
    """Return torch hub's folder of downloaded files, as torch itself finds it."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", os.path.join(cache, "torch"))
    return Path(os.path.expanduser(home)) / "hub" / "checkpoints"


def fair_esm_url() -> str:
    """Return the server of the MSA Transformer's weights."""
    return os.environ.get("PEPSEQ_MODELS_URL", FAIR_ESM_URL).rstrip("/")


def _esm2(size: str, layers: int, revision: str, weights: dict, also: tuple = ()) -> KnownModel:
    return KnownModel(
        f"esm2-{size.lower()}",
        MASKED,
        f"facebook/esm2_t{layers}_{size}_UR50D",
        size,
        "MIT",
        _ESM2,
        MappingProxyType(weights),
        ("config.json", "vocab.txt", *also),
        revision,
        _ESM2_PINS,
    )


def _protbert(name: str, identifier: str, revision: str) -> KnownModel:
    return KnownModel(
        name,
        MASKED,
        identifier,
        "420M",
        "AFL-3.0",
        _PROTBERT,
        MappingProxyType({"pytorch_model.bin": None}),
        ("config.json", "vocab.txt"),
        revision,
        f"https://huggingface.co/{identifier}/commit/{revision}",
    )


KNOWN_MODELS = (
    _protbert("protbert", "Rostlab/prot_bert", "7a894481acdc12202f0a415dd567f6cfdb698908"),
    _protbert("protbert-bfd", "Rostlab/prot_bert_bfd", "6c5c8a55a52ff08a664dfd584aa1773f125a0487"),
    _esm2(
        "8M",
        6,
        "c731040fcd8d73dceaa04b0a8e6329b345b0f5df",
        {"model.safetensors": "24c5fa474c48f3b754b86efe752d5f189d2bcd88190fa2270fc92b2ef3034189"},
    ),
    _esm2(
        "35M",
        12,
        "6fbf070e65b0b7291e7bbcd451118c216cff79d8",
        {"model.safetensors": "e35647818e0e064351d4531ed480d225a002567b4b2b93ad3a9246d753150fc0"},
    ),
    _esm2(
        "150M",
        30,
        "a695f6045e2e32885fa60af20c13cb35398ce30c",
        {"model.safetensors": "c3f1da8aea53bddd32c246c86168c23b9fd72341fb9db9a94436f855f5053566"},
    ),
    _esm2(
        "650M",
        33,
        "08e4846e537177426273712802403f7ba8261b6c",
        {"model.safetensors": "a08adabb949fa67ad3c14b509d04fd60368b35007b0095e3358f81200c4f4db0"},
    ),
    _esm2(
        "3B",
        36,
        "476b639933c8baad5ad09a60ac1a87f987b656fc",
        {
            "pytorch_model-00001-of-00002.bin": (
                "0f971f11c449d21422aa982b791619c10351972992c735f4c3cd43fe09790412"
            ),
            "pytorch_model-00002-of-00002.bin": (
                "7560b46fc383c691fb74b915b7d4bcef40d3df181447f16ba4b298845e308d0c"
            ),
        },
        ("pytorch_model.bin.index.json",),
    ),
    KnownModel(
        "msa-transformer",
        MSA,
        f"{FAIR_ESM_URL}/esm_msa1b_t12_100M_UR50S.pt",
        "100M",
        "MIT",
        "Rao et al. 2021, doi:10.1101/2021.02.12.430858",
        MappingProxyType({"esm_msa1b_t12_100M_UR50S.pt": None}),
    ),
    KnownModel(
        "esmfold",
        FOLDING,
        "facebook/esmfold_v1",
        "3.5B",
        "MIT",
        _ESM2,
        MappingProxyType(
            {
                "pytorch_model.bin": (
                    "2ee07356b125d1e3e57503c204111fd7323347fc4735d41d3caac57c2a78e116"
                )
            }
        ),
        ("config.json",),
        "75a3841ee059df2bf4d56688166c8fb459ddd97a",
        "https://huggingface.co/facebook/esmfold_v1/blob/main/pytorch_model.bin",
    ),
)


def find_known_model(model: str | Path | None) -> KnownModel | None:
    """Return the known model of a short name or Hugging Face id, or None."""
    return next((known for known in KNOWN_MODELS if str(model) in (known.name, known.id)), None)
