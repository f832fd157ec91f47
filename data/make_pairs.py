# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the two made-up families of this folder, and the table of their true pairs.

The families are those of tests/planted.py, which says how they evolve. Proteins are numbered in
the order of their file, which is random, so an id says nothing of the partner.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from planted import planted  # noqa: E402

from pepseq.pairing.msa import SYMBOLS  # noqa: E402
from pepseq.sequences.fasta import format_fasta  # noqa: E402

SEED = 1


def main():
    """Write pairs_a.fasta, pairs_b.fasta and pairs_true.tsv into this folder."""
    made = planted(SEED)
    families = made.families
    names = {}
    for family, codes in (("a", families.codes_a), ("b", families.codes_b)):
        names[family] = [f"{family.upper()}{row:03}" for row in range(1, len(codes) + 1)]
        species_of = {
            row: species.name
            for species in families.species
            for row in getattr(species, f"rows_{family}").tolist()
        }
        text = b"".join(
            format_fasta(
                f"{name} [{species_of[row]}]", "".join(SYMBOLS[code] for code in codes[row])
            )
            for row, name in enumerate(names[family])
        )
        (ROOT / "data" / f"pairs_{family}.fasta").write_bytes(text)
    lines = ["species\tprotein_a\tprotein_b"]
    for species, pairs in zip(families.species, made.true, strict=True):
        for a, b in pairs.tolist():
            row_a, row_b = species.rows_a[a], species.rows_b[b]
            lines.append(f"{species.name}\t{names['a'][row_a]}\t{names['b'][row_b]}")
    (ROOT / "data" / "pairs_true.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
