"""Pairs of model and reference structures, by the file names of predictors or by tables.

Names understood: AlphaFold DB `AF-P12345-F1-model_v6.cif.gz`; AlphaFold 2 `NAME/ranked_0.pdb`,
`NAME/relaxed_model_1_pred_0.pdb`; AlphaFold 3 `fold_NAME_model_0.cif`, `NAME_model.cif`; ColabFold
`NAME_unrelaxed_rank_001_alphafold2_ptm_model_3_seed_000.pdb`; and `NAME.pdb`, as of ESMFold. Of
several files of one id the best rank is taken, relaxed before unrelaxed. Where a folder's
`structures.tsv` lists a file, its id counts instead of the file's name.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.failures import FailedRecord
from pepseq.io.tables import read_cells

TABLE = "structures.tsv"
"""Lies in a folder of structures and gives, in columns `id` and `file`, the id of each file."""
_SUFFIX = re.compile(r"\.(pdb|ent|cif|mmcif)(\.(gz|bz2|xz|zst))?$", re.I)
_ALPHAFOLD_DB = re.compile(r"AF-(?P<id>[A-Z0-9-]+?)-F(?P<part>\d+)-model_v\d+")
_FORMS = (
    re.compile(r"ranked_(?P<rank>\d+)"),
    re.compile(r"(?P<state>(un)?relaxed)_model_(?P<rank>\d+)(_.*)?"),
    re.compile(r"(?P<id>.+)_(?P<state>(un)?relaxed)_rank_(?P<rank>\d+)(_.*)?"),
    re.compile(r"fold_(?P<id>.+)_model_(?P<rank>\d+)"),
    re.compile(r"(?P<id>.+)_model"),
)
_ACCESSION = re.compile(r"(?:UniRef\d+_|(?:sp|tr)[|_])([A-Z0-9]{6,10}(?:-\d+)?)(?:[|_].*)?$")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True)
class StructureName:
    """A parsed file name: the protein's id, the rank among its models (0 or 1 is best)."""

    id: str
    rank: int
    unrelaxed: bool


@dataclass(frozen=True)
class PairOfFiles:
    """A model and its reference; `file` and `line` say where the pair was named."""

    id: str
    model: str
    reference: str
    file: str
    line: int


@dataclass(frozen=True)
class PairsOfFiles:
    """Pairs to score, and what is left out.

    bad: models without a reference; lower_ranked: number of models of an id that has a better one;
    unpaired: ids of references without a model.
    """

    pairs: list[PairOfFiles]
    bad: list[FailedRecord]
    lower_ranked: int = 0
    unpaired: tuple[str, ...] = ()


def parse_name(path: str | Path) -> StructureName:
    """Return the parts of the name of a structure file; a name of no known form is its own id.

    >>> parse_name("AF-P12345-F1-model_v6.cif.gz").id
    'P12345'
    """
    path = Path(path)
    stem = _SUFFIX.sub("", path.name)
    if match := _ALPHAFOLD_DB.fullmatch(stem):
        part = "" if match["part"] == "1" else f"-F{match['part']}"
        return StructureName(match["id"] + part, 0, False)
    for form in _FORMS:
        if match := form.fullmatch(stem):
            parts = match.groupdict()
            name = parts.get("id") or path.absolute().parent.name
            rank, state = int(parts.get("rank") or 0), parts.get("state")
            return StructureName(short_id(name), rank, state == "unrelaxed")
    return StructureName(short_id(stem), 0, False)


def short_id(name: str) -> str:
    """Return the accession of a UniProt or UniRef id, else the id as file names can hold it.

    >>> short_id("sp|P12345|AATM_RABIT"), short_id("UniRef100_P12345"), short_id("a|b c")
    ('P12345', 'P12345', 'a_b_c')
    """
    match = _ACCESSION.match(name)
    return match[1] if match else safe_name(name)


def safe_name(name: str) -> str:
    """Return an id with `_` for every symbol that has no place in a file name."""
    return _UNSAFE.sub("_", name)


def find_pairs(model: str | Path, reference: str | Path | None) -> PairsOfFiles:
    """Return the pairs of two files, of two folders, or of a table if there is no `reference`.

    The id of a pair of two folders is that of `structures.tsv` beside the model, or else beside the
    reference, or else of the files' names.

    Raises SettingsError for a folder alone, and InputError.
    """
    if reference is None:
        if Path(model).is_dir():
            raise SettingsError(
                f"{model} is a folder of models: give a folder REFERENCE after it, or all_pairs; "
                "alone, MODEL is a TSV with columns model and reference"
            )
        return read_pairs(model)
    folders = [Path(path).is_dir() for path in (model, reference)]
    if folders == [True, True]:
        return _match(model, reference)
    if any(folders):
        raise InputError(
            f"{model} and {reference}: one is a file and the other a folder; give two files or "
            "two folders"
        )
    return PairsOfFiles([_pair_of(parse_name(model).id, model, reference)], [])


def all_pairs(folder: str | Path) -> tuple[list[str], PairsOfFiles]:
    """Return the ids of the structures of a folder, and each two of them as a pair.

    The id of a pair is `A:B`. Raises InputError for fewer than two structures.
    """
    if not Path(folder).is_dir():
        raise InputError(f"{folder}: expected a folder of structures, found a file")
    files, lower_ranked = _files_by_id(folder)
    if len(files) < 2:
        raise InputError(
            f"{folder}: expected at least 2 structures (.pdb or .cif) in this folder, "
            f"found {len(files)}"
        )
    listed, short = read_listed(folder), _short_ids(files)
    named = {name if name in listed else short[name]: path for name, path in files.items()}
    ids = sorted(named)
    pairs = [_pair_of(f"{a}:{b}", named[a], named[b]) for a, b in combinations(ids, 2)]
    return ids, PairsOfFiles(pairs, [], lower_ranked)


