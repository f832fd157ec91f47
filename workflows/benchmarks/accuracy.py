"""Accuracy of a model beside the baselines: mask, predict and evaluate, printed as a table.

    python workflows/benchmarks/accuracy.py test.faa.gz --background train.faa.gz

Macro is the mean over proteins, micro (in brackets) over hidden residues; percent.
"""

import argparse
import json
import tempfile
from pathlib import Path

import pepseq


def main() -> None:
    """Print a row for each file and readout."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("proteins", nargs="+")
    parser.add_argument("--background", required=True)
    parser.add_argument("--readout", nargs="+", default=["KCYM", "K2"])
    parser.add_argument("--model")
    parser.add_argument("--mode", default="auto")
    parser.add_argument("--precision", default="auto")
    arguments = parser.parse_args()
    print("| test | readout | always the commonest | neighbours | pepseq | ECE |")
    print("|---|---|---|---|---|---|", flush=True)
    config = pepseq.PredictConfig(mode=arguments.mode, precision=arguments.precision)
    for path in arguments.proteins:
        for readout in arguments.readout:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                pepseq.mask(path, folder / "readouts", readout)
                pepseq.predict(
                    folder / "readouts",
                    folder / "completed",
                    model=arguments.model,
                    table=folder / "table.tsv",
                    config=config,
                )
                summary = pepseq.evaluate(
                    path,
                    folder / "completed",
                    folder / "accuracy",
                    readout,
                    table=folder / "table.tsv",
                    background=arguments.background,
                )
            cells = [
                f"{row['macro']:.1f} ({row['micro']:.1f})"
                for row in (*summary["baselines"], summary["hidden_residue_accuracy"])
            ]
            error = summary["calibration"]["expected_calibration_error"]
            print(f"| {Path(path).name} | {readout} | {' | '.join(cells)} | {error:.4f} |")
            print(json.dumps(summary["by_length"]), flush=True)


if __name__ == "__main__":
    main()
