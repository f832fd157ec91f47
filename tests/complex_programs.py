"""A program that plays a predictor of complexes: the better the pairing, the better the model.

`python complex_programs.py REFERENCE TRUTH A3M FOLDER [LOG]` writes the reference structure as
ColabFold does, with its last chain moved away by 20 angstrom times the share of the paired rows
that are not in TRUTH, a table with columns protein_a and protein_b.
"""

import json
import sys
from pathlib import Path


def share_of_right_rows(a3m, truth):
    """The share of the paired rows of an A3M, the query aside, that are true pairs."""
    header, *lines = [line.split("\t") for line in Path(truth).read_text().splitlines()]
    columns = header.index("protein_a"), header.index("protein_b")
    pairs = {tuple(line[column] for column in columns) for line in lines}
    rows = [line[1:] for line in Path(a3m).read_text().splitlines() if line[:1] == ">"]
    paired = [tuple(row.split("\t")) for row in rows if "\t" in row][1:]
    return sum(row in pairs for row in paired) / len(paired)


def main(reference, truth, a3m, folder, *log):
    share = share_of_right_rows(a3m, truth)
    lines = [line for line in Path(reference).read_text().splitlines() if line[:4] == "ATOM"]
    last = lines[-1][21]
    moved = [
        f"{line[:30]}{float(line[30:38]) + 20 * (1 - share):8.3f}{line[38:60]}{90 - i % 9:6.2f}"
        if line[21] == last
        else f"{line[:60]}{90 - i % 9:6.2f}"
        for i, line in enumerate(lines)
    ]
    tag = "rank_001_alphafold2_multimer_v3_model_1_seed_000"
    Path(folder, f"x_unrelaxed_{tag}.pdb").write_text("\n".join(moved) + "\n")
    scores = {"ptm": 0.5 + share / 4, "iptm": share, "pae": [[1]]}
    Path(folder, f"x_scores_{tag}.json").write_text(json.dumps(scores))
    for path in log:
        with open(path, "a") as stream:
            stream.write(f"{share:.3f}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
