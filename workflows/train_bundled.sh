#!/usr/bin/env bash
# Trains the network in pepseq/models/bundled.
#
#   workflows/train_bundled.sh CORPUS PROTEOMES OUTPUT
#
# CORPUS is a FASTA file of proteins (Enterobacterales at 90 % and Swiss-Prot at 50 % identity);
# PROTEOMES is a folder of train_*.faa.gz. Two strains are held out: 100 proteins of each choose the
# best checkpoint. pepseq.json in OUTPUT records the SHA-256 of every file.
set -euo pipefail
corpus=$1 proteomes=$2 output=$3
for strain in ecoli_EC590 albertii_KF1; do
    zcat "$proteomes/train_$strain.faa.gz" | awk '/^>/{n++} n<=100'
done > "$output.validation.fasta"
train=(--train "$corpus")
for strain in ecoli_K12 ecoli_Sakai ecoli_IAI39 ecoli_UMN026 ecoli_W fergusonii_ATCC35469; do
    train+=(--train "$proteomes/train_$strain.faa.gz")
done
pepseq finetune "${train[@]}" --validation "$output.validation.fasta" --readout K1 --readout K2 \
    --from-scratch small --window 254 --max-steps 2400 --evaluate-every 200 --batch-residues 2048 \
    --learning-rate 1e-3 --warmup 0.03 --save-precision fp16 --resume -o "$output"
