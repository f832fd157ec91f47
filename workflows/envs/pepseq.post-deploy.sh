#!/usr/bin/env bash
# Installs pepseq from the checkout in which snakemake was called.
set -euo pipefail
python -m pip install '.[models]'
