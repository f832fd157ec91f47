"""Share of wrong peptides among those that `lookup` accepts, by the truth and by entrapment.

    python workflows/benchmarks/entrapment.py K12.faa.gz 536.faa.gz --reference K12.faa.gz
        --entrapment AUREUS.faa.gz PYLORI.faa.gz --errors seqparams.json

Reads of distinct tryptic peptides (7 to 30 residues, no missed cleavages) are simulated for each
sample with a fixed seed: readouts of whole peptides, and dye sequences. They are looked up in the
reference, and in the reference plus as many entrapment proteins of unrelated species. One row is
printed for each reference and limit of the q-value. A read is accepted if its q-value is at most
the limit. It is right if one of its equal fits (`equal_fits`, the first 100) is the peptide that
gave it, and unrelated if none of them has the length of that peptide and the same residue at half
of the positions or more. It is an entrapment hit if all equal fits are in entrapment proteins. Of N
accepted reads, N_E of them entrapment hits, the lower bound of the false discovery rate is N_E / N,
and the combined estimate is N_E (1 + 1 / r) / N, where r is the number of entrapment peptides for
each peptide of the reference (Wen et al. 2025, Nature Methods 22: 1454). Brackets hold exact 95 %
intervals (Clopper-Pearson).
"""

import argparse
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from design import scaled_options
from scipy.stats import binomtest
from tryptic import peptides_of

import pepseq
from pepseq.fluorosequencing.dye_codes import dye_texts
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.fluorosequencing.molecules import label_peptides, visible_reads
from pepseq.quantification.sample import channel_of_code
from pepseq.readout.masking import mask_sequence
from pepseq.sequences.fasta import read_fasta
from pepseq.templates.substitution import encode

ALL, CYCLES, SEED, MOST_FITS = 10**9, 15, 1, 100
ENTRAPMENT = "entrapment_"
Interval = tuple[float, float, float]


@dataclass(frozen=True)
class Accepted:
    """Numbers of accepted reads: all, wrong ones, unrelated ones of these, entrapment hits."""

    reads: int
    wrong: int
    unrelated: int
    entrapment: int


def share_of(count: int, total: int) -> Interval:
    """Return count / total with its exact 95 % interval; 0 with an interval of 0 to 1 for none."""
    if not total:
        return 0.0, 0.0, 1.0
    low, high = binomtest(count, total).proportion_ci(method="exact")
    return count / total, float(low), float(high)


def combined_estimate(entrapment: int, total: int, ratio: float) -> Interval:
    """Return the combined estimate of the false discovery rate with its interval, at most 1."""
    share, low, high = (min(1.0, value * (1 + 1 / ratio)) for value in share_of(entrapment, total))
    return share, low, high


def is_relative(found: str, true: str) -> bool:
    """Return whether peptides have one length and the same residue at half of the positions."""
    same = sum(a == b for a, b in zip(found, true, strict=False))
    return len(found) == len(true) and 2 * same >= len(true)


def write_entrapment(paths: list[str], number: int, output: Path) -> None:
    """Write this many proteins of FASTA files, drawn with a fixed seed, or all if fewer."""
    proteins = [record.sequence for path in paths for record in read_fasta(path)]
    chosen = random.Random(SEED).sample(proteins, min(number, len(proteins)))
    output.write_text("".join(f">{ENTRAPMENT}{n}\n{p}\n" for n, p in enumerate(chosen)))


def dye_reads(
    peptides: list[str], readout: pepseq.Readout, errors: SequencingErrors, number: int
) -> tuple[list[str], list[str]]:
    """Return this many dye sequences of molecules, and the peptide of each."""
    ends = np.cumsum([len(peptide) for peptide in peptides])
    begins = np.concatenate([[0], ends[:-1]])
    residues = np.concatenate([encode(peptide) for peptide in peptides])
    labelled = label_peptides(residues, begins, ends, channel_of_code(readout))
    weights = np.ones(len(peptides))
    blocks = list(visible_reads(labelled, weights, errors, CYCLES, number, SEED, 1))
    codes, places = map(np.concatenate, zip(*blocks, strict=True))
    texts = dye_texts(codes, len(readout.labels), CYCLES).astype(str)
    return texts.tolist(), [peptides[place] for place in places]


def count_accepted(
    fits: pd.DataFrame, true: list[str], sequences: dict[str, str], limits: list[float]
) -> Iterator[Accepted]:
    """Yield the numbers of accepted reads at each limit; ids of reads are places in `true`."""
    outcomes = []
    for read, rows in fits[fits["rank"].notna()].groupby("id", sort=False):
        first = rows.iloc[0]
        if first.q_value > max(limits):
            continue
        equal, source = rows.head(int(first.equal_fits)), true[int(read)]
        found = {
            sequences[fit.protein][int(fit.begin) - 1 : int(fit.end)] for fit in equal.itertuples()
        }
        related = any(is_relative(peptide, source) for peptide in found)
        trapped = equal.protein.str.startswith(ENTRAPMENT).all()
        outcomes.append((first.q_value, source not in found, not related, trapped))
    table = np.array(outcomes, float).reshape(-1, 4)
    for limit in limits:
        accepted = table[table[:, 0] <= limit]
        yield Accepted(len(accepted), *accepted[:, 1:].sum(0).astype(int).tolist())


