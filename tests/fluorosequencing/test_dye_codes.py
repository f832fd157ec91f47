import numpy as np
import pytest

from pepseq.errors import InputError, SettingsError
from pepseq.fluorosequencing.dye_codes import dye_codes, dye_texts, max_cycles


@pytest.mark.parametrize("channels", [1, 2, 3, 10])
def test_codes_and_texts_are_each_others_inverse(channels):
    cycles = max_cycles(channels)
    largest = min((channels + 1) ** cycles, 2**63) - 1
    codes = np.random.default_rng(1).integers(0, largest, 1000, endpoint=True)
    codes = np.append(codes, [0, 1, channels + 1, largest])
    assert (dye_codes(dye_texts(codes, channels, cycles), channels, cycles) == codes).all()


def test_the_first_cycle_is_most_significant():
    texts = np.array([b"", b"0", b".1", b"..2", b"20.1"])
    codes = [0, 64, 2 * 16, 3 * 4, 3 * 64 + 16 + 2]
    assert dye_codes(texts, 3, 4).tolist() == codes
    assert dye_texts(np.array(codes), 3, 4).tolist() == texts.tolist()


def test_codes_sort_as_their_digits_do():
    codes = np.arange(4**4)
    texts = [t.ljust(4, b".").replace(b".", b"-") for t in dye_texts(codes, 3, 4).tolist()]
    assert texts == sorted(texts)


@pytest.mark.parametrize("text", [b"00000", b"3", b"x", b"0 1", b"....."])
def test_a_text_that_is_no_dye_sequence_is_named(text):
    with pytest.raises(InputError, match="dye sequence .* expected up to 4 symbols"):
        dye_codes(np.array([b"0", text]), 3, 4)


@pytest.mark.parametrize(("channels", "cycles"), [(1, 64), (3, 32), (10, 19), (3, 0)])
def test_cycles_that_do_not_fit_are_refused(channels, cycles):
    largest = max_cycles(channels)
    with pytest.raises(SettingsError, match=f"^cycles: expected 1 to {largest} with {channels} "):
        dye_texts(np.array([0]), channels, cycles)


@pytest.mark.parametrize("channels", [0, 11])
def test_a_channel_is_one_digit(channels):
    with pytest.raises(SettingsError, match=f"^labels: expected 1 to 10, found {channels}"):
        dye_codes(np.array([b"0"]), channels, 3)
