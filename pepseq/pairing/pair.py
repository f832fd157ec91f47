"""Two families in, a table of interacting pairs out."""

import logging
import time
from dataclasses import asdict, dataclass
from io import BufferedIOBase
from pathlib import Path

from pepseq.errors import InputError, SettingsError, TryAgainError, found
from pepseq.io.compression import without_suffix
from pepseq.io.failures import FailedRecord, write_failed
from pepseq.io.files import check_outputs
from pepseq.io.outputs import STDIO, Outputs
from pepseq.io.progress import Progress
from pepseq.io.run_record import run_record
from pepseq.pairing.config import PairConfig
from pepseq.pairing.families import Grouped, group
from pepseq.pairing.figures import FORMATS, draw_pairing
from pepseq.pairing.known_pairs import read_known
from pepseq.pairing.method_choice import METHODS, Choice, choose
from pepseq.pairing.method_interface import Chosen, Families
from pepseq.pairing.msa import GAP_CODE, read_alignment
from pepseq.pairing.pairs import (
    Pair,
    final_pairs,
    format_pairs,
    format_unpaired,
    left_over,
    paired_a3m,
    paired_fasta,
)
from pepseq.pairing.rounds import pair_in_rounds
from pepseq.sequences.headers import table_of
from pepseq.sequences.species import AUTO, FamilySpecies, read_species

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Paired:
    """What `pair` did: number of pairs and of proteins without one, species in both families."""

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
    query: str | None = None,
    plot: str | Path | None = None,
    config: PairConfig = PairConfig(),  # noqa: B008 - frozen
    force: bool = False,
    keep_going: bool = False,
    offline: bool = False,
) -> Paired:
    """Write a table of which protein of one family interacts with which of the other.

    The families are alignments in FASTA, A2M, A3M or Stockholm; pairs are made inside a species,
    one-to-one. Columns: PAIR_COLUMNS. Proteins without a pair go to `<output>.unpaired.tsv`.
    `known` is a table of given pairs; `paired_msa` is FASTA, or A3M of a complex if so named, of
    protein `query` of family A (default: the first one that has a pair);
    `plot` is a PNG, SVG or PDF. With `keep_going`, records that cannot be used are left out and
    listed in `<output>.failed.tsv`; otherwise they end the run before pairs are made. With
    `offline` no weights are downloaded: see `choose`.

    Raises SettingsError, InputError, OutputError and TryAgainError.
    """
    started = time.time()
    inputs = _inputs(family_a, family_b, known, config)
    written = [path for path in (output, paired_msa, plot) if path is not None]
    check_outputs(written, inputs, force)
    form = _format_of(plot)
    bad: list[FailedRecord] = []
    with Outputs(force) as outputs:
        stream = outputs.open(output, "pairs")
        msa = paired_msa and outputs.open(paired_msa, "paired alignment")
        figure = plot and outputs.open(plot, "figure of the pairing")
        grouped, ids_a, described = _read(family_a, family_b, known, config, bad, keep_going)
        if query is not None and query not in grouped.proteins_a:
            raise InputError(_no_query(query))
        choice = choose(grouped.families, config, offline)
        chosen = _choose_pairs(grouped.families, choice)
        pairs = final_pairs(grouped.families, chosen, config.seed)
        unpaired = left_over(grouped, pairs)
        stream.write(format_pairs(grouped, pairs))
        if str(output) != STDIO:
            outputs.add(
                f"{Path(output)}.unpaired.tsv", format_unpaired(unpaired), "unpaired proteins"
            )
        if msa is not None:
            first = _find_query(grouped, pairs, ids_a, query)
            _write_msa(msa, paired_msa, grouped, pairs, config.min_confidence, first)
        if figure is not None:
            figure.write(draw_pairing(chosen, pairs, form))
        proteins = grouped.counts["proteins_a"] + grouped.counts["proteins_b"]
        write_failed(outputs, output, bad, proteins)
        used = {**asdict(choice.config), "method": choice.method, "why": choice.why, **described}
        inputs += [path for path in choice.weights if path not in inputs]
        outputs.record(output, run_record("pair", used, inputs, started))
    return Paired(len(pairs), len(unpaired), len(grouped.families.species), choice.method, bad)


def _inputs(
    family_a: str | Path, family_b: str | Path, known: str | Path | None, config: PairConfig
) -> list[str | Path]:
    """Return the files that are read; weights only if they are given as a file."""
    model = config.model if config.model and Path(config.model).is_file() else None
    inputs = (family_a, family_b, known, table_of(config.species), model)
    return [path for path in inputs if path is not None]


