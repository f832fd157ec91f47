"""ESMFold (Lin et al. 2023, doi:10.1126/science.ade2574): a sequence in, atoms and pLDDT out.

The network is that of transformers. Its language model may run in half precision, as its weights
are published; the trunk and the structure module always run in fp32.
"""

import logging
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from transformers import AutoConfig, EsmForProteinFolding
from transformers.models.esm.openfold_utils import atom14_to_atom37, residue_constants

from pepseq.errors import InputError
from pepseq.models.checkpoints import Checkpoint
from pepseq.models.devices import DTYPES, is_out_of_memory, pick_device
from pepseq.models.transformers_loading import check_all_loaded, loading

log = logging.getLogger(__name__)
ATOM_NAMES = tuple(residue_constants.atom_types)
"""Names of the 37 heavy atoms that residues can have."""
MAX_ATTENTION_BYTES = 1 << 30
"""Memory for the triangular attention of one chunk; larger proteins are folded in chunks."""
_CA = ATOM_NAMES.index("CA")


@dataclass(frozen=True)
class PredictedStructure:
    """A predicted structure.

    atoms: coordinates in angstrom, float32 (length, 37, 3), atoms as in ATOM_NAMES.
    present: whether the residue has the atom, bool (length, 37); an unknown residue has none.
    plddt: predicted lDDT of each residue's CA, float32 (length,), 0 to 100.
    ptm: predicted TM-score, 0 to 1.
    """

    atoms: np.ndarray
    present: np.ndarray
    plddt: np.ndarray
    ptm: float


def default_chunk_size(length: int, heads: int) -> int | None:
    """Return the rows of the pair representation whose attention fits into memory; None for all.

    The attention of a row is heads x length x length numbers of 4 bytes. The rows that fit into
    MAX_ATTENTION_BYTES are rounded down to a power of two.

    >>> default_chunk_size(400, 4), default_chunk_size(1000, 4)
    (None, 64)
    """
    rows = MAX_ATTENTION_BYTES // (heads * length * length * 4)
    return None if rows >= length else 1 << max(rows.bit_length() - 1, 0)


class _HalfLanguageModelFold(EsmForProteinFolding):
    """An ESMFold of which only the language model is loaded in half precision."""

    _keep_in_fp32_modules_strict = [  # noqa: RUF012 - the type of transformers
        *("trunk", "esm_s_mlp", "esm_s_combine", "^embedding"),
        *("distogram_head", "ptm_head", "lm_head", "lddt_head"),
    ]


class FoldingNetwork:
    """A loaded ESMFold.

    `precision` of the language model: auto is fp16 on a CUDA GPU, fp32 elsewhere. `chunk_size`:
    rows that the triangular attention takes at once, None for `default_chunk_size`; if memory runs
    out, it is halved until the protein fits.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: str = "auto",
        precision: str = "auto",
        chunk_size: int | None = None,
    ):
        self.device = pick_device(device)
        if precision == "auto":
            precision = "fp16" if self.device.type == "cuda" else "fp32"
        self.precision = precision
        network: Any = _load(checkpoint, DTYPES[precision])
        self._network = network.to(self.device)
        trunk = self._network.config.esmfold_config.trunk
        self._heads = trunk.pairwise_state_dim // trunk.pairwise_head_width
        self._chunk_size = chunk_size

    def fold(self, sequence: str) -> PredictedStructure:
        """Return the structure of a sequence; X, B, Z, J, U and O are unknown residues.

        Raises InputError if the protein does not fit into the memory, or for NaN coordinates.
        """
        chunk = self._chunk_size or default_chunk_size(len(sequence), self._heads)
        while True:
            try:
                return self._forward(sequence, chunk)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            if chunk == 1:
                raise InputError(
                    f"{len(sequence)} residues do not fit into memory, even with a chunk size of 1"
                )
            chunk = max(1, min(chunk or len(sequence), len(sequence)) // 2)
            log.warning(
                "out of memory: repeating %d residues with chunk size %d", len(sequence), chunk
            )

    def _forward(self, sequence: str, chunk: int | None) -> PredictedStructure:
        self._network.trunk.set_chunk_size(chunk)
        with torch.inference_mode():
            output = self._network.infer(sequence)
            atom_maps = {
                name: output[name].cpu()
                for name in ("residx_atom37_to_atom14", "atom37_atom_exists")
            }
            atoms = atom14_to_atom37(output["positions"][-1].cpu(), atom_maps)[0].numpy()
            plddt = 100 * output["plddt"][0, :, _CA].float().cpu().numpy()
            ptm = float(output["ptm"])
        present = atom_maps["atom37_atom_exists"][0].numpy() > 0.5
        if not (np.isfinite(atoms[present]).all() and np.isfinite(plddt).all()):
            raise InputError("the network gave coordinates that are not finite numbers")
        return PredictedStructure(atoms, present, plddt, ptm)


def _load(checkpoint: Checkpoint, dtype: torch.dtype) -> EsmForProteinFolding:
    """Return the network of a checkpoint on the CPU; InputError if it is not an ESMFold."""
    source = checkpoint.source
    architecture = EsmForProteinFolding if dtype == torch.float32 else _HalfLanguageModelFold
    with loading(checkpoint, "structure predictor (ESMFold)"):
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
        if not getattr(config, "is_folding_model", False):
            raise InputError(f"{source}: expected an ESMFold, found a {config.model_type}")
        loaded = architecture.from_pretrained(
            source, config=config, trust_remote_code=False, dtype=dtype, output_loading_info=True
        )
    network, info = cast(tuple[EsmForProteinFolding, dict[str, Any]], loaded)
    weights = {name for name, _ in network.named_parameters()}
    missing = sorted(name for name in info["missing_keys"] if name in weights)
    check_all_loaded(info, missing, source, "an ESMFold")
    return network.eval()
