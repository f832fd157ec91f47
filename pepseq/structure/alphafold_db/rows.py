"""Rows of the table of fetched models: `structures.tsv` in a folder of `fetch-structures`."""

from pepseq.io.run_record import sha256
from pepseq.structure.alphafold_db.accessions import RequestedProtein, is_uniparc
from pepseq.structure.alphafold_db.entries import LICENCE, FetchedModel
from pepseq.structure.result_folder import DONE, Row, format_cell

FETCH_COLUMNS = (
    "id",
    "accession",
    "state",
    "file",
    "entry",
    "version",
    "fragment",
    "models",
    "start",
    "end",
    "residues",
    "mean_plddt",
    "agreement",
    "different",
    "missing",
    "url",
    "licence",
    "sequence_sha256",
    "file_sha256",
    "reason",
)
NO_MODEL = "no model"


def protein_rows(protein: RequestedProtein, models: list[tuple[FetchedModel, str]]) -> list[Row]:
    """Return the rows of a protein whose models' files have these names."""
    row = {
        "id": protein.id,
        "accession": protein.accession,
        "sequence_sha256": protein.sequence_sha256,
    }
    if not models:
        reason = f"AlphaFold DB has no model of {protein.accession}"
        if is_uniparc(protein.accession):
            reason = "UniParc entries have no model in AlphaFold DB"
        return [row | {"state": NO_MODEL, "models": "0", "reason": reason}]
    row |= {"state": DONE, "models": str(len(models))}
    return [
        row
        | {"file": file, "file_sha256": sha256(model.path)}
        | _model_cells(protein, model, len(models))
        for model, file in models
    ]


def _model_cells(protein: RequestedProtein, model: FetchedModel, models: int) -> Row:
    """Return the cells of one of the models of a protein, a fragment if there are more."""
    from pepseq.structure.chain_choice import compare_to_sequence
    from pepseq.structure.structure_files import mean_plddt

    entry, longest = model.entry, max(model.structure.chains, key=len)
    different = missing = agreement = None
    if protein.sequence:
        part = protein.sequence
        if models > 1 and entry.start is not None and entry.end is not None:
            part = part[entry.start - 1 : entry.end] or part
        different, missing = compare_to_sequence(longest, part)
        agreement = "different" if different or missing else "same"
    return {
        "entry": entry.name,
        "version": entry.version,
        "fragment": str(entry.fragment),
        "start": format_cell(entry.start),
        "end": format_cell(entry.end),
        "residues": str(len(longest)),
        "mean_plddt": format_cell(mean_plddt(model.structure, longest)),
        "agreement": format_cell(agreement),
        "different": format_cell(different),
        "missing": format_cell(missing),
        "url": entry.url,
        "licence": LICENCE,
    }
