"""A complex that is known, for families without one: chains of made-up coordinates in contact."""

from structures import coil, full_pdb


def known_complex(sequences):
    """A PDB file of the chains A, B, ... with these sequences, each touching the one before."""
    chains = [
        full_pdb(
            coil(len(sequence), seed=number) + 4.0 * number, sequence, chain="ABCDEFGH"[number]
        )
        for number, sequence in enumerate(sequences)
    ]
    return "".join(chains)
