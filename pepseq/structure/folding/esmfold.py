"""ESMFold (Lin et al. 2023, doi:10.1126/science.ade2574), one protein at a time."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.atomic_files import disk_errors
from pepseq.io.run_record import sha256
from pepseq.structure.folding.confidences import no_confidences
from pepseq.structure.folding.config import FoldConfig
from pepseq.structure.folding.engines import FoldedStructure, FoldingResults, FoldingTarget
from pepseq.structure.folding.folding_inputs import FoldingInput

if TYPE_CHECKING:
    from pepseq.models.esmfold import PredictedStructure


class EsmFold:
    """The network of the settings, which is loaded when the first protein is folded."""

    def __init__(self, config: FoldConfig):
        from pepseq.models.checkpoints import find_folding_model

        self._config = config
        self._checkpoint = find_folding_model(config.model, config.offline)
        name = self._checkpoint.published or _fingerprint(self._checkpoint.source)
        self.name = f"esmfold {name} {config.precision}"

    def check(self, records: Sequence[FoldingInput]) -> None:
        """Raise SettingsError if a complex is among them."""
        for record in records:
            if record.is_complex or record.alignment is not None:
                raise SettingsError(
                    f"engine esmfold: folds single chains without an alignment, and "
                    f"{quoted(record.id)} is a complex or has one; use --engine colabfold or "
                    "command:TEMPLATE"
                )

    def fold(self, targets: Sequence[FoldingTarget], work: Path) -> FoldingResults:
        """Yield the targets in turn."""
        import torch

        from pepseq.models.esmfold import FoldingNetwork

        config = self._config
        if config.threads:
            torch.set_num_threads(config.threads)
        network = FoldingNetwork(
            self._checkpoint, config.device, config.precision, config.chunk_size
        )
        for target in targets:
            started, sequence = time.monotonic(), target.record.sequence
            try:
                prediction = network.fold(sequence)
            except InputError as error:
                yield target, str(error)
                continue
            path = work / f"{target.stem}.pdb"
            with disk_errors(path):
                path.write_bytes(format_pdb(sequence, prediction))
            yield (
                target,
                FoldedStructure(path, time.monotonic() - started, no_confidences(prediction.ptm)),
            )


def _fingerprint(source: str) -> str:
    """Return a model's name, with the start of the SHA-256 of its weights if it is a folder."""
    files = sorted(Path(source).glob("*.safetensors")) or sorted(Path(source).glob("*.bin"))
    digests = " ".join(sha256(path)[:12] for path in files) if Path(source).is_dir() else ""
    return f"{Path(source).name if digests else source} {digests}".strip()


def format_pdb(sequence: str, prediction: "PredictedStructure") -> bytes:
    """Return a PDB file of one chain A, numbered from 1, with each residue's pLDDT as B-factor.

    A residue without atoms, which an unknown one is, leaves a gap in the numbers.
    """
    import gemmi

    from pepseq.models.esmfold import ATOM_NAMES

    chain = gemmi.Chain("A")
    names = gemmi.expand_one_letter_sequence(sequence, gemmi.ResidueKind.AA)
    for index, name in enumerate(names):
        residue = gemmi.Residue()
        residue.name, residue.seqid = name, gemmi.SeqId(index + 1, " ")
        residue.entity_type = gemmi.EntityType.Polymer
        for place in prediction.present[index].nonzero()[0]:
            atom = gemmi.Atom()
            atom.name, atom.element = ATOM_NAMES[place], gemmi.Element(ATOM_NAMES[place][0])
            atom.pos = gemmi.Position(*map(float, prediction.atoms[index, place]))
            atom.b_iso = float(prediction.plddt[index])
            residue.add_atom(atom)
        if len(residue):
            chain.add_residue(residue)
    model = gemmi.Model(1)
    model.add_chain(chain)
    structure = gemmi.Structure()
    structure.add_model(model)
    structure.info["_exptl.method"] = "THEORETICAL MODEL"
    structure.setup_entities()
    structure.assign_serial_numbers()
    return structure.make_pdb_string().encode()
