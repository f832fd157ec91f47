"""Copy the figures of gallery.md from the folder in which the commands beside them were run.

python docs/make_gallery.py FOLDER
"""

import sys
from pathlib import Path

from PIL import Image

FIGURES = {
    "accuracy_by_identity": "evaluation/accuracy_by_identity.png",
    "accuracy_by_length": "evaluation/accuracy_by_length.png",
    "reliability": "evaluation/reliability.png",
    "confusion": "evaluation/confusion.png",
    "lengths": "comparison/lengths.png",
    "cross": "comparison/cross.png",
    "pair_losses": "pairs.png",
    "pairing": "pairing/pairing.png",
    "error_by_reads": "quantities/error_by_reads.png",
    "loss": "toy/loss.png",
}
"""Figure of the gallery and output of a command."""

SCALE = 0.5
"""Pixels of the gallery for each pixel of the figure."""


def main(folder: Path, output: Path) -> None:
    """Write each figure smaller and with 128 colours."""
    output.mkdir(exist_ok=True)
    for name, source in FIGURES.items():
        with Image.open(folder / source) as image:
            size = (round(image.width * SCALE), round(image.height * SCALE))
            small = image.convert("RGB").resize(size)
            small.quantize(128).save(output / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).with_name("gallery"))
