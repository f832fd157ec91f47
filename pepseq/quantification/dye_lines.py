"""Lines of dye sequences as numbers."""

import numpy as np

from pepseq.kernels import kernel

LINE_END = 10
_TAB, _CARRIAGE_RETURN, _DOT, _ZERO = 9, 13, 46, 48


@kernel
def parse_usual_lines(content, capacity, max_symbols, is_given, codes, counts, odd):
    """Fill codes and counts of lines of digits, a count and an id, and where other lines begin.

    Codes have `capacity` cycles. Returns the numbers of both, and the most symbols of a line.
    """
    channels = len(is_given)
    powers = np.ones(capacity + 1, np.int64)
    for t in range(capacity):
        powers[t + 1] = powers[t] * (channels + 1)
    usual, n_odd, longest = 0, 0, 0
    i = 0
    while i < len(content):
        start = i
        code, count = np.int64(0), np.int64(0)
        symbols, digits, id_bytes = 0, 0, 0
        is_usual = True
        while content[i] != _TAB and content[i] != LINE_END:
            channel = np.int64(content[i]) - _ZERO
            if 0 <= channel < channels:
                symbols = i - start + 1
                if symbols > max_symbols or not is_given[channel]:
                    is_usual = False
                else:
                    code += (channel + 1) * powers[capacity - symbols]
            elif content[i] != _DOT:
                is_usual = False
            i += 1
        if content[i] == _TAB:
            i += 1
            while content[i] != _TAB and content[i] != LINE_END:
                digit = np.int64(content[i]) - _ZERO
                if 0 <= digit <= 9 and digits < 15:
                    count = count * 10 + digit
                else:
                    is_usual = False
                digits += 1
                i += 1
        if content[i] == _TAB:
            i += 1
            while content[i] != LINE_END:
                if content[i] == _CARRIAGE_RETURN and content[i + 1] == LINE_END:
                    i += 1
                    break
                if content[i] <= 32 or content[i] > 126:
                    is_usual = False
                id_bytes += 1
                i += 1
        while content[i] != LINE_END:
            i += 1
        i += 1
        if is_usual and symbols > 0 and count > 0 and id_bytes > 0:
            codes[usual], counts[usual] = code, count
            usual += 1
            longest = max(longest, symbols)
        else:
            odd[n_odd] = start
            n_odd += 1
    return usual, n_odd, longest
