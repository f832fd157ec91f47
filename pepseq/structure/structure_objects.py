"""Structures that Biopython, biotite or gemmi hold in memory, read by the rules for files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

import gemmi

from pepseq.errors import SettingsError, quoted
from pepseq.structure.structure_files import Structure, convert_structure, read_structure

if TYPE_CHECKING:
    from Bio.PDB.Entity import Entity
    from biotite.structure import AtomArray, AtomArrayStack

    StructureLike: TypeAlias = (
        str | Path | gemmi.Structure | Entity[Any, Any] | AtomArray | AtomArrayStack
    )


class _Residue(NamedTuple):
    """What tells a residue from the next one; hetero: it is from a HETATM record."""

    chain: str
    number: int
    insertion_code: str
    name: str
    hetero: bool


def load_structure(source: StructureLike, name: str) -> Structure:
    """Return the structure of a PDB or mmCIF file, or of an object of another library.

    Objects are a Structure, Model or Chain of Biopython, an AtomArray or AtomArrayStack of biotite,
    and a Structure of gemmi; of several models the first counts. `name` stands for an object in
    messages.

    Raises InputError for a structure without 3 CA atoms in any chain, SettingsError for another
    object.
    """
    if isinstance(source, str | os.PathLike):
        return read_structure(Path(source))
    if isinstance(source, gemmi.Structure):
        return convert_structure(source, name)
    library = type(source).__module__.partition(".")[0]
    if library == "Bio" and hasattr(source, "get_level"):
        return convert_structure(_from_biopython(cast("Entity[Any, Any]", source)), name)
    if library == "biotite" and hasattr(source, "coord"):
        atoms = _biotite_atoms(cast("AtomArray | AtomArrayStack", source))
        return convert_structure(_assemble(atoms), name)
    raise SettingsError(
        f"{name}: expected a path, or a structure of Biopython, biotite or gemmi, "
        f"found {quoted(repr(source), 80)}"
    )


def _from_biopython(entity: Any) -> gemmi.Structure:
    method = getattr(entity, "header", {}).get("structure_method", "unknown")
    model = next(iter(entity), ()) if entity.get_level() == "S" else entity
    chains = [model] if entity.get_level() == "C" else model
    structure = _assemble(atom for chain in chains for atom in _biopython_atoms(chain))
    if method != "unknown":
        structure.info["_exptl.method"] = method.upper()
    return structure


def _biopython_atoms(chain: Any) -> Iterator[tuple[_Residue, gemmi.Atom]]:
    for residue in chain.get_unpacked_list():  # every alternative of a disordered residue or atom
        kind, number, insertion_code = residue.id
        key = _Residue(chain.id, number, insertion_code, residue.resname, kind != " ")
        for atom in residue.get_unpacked_list():
            occupancy = 1.0 if atom.occupancy is None else atom.occupancy
            yield key, _atom(atom.name, atom.element, atom.coord, occupancy, atom.bfactor)


def _biotite_atoms(array: Any) -> Iterator[tuple[_Residue, gemmi.Atom]]:
    if array.coord.ndim == 3:
        array = array[0]
    given = array.get_annotation_categories()
    columns = [array.chain_id, array.res_id, array.ins_code, array.res_name, array.hetero]
    columns += [array.atom_name, array.element, array.coord]
    columns += [
        array.get_annotation(name) if name in given else [default] * len(array)
        for name, default in (("occupancy", 1.0), ("b_factor", 0.0))
    ]
    for cells in zip(*columns, strict=True):
        yield _Residue(*cells[:5]), _atom(*cells[5:])


def _assemble(atoms: Iterable[tuple[_Residue, gemmi.Atom]]) -> gemmi.Structure:
    """Return a structure of one model, its chains in the order of their first atoms."""
    residues: dict[str, list[gemmi.Residue]] = {}
    for key, group in groupby(atoms, key=itemgetter(0)):
        residue = gemmi.Residue()
        residue.name, residue.het_flag = str(key.name).strip(), "H" if key.hetero else "A"
        residue.seqid = gemmi.SeqId(int(key.number), str(key.insertion_code).strip() or " ")
        for _, atom in group:
            residue.add_atom(atom)
        residues.setdefault(str(key.chain), []).append(residue)
    model = gemmi.Model(1)
    for name, chain_residues in residues.items():
        chain = gemmi.Chain(name)
        for residue in chain_residues:
            chain.add_residue(residue)
        model.add_chain(chain)
    structure = gemmi.Structure()
    structure.add_model(model)
    return structure


def _atom(
    name: str, element: str, xyz: Iterable[float], occupancy: float, b_factor: float
) -> gemmi.Atom:
    """Return an atom; without `element` it is that of the name."""
    atom = gemmi.Atom()
    atom.name = str(name).strip()
    atom.element = gemmi.Element(str(element) or atom.name.lstrip("0123456789")[:1])
    atom.pos = gemmi.Position(*map(float, xyz))
    atom.occ, atom.b_iso = float(occupancy), float(b_factor)
    return atom
