"""Numbers of digests against a dictionary."""

import random

from pepseq.templates.distinct_digests import DistinctDigests


def test_each_digest_keeps_the_number_of_its_first_appearance():
    draw = random.Random(1)
    known = [draw.randbytes(16) for _ in range(3000)]
    known += [digest[:8] + draw.randbytes(8) for digest in known[:100]]  # equal halves
    seen, expected = DistinctDigests(), {}
    for _ in range(30):
        added = draw.choices(known, k=draw.randrange(700))
        numbers = [expected.setdefault(digest, len(expected)) for digest in added]
        assert seen.add(b"".join(added)).tolist() == numbers
        assert seen.count == len(expected)
