"""Where test data lie."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data"
SHARED = Path(os.environ.get("PEPSEQ_SHARED", ROOT.parent / "shared" / "data"))
"""Real proteomes that a developer may have beside the checkout; tests pass without them."""

ESM_VOCABULARY = [
    *("<cls>", "<pad>", "<eos>", "<unk>"),
    *"LAGVSERTIDPKQNFYMHWCXBUZO.-",
    *("<null_1>", "<mask>"),
]
"""ESM-2's tokens in order (Lin et al. 2023)."""
