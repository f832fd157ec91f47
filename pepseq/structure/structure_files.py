"""Structures of proteins from PDB and mmCIF files: their chains, and counts of what is left out.

The first model is read. A residue is part of the protein if it is an amino acid, standard in ATOM
records or modified in any (MSE is M, SEP is S), or if it has the atoms N, CA and C (UNK and names
that are not known are X). Of alternative locations of an atom the one of the highest occupancy
counts, then the first; likewise of several residues of one number. Atoms whose coordinates are not
numbers or lie beyond 10,000 angstrom are left out, as are residues without a CA or without a
number, and nucleotides.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gemmi
import numpy as np

from pepseq.errors import InputError, quoted
from pepseq.io.files import decode_text, open_input

MAX_FILE_BYTES = 1 << 30
"""Bytes of a file, decompressed, that are read at most."""
MAX_COORDINATE = 10_000.0
"""Coordinates in angstrom beyond which an atom is left out; PDB files cannot hold them."""
MIN_RESIDUES = 3
"""CA atoms of a chain that a superposition needs at least."""
UNNAMED_CHAIN = "_"
"""Name of a chain that has none in its file."""
_GEMMI_ERRORS = (RuntimeError, ValueError, IndexError)
_BACKBONE = {"N", "CA", "C"}
_ASCII = bytes(byte if byte < 127 else ord("?") for byte in range(256))


@dataclass(frozen=True)
class Chain:
    """The residues of one protein chain that have a CA atom, in file order.

    numbers: residue number and insertion code of each, as authors give them; unique.
    sequence: amino acids in one-letter code, X if unknown.
    ca: CA coordinates, float64 (residues, 3), angstrom, finite.
    b_factors: of the CA atoms, float64 (residues,).
    atom_residues, atom_names, atoms: for each heavy atom its residue's index, int (atoms,), its
    name, and its coordinates, float64 (atoms, 3).
    """

    name: str
    numbers: tuple[tuple[int, str], ...]
    sequence: str
    ca: np.ndarray
    b_factors: np.ndarray
    atom_residues: np.ndarray
    atom_names: tuple[str, ...]
    atoms: np.ndarray

    def __len__(self) -> int:
        return len(self.sequence)

    def __post_init__(self) -> None:
        assert len(self.numbers) == len(set(self.numbers)) == len(self.sequence) == len(self.ca)
        assert np.isfinite(self.ca).all() and np.isfinite(self.atoms).all()


@dataclass(frozen=True)
class Structure:
    """The protein chains of the first model that have at least 3 CA atoms.

    path: the file, or what stands for a structure in memory.
    left_out: counts of what was not read: `models`, `altlocs` and `bad_coordinates` (atoms),
    `repeated`, `without_number`, `without_ca` and `nucleotides` (residues), `short_chains`.
    experimental: the file names the experiment that the structure is from.
    source: the first model as gemmi has it.
    """

    path: str
    chains: tuple[Chain, ...]
    left_out: dict[str, int]
    experimental: bool
    source: gemmi.Structure

    def chain(self, name: str) -> Chain:
        """Return the chain of a name (`_` for none); InputError if there is none."""
        for chain in self.chains:
            if chain.name == name:
                return chain
        names = ", ".join(chain.name for chain in self.chains[:20])
        raise InputError(f"{self.path}: expected a protein chain {quoted(name)}, found {names}")


def read_structure(path: str | Path) -> Structure:
    """Return the structure of a PDB or mmCIF file, compressed or not, told apart by its content.

    Raises InputError for an input that is not a structure and for one without 3 CA atoms in any
    chain.
    """
    with open_input(path) as stream:
        content = stream.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise InputError(f"{path}: expected at most {MAX_FILE_BYTES >> 20} MiB, found more")
    counts: Counter[str] = Counter()
    source = _parse(path, content, counts)
    if not _has_atoms(source):
        first = decode_text(content.lstrip()[:80]).partition("\n")[0].strip()
        raise InputError(
            f"{path}:1: expected a structure (PDB or mmCIF with atoms), "
            f"found {quoted(first) if first else 'an empty file'}"
        )
    return _first_model(source, str(path), counts)


def convert_structure(source: gemmi.Structure, name: str) -> Structure:
    """Return a structure in memory, by the rules for files; `name` stands for it in messages.

    Raises InputError for one without 3 CA atoms in any chain.
    """
    if not _has_atoms(source):
        raise InputError(f"{name}: expected a structure with atoms, found none")
    return _first_model(source.clone(), name, Counter())


def mean_plddt(structure: Structure, chain: Chain) -> float | None:
    """Return the mean of a chain's pLDDT, 0 to 100, or None if its B-factors hold none.

    B-factors of CA atoms are taken for pLDDT if the file names no experiment, all lie between 0
    and 100, and they are not all the same; if none exceeds 1 they are shares of 1.
    """
    values = chain.b_factors
    inside = (values >= 0) & (values <= 100)  # false for NaN
    if structure.experimental or not inside.all() or np.ptp(values) == 0:
        return None
    return float(values.mean()) * (100 if values.max() <= 1 else 1)


def _has_atoms(source: gemmi.Structure) -> bool:
    return len(source) > 0 and source[0].count_atom_sites() > 0


def _first_model(source: gemmi.Structure, name: str, counts: Counter[str]) -> Structure:
    """Return the first model of a structure, from which the others are removed."""
    counts["models"] += len(source) - 1
    del source[1:]
    chains = tuple(_chains(source[0], counts))
    left_out = {kind: count for kind, count in counts.items() if count}
    if not chains:
        listed = ", ".join(f"{kind} {count}" for kind, count in left_out.items())
        raise InputError(
            f"{name}: expected a protein chain with at least {MIN_RESIDUES} CA atoms, found none"
            + (f" (left out: {listed})" if left_out else "")
        )
    return Structure(name, chains, dict(sorted(left_out.items())), _is_experimental(source), source)


def _parse(path: str | Path, content: bytes, counts: Counter[str]) -> gemmi.Structure:
    content = content.removeprefix(b"\xef\xbb\xbf")
    cif = content.lstrip()[:5].lower() == b"data_" or content.lstrip()[:1] == b"#"
    try:
        if not cif:
            return gemmi.read_pdb_string(_first_pdb_model(content, counts))
        for block in gemmi.cif.read_string(content):
            if block.find_values("_atom_site.id"):
                return gemmi.make_structure_from_block(block)
        return gemmi.Structure()
    except _GEMMI_ERRORS as error:
        form = "mmCIF" if cif else "PDB"
        reason = quoted(str(error).replace("\n", " "), 120)
        raise InputError(f"{path}: expected whole {form} data, found: {reason}") from error


def _first_pdb_model(content: bytes, counts: Counter[str]) -> bytes:
    """Return the lines of the first model without atoms whose coordinates are not numbers."""
    lines, models = [], 0
    for line in content.splitlines():
        if line.startswith(b"MODEL "):
            models += 1
        if models > 1:
            continue
        if line.startswith((b"ATOM  ", b"HETATM")) and not _has_coordinates(line):
            counts["bad_coordinates"] += 1
            continue
        lines.append(line)
    counts["models"] += max(models - 1, 0)
    return b"\n".join(lines).translate(_ASCII) + b"\n"


def _has_coordinates(line: bytes) -> bool:
    try:
        return all(math.isfinite(float(line[start : start + 8])) for start in (30, 38, 46))
    except ValueError:
        return False


def _is_experimental(source: gemmi.Structure) -> bool:
    method = dict(source.info.items()).get("_exptl.method", "")
    return bool(method.strip(" ?.")) and "THEORETICAL" not in method.upper()


def _chains(model: gemmi.Model, counts: Counter[str]) -> Iterator[Chain]:
    for chain in model:
        residues: dict[tuple[int, str], _Residue] = {}
        for residue in chain:
            protein_residue = _protein_residue(residue, counts)
            if protein_residue is None:
                continue
            if residue.seqid.num is None:
                counts["without_number"] += 1
                continue
            number = (residue.seqid.num, residue.seqid.icode.strip())
            if number in residues:
                counts["repeated"] += 1
                if residues[number].occupancy >= protein_residue.occupancy:
                    continue
            residues[number] = protein_residue
        if len(residues) >= MIN_RESIDUES:
            yield _chain(chain.name, residues)
        elif residues:
            counts["short_chains"] += 1


@dataclass(frozen=True)
class _Residue:
    """A residue with a CA: amino acid, heavy atoms by name with their coordinates."""

    amino_acid: str
    occupancy: float
    b_factor: float
    atoms: dict[str, list[float]]


def _protein_residue(residue: gemmi.Residue, counts: Counter[str]) -> _Residue | None:
    kind = gemmi.find_tabulated_residue(residue.name)
    if kind.is_nucleic_acid():
        counts["nucleotides"] += 1
        return None
    named = kind.is_amino_acid() and (residue.het_flag != "H" or not kind.is_standard())
    if not named and (kind.is_water() or not {atom.name for atom in residue} >= _BACKBONE):
        return None
    best = _heavy_atoms(residue, counts)
    ca = best.get("CA")
    if ca is None:
        counts["without_ca"] += 1
        return None
    letter = kind.one_letter_code.upper().strip() or "X"
    atoms = {name: atom.pos.tolist() for name, atom in best.items()}
    if residue.name == "MSE" and "SE" in atoms:
        atoms["SD"] = atoms.pop("SE")
    return _Residue(letter, _occupancy(ca), ca.b_iso, atoms)


def _heavy_atoms(residue: gemmi.Residue, counts: Counter[str]) -> dict[str, gemmi.Atom]:
    """Return one atom of each name: the one of the highest occupancy, then the first."""
    best: dict[str, gemmi.Atom] = {}
    for atom in residue:
        if atom.is_hydrogen():
            continue
        if not all(
            abs(value) <= MAX_COORDINATE for value in atom.pos.tolist()
        ):  # false for NaN too
            counts["bad_coordinates"] += 1
        elif atom.name not in best:
            best[atom.name] = atom
        else:
            counts["altlocs"] += 1
            if _occupancy(atom) > _occupancy(best[atom.name]):
                best[atom.name] = atom
    return best


def _occupancy(atom: gemmi.Atom) -> float:
    return atom.occ if math.isfinite(atom.occ) else 0.0


def _chain(name: str, residues: dict[tuple[int, str], _Residue]) -> Chain:
    atoms = [
        (index, atom_name, xyz)
        for index, residue in enumerate(residues.values())
        for atom_name, xyz in residue.atoms.items()
    ]
    return Chain(
        name=name.strip() or UNNAMED_CHAIN,
        numbers=tuple(residues),
        sequence="".join(residue.amino_acid for residue in residues.values()),
        ca=np.array([residue.atoms["CA"] for residue in residues.values()], dtype=np.float64),
        b_factors=np.array([residue.b_factor for residue in residues.values()], dtype=np.float64),
        atom_residues=np.array([index for index, _, _ in atoms], dtype=np.int64),
        atom_names=tuple(atom_name for _, atom_name, _ in atoms),
        atoms=np.array([xyz for _, _, xyz in atoms], dtype=np.float64),
    )
