"""Share of wrong peptides among those that `lookup` accepts, by the truth and by entrapment.

    python workflows/benchmarks/entrapment.py K12.faa.gz 536.faa.gz --reference K12.faa.gz
        --entrapment AUREUS.faa.gz PYLORI.faa.gz --errors seqparams.json

Reads of distinct tryptic peptides (7 to 30 residues, no missed cleavages) are simulated for each
sample with a fixed seed: readouts of whole peptides, and dye sequences. They are looked up in the
reference, and in the reference with entrapment proteins: as many of unrelated species, or without
`--entrapment` a shuffled one for each protein, as by `lookup --entrapment`. One row is printed for
each reference and limit of the q-value.

A read is accepted if its q-value is at most the limit. It is right if one of its equal fits
(`equal_fits`, the first 100) is the peptide that gave it, and unrelated if none of them has the
length of that peptide and the same residue at half of the positions or more. Unrelated reads are
counted among those with `q_value_related` up to the limit, the accepted relatives. A peptide is
accepted if it is the only one among the equal fits of an accepted read. It is right if any read
comes from it, and an entrapment hit if it is in entrapment proteins only. Estimates are of
peptides, with r entrapment peptides for each peptide of the reference: see
`pepseq.identification.false_discoveries` (Wen et al. 2025, Nature Methods 22: 1454). The paired
estimate needs shuffled proteins. Brackets hold exact 95 % intervals (Clopper-Pearson).
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
from tryptic import peptides_of

import pepseq
from pepseq.fluorosequencing.dye_codes import dye_texts
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.fluorosequencing.molecules import label_peptides, visible_reads
from pepseq.identification.entrapment_proteins import SUFFIX
from pepseq.identification.false_discoveries import (
    Interval,
    combined_estimate,
    lower_bound,
    share_with_interval,
)
from pepseq.identification.lookup import LookedUp
from pepseq.quantification.sample import channel_of_code
from pepseq.readout.masking import mask_sequence
from pepseq.sequences.fasta import read_fasta
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.substitution import encode

ALL, CYCLES, SEED, MOST_FITS = 10**9, 15, 1, 100
LETTERS = np.array([*AMINO_ACIDS, "X"])
COLUMNS = (
    *("sample", "reads", "entrapment", "q-value", "accepted", "wrong", "wrong, %"),
    *("accepted relatives", "unrelated", "unrelated, %"),
    *("peptides", "wrong", "wrong, %", "entrapment hits", "lower bound, %"),
    *("combined estimate, %", "paired estimate, %"),
)


@dataclass(frozen=True)
class Accepted:
    """Numbers of accepted reads, and of wrong ones; of accepted relatives, and unrelated ones.

    Of accepted peptides: all, wrong ones, and entrapment hits.
    """

    reads: int
    wrong: int
    relatives: int
    unrelated: int
    peptides: int
    wrong_peptides: int
    entrapment: int


def is_relative(found: str, true: str) -> bool:
    """Return whether peptides have one length and the same residue at half of the positions."""
    same = sum(a == b for a, b in zip(found, true, strict=False))
    return len(found) == len(true) and 2 * same >= len(true)


def write_foreign(paths: list[str], number: int, output: Path) -> None:
    """Write this many proteins of FASTA files, drawn with a fixed seed, or all if fewer."""
    proteins = [record.sequence for path in paths for record in read_fasta(path)]
    chosen = random.Random(SEED).sample(proteins, min(number, len(proteins)))
    output.write_text("".join(f">{n}{SUFFIX}\n{p}\n" for n, p in enumerate(chosen)))


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
    reads, of_related, hits = [], [], dict[str, tuple[float, bool, bool]]()
    present = set(true)
    for read, rows in fits[fits["rank"].notna()].groupby("id", sort=False):
        first = rows.iloc[0]
        if first.q_value_related > max(limits):
            continue
        equal, source = rows.head(int(first.equal_fits)), true[int(read)]
        found = {
            sequences[fit.protein][int(fit.begin) - 1 : int(fit.end)] for fit in equal.itertuples()
        }
        related = any(is_relative(peptide, source) for peptide in found)
        of_related.append((first.q_value_related, not related))
        reads.append((first.q_value, source not in found))
        if len(found) == 1 and len(equal) == first.equal_fits:
            (peptide,) = found
            q_value = min(first.q_value, hits[peptide][0] if peptide in hits else 1)
            is_entrapment = bool(equal.protein.str.endswith(SUFFIX).all())
            hits[peptide] = (q_value, peptide not in present, is_entrapment)
    tables = [
        np.array(list(table), float).reshape(-1, width)
        for table, width in ((reads, 2), (of_related, 2), (hits.values(), 3))
    ]
    for limit in limits:
        numbers = list[int]()
        for table in tables:
            accepted = table[table[:, 0] <= limit]
            numbers += [len(accepted), *accepted[:, 1:].sum(0).astype(int).tolist()]
        yield Accepted(*numbers)


def look_up(
    reads: list[str], readout: pepseq.Readout, references: list[str], folder: Path, **settings
) -> tuple[pd.DataFrame, LookedUp]:
    """Return the table of `lookup` for reads, whose ids are their places, and what it did."""
    path, fits = folder / "reads", folder / "fits.tsv"
    errors, trap = settings.pop("errors", None), settings.pop("entrapment", None)
    if errors is None:
        path.write_text("".join(f">{n}\n{read}\n" for n, read in enumerate(reads)))
    else:
        rows = "".join(f"{read}\t1\t{n}\n" for n, read in enumerate(reads))
        path.write_text(f"{len(readout.labels)}\n{len(reads)}\n{rows}")
        settings |= {"dye_sequences": True, "cycles": CYCLES}
    config = pepseq.LookupConfig(kind="tryptic", best=MOST_FITS, threads=1, **settings)
    done = pepseq.lookup(
        *(path, fits, references, readout),
        config=config,
        errors=errors,
        entrapment=trap,
        force=True,
    )
    return pd.read_csv(fits, sep="\t", dtype={"id": str}), done


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


def row(
    names: list[str], limit: float, found: Accepted, ratio: float | None, paired: float | None
) -> str:
    """Return a row of the printed table; without a ratio there are no entrapment proteins."""
    cells = [*names, f"{limit:g}", f"{found.reads:,}", f"{found.wrong:,}"]
    cells += [percent(share_with_interval(found.wrong, found.reads)) if found.reads else ""]
    unrelated = share_with_interval(found.unrelated, found.relatives)
    cells += [f"{found.relatives:,}", f"{found.unrelated:,}"]
    cells += [percent(unrelated) if found.relatives else ""]
    cells += [f"{found.peptides:,}", f"{found.wrong_peptides:,}"]
    wrong = share_with_interval(found.wrong_peptides, found.peptides)
    cells += [percent(wrong) if found.peptides else ""]
    if ratio is not None and found.peptides:
        hits = found.entrapment, found.peptides
        cells += [f"{found.entrapment:,}", percent(lower_bound(*hits))]
        cells += [percent(combined_estimate(*hits, ratio))]
        cells += [] if paired is None else [f"{100 * paired:.1f}"]
    return f"| {' | '.join(cells + [''] * (len(COLUMNS) - len(cells)))} |"


def rows_of(
    fits: pd.DataFrame,
    done: LookedUp,
    true: list[str],
    sequences: dict[str, str],
    arguments: argparse.Namespace,
    names: list[str],
    ratio: float | None,
) -> Iterator[str]:
    """Yield the row of each limit of the q-value, of one lookup."""
    if done.tested is not None:
        known = done.tested.reference
        sequences = sequences | {
            known.name(n): "".join(LETTERS[known.protein(n)]) for n in range(len(known))
        }
    counts = count_accepted(fits, true, sequences, arguments.limits)
    for limit, found in zip(arguments.limits, counts, strict=True):
        paired = None if done.tested is None else done.tested.of_hits(limit).paired
        yield row(names, limit, found, ratio, paired)


def command_line() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("samples", nargs="+")
    parser.add_argument("--reference", nargs="+", required=True)
    parser.add_argument("--entrapment", nargs="*", default=[], help="proteins of other species")
    parser.add_argument("--errors", required=True, help="whatprot's sequencing parameters")
    parser.add_argument("--readout", nargs="*", default=["KCYM", "K2"])
    parser.add_argument("--labels", default="DE,C,Y,K")
    parser.add_argument("--scales", nargs="*", type=float, default=[0.1, 1.0])
    parser.add_argument("--limits", nargs="+", type=float, default=[0.01, 0.05])
    parser.add_argument("--most", type=int, default=3000, help="reads of each experiment")
    return parser.parse_args()


def main() -> None:
    """Print rows for each sample, experiment and reference."""
    arguments = command_line()
    with tempfile.TemporaryDirectory() as name:
        folder, known = Path(name), arguments.reference
        sequences = {r.id: r.sequence for path in known for r in read_fasta(path)}
        trap, ratio = str(folder / "entrapment.fasta"), 1.0
        if arguments.entrapment:
            write_foreign(arguments.entrapment, len(sequences), Path(trap))
            sequences |= {r.id: r.sequence for r in read_fasta(trap)}
            own = {peptide for path in known for peptide in peptides_of(path, ALL)}
            ratio = len(set(peptides_of(trap, ALL)) - own) / len(own)
        print(f"r = {ratio:.3f}: entrapment peptides for each peptide of the reference\n")
        print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|", flush=True)
        traps = ("none", "foreign" if arguments.entrapment else "shuffled")
        for sample in arguments.samples:
            peptides = peptides_of(sample, ALL)
            for label, readout, reads, true, settings in experiments(peptides, arguments):
                for kind in traps:
                    files = [*known, trap] if kind == "foreign" else known
                    table = folder / "entrapment.tsv" if kind == "shuffled" else None
                    fits, done = look_up(
                        *(reads, readout, files, folder), entrapment=table, **settings
                    )
                    names = [Path(sample).name.split(".")[0], label, kind]
                    share = None if kind == "none" else ratio
                    for line in rows_of(fits, done, true, sequences, arguments, names, share):
                        print(line, flush=True)


if __name__ == "__main__":
    main()
