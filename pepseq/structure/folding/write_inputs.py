"""Proteins and complexes in, the input files of another program out."""

import logging
import time
from dataclasses import asdict
from pathlib import Path

from pepseq.io.atomic_files import disk_errors
from pepseq.io.failures import FailedRecord, no_usable_record, refuse_failed, write_failed
from pepseq.io.files import check_path
from pepseq.io.output_folder import check_output_folder, recorded_files
from pepseq.io.outputs import Outputs
from pepseq.io.run_record import run_record
from pepseq.settings import check_config, require
from pepseq.structure.file_names import file_stems
from pepseq.structure.folding.config import FoldConfig
from pepseq.structure.folding.folding_inputs import FoldingInput, read_folding_inputs
from pepseq.structure.folding.program_inputs import WRITERS

log = logging.getLogger(__name__)


def write_program_inputs(
    proteins: str | Path,
    program: str,
    output: str | Path,
    *,
    config: FoldConfig = FoldConfig(),  # noqa: B008 - frozen
    force: bool = False,
    keep_going: bool = False,
) -> int:
    """Write the input files of `program` for proteins and complexes; return for how many.

    `proteins` is as in `fold`, `program` one of PROGRAMS, `output` a folder. The names of the files
    are made of the ids. Raises SettingsError, InputError and OutputError.
    """
    started = time.time()
    check_config(config, FoldConfig)
    require(config.max_residues is None, "max_residues: not used for input files of programs")
    check_path(output, "output")
    written = recorded_files(output, output)
    kind = f"the files that {output}.run.json lists"
    folder = check_output_folder(output, [proteins], force, written, kind).absolute()
    bad: list[FailedRecord] = []
    records = read_folding_inputs(proteins, config.pair_mode, bad)
    if not records:
        raise no_usable_record(bad)
    stems = file_stems([record.id for record in records])
    with Outputs(force) as outputs:
        partial = outputs.folder(output, f"inputs of {program}", force)
        for record in records:
            files = WRITERS[program](record, stems[record.id], folder)
            for name, content in files.items():
                with disk_errors(partial / name):
                    (partial / name).write_bytes(content)
        write_failed(outputs, output, bad, len(records))
        settings = asdict(config) | {"write_inputs": program}
        outputs.record(output, run_record("fold", settings, [proteins], started))
    _log_missing_alignments(records, program)
    refuse_failed(bad, len(records), output, keep_going)
    return len(records)


def _log_missing_alignments(records: list[FoldingInput], program: str) -> None:
    without = sum(record.alignment is None for record in records)
    if without:
        log.warning(
            "%d of %d inputs have no alignment: %s searches its databases or needs a server, to "
            "which it sends the sequences",
            without,
            len(records),
            program,
        )
