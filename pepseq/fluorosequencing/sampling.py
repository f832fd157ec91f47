"""Random molecules of a sample, of which only some give a read; the same whatever the threads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pepseq.errors import SettingsError
from pepseq.kernels import kernel

MOLECULES_PER_CHUNK = 1 << 16
"""Molecules with one generator, whose seed is made of the run's seed and the chunk's number."""
CHUNKS_PER_BLOCK = 64
_MIN_MOLECULES = 256
MIN_VISIBLE_SHARE = 1e-6


def sample_reads(
    simulate: Callable[[np.ndarray, np.ndarray], np.ndarray],
    weights: np.ndarray,
    reads: int,
    seed: int,
    threads: int | None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (values, peptides) of the first `reads` molecules that give a read, in blocks.

    Molecules are drawn with replacement with probabilities proportional to `weights` (float64,
    (peptides,), not all 0). `simulate(state, peptides)` returns a value for each molecule, 0 if it
    gives no read; it draws numbers with `random(state)`. Raises SettingsError if fewer than one
    molecule of a million gives a read.
    """
    cumulative = np.cumsum(weights)

    def simulate_chunk(chunk: int, wanted: int) -> tuple[np.ndarray, np.ndarray]:
        state = chunk_state(seed, chunk)
        peptides = np.empty(MOLECULES_PER_CHUNK, np.int64)
        _draw(cumulative, state, peptides)
        parts, seen, start = [], 0, 0
        while start < len(peptides) and seen < wanted:  # few reads need few of the molecules
            size = max(2 * (wanted - seen), _MIN_MOLECULES)
            values = simulate(state, peptides[start : start + size])
            parts.append((values[values != 0], peptides[start : start + size][values != 0]))
            start, seen = start + size, seen + len(parts[-1][0])
        found, of_peptides = (np.concatenate(part) for part in zip(*parts, strict=True))
        return found, of_peptides

    done, chunk = 0, 0
    with ThreadPoolExecutor(threads) as pool:
        while done < reads:
            simulated = chunk * MOLECULES_PER_CHUNK
            share = max(done / simulated, 0.01) if simulated else 1.0
            needed = int((reads - done) / share / MOLECULES_PER_CHUNK) + 1
            chunks = range(chunk, chunk + min(needed, CHUNKS_PER_BLOCK))
            chunk, simulated = chunks.stop, chunks.stop * MOLECULES_PER_CHUNK
            parts = list(pool.map(simulate_chunk, chunks, [reads - done] * len(chunks)))
            values, peptides = (
                np.concatenate(part)[: reads - done] for part in zip(*parts, strict=True)
            )
            done += len(values)
            is_rare = done < min(reads, MIN_VISIBLE_SHARE * simulated)
            if is_rare and chunk >= CHUNKS_PER_BLOCK:
                raise SettingsError(
                    f"with these error rates, only {done} of {simulated:,} molecules give a read; "
                    "lower the rates"
                )
            yield values, peptides


def chunk_state(seed: int, chunk: int) -> np.ndarray:
    """Return the state of the generator of a chunk, uint64 of shape (1,)."""
    return np.random.SeedSequence(seed, spawn_key=(0, chunk)).generate_state(1, np.uint64)


@kernel
def random(state):
    """Return a number from [0, 1): SplitMix64 (Steele et al. 2014), 53 bits."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)) * (1.0 / (1 << 53))


@kernel
def _draw(cumulative, state, drawn):
    """Fill `drawn` with indices whose weights have these cumulative sums."""
    for i in range(len(drawn)):
        place = np.searchsorted(cumulative, random(state) * cumulative[-1], side="right")
        drawn[i] = min(place, len(cumulative) - 1)
