"""The proteins that the bundled network learns from, and examples made of them."""

from pathlib import Path

import numpy as np

from pepseq import Readout
from pepseq.network.training_examples import MIN_RESIDUES, Example, PlainExamples
from pepseq.sequences.fasta import read_fasta
from pepseq.templates.reference_files import open_reference
from pepseq.templates.substitution import encode
from pepseq.training.template_examples import draw_examples, save_examples

HELD_OUT_PROTEINS = 400
HELD_OUT_STRAINS = ("ecoli_EC590", "albertii_KF1")


class Corpus:
    """The proteins of a run.

    `residues` and `offsets`: codes of the training proteins, see PlainExamples, with their
    amino acid frequencies `background`; `held_out` and `strains`: those for validation; `own` and
    `related`: proteins that examples with templates are made of, with the files `references`.
    """

    def __init__(self, corpus: Path, proteomes: Path):
        self.files = [corpus, *sorted(proteomes.glob("train_*.faa.gz"))]
        records = list(read_fasta(corpus, repeated_ids=True))
        swiss_prot = np.array([record.id.startswith("sp_") for record in records])
        shuffled = np.random.default_rng(0).permutation(np.flatnonzero(swiss_prot))
        out = set(shuffled[:HELD_OUT_PROTEINS].tolist())
        strains = {path.name[6:-7]: sequences(path) for path in self.files[1:]}
        self.held_out = [encode(records[i].sequence) for i in sorted(out)]
        self.strains = {name: strains[name] for name in HELD_OUT_STRAINS}
        kept = [record.sequence for i, record in enumerate(records) if i not in out]
        own = [s for name, part in strains.items() if name not in HELD_OUT_STRAINS for s in part]
        codes = [encode(s) for s in kept + own if len(s) >= MIN_RESIDUES]
        self.residues = np.concatenate(codes)
        self.offsets = np.concatenate([[0], np.cumsum([len(c) for c in codes])])
        counts = np.bincount(self.residues, minlength=21)[:20]
        self.background = counts / counts.sum()
        of_strains = {s for name in HELD_OUT_STRAINS for s in strains[name]}
        self.own = sorted(set(own) - of_strains)
        related = (r.sequence for r, sp in zip(records, swiss_prot, strict=True) if not sp)
        self.related = [s for s in related if s not in of_strains]
        self.references = [p for p in self.files[1:] if "ecoli" in p.name or "ferg" in p.name]


def sequences(path: Path) -> list[str]:
    """Return the proteins of a file."""
    return [record.sequence for record in read_fasta(path, repeated_ids=True)]


def template_examples(data: Corpus, seed: int, rounds: int, path: Path) -> None:
    """Write examples with templates: each round 200 proteins, one readout, rates and kind."""
    rng, examples = np.random.default_rng([7, seed]), []
    reference = open_reference(data.references)
    for _ in range(rounds):
        proteins = data.own if rng.random() < 0.5 else data.related
        examples += draw_examples(reference, proteins, 200, rng)
    save_examples(examples, path)


def validation_examples(
    data: Corpus, number: int, with_templates: bool
) -> dict[str, list[Example]]:
    """Return examples of held-out proteins, without templates and with, by name."""
    rng = np.random.default_rng(5)
    offsets = np.concatenate([[0], np.cumsum([len(c) for c in data.held_out])])
    plain = {"any": (), "KCYM": [Readout("K1")], "K2": [Readout("K2")]}
    examples: dict[str, list[Example]] = {}
    for name, readouts in plain.items():
        codes = np.concatenate(data.held_out)
        drawn = PlainExamples(codes, offsets, data.background, readouts)
        examples[f"Swiss-Prot {name}"] = [drawn.draw(rng) for _ in range(number)]
    for strain, proteins in data.strains.items() if with_templates else ():
        paths = [path for path in data.references if strain not in path.name]
        reference = open_reference(paths)
        for readout in (None, None, None, None, Readout("K1"), Readout("K1"), Readout("K2")):
            name = f"{strain} with templates, {readout or 'any'}"
            of_strain = draw_examples(reference, proteins, 50, rng, readout)
            examples.setdefault(name, []).extend(of_strain)
    return examples