def look_up(
    reads: list[str], readout: pepseq.Readout, references: list[str], folder: Path, **settings
) -> pd.DataFrame:
    """Return the table of `lookup` for reads, whose ids are their places."""
    path, fits = folder / "reads", folder / "fits.tsv"
    errors = settings.pop("errors", None)
    if errors is None:
        path.write_text("".join(f">{n}\n{read}\n" for n, read in enumerate(reads)))
    else:
        rows = "".join(f"{read}\t1\t{n}\n" for n, read in enumerate(reads))
        path.write_text(f"{len(readout.labels)}\n{len(reads)}\n{rows}")
        settings |= {"dye_sequences": True, "cycles": CYCLES}
    config = pepseq.LookupConfig(kind="tryptic", best=MOST_FITS, threads=1, **settings)
    pepseq.lookup(path, fits, references, readout, config=config, errors=errors, force=True)
    return pd.read_csv(fits, sep="\t", dtype={"id": str})


def experiments(peptides: list[str], arguments: argparse.Namespace) -> Iterator[tuple]:
    """Yield name, readout, reads, true peptides and settings of `lookup` of each experiment."""
    for name in arguments.readout:
        readout, true = pepseq.Readout(name), peptides[: arguments.most]
        yield name, readout, [mask_sequence(p, readout).residues for p in true], true, {}
    readout = pepseq.Readout.from_labels(arguments.labels)
    for scale in arguments.scales:
        rates = scaled_options(arguments.errors, scale)[1]
        errors = SequencingErrors.of_equal_channels(rates, len(readout.labels))
        reads, true = dye_reads(peptides, readout, errors, arguments.most)
        yield f"{arguments.labels}, errors x {scale:g}", readout, reads, true, {"errors": errors}


def percent(values: Interval) -> str:
    """Return a share with its interval in percent."""
    share, low, high = (100 * value for value in values)
    return f"{share:.1f} ({low:.1f}-{high:.1f})"


def row(names: list[str], limit: float, found: Accepted, ratio: float | None) -> str:
    """Return a row of the printed table."""
    cells = [*names, f"{limit:g}", f"{found.reads:,}", f"{found.wrong:,}"]
    cells += [percent(share_of(found.wrong, found.reads)) if found.reads else ""]
    cells += [f"{found.unrelated:,}"]
    if ratio is None or not found.reads:
        return f"| {' | '.join([*cells, '', '', ''])} |"
    bounds = share_of(found.entrapment, found.reads)
    combined = combined_estimate(found.entrapment, found.reads, ratio)
    cells += [f"{found.entrapment:,}", percent(bounds), percent(combined)]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Read the command line, and print rows for each sample, experiment and reference."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("samples", nargs="+")
    parser.add_argument("--reference", nargs="+", required=True)
    parser.add_argument("--entrapment", nargs="+", required=True)
    parser.add_argument("--errors", required=True, help="whatprot's sequencing parameters")
    parser.add_argument("--readout", nargs="*", default=["KCYM", "K2"])
    parser.add_argument("--labels", default="DE,C,Y,K")
    parser.add_argument("--scales", nargs="*", type=float, default=[0.1, 1.0])
    parser.add_argument("--limits", nargs="+", type=float, default=[0.01, 0.05])
    parser.add_argument("--most", type=int, default=3000, help="reads of each experiment")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, known = Path(name), arguments.reference
        sequences = {r.id: r.sequence for path in known for r in read_fasta(path)}
        trap = str(folder / "entrapment.fasta")
        write_entrapment(arguments.entrapment, len(sequences), Path(trap))
        sequences |= {r.id: r.sequence for r in read_fasta(trap)}
        own = {peptide for path in known for peptide in peptides_of(path, ALL)}
        ratio = len(set(peptides_of(trap, ALL)) - own) / len(own)
        print(f"r = {ratio:.3f}: entrapment peptides for each peptide of the reference\n")
        print(
            "| sample | reads | entrapment | q-value | accepted | wrong | wrong, % | unrelated ",
            end="",
        )
        print("| entrapment hits | lower bound, % | combined estimate, % |")
        print("|---" * 11 + "|", flush=True)
        for sample in arguments.samples:
            peptides = peptides_of(sample, ALL)
            for label, readout, reads, true, settings in experiments(peptides, arguments):
                for added in ([], [trap]):
                    fits = look_up(reads, readout, [*known, *added], folder, **settings)
                    counts = count_accepted(fits, true, sequences, arguments.limits)
                    for limit, found in zip(arguments.limits, counts, strict=True):
                        names = [Path(sample).name.split(".")[0], label, "yes" if added else "no"]
                        print(row(names, limit, found, ratio if added else None), flush=True)


if __name__ == "__main__":
    main()
