"""Samples whose amounts are estimated: their names, and the files of their reads."""

import csv

from snakemake.exceptions import WorkflowError

SAMPLE = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
OF_MERGE = ("max_q", "min_samples", "value")
"""Keys that are options of merge-amounts; the others are those of quantify."""


def reads_of(name):
    """Return the file of reads of each sample, by its name, in the order of the configuration."""
    given = config["amounts"][name]["samples"]
    return given if isinstance(given, dict) else read_sheet(f"amounts.{name}.samples", given)


def read_sheet(key, path):
    """Return the file of reads of each sample of a TSV; WorkflowError for a faulty one."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
    except (OSError, UnicodeDecodeError) as error:
        raise WorkflowError(f"configuration: {key}: {path}: cannot be read: {error}") from None
    reads = {}
    for number, row in enumerate(rows, 2):
        sample, file = ((row.get(column) or "").strip() for column in ("sample", "reads"))
        if not re.fullmatch(SAMPLE, sample) or not file or sample in reads:
            raise WorkflowError(
                f"configuration: {key}: {path}: row {number}: expected a TSV with the columns "
                "sample (letters, digits, _ . and -, each name once) and reads, found "
                f"{sample!r} and {file!r}"
            )
        reads[sample] = str(Path(path).parent / file)
    if not reads:
        raise WorkflowError(f"configuration: {key}: {path}: expected samples, found none")
    return reads


def sheet_of(name):
    """Return the TSV of samples with their conditions and replicates, none without one."""
    given = config["amounts"][name]["samples"]
    return [] if isinstance(given, dict) else given


def amount_contradiction():
    """Return what the schema cannot see in the section amounts."""
    for name, given in (config.get("amounts") or {}).items():
        if ("labels" in given) == ("readout" in given):
            return f"amounts.{name}: expected one of labels and readout"
        if given.get("dye_sequences") and not given.get("cycles"):
            return f"amounts.{name}: dye_sequences need cycles, so that all samples have the same"
        reads_of(name)
    sections = ("species", "structures", "pairing", "complexes", "amounts")
    if not any(config.get(section) for section in sections):
        return f"expected one of the sections {', '.join(sections)}, found none"
