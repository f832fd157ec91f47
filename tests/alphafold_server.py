"""A simulated AlphaFold DB on the test server, and the table of what is fetched from it."""

import csv
import json

from structures import SEQUENCE, cif, coil, pdb

from pepseq.structure.alphafold_db.download import FETCH_COLUMNS

SEQ = SEQUENCE[:45]
LINES = "A0A024R161", "P12345", "Q67890"


class AlphaFoldDb:
    """Models on the test server; `also` holds further fields of their entries."""

    def __init__(self, server):
        self.server = server

    def offer(self, accession, sequence=SEQ, version=6, fragments=1, listed=None, **also):
        entries = []
        for number in range(1, fragments + 1):
            name = f"AF-{accession}-F{number}"
            part = len(sequence) // fragments
            residues = sequence[(number - 1) * part : number * part]
            text = pdb(coil(part), residues) + "END\n"
            entry = {"entryId": name, "uniprotAccession": accession, "latestVersion": version}
            entry |= {"sequenceStart": (number - 1) * part + 1, "sequenceEnd": number * part}
            for form, content in (("cif", cif(text)), ("pdb", text)):
                path = f"/files/{name}-model_v{version}.{form}"
                self.server.files[path] = content.encode()
                entry[f"{form}Url"] = self.server.url + path
            entries.append({k: v for k, v in (entry | also).items() if v is not None})
        self.list(listed or accession, entries)
        return entries

    def list(self, accession, entries):
        path = f"/api/prediction/{accession}"
        content = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
        self.server.files[path] = content
        self.server.types[path] = "application/json"

    @property
    def asked(self):
        return [path for path, _ in self.server.asked]


def rows(folder):
    """The rows of a folder's table."""
    text = (folder / "structures.tsv").read_text()
    assert tuple(text.splitlines()[0].split("\t")) == FETCH_COLUMNS
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))
