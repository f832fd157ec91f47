"""The table of predict: a row for each residue, as text and as a DataFrame."""

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from pepseq.io.dataframes import plain_texts
from pepseq.network.inputs import residue_slices
from pepseq.prediction.reconstruction import SHOWN_WEIGHT, CopiedTemplates, Reconstruction

if TYPE_CHECKING:
    import pandas as pd

TABLE_COLUMNS = (
    "id",
    "position",
    "residue",
    "source",
    "confidence",
    "second",
    "second_confidence",
    "third",
    "third_confidence",
    "templates",
    "template_weight",
    "agreement",
    "flag",
)
TABLE_HEADER = ("\t".join(TABLE_COLUMNS) + "\n").encode()
_NUMBERS = (
    *("position", "confidence", "second_confidence", "third_confidence"),
    *("template_weight", "agreement"),
)
CONTRADICTED = 0.99
"""An observed residue is doubted if so much weight is on templates and they carry another one."""
_OBSERVED = "\tobserved\t1.000000\t\t\t\t"


def table_rows(reconstruction: Reconstruction) -> Iterator[str]:
    """Yield the rows of a protein, one for each residue, as texts of many rows at a time."""
    for part in residue_slices(len(reconstruction)):
        rows = _rows_without_id(reconstruction, part)
        yield "".join(f"{reconstruction.id}\t{row}\n" for row in rows)


@plain_texts()
def to_dataframe(reconstructions: Iterable[Reconstruction]) -> "pd.DataFrame":
    """Return the table of several proteins, with TABLE_COLUMNS; numbers as the file has them."""
    import pandas as pd

    cells = [
        (protein.id, *row.split("\t"))
        for protein in reconstructions
        for part in residue_slices(len(protein))
        for row in _rows_without_id(protein, part)
    ]
    frame = pd.DataFrame(cells, columns=list(TABLE_COLUMNS))
    for column in _NUMBERS:
        frame[column] = pd.to_numeric(frame[column].mask(frame[column] == ""))
    return frame


def _rows_without_id(reconstruction: Reconstruction, part: slice) -> Iterator[str]:
    """Yield the cells of some residues from position on, with tabs between them."""
    hidden = reconstruction.hidden
    first, last = np.searchsorted(hidden, [part.start, part.stop])
    predicted = _predicted_cells(reconstruction, slice(first, last))
    cells = dict(zip(hidden[first:last].tolist(), predicted, strict=True))
    templates = _template_cells(reconstruction.templates, part, cells.keys())
    for i, residue, of_templates in zip(
        range(part.start, part.stop), reconstruction.sequence[part], templates, strict=True
    ):
        yield f"{i + 1}\t{cells.get(i) or f'{residue}{_OBSERVED}'}\t{of_templates}"


def _predicted_cells(reconstruction: Reconstruction, part: slice) -> list[str]:
    """Return the cells residue to third_confidence of some of the hidden residues."""
    probabilities = reconstruction.probabilities[part]
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :3]
    best = np.take_along_axis(probabilities, order, axis=1)
    predicted = []
    for columns, values in zip(order.tolist(), best.tolist(), strict=True):
        cells = [
            f"{reconstruction.candidates[c]}\t{v:.6f}"
            for c, v in zip(columns, values, strict=True)
            if v > 0
        ]
        cells[0] = cells[0].replace("\t", "\tpredicted\t")
        predicted.append("\t".join(cells + ["\t"] * (3 - len(cells))))
    return predicted


def _template_cells(
    templates: CopiedTemplates | None, part: slice, hidden: Collection[int]
) -> list[str]:
    """Return the cells templates, template_weight, agreement and flag of some residues."""
    if templates is None:
        return ["\t\t\t"] * (part.stop - part.start)
    if not templates.ids:
        return ["\t0.000000\t\t"] * (part.stop - part.start)
    weights = templates.weights[part]
    order = np.argsort(-weights, axis=1, kind="stable")[:, :3]
    shown = np.take_along_axis(weights, order, axis=1) >= SHOWN_WEIGHT
    cells = []
    for i, columns, show, weight, agreement in zip(
        range(part.start, part.stop),
        order.tolist(),
        shown.tolist(),
        templates.weight[part].tolist(),
        templates.agreement[part].tolist(),
        strict=True,
    ):
        ids = ";".join(templates.ids[c] for c, s in zip(columns, show, strict=True) if s)
        doubted = i not in hidden and weight > CONTRADICTED and agreement < 1 - CONTRADICTED
        cells.append(f"{ids}\t{weight:.6f}\t{agreement:.6f}\t{'misread?' if doubted else ''}")
    return cells
