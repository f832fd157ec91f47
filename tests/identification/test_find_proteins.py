"""find_proteins gives for reads in memory what lookup writes for files of reads."""

import io

import pandas as pd
import pytest
from places import DATA

from pepseq import LookupConfig, find_proteins, lookup
from pepseq.errors import InputError, SettingsError
from pepseq.identification.fit_table import LOOKUP_COLUMNS
from pepseq.sequences.fasta import read_fasta

READS = list(read_fasta(DATA / "readouts_KCYM.fasta", reads=True))[:5]
REFERENCE = DATA / "ecoli_W3110_validation.fasta.gz"


def test_the_table_is_that_of_lookup(fasta, tmp_path):
    path = fasta("reads.fa", [(read.id, read.sequence) for read in READS])
    lookup(path, tmp_path / "fits.tsv", REFERENCE, "KCYM")
    written = pd.read_csv(tmp_path / "fits.tsv", sep="\t")
    table = find_proteins([(r.id, r.sequence) for r in READS], "KCYM", REFERENCE).to_dataframe()
    assert tuple(table.columns) == LOOKUP_COLUMNS
    assert {str(table[column].dtype) for column in ("begin", "equal_fits", "count")} == {"Int64"}
    buffer = io.StringIO()
    table.to_csv(buffer, sep="\t", index=False)
    buffer.seek(0)
    pd.testing.assert_frame_equal(written, pd.read_csv(buffer, sep="\t"), rtol=5e-3, atol=5e-3)


def test_a_read_that_fits_nothing_has_no_fits_and_an_empty_row():
    (read,) = found = find_proteins(["K" + "X" * 50_000], "KCYM", REFERENCE)
    assert len(found) == 1 and read.fits == () and read.q_value == 1
    assert found.to_dataframe()["protein"].isna().all()
    assert repr(found) == repr(found[:1]) == "Identification(reads=1, with fits=0)"


@pytest.mark.parametrize(
    ("reads", "config", "error"),
    [
        (["XXWXX"], LookupConfig(), InputError),
        ([], LookupConfig(), InputError),
        (["XXKXX"], LookupConfig(dye_sequences=True), SettingsError),
    ],
)
def test_what_cannot_be_looked_up_is_refused(reads, config, error):
    with pytest.raises(error):
        find_proteins(reads, "KCYM", REFERENCE, config=config)
