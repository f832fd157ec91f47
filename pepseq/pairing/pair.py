"""Two files of families in, a table of interacting pairs out."""

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.failures import FailedRecord, write_failed
from pepseq.io.files import check_outputs, check_path
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.run_record import run_record
from pepseq.pairing.config import PairConfig
from pepseq.pairing.figures import FORMATS, draw_pairing
from pepseq.pairing.known_pairs import read_known_pairs
from pepseq.pairing.msa import Alignment, read_alignment
from pepseq.pairing.pair_alignments import Pairing, group_alignments, pair_families
from pepseq.pairing.paired_msa import (
    Complex,
    PairedAlignment,
    check_paired_only,
    find_query,
    no_query_error,
    write_paired_msa,
)
from pepseq.pairing.pairs import format_pairs, format_unpaired
from pepseq.sequences.headers import table_path
from pepseq.settings import check_config

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PairSummary:
    """Number of pairs and of proteins without one, of species in both families; the method.

    `bad` are the records that were left out.
    """

    pairs: int
    unpaired: int
    species: int
    method: str
    bad: list[FailedRecord]


def pair(
    family_a: str | Path,
    family_b: str | Path,
    output: str | Path,
    *,
    known: str | Path | None = None,
    paired_msa: str | Path | None = None,
    paired_only: bool = False,
    query: str | None = None,
    plot: str | Path | None = None,
    config: PairConfig = PairConfig(),  # noqa: B008 - frozen
    force: bool = False,
    keep_going: bool = False,
    offline: bool = False,
) -> PairSummary:
    """Write a table of the interacting proteins of two families.

    The families are alignments in FASTA, A2M, A3M or Stockholm; pairs are made within each species,
    one-to-one. Columns: PAIR_COLUMNS. Proteins without a pair are listed in
    `<output>.unpaired.tsv`. `known` is a table of given pairs. `paired_msa` is FASTA, or, if its
    name ends in .a3m, the A3M of the complex of protein `query` of family A (default: the first one
    that has a pair), with the unpaired proteins below the pairs unless `paired_only`. `plot` is a
    PNG, SVG or PDF. With `keep_going`, records that cannot be used are left out and listed in
    `<output>.failed.tsv`; otherwise they end the run before pairs are made. With `offline` no
    weights are downloaded. For alignments in memory: `pair_alignments`.

    Raises SettingsError, InputError, OutputError and TryAgainError.
    """
    started = time.time()
    check_config(config, PairConfig)
    check_path(output, "output")
    check_paired_only(paired_only, paired_msa)
    inputs = input_files((family_a, family_b), known, config)
    check_outputs([path for path in (output, paired_msa, plot) if path is not None], inputs, force)
    picture_format = _picture_format(plot)
    bad: list[FailedRecord] = []
    with Outputs(force) as outputs:
        table = outputs.open(output, "pairs", is_table=True)
        msa = None if paired_msa is None else outputs.open(paired_msa, "paired alignment")
        figure = None if plot is None else outputs.open(plot, "figure of the pairing")
        a, b = read_families((family_a, family_b), config, bad, keep_going)
        known_pairs = [] if known is None else read_known_pairs(known)
        grouped, species = group_alignments(a, b, config.species, known_pairs)
        if query is not None and query not in grouped.proteins_a:
            raise no_query_error(query, 2)
        pairing = pair_families(grouped, config, offline)
        _write_tables(outputs, table, output, pairing)
        if msa is not None:
            complexes = [
                Complex(p.species, (p.protein_a, p.protein_b), p.confidence) for p in pairing.pairs
            ]
            found = find_query(complexes, (a, b), query)
            alignment = PairedAlignment((a, b), complexes, found, config.min_confidence)
            write_paired_msa(msa, str(paired_msa), alignment, paired_only)
        if figure is not None:
            drawn = (pairing.result, pairing.pairs, picture_format, pairing.choice.method)
            figure.write(draw_pairing(*drawn))
        write_failed(outputs, output, bad, len(a.ids) + len(b.ids))
        settings = _recorded_settings(pairing, a, b, species.rule)
        inputs += [path for path in pairing.choice.weights if path not in inputs]
        outputs.record(output, run_record("pair", settings, inputs, started))
    return PairSummary(
        pairs=len(pairing.pairs),
        unpaired=len(pairing.unpaired),
        species=grouped.counts.species_in_both,
        method=pairing.choice.method,
        bad=bad,
    )


def input_files(
    families: Sequence[str | Path], known: str | Path | None, config: PairConfig
) -> list[str | Path]:
    """Return the files that are read; weights only if they are given as a file."""
    model = config.model if config.model and Path(config.model).is_file() else None
    paths = (*families, known, table_path(config.species), model)
    return [path for path in paths if path is not None]


def _picture_format(plot: str | Path | None) -> str:
    suffix = "" if plot is None else Path(plot).suffix.lower().removeprefix(".")
    if plot is not None and suffix not in FORMATS:
        raise SettingsError(
            f"plot: expected a name that ends in .{', .'.join(FORMATS)}, found {quoted(str(plot))}"
        )
    return suffix


def read_families(
    families: Sequence[str | Path],
    config: PairConfig,
    bad: list[FailedRecord],
    keep_going: bool,
) -> list[Alignment]:
    """Return the alignments; InputError if there are bad records and `keep_going` is not set."""
    numbers = (config.alignment_a, config.alignment_b, *[1] * (len(families) - 2))
    alignments = [
        read_alignment(path, bad, align=config.align, threads=config.threads, number=number)
        for path, number in zip(families, numbers, strict=True)
    ]
    if bad and not keep_going:
        total = len(bad) + sum(len(alignment.ids) for alignment in alignments)
        raise InputError(
            f"{len(bad)} of {total} records cannot be used: {bad[0]}. "
            "Correct them, or leave them out with --keep-going"
        )
    return alignments


def _recorded_settings(
    pairing: Pairing, a: Alignment, b: Alignment, rule: str
) -> dict[str, object]:
    """Return the settings of the run record: those used, and what was found in the families."""
    return {
        **asdict(pairing.choice.config),
        "method": pairing.choice.method,
        "why": pairing.choice.reason,
        "species": rule,
        "columns": [a.codes.shape[1], b.codes.shape[1]],
        "reading": [a.reading, b.reading],
        "counts": asdict(pairing.grouped.counts),
    }


def _write_tables(outputs: Outputs, table: IO[bytes], output: str | Path, pairing: Pairing) -> None:
    table.write(format_pairs(pairing.pairs))
    if str(output) != STDIO:
        path = f"{Path(output)}.unpaired.tsv"
        outputs.add(path, format_unpaired(pairing.unpaired), "unpaired proteins")