def _pair_of(name: str, model: str | Path, reference: str | Path) -> PairOfFiles:
    return PairOfFiles(name, str(model), str(reference), str(model), 1)


def read_pairs(path: str | Path) -> PairsOfFiles:
    """Return the pairs of a TSV with columns `model`, `reference` and perhaps `id`.

    Paths are relative to the table's folder. Raises InputError.
    """
    rows = read_cells(path)
    header = next(rows)[1]
    if not {"model", "reference"} <= set(header):
        raise InputError(
            f"{path}:1: expected a table with columns model and reference, "
            f"found {quoted(' '.join(header))}"
        )
    pairs, bad, folder = [], [], Path(path).parent
    for line, row in rows:
        cells = dict(zip(header, row, strict=False))
        model, reference = cells.get("model"), cells.get("reference")
        if not (model and reference):
            reason = "expected a model and a reference, found an empty cell"
            bad.append(FailedRecord(str(path), line, cells.get("id") or "", reason))
            continue
        name = cells.get("id") or parse_name(model).id
        files = str(folder / model), str(folder / reference)
        pairs.append(PairOfFiles(name, *files, str(path), line))
    if not pairs and not bad:
        raise InputError(f"{path}: the table contains no pairs of structures")
    return PairsOfFiles(pairs, bad)


def _match(models: str | Path, references: str | Path) -> PairsOfFiles:
    """Return the pairs of the files of two folders that have one id."""
    of_model, lower_ranked = _files_by_id(models)
    of_reference, _ = _files_by_id(references)
    listed = read_listed(references) | read_listed(models)
    for folder, files in ((models, of_model), (references, of_reference)):
        if not files:
            raise InputError(f"{folder}: no structure files (.pdb or .cif) in this folder")
    model_ids, reference_ids = (_short_ids(files) for files in (of_model, of_reference))
    by_short = {short: name for name, short in reversed(reference_ids.items())}  # the first
    reason = (
        f"no reference with the same id in {references}; to pair files with different names, give "
        "a TSV with columns model and reference"
    )
    pairs, bad, used = [], [], set()
    for name, path in sorted(of_model.items(), key=lambda item: model_ids[item[0]]):
        reference = name if name in of_reference else by_short.get(model_ids[name])
        ids = [given for given in (name, reference) if given in listed] + [model_ids[name]]
        if reference is None:
            bad.append(FailedRecord(str(path), 1, ids[0], reason))
        else:
            pairs.append(_pair_of(ids[0], path, of_reference[reference]))
            used.add(reference)
    unpaired = sorted(name for name in of_reference if name not in used)
    return PairsOfFiles(pairs, bad, lower_ranked, tuple(unpaired))


def _short_ids(files: dict[str, Path]) -> dict[str, str]:
    """Return the short form of each id, or the id itself if that stands for several files."""
    of_short: dict[str, set[Path]] = {}
    for name, path in files.items():
        of_short.setdefault(short_id(name), set()).add(path)
    return {name: short_id(name) if len(of_short[short_id(name)]) == 1 else name for name in files}


def _files_by_id(folder: str | Path) -> tuple[dict[str, Path], int]:
    """Return the best-ranked files of a folder by id, and the number of the others.

    The id is that of the folder's table, or else that of the file's name.
    """
    listed = read_listed(folder)
    in_table = set(listed.values())
    named, lower_ranked = best_of_each(p for p in structure_files(folder) if p not in in_table)
    return named | listed, lower_ranked


def read_listed(folder: str | Path) -> dict[str, Path]:
    """Return the files that a folder's `structures.tsv` lists, by id; none if it has none.

    A row whose `fragment` is not 1 has `-F` and the fragment after its id, as file names have.
    """
    path = Path(folder) / TABLE
    if not path.is_file():
        return {}
    rows = read_cells(path)
    header = next(rows)[1]
    files = {}
    for _, cells in rows:
        row = dict(zip(header, cells, strict=False))
        name, file = row.get("id"), row.get("file")
        if name and file and Path(file).name == file and os.path.isfile(Path(folder) / file):
            fragment = row.get("fragment") or "1"
            files[name if fragment == "1" else f"{name}-F{fragment}"] = Path(folder) / file
    return files


def structure_files(folder: str | Path) -> Iterator[Path]:
    """Yield the structure files of a folder and of its folders."""
    for path in sorted(Path(folder).iterdir()):
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        yield from (file for file in inside if _SUFFIX.search(file.name) and file.is_file())


def best_of_each(paths: Iterable[Path]) -> tuple[dict[str, Path], int]:
    """Return the best-ranked file of each id, and how many others there were."""
    best: dict[str, tuple[tuple[bool, int, bool, str], Path]] = {}
    files = 0
    for path in paths:
        files += 1
        name = parse_name(path)
        ranked = _SUFFIX.sub("", path.name).startswith("ranked_")
        key = (not ranked, name.rank, name.unrelaxed, path.name)
        if name.id not in best or key < best[name.id][0]:
            best[name.id] = key, path
    return {name: path for name, (_, path) in best.items()}, files - len(best)
