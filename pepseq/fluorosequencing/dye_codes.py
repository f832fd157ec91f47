"""Called dye sequences as whole numbers, and as texts.

A dye sequence of T cycles is a number of T digits in base channels + 1, the first cycle most
significant: digit 0 for a cycle without a label, c + 1 for one of channel c. Number 0 is a molecule
that gives no read.
"""

import numpy as np

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.readout.dye_sequences import MAX_CHANNELS, UNLABELLED

_CODE_BITS = 63
_SYMBOLS = np.frombuffer(f"{UNLABELLED}0123456789".encode(), np.uint8)
_DIGIT_OF_SYMBOL = np.full(256, -1, np.int64)
_DIGIT_OF_SYMBOL[_SYMBOLS] = np.arange(len(_SYMBOLS))


def max_cycles(channels: int) -> int:
    """Return the largest number of cycles whose dye sequences fit into 63 bits.

    >>> max_cycles(1), max_cycles(3), max_cycles(10)
    (63, 31, 18)
    """
    cycles = 0
    while (channels + 1) ** (cycles + 1) <= 1 << _CODE_BITS:
        cycles += 1
    return cycles


def check_cycles(channels: int, cycles: int) -> None:
    """Raise SettingsError for more channels or cycles than a code can hold."""
    if not 1 <= channels <= MAX_CHANNELS:
        raise SettingsError(f"labels: expected 1 to {MAX_CHANNELS}, found {channels}")
    if not 1 <= cycles <= max_cycles(channels):
        raise SettingsError(
            f"cycles: expected 1 to {max_cycles(channels)} with {channels} labels, found {cycles}"
        )


def dye_texts(codes: np.ndarray, channels: int, cycles: int) -> np.ndarray:
    """Return dye sequences as texts without unlabelled ends, bytes of shape (reads,).

    >>> dye_texts(np.array([3, 6]), 2, 4)
    array([b'..0', b'..1'], dtype='|S4')
    """
    check_cycles(channels, cycles)
    digits = np.empty((len(codes), cycles), np.uint8)
    rest = np.asarray(codes, np.int64)
    for cycle in range(cycles - 1, -1, -1):
        following = rest // (channels + 1)
        digits[:, cycle] = rest - following * (channels + 1)
        rest = following
    is_end = np.cumsum(digits[:, ::-1], axis=1, dtype=np.int64)[:, ::-1] == 0
    texts = np.where(is_end, np.uint8(0), _SYMBOLS[digits])
    return texts.view(f"S{cycles}")[:, 0]


def dye_codes(texts: np.ndarray, channels: int, cycles: int) -> np.ndarray:
    """Return the codes, int64, of dye sequences as texts, bytes of shape (reads,).

    Raises InputError for a text of more than `cycles` symbols or with other symbols.

    >>> dye_codes(np.array([b"..0", b"..1."]), 2, 4).tolist()
    [3, 6]
    """
    check_cycles(channels, cycles)
    texts = np.ascontiguousarray(texts, dtype=np.bytes_)
    width = texts.dtype.itemsize
    symbols = texts.view(np.uint8).reshape(len(texts), width)
    codes = np.zeros(len(texts), np.int64)
    for cycle in range(max(width, cycles)):
        column = symbols[:, cycle] if cycle < width else np.zeros(len(texts), np.uint8)
        digits = np.where(column == 0, 0, _DIGIT_OF_SYMBOL[column])
        wrong = (digits < 0) | (digits > channels) | ((cycle >= cycles) & (column != 0))
        if wrong.any():
            text = texts[np.argmax(wrong)].decode("latin-1")
            raise InputError(
                f"dye sequence {quoted(text)}: expected up to {cycles} symbols, each "
                f"{UNLABELLED} or a digit below {channels}"
            )
        if cycle < cycles:
            codes = codes * (channels + 1) + digits
    return codes
