"""What ColabFold reads in A3M files; run it with a Python that has `colabfold` and AlphaFold.

`python colabfold_reading.py A3M...` prints JSON: for each file, what its `get_queries`,
`unserialize_msa` and `generate_input_feature` (of the multimer network) make of it.
"""

import json
import sys


def read(path):
    from colabfold.batch import generate_input_feature, unserialize_msa
    from colabfold.input import get_queries

    queries, is_complex = get_queries(path)
    ((name, sequence, a3m, _),) = queries
    unpaired, paired, chains, copies, templates = unserialize_msa(a3m, sequence)
    features, _ = generate_input_feature(
        chains, copies, unpaired, paired, templates, is_complex, "alphafold2_multimer_v3", 508
    )
    return {
        "name": name,
        "is_complex": is_complex,
        "chains": chains,
        "copies": copies,
        "paired": paired,
        "unpaired": unpaired,
        "residues": int(features["msa"].shape[1]),
        "rows": int(features["num_alignments"]),
    }


if __name__ == "__main__":
    print(json.dumps([read(path) for path in sys.argv[1:]]))
