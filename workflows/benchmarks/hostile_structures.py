"""Damaged PDB and mmCIF files through `pepseq score`: no traceback, no hang.

    python workflows/benchmarks/hostile_structures.py 10000 -o folder
    python workflows/benchmarks/hostile_structures.py 2000 -o folder --complexes

Files are mutations (bytes, lines, numbers; seeded) of a structure that tmtools carries and of one
that is built, each scored against what it was made from; with --complexes, of complexes of them
whose chains are damaged too. The run ends with 1 if a file made a
process of pepseq fail, by an exception, a signal or the time limit; the table of what was left out
says why.
"""

import argparse
import random
import re
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from complexes import mutate_complex, real_complex, write
from structures import SEQUENCE, cif, coil, full_pdb, mutate, tmtools_file

import pepseq
from pepseq.errors import InputError
from pepseq.structure.scoring.config import ScoreConfig

_NUMBERS = re.compile(r"'.*?'|\d+|/\S+")
_FAILED = ("its process ended", "within")


def originals(folder: Path) -> list[Path]:
    """Write what is to be damaged: a built structure and one chain of a real one, both formats."""
    real = "".join(
        line
        for line in tmtools_file("2gtl.pdb").read_text().splitlines(keepends=True)
        if line.startswith("ATOM") and line[21] == "A"
    )
    built = full_pdb(coil(45), SEQUENCE[:45])
    paths = []
    for name, text in (("real", real), ("built", built)):
        for form, content in (("pdb", text), ("cif", cif(text))):
            paths.append(folder / f"{name}.{form}")
            paths[-1].write_text(content)
    return paths


def complexes(folder: Path) -> list[Path]:
    """Write the complexes to be damaged: two of a real structure, and a built one."""
    paths = [write(folder / f"{names}.pdb", real_complex(names)) for names in ("AD", "ABEF")]
    built = "".join(full_pdb(coil(45) + 9 * k, SEQUENCE[:45], name) for k, name in enumerate("ABC"))
    paths.append(folder / "built.pdb")
    paths[-1].write_text(built)
    return paths


def main() -> None:
    """Make the files, score them, count what became of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=int)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--complexes", action="store_true")
    arguments = parser.parse_args()
    folder = arguments.output
    folder.mkdir(parents=True)
    whole = complexes(folder) if arguments.complexes else originals(folder)
    damage = mutate_complex if arguments.complexes else mutate
    correspondences = ["index", "align"]
    if arguments.complexes:
        correspondences.insert(1, "sequence")
    share = arguments.files // len(correspondences)
    contents = [path.read_bytes() for path in whole]
    failed = 0
    for place, correspondence in enumerate(correspondences):
        rows = ["id\tmodel\treference\n"]
        last = arguments.files if place == len(correspondences) - 1 else (place + 1) * share
        for number in range(place * share, last):
            draw = random.Random(f"{arguments.seed} {number}")
            which = number % len(whole)
            name = f"{number}{whole[which].suffix}"
            (folder / name).write_bytes(damage(contents[which], draw))
            files = draw.sample([name, whole[which].name], 2)
            rows.append(f"{number}\t{files[0]}\t{files[1]}\n")
        table = folder / f"{correspondence}.tsv"
        table.write_text("".join(rows))
        config = ScoreConfig(
            correspondence=correspondence,
            complex=arguments.complexes,
            lddt="ca" if arguments.complexes else "heavy",
            time_limit=60,
            threads=arguments.threads,
        )
        failed += run(table, config)
    sys.exit(1 if failed else 0)


def run(table: Path, config: ScoreConfig) -> int:
    """Score the pairs of a table; return how many made a process fail."""
    output = table.with_suffix(".scores.tsv")
    superposed = table.with_suffix(".superposed")
    started = time.monotonic()
    try:
        done = pepseq.score(
            table, None, output, superposed=superposed, config=config, keep_going=True
        )
    except InputError as error:
        print(error)
        return 1
    reasons = Counter(_NUMBERS.sub("…", bad.reason) for bad in done.bad)
    print(
        f"{config.correspondence}: {done.pairs} scored, {len(done.bad)} refused in one line, "
        f"{time.monotonic() - started:.0f} s"
    )
    for reason, count in reasons.most_common(30):
        print(f"  {count:6d} {reason}")
    return sum(any(words in bad.reason for words in _FAILED) for bad in done.bad)


if __name__ == "__main__":
    main()