def _choose_pairs(families: Families, choice: Choice) -> Chosen:
    try:
        with Progress("pairing", *choice.work) as progress:
            return pair_in_rounds(
                families,
                choice.config,
                lambda families: METHODS[choice.method](families, choice.config, progress),
            )
    except MemoryError as error:
        raise TryAgainError(
            f"pair: {len(families.a)} and {len(families.b)} proteins: out of memory: expected more "
            "of it, fewer threads (--threads 1) or a smaller --max-depth"
        ) from error


def _format_of(plot: str | Path | None) -> str:
    form = "" if plot is None else Path(plot).suffix.lower().removeprefix(".")
    if plot is not None and form not in FORMATS:
        raise SettingsError(
            f"plot: expected a name that ends in .{', .'.join(FORMATS)}, found {found(str(plot))}"
        )
    return form


def _read(
    family_a: str | Path,
    family_b: str | Path,
    known: str | Path | None,
    config: PairConfig,
    bad: list[FailedRecord],
    keep_going: bool,
) -> tuple[Grouped, tuple[str, ...], dict]:
    """Return the families put together, the ids of A in file order, what the run record says."""
    a, b = (
        read_alignment(path, bad, align=config.align, threads=config.threads, number=number)
        for path, number in ((family_a, config.alignment_a), (family_b, config.alignment_b))
    )
    _refuse(bad, len(a.ids) + len(b.ids), keep_going)
    species = read_species(config.species, (a.ids, b.ids), (a.headers, b.headers))
    by_id = [dict(zip(f.ids, s, strict=True)) for f, s in ((a, species.a), (b, species.b))]
    given = {} if known is None else read_known(known, *by_id)
    grouped = group(a, b, species, given)
    _say(config.species, species, grouped)
    described = {
        "species": species.rule,
        "columns": [a.codes.shape[1], b.codes.shape[1]],
        "reading": [a.reading, b.reading],
        "counts": grouped.counts,
    }
    return grouped, a.ids, described


def _refuse(bad: list[FailedRecord], good: int, keep_going: bool) -> None:
    """Raise InputError before the work if there are bad records and `keep_going` is not set."""
    if bad and not keep_going:
        raise InputError(
            f"{len(bad)} of {len(bad) + good} records cannot be used: {bad[0]}; correct them, or "
            "leave them out with --keep-going"
        )


def _say(asked: str, species: FamilySpecies, grouped: Grouped) -> None:
    counts = grouped.counts
    log.info(
        "species by %s%s, such as %s: unread in %d of %d proteins of A and %d of %d of B; %d "
        "species in both (%d with paralogs), %d in A only, %d in B only",
        species.rule,
        " (found by auto)" if asked == AUTO else "",
        found(grouped.families.species[0].name),
        *(counts[f"{what}_{side}"] for side in "ab" for what in ("unread", "proteins")),
        *(counts[f"species_{what}"] for what in ("in_both", "with_paralogs")),
        *(counts[f"species_in_{side}_only"] for side in "ab"),
    )
    if species.others:
        log.warning("species: would do as well, if that is wrong: %s", ", ".join(species.others))


def _find_query(
    grouped: Grouped, pairs: list[Pair], ids_a: tuple[str, ...], query: str | None
) -> Pair:
    """Return the pair of protein `query` of family A, or of the first protein that has one.

    InputError if there is none, or none in which both proteins have residues.
    """
    has_a, has_b = ((c != GAP_CODE).any(1) for c in (grouped.families.a, grouped.families.b))
    able = [pair for pair in pairs if has_a[pair.a] and has_b[pair.b]]
    of = {grouped.proteins_a[pair.a]: pair for pair in able}
    names = [query] if query is not None else ids_a
    for name in names:
        if name in of:
            return of[name]
    raise InputError(_no_query(query))


def _no_query(query: str | None) -> str:
    return "query: expected a protein of FAMILY_A in a pair, and both with residues, found " + (
        "none" if query is None else f"none with id {found(query)}"
    )


def _write_msa(
    stream: BufferedIOBase,
    path: str | Path,
    grouped: Grouped,
    pairs: list[Pair],
    least: float,
    query: Pair,
) -> None:
    """Write the paired alignment of pairs of confidence `least` or more, and of the query."""
    pairs = [pair for pair in pairs if pair.confidence >= least or pair == query]
    a3m = without_suffix(path).endswith(".a3m")
    for text in paired_a3m(grouped, pairs, query) if a3m else paired_fasta(grouped, pairs):
        stream.write(text)
    if a3m:
        log.info(
            "%s: %d pairs, the query is %s with %s, confidence %.4f",
            path,
            len(pairs),
            grouped.proteins_a[query.a],
            grouped.proteins_b[query.b],
            query.confidence,
        )
